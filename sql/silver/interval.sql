/* Every segment of the answers of a landing, from files and from manifest lines; a step of segment.sql.
   grain: answer_id, layer, segment_no
   reads: silver.stretch, landing.segment, landing.job, landing.label
   owner: lake
   checks: none
   notes: a segment in a manifest line without a layer is of the job's only layer, or of one named like the label
     attribute. */
SELECT * FROM silver.stretch

UNION ALL

SELECT
    s.answer_id,
    coalesce(s.layer, only_layer.layer, j.label_attribute) AS layer,
    s.segment_no,
    s.label,
    s.start_s,
    s.end_s,
    s."text",
    s.attributes
FROM landing.segment AS s
CROSS JOIN landing.job AS j
LEFT JOIN (SELECT min(layer) AS layer FROM landing.label HAVING count(DISTINCT layer) = 1) AS only_layer ON true
