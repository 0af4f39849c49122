"""What the lines of a manifest say, batch by batch: typed by DuckDB where they have a known form, else with care.

A batch ends in three temporary tables: the good lines, the tracks (answers whose segments stand in the line) and the
whole answers inside of lines. A line is read in one of three ways, and the rows are the same whichever it is:

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

from annolake.lake.forms import SAMPLE, SEGMENTS, Form, find_form
from annolake.lake.lines import Undecodable
from annolake.lake.views import literal
from transforms import strict_json
from transforms.ground_truth import Fault, read_line
from transforms.inline import InlineAnswer, read_inline, without_answers

LINE_COLUMNS = """line_no BIGINT, object_id VARCHAR, line VARCHAR, line_hash VARCHAR, bare_line VARCHAR,
    source VARCHAR, asset_id VARCHAR, duration_s DOUBLE, source_text VARCHAR"""
_WHOSE = """object_id VARCHAR, worker_id VARCHAR, submitted_at TIMESTAMPTZ, accepted_at TIMESTAMPTZ,
    time_spent_s DOUBLE, answer_hash VARCHAR, answer_no INTEGER"""
TABLES = {
    "landing_line": LINE_COLUMNS,
    "landing_track": f"{_WHOSE}, segments {SEGMENTS}, problem VARCHAR",
    "landing_content": f"{_WHOSE}, content VARCHAR",
}
"""The temporary tables of a batch. `bare_line` is the line without the answers in it, `source_text`
the source where that is the text itself."""

ODD = r"""(regexp_matches(line, ',\s*[\]}]') OR contains(line, 'workerMetadata')
    OR (contains(line, 'nan') OR contains(line, 'NaN') OR contains(line, 'NAN') OR contains(line, 'inf')
        OR contains(line, 'Inf') OR contains(line, 'INF')) AND regexp_matches(line, '[:,\[\s-](?i:nan|inf)'))"""
"""What DuckDB's reader takes for JSON and others do not, and the identities of workers."""
HUGE = r"regexp_matches(line, '[0-9][eE]\+?[0-9]{3}|[0-9]{100}')"
_STAMP = pa.timestamp("us", tz="UTC")
SEGMENT: dict[str, pa.DataType] = {
    "layer": pa.string(),
    "label": pa.string(),
    "start_s": pa.float64(),
    "end_s": pa.float64(),
    "text": pa.string(),
    "attributes": pa.string(),
}
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
    "source_text": pa.string(),
}
"""Lines and answers that the careful reader read, as Arrow columns."""


def read_batch(
    connection: duckdb.DuckDBPyConnection, batch: pa.Table, undecodable: Iterable[Undecodable], attribute: str
) -> list[Fault]:
    """Fill the temporary tables from a batch of `lines.LINES`; returns what is wrong with the lines that are not there.

    Worker ids in the batch are pseudonyms already. Lines of `landing_known` (line_no, line_hash), where a relation of
    that name is there, are passed over.
    """
    for name, columns in TABLES.items():
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({columns})")
    connection.register("landing_batch", batch)
    connection.execute(f"CREATE OR REPLACE TEMP VIEW landing_block AS {_unknown(connection)}")
    form = find_form(_sample(batch), attribute)
    if form:
        _read_by_form(connection, form)
        left = "landing_unread"
    else:
        left = "(SELECT * EXCLUDE (n_keys) FROM landing_block)"
    careful = _read_others(connection, left, attribute)
    careful += [(u.line_no, str(u.object_no), u.raw, False) for u in undecodable]
    connection.execute("DROP VIEW landing_block")
    connection.unregister("landing_batch")
    return _read_carefully(connection, careful, attribute)


def _unknown(connection: duckdb.DuckDBPyConnection) -> str:
    known = connection.sql("SELECT 1 FROM duckdb_tables() WHERE table_name = 'landing_known'").fetchall()
    if not known:
        return "SELECT * FROM landing_batch"
    return """
        SELECT * FROM landing_batch AS b
        ANTI JOIN landing_known AS k ON b.line_no = k.line_no AND md5(b.line) = k.line_hash"""


