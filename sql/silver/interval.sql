/* Every segment of the answers of a landing that can be read, from files and from manifest lines; a step of segment.sql.
   grain: answer_id, layer, segment_no
   reads: silver.stretch, silver.answer, landing.segment, landing.job, landing.label
   owner: lake
   checks: none
   notes: a segment in a manifest line without a layer is of the job's only layer, or of one named like the label
     attribute. An end up to 50 ms after the media is the player's rounding and becomes the media's end. A sound segment
     breaks none of the rules about its times. */
WITH said AS (
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
)

SELECT
    a.job_name,
    a.object_id,
    a.asset_id,
    a.worker_id,
    a.revision,
    a.duration_s,
    a.source_uri,
    a.landing_id,
    a.landed_at,
    s.* EXCLUDE (end_s),
    CASE WHEN s.end_s > a.duration_s AND s.end_s <= a.duration_s + 0.05 THEN a.duration_s ELSE s.end_s END AS end_s,
    s.start_s >= 0 AND s.start_s < s.end_s AND (a.duration_s IS NULL OR s.end_s <= a.duration_s + 0.05) AS is_sound
FROM said AS s
INNER JOIN silver.answer AS a ON s.answer_id = a.answer_id
WHERE a.problem IS NULL
