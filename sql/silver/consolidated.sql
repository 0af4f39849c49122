/* What one version of the output manifest says of one object.
   grain: job_name, object_id, line_hash
   reads: silver.said
   owner: lake
   checks: fail confidence between 0 and 1, warn adjustment_known
   notes: a failed object has metadata without the label (failure-reason); an unlabeled one has neither. Classes are
     named by the metadata; the index is in `value`. Boxes, spans, shapes, classes and masks have tables of their own.
     Dates are read in the forms of real files; without a zone they are UTC. */
WITH told AS (
    SELECT
        *,
        json_extract_string(about, [
            '$.creation-date', '$.creation_date', '$.failure-reason', '$.class-name', '$.confidence', '$.type',
            '$.human-annotated', '$.adjustment-status', '$.worker-response-ref'
        ]) AS value_of
    FROM silver.said
),

dated AS (
    SELECT *, coalesce(
        try_cast(coalesce(value_of[1], value_of[2]) AS TIMESTAMPTZ),
        try_strptime(regexp_replace(value_of[1], ' \(.*\)$', ''), '%a %b %d %Y %H:%M:%S GMT%z')
    ) AS created
    FROM told
)

SELECT
    job_name,
    object_id,
    asset_id,
    line_hash,
    observed_at,
    CASE
        WHEN value_of[3] IS NOT NULL THEN 'failed'
        WHEN said IS NOT NULL AND about IS NOT NULL THEN 'labeled'
        ELSE 'unlabeled'
    END AS outcome,
    value_of[4] AS label,
    try_cast(value_of[5] AS DOUBLE) AS confidence,
    value_of[3] AS failure_reason,
    CAST(said AS VARCHAR) AS "value",
    CAST(about AS VARCHAR) AS metadata,
    value_of[6] AS label_type,
    CASE WHEN year(created) BETWEEN 1 AND 9999 THEN created END AS labeled_at,
    CASE value_of[7]
        WHEN 'yes' THEN true
        WHEN 'true' THEN true
        WHEN 'no' THEN false
        WHEN 'false' THEN false
    END AS is_human,
    value_of[8] AS adjustment_status,
    CASE WHEN json_type(about, '$.worker-feedback') = 'ARRAY'
        THEN CAST(to_json(json_extract(about, '$.worker-feedback[*].comment')) AS VARCHAR) END AS feedback,
    coalesce(
        CASE WHEN said_text LIKE '%/%' THEN said_text END,
        value_of[9],
        CASE WHEN json_type(said) = 'OBJECT' THEN json_extract_string(said, '$.annotation-ref') END
    ) AS ref_uri,
    landing_id,
    landed_at,
    source_uri AS _source_uri
FROM dated
