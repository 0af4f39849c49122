"""Models of fused segments and of texts, from silver rows to gold rows."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tests.transforms.simulate import JOB, LAYER, clips, dialogues, filled, silver
from transforms import measures, schemas
from transforms.agreement.coefficients import jackknife
from transforms.consensus import LABELS, majority, one_coin

Run = Callable[..., pa.Table]
SAID = {"a": "one two three four", "b": "one two tree four", "c": "won two three"}


def with_texts(n_items: int, said: dict[str, str] = SAID) -> dict[str, pa.Table]:
    """Objects whose transcripts differ more from object to object."""
    rows = [
        {"job_name": "texts", "object_id": str(k), "worker_id": w, "asset_id": "m", "revision": 1,
         "task_type": "audio_segmentation", "transcript": text + " five" * (k % 3 if w == "a" else 0)}
        for k in range(n_items) for w, text in said.items()
    ]  # fmt: skip
    tables = silver()
    tables["silver.annotation"] = filled(schemas.ANNOTATION, rows)
    return tables | measures.build(tables)


def test_fused_segments_of_a_job(run_model: Run) -> None:
    tables = silver(*dialogues(4, 6))
    tables |= measures.build(tables)
    found = run_model("consensus_segment", tables).to_pylist()
    assert len(found) > 30 and {(r["job_name"], r["layer"]) for r in found} == {(JOB, LAYER)}
    for row in found:
        assert row["duration_s"] == pytest.approx(row["end_s"] - row["start_s"]) and row["duration_s"] > 0
        assert row["asset_id"] == f"{JOB}/{row['object_id']}" and row["media_type"] == "audio"
        assert 0 <= row["support"] <= row["n_annotators"] == 3 and 0 < row["confidence"] <= 1


def test_error_rates_of_a_job_with_their_intervals(run_model: Run) -> None:
    tables = with_texts(7)
    sums = tables["measure.transcript_item"].to_pylist()
    assert len(sums) == 7
    rows = {r["measure"]: r for r in run_model("agreement_job", tables).to_pylist()}
    for measure, edits, size in (
        ("transcript_cer", "char_edits", "n_chars"),
        ("transcript_wer", "word_edits", "n_words"),
    ):
        above, below = np.array([r[edits] for r in sums], float), np.array([r[size] for r in sums], float)
        expected = jackknife(7, lambda kept, a=above, b=below: float(a[kept].sum() / b[kept].sum()))
        row = rows[measure]
        assert (row["value"], row["se"]) == pytest.approx((expected.value, expected.se))
        assert (row["ci_lo"], row["ci_hi"]) == pytest.approx((expected.lo, expected.hi))
        assert (row["layer"], row["n_items"], row["n_annotators"], row["reason_code"]) == ("transcript", 7, 3, None)
    by_item = run_model("agreement_transcript", tables).sort_by("object_id").to_pylist()
    assert [r["cer"] for r in by_item] == pytest.approx([r["char_edits"] / r["n_chars"] for r in sums])
    assert by_item[0]["wer"] == pytest.approx((1 + 2 + 3) / 12)


def test_texts_that_cannot_be_compared_say_why(run_model: Run) -> None:
    def reasons(tables: dict[str, pa.Table]) -> set[tuple]:
        rows = run_model("agreement_job", tables).to_pylist()
        return {(r["measure"], r["value"], r["ci_lo"], r["reason_code"], r["n_items"]) for r in rows}

    names = ("transcript_cer", "transcript_wer")
    assert reasons(with_texts(5, {"a": "x"})) == {(m, None, None, "one_annotator", 0) for m in names}
    assert reasons(with_texts(2, {"b": "x", "c": "X!"})) == {(m, 0.0, None, "too_few_items", 2) for m in names}
    assert reasons(with_texts(5, {"b": "x", "c": "x"})) == {(m, 0.0, None, "no_variation", 5) for m in names}


def test_consensus_of_labels_by_every_method(run_model: Run) -> None:
    said = pa.concat_tables([clips(3, 12), clips(4, 5, {"alone": 0.9}, job="one")])
    tables = silver(labels=said)
    tables |= measures.build(tables)
    rows = run_model("consensus_label", tables).to_pylist()
    assert len(rows) == 3 * (12 + 5)
    votes = said.filter(pc.equal(said["job_name"], "clips")).select(LABELS.names)
    for method, expected in (("majority", majority(votes)), ("one_coin", one_coin(votes).consensus)):
        found = {r["object_id"]: r for r in rows if r["method"] == method and r["job_name"] == "clips"}
        for row in expected.to_pylist():
            mine = found[row["object_id"]]
            assert (mine["label"], mine["confidence"]) == (row["label"], pytest.approx(row["confidence"]))
            given = {v["worker_id"]: v["label"] for v in votes.to_pylist() if v["object_id"] == row["object_id"]}
            assert json.loads(mine["dissenters"]) == sorted(w for w, x in given.items() if x != row["label"])
            assert mine["support"] + len(json.loads(mine["dissenters"])) == mine["n_annotators"] == 3
    assert {(r["confidence"], r["support"], r["dissenters"]) for r in rows if r["job_name"] == "one"} == {
        (0.0, 1, "[]")
    }
