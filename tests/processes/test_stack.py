"""The supervisor with small real processes: readiness, deaths, and nothing left behind however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from annolake.errors import ProcessError
from annolake.processes import reaper
from annolake.processes.ports import Port
from annolake.processes.stack import Command, Part, Stack
from tests.conftest import free_port

MARK = "test-mark-"

STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if len(sys.argv) < 2:                         # a grandchild in a session of its own, as stubborn
    subprocess.Popen([sys.executable, __file__, "child"], start_new_session=True)
open(os.environ["PIDS"], "a").write(f"{os.getpid()}\\n")
time.sleep(600)
"""


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", textwrap.dedent(code))


def part(name: str, *commands: tuple[str, ...], **options: object) -> Part:
    defaults: dict[str, object] = {
        "title": name,
        "url": "http://nowhere",
        "ports": (),
        "missing": lambda: None,
        "environment": dict(os.environ),
        "patience_s": 20.0,
    }
    numbered = tuple(Command(f"{name}-{n}", argv) for n, argv in enumerate(commands))
    return Part(name=name, commands=numbered, **{**defaults, **options})  # type: ignore[arg-type]


@pytest.fixture
def make_stack(tmp_path: Path) -> Callable[..., Stack]:
    def make(*parts: Part, **options: object) -> Stack:
        mark = MARK + tmp_path.name
        return Stack(parts, mark=mark, logs=tmp_path / "logs", **{"grace_s": 1.0, **options})  # type: ignore[arg-type]

    return make


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(holds: Callable[[], bool], seconds: float = 15.0) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)


