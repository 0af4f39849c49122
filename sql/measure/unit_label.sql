/* Sums of one label over the objects that an interval leaves out together, in one layer, where anybody used it.
   grain: job_name, layer, label, unit
   reads: measure.item_label
   owner: measures
   checks: fail unique(grain), fail n_items >= 1
   notes: units as in measure.unit; labels as in measure.item_label, also where they stand beside others. */
SELECT
    job_name,
    layer,
    label,
    unit,
    count(*) AS n_items,
    sum(label_mass) AS label_mass,
    sum(d_obs) AS d_obs,
    CAST(sum(n_boundaries) AS BIGINT) AS n_boundaries,
    CAST(sum(boundary_hits_500ms) AS BIGINT) AS boundary_hits_500ms,
    CAST(sum(n_units) AS BIGINT) AS n_units,
    CAST(sum(unit_hits_iou50) AS BIGINT) AS unit_hits_iou50,
    part
FROM measure.item_label
GROUP BY job_name, layer, label, unit, part
