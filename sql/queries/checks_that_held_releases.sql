/* Which checks held a release back, and do they hold now?
   grain: job_name, table_name, check_name
   reads: meta.check_result
   owner: analysts
   columns: job_name; table_name; check_name; n_times: landings in which it did not hold; most_failed: most rows that
     broke it at once; last_failed_at: the last time; holds_now: whether the newest result is good; detail: what was
     expected and found
   notes: only checks of severity fail hold a release; those of severity warn are in meta.check_result beside them. */
SELECT
    job_name,
    table_name,
    check_name,
    count(*) FILTER (WHERE NOT is_ok) AS n_times,
    max(n_failed) AS most_failed,
    max(landed_at) FILTER (WHERE NOT is_ok) AS last_failed_at,
    arg_max(is_ok, landed_at) AS holds_now,
    arg_max(detail, (n_failed, landed_at)) AS detail
FROM meta.check_result
WHERE severity = 'fail'
GROUP BY job_name, table_name, check_name
HAVING n_times > 0
ORDER BY holds_now, last_failed_at DESC, job_name, table_name, check_name
