/* Answers of a landing that the gate kept out of silver.annotation; a step of segment.sql.
   grain: answer_id
   reads: silver.answer, silver.annotation
   owner: lake
   checks: none
   notes: mostly there is none. To know that costs one look at the answers; to look for the answer of each segment among
     the accepted ones would cost as much as to write them. */
SELECT a.answer_id
FROM silver.answer AS a
ANTI JOIN silver.annotation AS n ON a.answer_id = n._answer_id