def _sample(batch: pa.Table) -> list[str]:
    step = max(1, batch.num_rows // SAMPLE)
    return [str(batch["line"][row].as_py()) for row in range(0, batch.num_rows, step)]


def _read_by_form(connection: duckdb.DuckDBPyConnection, form: Form) -> None:
    """Lines of the form to their tables, all others to `landing_unread`."""
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE landing_read AS
        SELECT *, coalesce(read IS NOT NULL AND {form.fits}, false) AS fits
        FROM (
            SELECT
                *,
                md5(line) AS line_hash,
                CASE WHEN NOT {ODD} THEN try(json_transform_strict(line, {literal(form.structure)})) END AS read
            FROM landing_block
        )""")
    source = form.of_line("source-ref" if "source-ref" in form.line else "source")
    connection.execute(f"""
        INSERT INTO landing_line
        SELECT line_no, object_no::VARCHAR, line, line_hash, {form.without_answers},
            json_extract_string({source}, '$'), {_text_of(form.of_line("asset-id"))},
            {_number_of(form.of_line("duration"))},
            {"NULL" if "source-ref" in form.line else f"json_extract_string({source}, '$')"}
        FROM landing_read WHERE fits""")
    connection.execute(f"""
        INSERT INTO landing_track
        WITH each AS (
            SELECT object_no, line_hash, unnest({form.tracks}) AS track,
                generate_subscripts({form.tracks}, 1) - 1 AS answer_no
            FROM landing_read WHERE fits
        )
        SELECT object_no::VARCHAR, json_extract_string(track."workerId", '$'),
            {_time_of(form.of_track("submissionTime"))}, {_time_of(form.of_track("acceptanceTime"))},
            {_number_of(form.of_track("timeSpentInSeconds"))}, line_hash || '-' || answer_no, answer_no,
            {form.segments}, NULL
        FROM each""")
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE landing_unread AS
        SELECT line_no, object_no, line FROM landing_read WHERE NOT fits;
        DROP TABLE landing_read""")


def _read_others(
    connection: duckdb.DuckDBPyConnection, left: str, attribute: str
) -> list[tuple[int, str, bytes, bool]]:
    """Lines that DuckDB reads as everybody does, without answers inside, to their table; returns the rest."""
    said = literal("/" + attribute.replace("~", "~0").replace("/", "~1"))
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE landing_other AS
        SELECT *, is_valid AND NOT {ODD} AND NOT {HUGE} AND json_type(source) = 'VARCHAR' AND source <> '""'
            AND coalesce(len(within) = 0, true) AS is_sound
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
    connection.execute(f"""
        INSERT INTO landing_line
        SELECT line_no, object_no::VARCHAR, line, md5(line), line, json_extract_string(source, '$'),
            {_text_of("json_extract(line, '/asset-id')")}, {_number_of("json_extract(line, '/duration')")},
            CASE WHEN NOT json_exists(line, '/source-ref') THEN json_extract_string(source, '$') END
        FROM landing_other WHERE coalesce(is_sound, false)""")
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
                "source_text": found.source if found.is_text else None,
            }
        )
        answers += (_answer_row(object_id, text, answer) for answer in inside)
    if lines:
        _insert(connection, lines, answers)
    return faults


def _answer_row(object_id: str, text: str, answer: InlineAnswer) -> dict[str, Any]:
    said = {name: getattr(answer, name) for name in ANSWER if name not in ("object_id", "line")}
    return {"object_id": object_id, "line": text, **said}


def _insert(connection: duckdb.DuckDBPyConnection, lines: list[dict[str, Any]], answers: list[dict[str, Any]]) -> None:
    connection.register("careful_line", pa.Table.from_pylist(lines, schema=pa.schema(CAREFUL)))
    connection.register("careful_answer", pa.Table.from_pylist(answers, schema=pa.schema(ANSWER)))
    connection.execute("""
        INSERT INTO landing_line
        SELECT line_no, object_id, line, md5(line), bare_line, source, asset_id, duration_s, source_text
        FROM careful_line""")
    connection.execute("""
        INSERT INTO landing_track
        SELECT object_id, worker_id, submitted_at, accepted_at, time_spent_s, md5(line) || '-' || answer_no,
            answer_no,
            list_transform(segments, lambda s: struct_pack(layer := s.layer, label := s.label, start_s := s.start_s,
                end_s := s.end_s, "text" := s.text, attributes := CAST(json(s.attributes) AS VARCHAR))), problem
        FROM careful_answer WHERE content IS NULL""")
    connection.execute("""
        INSERT INTO landing_content
        SELECT object_id, worker_id, submitted_at, accepted_at, time_spent_s, md5(json(content)), answer_no,
            json(content)
        FROM careful_answer WHERE content IS NOT NULL""")
    for name in ("careful_line", "careful_answer"):
        connection.unregister(name)


def _text_of(value: str) -> str:
    """A JSON text that is not empty, else NULL."""
    return f"CASE WHEN json_type({value}) = 'VARCHAR' THEN nullif(json_extract_string({value}, '$'), '') END"


def _number_of(value: str) -> str:
    return f"CASE WHEN NOT starts_with({value}::VARCHAR, '\"') THEN try_cast({value}::VARCHAR AS DOUBLE) END"


def _time_of(value: str) -> str:
    return f"try_cast(json_extract_string({value}, '$') AS TIMESTAMPTZ)"
