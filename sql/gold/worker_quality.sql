/* How far each worker can be trusted in one layer of one job.
   grain: job_name, layer, worker_id
   reads: measure.worker_compared, measure.worker, measure.worker_skill, measure.worker_gold, measure.label_use,
     measure.box_pair, measure.box_item, measure.box_chance, measure.work, measure.pace, measure.task, silver.box,
     silver.job, reference.student_t, reference.price
   owner: measures
   checks: fail unique(grain), fail loo_agreement is null or loo_agreement <= 1, fail loo_lo <= loo_hi,
     fail n_rejected <= n_answers, warn rows >= 1
   notes: loo_agreement = sum(agree - expected) / sum(mass - expected) over the worker's objects, with a jackknife
     over them, in a job of many over blocks of neighbouring ones. status: too_few under 5 objects or where
     undefined; reliable where the lower end is at least .667; watch otherwise. NULL where the other workers used one
     label only; the interval is NULL under three objects, or where every object says the same. Boxes: agree is boxes
     matched at IoU .5 with each other annotator, counted on both sides, mass all boxes of both, expected the chance
     floor of box_f_iou50 in the layer times mass (0 where there is none); an object counts where the worker or
     another drew. Rank by loo_agreement only beside its interval. Gold items stand in the gold_ columns alone; who
     answered nothing else has those and no others. Active time of an answer is as in measure.work; medians are read
     from histograms, at most 1 % off. Answers, active time, media and cost are of all layers of the job: do not add
     them up over layers. cost is at the price of an hour when the row was built; NULL with cost_reason no_price or
     no_times. */
WITH box_side AS (
    SELECT job_name, layer, object_id, worker_a AS worker_id, n_boxes_a AS n_own, n_boxes_b AS n_other, hits_iou50 AS hits
    FROM measure.box_pair
    UNION ALL
    SELECT job_name, layer, object_id, worker_b AS worker_id, n_boxes_b AS n_own, n_boxes_a AS n_other, hits_iou50 AS hits
    FROM measure.box_pair
),

box_asked AS (
    SELECT job_name, layer, object_id, max(n_annotators) - 1.0 AS n_others
    FROM measure.box_item
    GROUP BY job_name, layer, object_id
),

/* Layers that have segments or labels under the same name are measured by those. */
box_layer AS (
    SELECT a.job_name, a.layer, max(coalesce(c.chance_floor, 0.0)) AS chance_floor
    FROM box_asked AS a
    LEFT JOIN measure.box_chance AS c
        ON a.job_name = c.job_name AND a.layer = c.layer AND c.measure = 'box_f_iou50'
    LEFT JOIN (SELECT DISTINCT job_name, layer FROM measure.worker) AS w
        ON a.job_name = w.job_name AND a.layer = w.layer
    WHERE w.job_name IS NULL
    GROUP BY a.job_name, a.layer
),

box_item AS (
    SELECT
        s.job_name,
        s.layer,
        s.worker_id,
        s.object_id,
        2.0 * sum(s.hits) AS agree,
        CAST(sum(s.n_own + s.n_other) AS DOUBLE) AS mass,
        sum(s.n_own) / max(a.n_others) AS n_units,
        sum(s.n_other) / max(a.n_others) AS n_units_others
    FROM box_side AS s
    INNER JOIN box_asked AS a ON s.job_name = a.job_name AND s.layer = a.layer AND s.object_id = a.object_id
    GROUP BY s.job_name, s.layer, s.worker_id, s.object_id
),

