"""The sample of a large job: who is in it, and that its figures are those of all answers, within their intervals."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sql.test_gold_boxes import silver as boxes_of
from tests.transforms.simulate import JOB, LATE, LAYER, POOL, Skill, clips, dialogues, silver
from transforms import box_measures, job_sample, measures, parts
from transforms.schemas.base import TIME
from transforms.tracks import LAYERS

EVERY = 4
SAMPLES = {table.name for table in job_sample.SAMPLES.values()}

Tables = dict[str, pa.Table]


@pytest.fixture(scope="module")
def tables() -> Tables:
    """A job of 600 dialogues; a newcomer answered two of them beside the others, as if they were other dialogues."""
    segments, annotators = dialogues(11, 600, POOL | {"w_early": Skill(offset_s=-0.2)}, per_item=4)
    late, asked = dialogues(12, 2, {"w_new": LATE})
    return silver(pa.concat_tables([segments, late]), pa.concat_tables([annotators, asked]), clips(3, 200))


def estimates(tables: Tables, every: dict[str, int]) -> dict[str, list[dict[str, Any]]]:
    """Estimates of the jobs, those in `every` from the sample: its rows and the answers about whole objects alone."""
    found = measures.known_of(tables)
    known = measures.Known(found.drawn, found.said, found.answered, every)
    made = measures.items(tables, known)
    if every:
        inputs = dict(tables) | {name: made[name] for name in SAMPLES & made.keys()}
        for name in ("silver.segment", "silver.asset", "measure.worker_item"):
            inputs[name] = (inputs[name] if name in inputs else made[name]).slice(0, 0)
        clips_alone = pc.field("job_name") == "clips"
        inputs["silver.annotation"] = inputs["silver.annotation"].filter(clips_alone)
    else:
        inputs = tables | made
    return {name: rows.to_pylist() for name, rows in measures.estimates(inputs, known).items()}


@pytest.fixture(scope="module")
def both(tables: Tables) -> tuple[dict[str, Any], dict[str, Any]]:
    """From all answers, and from the sample."""
    return estimates(tables, {}), estimates(tables, {JOB: EVERY, "clips": EVERY})


def by_worker(found: dict[str, Any], name: str) -> dict[str, dict[str, Any]]:
    return {row["worker_id"]: row for row in found[name] if row["layer"] == LAYER}


ANSWERS = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 12)), min_size=1, max_size=200, unique=True)


@settings(deadline=None, max_examples=60)
@given(ANSWERS, st.sampled_from([2, 8, 64]), st.randoms(use_true_random=False))
def test_everybody_is_in_the_sample_in_whatever_order(answers: list[tuple[int, int]], every: int, dice: Any) -> None:
    def of(rows: list[tuple[int, int]]) -> set[str]:
        named = [{"object_id": str(obj), "worker_id": f"w{worker}"} for obj, worker in rows]
        return set(job_sample.in_sample(pa.Table.from_pylist(named), every).to_pylist())

    chosen = of(answers)
    assert of(dice.sample(answers, len(answers))) == chosen
    assert {worker for obj, worker in answers if str(obj) in chosen} == {worker for _, worker in answers}
    names = sorted({str(obj) for obj, _ in answers})
    even = {n for n, place in zip(names, parts.hashes(pa.array(names)), strict=True) if place < parts.HASHES // every}
    assert even <= chosen and len(chosen) <= len(even) + max(len(even), len({worker for _, worker in answers}))


def test_offsets_and_skills_are_those_of_all_answers(both: tuple[dict[str, Any], dict[str, Any]]) -> None:
    every, sample = (by_worker(found, "measure.worker") for found in both)
    assert every.keys() == sample.keys() == {*POOL, "w_early", "w_new"}
    for worker in every.keys() - {"w_new"}:
        assert sample[worker]["offset_s"] == pytest.approx(every[worker]["offset_s"], abs=0.03)
        assert sample[worker]["n_boundaries"] < every[worker]["n_boundaries"] / 2
    assert sample["w_late"]["offset_s"] - sample["w_early"]["offset_s"] == pytest.approx(0.5, abs=0.03)
    skills, of_sample = (by_worker(found, "measure.worker_skill") for found in both)
    assert skills.keys() == of_sample.keys() == every.keys()
    for worker, row in of_sample.items():
        assert row["skill_lo"] <= skills[worker]["skill_onecoin"] <= row["skill_hi"], worker
        assert row["spam_prob"] == pytest.approx(skills[worker]["spam_prob"], abs=0.1)
    worst = sorted(of_sample, key=lambda w: of_sample[w]["skill_onecoin"])[:2]
    assert worst == ["w_new", "w_careless"]


def test_standings_are_those_of_all_answers(both: tuple[dict[str, Any], dict[str, Any]]) -> None:
    every, sample = (by_worker(found, "measure.worker_skill") for found in both)
    for worker in every.keys() - {"w_new"}:
        row, whole = sample[worker], every[worker]
        assert row["residual_lo"] - 0.01 <= whole["residual"] <= row["residual_hi"] + 0.01
        assert 90 <= row["n_residual"] < whole["n_residual"] / 2 and row["is_drifting"] is False
    assert sample["w_new"]["n_residual"] == every["w_new"]["n_residual"] == 2


def test_chance_floors_are_those_of_all_answers(both: tuple[dict[str, Any], dict[str, Any]]) -> None:
    every, sample = ({row["measure"]: row["chance_floor"] for row in found["measure.chance"] if row["layer"] == LAYER}
                     for found in both)  # fmt: skip
    assert every.keys() == sample.keys() and len(every) > 10
    assert all(sample[name] == pytest.approx(value, abs=0.06) for name, value in every.items())


def test_labels_of_whole_objects_are_of_all_answers(both: tuple[dict[str, Any], dict[str, Any]]) -> None:
    every, sample = both
    assert sample["measure.consensus_label"] == every["measure.consensus_label"]
    assert len({row["object_id"] for row in sample["measure.consensus_label"]}) == 200
    assert sample["measure.confusion"] == every["measure.confusion"]
    for name, columns in (("measure.worker", ["skill_ds"]), ("measure.worker_skill", ["skill_onecoin", "spam_prob"])):
        of_clips = [[r for r in found[name] if r["layer"] == "class"] for found in both]
        assert of_clips[0] and len(of_clips[0]) == len(of_clips[1])
        assert all(a[c] == b[c] for a, b in zip(*of_clips, strict=True) for c in columns)


def test_chance_floors_of_boxes_are_of_the_sample() -> None:
    tables = boxes_of(40)
    answers = tables["silver.annotation"]
    at = answers.schema.get_field_index("submitted_at")
    when = pa.array([datetime(2026, 1, 2, tzinfo=UTC)] * answers.num_rows, TIME)
    tables["silver.annotation"] = answers.set_column(at, answers.schema.field(at), when)
    nowhere = LAYERS.empty_table()
    known = measures.Known(nowhere, nowhere, pa.array(["j"]), {"j": EVERY})
    rest = {name: rows for name, rows in silver().items() if name not in tables}
    made = measures.items(tables | rest, known) | box_measures.items(tables, known)
    sample = {name: made[name] for name in SAMPLES}
    objects = set(sample["measure.sample_annotation"]["object_id"].to_pylist())
    assert 5 < len(objects) < 20 and objects == set(sample["measure.sample_box"]["object_id"].to_pylist())
    of_large = {name: rows.slice(0, 0) for name, rows in {**tables, **made}.items() if name not in SAMPLES}
    floors = box_measures.estimates(of_large | sample)["measure.box_chance"]
    chosen = pc.field("object_id").isin(sorted(objects))
    kept = {n: rows.filter(chosen) if "object_id" in rows.column_names else rows for n, rows in tables.items()}
    assert floors.num_rows == 5 and floors.equals(box_measures.estimates(kept)["measure.box_chance"])
