"""The whole demo, small: every real part, in processes of its own, on ports of its own."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rich.console import Console

from annolake.config import Settings
from annolake.demo.run import run_demo
from annolake.errors import MediaError, ProcessError
from annolake.lake.catalog import open_lake
from annolake.lake.reader import ReleaseReader
from annolake.lake.release import latest
from annolake.processes.lock import hold
from annolake.processes.reaper import MARK

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]


def processes_of(home: Path) -> list[int]:
    """Living processes whose settings name this home."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and f"ANNOLAKE_HOME={home}".encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def listeners(pids: list[int]) -> set[int]:
    """Ports that these processes listen on, each of them on loopback only."""
    import psutil

    sockets = [c for pid in pids for c in psutil.Process(pid).net_connections("inet") if c.status == "LISTEN"]
    assert {c.laddr.ip for c in sockets} == {"127.0.0.1"}
    return {c.laddr.port for c in sockets}


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Iterator[Settings]:
    made = make_settings()
    yield made
    if Path("/proc").is_dir():
        assert processes_of(made.home) == []
    shutil.rmtree(made.home, ignore_errors=True)


def demo(settings: Settings, **options: object) -> str:
    out = io.StringIO()
    try:
        run_demo(settings, console=Console(file=out, width=100), **options)  # type: ignore[arg-type]
    finally:
        sys.stdout.write(out.getvalue())  # pytest shows it where the test fails
    return out.getvalue()


def test_media_becomes_agreement_figures(settings: Settings) -> None:
    printed = demo(settings, seed=7, dialogues=4, clips=4)
    for heading in ("Labeling jobs", "Agreement", "Labels", "Workers, best first", "Quality gate", "Next"):
        assert heading in printed
    with ReleaseReader(settings) as reader:
        ask = reader.connection.sql
        assert ask("SELECT count(*) FROM silver.asset").fetchall() == [(8,)]
        assert ask("SELECT count(DISTINCT job_name) FROM silver.job").fetchall() == [(2,)]
        assert ask("SELECT count(*) FROM silver.annotation").fetchall() == [(24,)]
        assert ask("SELECT count(*) FROM gold.agreement_job WHERE measure = 'alpha' AND value IS NOT NULL").fetchall()
        assert ask("SELECT count(*) FROM silver.quarantine").fetchall() != [(0,)]
    first = latest(settings)

    again = demo(settings, seed=7, dialogues=4, clips=4)  # the same media: nothing new is registered
    assert "0 files registered, 8 known before" in again
    second = latest(settings)
    assert first and second and second.release_id > first.release_id
    with open_lake(settings) as lake:
        assert lake.scan("silver.asset").num_rows == 8
        assert lake.scan("bronze.batch_item").num_rows == 16


def test_own_media_waits_for_people(settings: Settings, shared_data: Path) -> None:
    folder = shared_data / "media"
    printed = demo(settings, media=folder)
    assert "Registered" in printed and "Refused" in printed
    assert "2 labeling jobs wait for people" in printed and "annolake up" in printed
    with open_lake(settings) as lake:
        n_assets = lake.scan("silver.asset").num_rows
        refused = [o for o in lake.scan("bronze.landing_outcome").to_pylist() if not o["is_ok"]]
    assert n_assets > 10 and refused and all(o["reason"] for o in refused)


def test_a_wrong_folder_is_told_before_anything_starts(settings: Settings, tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(MediaError, match="there is no such file or folder"):
        demo(settings, media=tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(MediaError, match="holds no file"):
        demo(settings, media=tmp_path / "empty")
    assert time.monotonic() - began < 5


def test_a_second_run_is_told_of_the_first(settings: Settings) -> None:
    with hold(settings.home, "annolake demo"), pytest.raises(ProcessError, match=r"`annolake demo` \(process"):
        demo(settings)


def test_up_ends_with_ctrl_c_and_leaves_nothing(settings: Settings) -> None:
    flags = ["--home", str(settings.home)]
    for part in ("service", "airflow", "dashboards"):
        flags += [f"--{part}-port", str(getattr(settings, f"{part}_port"))]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AIRFLOW") and k != MARK}
    command = [sys.executable, "-m", "annolake", *flags, "up"]
    lines: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment) as up:
        assert up.stdout
        for line in up.stdout:
            lines.append(line)
            if "Ctrl-C stops" in line:
                ours = processes_of(settings.home)
                assert len(ours) >= 6
                assert listeners(ours) == {settings.service_port, settings.airflow_port, settings.dashboards_port}
                up.send_signal(signal.SIGINT)
        code = up.wait(60)
    printed = "".join(lines)
    assert code == 0, printed
    assert f"{settings.service_url}/portal/" in printed and "annotator / " in printed
    assert settings.airflow_password in printed and settings.dashboards_url in printed
    assert printed.rstrip().endswith("Everything is stopped.")
