/* One class that the answers on one object were put together to.
   grain: job_name, object_id, line_hash, label
   reads: silver.formed
   owner: lake
   checks: fail known_class, fail confidence between 0 and 1, warn label_among_answers
   notes: a single class, or the verdict of a verification, is named by class-name of the metadata; several classes
     by its class-map, each with its own confidence (confidence-map). The index is a number or text in real files. */
WITH given AS (
    SELECT
        *,
        coalesce(said_text, CAST(said AS VARCHAR)) AS class_text,
        json_extract_string(about, '$.class-name') AS label,
        json_extract_string(about, '$.confidence') AS confidence
    FROM silver.formed
    WHERE form = 'class'

    UNION ALL

    SELECT
        s.*,
        json_extract_string(entry.value, '$') AS class_text,
        json_extract_string(
            s.about, '/class-map/' || replace(replace(json_extract_string(entry.value, '$'), '~', '~0'), '/', '~1')
        ) AS label,
        json_extract_string(
            s.about, '/confidence-map/' || replace(replace(json_extract_string(entry.value, '$'), '~', '~0'), '/', '~1')
        ) AS confidence
    FROM silver.formed AS s, json_each(s.said) AS entry
    WHERE s.form = 'classes'
)

SELECT DISTINCT ON (job_name, object_id, line_hash, label, CASE WHEN label IS NULL THEN class_text END)
    job_name,
    object_id,
    asset_id,
    line_hash,
    label,
    try_cast(class_text AS INTEGER) AS class_no,
    try_cast(confidence AS DOUBLE) AS confidence,
    landing_id,
    landed_at,
    source_uri AS _source_uri,
    class_text AS _class
FROM given
ORDER BY job_name, object_id, line_hash, label, CASE WHEN label IS NULL THEN class_text END, class_no
