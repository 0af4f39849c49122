/* How far the segments before a segment reach, in the answers where two may overlap; a step of segment.sql.
   grain: answer_id, layer, segment_no
   reads: silver.interval, silver.unordered
   owner: lake
   checks: none
   notes: before are those that start before it (ties: end, then position). Only sound segments count, and only they are
     compared: one that breaks a rule about its times is out anyway. */
SELECT
    answer_id,
    layer,
    segment_no,
    CASE WHEN is_sound THEN max(end_s) FILTER (WHERE is_sound) OVER (
        PARTITION BY answer_id, layer, label
        ORDER BY start_s, end_s, segment_no ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) END AS track_until_s,
    CASE WHEN is_sound THEN max(end_s) FILTER (WHERE is_sound) OVER (
        PARTITION BY answer_id, layer
        ORDER BY start_s, end_s, segment_no ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) END AS layer_until_s
FROM silver.interval AS i
SEMI JOIN silver.unordered AS u ON i.answer_id = u.answer_id
