"""`annolake sql` as analysts meet it: one statement, a pipe, a session at a real terminal."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import select
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from annolake.cli.rows import Format
from annolake.cli.shell import Shell, split
from annolake.config import Settings
from annolake.lake.sql import Session


@pytest.fixture(scope="module")
def session(small_lake: Settings) -> Iterator[Session]:
    with Session(small_lake) as opened:
        yield opened


@pytest.fixture
def shell(session: Session) -> Shell:
    return Shell(session)


def environ(settings: Settings) -> dict[str, str]:
    return {**os.environ, "ANNOLAKE_HOME": str(settings.home), "COLUMNS": "120", "TERM": "xterm"}


def piped(settings: Settings, text: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "annolake", "sql", *arguments]
    return subprocess.run(
        command, input=text.encode(), env=environ(settings), capture_output=True, check=False, timeout=120
    )


def test_statements_from_a_pipe(small_lake: Settings, tmp_path: Path) -> None:
    text = """.format csv
        select count(*) as n
        from silver.job; select ';' as semicolon -- ; no end
        ;
        select lable from silver.segment;
        .tables
        select 'last' as l"""
    ran = piped(small_lake, text)
    assert ran.returncode == 1, "one of them failed"
    lines = ran.stdout.decode().splitlines()
    assert lines[:4] == ["n", "3", "semicolon", ";"] and lines[-2:] == ["l", "last"]
    assert "gold.agreement_job" in ran.stdout.decode()
    assert "did you mean label of silver.segment?" in " ".join(ran.stderr.decode().split())


def test_one_statement_in_each_format(small_lake: Settings, tmp_path: Path) -> None:
    question = "select job_name, n_objects from silver.job order by job_name"
    as_parquet = piped(small_lake, "", question, "--format", "parquet")
    assert as_parquet.returncode == 0, as_parquet.stderr
    rows = pq.read_table(io.BytesIO(as_parquet.stdout)).to_pylist()
    assert rows == [
        {"job_name": "clips-1", "n_objects": 20}, {"job_name": "voices-1", "n_objects": 12},
        {"job_name": "voices-2", "n_objects": 6},
    ]  # fmt: skip
    target = tmp_path / "jobs.parquet"
    assert piped(small_lake, "", question, "--out", str(target)).returncode == 0
    assert pq.read_table(target).to_pylist() == rows


def test_formats_and_files_of_a_session(shell: Shell, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    question = "select job_name, n_objects from silver.job where n_objects > 6 order by 1"
    assert shell.run(".format json") and shell.run(question)
    assert json.loads(capsys.readouterr().out) == [
        {"job_name": "clips-1", "n_objects": 20}, {"job_name": "voices-1", "n_objects": 12}
    ]  # fmt: skip
    assert shell.run(f".out {tmp_path / 'rows.csv'}") and shell.run(".format csv") and shell.run(question)
    assert list(csv.reader((tmp_path / "rows.csv").read_text().splitlines()))[1] == ["clips-1", "20"]
    assert "2 rows" in capsys.readouterr().err
    assert shell.run(".out") and not shell.run(".format xml")
    assert "parquet" in capsys.readouterr().err and shell.how is Format.csv


def test_commands_tell_what_there_is(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    assert shell.run(".tables")
    assert "one measure of one layer of one job" in " ".join(capsys.readouterr().out.split())
    assert shell.run(".schema worker_quality")
    shown = " ".join(capsys.readouterr().out.split())
    assert "signed boundary offset: positive is late" in shown and "job_name, layer, worker_id" in shown
    assert shell.run(".queries gold accuracy".replace("gold accuracy", "truth"))
    assert "gold_accuracy" in capsys.readouterr().out
    assert shell.run(".run gold_accuracy")
    told = capsys.readouterr()
    assert "How often is each annotator right" in told.out and "3 rows in" in told.err
    assert shell.run(".show gold_accuracy") and "FROM gold.worker_quality" in capsys.readouterr().out
    assert shell.run(".help") and ".schema TABLE" in capsys.readouterr().out
    for wrong, said in ((".run gold_acuracy", "did you mean gold_accuracy?"), (".schema job_tred", "gold.job_trend"),
                        (".nothing", ".help")):  # fmt: skip
        assert not shell.run(wrong)
        assert said in " ".join(capsys.readouterr().err.split())
    assert shell.run(".quit") and shell.is_done


@pytest.mark.parametrize(
    ("before", "wanted"),
    [
        ("select * from gold.agr", "gold.agreement_job"),
        ("select * from si", "silver.segment"),
        ("from gold.worker_quality select off", "offset_s"),
        ("from gold.worker_quality as w select w.off", "w.offset_s"),
        ("sel", "select"), ("select regexp_ex", "regexp_extract"), (".sch", ".schema"),
        (".schema gold.job_", "gold.job_day"),
        (".run worst", "worst_items"), (".format par", "parquet"),
    ],
)  # fmt: skip
def test_completion(shell: Shell, before: str, wanted: str) -> None:
    assert wanted in list(shell.words(before))


@pytest.mark.parametrize(
    ("text", "statements", "rest"),
    [
        ("select 1; select 2;", ["select 1", "select 2"], ""), ("select ';'", [], "select ';'"),
        ("select 'it''s;' ; x", ["select 'it''s;'"], " x"), ('select ";" ;', ['select ";"'], ""),
        ("select 1 -- ;\n;", ["select 1 -- ;"], ""), ("/* ; */ select 1;", ["/* ; */ select 1"], ""),
        ("select $$;$$;", ["select $$;$$"], ""), ("select 'open ;", [], "select 'open ;"), (";;", [], ""),
    ],
)  # fmt: skip
def test_split(text: str, statements: list[str], rest: str) -> None:
    assert split(text) == (statements, rest)


class Terminal:
    """A person at a real terminal."""

    def __init__(self, settings: Settings) -> None:
        self.main, second = pty.openpty()
        command = [sys.executable, "-m", "annolake", "sql"]
        self.process = subprocess.Popen(
            command, stdin=second, stdout=second, stderr=second, env=environ(settings), start_new_session=True
        )
        os.close(second)
        self.seen = ""

    def until(self, text: str, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while text not in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.seen):
            left = deadline - time.monotonic()
            assert left > 0 and select.select([self.main], [], [], left)[0], f"{text!r} is not in {self.seen[-800:]!r}"
            self.seen += os.read(self.main, 65536).decode(errors="replace")

    def types(self, text: str) -> None:
        self.seen = ""
        os.write(self.main, text.encode())


def test_a_session_at_the_terminal(small_lake: Settings) -> None:
    terminal = Terminal(small_lake)
    try:
        terminal.until("annolake>")
        terminal.types("select n_objects + 1000 as many\rfrom silver.job where job_name = 'clips-1';\r")
        terminal.until("1020")
        terminal.until(" in ")
        terminal.types("select count(*) from range(1000000000) a, range(1000000) b;\r")
        time.sleep(1.5)
        os.kill(terminal.process.pid, signal.SIGINT)
        terminal.until("was stopped")
        terminal.types("select 41 + 1 as answer;\r")
        terminal.until("42")
        terminal.types(".quit\r")
        assert terminal.process.wait(30) == 0
    finally:
        terminal.process.kill()
        os.close(terminal.main)
    history = small_lake.home / "sql_history"
    assert "41 + 1" in history.read_text() and stat.S_IMODE(history.stat().st_mode) == 0o600
