"""Analysts' SQL: what is answered, what is refused and why, what the process that answers cannot do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from annolake.config import Settings
from annolake.errors import SqlRefused
from annolake.lake.sql import Session, check, query


@pytest.fixture(scope="module")
def session(small_lake: Settings) -> Iterator[Session]:
    """One process for all questions: a refusal must not spoil it for the next one."""
    with Session(small_lake, limit_seconds=30, limit_memory="500MB") as opened:
        yield opened


OUTSIDE = [
    "select * from read_text('/etc/passwd')", "select * from read_csv('/etc/passwd')", "from '/etc/passwd'",
    "select * from read_blob('/etc/hostname')", "select * from glob('/etc/*')", "from sniff_csv('/etc/passwd')",
    "from read_json('/proc/self/environ')", "from read_duckdb('{home}/lake.duckdb')", "from '/proc/self/maps'",
    "select * from read_parquet('{home}/lake/warehouse/restricted/**/*.parquet')", "from restricted.worker",
    "select * from read_parquet('{file}')", "from '{file}'", "from parquet_metadata('{file}')", "from \"{file}\"",
    "select * from read_text('{home}/secrets.toml')", "select * from read_text('{link}')", "from '{link}'",
    "select * from read_text('https://example.org/x')", "from 's3://bucket/x.parquet'", "from 'file:///etc/passwd'",
    "select (select count(*) from read_text('/etc/passwd'))", "with x as (from read_csv('/etc/passwd')) from x",
    "select * from gold.agreement_job where job_name in (select content from read_text('/etc/passwd'))",
    "from (select 1) as t, lateral (select * from read_text('/etc/passwd'))", "describe '/etc/passwd'",
    "select case when true then (select content from read_text('/etc/passwd')) end", "summarize '/etc/passwd'",
    "with \"/etc/passwd\" as (select 1) select * from read_text('/etc/passwd')",
    "with recursive t as (select 1 as a union all select * from read_text('/etc/passwd')) from t",
    "from query('select * from read_text(''/etc/passwd'')')", "from query_table('duckdb_secrets')",
    "from json_execute_serialized_sql('{{}}')", "select json_serialize_plan('select * from silver.segment')",
    "from duckdb_views()", "from duckdb_views", "select sql from duckdb_views()", "from duckdb_settings()",
    "from duckdb_secrets()", "from duckdb_temporary_files()", "from duckdb_external_file_cache()", "from duckdb_logs()",
    "from pg_catalog.pg_views", "from information_schema.views", "from sqlite_master", "from pragma_storage_info('x')",
    "select current_setting('allowed_paths')", "select main.current_setting('temp_directory')",
    "select system.main.current_setting('allowed_paths')", "select 'allowed_paths'.current_setting()",
    "select list_transform(['allowed_paths'], lambda x: current_setting(x))", "select getenv('HOME')",
    "select pg_get_viewdef(1)", "select write_log('x')", "select sleep_ms(10)", "from create_external_resource('x')",
    "select * from statement", "from small_lake",
]  # fmt: skip
NO_QUESTION = [
    "copy (select 1) to '{home}/out.csv'", "copy gold.agreement_job to '/dev/stdout'", "attach '{home}/x.db'",
    "attach '{home}/lake/catalog.db' (type sqlite)", "set memory_limit = '9GB'", "set enable_external_access = true",
    "reset lock_configuration", "set variable x = 1", "pragma enable_profiling", "pragma database_list",
    "install httpfs", "load '{home}/x'", "load httpfs", "create table x as select 1", "create temp table x as select 1",
    "create macro m() as table select * from read_text('/etc/passwd')",
    "create view v as from read_text('/etc/passwd')",
    "insert into gold.agreement_job select 1", "drop view gold.agreement_job", "delete from silver.segment",
    "update silver.segment set label = 'x'", "truncate silver.segment", "alter view gold.agreement_job rename to x",
    "with x as (select 1) insert into gold.agreement_job select * from x", "merge into x using y on a = b",
    "prepare p as select * from read_text('/etc/passwd')", "execute p", "deallocate p", "call pragma_version()",
    "explain select 1", "explain analyze select 1", "export database '{home}/x'", "import database '{home}/x'",
    "select 1; select 2", "select 1; copy (select 1) to '{home}/z.csv'", "", ";", "-- nothing", "select", "selekt",
    "begin", "vacuum", "checkpoint", "use meta", "create secret (type s3)", "comment on table x is 'y'",
    "pivot gold.label_distribution on label using sum(n_items)",
]  # fmt: skip


@pytest.mark.parametrize("statement", [*OUTSIDE, *NO_QUESTION])
def test_only_questions_about_the_release(
    session: Session, small_lake: Settings, statement: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = next((small_lake.home / "lake" / "warehouse").rglob("*.parquet"))
    link = tmp_path_factory.getbasetemp() / "link.csv"
    if not link.is_symlink():
        link.symlink_to("/etc/passwd")
    before = sorted(p for p in small_lake.home.rglob("*") if p.is_file())
    with pytest.raises(SqlRefused) as refused:
        session.ask(statement.format(home=small_lake.home, file=file, link=link))
    assert "root:" not in str(refused.value)
    assert sorted(p for p in small_lake.home.rglob("*") if p.is_file()) == before


@pytest.mark.parametrize(
    "statement",
    [
        "show tables", "describe gold.agreement_job", "from worker_quality", "values (1)", "summarize silver.segment",
        "with x as (select * from silver.segment) select count(*) from x union all select 1", "show all tables",
        "select * from meta.release", "select day, sum(n_segments) from gold.label_distribution group by all",
        "select landed_at from silver.segment limit 1", "from memory.gold.agreement_job", "table gold.agreement_job",
        "from range(3), unnest([1, 2])",
        "from (pivot gold.label_distribution on label in ('A', 'B') using sum(n_items))",
        "with recursive t(n) as (values (1) union all select n + 1 from t where n < 5) select sum(n) from t",
        "select j.key from gold.dispute_queue, json_each(workers) as j",
        "select table_name from information_schema.tables",
        "select list_transform([1], lambda x: x + 1), regexp_extract('a1', '[0-9]')", "-- why\nselect 1; -- because",
        "unpivot (select 1 as a, 2 as b) on columns(*)", "select * from \"gold\".\"AGREEMENT_JOB\"",
    ],
)  # fmt: skip
def test_questions_are_answered(session: Session, statement: str) -> None:
    assert session.ask(statement).num_rows > 0


def test_nothing_tells_where_files_are(session: Session, small_lake: Settings) -> None:
    everything = [
        "show all tables", "from information_schema.tables", "from information_schema.columns",
        "from information_schema.schemata",
        "describe silver.segment", "summarize gold.agreement_job", "from duckdb_functions()",
    ]  # fmt: skip
    for statement in everything:
        rows = session.ask(statement)
        assert rows.num_rows and str(small_lake.home) not in str(rows.to_pylist()), statement


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("select * from gold.worker_qualty", r"called gold\.worker_qualty; did you mean gold\.worker_quality\?"),
        ("from agrement_job", r"did you mean gold\.agreement_job\?"),
        ("from silver.agreement_job", r"No table is called silver\.agreement_job; did you mean gold\.agreement_job\?"),
        ("from public.segment", r"did you mean silver\.segment\?"),
        ("select lable from silver.segment", r"No column is called lable; did you mean label of silver\.segment\?"),
        ("select w.ofset_s from gold.worker_quality as w", r"did you mean offset_s of gold\.worker_quality"),
        ("select drift_cusum from gold.agreement_job", r"gold\.worker_quality has it"),
        ("select lable from silver.segment", r"silver\.segment has: job_name, object_id"),
        ("select medain(value) from gold.agreement_job", r"No function is called medain; did you mean median"),
        ("select * from restricted.worker", "who the annotators are"),
        ("from 'x.csv'", "is a file"),
        ("select * from pivoted", r"No table is called pivoted"),
        ("pivot gold.label_distribution on label using sum(n_items)", "Name its columns"),
        ("select 'x'::integer", "Conversion Error"),
        ("select job_name from gold.agreement_job group by layer", "GROUP BY"),
    ],
)  # fmt: skip
def test_the_right_name_is_suggested(session: Session, statement: str, said: str) -> None:
    with pytest.raises(SqlRefused, match=said):
        session.ask(statement)


def test_tables_of_a_statement() -> None:
    assert check("from gold.agreement_job") == {"gold.agreement_job"}
    assert check("with x as (from silver.segment) from x, job_trend") == {
        "silver.segment", "silver.annotation", "gold.job_trend"
    }  # fmt: skip
    assert check("select 1") == frozenset()
    with pytest.raises(SqlRefused, match=r"nested too deeply|Maximum|depth"):
        check("select " + "(" * 3000 + "1" + ")" * 3000)
    with pytest.raises(SqlRefused, match="characters"):
        check("select '" + "x" * 1_000_000 + "'")


ENDLESS = "select count(*) from range(1000000000) as a, range(1000000) as b"


def test_limits_leave_the_session_usable(small_lake: Settings) -> None:
    with Session(small_lake, limit_seconds=0.5, limit_memory="100MB") as session:
        with pytest.raises(SqlRefused, match=r"longer than 0\.5 s"):
            session.ask(ENDLESS)
        session.limit_seconds = 30
        assert session.ask("select 1 as a").to_pylist() == [{"a": 1}]
        with pytest.raises(SqlRefused, match="more memory"):
            session.ask("select list(random()) from range(100000000)")
        with pytest.raises(SqlRefused, match="more memory than it may use: its rows alone"):
            session.ask("select range from range(3000000000)")
        with pytest.raises(SqlRefused, match="more memory"):
            session.ask("select length(repeat('x', 4000000000) || repeat('y', 4000000000))")
        with pytest.raises(SqlRefused, match="Conversion Error"):  # met after the first rows
            session.ask("select if(range = 200000, 'x', '1')::integer from range(300000)")
        assert session.ask("select count(*) as n from gold.agreement_job").num_rows == 1


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_a_limit_is_a_number_of_seconds(small_lake: Settings, seconds: float) -> None:
    with pytest.raises(SqlRefused, match="not a number of seconds"):
        query(small_lake, "select 1", limit_seconds=seconds)


def test_a_limit_is_a_size(small_lake: Settings) -> None:
    with pytest.raises(SqlRefused, match="not a size"):
        query(small_lake, "select 1", limit_memory="1GB'; select 1; --")


def test_ctrl_c_stops_the_statement_and_not_the_session(small_lake: Settings) -> None:
    """In a process of its own, as at a terminal: nothing else there has a say in what Ctrl-C does."""
    session = textwrap.dedent(f"""
        import signal
        from annolake.config import Settings
        from annolake.lake.sql import Cancelled, Session
        signal.signal(signal.SIGINT, signal.default_int_handler)  # shells switch it off for what runs in the background
        with Session(Settings.load()) as session:
            session.ask("select 1")
            print("asking", flush=True)
            try:
                session.ask({ENDLESS!r})
            except Cancelled:
                print(session.ask("select 2 as b").to_pylist(), flush=True)
    """)
    ours = {k: v for k, v in small_lake.environment().items() if v}
    with subprocess.Popen(
        [sys.executable, "-c", session], env=os.environ | ours, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "asking\n"
        time.sleep(0.5)
        child.send_signal(signal.SIGINT)
        assert child.communicate(timeout=180)[0] == "[{'b': 2}]\n"


def test_the_process_itself_cannot_reach_out(small_lake: Settings, session: Session) -> None:
    """The same process, with Python in place of SQL: what holds where every other wall has fallen."""
    session.ask("select 1")
    if "landlock" not in session.walls:
        pytest.skip("this kernel has no Landlock; limits of the process hold")
    folder = next((small_lake.home / "lake" / "warehouse").rglob("data"))
    file = next(folder.rglob("*.parquet"))
    attempt = textwrap.dedent(f"""
        import os, socket
        from annolake.lake.sandbox import _restrict
        assert _restrict([{str(folder)!r}], 4 << 30) == ["limits", "landlock"]
        open({str(file)!r}, "rb").read(4)
        def refused(what):
            try:
                what()
            except OSError:
                return True
        tries = {{
            "passwd": lambda: open("/etc/passwd"), "secrets": lambda: open({str(small_lake.home / "secrets.toml")!r}),
            "catalog": lambda: open({str(small_lake.home / "lake" / "catalog.db")!r}, "rb"),
            "write": lambda: open({str(file)!r}, "r+b"), "make": lambda: open({str(folder / "new")!r}, "w"),
            "remove": lambda: os.remove({str(file)!r}), "folder": lambda: os.mkdir({str(folder / "d")!r}),
            "temporary": lambda: open("/tmp/annolake-sandbox-test", "w"), "list": lambda: os.listdir("/"),
            "connect": lambda: socket.create_connection(("127.0.0.1", 9), 1),
            "run": lambda: os.execv("/bin/ls", ["ls"]),
        }}
        print([name for name, what in tries.items() if not refused(what)], sorted(os.environ))
    """)  # fmt: skip
    ran = subprocess.run([sys.executable, "-c", attempt], env={"PATH": ""}, capture_output=True, text=True, check=False)
    assert ran.stdout.startswith("[] "), ran.stdout + ran.stderr
    assert file.exists()


def test_the_process_gets_no_secret(small_lake: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    with Session(small_lake) as session:
        session.ask("select 1")
        assert session._process is not None
        environ = Path(f"/proc/{session._process.pid}/environ")
        assert not environ.exists() or b"hunter2" not in environ.read_bytes()
