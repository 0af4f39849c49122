"""What the lines of a manifest say, batch by batch: typed by DuckDB where they have a known form, else with care.

A batch ends in five temporary relations: the good lines, their text, the tracks (answers whose segments stand in the
line), their segments, and the whole answers inside of lines. A line is read in one of three ways, and the rows are the
same whichever it is:

- one that fits the form of its manifest (`lake.forms`) by DuckDB alone, its tracks with it;
- one without answers inside that every reader of JSON reads alike by DuckDB, which takes source and duration;
- any other by `transforms.ground_truth.read_line` and `transforms.inline`, in Python: what is no JSON, NaN and numbers
  out of range, unusual times and types. It gives rows as well, or the reason why not.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import duckdb
import pyarrow as pa

from annolake.lake.forms import SAMPLE, Form, find_form, odd
from annolake.lake.lines import Undecodable
from annolake.lake.views import literal
from transforms import strict_json
from transforms.ground_truth import Fault, read_line
from transforms.inline import SEGMENT, InlineAnswer, read_inline, without_answers

LINE_COLUMNS = """line_no BIGINT, object_id VARCHAR, line_hash VARCHAR, said JSON, about JSON, source VARCHAR,
    asset_id VARCHAR, duration_s DOUBLE, source_text VARCHAR, line VARCHAR"""
_WHOSE = """object_id VARCHAR, worker_id VARCHAR, submitted_at TIMESTAMPTZ, accepted_at TIMESTAMPTZ,
    time_spent_s DOUBLE, answer_hash VARCHAR"""
SEGMENT_COLUMNS = {
    "answer_id": "BIGINT",
    "layer": "VARCHAR",
    "segment_no": "INTEGER",
    "label": "VARCHAR",
    "start_s": "DOUBLE",
    "end_s": "DOUBLE",
    "text": "VARCHAR",
    "attributes": "VARCHAR",
}
TABLES = {
    "landing_careful": LINE_COLUMNS,
    "landing_track": f"{_WHOSE}, answer_id BIGINT, n_segments INTEGER, problem VARCHAR, fits BOOLEAN",
    "landing_segment": ", ".join(f"{name} {kind}" for name, kind in SEGMENT_COLUMNS.items()) + ", fits BOOLEAN",
    "landing_content": f"{_WHOSE}, answer_no INTEGER, content VARCHAR",
}
"""The temporary tables of a batch; beside them `landing_line` shows all good lines, and `landing_text` (line_no,
object_id, line_hash, line) their text, which stays in the batch and is not copied. `said` and `about` are the label
attribute's value, without the answers in it, and its metadata; `source_text` the source where that is the text itself.
`answer_id` is a number of the answer within the batch; `fits` holds for all that `read_batch` leaves."""
ANSWERS_IN_LINE = 1 << 24
"""More than a line can hold: the number of an answer is its object's times this plus its own."""

TRAILING_COMMA = r"regexp_matches(line, ',\s*[\]}]')"
"""What DuckDB's reader takes for JSON and others do not; so it does with NaN."""
HUGE = r"regexp_matches(line, '[0-9][eE]\+?[0-9]{3}|[0-9]{100}')"
_STAMP = pa.timestamp("us", tz="UTC")
ANSWER: dict[str, pa.DataType] = {
    "object_id": pa.string(),
    "line": pa.string(),
    "worker_id": pa.string(),
    "submitted_at": _STAMP,
    "accepted_at": _STAMP,
    "time_spent_s": pa.float64(),
    "answer_no": pa.int32(),
    "segments": pa.list_(pa.struct(list(SEGMENT.items()))),
    "problem": pa.string(),
    "content": pa.string(),
}
CAREFUL: dict[str, pa.DataType] = {
    "line_no": pa.int64(),
    "object_id": pa.string(),
    "line": pa.string(),
    "bare_line": pa.string(),
    "source": pa.string(),
    "asset_id": pa.string(),
    "duration_s": pa.float64(),
}
"""Lines and answers that the careful reader read, as Arrow columns."""


