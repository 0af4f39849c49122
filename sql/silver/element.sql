/* Every named element of the answers of a landing, with what was given in it; a step of the models of answers.
   grain: answer_id, field
   reads: silver.whole_answer, landing.object, landing.label
   owner: lake
   checks: none
   notes: an answer is {name of the element: its value}. A value that is JSON inside text, as hidden inputs give it, is
     unpacked. The layer is the name where the job lists labels for a layer of that name; else `class` for crowd-*
     elements, the usual names of the one question, and jobs that list labels of `class` only; else the name.
     The annotations of a segmentation have their own model (stretch.sql). */
WITH given AS (
    SELECT
        r.job_name,
        r.object_id,
        r.worker_id,
        r.revision,
        r.answer_id,
        entry.key AS field,
        CASE
            WHEN json_type(entry.value) = 'VARCHAR' AND json_extract_string(entry.value, '$') LIKE '{%'
                THEN coalesce(try_cast(json_extract_string(entry.value, '$') AS JSON), entry.value)
            ELSE entry.value
        END AS "value",
        json_exists(r.content, '$.annotations') AS is_segmented,
        r.source_uri,
        r.landing_id,
        r.landed_at
    FROM silver.whole_answer AS r, json_each(r.content) AS entry
    WHERE entry.key <> 'annotations'
),

listed AS (
    SELECT layer, list(label ORDER BY label) AS known FROM landing.label GROUP BY layer
)

SELECT
    g.*,
    json_type(g.value) AS kind,
    CASE
        WHEN g.field IN (SELECT layer FROM listed) THEN g.field
        WHEN g.field LIKE 'crowd-%' OR g.field IN (
            'label', 'class', 'category', 'annotatedResult', 'trackingAnnotations', 'detectionAnnotations'
        ) THEN 'class'
        WHEN j.is_class_only AND json_type(g.value) = 'OBJECT' THEN 'class'
        ELSE g.field
    END AS layer,
    o.asset_id,
    o.width_px,
    o.height_px,
    o.fps,
    o.duration_s
FROM given AS g
CROSS JOIN (SELECT coalesce(list(layer) = ['class'], false) AS is_class_only FROM listed) AS j
LEFT JOIN landing.object AS o ON g.object_id = o.object_id
