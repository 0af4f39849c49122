/* The answers of a landing with the annotations text unpacked; a step of the other models, not a table.
   grain: job_name, object_id, worker_id, revision, answer_hash
   reads: bronze.worker_response, landing.track, landing.job, landing.object, landing.label
   owner: lake
   checks: none; annotation.sql says which answers are unreadable and why
   notes: `annotations` is JSON inside JSON, up to three deep; an object instead of the text is taken as well.
     An answer of a segmentation without a track is readable: nothing was there to label. Answers in manifest lines
     whose segments stand there ready to use (landing.track) have `segments` instead of `streams`. A segment without a
     layer is of the job's only layer, or of one named like the label attribute. `is_orderly` is true where no segment
     starts before the end of the one before, so that no two can overlap. */
WITH unpacked AS (
    SELECT
        r.*,
        CAST(r.answer AS JSON) AS content,
        CASE
            WHEN json_type(CAST(r.answer AS JSON), '$.annotations') = 'VARCHAR'
                THEN try_cast(json_extract_string(r.answer, '$.annotations') AS JSON)
            ELSE json_extract(r.answer, '$.annotations')
        END AS once
    FROM bronze.worker_response AS r
),

segmented AS (
    SELECT
        * EXCLUDE (once),
        CASE WHEN json_type(once) = 'VARCHAR' THEN try_cast(json_extract_string(once, '$') AS JSON) ELSE once END
            AS annotations
    FROM unpacked
),

of_files AS (
    SELECT
        a.* EXCLUDE (annotations),
        j.task_type,
        o.asset_id,
        o.duration_s,
        json_extract(a.annotations, '$.streams') AS streams,
        CASE
            WHEN j.task_type NOT LIKE '%segmentation' OR j.task_type LIKE '%semantic\_segmentation' ESCAPE '\' THEN NULL
            WHEN json_extract(a.content, '$.annotations') IS NULL THEN 'the answer has no "annotations"'
            WHEN a.annotations IS NULL THEN '"annotations" is not JSON'
            WHEN json_type(a.annotations, '$.streams') IS DISTINCT FROM 'OBJECT'
                THEN '"annotations" has no object "streams" of tracks'
            WHEN EXISTS (
                SELECT 1 FROM json_each(a.annotations, '$.streams') AS track WHERE json_type(track.value) <> 'ARRAY'
            ) THEN 'a track in "streams" is not a list of segments'
        END AS problem
    FROM segmented AS a
    CROSS JOIN landing.job AS j
    LEFT JOIN landing.object AS o ON a.object_id = o.object_id
),

of_lines AS (
    SELECT
        t.* EXCLUDE (segments, problem),
        j.task_type,
        o.asset_id,
        o.duration_s,
        t.problem,
        list_transform(t.segments, lambda s: struct_pack(
            layer := coalesce(s.layer, only_layer.layer, j.label_attribute), label := s.label,
            start_s := s.start_s, end_s := s.end_s, "text" := s."text", attributes := s.attributes
        )) AS segments,
        len(list_filter(t.segments, lambda s, i:
            NOT coalesce(s.start_s <= s.end_s AND (i = 1 OR s.start_s >= t.segments[i - 1].end_s), false)
        )) = 0 AS is_orderly
    FROM landing.track AS t
    CROSS JOIN landing.job AS j
    LEFT JOIN (SELECT min(layer) AS layer FROM landing.label HAVING count(DISTINCT layer) = 1) AS only_layer ON true
    LEFT JOIN landing.object AS o ON t.object_id = o.object_id
)

SELECT * FROM of_files
UNION ALL BY NAME
SELECT * FROM of_lines
