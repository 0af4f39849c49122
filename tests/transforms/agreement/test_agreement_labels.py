"""Sums of labels of whole objects."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transforms.agreement.test_agreement_coefficients import FOUR_CODERS, counted, reliability
from transforms.agreement import coefficients, jobs, labels
from transforms.answers import ANNOTATORS, LABELS
from transforms.schemas import MEASURE_ITEM

Said = list[tuple[str, str, str | None]]


def table(said: Said, layer: str = "class") -> pa.Table:
    rows = [{"job_name": "j", "object_id": o, "worker_id": w, "layer": layer, "label": x} for o, w, x in said]
    return pa.Table.from_pylist(rows, LABELS)


def asked(who: list[tuple[str, str]]) -> pa.Table:
    return pa.Table.from_pylist([{"job_name": "j", "object_id": o, "worker_id": w} for o, w in who], ANNOTATORS)


def canonical() -> Said:
    data = reliability(FOUR_CODERS)
    return [
        (f"{u:02d}", "ABCD"[k], str(int(data[k, u]))) for k in range(4) for u in range(12) if not np.isnan(data[k, u])
    ]


def sums(said: Said) -> jobs.Sums:
    ((_, _, found),) = jobs.layers(labels.score_items(table(said)))
    return found


def test_alpha_of_krippendorff_from_the_sums() -> None:
    found = sums(canonical())
    assert found.is_count and found.n_items == 11 and found.columns["mass"].sum() == 40
    assert found.value("alpha") == pytest.approx(0.7434, abs=5e-5)
    assert found.value("observed_agreement") == pytest.approx(0.8)
    counts, _ = counted(reliability(FOUR_CODERS))
    assert found.value("ac1") == pytest.approx(coefficients.gwet_ac1(counts))


def test_items_by_hand() -> None:
    found = labels.score_items(table([("1", "a", "x"), ("1", "b", "x"), ("1", "c", "y"), ("2", "a", "x")]))
    assert found.schema == MEASURE_ITEM.arrow
    first, second = found.to_pylist()
    assert (first["n_annotators"], first["n_pairs"], first["mass"], first["d_obs"]) == (3, 3, 3.0, 2.0)
    assert dict(first["label_mass"]) == {"x": 2.0, "y": 1.0} and first["duration_s"] is None
    assert second["reason_code"] == "one_annotator" and second["mass"] == 0 and second["label_mass"] == []


def test_several_labels_are_one_value_and_silence_is_an_answer_where_it_was_asked() -> None:
    said = table([("1", "a", "music"), ("1", "a", "birds"), ("1", "b", "music"), ("1", "b", "birds")], "sounds")
    found = labels.score_items(said, asked([("1", "a"), ("1", "b"), ("1", "c"), ("2", "a"), ("2", "b")])).to_pylist()
    assert dict(found[0]["label_mass"]) == {"birds + music": 2.0, "": 1.0}
    assert dict(found[1]["label_mass"]) == {"": 2.0} and found[1]["d_obs"] == 0
    alone = labels.score_items(said).to_pylist()
    assert len(alone) == 1 and alone[0]["n_annotators"] == 2


def test_edges() -> None:
    assert labels.score_items(table([])).num_rows == 0
    assert labels.score_items(table([("1", "a", None)])).num_rows == 0
    one_label = sums([("1", "a", "x"), ("1", "b", "x"), ("2", "a", "x"), ("2", "b", "x")])
    assert np.isnan(one_label.value("alpha")) and np.isnan(one_label.value("ac1"))
    assert one_label.value("observed_agreement") == 1.0


@settings(max_examples=60, deadline=None)
@given(
    said=st.lists(st.tuples(st.sampled_from("12345"), st.sampled_from("abcd"), st.sampled_from("xyz")), max_size=30),
    data=st.data(),
)
def test_order_names_and_repeats_do_not_matter(said: Said, data: st.DataObject) -> None:
    first = labels.score_items(table(said))
    assert first.equals(labels.score_items(table(data.draw(st.permutations(said)) + said[:4])))
    letters = dict(zip("xyz", "zxy", strict=True))
    workers = dict(zip("abcd", data.draw(st.permutations("abcd")), strict=True))
    renamed = labels.score_items(table([(o, workers[w], letters[x]) for o, w, x in said]))
    for name in ("object_id", "n_annotators", "mass", "d_obs", "reason_code"):
        assert renamed[name].equals(first[name])
    assert all(0 <= r["d_obs"] <= r["mass"] for r in first.to_pylist())
