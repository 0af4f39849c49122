/* One class of the mask that the answers on one image were put together to.
   grain: job_name, object_id, line_hash, class_no
   reads: silver.formed
   owner: lake
   checks: fail confidence between 0 and 1
   notes: the mask itself is a PNG in the object store; the pixels of a class have its colour. The colours stand in
     internal-color-map of the metadata (color-map in those of point clouds). */
SELECT
    s.job_name,
    s.object_id,
    s.asset_id,
    s.line_hash,
    try_cast(entry.key AS INTEGER) AS class_no,
    json_extract_string(entry.value, '$.class-name') AS label,
    json_extract_string(entry.value, '$.hex-color') AS hex_color,
    try_cast(json_extract_string(entry.value, '$.confidence') AS DOUBLE) AS confidence,
    s.said_text AS mask_uri,
    s.landing_id,
    s.landed_at,
    s.source_uri AS _source_uri
FROM silver.formed AS s,
    json_each(coalesce(json_extract(s.about, '$.internal-color-map'), json_extract(s.about, '$.color-map'))) AS entry
WHERE s.form = 'mask'
