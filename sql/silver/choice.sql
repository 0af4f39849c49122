/* Every label that an answer of a landing gives to the whole object; a step of classification.sql.
   grain: answer_id, layer, label
   reads: silver.element, landing.label
   owner: lake
   checks: none
   notes: a field {"value": true, "other": false} of radios or checkboxes gives its checked values, in the layer of
     the field's name. {"label": x} or {"labels": [x, ...]} of an element gives x in the layer of the element. Without
     such an object a value is a choice where the job lists labels for a field of that name, or it is called label,
     class or category; not beside segments, where `label` holds the text of the last one. x is a label, or the index
     of one in the job's list; a list of truth values marks those that hold. An index that the list does not have stays
     as it is, and breaks the rule of known labels. */
WITH named AS (
    SELECT
        *,
        field IN ('label', 'class', 'category') AND NOT is_segmented OR field IN (SELECT layer FROM landing.label) AS is_plain
    FROM silver.element
),

given AS (
    SELECT *, json_extract("value", '$.label') AS answer FROM named WHERE kind = 'OBJECT'
    UNION ALL
    SELECT *, json_extract("value", '$.labels') AS answer FROM named WHERE kind = 'OBJECT'
    UNION ALL
    SELECT *, "value" AS answer FROM named WHERE kind <> 'OBJECT' AND is_plain
),

said AS (
    SELECT * EXCLUDE (answer), NULL AS place, answer FROM given WHERE json_type(answer) <> 'ARRAY'
    UNION ALL
    SELECT g.* EXCLUDE (answer), try_cast(part.key AS INTEGER) AS place, part.value AS answer
    FROM given AS g, json_each(g.answer) AS part
    WHERE json_type(g.answer) = 'ARRAY'
),

indexed AS (
    SELECT
        *,
        CASE
            WHEN json_type(answer) IN ('UBIGINT', 'BIGINT') THEN try_cast(json_extract_string(answer, '$') AS INTEGER)
            WHEN json_type(answer) = 'BOOLEAN' AND answer = 'true' THEN place
        END AS label_no
    FROM said
),

chosen AS (
    SELECT
        i.*,
        CASE WHEN json_type(i.answer) = 'VARCHAR' THEN json_extract_string(i.answer, '$')
            ELSE coalesce(l.label, CAST(i.label_no AS VARCHAR)) END AS label
    FROM indexed AS i
    LEFT JOIN landing.label AS l ON i.layer = l.layer AND i.label_no = l.label_no

    UNION ALL BY NAME

    SELECT n.* EXCLUDE (layer), n.field AS layer, checked.key AS label
    FROM named AS n, json_each(CASE WHEN n.kind = 'OBJECT' THEN n.value END) AS checked
    WHERE json_type(checked.value) = 'BOOLEAN' AND checked.value = 'true'
)

SELECT DISTINCT
    job_name,
    object_id,
    asset_id,
    worker_id,
    revision,
    answer_id,
    layer,
    label,
    source_uri,
    landing_id,
    landed_at
FROM chosen
WHERE label <> ''
