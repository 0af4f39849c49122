"""Gold from increments is gold from zero: random splits and orders, late answers, re-answers, kills in the middle."""

from __future__ import annotations

import math
import multiprocessing
import os
import random
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyiceberg.expressions import EqualTo

from annolake.config import Settings
from annolake.lake.built import Changes
from annolake.lake.catalog import Lake, open_lake
from annolake.lake.models import build_gold, build_model
from annolake.lake.pymodels import ESTIMATE, PYTHON
from annolake.lake.sampled import estimate_rows
from tests.transforms.simulate import JOB, LAYER, clips, dialogues, filled, silver
from transforms.schemas import BATCH_ITEM, BUILD, GOLD_ITEM, MEASURE_ITEM, TABLES

JOBS = (JOB, "clips")
APART = 5000
"""Numbers from one object to the next, so that a few objects are in several parts."""
OBJECTS = ("measure.label_use", "measure", "gold.agreement_item")
"""Models that are built part by part, enough to see which parts."""
BY_UNIT = ("measure.unit", "measure.unit_label", "measure.worker_unit", "measure.pair_unit")
SIZED = ("measure.label_use", "measure", "estimate", *BY_UNIT)
"""Models that look at how many objects a job has."""
OF_UNITS = (
    "gold.agreement_job", "gold.agreement_pair", "gold.label_reliability", "gold.worker_quality", "gold.worker_day"
)  # fmt: skip
BUILT = tuple(name for name in TABLES if name.startswith(("measure.", "gold.")))

LATER = datetime(2026, 1, 3, tzinfo=UTC)
SAMPLE = ("measure.sample_annotation", "measure.sample_segment", "measure.sample_worker_item")
SKILL = "measure.worker_skill"

Batch = dict[str, list[dict[str, Any]]]


def home(folder: Path) -> Settings:
    return Settings.load({"home": folder / "home"}, environ={}, file=folder / "none.toml")


def append(settings: Settings, *batches: Batch) -> None:
    """Append rows of silver, as one landing would."""
    every: Batch = {}
    for batch in batches:
        for name, rows in batch.items():
            every.setdefault(name, []).extend(rows)
    with open_lake(settings) as lake:
        for name, rows in every.items():
            lake.append_new(name, filled(TABLES[name], rows), landing_id="x")


def answers_of(seed: int, n_items: int = 7, apart: int = APART) -> tuple[Batch, list[Batch]]:
    """Jobs and media, and one batch for each answer: first answers, second thoughts, a question asked late."""
    chance = random.Random(seed)
    first = batches(silver(*dialogues(seed, n_items), clips(seed, 8)), 1, apart)
    second = batches(silver(*dialogues(seed + 100, n_items), clips(seed + 100, 8)), 2, apart)
    beside = [
        {"silver.classification": [{**one["silver.annotation"][0], "layer": "mood", "label": chance.choice("xy")}]}
        for one in first
        if one["silver.annotation"][0]["job_name"] == JOB and chance.random() < 0.5
    ]
    asked = {key(one) for one in first}
    second = [one for one in second if key(one) in asked and chance.random() < 0.4]
    known = silver(*dialogues(seed, n_items), clips(seed, 8))
    base = {name: known[name].to_pylist() for name in ("silver.job",)}
    media = [{"silver.asset": [row]} for row in known["silver.asset"].to_pylist()]
    return base, chance.sample([*first, *beside, *second, *media], len(first) + len(beside) + len(second) + len(media))


def batches(tables: dict[str, pa.Table], revision: int, apart: int = APART) -> list[Batch]:
    """The rows of each answer."""
    found: dict[tuple[str, ...], Batch] = {}
    for name in ("silver.annotation", "silver.assignment", "silver.segment", "silver.classification"):
        for row in tables[name].to_pylist():
            row |= {"revision": revision, "object_id": str(apart * int(row["object_id"]))}
            where = row["job_name"], row["object_id"], row["worker_id"]
            found.setdefault(where, {}).setdefault(name, []).append(row)
    return list(found.values())


def key(batch: Batch) -> tuple[str, str, str]:
    row = batch["silver.annotation"][0]
    return row["job_name"], row["object_id"], row["worker_id"]


def truth(asset: str, start_s: float) -> Batch:
    """A gold item of a recording."""
    row = {"asset_id": asset, "layer": LAYER, "segments": f'[[{start_s}, {start_s + 3}, "Speaker A"]]', "revision": 1}
    claim = {"asset_id": asset, "claim": f"gold {JOB}", "batch_id": "b", "job_name": JOB, "is_gold": True}
    return {GOLD_ITEM.name: [row], BATCH_ITEM.name: [claim]}


