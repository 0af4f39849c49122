"""One holder of a state folder at a time; what a killed holder left running is ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from annolake.errors import ProcessError
from annolake.processes.lock import hold

HOLDER = """
import subprocess, sys, time
from pathlib import Path
from annolake.processes.lock import hold
from annolake.processes.reaper import MARK
with hold(Path(sys.argv[1]), "annolake demo") as holder:
    left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], env={MARK: holder.mark})
    print(left.pid, flush=True)
    time.sleep(600)
"""


def test_second_holder_is_told_who_is_there(tmp_path: Path) -> None:
    with hold(tmp_path, "annolake up"):
        with pytest.raises(ProcessError) as told, hold(tmp_path, "annolake demo"):
            pass
        assert f"`annolake up` (process {os.getpid()}, since " in told.value.message
        assert "annolake --home OTHER_FOLDER" in str(told.value.hint)
    with hold(tmp_path, "annolake demo") as holder:
        assert holder.command == "annolake demo"


def test_another_process_holds_until_it_is_killed(tmp_path: Path) -> None:
    other = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout
        left = int(other.stdout.readline())
        with pytest.raises(ProcessError, match=rf"`annolake demo` \(process {other.pid}"), hold(tmp_path, "x"):
            pass
    finally:
        other.send_signal(signal.SIGKILL)
        other.wait()
        other.stdout.close()
    with hold(tmp_path, "annolake up"):
        until = time.monotonic() + 10
        while Path(f"/proc/{left}").exists() and time.monotonic() < until:
            time.sleep(0.05)
        assert not Path(f"/proc/{left}").exists()


def test_a_damaged_lock_file_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / "run.lock").write_text("{half")
    with hold(tmp_path, "annolake up"):
        pass
