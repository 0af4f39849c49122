/* A check failed: the newest landing of a job breaks a check of severity fail, so it is not released.
   grain: job_name, table_name, check_name
   reads: watch.check_result
   owner: data engineers
   severity: fail
   threshold: 0 (rows that break it)
   minimum: 1 (rows checked)
   page: data_quality
   says: {job_name} is not released: {table_name} {check_name} does not hold for {value:.0f} of {n} rows ({detail}).
   notes: watch.check_result is meta.check_result as it is now, since a release does not show a landing that it left
     out. The newest result of a check counts. */
SELECT
    job_name,
    table_name,
    check_name,
    CAST(n_failed AS DOUBLE) AS value,
    CAST(NULL AS DOUBLE) AS lo,
    CAST(NULL AS DOUBLE) AS hi,
    n_rows AS n,
    coalesce(detail, 'no detail') AS detail,
    n_rows >= $minimum AS is_met
FROM (
    SELECT *
    FROM watch.check_result
    WHERE job_name IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY job_name, table_name, check_name ORDER BY landed_at DESC) = 1
) AS newest
WHERE severity = 'fail' AND NOT is_ok AND n_failed > $threshold
