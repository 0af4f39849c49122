/* Which disagreements should an expert settle first?
   grain: job_name, layer, object_id, t_start_s, kind
   reads: gold.dispute_queue
   owner: analysts
   columns: job_name; layer; object_id: line of the input manifest, from 0; asset_name: file name at its source;
     t_start_s: seconds, where it begins; t_end_s: where it ends, NULL for a label of the whole object; kind: label,
     boundary, missing or extra; labels: JSON list of what was said, the most probable first; expected_gain: seconds,
     or objects, that are labeled wrong now by expectation; gain_so_far: the same, of this and all before it in the
     layer, as a share of all
   notes: gain_so_far tells when to stop: often the first tenth of the queue holds half of the gain. */
SELECT
    job_name,
    layer,
    object_id,
    asset_name,
    t_start_s,
    t_end_s,
    kind,
    labels,
    expected_gain,
    sum(expected_gain) OVER (PARTITION BY job_name, layer ORDER BY place)
    / nullif(sum(expected_gain) OVER (PARTITION BY job_name, layer), 0) AS gain_so_far
FROM gold.dispute_queue
ORDER BY expected_gain DESC, job_name, layer, place
LIMIT 100
