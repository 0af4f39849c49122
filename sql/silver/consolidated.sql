/* What one version of the output manifest says of one object.
   grain: job_name, object_id, line_hash
   reads: silver.said
   owner: lake
   checks: fail confidence between 0 and 1, warn adjustment_known
   notes: a failed object has metadata without the label (failure-reason); an unlabeled one has neither. Classes are
     named by the metadata; the index is in `value`. Boxes, spans, shapes, classes and masks have tables of their own.
     Dates are read in the forms of real files; without a zone they are UTC. */
WITH dated AS (
    SELECT *, coalesce(
        try_cast(coalesce(
            json_extract_string(about, '$.creation-date'), json_extract_string(about, '$.creation_date')
        ) AS TIMESTAMPTZ),
        try_strptime(
            regexp_replace(json_extract_string(about, '$.creation-date'), ' \(.*\)$', ''), '%a %b %d %Y %H:%M:%S GMT%z'
        )
    ) AS created
    FROM silver.said
)

SELECT
    job_name,
    object_id,
    asset_id,
    line_hash,
    observed_at,
    CASE
        WHEN json_extract_string(about, '$.failure-reason') IS NOT NULL THEN 'failed'
        WHEN said IS NOT NULL AND about IS NOT NULL THEN 'labeled'
        ELSE 'unlabeled'
    END AS outcome,
    json_extract_string(about, '$.class-name') AS label,
    try_cast(json_extract_string(about, '$.confidence') AS DOUBLE) AS confidence,
    json_extract_string(about, '$.failure-reason') AS failure_reason,
    CAST(said AS VARCHAR) AS "value",
    CAST(about AS VARCHAR) AS metadata,
    json_extract_string(about, '$.type') AS label_type,
    CASE WHEN year(created) BETWEEN 1 AND 9999 THEN created END AS labeled_at,
    CASE json_extract_string(about, '$.human-annotated')
        WHEN 'yes' THEN true
        WHEN 'true' THEN true
        WHEN 'no' THEN false
        WHEN 'false' THEN false
    END AS is_human,
    json_extract_string(about, '$.adjustment-status') AS adjustment_status,
    CASE WHEN json_type(about, '$.worker-feedback') = 'ARRAY'
        THEN CAST(to_json(json_extract(about, '$.worker-feedback[*].comment')) AS VARCHAR) END AS feedback,
    coalesce(
        CASE WHEN said_text LIKE '%/%' THEN said_text END,
        json_extract_string(about, '$.worker-response-ref'),
        CASE WHEN json_type(said) = 'OBJECT' THEN json_extract_string(said, '$.annotation-ref') END
    ) AS ref_uri,
    landing_id,
    landed_at,
    source_uri AS _source_uri
FROM dated
