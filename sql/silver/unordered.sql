/* Answers of a landing in which a segment may overlap another one; a step of segment.sql.
   grain: answer_id
   reads: silver.stretch, landing.segment
   owner: lake
   checks: none
   notes: where no segment starts before the end of the one before, no two can overlap. Most answers in manifest lines
     are such; those in files are few enough to look at all. Segments of an answer stand one after the other in
     landing.segment: where they do not, the answer is looked at. */
SELECT DISTINCT answer_id
FROM silver.stretch

UNION

SELECT answer_id
FROM (
    SELECT
        answer_id,
        segment_no,
        start_s,
        end_s,
        lag(answer_id) OVER () AS answer_before,
        lag(segment_no) OVER () AS number_before,
        lag(end_s) OVER () AS end_before
    FROM landing.segment
) AS s
WHERE NOT coalesce(start_s <= end_s, false) OR NOT coalesce(
    segment_no = 0 OR (answer_before = answer_id AND number_before = segment_no - 1 AND start_s >= end_before), false
)
