/* What did the quality gate keep out, by rule?
   grain: job_name, table_name, rule
   reads: silver.quarantine
   owner: analysts
   columns: job_name; table_name: where the rows were meant to go; rule: docs/tables.md has them in words; n_rows:
     rows kept out; n_workers: annotators whose rows they are; n_items: objects; for_example: the reason of one of
     them
   notes: many annotators point at the template or the rule, one at the person. Release rows after a fix: annolake
     quarantine release. */
SELECT
    job_name,
    table_name,
    rule,
    count(*) AS n_rows,
    count(DISTINCT worker_id) AS n_workers,
    count(DISTINCT object_id) AS n_items,
    min(reason) AS for_example
FROM silver.quarantine
GROUP BY job_name, table_name, rule
ORDER BY n_rows DESC, job_name, table_name, rule
