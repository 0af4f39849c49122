/* Every segment of the whole answers of a landing, whichever historical shape it has; a step of interval.sql.
   grain: answer_id, layer, segment_no
   reads: silver.whole_answer
   owner: lake
   checks: none
   notes: two shapes are in real files: {"id": tag, "start", "end", "text", "emotion"}, where older files have
     "label" instead of "text", and the array [start, end, tag, emotion]. Times that are text are read as numbers;
     what is no number stays NULL and breaks a rule. Every other key survives in `attributes`. */
WITH item AS (
    SELECT
        a.answer_id,
        track.key AS layer,
        CAST(part.key AS INTEGER) AS segment_no,
        part.value AS item
    FROM silver.whole_answer AS a,
        json_each(a.streams) AS track,
        json_each(track.value) AS part
    WHERE a.problem IS NULL AND part.key IS NOT NULL
)

SELECT
    answer_id,
    layer,
    segment_no,
    CASE json_type(item)
        WHEN 'OBJECT' THEN coalesce(json_extract_string(item, '$.id'), json_extract_string(item, '$.label'))
        WHEN 'ARRAY' THEN json_extract_string(item, '$[2]')
    END AS label,
    try_cast(CASE json_type(item)
        WHEN 'OBJECT' THEN json_extract_string(item, '$.start')
        WHEN 'ARRAY' THEN json_extract_string(item, '$[0]')
    END AS DOUBLE) AS start_s,
    try_cast(CASE json_type(item)
        WHEN 'OBJECT' THEN json_extract_string(item, '$.end')
        WHEN 'ARRAY' THEN json_extract_string(item, '$[1]')
    END AS DOUBLE) AS end_s,
    CASE WHEN json_type(item) = 'OBJECT' THEN coalesce(
        json_extract_string(item, '$.text'),
        CASE WHEN json_exists(item, '$.id') THEN json_extract_string(item, '$.label') END
    ) END AS "text",
    CASE json_type(item)
        WHEN 'OBJECT' THEN nullif(
            CAST(json_merge_patch(
                item, '{"id": null, "start": null, "end": null, "text": null, "label": null}'
            ) AS VARCHAR), '{}'
        )
        WHEN 'ARRAY' THEN CASE WHEN json_array_length(item) > 3
            THEN CAST(json_object('emotion', json_extract(item, '$[3]')) AS VARCHAR) END
    END AS attributes
FROM item
