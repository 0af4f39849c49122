"""`annolake score` on annotators' files: layouts, the page, what cannot be read."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from annolake.errors import LakeError
from annolake.score import read_labels, read_segments, score_files
from annolake.score_page import print_score
from annolake.score_words import headline


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def page(path: Path) -> str:
    console = Console(file=io.StringIO(), width=110)
    print_score(score_files(path), console)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_starts_and_ends_of_plain_files(tmp_path: Path) -> None:
    write(tmp_path, "one/ann.txt", "0\tA\n4\tB\n4\tC\n10\tEnd\n")
    write(tmp_path, "one/bob.txt", "1.5\t4\tA\n4\t9\tB\n")
    assert read_segments(tmp_path) == [
        ("one", "ann", "segments", 0, 4, "A"),
        ("one", "ann", "segments", 4, 4, "B"),
        ("one", "ann", "segments", 4, 10, "C"),
        ("one", "ann", "segments", 10, 10, "End"),
        ("one", "bob", "segments", 1.5, 4, "A"),
        ("one", "bob", "segments", 4, 9, "B"),
    ]
    tables = score_files(tmp_path)
    observed = {r["measure"]: r for r in tables["gold.agreement_job"].to_pylist()}["observed_agreement"]
    assert observed["value"] == pytest.approx(2.5 / 10)
    assert {r["worker_id"] for r in tables["gold.worker_quality"].to_pylist()} == {"ann", "bob"}


def test_rttm(tmp_path: Path) -> None:
    for who, start in (("ann", 1.0), ("bob", 1.25)):
        write(tmp_path, f"{who}/x.rttm", f"SPEAKER x 1 {start} 2.0 <NA> <NA> S1 <NA> <NA>\nOTHER\n")
    assert read_segments(tmp_path) == [("x", "ann", "speaker", 1, 3, "S1"), ("x", "bob", "speaker", 1.25, 3.25, "S1")]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a/b.txt", "x\tA\n", "line 1"),
        ("a/b.rttm", "SPEAKER x 1 a 2\n", "not a SPEAKER line"),
        ("a/b.txt", "", "No segm"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str, text: str, words: str) -> None:
    write(tmp_path, name, text)
    with pytest.raises(LakeError, match=words):
        score_files(tmp_path)
    with pytest.raises(LakeError, match="There is no"):
        score_files(tmp_path / "nothing")


def test_salami_pairs(shared_data: Path) -> None:
    text = page(shared_data / "salami" / "annotations")
    for words in (
        "By layer", "functions", "uppercase", "lowercase", "Krippendorff's alpha 0.", "not reliable by the lower end",
        "by chance", "Where the cuts are", "Least agreed objects", "Pairs of annotators", "annotator 2", "expert",
        "100.0% is labeled", "Rand index above alpha",
    ):  # fmt: skip
        assert words in " ".join(text.split()), words
    rows = score_files(shared_data / "salami" / "annotations")["gold.agreement_job"].to_pylist()
    figures = {(r["layer"], r["measure"]): r for r in rows}
    alpha = figures["functions", "alpha"]
    assert alpha["ci_lo"] < 0.4843 < alpha["ci_hi"]  # of all 884 pairs of the corpus
    for layer, trimmed in (("functions", 0.6226), ("uppercase", 0.6284), ("lowercase", 0.6848)):
        found = figures[layer, "boundary_f_500ms"]
        assert found["ci_lo"] < trimmed < found["ci_hi"] and found["chance_floor"] < found["ci_lo"]


def test_labels_of_whole_objects(tmp_path: Path) -> None:
    rows = [(w, o, x) for o, xs in {"1": "aab", "2": "bbb", "3": "aaa", "4": "abb"}.items()
            for w, x in zip(("ann", "bob", "cy"), xs, strict=True)]  # fmt: skip
    write(tmp_path, "mood/labels.csv", "worker,object,label\n" + "".join(f"{w},{o},{x}\n" for w, o, x in rows))
    assert read_labels(tmp_path) == [(o, w, "mood", x) for w, o, x in rows]
    text = " ".join(page(tmp_path).split())
    assert "Gwet's AC1" in text and "cy" in text and "boundaries" not in text
    assert "under 10 objects: alpha is biased downwards" in text
    write(tmp_path, "mood/labels.csv", "ann,1\n")
    with pytest.raises(LakeError, match="line 1: 2 columns"):
        score_files(tmp_path)


def test_crowd_labels(shared_data: Path) -> None:
    tables = score_files(shared_data / "crowd" / "BarzanMozafari" / "labels.txt")
    found = {r["measure"]: r for r in tables["gold.agreement_job"].to_pylist()}
    assert found["alpha"]["n_items"] == 1000 and found["alpha"]["n_annotators"] == 83
    assert found["alpha"]["ci_lo"] > found["alpha"]["chance_floor"]


def test_a_page_says_why_it_has_no_headline(tmp_path: Path) -> None:
    write(tmp_path, "one/ann.txt", "0\t5\tA\n")
    rows = {r["measure"]: r for r in score_files(tmp_path)["gold.agreement_job"].to_pylist()}
    assert headline(rows) == "Krippendorff's alpha is undefined: no object has two annotators. 0 objects, 0 annotators."
    assert "all figures: no object has two annotators" in page(tmp_path)
