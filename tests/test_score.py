"""`annolake score` on annotators' files: layouts, the page, what cannot be read."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from annolake.errors import LakeError
from annolake.score import print_score, read_segments, score_files


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
    for words in ("functions", "uppercase", "lowercase", "Krippendorff's alpha", "by chance", "annotator 2", "expert"):
        assert words in text
    rows = score_files(shared_data / "salami" / "annotations")["gold.agreement_job"].to_pylist()
    figures = {(r["layer"], r["measure"]): r for r in rows}
    alpha = figures["functions", "alpha"]
    assert alpha["ci_lo"] < 0.4843 < alpha["ci_hi"]  # of all 884 pairs of the corpus
    for layer, trimmed in (("functions", 0.6226), ("uppercase", 0.6284), ("lowercase", 0.6848)):
        found = figures[layer, "boundary_f_500ms"]
        assert found["ci_lo"] < trimmed < found["ci_hi"] and found["chance_floor"] < found["ci_lo"]
