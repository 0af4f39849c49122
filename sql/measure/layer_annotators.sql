/* How many people answered the objects of a layer whose texts, boxes or tracks can be compared; a step of gold models,
   not a table.
   grain: job_name, layer, family
   reads: measure.transcript_item, measure.box_item, measure.track_item, silver.annotation
   owner: measures
   checks: none
   notes: family is transcript, box or track. Only this needs the answers of every object, so it stands by itself: in a job
     without texts and boxes it is not run. */
WITH item AS (
    SELECT job_name, layer, object_id, 'transcript' AS family
    FROM measure.transcript_item
    WHERE n_annotators >= 2
    UNION ALL
    SELECT DISTINCT job_name, layer, object_id, 'box' AS family
    FROM measure.box_item
    WHERE n_annotators >= 2
    UNION ALL
    SELECT DISTINCT job_name, layer, object_id, 'track' AS family
    FROM measure.track_item
    WHERE n_annotators >= 2
)

SELECT i.job_name, i.layer, i.family, count(DISTINCT a.worker_id) AS n_annotators
FROM item AS i
INNER JOIN silver.annotation AS a ON i.job_name = a.job_name AND i.object_id = a.object_id
GROUP BY i.job_name, i.layer, i.family
