/* The objects to look at first: in each layer those with the least agreement, and all with a dispute.
   grain: job_name, object_id, layer
   reads: gold.agreement_item, gold.dispute_queue
   owner: measures
   checks: fail unique(grain), fail place >= 1, fail object_gain >= 0
   notes: place 1 to 1000 of each layer of each job, and every layer of an object that is in the queue of disputes.
     place is by observed agreement, objects without a figure last; of equal ones the longer (mass), then object_id.
     object_* are of the object in all layers. nth_layer 1 is the one row to count an object by. */
WITH gain AS (
    SELECT job_name, object_id, sum(expected_gain) AS object_gain, count(*) AS n_disputes
    FROM gold.dispute_queue
    GROUP BY job_name, object_id
),

placed AS (
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
        row_number() OVER (
            PARTITION BY i.job_name, i.layer ORDER BY i.observed_agreement NULLS LAST, i.mass DESC, i.object_id
        ) AS place,
        min(i.observed_agreement) OVER (PARTITION BY i.job_name, i.object_id) AS object_agreement,
        coalesce(gain.object_gain, 0.0) AS object_gain,
        coalesce(gain.n_disputes, 0) AS object_disputes
    FROM gold.agreement_item AS i
    LEFT JOIN gain ON i.job_name = gain.job_name AND i.object_id = gain.object_id
)

SELECT
    p.job_name,
    p.object_id,
    p.layer,
    p.task_type,
    p.media_type,
    p.asset_name,
    p.duration_s,
    p.n_assigned,
    p.n_annotators,
    p.observed_agreement,
    p.is_disputed,
    p.mass,
    p.n_boundaries,
    p.boundary_hits_500ms,
    p.n_units,
    p.unit_hits_iou50,
    p.reason_code,
    p.place,
    p.object_agreement,
    p.object_gain,
    p.object_disputes,
    CAST(row_number() OVER (PARTITION BY p.job_name, p.object_id ORDER BY p.place, p.layer) AS INTEGER) AS nth_layer
FROM placed AS p
WHERE p.place <= 1000 OR p.object_disputes > 0
