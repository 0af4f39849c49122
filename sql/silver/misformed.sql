/* Answers of a landing that do not have the form that their task asks for, and why; a step of annotation.sql.
   grain: job_name, object_id, worker_id, revision, answer_hash
   reads: bronze.worker_response, landing.job, silver.element, silver.picture, silver.choice
   owner: lake
   checks: none; a misformed answer breaks the rule `readable` of silver.annotation
   notes: asked for is a class by classifications and verifications, a list of boxes, of shapes or of entities by the
     task types that draw or mark; an empty list is an answer. Custom tasks ask for anything. Segmentations of audio
     and video are judged in answer.sql. */
WITH asked AS (
    SELECT
        r.job_name,
        r.object_id,
        r.worker_id,
        r.revision,
        r.answer_hash,
        CASE
            WHEN j.task_type LIKE '%\_classification' ESCAPE '\' OR j.task_type LIKE 'verification%' THEN 'class'
            WHEN j.task_type LIKE '%bounding\_box' ESCAPE '\' THEN 'boundingBoxes'
            WHEN j.task_type LIKE '%named\_entity\_recognition' ESCAPE '\' THEN 'entities'
            WHEN j.task_type LIKE '%video\_object\_%' ESCAPE '\' THEN 'drawing'
        END AS what
    FROM bronze.worker_response AS r
    CROSS JOIN landing.job AS j
),

given AS (
    SELECT job_name, object_id, worker_id, revision, answer_hash, 'class' AS what
    FROM silver.choice
    WHERE layer = 'class'

    UNION

    SELECT job_name, object_id, worker_id, revision, answer_hash, 'entities' AS what
    FROM silver.element
    WHERE json_type("value", '$.entities') = 'ARRAY'

    UNION

    SELECT
        p.job_name,
        p.object_id,
        p.worker_id,
        p.revision,
        p.answer_hash,
        CASE WHEN list.name = 'boundingBoxes' THEN kind.what ELSE 'drawing' END AS what
    FROM silver.picture AS p
    CROSS JOIN (VALUES ('boundingBoxes'), ('polygons'), ('polylines'), ('lines'), ('keypoints')) AS list (name)
    CROSS JOIN (VALUES ('boundingBoxes'), ('drawing')) AS kind (what)
    WHERE json_type(p.content, '$.' || list.name) = 'ARRAY'
)

SELECT
    * EXCLUDE (what),
    CASE what
        WHEN 'class' THEN 'the answer names no class'
        WHEN 'drawing' THEN 'the answer has no list of boxes, polygons, polylines or keypoints'
        ELSE format('the answer has no list "{}"', what)
    END AS problem
FROM asked
ANTI JOIN given USING (job_name, object_id, worker_id, revision, answer_hash, what)
WHERE what IS NOT NULL
