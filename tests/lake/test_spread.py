"""Files read by several processes: the same rows in the same order, and nothing left however it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pyarrow as pa
import pytest

from annolake.errors import LabelingUnavailable, ProcessError, ReaderLost
from annolake.lake import spread
from annolake.lake.fetch import LocalStore
from annolake.lake.responses import Rows, Stamp, by_object
from annolake.lake.spread import Readers, gather
from annolake.lake.spread_child import LIST, READ
from tests.lake.jobs import START
from tests.lake.test_typed import usual

STAMP = Stamp("Job-1", "land-1", START, "key")
RESPONSES = "s3://labeling/job/annotations/worker-response/"


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    """Ninety objects, each with a file or two, of all kinds."""
    for number in range(90):
        folder = tmp_path / f"labeling/job/annotations/worker-response/iteration-{1 + number % 2}/{number}"
        folder.mkdir(parents=True)
        said = json.loads(usual(f"text {number}"))
        said["answers"][0]["workerId"] = f"worker {number % 7}"
        if number % 5 == 1:
            said["answers"].append(said["answers"][0] | {"workerId": f"worker {number}", "unknown": 1})
        if number % 9 == 2:
            said["answers"].append({"answerContent": {"a": "b"}})
        text = json.dumps(said) if number % 11 else "no JSON"
        (folder / "2026-01-08_07:12:02.json").write_text(text)
        if number % 4 == 3:
            (folder / "2026-01-08_07:12:03.json").write_text(text)
    (folder.parent / "90.json").write_text("{}")
    (folder.parent / "0-0").mkdir()
    (folder.parent / "link").symlink_to(folder)
    return LocalStore(tmp_path)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spread, "FEW", 10)


@pytest.fixture
def readers(store: LocalStore, few: None) -> Iterator[Readers]:
    with Readers(store, STAMP, 2) as found:
        yield found


def processes(readers: Readers) -> list[str]:
    """Those that answer: children of the one that was started."""
    assert readers._process is not None
    parents = {stat.parent.name: _stat(stat.parent.name) for stat in Path("/proc").glob("[0-9]*/stat")}
    return sorted((pid for pid, (_, parent) in parents.items() if parent == str(readers._process.pid)), key=int)


def whose(rows: Rows) -> dict[str, list[object]]:
    """What rows say, with answers named by their file where segments have only a number."""
    answers = rows.answers.to_pylist()
    named = {a["answer_id"]: (a["source_uri"], a["answer_no"]) for a in answers}
    return {
        "answers": [a | {"answer_id": named[a["answer_id"]] if a["answer_id"] is not None else None} for a in answers],
        "segments": [s | {"answer_id": named[s["answer_id"]]} for s in rows.segments.to_pylist()],
        "people": list({tuple(p.values()): None for p in rows.people.to_pylist()}),
        "outcomes": rows.outcomes.to_pylist(),
    }


def test_the_same_rows_in_the_same_order(store: LocalStore, readers: Readers) -> None:
    with Readers(store, STAMP, 1) as alone:
        sources = list(alone.list(RESPONSES))
        assert list(readers.list(RESPONSES)) == sources == list(store.list(RESPONSES))
        assert len(sources) > 100
        (store.folder / sources[33].uri.removeprefix("s3://")).unlink()
        (expected,) = gather(alone.read(by_object(sources)))
        assert not alone._children
    (found,) = gather(readers.read(by_object(sources)))
    assert len(readers._children) == 2
    assert whose(found) == whose(expected)
    codes = set(found.outcomes["reason_code"].to_pylist())
    assert codes >= {None, "unreadable", "unknown_path", "malformed_json", "no_worker", "bad_answers"}
    assert 0 < found.answers["answer_id"].null_count < found.answers.num_rows


def test_a_folder_named_from_here_and_a_file_that_grew(
    store: LocalStore, few: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(store.folder.parent)
    with Readers(LocalStore(Path(store.folder.name)), STAMP, 2) as readers:
        sources = list(readers.list(RESPONSES))
        assert sources == list(store.list(RESPONSES))
        grown = sources[33].uri
        Path(store.path(grown)).write_bytes(usual("long " * 50_000))
        (rows,) = gather(readers.read(by_object(sources)))
    assert "unreadable" not in rows.outcomes["reason_code"].to_pylist()
    (answer,) = (a["answer"] for a in rows.answers.to_pylist() if a["source_uri"] == grown)
    assert answer.count("long ") == 50_000


def test_few_files_need_no_process(store: LocalStore) -> None:
    with Readers(store, STAMP, 2) as readers:
        sources = list(readers.list(RESPONSES))
        assert sum(rows.outcomes.num_rows for rows in readers.read(by_object(sources))) >= len(sources) > 100
        assert not readers._children


def test_batches_number_their_answers(store: LocalStore, readers: Readers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spread, "SLICE_FILES", 10)
    monkeypatch.setattr(spread, "SLICES_AT_ONCE", 4)
    batches = list(gather(readers.read(by_object(readers.list(RESPONSES)))))
    assert len(batches) > 1
    for rows in batches:
        numbers = [n for n in rows.answers["answer_id"].to_pylist() if n is not None]
        assert len(numbers) == len(set(numbers)) > 0
        assert set(rows.segments["answer_id"].to_pylist()) <= set(numbers)
        assert rows.answers["n_segments"].drop_null().to_pylist() == [1] * len(numbers)


def test_a_killed_process_is_an_error_that_says_which_files(readers: Readers) -> None:
    sources = by_object(readers.list(RESPONSES))
    pids = processes(readers)
    os.kill(int(pids[1]), signal.SIGKILL)
    with pytest.raises(ReaderLost, match=r"iteration-\d/\d+/.* was ended by signal 9") as caught:
        list(readers.read(sources))
    assert caught.value.hint and "try again" in caught.value.hint
    assert not any(map(_lives, pids))
    readers.close()
    assert len(list(readers.list(RESPONSES))) == len(sources)  # by others


def test_processes_end_when_they_are_closed(readers: Readers) -> None:
    assert len(list(readers.list(RESPONSES))) > 100
    pids = processes(readers)
    assert len(pids) == 2
    assert all(map(_lives, pids))
    readers.close()
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_a_process_does_not_import_pandas(readers: Readers) -> None:
    assert len(list(readers.read(by_object(readers.list(RESPONSES))))) > 1
    for pid in processes(readers):
        libraries = Path(f"/proc/{pid}/maps").read_text()
        assert "pyarrow" in libraries
        assert "pandas" not in libraries


def test_a_mistake_in_a_process_is_an_error_with_its_trace(readers: Readers) -> None:
    with pytest.raises(ProcessError, match=r"(?s)a to b could not be read.*msgspec"):
        list(readers._ask_all(READ, [(b"\xc1", "a", "b")]))
    assert len(list(readers.list(RESPONSES))) > 100  # the process goes on


def test_a_folder_that_cannot_be_opened_is_an_error_as_it_is_in_one_process(store: LocalStore, few: None) -> None:
    place = f"{store.folder}/{'x' * 300}/"
    with pytest.raises(LabelingUnavailable, match="cannot be read now"):
        list(store.below([place]))
    with Readers(store, STAMP, 2) as readers, pytest.raises(LabelingUnavailable, match="cannot be read now"):
        list(readers._ask_all(LIST, [(msgspec.msgpack.encode([place]), "", "")]))


def test_no_process_outlives_a_killed_landing(store: LocalStore) -> None:
    script = f"""