/* What is left out at a time. */
unit AS (
    SELECT
        job_name,
        layer,
        worker_id,
        unit,
        sum(n_items) AS n_items,
        sum(agree - expected_agree) AS better,
        sum(mass - expected_agree) AS possible,
        sum(mass) AS mass,
        sum(n_units) AS n_units,
        sum(n_units_others) AS n_units_others,
        sum(n_split) AS n_split,
        sum(n_merged) AS n_merged
    FROM measure.worker_compared
    GROUP BY job_name, layer, worker_id, unit
    UNION ALL
    SELECT
        b.job_name,
        b.layer,
        b.worker_id,
        b.object_id AS unit,
        1 AS n_items,
        b.agree - y.chance_floor * b.mass AS better,
        (1.0 - y.chance_floor) * b.mass AS possible,
        b.mass,
        b.n_units,
        b.n_units_others,
        NULL AS n_split,
        NULL AS n_merged
    FROM box_item AS b
    INNER JOIN box_layer AS y ON b.job_name = y.job_name AND b.layer = y.layer
),

total AS (
    SELECT
        job_name,
        layer,
        worker_id,
        sum(n_items) AS n_items,
        count(*) AS n_left_out,
        sum(better) AS better,
        sum(possible) AS possible,
        sum(mass) AS mass,
        sum(n_units) AS n_units,
        sum(n_units_others) AS n_units_others,
        sum(n_split) AS n_split,
        sum(n_merged) AS n_merged
    FROM unit
    GROUP BY job_name, layer, worker_id
),

replicate AS (
    SELECT
        t.job_name,
        t.layer,
        t.worker_id,
        CASE WHEN t.possible - i.possible > 1e-9 * t.mass THEN
            (t.better - i.better) / (t.possible - i.possible)
        END AS value,
        (t.n_units - i.n_units) / nullif(t.n_units_others - i.n_units_others, 0.0) AS over_seg_index,
        (t.n_split - i.n_split) / nullif(t.n_units_others - i.n_units_others, 0.0) AS split_rate,
        (t.n_merged - i.n_merged) / nullif(t.n_units - i.n_units, 0) AS merge_rate
    FROM total AS t
    INNER JOIN unit AS i ON t.job_name = i.job_name AND t.layer = i.layer AND t.worker_id = i.worker_id
),

spread AS (
    SELECT
        job_name,
        layer,
        worker_id,
        CASE WHEN count(*) >= 3 AND count(value) = count(*) THEN sqrt((count(*) - 1) * var_pop(value)) END AS se,
        CASE WHEN count(*) >= 3 AND count(over_seg_index) = count(*)
            THEN sqrt((count(*) - 1) * var_pop(over_seg_index)) END AS over_seg_se,
        CASE WHEN count(*) >= 3 AND count(split_rate) = count(*)
            THEN sqrt((count(*) - 1) * var_pop(split_rate)) END AS split_se,
        CASE WHEN count(*) >= 3 AND count(merge_rate) = count(*)
            THEN sqrt((count(*) - 1) * var_pop(merge_rate)) END AS merge_se
    FROM replicate
    GROUP BY job_name, layer, worker_id
),

estimate AS (
    SELECT
        t.job_name,
        t.layer,
        t.worker_id,
        t.n_items,
        t.n_units / nullif(t.n_units_others, 0.0) AS over_seg_index,
        t.n_split / nullif(t.n_units_others, 0.0) AS split_rate,
        t.n_merged / nullif(t.n_units, 0) AS merge_rate,
        s.se IS NOT NULL AS is_replicated,
        CASE WHEN t.possible > 1e-9 * t.mass THEN t.better / t.possible END AS value,
        CASE WHEN s.se > 1e-9 THEN s.se * coalesce(q.t975, 1.959964) END AS reach,
        CASE WHEN s.over_seg_se > 1e-9 THEN s.over_seg_se * coalesce(q.t975, 1.959964) END AS over_seg_reach,
        CASE WHEN s.split_se > 1e-9 THEN s.split_se * coalesce(q.t975, 1.959964) END AS split_reach,
        CASE WHEN s.merge_se > 1e-9 THEN s.merge_se * coalesce(q.t975, 1.959964) END AS merge_reach
    FROM total AS t
    INNER JOIN spread AS s ON t.job_name = s.job_name AND t.layer = s.layer AND t.worker_id = s.worker_id
    LEFT JOIN reference.student_t AS q ON q.df = t.n_left_out - 1
),

