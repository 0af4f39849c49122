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
        try_cast(part.key AS INTEGER) AS segment_no,
        part.value AS item
    FROM silver.whole_answer AS a,
        json_each(a.streams) AS track,
        json_each(track.value) AS part
    WHERE a.problem IS NULL AND part.key IS NOT NULL
),

told AS (
    SELECT
        *,
        CASE json_type(item)
            WHEN 'OBJECT' THEN json_extract_string(item, ['$.id', '$.label', '$.start', '$.end', '$.text'])
            WHEN 'ARRAY' THEN json_extract_string(item, ['$[2]', '$.none', '$[0]', '$[1]', '$.none'])
        END AS value_of
    FROM item
)

SELECT
    answer_id,
    layer,
    segment_no,
    coalesce(value_of[1], value_of[2]) AS label,
    try_cast(value_of[3] AS DOUBLE) AS start_s,
    try_cast(value_of[4] AS DOUBLE) AS end_s,
    coalesce(value_of[5], CASE WHEN value_of[2] IS NOT NULL AND json_exists(item, '$.id') THEN value_of[2] END)
        AS "text",
    CASE json_type(item)
        WHEN 'OBJECT' THEN nullif(
            CAST(json_merge_patch(
                item, '{"id": null, "start": null, "end": null, "text": null, "label": null}'
            ) AS VARCHAR), '{}'
        )
        WHEN 'ARRAY' THEN CASE WHEN json_array_length(item) > 3
            THEN CAST(json_object('emotion', json_extract(item, '$[3]')) AS VARCHAR) END
    END AS attributes
FROM told
