/* Answers of a landing that do not have the form that their task asks for, and why; a step of annotation.sql.
   grain: answer_id
   reads: silver.whole_answer, silver.element, silver.picture, silver.choice
   owner: lake
   checks: none; a misformed answer breaks the rule `readable` of silver.annotation
   notes: asked for is a class by classifications and verifications, a list of boxes, of shapes or of entities by the
     task types that draw or mark; an empty list is an answer. Custom tasks ask for anything. Segmentations of audio
     and video are judged in answer.sql. */
WITH asked AS (
    SELECT
        r.answer_id,
        CASE
            WHEN r.task_type LIKE '%\_classification' ESCAPE '\' OR r.task_type LIKE 'verification%' THEN 'class'
            WHEN r.task_type LIKE '%bounding\_box' ESCAPE '\' THEN 'boundingBoxes'
            WHEN r.task_type LIKE '%named\_entity\_recognition' ESCAPE '\' THEN 'entities'
            WHEN r.task_type LIKE '%video\_object\_%' ESCAPE '\' THEN 'drawing'
        END AS what
    FROM silver.whole_answer AS r
),

given AS (
    SELECT answer_id, 'class' AS what
    FROM silver.choice
    WHERE layer = 'class'

    UNION

    SELECT answer_id, 'entities' AS what
    FROM silver.element
    WHERE json_type("value", '$.entities') = 'ARRAY'

    UNION

    SELECT
        p.answer_id,
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
ANTI JOIN given USING (answer_id, what)
WHERE what IS NOT NULL
