"""Measures against independent implementations on what real people said: crowd labels, ratings, songs, meetings."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import krippendorff
import numpy as np
import pyarrow as pa
import pytest
from crowdkit.aggregation.classification.dawid_skene import DawidSkene
from pyannote.core import Annotation, Segment
from pyannote.metrics.detection import DetectionErrorRate
from pyannote.metrics.identification import IdentificationErrorRate
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import fleiss_kappa
from statsmodels.stats.proportion import proportion_confint

from annolake.score import read_segments, silver_of
from tests.steps import step
from tests.transforms.agreement.test_agreement_measures import several
from tests.transforms.agreement.test_agreement_segments import padded, salami
from transforms import consensus, measures, workers
from transforms.agreement import distances, jobs, labels, pairs, segments
from transforms.agreement.by_label import labels_of_tracks
from transforms.answers import LABELS, answers
from transforms.proportions import jeffreys
from transforms.tracks import SEGMENTS, tracks

Said = list[tuple[str, str, str]]
"""Object, annotator, label."""


def crowd(shared_data: Path) -> Said:
    """1,000 objects x 5 of 83 workers, two classes."""
    lines = (shared_data / "crowd" / "BarzanMozafari" / "labels.txt").read_text().splitlines()
    said = [(o, w, x) for w, o, x in (line.split() for line in lines if line.strip())]
    assert len(said) == 5000
    return said


def ratings(shared_data: Path, question: str) -> Said:
    """What workers say of claims, from 1 up; of two answers to one claim the last."""
    folder = shared_data / "crowd" / "checkworthy" / "experimental_data_clean"
    with (folder / "consolidated_responses_all_workers.csv").open(newline="") as file:
        rows = {(r["claim"], r["worker"]): r[question] for r in csv.DictReader(file)}
    return [(claim, worker, x) for (claim, worker), x in rows.items() if x.isdigit()]


def coded(said: Said) -> np.ndarray:
    """Coders x units, NaN where nothing was said."""
    units, coders = (sorted({r[k] for r in said}) for k in (0, 1))
    at = {name: k for names in (units, coders) for k, name in enumerate(names)}
    data = np.full((len(coders), len(units)), np.nan)
    for unit, coder, label in said:
        data[at[coder], at[unit]] = float(label)
    return data


def table(said: Said) -> pa.Table:
    rows = [{"job_name": "j", "object_id": o, "worker_id": w, "layer": "l", "label": x} for o, w, x in said]
    return pa.Table.from_pylist(rows, LABELS)


def label_sums(said: Said) -> jobs.Sums:
    ((_, _, sums),) = jobs.layers(labels.score_answers(answers(table(said))))
    return sums


@pytest.mark.parametrize("question", ["assessment_checkworthy", "assessment_truth"])
def test_ratings_of_claims_against_krippendorff(shared_data: Path, question: str) -> None:
    said = ratings(shared_data, question)
    assert len(said) > 1000
    found, data = answers(table(said)), coded(said)
    terms = jobs.alphas(labels.score_answers(found), distances.alphas_of_answers(found))
    ours = {measure: sums.value() for _, _, measure, sums in terms} | {"alpha_nominal": label_sums(said).value("alpha")}
    for level in ("nominal", "ordinal", "interval", "ratio"):
        expected = krippendorff.alpha(reliability_data=data, level_of_measurement=level)
        assert ours[f"alpha_{level}"] == pytest.approx(expected, abs=1e-9), level


def test_crowd_labels_against_krippendorff_and_statsmodels(shared_data: Path) -> None:
    said, sums = crowd(shared_data), label_sums(crowd(shared_data))
    expected = krippendorff.alpha(reliability_data=coded(said), level_of_measurement="nominal")
    assert sums.value("alpha") == pytest.approx(expected, abs=1e-9)
    ones = {o: 0 for o, _, _ in said}
    for o, _, x in said:
        ones[o] += x == "1"
    counts = np.array([[n, 5 - n] for n in ones.values()])
    assert sums.value("fleiss_kappa") == pytest.approx(fleiss_kappa(counts), abs=1e-9)


@pytest.mark.filterwarnings("ignore")  # crowd-kit calls pandas in ways that it will give up
def test_crowd_labels_against_crowd_kit(shared_data: Path) -> None:
    """Without people of fewer than five labels: two of them met one class only, and nothing tells of the other."""
    every = crowd(shared_data)
    often = Counter(w for _, w, _ in every)
    rows = [r for r in every if often[r[1]] >= 5]
    assert len(rows) > 4900
    said = pa.table([list(c) for c in zip(*rows, strict=True)], schema=consensus.LABELS)
    frame = said.to_pandas().set_axis(["task", "worker", "label"], axis=1)
    ours = consensus.dawid_skene(said, max_iterations=10, tolerance=0.0)
    theirs = DawidSkene(n_iter=10, tol=-np.inf).fit_predict_proba(frame).sort_index().sort_index(axis=1)
    assert list(theirs.index) == ours.objects
    assert np.abs(theirs.to_numpy() - ours.posterior).max() < 1e-6


def test_shares_against_statsmodels() -> None:
    for n in (5, 20, 50, 400):
        right = np.arange(1, n)  # at none and at all ours reaches to 0 and to 1
        found = jeffreys(right, np.full(len(right), n))
        expected = proportion_confint(right, n, alpha=0.05, method="jeffreys")
        for ours, theirs in zip(found, expected, strict=True):
            assert ours == pytest.approx(theirs, abs=1e-9)


def test_songs_against_krippendorff_and_scikit_learn(shared_data: Path) -> None:
    """Both over seconds, against samples every 0.2 s of all songs."""
    items = {}
    for item, (left, right) in salami(shared_data).items():
        last = max(left[-1][1], right[-1][1])
        items[item] = ({"a": padded(left, last), "b": padded(right, last)}, last)
    assert len(items) >= 20
    names = sorted({x for said, _ in items.values() for track in said.values() for *_, x in track})
    sampled = []
    for said, last in items.values():
        moments = np.arange(0.1, last, 0.2)
        sides = []
        for track in said.values():
            start = np.array([a for a, _, _ in track])
            code = np.array([names.index(x) for *_, x in track])
            sides.append(code[np.searchsorted(start, moments, side="right") - 1])
        sampled.append(np.array(sides))
    data = np.concatenate(sampled, axis=1)
    found = tracks(*several(items))
    ((_, _, sums),) = jobs.layers(segments.score_tracks(found))
    expected = krippendorff.alpha(reliability_data=data, level_of_measurement="nominal")
    assert sums.value("alpha") == pytest.approx(expected, abs=2e-3)
    measured = {
        "measure.pair_item": pairs.pair_items_of_tracks(found, pairs.compare(found)),
        "measure.worker_item": workers.worker_items_of_tracks(found),
    }
    (whole,) = [r for r in step("measure.pair_compared", measured).to_pylist() if r["left_out"] is None]
    assert whole["kappa"] == pytest.approx(cohen_kappa_score(*data), abs=2e-3)


@pytest.mark.filterwarnings("ignore:'uem' was approximated")
def test_meetings_against_pyannote_metrics(shared_data: Path) -> None:
    """AMI turns under two conventions, several speakers at once: what is labeled, and every speaker on his own."""
    drawn = read_segments(shared_data / "ami_rttm")
    silver = silver_of(drawn, job_name="ami")
    found = tracks(silver["silver.segment"].select(SEGMENTS.names).cast(SEGMENTS), measures.annotators_of(silver))
    object_of = {r["asset_id"]: r["name"] for r in silver["silver.asset"].to_pylist()}
    object_of = {r["object_id"]: object_of[r["asset_id"]] for r in silver["silver.annotation"].to_pylist()}
    spoken: dict[str, dict[str, Annotation]] = {}
    for k, (item, annotator, _, start, end, speaker) in enumerate(drawn):
        one = spoken.setdefault(item, {}).setdefault(annotator, Annotation())
        one[Segment(start, end), k] = speaker
    by_speaker: dict[str, float] = {}
    for row in labels_of_tracks(found)[0].to_pylist():
        by_speaker[row["object_id"]] = by_speaker.get(row["object_id"], 0.0) + row["d_obs"]
    rows = segments.score_tracks(found).to_pylist()
    assert len(rows) == len(spoken) >= 2
    for row in rows:
        one, other = spoken[object_of[row["object_id"]]].values()
        labeled = DetectionErrorRate().compute_components(one, other)
        differ = labeled["miss"] + labeled["false alarm"]
        assert row["d_obs_presence"] / 2 == pytest.approx(differ, abs=1e-3) and differ > 1
        each = IdentificationErrorRate().compute_components(one, other)
        apart = each["missed detection"] + each["false alarm"] + 2 * each["confusion"]
        assert by_speaker[row["object_id"]] / 2 == pytest.approx(apart, abs=1e-3) and apart > differ
