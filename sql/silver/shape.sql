/* One polygon, polyline, line or keypoint that one worker drew on an image or a frame of a video.
   grain: job_name, object_id, worker_id, revision, layer, frame_no, shape_no
   reads: silver.picture, silver.annotation, landing.label
   owner: lake
   checks: fail answer_accepted, fail known_label, fail enough_vertices, fail in_picture, fail frame_known
   notes: vertices are pixels of the picture, in the order drawn; a polygon closes itself. Shapes are numbered within
     their frame, all kinds together. */
WITH drawn AS (
    SELECT
        p.*,
        form.kind,
        entry.value AS shape,
        CAST(row_number() OVER (
            PARTITION BY p.answer_id, p.layer, p.frame_no
            ORDER BY p.field, p.position, form.kind, CAST(entry.key AS INTEGER)
        ) - 1 AS INTEGER) AS shape_no
    FROM silver.picture AS p
    CROSS JOIN (VALUES ('polygon', '$.polygons'), ('polyline', '$.polylines'), ('line', '$.lines'),
        ('keypoint', '$.keypoints')) AS form (kind, path),
        json_each(CASE WHEN json_type(p.content, form.path) = 'ARRAY' THEN json_extract(p.content, form.path) END)
            AS entry
)

SELECT
    d.job_name,
    d.object_id,
    d.asset_id,
    d.worker_id,
    d.revision,
    d.layer,
    d.frame_no,
    d.frame,
    d.time_s,
    d.shape_no,
    d.kind,
    coalesce(json_extract_string(d.shape, '$.objectId'), json_extract_string(d.shape, '$.object-id')) AS track_id,
    coalesce(json_extract_string(d.shape, '$.objectName'), json_extract_string(d.shape, '$.object-name')) AS track_name,
    json_extract_string(d.shape, '$.label') AS label,
    list_transform(
        CASE WHEN d.kind = 'keypoint' THEN [d.shape] ELSE try_cast(json_extract(d.shape, '$.vertices') AS JSON[]) END,
        lambda v: {
            'x': try_cast(json_extract_string(v, '$.x') AS DOUBLE),
            'y': try_cast(json_extract_string(v, '$.y') AS DOUBLE)
        }
    ) AS vertices_px,
    d.picture_width_px,
    d.picture_height_px,
    CASE WHEN json_type(d.shape) = 'OBJECT' THEN nullif(CAST(json_merge_patch(d.shape, json_object(
        'label', NULL, 'vertices', NULL, 'objectId', NULL, 'objectName', NULL, 'object-id', NULL, 'object-name', NULL
    ), CASE WHEN d.kind = 'keypoint' THEN json_object('x', NULL, 'y', NULL) ELSE json_object() END) AS VARCHAR), '{}')
    END AS attributes,
    d.landing_id,
    d.landed_at,
    d.source_uri AS _source_uri,
    n.object_id IS NOT NULL AS _is_accepted,
    d.duration_s * d.fps AS _n_frames,
    (SELECT list(known.label ORDER BY known.label) FROM landing.label AS known WHERE known.layer = d.layer) AS _known
FROM drawn AS d
LEFT JOIN silver.annotation AS n ON d.answer_id = n._answer_id
