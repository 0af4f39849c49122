/* Answers of a landing in which a segment may overlap another one; a step of segment.sql.
   grain: answer_id
   reads: silver.stretch, landing.segment
   owner: lake
   checks: none
   notes: where no segment starts before the end of the one before, no two can overlap. Most answers in manifest lines
     are such; those in files are few enough to look at all. */
SELECT DISTINCT answer_id
FROM silver.stretch

UNION

SELECT answer_id
FROM landing.segment
WHERE NOT coalesce(start_s <= end_s, false)

UNION

SELECT later.answer_id
FROM landing.segment AS later
INNER JOIN landing.segment AS earlier
    ON later.answer_id = earlier.answer_id AND later.segment_no = earlier.segment_no + 1
WHERE NOT coalesce(later.start_s >= earlier.end_s, false)
