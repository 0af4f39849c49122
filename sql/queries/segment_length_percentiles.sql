/* How long are segments, by label?
   grain: layer, label
   reads: gold.segment_length
   owner: analysts
   columns: layer; label; n_segments; p10: seconds that a tenth of the segments do not exceed; p50: half of them;
     p90: nine tenths
   notes: read from a histogram that adds up, at most 1 % off. Many segments of one frame are slips of the hand or a
     tool's bug. */
WITH counted AS (
    SELECT
        layer,
        label,
        middle,
        sum(sum(n_segments)) OVER (PARTITION BY layer, label ORDER BY bin) AS n_up_to,
        sum(sum(n_segments)) OVER (PARTITION BY layer, label) AS n
    FROM gold.segment_length
    GROUP BY layer, label, bin, middle
)

SELECT
    layer,
    label,
    max(n) AS n_segments,
    min(middle) FILTER (WHERE n_up_to >= 0.10 * n) AS p10,
    min(middle) FILTER (WHERE n_up_to >= 0.50 * n) AS p50,
    min(middle) FILTER (WHERE n_up_to >= 0.90 * n) AS p90
FROM counted
GROUP BY layer, label
ORDER BY layer, label
