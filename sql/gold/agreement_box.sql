/* Agreement on the boxes and tracks of one class on one object: were the same things found, drawn alike, followed alike.
   grain: job_name, object_id, layer, label
   reads: measure.box_item, measure.track_item, silver.annotation, silver.asset, silver.job
   owner: measures
   checks: fail unique(grain), fail f_iou50 between 0 and 1, fail mean_iou between 0 and 1, fail reason_code where f_iou50
     is null
   notes: sums over both sides of all pairs of annotators, so that hits / n_boxes is an F score. A class has a row where
     anyone drew it; NULL with a reason_code where one annotator answered. idf1 and hota are NULL where nothing is
     followed through frames. docs/metrics.md has the formulas. */
WITH object AS (
    SELECT job_name, object_id, max(asset_id) AS asset_id
    FROM silver.annotation
    GROUP BY job_name, object_id
),

followed AS (
    SELECT
        t.job_name,
        t.object_id,
        t.layer,
        t.label,
        max(t.n_boxes) AS n_boxes,
        max(t.id_hits) AS id_hits,
        avg(sqrt(t.hota_associated[u.threshold] / nullif(2.0 * t.n_boxes - t.hota_hits[u.threshold], 0.0))) AS hota
    FROM measure.track_item AS t
    CROSS JOIN unnest(map_keys(t.hota_hits)) AS u (threshold)
    GROUP BY t.job_name, t.object_id, t.layer, t.label
)

SELECT
    b.job_name,
    b.object_id,
    b.layer,
    b.label,
    o.asset_id,
    coalesce(job.task_type, 'unknown') AS task_type,
    asset.name AS asset_name,
    b.n_annotators,
    b.n_pairs,
    b.n_boxes,
    b.hits_iou50,
    b.hits_iou50_95,
    b.sum_iou_matched,
    coalesce(f.n_boxes, 0) AS n_followed,
    coalesce(f.id_hits, 0) AS id_hits,
    CAST(b.hits_iou50 AS DOUBLE) / nullif(b.n_boxes, 0) AS f_iou50,
    b.hits_iou50_95 / 10.0 / nullif(b.n_boxes, 0) AS f_iou50_95,
    CASE WHEN b.sum_iou_matched > b.n_boxes THEN 1.0 ELSE b.sum_iou_matched / nullif(b.n_boxes, 0) END AS mean_iou,
    CAST(f.id_hits AS DOUBLE) / nullif(f.n_boxes, 0) AS idf1,
    f.hota,
    CASE WHEN b.n_annotators < 2 THEN 'one_annotator' END AS reason_code,
    b.part
FROM measure.box_item AS b
LEFT JOIN followed AS f
    ON b.job_name = f.job_name AND b.object_id = f.object_id AND b.layer = f.layer AND b.label = f.label
LEFT JOIN object AS o ON b.job_name = o.job_name AND b.object_id = o.object_id
LEFT JOIN silver.asset AS asset ON o.asset_id = asset.asset_id
LEFT JOIN silver.job AS job ON b.job_name = job.job_name
