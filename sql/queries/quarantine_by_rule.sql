/* What the quality gate kept out: rows by rule, with an example.
   grain: job_name, table_name, rule      reads: silver.quarantine      owner: analysts
   checks: none
   notes: n_workers tells a broken template (many) from a careless annotator (one). */
SELECT
    job_name,
    table_name,
    rule,
    count(*) AS n_rows,
    count(DISTINCT worker_id) AS n_workers,
    min(reason) AS for_example
FROM silver.quarantine
GROUP BY job_name, table_name, rule
ORDER BY n_rows DESC, job_name, table_name, rule
