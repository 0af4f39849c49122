/* One labeled stretch of a text that the answers on it were put together to.
   grain: job_name, object_id, line_hash, span_no
   reads: silver.formed
   owner: lake
   checks: fail known_label, fail in_text, warn label_among_answers
   notes: positions as in silver.text_span. The labels of the job stand beside the entities; the confidence of a span
     stands at its position among the entities of the metadata. */
WITH marked AS (
    SELECT
        s.* EXCLUDE (said, file),
        CAST(entry.key AS INTEGER) AS span_no,
        entry.value AS span,
        try_cast(json_extract_string(entry.value, '$.startOffset') AS INTEGER) AS start_char,
        try_cast(json_extract_string(entry.value, '$.endOffset') AS INTEGER) AS end_char,
        json_extract_string(s.about, '/entities/' || entry.key || '/confidence') AS confidence,
        CASE WHEN json_array_length(s.said, '$.annotations.labels') > 0 THEN list_transform(
            CAST(json_extract(s.said, '$.annotations.labels') AS JSON[]),
            lambda offered: coalesce(json_extract_string(offered, '$.label'), json_extract_string(offered, '$'))
        ) END AS known
    FROM silver.formed AS s,
        json_each(coalesce(
            CASE WHEN json_type(s.said, '$.annotations.entities') = 'ARRAY'
                THEN json_extract(s.said, '$.annotations.entities') END,
            json_extract(s.said, '$.entities')
        )) AS entry
    WHERE s.form = 'spans'
)

SELECT
    job_name,
    object_id,
    asset_id,
    line_hash,
    span_no,
    json_extract_string(span, '$.label') AS label,
    start_char,
    end_char,
    CASE WHEN start_char >= 0 AND start_char < end_char
        THEN substring(source_text, start_char + 1, end_char - start_char) END AS "text",
    try_cast(confidence AS DOUBLE) AS confidence,
    CASE WHEN json_type(span) = 'OBJECT' THEN nullif(CAST(json_merge_patch(
        span, json_object('label', NULL, 'startOffset', NULL, 'endOffset', NULL)
    ) AS VARCHAR), '{}') END AS attributes,
    landing_id,
    landed_at,
    source_uri AS _source_uri,
    length(source_text) AS _n_chars,
    known AS _known
FROM marked
