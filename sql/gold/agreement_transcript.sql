/* Agreement of the annotators on the text of one object: word and character error rate.
   grain: job_name, object_id, layer
   reads: measure.transcript_item, silver.annotation, silver.asset, silver.job
   owner: measures
   checks: fail unique(grain), fail cer between 0 and 1, fail wer between 0 and 1, fail reason_code where cer is null
   notes: edits over all pairs of annotators by the lengths of the longer texts, after normalisation (docs/metrics.md);
     0 is equal. Whoever answered and wrote nothing has the empty text. Objects without any text have no row. */
WITH object AS (
    SELECT job_name, object_id, max(asset_id) AS asset_id
    FROM silver.annotation
    GROUP BY job_name, object_id
)

SELECT
    t.job_name,
    t.object_id,
    t.layer,
    o.asset_id,
    coalesce(job.task_type, 'unknown') AS task_type,
    asset.name AS asset_name,
    t.n_annotators,
    t.n_pairs,
    t.n_chars,
    t.char_edits,
    t.n_words,
    t.word_edits,
    CAST(t.char_edits AS DOUBLE) / nullif(t.n_chars, 0) AS cer,
    CAST(t.word_edits AS DOUBLE) / nullif(t.n_words, 0) AS wer,
    t.reason_code,
    t.part
FROM measure.transcript_item AS t
LEFT JOIN object AS o ON t.job_name = o.job_name AND t.object_id = o.object_id
LEFT JOIN silver.asset AS asset ON o.asset_id = asset.asset_id
LEFT JOIN silver.job AS job ON t.job_name = job.job_name