import time
from pathlib import Path
from annolake.lake import spread
from tests.lake.test_spread import LocalStore, RESPONSES, Readers, STAMP, processes
spread.FEW = 10
readers = Readers(LocalStore(Path({str(store.folder)!r})), STAMP, 2)
list(readers.list(RESPONSES))
print(readers._process.pid, *processes(readers), flush=True)
time.sleep(600)
"""
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    with parent:
        assert parent.stdout is not None
        pids = parent.stdout.readline().split()
        assert len(pids) == 3
        assert all(map(_lives, pids))
        parent.kill()
    until = time.monotonic() + 30
    while any(_lives(pid) for pid in pids):
        assert time.monotonic() < until, "a process is still there"
        time.sleep(0.02)


def _lives(pid: str) -> bool:
    return _stat(pid)[0] not in "Z"


def _stat(pid: str) -> tuple[str, str]:
    """State and parent of a process; empty where there is none."""
    try:
        state, parent, *_ = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (OSError, ValueError):
        return "", ""
    return state, parent


def test_rows_are_of_the_schemas(readers: Readers) -> None:
    from annolake.lake.responses import ANSWERS, OUTCOMES, PEOPLE
    from annolake.lake.segments import SEGMENTS

    for rows in readers.read(by_object(readers.list(RESPONSES))):
        assert [table.schema for table in rows] == [ANSWERS, SEGMENTS, PEOPLE, OUTCOMES]
        assert isinstance(rows.answers, pa.Table)