def tables_of(settings: Settings) -> dict[str, dict[tuple[Any, ...], dict[str, Any]]]:
    with open_lake(settings) as lake:
        found = {name: lake.scan(name, jobs=JOBS).to_pylist() for name in BUILT}
    return {name: {tuple(r[k] for k in TABLES[name].key): r for r in rows} for name, rows in found.items()}


def differences(left: Any, right: Any, where: str) -> Iterator[str]:
    """Where two values differ by more than rounding."""
    if isinstance(left, float) and isinstance(right, float):
        if not math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-9):
            yield f"{where}: {left} {right}"
    elif isinstance(left, dict) and isinstance(right, dict) and left.keys() == right.keys():
        for name in left:
            yield from differences(left[name], right[name], f"{where} {name}")
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for k, (one, other) in enumerate(zip(left, right, strict=True)):
            yield from differences(one, other, f"{where}[{k}]")
    elif left != right:
        yield f"{where}: {left} {right}"


def assert_same(one: Settings, other: Settings) -> None:
    left, right = tables_of(one), tables_of(other)
    assert sum(map(len, left.values())) > 500
    assert list(differences(left, right, ""))[:5] == []


def build_and_die(folder: Path, commits: int) -> None:
    """Build gold, killed without warning before or after a commit."""
    commit: Callable[..., Any] = Lake.commit
    left = [commits]

    def counted(self: Lake, name: str, attempt: Callable[..., Any]) -> Any:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        found = commit(self, name, attempt)
        if left[0] == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    Lake.commit = counted  # type: ignore[method-assign]
    build_gold(home(folder), JOBS)


