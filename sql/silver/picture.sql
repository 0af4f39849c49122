/* Every image or frame that an answer of a landing draws on; a step of box.sql and shape.sql.
   grain: answer_id, field, position
   reads: silver.element
   owner: lake
   checks: none
   notes: an image is one element; a sequence is an object or a list of objects with frameNumber, under
     trackingAnnotations or detectionAnnotations. */
WITH one AS (
    SELECT *, 0 AS position, "value" AS content
    FROM silver.element
    WHERE kind = 'OBJECT'

    UNION ALL

    SELECT e.*, try_cast(part.key AS INTEGER) AS position, part.value AS content
    FROM silver.element AS e, json_each(e.value) AS part
    WHERE e.kind = 'ARRAY' AND e.field IN ('trackingAnnotations', 'detectionAnnotations')
),

sized AS (
    SELECT
        * EXCLUDE ("value", kind, width_px, height_px),
        CASE
            WHEN json_type(content, '$.frameNumber') IS NULL AND json_type(content, '$.frame-no') IS NULL THEN 0
            ELSE try_cast(coalesce(
                json_extract_string(content, '$.frameNumber'), json_extract_string(content, '$.frame-no')
            ) AS INTEGER)
        END AS frame_no,
        json_extract_string(content, '$.frame') AS frame,
        coalesce(try_cast(json_extract_string(content, '$.inputImageProperties.width') AS INTEGER), width_px)
            AS picture_width_px,
        coalesce(try_cast(json_extract_string(content, '$.inputImageProperties.height') AS INTEGER), height_px)
            AS picture_height_px
    FROM one
    WHERE json_type(content) = 'OBJECT'
)

SELECT *, CASE WHEN frame IS NOT NULL OR frame_no > 0 THEN frame_no / fps END AS time_s
FROM sized
