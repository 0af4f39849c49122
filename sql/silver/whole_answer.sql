/* The whole answers of a landing, numbered, with the annotations text unpacked; a step of the other models, not a table.
   grain: answer_id
   reads: bronze.worker_response, landing.job, landing.object
   owner: lake
   checks: none; annotation.sql says which answers are unreadable and why
   notes: `annotations` is JSON inside JSON, up to three deep; an object instead of the text is taken as well.
     An answer of a segmentation without a track is readable: nothing was there to label. Their answer_id is below 0
     (answer.sql says what it is for). */
WITH numbered AS (
    SELECT *, -row_number() OVER () AS answer_id
    FROM bronze.worker_response
),

unpacked AS (
    SELECT
        r.*,
        CAST(r.answer AS JSON) AS content,
        CASE
            WHEN json_type(CAST(r.answer AS JSON), '$.annotations') = 'VARCHAR'
                THEN try_cast(json_extract_string(r.answer, '$.annotations') AS JSON)
            ELSE json_extract(r.answer, '$.annotations')
        END AS once
    FROM numbered AS r
),

segmented AS (
    SELECT
        * EXCLUDE (once),
        CASE WHEN json_type(once) = 'VARCHAR' THEN try_cast(json_extract_string(once, '$') AS JSON) ELSE once END
            AS annotations
    FROM unpacked
),

streamed AS (
    SELECT
        *,
        json_extract(annotations, '$.streams') AS streams,
        list_transform(json_extract(annotations, '$.streams.*'), lambda t: json_type(t)) AS track_types
    FROM segmented
)

SELECT
    a.* EXCLUDE (annotations, track_types),
    j.task_type,
    o.asset_id,
    o.duration_s,
    CASE
        WHEN j.task_type NOT LIKE '%segmentation' OR j.task_type LIKE '%semantic\_segmentation' ESCAPE '\' THEN NULL
        WHEN json_extract(a.content, '$.annotations') IS NULL THEN 'the answer has no "annotations"'
        WHEN a.annotations IS NULL THEN '"annotations" is not JSON'
        WHEN json_type(a.streams) IS DISTINCT FROM 'OBJECT'
            THEN '"annotations" has no object "streams" of tracks'
        WHEN len(list_filter(a.track_types, lambda t: t <> 'ARRAY')) > 0
            THEN 'a track in "streams" is not a list of segments'
    END AS problem,
    CASE WHEN a.streams IS NOT NULL THEN CAST(coalesce(list_sum(list_transform(
        json_extract(a.streams, '$.*'), lambda t: json_array_length(t)
    )), 0) AS INTEGER) END AS n_segments
FROM streamed AS a
CROSS JOIN landing.job AS j
LEFT JOIN landing.object AS o ON a.object_id = o.object_id
