/* What each manifest line of a landing says in the label attribute of its job; a step of the consolidated models.
   grain: job_name, object_id, line_hash
   reads: landing.line, bronze.label_file, landing.object
   owner: lake
   checks: none
   notes: landing.line has the label attribute's value and metadata, with or without its -ref. The value tells the form
     (real files vary in `type`, and custom jobs have one type for everything). A label that stands in a file
     (SeqLabel.json) goes with the newest version of that file, which counts in line_hash; of versions of one second,
     which is all that S3 tells, that which landed last. */
WITH formed AS (
    SELECT
        *,
        json_type(said) AS kind,
        CASE WHEN said <> '{}' THEN json_type(said, [
            '$.annotations', '$.boundingBoxes', '$.polygons', '$.polylines', '$.lines', '$.keypoints',
            '$.annotations.entities', '$.entities'
        ]) END AS within,
        CASE WHEN json_type(said) = 'VARCHAR' THEN json_extract_string(said, '$') END AS said_text,
        json_extract(about, ['$.internal-color-map', '$.color-map', '$.class-name']) AS named
    FROM landing.line
),

file AS (
    SELECT DISTINCT ON (job_name, object_id) *
    FROM bronze.label_file
    ORDER BY job_name, object_id, source_modified_at DESC, landed_at DESC, content_hash
)

SELECT
    p.job_name,
    p.object_id,
    o.asset_id,
    CASE WHEN f.content_hash IS NULL THEN p.line_hash ELSE md5(p.line_hash || f.content_hash) END AS line_hash,
    greatest(p.source_modified_at, f.source_modified_at) AS observed_at,
    p.source_uri,
    p.source_text,
    p.said,
    p.said_text,
    p.about,
    CASE
        WHEN f.content_hash IS NOT NULL THEN 'sequence'
        WHEN list_contains(p.within[1:6], 'ARRAY') THEN 'picture'
        WHEN list_contains(p.within[7:8], 'ARRAY') THEN 'spans'
        WHEN p.kind = 'ARRAY' THEN 'classes'
        WHEN p.named[1:2] <> [NULL, NULL] THEN 'mask'
        WHEN p.named[3] IS NOT NULL THEN 'class'
    END AS form,
    CAST(f.content AS JSON) AS file,
    o.width_px,
    o.height_px,
    o.fps,
    o.duration_s,
    p.landing_id,
    p.landed_at
FROM formed AS p
LEFT JOIN file AS f ON p.job_name = f.job_name AND p.object_id = f.object_id AND p.said_text LIKE '%.json'
LEFT JOIN landing.object AS o ON p.object_id = o.object_id
