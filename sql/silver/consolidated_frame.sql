/* One labeled frame of one sequence, in one version of its label file.
   grain: job_name, object_id, line_hash, frame_no
   reads: silver.formed
   owner: lake
   checks: fail frame_once, fail frame_known
   notes: SeqLabel.json lists the frames that were labeled, under tracking-annotations or detection-annotations.
     Frame numbers are text in real files and whole numbers in the documentation; both are read. Sequences of point
     clouds call them frame-number and frame-name. */
WITH listed AS (
    SELECT s.*, coalesce(
        json_extract(s.file, '$.tracking-annotations'), json_extract(s.file, '$.detection-annotations')
    ) AS frames
    FROM silver.formed AS s
    WHERE s.form = 'sequence'
),

numbered AS (
    SELECT
        l.* EXCLUDE (file, frames),
        CAST(entry.key AS INTEGER) AS position,
        entry.value AS content,
        try_cast(coalesce(
            json_extract_string(entry.value, '$.frame-no'), json_extract_string(entry.value, '$.frame-number')
        ) AS INTEGER) AS frame_no
    FROM listed AS l, json_each(CASE WHEN json_type(l.frames) = 'ARRAY' THEN l.frames END) AS entry
)

SELECT
    job_name,
    object_id,
    asset_id,
    line_hash,
    frame_no,
    coalesce(json_extract_string(content, '$.frame'), json_extract_string(content, '$.frame-name')) AS frame,
    frame_no / fps AS time_s,
    nullif(CAST(json_extract(content, '$.frame-attributes') AS VARCHAR), '{}') AS attributes,
    landing_id,
    landed_at,
    source_uri AS _source_uri,
    content AS _content,
    about AS _about,
    width_px AS _width_px,
    height_px AS _height_px,
    duration_s * fps AS _n_frames,
    row_number() OVER (PARTITION BY job_name, object_id, line_hash, frame_no ORDER BY position) AS _time_of_frame
FROM numbered
