/* One labeled stretch of one worker's answer.
   grain: job_name, object_id, worker_id, revision, layer, segment_no
   reads: silver.interval, silver.reached, silver.rejected, landing.label
   owner: lake
   checks: fail answer_accepted, fail starts_in_media, fail starts_before_end, fail ends_in_media, fail known_label,
     fail no_overlap_in_track, warn no_overlap_in_layer
   notes: a track is a layer and a label: one track never overlaps itself; two tracks may (two people who speak at once).
     A segment overlaps where it starts before the latest end of those that start before it; segments that break another
     rule are left out of that. Only answers whose segments are not in order of time are looked at. */
WITH offered AS (
    SELECT layer, string_agg(label, ', ' ORDER BY label) AS labels
    FROM landing.label
    GROUP BY layer
)

SELECT
    i.job_name,
    i.object_id,
    i.asset_id,
    i.worker_id,
    i.revision,
    i.layer,
    i.segment_no,
    i.label,
    i.start_s,
    i.end_s,
    i."text",
    i.attributes,
    i.landing_id,
    i.landed_at,
    i.source_uri AS _source_uri,
    i.answer_id AS _answer_id,
    x.answer_id IS NULL AS _is_accepted,
    i.duration_s AS _duration_s,
    (i.layer, i.label) IN (SELECT (layer, label) FROM landing.label) AS _is_known,
    o.labels AS _offered,
    (SELECT count(*) FROM landing.label) AS _n_known,
    r.track_until_s AS _track_until_s,
    r.layer_until_s AS _layer_until_s
FROM silver.interval AS i
LEFT JOIN silver.rejected AS x ON i.answer_id = x.answer_id
LEFT JOIN silver.reached AS r ON i.answer_id = r.answer_id AND i.layer = r.layer AND i.segment_no = r.segment_no
LEFT JOIN offered AS o ON i.layer = o.layer
