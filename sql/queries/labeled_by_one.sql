/* Which objects have one annotator's answer only, so that nothing is known of their agreement?
   grain: job_name, layer, object_id
   reads: gold.agreement_item
   owner: analysts
   columns: job_name; layer; object_id: line of the input manifest, from 0; asset_name: file name at its source;
     duration_s: seconds of media; n_assigned: annotators who were asked; n_missing: answers that did not come
   notes: they count as labeled and are in no figure of agreement: a high alpha over half of the objects says nothing
     of the other half. */
SELECT
    job_name,
    layer,
    object_id,
    asset_name,
    duration_s,
    n_assigned,
    n_assigned - n_annotators AS n_missing
FROM gold.agreement_item
WHERE n_annotators = 1
ORDER BY job_name, layer, object_id
