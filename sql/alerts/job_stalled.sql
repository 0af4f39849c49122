/* A job stalled: it has open objects and nothing happened for a day.
   grain: job_name
   reads: watch.job
   owner: managers
   severity: warn
   threshold: 24 (hours without an answer)
   minimum: 1 (open objects)
   page: jobs
   says: {job_name} stalled: {n} of {n_objects} objects are open and nothing happened for {value:.0f} hours.
   notes: watch.job is what the labeling backend says at the time, since a job that is not finished is in no release.
     Where the backend does not answer the rule is left out: nothing is raised and nothing is cleared. */
SELECT
    job_name,
    date_diff('second', modified_at, CAST($now AS TIMESTAMPTZ)) / 3600 AS value,
    CAST(NULL AS DOUBLE) AS lo,
    CAST(NULL AS DOUBLE) AS hi,
    n_unlabeled AS n,
    n_objects,
    n_unlabeled >= $minimum AS is_met
FROM watch.job
WHERE status = 'InProgress' AND date_diff('second', modified_at, CAST($now AS TIMESTAMPTZ)) / 3600 > $threshold