@pytest.mark.parametrize("seed", [1, *(pytest.param(k, marks=pytest.mark.soak) for k in range(2, 12))])
def test_increments_are_the_whole(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    base, every = answers_of(seed)
    cuts = sorted(chance.sample(range(1, len(every)), 1 if seed == 1 else 2))
    late = truth(f"{JOB}/2", 1.0)
    grown, zero = home(tmp_path / "grown"), home(tmp_path / "zero")
    append(grown, base)
    for step, (low, high) in enumerate(zip([0, *cuts], [*cuts, len(every)], strict=True)):
        append(grown, *every[low:high], *([late] if step == 1 else []))
        if step == seed % (len(cuts) + 1):
            process = multiprocessing.get_context("spawn").Process(
                target=build_and_die, args=(tmp_path / "grown", chance.randrange(2, 60))
            )
            process.start()
            process.join()
            assert process.exitcode == -signal.SIGKILL
        build_gold(grown, JOBS)
    append(zero, base, *random.Random(seed + 1).sample(every, len(every)), late)
    build_gold(zero, JOBS)
    assert_same(grown, zero)


def test_a_job_that_becomes_large(tmp_path: Path) -> None:
    """Its new answers touch parts of the sample, and everybody who answered is in it; its units become blocks."""
    base, every = answers_of(5, n_items=40, apart=900)
    large = {"silver.job": [row | {"n_objects": 200_000, "modified_at": LATER} for row in base["silver.job"]]}
    grown, zero = home(tmp_path / "grown"), home(tmp_path / "zero")
    for some in (base, *every[:60]), (large, *every[60:120]), every[120:]:
        append(grown, *some)
        build_objects(grown, SIZED)
    build_objects(grown, OF_UNITS)
    append(zero, base, large, *every)
    build_objects(zero, (*SIZED, *OF_UNITS))
    assert_same(grown, zero)
    with open_lake(zero) as lake:
        rows = {name: lake.scan(name, jobs=[JOB]).to_pylist() for name in ("silver.annotation", *SAMPLE, SKILL)}
        read = estimate_rows(lake, PYTHON[ESTIMATE], JOBS, Changes(lake))
    whole = ("silver.segment", "silver.box", "silver.asset", "measure.worker_item")
    assert [read[name].num_rows for name in whole] == [0, 0, 0, 0] and read["silver.classification"].num_rows
    objects = {name: {row["object_id"] for row in rows[name]} for name in ("silver.annotation", *SAMPLE)}
    assert 5 < len(objects[SAMPLE[0]]) < 35 and objects[SAMPLE[1]] == objects[SAMPLE[2]] == objects[SAMPLE[0]]
    assert len(objects["silver.annotation"]) == 40
    everybody = {row["worker_id"] for row in rows["silver.annotation"]}
    skilled = {row["worker_id"] for row in rows[SKILL] if row["layer"] == LAYER and row["skill_onecoin"] is not None}
    assert skilled == everybody
    with open_lake(grown) as lake:
        units = lake.scan("measure.unit", jobs=[JOB], where=EqualTo("layer", LAYER)).to_pylist()
        figures = lake.scan("gold.agreement_job", jobs=[JOB], where=EqualTo("layer", LAYER)).to_pylist()
    assert len(units) == len({900 * k // 1024 for k in range(40)}) and sum(unit["n_items"] for unit in units) == 40
    assert {row["ci_method"] for row in figures} == {"jackknife-t by blocks"}


def build_objects(settings: Settings, models: tuple[str, ...] = OBJECTS) -> None:
    for name in models:
        build_model(settings, name, JOBS)


def files_of(lake: Lake, name: str) -> dict[int, set[str]]:
    """Data files by part."""
    table = lake.find(name)
    found: dict[int, set[str]] = {}
    for task in table.scan().plan_files() if table else ():
        found.setdefault(task.file.partition[1], set()).add(task.file.file_path)
    return found


def test_only_touched_parts_are_made_anew(tmp_path: Path) -> None:
    settings = home(tmp_path)
    base, every = answers_of(3)
    last = [one for one in every if "silver.annotation" in one and key(one)[:2] == (JOB, str(6 * APART))]
    append(settings, base, *(one for one in every if one not in last))
    build_objects(settings)
    with open_lake(settings) as lake:
        before = files_of(lake, MEASURE_ITEM.name)
        append(settings, *last)
        build_objects(settings)
        after = files_of(lake, MEASURE_ITEM.name)
        assert last and {part for part in after if after[part] != before.get(part)} == {6 * APART // 8192}
        noted = {(r["job_name"], r["model"]): r["n_parts"] for r in lake.scan(BUILD.name).to_pylist()}
        assert noted[JOB, "measure"] == noted[JOB, "gold.agreement_item"] == 1
        build_objects(settings)
        assert files_of(lake, MEASURE_ITEM.name) == after, "nothing new, nothing written"


def test_output_lines_touch_progress_alone(tmp_path: Path) -> None:
    """All of them may come when a job is done: they make nothing anew that does not read them."""
    settings = home(tmp_path)
    base, every = answers_of(5)
    append(settings, base, *every)
    models = (*OBJECTS, "measure.progress")
    for name in models:
        build_model(settings, name, JOBS)
    line = {"job_name": JOB, "outcome": "labeled", "line_hash": "x"}
    lines = [line | {"object_id": str(APART * k)} for k in (0, 9)]  # of 9 nobody else tells
    with open_lake(settings) as lake:
        before = files_of(lake, MEASURE_ITEM.name)
        append(settings, {"silver.consolidated": lines})
        for name in models:
            build_model(settings, name, JOBS)
        assert files_of(lake, MEASURE_ITEM.name) == before
        noted = {(r["job_name"], r["model"]): r["n_parts"] for r in lake.scan(BUILD.name).to_pylist()}
        assert noted[JOB, "measure.progress"] == 2, "the parts of objects 0 and 9"
        rows = lake.scan("measure.progress", jobs=[JOB]).to_pylist()
        assert sum(row["n_items"] for row in rows if row["outcome"] == "labeled") == 2


def items(lake: Lake) -> list[dict[str, Any]]:
    rows = lake.scan(MEASURE_ITEM.name, jobs=JOBS).to_pylist()
    return sorted(rows, key=lambda row: tuple(str(row[k]) for k in MEASURE_ITEM.key))


@pytest.mark.parametrize("reason", ["another basis", "a lost snapshot", "deleted rows"])
def test_in_doubt_the_whole_job_is_built(tmp_path: Path, reason: str) -> None:
    settings = home(tmp_path)
    base, every = answers_of(4)
    append(settings, base, *every)
    build_objects(settings)
    with open_lake(settings) as lake:
        before, rows_before = files_of(lake, MEASURE_ITEM.name), items(lake)
        if reason == "deleted rows":
            table = lake.table("silver.segment")
            table.delete("job_name = 'clips' or label = 'Speaker A'")
        else:
            noted = lake.scan(BUILD.name).to_pylist()
            changed = {"basis": "old"} if reason == "another basis" else {"snapshots": '{"silver.segment": 1}'}
            rows = pa.Table.from_pylist([row | changed for row in noted], schema=BUILD.arrow)
            lake.table(BUILD.name).overwrite(rows)
        build_objects(settings)
        after = files_of(lake, MEASURE_ITEM.name)
        assert before and all(after[part] != before[part] for part in before)
        assert (items(lake) == rows_before) == (reason != "deleted rows")
