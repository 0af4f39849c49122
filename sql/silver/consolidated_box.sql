/* One box that the answers on one image or frame were put together to.
   grain: job_name, object_id, line_hash, frame_no, box_no
   reads: silver.formed, silver.consolidated_frame
   owner: lake
   checks: fail known_class, fail has_area, fail in_picture, warn label_among_answers
   notes: images have their boxes in the manifest line, sequences in SeqLabel.json. The class is named by the class-map
     of the metadata; a custom job's post-annotation function may name it in the box itself (label). The confidence of
     a box stands at its position among the objects of the metadata; sequences have none. Cuboids of point clouds
     (center-x, ...) are no boxes of a picture; they stay in the label file and in silver.consolidated. */
WITH drawn AS (
    SELECT
        s.job_name,
        s.object_id,
        s.asset_id,
        s.line_hash,
        0 AS frame_no,
        NULL AS frame,
        NULL AS time_s,
        CAST(entry.key AS INTEGER) AS box_no,
        entry.value AS box,
        s.about,
        coalesce(
            json_extract_string(s.said, '$.image_size[0].width'),
            json_extract_string(s.said, '$.inputImageProperties.width')
        ) AS picture_width,
        coalesce(
            json_extract_string(s.said, '$.image_size[0].height'),
            json_extract_string(s.said, '$.inputImageProperties.height')
        ) AS picture_height,
        json_extract_string(s.about, '/objects/' || entry.key || '/confidence') AS confidence,
        s.landing_id,
        s.landed_at,
        s.source_uri
    FROM silver.formed AS s,
        json_each(coalesce(
            CASE WHEN json_type(s.said, '$.annotations') = 'ARRAY' THEN json_extract(s.said, '$.annotations') END,
            CASE WHEN json_type(s.said, '$.boundingBoxes') = 'ARRAY' THEN json_extract(s.said, '$.boundingBoxes') END
        )) AS entry
    WHERE s.form = 'picture'

    UNION ALL

    SELECT
        f.job_name,
        f.object_id,
        f.asset_id,
        f.line_hash,
        f.frame_no,
        f.frame,
        f.time_s,
        CAST(entry.key AS INTEGER) AS box_no,
        entry.value AS box,
        f._about AS about,
        CAST(f._width_px AS VARCHAR) AS picture_width,
        CAST(f._height_px AS VARCHAR) AS picture_height,
        NULL AS confidence,
        f.landing_id,
        f.landed_at,
        f._source_uri AS source_uri
    FROM silver.consolidated_frame AS f,
        json_each(CASE WHEN json_type(f._content, '$.annotations') = 'ARRAY'
            THEN json_extract(f._content, '$.annotations') END) AS entry
),

classed AS (
    SELECT
        *,
        coalesce(json_extract_string(box, '$.class_id'), json_extract_string(box, '$.class-id')) AS class_text,
        try_cast(json_extract_string(box, '$.left') AS DOUBLE) AS left_px,
        try_cast(json_extract_string(box, '$.top') AS DOUBLE) AS top_px,
        try_cast(json_extract_string(box, '$.width') AS DOUBLE) AS width_px,
        try_cast(json_extract_string(box, '$.height') AS DOUBLE) AS height_px
    FROM drawn
    WHERE json_type(box, '$.center-x') IS NULL
)

SELECT
    job_name,
    object_id,
    asset_id,
    line_hash,
    frame_no,
    frame,
    time_s,
    box_no,
    json_extract_string(box, '$.object-id') AS track_id,
    json_extract_string(box, '$.object-name') AS track_name,
    coalesce(
        json_extract_string(about, '/class-map/' || replace(replace(class_text, '~', '~0'), '/', '~1')),
        json_extract_string(box, '$.label')
    ) AS label,
    try_cast(class_text AS INTEGER) AS class_no,
    left_px,
    top_px,
    width_px,
    height_px,
    try_cast(picture_width AS INTEGER) AS picture_width_px,
    try_cast(picture_height AS INTEGER) AS picture_height_px,
    try_cast(confidence AS DOUBLE) AS confidence,
    CASE WHEN json_type(box) = 'OBJECT' THEN nullif(CAST(json_merge_patch(box, json_object(
        'class_id', NULL, 'class-id', NULL, 'label', NULL, 'left', NULL, 'top', NULL, 'width', NULL, 'height', NULL,
        'object-id', NULL, 'object-name', NULL
    )) AS VARCHAR), '{}') END AS attributes,
    landing_id,
    landed_at,
    source_uri AS _source_uri,
    class_text AS _class
FROM classed
