/* One polygon, polyline, line or keypoint that the answers on one image or frame were put together to.
   grain: job_name, object_id, line_hash, frame_no, shape_no
   reads: silver.formed, silver.consolidated_frame
   owner: lake
   checks: fail known_class, fail enough_vertices, fail in_picture, warn label_among_answers
   notes: Ground Truth has shapes in SeqLabel.json only, under the name of their kind; a custom job's post-annotation
     function may put the lists of a worker's answer into the manifest line. Classes as in silver.consolidated_box. */
WITH picture AS (
    SELECT
        job_name,
        object_id,
        asset_id,
        line_hash,
        0 AS frame_no,
        NULL AS frame,
        NULL AS time_s,
        said AS content,
        about,
        try_cast(json_extract_string(said, '$.inputImageProperties.width') AS INTEGER) AS picture_width_px,
        try_cast(json_extract_string(said, '$.inputImageProperties.height') AS INTEGER) AS picture_height_px,
        landing_id,
        landed_at,
        source_uri
    FROM silver.formed
    WHERE form = 'picture'

    UNION ALL

    SELECT
        job_name,
        object_id,
        asset_id,
        line_hash,
        frame_no,
        frame,
        time_s,
        _content AS content,
        _about AS about,
        _width_px AS picture_width_px,
        _height_px AS picture_height_px,
        landing_id,
        landed_at,
        _source_uri AS source_uri
    FROM silver.consolidated_frame
),

drawn AS (
    SELECT
        p.*,
        form.kind,
        entry.value AS shape,
        coalesce(json_extract_string(entry.value, '$.class-id'), json_extract_string(entry.value, '$.class_id'))
            AS class_text,
        CAST(row_number() OVER (
            PARTITION BY p.object_id, p.line_hash, p.frame_no ORDER BY form.kind, CAST(entry.key AS INTEGER)
        ) - 1 AS INTEGER) AS shape_no
    FROM picture AS p
    CROSS JOIN (VALUES ('polygon', '$.polygons'), ('polyline', '$.polylines'), ('line', '$.lines'),
        ('keypoint', '$.keypoints')) AS form (kind, path),
        json_each(CASE WHEN json_type(p.content, form.path) = 'ARRAY' THEN json_extract(p.content, form.path) END)
            AS entry
)

SELECT
    job_name,
    object_id,
    asset_id,
    line_hash,
    frame_no,
    frame,
    time_s,
    shape_no,
    kind,
    json_extract_string(shape, '$.object-id') AS track_id,
    json_extract_string(shape, '$.object-name') AS track_name,
    coalesce(
        json_extract_string(about, '/class-map/' || replace(replace(class_text, '~', '~0'), '/', '~1')),
        json_extract_string(shape, '$.label')
    ) AS label,
    try_cast(class_text AS INTEGER) AS class_no,
    list_transform(
        CASE WHEN kind = 'keypoint' THEN [shape] ELSE try_cast(json_extract(shape, '$.vertices') AS JSON[]) END,
        lambda v: {
            'x': try_cast(json_extract_string(v, '$.x') AS DOUBLE),
            'y': try_cast(json_extract_string(v, '$.y') AS DOUBLE)
        }
    ) AS vertices_px,
    picture_width_px,
    picture_height_px,
    CASE WHEN json_type(shape) = 'OBJECT' THEN nullif(CAST(json_merge_patch(shape, json_object(
        'class_id', NULL, 'class-id', NULL, 'label', NULL, 'vertices', NULL, 'object-id', NULL, 'object-name', NULL
    ), CASE WHEN kind = 'keypoint' THEN json_object('x', NULL, 'y', NULL) ELSE json_object() END) AS VARCHAR), '{}')
    END AS attributes,
    landing_id,
    landed_at,
    source_uri AS _source_uri,
    class_text AS _class
FROM drawn