given AS (
    SELECT job_name, layer, worker_id, sum(n_segments) AS n_labels
    FROM measure.label_use
    GROUP BY job_name, layer, worker_id
    UNION ALL
    SELECT b.job_name, b.layer, b.worker_id, count(*) AS n_labels
    FROM silver.box AS b
    INNER JOIN box_layer AS y ON b.job_name = y.job_name AND b.layer = y.layer
    GROUP BY b.job_name, b.layer, b.worker_id
),

time_bin AS (
    SELECT
        job_name,
        worker_id,
        time_bin AS bin,
        sum(sum(n_answers)) OVER (PARTITION BY job_name, worker_id ORDER BY time_bin) AS n_up_to,
        sum(sum(n_answers)) OVER (PARTITION BY job_name, worker_id) AS n
    FROM measure.pace
    WHERE time_bin IS NOT NULL
    GROUP BY job_name, worker_id, time_bin
),

speed_bin AS (
    SELECT
        job_name,
        worker_id,
        speed_bin AS bin,
        sum(sum(n_answers)) OVER (PARTITION BY job_name, worker_id ORDER BY speed_bin) AS n_up_to,
        sum(sum(n_answers)) OVER (PARTITION BY job_name, worker_id) AS n
    FROM measure.pace
    WHERE speed_bin IS NOT NULL
    GROUP BY job_name, worker_id, speed_bin
),

/* Medians: the middle of the two answers in the middle. */
middle AS (
    SELECT
        b.job_name,
        b.worker_id,
        0.495 * (
            power(1.01 / 0.99, min(b.bin) FILTER (WHERE b.is_time AND 2 * b.n_up_to >= b.n))
            + power(1.01 / 0.99, min(b.bin) FILTER (WHERE b.is_time AND 2 * b.n_up_to > b.n))
        ) AS median_time_s,
        0.495 * (
            power(1.01 / 0.99, min(b.bin) FILTER (WHERE NOT b.is_time AND 2 * b.n_up_to >= b.n))
            + power(1.01 / 0.99, min(b.bin) FILTER (WHERE NOT b.is_time AND 2 * b.n_up_to > b.n))
        ) AS active_s_per_min
    FROM (
        SELECT job_name, worker_id, bin, n_up_to, n, TRUE AS is_time FROM time_bin
        UNION ALL
        SELECT job_name, worker_id, bin, n_up_to, n, FALSE AS is_time FROM speed_bin
    ) AS b
    GROUP BY b.job_name, b.worker_id
),

work AS (
    SELECT
        job_name,
        worker_id,
        sum(active_s) AS active_s,
        CASE WHEN sum(n_known) = sum(n_answers) THEN sum(media_s) END AS media_s,
        sum(active_taken_s) / nullif(sum(taken_s), 0.0) AS active_share
    FROM measure.work
    GROUP BY job_name, worker_id
),

handed AS (
    SELECT
        job_name,
        worker_id,
        CAST(sum(n_tasks) AS BIGINT) AS n_answers,
        CAST(sum(n_tasks - n_kept) AS BIGINT) AS n_rejected
    FROM measure.task
    WHERE outcome = 'answered'
    GROUP BY job_name, worker_id
),

known AS (
    SELECT job_name, layer, worker_id FROM measure.worker
    UNION
    SELECT job_name, layer, worker_id FROM measure.worker_gold
    UNION
    SELECT b.job_name, b.layer, a.worker_id
    FROM box_layer AS b
    INNER JOIN work AS a ON b.job_name = a.job_name
)