def test_parts_become_ready_and_end_with_the_block(make_stack: Callable[..., Stack], tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    ready: list[str] = []
    slow = part(
        "slow",
        python(f"import time; time.sleep(.3); open({str(flag)!r}, 'w'); time.sleep(600)"),
        missing=lambda: None if flag.exists() else "no flag yet",
    )
    told: list[str] = []
    quick = part("quick", python("import time; time.sleep(600)"))
    with make_stack(slow, quick, on_ready=lambda p, _: ready.append(p.name)) as stack:
        stack.start()
        stack.wait_ready(on_progress=told.append)
        pids = [child.pid for _, child, _ in stack._children]
        assert all(map(is_alive, pids)) and len(pids) == 2
    assert sorted(ready) == ["quick", "slow"]
    assert any("slow: no flag yet" in text for text in told)
    assert not any(map(is_alive, pids))


def test_preparation_runs_to_its_end_first(make_stack: Callable[..., Stack], tmp_path: Path) -> None:
    order = tmp_path / "order"
    write = "open({!r}, 'a').write({!r})"
    steps = part(
        "steps",
        python(f"import time; {write.format(str(order), 'main ')}; time.sleep(600)"),
        before=lambda: order.write_text("before "),
        prepare=(Command("prepare", python(f"import time; time.sleep(.3); {write.format(str(order), 'prepared ')}")),),
        after_prepare=lambda: order.write_text(order.read_text() + "after "),
        missing=lambda: None if "main" in order.read_text() else "main",
    )
    with make_stack(steps) as stack:
        stack.start()
        stack.wait_ready()
    assert order.read_text() == "before prepared after main "


def test_a_preparation_that_is_cut_short_is_not_taken_for_done(
    make_stack: Callable[..., Stack], tmp_path: Path
) -> None:
    begun, done = tmp_path / "begun", tmp_path / "done"
    cut = Command("prepare", python(f"import time; open({str(begun)!r}, 'w'); time.sleep(600)"))
    with make_stack(part("cut", python(""), prepare=(cut,), after_prepare=done.touch)) as stack:
        stack.start()
        wait_until(begun.exists)
    assert not done.exists()


def test_a_part_that_dies_is_told_with_the_end_of_its_log(make_stack: Callable[..., Stack]) -> None:
    dying = part("dying", python("import sys, time; print('the reason'); time.sleep(.5); sys.exit(3)"))
    with make_stack(dying) as stack:
        stack.start()
        with pytest.raises(ProcessError, match=r"(?s)dying \(dying-0\) ended with exit code 3.*the reason") as told:
            stack.wait()
    assert "dying-0.log" in str(told.value.hint)


def test_a_preparation_that_fails_is_told(make_stack: Callable[..., Stack]) -> None:
    failing = part("failing", python(""), prepare=(Command("migrate", python("raise SystemExit('no disk')")),))
    with make_stack(failing) as stack:
        stack.start()
        with pytest.raises(ProcessError, match=r"(?s)failing \(migrate\) ended with exit code 1.*no disk"):
            stack.wait_ready()


def test_patience_ends(make_stack: Callable[..., Stack]) -> None:
    never = part("never", python("import time; time.sleep(600)"), missing=lambda: "half of it", patience_s=0.6)
    with make_stack(never) as stack:
        stack.start()
        with pytest.raises(ProcessError, match=r"never was not ready after 1 s: half of it"):
            stack.wait_ready()


def test_a_command_that_does_not_exist_is_told(make_stack: Callable[..., Stack]) -> None:
    with make_stack(part("absent", ("/nonexistent/program",))) as stack:
        stack.start()
        with pytest.raises(ProcessError, match="absent did not start"):
            stack.wait_ready()


def test_taken_ports_stop_everything_before_it_starts(make_stack: Callable[..., Stack]) -> None:
    import socket

    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        number = holder.getsockname()[1]
        ports = (Port("127.0.0.1", number, "labeling service", "service_port"),)
        free = (Port("127.0.0.1", free_port(), "Airflow", "airflow_port"),)
        stack = make_stack(part("a", python(""), ports=ports), part("b", python(""), ports=free))
        with stack, pytest.raises(ProcessError) as told:
            stack.start()
        assert told.value.message == (
            f"port {number} (labeling service) is taken; set ANNOLAKE_SERVICE_PORT or --service-port"
        )
        assert stack._children == []


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds processes through /proc")
def test_stubborn_grandchildren_in_other_sessions_are_killed(make_stack: Callable[..., Stack], tmp_path: Path) -> None:
    script, pids = tmp_path / "stubborn.py", tmp_path / "pids"
    script.write_text(STUBBORN)
    stubborn = part("stubborn", (sys.executable, str(script)), environment={**os.environ, "PIDS": str(pids)})
    with make_stack(stubborn) as stack:
        stack.start()
        wait_until(lambda: pids.exists() and len(pids.read_text().split()) == 2)
        started = [int(pid) for pid in pids.read_text().split()]
        assert all(map(is_alive, started))
    assert not any(map(is_alive, started))


PARENT = """
import sys, time
from pathlib import Path
sys.path[:0] = {path!r}
from tests.processes.test_stack import part
from annolake.processes.lock import hold
from annolake.processes.stack import Stack
import os
home = Path({home!r})
environment = {{**os.environ, "PIDS": str(home / "pids")}}
stubborn = part("stubborn", (sys.executable, str(home / "stubborn.py")), environment=environment)
with hold(home, "annolake up") as holder, Stack([stubborn], mark=holder.mark, logs=home / "logs") as stack:
    stack.start()
    time.sleep(600)
"""


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds processes through /proc")
def test_nothing_outlives_a_parent_that_was_killed(tmp_path: Path) -> None:
    (tmp_path / "stubborn.py").write_text(STUBBORN)
    pids = tmp_path / "pids"
    parent = subprocess.Popen([sys.executable, "-c", PARENT.format(path=sys.path, home=str(tmp_path))])
    try:
        wait_until(lambda: pids.exists() and len(pids.read_text().split()) == 2)
        started = [int(pid) for pid in pids.read_text().split()]
        assert all(map(is_alive, started))
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    wait_until(lambda: not any(map(is_alive, started)))


def test_the_reaper_spares_strangers(tmp_path: Path) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], env={reaper.MARK: "other"})
    try:
        time.sleep(0.2)
        assert reaper.end_marked("another-mark") == 0
        assert stranger.poll() is None
        assert reaper.end_marked("") == 0
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()
