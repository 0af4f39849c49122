/* What one version of the output manifest says of one object.
   grain: job_name, object_id, line_hash
   reads: bronze.manifest_line, landing.job, landing.object
   owner: lake
   checks: fail confidence between 0 and 1, warn label_among_answers
   notes: a failed object has metadata without the label (failure-reason); an unlabeled one has neither. The label
     attribute is taken with or without its -ref. Classes are named by the metadata; the index is in `value`. */
WITH attribute AS (
    SELECT
        l.*,
        CAST(l.line AS JSON) AS content,
        '/' || replace(replace(j.label_attribute, '~', '~0'), '/', '~1') AS pointer
    FROM bronze.manifest_line AS l
    CROSS JOIN landing.job AS j
),

said AS (
    SELECT
        *,
        coalesce(json_extract(content, pointer), json_extract(content, pointer || '-ref')) AS said,
        coalesce(json_extract(content, pointer || '-metadata'), json_extract(content, pointer || '-ref-metadata'))
            AS about
    FROM attribute
)

SELECT DISTINCT ON (s.job_name, s.object_id, s.line_hash)
    s.job_name,
    s.object_id,
    o.asset_id,
    s.line_hash,
    s.source_modified_at AS observed_at,
    CASE
        WHEN json_extract_string(s.about, '$.failure-reason') IS NOT NULL THEN 'failed'
        WHEN s.said IS NOT NULL AND s.about IS NOT NULL THEN 'labeled'
        ELSE 'unlabeled'
    END AS outcome,
    json_extract_string(s.about, '$.class-name') AS label,
    try_cast(json_extract_string(s.about, '$.confidence') AS DOUBLE) AS confidence,
    json_extract_string(s.about, '$.failure-reason') AS failure_reason,
    CAST(s.said AS VARCHAR) AS "value",
    CAST(s.about AS VARCHAR) AS metadata,
    s.landing_id,
    s.landed_at,
    s.source_uri AS _source_uri
FROM said AS s
LEFT JOIN landing.object AS o ON s.object_id = o.object_id
ORDER BY s.job_name, s.object_id, s.line_hash, s.line_no
