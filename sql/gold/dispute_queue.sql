/* What to send to an expert first: disagreements by the amount that is labeled wrong now, by expectation.
   grain: job_name, layer, object_id, t_start_s, kind
   reads: measure.dispute, silver.job, silver.asset
   owner: measures
   checks: fail unique(grain), fail expected_gain >= 0, fail severity between 0 and 1
   notes: expected_gain = sum of length * (1 - probability of the most probable label), in seconds, or objects for labels
     of whole objects, boxes for boxes (one row an object); the probability follows from the one-coin skills of those who
     answered, for boxes from a skill of .7. At most 1000 of one layer of one job. Ties by object and time. Gold items are not in it: their truth is known. */
SELECT
    d.job_name,
    d.object_id,
    d.layer,
    d.asset_id,
    asset.name AS asset_name,
    coalesce(job.task_type, 'unknown') AS task_type,
    row_number() OVER (
        PARTITION BY d.job_name, d.layer ORDER BY d.expected_gain DESC, d.object_id, d.t_start_s, d.kind
    ) AS place,
    d.t_start_s,
    d.t_end_s,
    d.kind,
    d.labels,
    d.workers,
    d.n_annotators,
    d.severity,
    d.expected_gain
FROM measure.dispute AS d
LEFT JOIN silver.job AS job ON d.job_name = job.job_name
LEFT JOIN silver.asset AS asset ON d.asset_id = asset.asset_id
