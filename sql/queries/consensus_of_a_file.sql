/* What do all annotators together say of one file?
   grain: job_name, object_id, layer, segment_no
   reads: gold.consensus_segment, gold.agreement_item
   owner: analysts
   columns: job_name; object_id: line of the input manifest, from 0; layer; asset_name: file name at its source;
     start_s: seconds; end_s: seconds; label: what most say; support: annotators who say it; n_annotators: annotators
     of the object; confidence: 0 to 1
   notes: names the file with the most disputed seconds; put a file name of yours in its place: WHERE asset_name =
     '...'. confidence counts heads, it is no probability. */
SELECT
    job_name,
    object_id,
    layer,
    asset_name,
    start_s,
    end_s,
    label,
    support,
    n_annotators,
    confidence
FROM gold.consensus_segment
WHERE asset_name = (
    SELECT i.asset_name FROM gold.agreement_item AS i
    WHERE i.duration_s IS NOT NULL
    ORDER BY i.d_obs DESC, i.asset_name
    LIMIT 1
)
ORDER BY job_name, object_id, layer, segment_no
