/* The manifest lines of a landing whose label has a form of its own: classes, boxes, shapes, spans, a mask, frames.
   grain: job_name, object_id, line_hash
   reads: silver.said
   owner: lake
   checks: none
   notes: lines that hold nothing but workers' answers, as most of a segmentation do, end here. */
SELECT *
FROM silver.said
WHERE form IS NOT NULL
