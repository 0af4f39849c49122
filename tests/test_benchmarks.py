"""Every benchmark at a tiny size: the ways agree. Times are never asserted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.__main__ import main
from benchmarks.harness import Run, bench, names, ratios, run, same


def test_benchmarks_are_found() -> None:
    assert {"alpha", "alpha_interval", "boundary", "dawid_skene", "gold", "intervals", "landing", "overlap"} <= set(
        names()
    )


@pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")  # crowd-kit calls pandas as before version 3
@pytest.mark.filterwarnings("ignore:module 'sre_:DeprecationWarning")  # a dependency of Great Expectations imports it
@pytest.mark.parametrize("name", sorted(set(names()) - {"sessions"}))  # its server and Chromium are tests/browser's
def test_the_ways_agree(name: str) -> None:
    what = bench(name)
    runs = run(name, "tiny", apart=False, rounds=1)
    assert set(runs) == {way.name for way in what.ways} and not any(r[0].failure for r in runs.values())
    shown = report.section(name, "tiny", runs)
    assert shown.startswith(f"## {name}: {what.title}") and what.claim in shown and f"-m benchmarks {name}" in shown
    assert {"tiny", "small", "full"} <= set(what.sizes)


def test_a_run_has_a_process_of_its_own() -> None:
    runs = run("alpha", "tiny", rounds=2)
    assert {way: len(done) for way, done in runs.items()} == {"annolake": 2, "krippendorff": 2}
    assert all(r.seconds > 0 and r.peak_mib > 10 for done in runs.values() for r in done)


def test_running_out_of_memory_is_a_result() -> None:
    shown = report.section("alpha_interval", "small", run("alpha_interval", "small", rounds=1))
    assert "| krippendorff | failed |" in shown and "krippendorff failed: MemoryError: Unable to allocate" in shown


def test_ratios_are_taken_within_a_round() -> None:
    runs = {"a": [Run(1.0, 1), Run(3.0, 1)], "b": [Run(10.0, 1), Run(30.0, 1)]}
    assert ratios(runs, "a", "b") == [10.0, 10.0]


def test_figures_that_differ_are_a_failure() -> None:
    same(1.0, 1.0 + 1e-9, 1e-6, "x")
    with pytest.raises(AssertionError, match=r"x: 1\.0 and 1\.1"):
        same(1.0, 1.1, 1e-6, "x")


def test_a_run_replaces_its_own_section_only(tmp_path: Path) -> None:
    page = tmp_path / "results.md"
    report.write({"b": "## b: two\n\nold\n", "a": "## a: one\n\nkept\n"}, page)
    report.write({"b": "## b: two\n\nnew\n"}, page)
    text = page.read_text()
    assert re.findall(r"(?m)^## (\w)", text) == ["a", "b"] and "kept" in text and "new" in text and "old" not in text


def test_the_command_lists_and_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    assert set(names()) == {line.split()[0] for line in capsys.readouterr().out.splitlines()}
    with pytest.raises(SystemExit) as stop:
        main(["speed"])
    assert stop.value.code == 2 and "no benchmark is called speed; there are alpha" in capsys.readouterr().err