def read_batch(
    connection: duckdb.DuckDBPyConnection,
    batch: pa.Table,
    undecodable: Iterable[Undecodable],
    attribute: str,
    known: str = "",
) -> list[Fault]:
    """Fill the temporary tables from a batch of `lines.LINES`; returns what is wrong with the lines that are not there.

    Worker ids in the batch are pseudonyms already. Lines of the relation `known` (line_no, line_hash) are passed over.
    """
    for name, columns in TABLES.items():
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({columns})")
    connection.register("landing_batch", batch)
    connection.execute(f"CREATE OR REPLACE TEMP VIEW landing_block AS {_unknown(known)}")
    _show_lines(connection)
    form = find_form(_sample(batch), attribute)
    left = "(SELECT * EXCLUDE (n_keys) FROM landing_block)"
    if form:
        left = _read_by_form(connection, form)
    careful = _read_others(connection, left, attribute) if left else []
    careful += [(u.line_no, str(u.object_no), u.raw, False) for u in undecodable]
    return _read_carefully(connection, careful, attribute)


def parts_without_rows(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Which of the temporary relations of a batch have no row."""
    names = ("landing_line", "landing_track", "landing_segment", "landing_content")
    found = connection.execute(f"SELECT {', '.join(f'EXISTS (FROM {name})' for name in names)}").fetchall()[0]
    return {name for name, has_rows in zip(names, found, strict=True) if not has_rows}


def parts_of_line(lines: str, attribute: str) -> str:
    """A relation without its `line`, but with what that says of the label attribute: said, about, source_text."""
    at = "/" + attribute.replace("~", "~0").replace("/", "~1")
    places = (at, f"{at}-ref", f"{at}-metadata", f"{at}-ref-metadata", "/source-ref", "/source")
    return f"""(
        SELECT * EXCLUDE (line, part),
            coalesce(nullif(part[1], 'null'), nullif(part[2], 'null')) AS said,
            coalesce(part[3], part[4]) AS about,
            CASE WHEN part[5] IS NULL THEN json_extract_string(part[6], '$') END AS source_text
        FROM (SELECT *, json_extract(line, [{", ".join(map(literal, places))}]) AS part FROM {lines})
    )"""


def _unknown(known: str) -> str:
    if not known:
        return "FROM landing_batch"
    return f"FROM landing_batch AS b ANTI JOIN {known} AS k ON b.line_no = k.line_no AND md5(b.line) = k.line_hash"


def _sample(batch: pa.Table) -> list[str]:
    step = max(1, batch.num_rows // SAMPLE)
    return [str(batch["line"][row].as_py()) for row in range(0, batch.num_rows, step)]


def _read_by_form(connection: duckdb.DuckDBPyConnection, form: Form) -> str:
    """Lines of the form to their tables; returns the relation of all others, empty text where there are none.

    All lines that look like it are read, and those taken out again in which a track or a segment does not fit.
    """
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE landing_read AS
        SELECT line_no, object_no, line_hash, read,
            coalesce({form.line_fits} AND NOT {TRAILING_COMMA}, false) AS fits
        FROM (
            SELECT *, md5(line) AS line_hash, try(json_transform_strict(line, {literal(form.structure)})) AS read
            FROM landing_block
        )""")
    each = f"""
        SELECT object_no, line_hash, answer_no, object_no * {ANSWERS_IN_LINE} + answer_no AS answer_id, track
        FROM (
            SELECT object_no, line_hash, unnest({form.tracks}) AS track,
                generate_subscripts({form.tracks}, 1) - 1 AS answer_no
            FROM landing_read WHERE fits
        )"""
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE landing_segment AS
        SELECT answer_id, layer, (place - 1)::INTEGER AS segment_no, {form.segment}, {form.segment_fits} AS fits
        FROM (
            SELECT answer_id, {form.layer} AS layer, unnest(track.segments) AS s,
                generate_subscripts(track.segments, 1) AS place
            FROM ({each})
        )""")
    connection.execute(f"""
        INSERT INTO landing_track
        SELECT object_no::VARCHAR, json_extract_string(track."workerId", '$'),
            {_time_of(form.of_track("submissionTime"))}, {_time_of(form.of_track("acceptanceTime"))},
            {_number_of(form.of_track("timeSpentInSeconds"))}, line_hash || '-' || answer_no, answer_id,
            len(track.segments)::INTEGER, NULL, {form.track_fits}
        FROM ({each})""")
    _take_misfits_out(connection)
    source = form.of_line("source-ref" if "source-ref" in form.keys else "source")
    _show_lines(
        connection,
        f"""
        SELECT line_no, object_no::VARCHAR AS object_id, line_hash, '{{}}'::JSON AS said, {form.about} AS about,
            json_extract_string({source}, '$') AS source, {_text_of(form.of_line("asset-id"))} AS asset_id,
            {_number_of(form.of_line("duration"))} AS duration_s,
            {"NULL" if "source-ref" in form.keys else f"json_extract_string({source}, '$')"} AS source_text
        FROM landing_read WHERE fits
        UNION ALL""",
        """
        SELECT r.line_no, r.object_no::VARCHAR AS object_id, r.line_hash, b.line
        FROM landing_batch AS b INNER JOIN landing_read AS r ON b.object_no = r.object_no AND r.fits
        UNION ALL""",
    )
    left = """SELECT b.line_no, b.object_no, b.line
        FROM landing_batch AS b INNER JOIN landing_read AS r ON b.object_no = r.object_no AND NOT r.fits"""
    return f"({left})" if connection.sql("SELECT 1 FROM landing_read WHERE NOT fits LIMIT 1").fetchall() else ""


def _show_lines(connection: duckdb.DuckDBPyConnection, fitting: str = "", their_text: str = "") -> None:
    connection.execute(f"""
        CREATE OR REPLACE TEMP VIEW landing_line AS {fitting} SELECT * EXCLUDE (line) FROM landing_careful;
        CREATE OR REPLACE TEMP VIEW landing_text AS {their_text}
        SELECT line_no, object_id, line_hash, line FROM landing_careful""")


def _take_misfits_out(connection: duckdb.DuckDBPyConnection) -> None:
    """Lines with a part that does not fit: their rows go, and `landing_read` says that they do not fit."""
    parts = " UNION ALL ".join(f"SELECT answer_id, fits FROM {name}" for name in ("landing_track", "landing_segment"))
    misfits = connection.sql(
        f"SELECT DISTINCT answer_id // {ANSWERS_IN_LINE} AS object_no FROM ({parts}) WHERE NOT coalesce(fits, false)"
    ).to_arrow_table()
    if misfits.num_rows:
        connection.register("misfit", misfits)
        connection.execute(f"""
            UPDATE landing_read SET fits = false WHERE object_no IN (FROM misfit);
            DELETE FROM landing_track WHERE answer_id // {ANSWERS_IN_LINE} IN (FROM misfit);
            DELETE FROM landing_segment WHERE answer_id // {ANSWERS_IN_LINE} IN (FROM misfit)""")
        connection.unregister("misfit")


