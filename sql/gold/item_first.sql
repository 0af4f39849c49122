/* The objects to look at first: in each layer those with the least agreement, and all with a dispute.
   grain: job_name, object_id, layer
   reads: gold.agreement_item, gold.dispute_queue, measure.item_count
   owner: measures
   checks: fail unique(grain), fail place is null or place between 1 and 1000, fail object_gain >= 0
   notes: place 1 to 1000 of each layer of each job, and every layer of an object that is in the queue of disputes;
     those that are in it for a dispute alone have no place. place is by observed agreement, objects without a figure
     last; of equal ones the longer (mass), then object_id. object_* are of the object in all layers. nth_layer 1 is the
     one row to count an object by. */
WITH bin AS (
    SELECT
        job_name,
        layer,
        coalesce(bin, 20) AS bin,
        sum(sum(n_items)) OVER (PARTITION BY job_name, layer ORDER BY coalesce(bin, 20)) - sum(n_items) AS n_before
    FROM measure.item_count
    WHERE scope = 'others'
    GROUP BY job_name, layer, coalesce(bin, 20)
),

/* Up to which agreement the first thousand are, so that few objects need to be put in order. */
lowest AS (
    SELECT job_name, layer, (max(bin) + 1) / 20.0 AS agreement
    FROM bin
    WHERE n_before < 1000
    GROUP BY job_name, layer
),

placed AS (
    SELECT
        i.job_name,
        i.object_id,
        i.layer,
        row_number() OVER (
            PARTITION BY i.job_name, i.layer ORDER BY i.observed_agreement NULLS LAST, i.mass DESC, i.object_id
        ) AS place
    FROM gold.agreement_item AS i
    INNER JOIN lowest AS l ON i.job_name = l.job_name AND i.layer = l.layer
    WHERE coalesce(i.observed_agreement, 1.05) <= l.agreement
),

gain AS (
    SELECT job_name, object_id, sum(expected_gain) AS object_gain, count(*) AS n_disputes
    FROM gold.dispute_queue
    GROUP BY job_name, object_id
),

object AS (
    SELECT o.job_name, o.object_id, max(o.object_gain) AS object_gain, max(o.n_disputes) AS n_disputes
    FROM (
        SELECT job_name, object_id, 0.0 AS object_gain, 0 AS n_disputes FROM placed WHERE place <= 1000
        UNION ALL
        SELECT job_name, object_id, object_gain, n_disputes FROM gain
    ) AS o
    GROUP BY o.job_name, o.object_id
),

item AS (
    SELECT
        i.job_name,
        i.object_id,
        i.layer,
        i.task_type,
        i.media_type,
        i.asset_name,
        i.duration_s,
        i.n_assigned,
        i.n_annotators,
        i.observed_agreement,
        i.is_disputed,
        i.mass,
        i.n_boundaries,
        i.boundary_hits_500ms,
        i.n_units,
        i.unit_hits_iou50,
        i.reason_code,
        min(i.observed_agreement) OVER (PARTITION BY i.job_name, i.object_id) AS object_agreement,
        o.object_gain,
        o.n_disputes AS object_disputes
    FROM gold.agreement_item AS i
    INNER JOIN object AS o ON i.job_name = o.job_name AND i.object_id = o.object_id
)

SELECT
    i.job_name,
    i.object_id,
    i.layer,
    i.task_type,
    i.media_type,
    i.asset_name,
    i.duration_s,
    i.n_assigned,
    i.n_annotators,
    i.observed_agreement,
    i.is_disputed,
    i.mass,
    i.n_boundaries,
    i.boundary_hits_500ms,
    i.n_units,
    i.unit_hits_iou50,
    i.reason_code,
    f.place,
    i.object_agreement,
    i.object_gain,
    i.object_disputes,
    CAST(
        row_number() OVER (PARTITION BY i.job_name, i.object_id ORDER BY f.place NULLS LAST, i.layer) AS INTEGER
    ) AS nth_layer
FROM item AS i
LEFT JOIN placed AS f
    ON i.job_name = f.job_name AND i.object_id = f.object_id AND i.layer = f.layer AND f.place <= 1000
WHERE f.place IS NOT NULL OR i.object_disputes > 0
