/* One labeled stretch of one worker's answer.
   grain: job_name, object_id, worker_id, revision, layer, segment_no
   reads: silver.stretch, silver.annotation, landing.label
   owner: lake
   checks: fail answer_accepted, fail starts_in_media, fail starts_before_end, fail ends_in_media, fail known_label,
     fail no_overlap_in_track, warn no_overlap_in_layer
   notes: an end up to 50 ms after the media is the player's rounding and becomes the media's end. A track is a layer
     and a label: one track never overlaps itself; two tracks may (two people who speak at once). A segment overlaps
     where it starts before the latest end of those that start before it (ties: end, then position); segments that
     break another rule are left out of that. Only answers whose segments are not in order of time are looked at. */
WITH placed AS (
    SELECT
        * EXCLUDE (end_s),
        CASE WHEN end_s > duration_s AND end_s <= duration_s + 0.05 THEN duration_s ELSE end_s END AS end_s,
        start_s >= 0 AND start_s < end_s AND (duration_s IS NULL OR end_s <= duration_s + 0.05) AS is_sound
    FROM silver.stretch
),

reached AS (
    SELECT
        object_id,
        worker_id,
        revision,
        answer_hash,
        layer,
        segment_no,
        CASE WHEN is_sound THEN max(end_s) FILTER (WHERE is_sound) OVER (
            PARTITION BY object_id, worker_id, revision, answer_hash, layer, label
            ORDER BY start_s, end_s, segment_no ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) END AS track_until_s,
        CASE WHEN is_sound THEN max(end_s) FILTER (WHERE is_sound) OVER (
            PARTITION BY object_id, worker_id, revision, answer_hash, layer
            ORDER BY start_s, end_s, segment_no ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) END AS layer_until_s
    FROM placed
    WHERE NOT is_orderly
)

SELECT
    p.job_name,
    p.object_id,
    p.asset_id,
    p.worker_id,
    p.revision,
    p.layer,
    p.segment_no,
    p.label,
    p.start_s,
    p.end_s,
    p."text",
    p.attributes,
    p.landing_id,
    p.landed_at,
    p.source_uri AS _source_uri,
    n.object_id IS NOT NULL AS _is_accepted,
    p.duration_s AS _duration_s,
    (SELECT list(known.label ORDER BY known.label) FROM landing.label AS known WHERE known.layer = p.layer) AS _known,
    (SELECT count(*) FROM landing.label) AS _n_known,
    r.track_until_s AS _track_until_s,
    r.layer_until_s AS _layer_until_s
FROM placed AS p
LEFT JOIN silver.annotation AS n
    ON p.object_id = n.object_id AND p.worker_id = n.worker_id AND p.revision = n.revision
        AND p.answer_hash = n._answer_hash
LEFT JOIN reached AS r
    ON p.object_id = r.object_id AND p.worker_id = r.worker_id AND p.revision = r.revision
        AND p.answer_hash = r.answer_hash AND p.layer = r.layer AND p.segment_no = r.segment_no