def _read_others(
    connection: duckdb.DuckDBPyConnection, left: str, attribute: str
) -> list[tuple[int, str, bytes, bool]]:
    """Lines that DuckDB reads as everybody does, without answers inside, to their table; returns the rest."""
    said = literal("/" + attribute.replace("~", "~0").replace("/", "~1"))
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE landing_other AS
        SELECT *, is_valid AND NOT {odd("line")} AND NOT {TRAILING_COMMA} AND NOT {HUGE}
            AND json_type(source) = 'VARCHAR' AND source <> '""' AND coalesce(len(within) = 0, true) AS is_sound
        FROM (
            SELECT
                *,
                CASE WHEN is_valid THEN coalesce(json_extract(line, '/source-ref'), json_extract(line, '/source'))
                    END AS source,
                CASE WHEN is_valid THEN list_filter(
                    [json_type(line, {said} || '/tracks'), json_type(line, {said} || '/annotationsFromAllWorkers')],
                    lambda t: t = 'ARRAY') END AS within
            FROM (SELECT *, json_valid(line) AS is_valid FROM {left})
        )""")
    _insert_lines(
        connection,
        f"""SELECT line_no, object_no::VARCHAR AS object_id, line, line AS bare_line,
            json_extract_string(source, '$') AS source, {_text_of("json_extract(line, '/asset-id')")} AS asset_id,
            {_number_of("json_extract(line, '/duration')")} AS duration_s
        FROM landing_other WHERE coalesce(is_sound, false)""",
        attribute,
    )
    rest = connection.sql("""
        SELECT line_no, object_no::VARCHAR, line, is_valid FROM landing_other WHERE NOT coalesce(is_sound, false)
        ORDER BY line_no""").fetchall()
    return [(number, object_id, line.encode(), is_valid) for number, object_id, line, is_valid in rest]


def _read_carefully(
    connection: duckdb.DuckDBPyConnection, careful: list[tuple[int, str, bytes, bool]], attribute: str
) -> list[Fault]:
    lines: list[dict[str, Any]] = []
    answers: list[dict[str, Any]] = []
    faults: list[Fault] = []
    for line_no, object_id, raw, is_valid in sorted(careful):
        found = read_line(line_no, object_id, raw, str)
        if isinstance(found, Fault):
            faults.append(found)
            continue
        value = strict_json.load(found.text)
        bare = without_answers(value, attribute)
        text = raw.decode() if is_valid and b"workerMetadata" not in raw else strict_json.dump(value)
        inside, problems = read_inline(value, attribute)
        faults += [Fault(line_no, "no_worker", f"Line {line_no}: {problem}.") for problem in problems]
        lines.append(
            {
                "line_no": line_no,
                "object_id": object_id,
                "line": text,
                "bare_line": text if bare == value else strict_json.dump(bare),
                "source": found.source,
                "asset_id": found.asset_id,
                "duration_s": found.duration_s,
            }
        )
        answers += (_answer_row(object_id, text, answer) for answer in inside)
    if lines:
        _insert(connection, lines, answers, attribute)
    return faults


def _answer_row(object_id: str, text: str, answer: InlineAnswer) -> dict[str, Any]:
    said = {name: getattr(answer, name) for name in ANSWER if name not in ("object_id", "line")}
    return {"object_id": object_id, "line": text, **said}


def _insert(
    connection: duckdb.DuckDBPyConnection, lines: list[dict[str, Any]], answers: list[dict[str, Any]], attribute: str
) -> None:
    connection.register("careful_line", pa.Table.from_pylist(lines, schema=pa.schema(CAREFUL)))
    connection.register("careful_answer", pa.Table.from_pylist(answers, schema=pa.schema(ANSWER)))
    _insert_lines(connection, "FROM careful_line", attribute)
    answer_id = f"object_id::BIGINT * {ANSWERS_IN_LINE} + answer_no"
    connection.execute(f"""
        INSERT INTO landing_track
        SELECT object_id, worker_id, submitted_at, accepted_at, time_spent_s, md5(line) || '-' || answer_no,
            {answer_id}, len(segments)::INTEGER, problem, true
        FROM careful_answer WHERE content IS NULL""")
    connection.execute(f"""
        INSERT INTO landing_segment
        SELECT answer_id, s.layer, (place - 1)::INTEGER, s.label, s.start_s, s.end_s, s."text",
            CAST(json(s.attributes) AS VARCHAR), true
        FROM (
            SELECT {answer_id} AS answer_id, unnest(segments) AS s, generate_subscripts(segments, 1) AS place
            FROM careful_answer WHERE content IS NULL
        )""")
    connection.execute("""
        INSERT INTO landing_content
        SELECT object_id, worker_id, submitted_at, accepted_at, time_spent_s, md5(json(content)), answer_no,
            json(content)
        FROM careful_answer WHERE content IS NOT NULL""")
    for name in ("careful_line", "careful_answer"):
        connection.unregister(name)


def _insert_lines(connection: duckdb.DuckDBPyConnection, lines: str, attribute: str) -> None:
    """Lines with what their bare text says of the label attribute."""
    bare = f"(SELECT * EXCLUDE (line, bare_line), line AS whole, bare_line AS line FROM ({lines}))"
    connection.execute(f"""
        INSERT INTO landing_careful
        SELECT line_no, object_id, md5(whole), said, about, source, asset_id, duration_s, source_text, whole
        FROM {parts_of_line(bare, attribute)}""")


def _text_of(value: str) -> str:
    """A JSON text that is not empty, else NULL."""
    return f"CASE WHEN json_type({value}) = 'VARCHAR' THEN nullif(json_extract_string({value}, '$'), '') END"


def _number_of(value: str) -> str:
    return f"CASE WHEN NOT starts_with({value}::VARCHAR, '\"') THEN try_cast({value}::VARCHAR AS DOUBLE) END"


def _time_of(value: str) -> str:
    return f"try_cast({value}::VARCHAR AS TIMESTAMPTZ)"
