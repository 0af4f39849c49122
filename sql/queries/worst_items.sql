/* Which objects do the annotators see most differently?
   grain: job_name, object_id, layer
   reads: gold.agreement_item
   owner: analysts
   columns: job_name; object_id: line of the input manifest, from 0; layer; asset_name: file name at its source;
     duration_s: seconds of media; n_annotators; observed_agreement: share on which two annotators say the same, 0 to
     1; disagreeing: annotator-seconds, or answers, in disagreement
   notes: look at these first: unclear media or an unclear guideline shows up here before it shows in the job's
     figure. Short objects reach extremes by chance. */
SELECT
    job_name,
    object_id,
    layer,
    asset_name,
    duration_s,
    n_annotators,
    observed_agreement,
    d_obs AS disagreeing
FROM gold.agreement_item
WHERE is_disputed
ORDER BY observed_agreement, d_obs DESC, job_name, layer, object_id
LIMIT 50
