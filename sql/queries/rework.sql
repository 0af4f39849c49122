/* Which answers were given again, and what changed?
   grain: job_name, object_id, worker_id
   reads: silver.job, bronze.worker_response, silver.annotation
   owner: analysts
   columns: job_name; object_id: line of the input manifest, from 0; worker_id: pseudonym; submitted_at: when the
     answer that counts came; n_segments: segments in it; n_older: answers of the same annotator that it replaced;
     task_type
   notes: silver shows the newest answer only; bronze keeps all. Much rework on one object points at the guideline,
     by one annotator at the person. */
SELECT
    a.job_name,
    a.object_id,
    a.worker_id,
    a.submitted_at,
    a.n_segments,
    count(*) - 1 AS n_older,
    j.task_type
FROM bronze.worker_response AS r
INNER JOIN silver.annotation AS a
    ON r.job_name = a.job_name AND r.object_id = a.object_id AND r.worker_id = a.worker_id
LEFT JOIN silver.job AS j ON a.job_name = j.job_name
GROUP BY a.job_name, a.object_id, a.worker_id, a.submitted_at, a.n_segments, j.task_type
HAVING count(DISTINCT r.submitted_at) > 1
ORDER BY n_older DESC, a.job_name, a.object_id, a.worker_id