SELECT
    k.job_name,
    k.layer,
    k.worker_id,
    coalesce(job.task_type, 'unknown') AS task_type,
    CAST(coalesce(e.n_items, 0) AS BIGINT) AS n_items,
    CAST(coalesce(g.n_labels, 0) AS BIGINT) AS n_labels,
    e.value AS loo_agreement,
    CASE WHEN e.value - e.reach < -1.0 AND e.value >= -1.0 THEN -1.0 ELSE e.value - e.reach END AS loo_lo,
    CASE WHEN e.value + e.reach > 1.0 THEN 1.0 ELSE e.value + e.reach END AS loo_hi,
    w.offset_s,
    w.n_boundaries,
    e.over_seg_index,
    CASE WHEN e.over_seg_index - e.over_seg_reach < 0.0 THEN 0.0 ELSE e.over_seg_index - e.over_seg_reach END
        AS over_seg_lo,
    e.over_seg_index + e.over_seg_reach AS over_seg_hi,
    w.skill_ds,
    x.median_time_s,
    CASE
        WHEN coalesce(e.n_items, 0) < 5 OR e.value IS NULL OR NOT e.is_replicated THEN 'too_few'
        WHEN e.value - coalesce(e.reach, 0.0) >= 0.667 THEN 'reliable'
        ELSE 'watch'
    END AS status,
    c.gold_n,
    c.gold_correct,
    c.gold_acc,
    c.gold_lo,
    c.gold_hi,
    c.gold_kappa,
    c.gold_kappa_lo,
    c.gold_kappa_hi,
    c.gold_boundary_f,
    c.gold_boundary_f_lo,
    c.gold_boundary_f_hi,
    c.gold_offset_s,
    m.skill_onecoin,
    m.skill_lo,
    m.skill_hi,
    m.spam_prob,
    m.residual,
    m.residual_lo,
    m.residual_hi,
    m.drift_ewma,
    m.drift_cusum,
    m.drift_at,
    m.is_drifting,
    e.split_rate,
    CASE WHEN e.split_rate - e.split_reach < 0.0 THEN 0.0 ELSE e.split_rate - e.split_reach END AS split_lo,
    CASE WHEN e.split_rate + e.split_reach > 1.0 THEN 1.0 ELSE e.split_rate + e.split_reach END AS split_hi,
    e.merge_rate,
    CASE WHEN e.merge_rate - e.merge_reach < 0.0 THEN 0.0 ELSE e.merge_rate - e.merge_reach END AS merge_lo,
    CASE WHEN e.merge_rate + e.merge_reach > 1.0 THEN 1.0 ELSE e.merge_rate + e.merge_reach END AS merge_hi,
    x.active_s_per_min AS median_active_s_per_min,
    CASE WHEN v.active_share > 1.0 THEN 0.0 ELSE 1.0 - v.active_share END AS idle_share,
    h.n_answers,
    h.n_rejected,
    CAST(h.n_rejected AS DOUBLE) / h.n_answers AS reject_rate,
    v.active_s,
    v.active_s / 3600.0 * p.hour_price AS cost,
    p.currency,
    CASE WHEN p.hour_price IS NULL THEN 'no_price' WHEN v.active_s IS NULL THEN 'no_times' END AS cost_reason,
    v.media_s,
    v.active_s / 3600.0 * p.hour_price / nullif(v.media_s / 60.0, 0.0) AS cost_per_accepted_min
FROM known AS k
LEFT JOIN measure.worker AS w ON k.job_name = w.job_name AND k.layer = w.layer AND k.worker_id = w.worker_id
LEFT JOIN estimate AS e ON k.job_name = e.job_name AND k.layer = e.layer AND k.worker_id = e.worker_id
LEFT JOIN given AS g ON k.job_name = g.job_name AND k.layer = g.layer AND k.worker_id = g.worker_id
LEFT JOIN measure.worker_gold AS c ON k.job_name = c.job_name AND k.layer = c.layer AND k.worker_id = c.worker_id
LEFT JOIN measure.worker_skill AS m ON k.job_name = m.job_name AND k.layer = m.layer AND k.worker_id = m.worker_id
LEFT JOIN work AS v ON k.job_name = v.job_name AND k.worker_id = v.worker_id
LEFT JOIN middle AS x ON k.job_name = x.job_name AND k.worker_id = x.worker_id
LEFT JOIN handed AS h ON k.job_name = h.job_name AND k.worker_id = h.worker_id
LEFT JOIN silver.job AS job ON k.job_name = job.job_name
LEFT JOIN reference.price AS p ON TRUE
