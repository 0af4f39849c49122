/* One labeled stretch of a text, such as a named entity, that one worker marked.
   grain: job_name, object_id, worker_id, revision, layer, span_no
   reads: silver.element, silver.annotation, landing.object, landing.label
   owner: lake
   checks: fail answer_accepted, fail known_label, fail in_text
   notes: positions are Unicode code points, the end is exclusive. The text is known where it stands in the manifest
     line itself (source); of a text behind source-ref only the positions are. */
WITH marked AS (
    SELECT
        e.*,
        o.source_text,
        entry.value AS span,
        try_cast(json_extract_string(entry.value, '$.startOffset') AS INTEGER) AS start_char,
        try_cast(json_extract_string(entry.value, '$.endOffset') AS INTEGER) AS end_char,
        CAST(row_number() OVER (
            PARTITION BY e.answer_id, e.layer
            ORDER BY e.field, CAST(entry.key AS INTEGER)
        ) - 1 AS INTEGER) AS span_no
    FROM silver.element AS e
    LEFT JOIN landing.object AS o ON e.object_id = o.object_id,
        json_each(CASE WHEN json_type(e.value, '$.entities') = 'ARRAY' THEN json_extract(e.value, '$.entities') END)
            AS entry
    WHERE e.kind = 'OBJECT'
)

SELECT
    m.job_name,
    m.object_id,
    m.asset_id,
    m.worker_id,
    m.revision,
    m.layer,
    m.span_no,
    json_extract_string(m.span, '$.label') AS label,
    m.start_char,
    m.end_char,
    CASE WHEN m.start_char >= 0 AND m.start_char < m.end_char
        THEN substring(m.source_text, m.start_char + 1, m.end_char - m.start_char) END AS "text",
    CASE WHEN json_type(m.span) = 'OBJECT' THEN nullif(CAST(json_merge_patch(
        m.span, json_object('label', NULL, 'startOffset', NULL, 'endOffset', NULL)
    ) AS VARCHAR), '{}') END AS attributes,
    m.landing_id,
    m.landed_at,
    m.source_uri AS _source_uri,
    n.object_id IS NOT NULL AS _is_accepted,
    length(m.source_text) AS _n_chars,
    (SELECT list(known.label ORDER BY known.label) FROM landing.label AS known WHERE known.layer = m.layer) AS _known
FROM marked AS m
LEFT JOIN silver.annotation AS n ON m.answer_id = n._answer_id
