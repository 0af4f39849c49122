/* One labeled stretch of one worker's answer.
   grain: job_name, object_id, worker_id, revision, layer, segment_no
   reads: silver.interval, silver.unordered, silver.answer, silver.annotation, landing.label
   owner: lake
   checks: fail answer_accepted, fail starts_in_media, fail starts_before_end, fail ends_in_media, fail known_label,
     fail no_overlap_in_track, warn no_overlap_in_layer
   notes: an end up to 50 ms after the media is the player's rounding and becomes the media's end. A track is a layer
     and a label: one track never overlaps itself; two tracks may (two people who speak at once). A segment overlaps
     where it starts before the latest end of those that start before it (ties: end, then position); segments that
     break another rule are left out of that. Only answers whose segments are not in order of time are looked at. */
WITH placed AS (
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
        i.* EXCLUDE (end_s),
        CASE WHEN i.end_s > a.duration_s AND i.end_s <= a.duration_s + 0.05 THEN a.duration_s ELSE i.end_s END AS end_s,
        i.start_s >= 0 AND i.start_s < i.end_s AND (a.duration_s IS NULL OR i.end_s <= a.duration_s + 0.05) AS is_sound
    FROM silver.interval AS i
    INNER JOIN silver.answer AS a ON i.answer_id = a.answer_id
    WHERE a.problem IS NULL
),

reached AS (
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
    FROM placed
    WHERE answer_id IN (SELECT answer_id FROM silver.unordered)
),

offered AS (
    SELECT layer, string_agg(label, ', ' ORDER BY label) AS labels
    FROM landing.label
    GROUP BY layer
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
    (p.layer, p.label) IN (SELECT (layer, label) FROM landing.label) AS _is_known,
    o.labels AS _offered,
    (SELECT count(*) FROM landing.label) AS _n_known,
    r.track_until_s AS _track_until_s,
    r.layer_until_s AS _layer_until_s
FROM placed AS p
LEFT JOIN silver.annotation AS n ON p.answer_id = n._answer_id
LEFT JOIN reached AS r ON p.answer_id = r.answer_id AND p.layer = r.layer AND p.segment_no = r.segment_no
LEFT JOIN offered AS o ON p.layer = o.layer
