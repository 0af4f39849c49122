/* Too many rows break a check: what the gate keeps out, or warns of, is more than a slip here and there.
   grain: job_name, table_name, check_name
   reads: watch.check_result
   owner: data engineers
   severity: warn
   threshold: 0.05 (share of the rows)
   minimum: 50 (rows checked)
   page: data_quality
   says: {value:.0%} of {n} rows of {table_name} in {job_name} break {check_name} ({lo:.0%} to {hi:.0%} at 99 %).
   notes: 99 % Wilson interval of the share in the newest landing. Checks of severity fail are check_failed's. */
WITH newest AS (
    SELECT job_name, table_name, check_name, severity, n_rows, n_failed / n_rows AS share
    FROM watch.check_result
    WHERE job_name IS NOT NULL AND n_rows > 0
    QUALIFY row_number() OVER (PARTITION BY job_name, table_name, check_name ORDER BY landed_at DESC) = 1
),

bounded AS (
    SELECT
        *,
        (share + 6.6349 / (2 * n_rows)) / (1 + 6.6349 / n_rows) AS middle,
        2.5758 * sqrt(greatest(share * (1 - share), 0) / n_rows + 6.6349 / (4 * n_rows ** 2)) / (1 + 6.6349 / n_rows)
            AS reach
    FROM newest
    WHERE severity = 'warn' AND share <= 1
)

SELECT
    job_name,
    table_name,
    check_name,
    share AS value,
    middle - reach AS lo,
    middle + reach AS hi,
    n_rows AS n,
    n_rows >= $minimum AND middle - reach > $threshold AS is_met
FROM bounded
WHERE share > $threshold
