"""Workers against each other: by hand, by chance, and the careless one last over many seeds."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from tests.steps import step
from tests.transforms.simulate import POOL, Skill, clips, dialogues, silver
from transforms import measures, workers
from transforms.answers import LABELS, answers
from transforms.schemas import MEASURE_WORKER, MEASURE_WORKER_ITEM
from transforms.tracks import ANNOTATORS, SEGMENTS, tracks


def agreement(rows: pa.Table) -> dict[str, float]:
    """Chance-corrected leave-one-out agreement of each worker."""
    sums: dict[str, list[float]] = {}
    for row in compared(rows).to_pylist():
        of = sums.setdefault(row["worker_id"], [0.0, 0.0])
        of[0] += row["agree"] - row["expected_agree"]
        of[1] += row["mass"] - row["expected_agree"]
    return {worker: a / b for worker, (a, b) in sums.items() if b > 1e-9}


def one_item(said: dict[str, list[tuple[float, float, str]]]) -> pa.Table:
    key = {"job_name": "j", "object_id": "0"}
    drawn = [key | {"worker_id": w, "layer": "l", "label": x, "start_s": a, "end_s": b}
             for w, track in said.items() for a, b, x in track]  # fmt: skip
    asked = [key | {"worker_id": w, "duration_s": 10.0} for w in said]
    found = tracks(pa.Table.from_pylist(drawn, SEGMENTS), pa.Table.from_pylist(asked, ANNOTATORS))
    rows = workers.worker_items_of_tracks(found)
    assert rows.schema == MEASURE_WORKER_ITEM.arrow
    return compared(rows)


def compared(rows: pa.Table) -> pa.Table:
    return step("measure.worker_compared", {"measure.worker_item": rows})


def test_segments_by_hand() -> None:
    rows = one_item({"a": [(0, 4, "A"), (4, 8, "B")], "b": [(0, 5, "A"), (5, 8, "B")], "c": []}).to_pylist()
    a, b, c = rows
    assert [r["mass"] for r in rows] == [20, 20, 20]
    assert a["agree"] == pytest.approx(9 + 2) and b["agree"] == pytest.approx(9 + 2) and c["agree"] == pytest.approx(4)
    # others of c in the job: A 9/20, B 7/20, nothing 4/20; c says nothing all the time, twice compared
    assert c["expected_agree"] == pytest.approx(2 * 10 * 4 / 20)
    assert a["expected_agree"] == pytest.approx(2 * (4 * 5 / 20 + 4 * 3 / 20 + 2 * 12 / 20))
    assert (a["n_units"], a["n_units_others"], c["n_units_others"]) == (2, 1, 2)


def test_one_worker_is_compared_with_nobody() -> None:
    assert one_item({"a": [(0, 4, "A")]}).num_rows == 0


def test_labels_by_hand() -> None:
    said = [("1", "a", "x"), ("1", "b", "x"), ("1", "c", "y"), ("2", "a", "y"), ("2", "b", "y"), ("3", "a", "x")]
    rows = [{"job_name": "j", "object_id": o, "worker_id": w, "layer": "l", "label": x} for o, w, x in said]
    found = compared(workers.worker_items_of_answers(answers(pa.Table.from_pylist(rows, LABELS)))).to_pylist()
    assert [(r["unit"], r["worker_id"], r["agree"], r["mass"]) for r in found] == [
        ("1", "a", 1, 2), ("1", "b", 1, 2), ("1", "c", 0, 2), ("2", "a", 1, 1), ("2", "b", 1, 1),
    ]  # fmt: skip
    # what others than a said where they can be compared: b x, c y, b y
    assert found[0]["expected_agree"] == pytest.approx(2 / 3)


def test_answering_without_looking_is_worth_nothing() -> None:
    """Whoever always says the most frequent label agrees often, and has a figure near 0 all the same."""
    rng = np.random.default_rng(2)
    rows = []
    for item in range(400):
        truth = "common" if rng.random() < 0.8 else "rare"
        said = {"a": truth, "b": truth if rng.random() < 0.95 else "rare", "lazy": "common"}
        rows += [
            {"job_name": "j", "object_id": str(item), "worker_id": w, "layer": "l", "label": x} for w, x in said.items()
        ]
    found = workers.worker_items_of_answers(answers(pa.Table.from_pylist(rows, LABELS)))
    scores = agreement(found)
    lazy = found.filter(pa.compute.field("worker_id") == "lazy").to_pandas()
    assert lazy["agree"].sum() / lazy["mass"].sum() > 0.75
    assert abs(scores["lazy"]) < 1e-9
    assert min(scores["a"], scores["b"]) > 0.3


MILD = POOL | {"w_careless": Skill(jitter_s=0.6, missed=0.15, invented=0.1, mislabeled=0.1)}
FOUR = {name: POOL[name] for name in ("w_good", "w_fair", "w_late", "w_careless")}


@pytest.mark.parametrize("pool", [POOL, MILD, FOUR], ids=["pool", "mild", "four"])
def test_the_careless_worker_ranks_last(pool: dict[str, Skill]) -> None:
    """Twelve dialogues, three workers on each: last in every one of 60 seeds."""
    for seed in range(2000, 2060):
        scores = agreement(workers.worker_items_of_tracks(tracks(*dialogues(seed, 12, pool))))
        assert len(scores) == len(pool)
        assert min(scores, key=scores.__getitem__) == "w_careless", (seed, scores)


def test_skill_of_classification_follows_the_truth() -> None:
    right = {"w_a": 0.95, "w_b": 0.85, "w_c": 0.7, "w_careless": 0.3}
    found = workers.workers_of_answers(answers(clips(5, 120, right)))
    assert found.schema == MEASURE_WORKER.arrow
    skill = {r["worker_id"]: r["skill_ds"] for r in found.to_pylist()}
    assert skill["w_careless"] < skill["w_c"] < min(skill["w_a"], skill["w_b"])
    assert all(0 <= s <= 1 for s in skill.values())
    assert all(abs(skill[w] - right[w]) < 0.15 for w in right)


def test_a_job_does_not_depend_on_the_others() -> None:
    """Built together or one by one: the same rows."""
    drawn, asked = dialogues(1)
    both = silver(drawn, asked, clips(2))
    together = measures.build(both)
    for name, rows in together.items():
        assert rows.schema.equals(measures.TABLES_BY_NAME[name].arrow), name
        apart = pa.concat_tables([measures.build(both, [job])[name] for job in ("clips", "dialogues")])
        assert rows.equals(apart), name
    without = {name for name, rows in together.items() if not rows.num_rows and "sample" not in name}
    assert without <= {"measure.transcript_item", "measure.item_alpha"}  # nobody writes, no label is a number


def test_silver_without_rows_gives_tables_without_rows() -> None:
    empty = {table.name: table.empty() for table in measures.INPUTS}
    found = measures.build(empty, [])
    assert set(found) == {table.name for table in measures.OUTPUTS}
    assert all(rows.num_rows == 0 and rows.schema == measures.TABLES_BY_NAME[n].arrow for n, rows in found.items())


def test_a_rejected_answer_is_not_an_empty_one() -> None:
    """A worker whose answer was not accepted is no annotator; one who answered and drew nothing is."""
    drawn, asked = dialogues(3, 4)
    tables = silver(drawn, asked)
    gone = tables["silver.annotation"].to_pylist()[0]
    key = (gone["object_id"], gone["worker_id"])

    def others(rows: pa.Table) -> pa.Table:
        return rows.filter(pa.array([(r["object_id"], r["worker_id"]) != key for r in rows.to_pylist()]))

    rejected = measures.build(tables | {n: others(tables[n]) for n in ("silver.annotation", "silver.segment")})
    silent = measures.build(tables | {"silver.segment": others(tables["silver.segment"])})
    n = {
        name: {r["object_id"]: r["n_annotators"] for r in found["measure.item"].to_pylist()}[gone["object_id"]]
        for name, found in (("rejected", rejected), ("silent", silent))
    }
    assert n == {"rejected": 2, "silent": 3}


def test_chance_floors_are_near_chance() -> None:
    found = measures.build(silver(*dialogues(7, 30), clips(7, 60)))["measure.chance"].to_pylist()
    floor = {(r["job_name"], r["measure"]): r["chance_floor"] for r in found}
    assert abs(floor["dialogues", "alpha"]) < 0.1 and abs(floor["clips", "alpha"]) < 0.1
    assert floor["dialogues", "boundary_f_3s"] > 0.5 > floor["dialogues", "boundary_f_500ms"] > 0.1
