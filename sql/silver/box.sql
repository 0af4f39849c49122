/* One box that one worker drew on an image or a frame of a video.
   grain: job_name, object_id, worker_id, revision, layer, frame_no, box_no
   reads: silver.picture, silver.annotation, landing.label
   owner: lake
   checks: fail answer_accepted, fail known_label, fail has_area, fail in_picture, fail frame_known
   notes: pixels of the picture, which is as large as the worker's element says (inputImageProperties), else as the
     registered media; unchecked where neither is known. A box may stand out of the picture by a pixel (rounding). */
WITH drawn AS (
    SELECT
        p.*,
        entry.value AS box,
        CAST(row_number() OVER (
            PARTITION BY p.answer_id, p.layer, p.frame_no
            ORDER BY p.field, p.position, CAST(entry.key AS INTEGER)
        ) - 1 AS INTEGER) AS box_no
    FROM silver.picture AS p,
        json_each(CASE WHEN json_type(p.content, '$.boundingBoxes') = 'ARRAY'
            THEN json_extract(p.content, '$.boundingBoxes') END) AS entry
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
    d.box_no,
    coalesce(json_extract_string(d.box, '$.objectId'), json_extract_string(d.box, '$.object-id')) AS track_id,
    coalesce(json_extract_string(d.box, '$.objectName'), json_extract_string(d.box, '$.object-name')) AS track_name,
    json_extract_string(d.box, '$.label') AS label,
    try_cast(json_extract_string(d.box, '$.left') AS DOUBLE) AS left_px,
    try_cast(json_extract_string(d.box, '$.top') AS DOUBLE) AS top_px,
    try_cast(json_extract_string(d.box, '$.width') AS DOUBLE) AS width_px,
    try_cast(json_extract_string(d.box, '$.height') AS DOUBLE) AS height_px,
    d.picture_width_px,
    d.picture_height_px,
    CASE WHEN json_type(d.box) = 'OBJECT' THEN nullif(CAST(json_merge_patch(d.box, json_object(
        'label', NULL, 'left', NULL, 'top', NULL, 'width', NULL, 'height', NULL,
        'objectId', NULL, 'objectName', NULL, 'object-id', NULL, 'object-name', NULL
    )) AS VARCHAR), '{}') END AS attributes,
    d.landing_id,
    d.landed_at,
    d.source_uri AS _source_uri,
    n.object_id IS NOT NULL AS _is_accepted,
    d.duration_s * d.fps AS _n_frames,
    (SELECT list(known.label ORDER BY known.label) FROM landing.label AS known WHERE known.layer = d.layer) AS _known,
    (SELECT count(*) FROM landing.label) AS _n_known
FROM drawn AS d
LEFT JOIN silver.annotation AS n ON d.answer_id = n._answer_id
