/* Every label that an answer of a landing gives to the whole object; a step of classification.sql.
   grain: job_name, object_id, worker_id, revision, answer_hash, layer, label
   reads: silver.answer, landing.label
   owner: lake
   checks: none
   notes: a field {"value": true, "other": false} of radios or checkboxes gives its checked values, in the layer of
     the field's name. {"label": "x"} or {"labels": ["x"]} of a crowd-* element is layer "class", of any other
     element the layer of its name. Text is a choice only where the job lists labels for a field of that name. */
WITH field AS (
    SELECT a.*, entry.key AS field, entry.value AS "value", json_type(entry.value) AS kind
    FROM silver.answer AS a, json_each(a.content) AS entry
    WHERE entry.key <> 'annotations'
),

chosen AS (
    SELECT
        field.*,
        field AS layer,
        checked.key AS label
    FROM field, json_each(CASE WHEN kind = 'OBJECT' THEN "value" END) AS checked
    WHERE json_type(checked.value) = 'BOOLEAN' AND checked.value = 'true'

    UNION ALL

    SELECT
        field.*,
        CASE WHEN field LIKE 'crowd-%' THEN 'class' ELSE field END AS layer,
        json_extract_string("value", '$.label') AS label
    FROM field
    WHERE kind = 'OBJECT' AND json_type("value", '$.label') = 'VARCHAR'

    UNION ALL

    SELECT
        field.*,
        CASE WHEN field LIKE 'crowd-%' THEN 'class' ELSE field END AS layer,
        json_extract_string(several.value, '$') AS label
    FROM field, json_each(CASE WHEN kind = 'OBJECT' THEN json_extract("value", '$.labels') END) AS several
    WHERE json_type(several.value) = 'VARCHAR'

    UNION ALL

    SELECT field.*, field AS layer, json_extract_string("value", '$') AS label
    FROM field
    WHERE kind = 'VARCHAR' AND field IN (SELECT layer FROM landing.label)
)

SELECT DISTINCT
    job_name,
    object_id,
    asset_id,
    worker_id,
    revision,
    answer_hash,
    layer,
    label,
    source_uri,
    landing_id,
    landed_at
FROM chosen
WHERE label <> ''
