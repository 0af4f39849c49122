"""The gold models in DuckDB against the definitions in Python, and the cases where a figure is undefined."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from datetime import date

import numpy as np
import pyarrow as pa
import pytest
import sqlglot

from annolake.lake.sqlmodels import models
from tests.sql.conftest import GOLD
from tests.steps import step
from tests.transforms.simulate import JOB, LAYER, clips, dialogues, silver
from transforms import measures
from transforms.agreement import jobs
from transforms.agreement.coefficients import cohen_kappa, jackknife
from transforms.answers import LABELS
from transforms.schemas import TABLES
from transforms.tracks import ANNOTATORS, SEGMENTS

Run = Callable[..., pa.Table]
STEPS = {
    "measure.layer_annotators": ("job_name", "layer", "family"),
    "measure.unit_term": ("job_name", "unit", "layer", "measure"),
    "measure.pair_compared": ("job_name", "layer", "worker_a", "worker_b", "left_out"),
    "measure.worker_compared": ("job_name", "unit", "layer", "worker_id", "day"),
}
ROUND = 1e-9


def built(tables: dict[str, pa.Table]) -> dict[str, pa.Table]:
    return tables | measures.build(tables)


def by_key(rows: pa.Table, *key: str) -> dict[tuple[str, ...], dict]:
    found = {tuple(r[k] for k in key): r for r in rows.to_pylist()}
    assert len(found) == rows.num_rows  # the grain
    return found


def question(answers: dict[str, str], n_items: int = 1, job: str = "clips") -> pa.Table:
    """The same answers of these workers on every object."""
    rows = [{"job_name": job, "object_id": str(k), "worker_id": w, "layer": "class", "label": x}
            for k in range(n_items) for w, x in answers.items()]  # fmt: skip
    return pa.Table.from_pylist(rows, LABELS)


def near(value: float | None, expected: float) -> bool:
    if value is None:
        return bool(np.isnan(expected))
    return value == pytest.approx(expected, abs=ROUND)


@pytest.mark.parametrize("seed", range(4))
def test_job_measures_are_those_of_the_reference(run_model: Run, seed: int) -> None:
    tables = built(silver(*dialogues(seed, 4 + 3 * seed), clips(seed, 4 + 5 * seed)))
    found = by_key(run_model("agreement_job", tables), "job_name", "layer", "measure")
    wanted = [(*key, m, sums.estimate(m)) for *key, sums in jobs.layers(tables["measure.item"]) for m in sums.measures]
    further = jobs.alphas(tables["measure.item"], step("measure.unit_term", tables))
    wanted += [(job, layer, measure, sums.estimate()) for job, layer, measure, sums in further]
    for job, layer, measure, expected in wanted:
        row = found[job, layer, measure]
        assert near(row["value"], expected.value), (measure, row, expected)
        assert near(row["se"], expected.se), (measure, row, expected)
        floor = -1.0 if measure.startswith("alpha") or measure in ("ac1", "ari", "fleiss_kappa") else 0.0
        assert near(row["ci_lo"], max(expected.lo, floor) if expected.lo == expected.lo else expected.lo)
        assert near(row["ci_hi"], min(expected.hi, 1.0) if expected.hi == expected.hi else expected.hi)
        assert row["n_items"] == expected.n and row["ci_method"] == ("jackknife-t" if row["se"] else None)
    assert len(wanted) + 2 == len(found) == 20  # cohen_kappa of both layers has a test of its own
    assert all(row["chance_floor"] is not None for row in found.values())
    assert found[JOB, LAYER, "alpha"]["n_annotators"] == 5
    assert found["clips", "class", "alpha"]["chance_floor"] is not None


def test_cohen_is_the_mean_of_the_pairs(run_model: Run) -> None:
    """Against contingency tables of every two annotators, with every object left out in turn."""
    said = clips(3, 12)
    found = by_key(run_model("agreement_job", built(silver(labels=said))), "job_name", "layer", "measure")
    answers = [(r["object_id"], r["worker_id"], r["label"]) for r in said.to_pylist()]
    objects, names = sorted({a[0] for a in answers}), sorted({a[2] for a in answers})

    def of(kept: np.ndarray) -> float:
        by_object: dict[str, dict[str, str]] = {objects[k]: {} for k in kept}
        for obj, worker, label in answers:
            if obj in by_object:
                by_object[obj][worker] = label
        tables: dict[tuple[str, str], np.ndarray] = {}
        for given in by_object.values():
            for a, b in itertools.combinations(sorted(given), 2):
                table = tables.setdefault((a, b), np.zeros((len(names), len(names))))
                table[names.index(given[a]), names.index(given[b])] += 1
        kappas = [(cohen_kappa(table), table.sum()) for table in tables.values()]
        used = [(k, n) for k, n in kappas if not np.isnan(k)]
        return float(np.average([k for k, _ in used], weights=[n for _, n in used]))

    expected = jackknife(len(objects), of)
    row = found["clips", "class", "cohen_kappa"]
    assert near(row["value"], expected.value) and near(row["se"], expected.se) and expected.se > 0.01
    assert abs(row["chance_floor"]) < 0.35


def reasons(run_model: Run, tables: dict[str, pa.Table]) -> dict[str, tuple]:
    rows = run_model("agreement_job", built(tables)).to_pylist()
    return {r["measure"]: (r["value"], r["ci_lo"], r["reason_code"], r["n_items"]) for r in rows}


def test_undefined_measures_say_why(run_model: Run) -> None:
    one = reasons(run_model, silver(labels=question({"a": "x"}, 5)))
    measures = ("alpha", "observed_agreement", "ac1", "fleiss_kappa", "cohen_kappa")
    assert one == dict.fromkeys(measures, (None, None, "one_annotator", 0))
    same = reasons(run_model, silver(labels=question({"a": "x", "b": "x"}, 5)))
    assert same["alpha"] == same["ac1"] == (None, None, "one_label", 5)
    assert same["observed_agreement"] == (1.0, None, "no_variation", 5)
    few = reasons(run_model, silver(labels=question({"a": "x", "b": "y"}, 2)))
    assert few["alpha"][1:] == (None, "too_few_items", 2) and few["alpha"][0] == pytest.approx(-0.5)
    # the second label stands on one object only: without that object alpha is undefined
    lone = pa.concat_tables([question({"a": "x", "b": "x"}, 4), question({"a": "y", "b": "y"}).set_column(
        1, "object_id", pa.array(["9", "9"], pa.string()))])  # fmt: skip
    found = reasons(run_model, silver(labels=lone))
    assert found["alpha"] == (pytest.approx(1.0), None, "too_few_items", 5)


def test_segments_without_boundaries_or_segments(run_model: Run) -> None:
    key = {"job_name": "j", "worker_id": "a", "layer": "l", "label": "A"}
    drawn = [key | {"object_id": "0", "start_s": 0.0, "end_s": 5.0}]
    drawn += [key | {"object_id": "0", "worker_id": "b", "start_s": 0.0, "end_s": 5.0}]
    asked = [{"job_name": "j", "object_id": "0", "worker_id": w, "duration_s": 5.0} for w in "ab"]
    tables = silver(pa.Table.from_pylist(drawn, SEGMENTS), pa.Table.from_pylist(asked, ANNOTATORS))
    found = reasons(run_model, tables)
    assert found["boundary_f_3s"][2] == "no_boundaries" and found["alpha"][2] == "one_label"
    assert found["unit_f_iou50_label"][:3] == (1.0, None, "too_few_items")
    alone = reasons(
        run_model, silver(pa.Table.from_pylist(drawn[:1], SEGMENTS), pa.Table.from_pylist(asked[:1], ANNOTATORS))
    )
    assert len(alone) == 15 and {r[2] for r in alone.values()} == {"one_annotator"}


def test_no_rows_give_no_rows(run_model: Run) -> None:
    for path in sorted(GOLD.glob("*.sql")):
        assert run_model(path.stem, {}).num_rows == 0
    assert len(list(GOLD.glob("*.sql"))) >= 4


def test_items(run_model: Run) -> None:
    tables = built(silver(*dialogues(2, 6), question({"a": "x", "b": "y", "c": "x"}, 2)))
    found = by_key(run_model("agreement_item", tables), "job_name", "object_id", "layer")
    assert len(found) == 8
    clip = found["clips", "0", "class"]
    assert clip["observed_agreement"] == pytest.approx(1 / 3) and clip["is_disputed"] is True
    assert (clip["task_type"], clip["n_assigned"], clip["duration_s"]) == ("video_classification", 3, None)
    for item in tables["measure.item"].to_pylist():
        row = found[item["job_name"], item["object_id"], item["layer"]]
        assert all(row[name] == value for name, value in item.items() if name in row)
        assert row["asset_id"] == row["asset_name"] == f"{row['job_name']}/{row['object_id']}"


def test_label_distribution(run_model: Run) -> None:
    drawn, asked = dialogues(4, 5)
    found = run_model("label_distribution", built(silver(drawn, asked, question({"a": "x", "b": "y"}, 3))))
    rows = by_key(found, "job_name", "layer", "label", "worker_id", "day", "media_type")
    segments = drawn.to_pylist()
    assert sum(r["n_segments"] for r in rows.values() if r["job_name"] == JOB) == len(segments)
    length = sum(r["end_s"] - r["start_s"] for r in segments)
    assert sum(r["duration_s"] for r in rows.values() if r["job_name"] == JOB) == pytest.approx(length)
    clip = rows["clips", "class", "x", "a", date(2026, 1, 2), "audio"]
    assert (clip["n_segments"], clip["n_items"], clip["duration_s"]) == (3, 3, None)


SEGMENTING = (
    ("over_seg_index", "over_seg", "n_units", "n_units_others"),
    ("split_rate", "split", "n_split", "n_units_others"),
    ("merge_rate", "merge", "n_merged", "n_units"),
)


def test_worker_quality(run_model: Run) -> None:
    tables = built(silver(*dialogues(11, 14), clips(11, 20)))
    found = by_key(run_model("worker_quality", tables), "job_name", "layer", "worker_id")
    assert len(found) == 8
    rows = step("measure.worker_compared", tables).to_pylist()
    for (job, layer, worker), row in found.items():
        mine = [r for r in rows if (r["job_name"], r["layer"], r["worker_id"]) == (job, layer, worker)]
        better = np.array([r["agree"] - r["expected_agree"] for r in mine])
        possible = np.array([r["mass"] - r["expected_agree"] for r in mine])
        expected = jackknife(len(mine), lambda kept, b=better, p=possible: float(b[kept].sum() / p[kept].sum()))
        assert near(row["loo_agreement"], expected.value) and row["n_items"] == len(mine)
        assert near(row["loo_lo"], max(expected.lo, -1.0)) and near(row["loo_hi"], min(expected.hi, 1.0))
        for name, ends, above, below in SEGMENTING:
            if mine[0][below] is not None:
                a, b = (np.array([r[c] for r in mine], float) for c in (above, below))
                share = jackknife(len(mine), lambda kept, a=a, b=b: float(a[kept].sum() / b[kept].sum()))
                assert near(row[name], share.value)
                if share.se > 1e-9:
                    assert near(row[f"{ends}_lo"], max(share.lo, 0.0))
                    most = share.hi if name == "over_seg_index" else min(share.hi, 1.0)
                    assert near(row[f"{ends}_hi"], most)
        enough = "reliable" if expected.lo >= 0.667 else "watch"
        assert row["status"] == (enough if len(mine) >= 5 else "too_few")
        assert row["median_time_s"] is not None and row["n_labels"] > 0
    assert found["clips", "class", "w_good"]["skill_ds"] > found["clips", "class", "w_careless"]["skill_ds"]
    assert found[JOB, LAYER, "w_late"]["offset_s"] == pytest.approx(0.3, abs=0.05)
    assert found[JOB, LAYER, "w_careless"]["over_seg_index"] < 0.95


def test_a_worker_whom_nobody_shares_an_object_with_has_no_rank(run_model: Run) -> None:
    rows = run_model("worker_quality", built(silver(labels=question({"a": "x"}, 9)))).to_pylist()
    assert [(r["worker_id"], r["loo_agreement"], r["n_items"], r["status"]) for r in rows] == [
        ("a", None, 0, "too_few")
    ]


def test_an_interval_far_below_chance_holds_its_value(run_model: Run) -> None:
    """Says x where the others say y, which they hardly ever do elsewhere: far under -1, and still in order."""
    rows = [("x", "x", None)] * 200 + [("y", "y", "x")] * 7 + [("x", "x", "x")]
    said = [{"job_name": "clips", "object_id": str(k), "worker_id": w, "layer": "class", "label": x}
            for k, given in enumerate(rows) for w, x in zip("abc", given, strict=True) if x]  # fmt: skip
    found = run_model("worker_quality", built(silver(labels=pa.Table.from_pylist(said, LABELS)))).to_pylist()
    worst = {r["worker_id"]: r for r in found}["c"]
    assert worst["loo_lo"] < worst["loo_agreement"] < worst["loo_hi"] < -1


def test_headers_name_what_the_models_read() -> None:
    for name, model in {**models("measure"), **models("gold")}.items():
        said = set(re.findall(r"[a-z_]+\.[a-z_]+", model.fields["reads"]))
        assert said == set(model.reads), name
        key = TABLES[name].key if name in TABLES else STEPS[name]
        assert model.purpose and model.fields["grain"] == ", ".join(key), name


def test_models_can_be_carried_to_other_engines() -> None:
    for path in sorted([*GOLD.glob("*.sql"), *GOLD.parent.glob("measure/*.sql")]):
        for dialect in ("spark", "trino"):
            made = sqlglot.transpile(
                path.read_text(), read="duckdb", write=dialect, unsupported_level=sqlglot.ErrorLevel.RAISE
            )
            assert len(made) == 1
            sqlglot.parse_one(made[0], dialect=dialect)
