"""Each page opens with full, single and empty data, and says what to run where there is nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from streamlit.testing.v1 import AppTest

from annolake.errors import LakeError
from dashboards import access, palette, panel, source, words
from tests.conftest import ROOT
from tests.dashboards import gold_tables as gold
from tests.dashboards.large_tables import large

OpenPage = Callable[..., AppTest]
PAGES = {
    "overview": "Overview",
    "agreement": "Agreement",
    "workers": "Workers",
    "label_distributions": "Label distributions",
    "jobs": "Jobs",
    "data_quality": "Data quality",
    "item": "Item",
    "disputes": "Disputes",
}
MANAGERS = tuple(PAGES)[:6]
"""Those with several charts each; Item and Disputes: test_item_disputes.py."""


def shown(app: AppTest) -> str:
    """All words of the page."""
    parts = [app.markdown, app.caption, app.info, app.error, app.code, app.subheader]
    return "\n".join(str(element.value) for kind in parts for element in kind)


@pytest.fixture(scope="module")
def labs() -> dict[str, duckdb.DuckDBPyConnection]:
    rows = {"full": gold.full(), "single": gold.single(), "empty": {}, "large": large()}
    return {name: gold.connect(of_lab) for name, of_lab in rows.items()}


@pytest.mark.parametrize("lab", ["full", "single", "empty", "large"])
@pytest.mark.parametrize("page", PAGES)
def test_page_opens(open_page: OpenPage, labs: dict[str, duckdb.DuckDBPyConnection], page: str, lab: str) -> None:
    app = open_page(labs[lab], page)
    assert not app.exception and not app.error
    assert [t.value for t in app.title] == [PAGES[page]]
    assert "Release **7** · published 3 minutes ago" in shown(app)
    if lab == "empty":
        assert "no answers yet" in shown(app) or "No landing has been checked" in shown(app)
        assert "annolake land JOB" in [c.value for c in app.code]


@pytest.mark.parametrize("page", MANAGERS)
def test_every_figure_can_be_taken_away(
    open_page: OpenPage, labs: dict[str, duckdb.DuckDBPyConnection], page: str
) -> None:
    app = open_page(labs["full"], page)
    buttons = [b.label for b in app.download_button]
    statements = [c.value for c in app.code if c.language == "sql"]
    assert buttons.count("CSV") == buttons.count("Parquet") == len(statements) >= 3
    assert all(labs["full"].sql(s).to_arrow_table().num_rows for s in statements)


@pytest.mark.parametrize("page", MANAGERS)
def test_every_chart_says_n_and_interval(
    open_page: OpenPage, labs: dict[str, duckdb.DuckDBPyConnection], page: str
) -> None:
    app = open_page(labs["full"], page)
    elements = list(walk(app.main))
    charts = [n for n, e in enumerate(elements) if getattr(e, "type", "") == "vega_lite_chart"]
    assert len(charts) >= 2
    for n in charts:
        note = next(e.value for e in elements[n:] if getattr(e, "type", "") == "caption")
        assert ("n = " in note or "n: hover" in note) and "nterval" in note, note


@pytest.mark.parametrize("page", PAGES)
def test_every_axis_of_numbers_is_named_and_every_filter_in_the_address(
    open_page: OpenPage, labs: dict[str, duckdb.DuckDBPyConnection], page: str
) -> None:
    elements = list(walk(open_page(labs["full"], page).main))
    specs = [json.loads(e.proto.spec) for e in elements if getattr(e, "type", "") == "vega_lite_chart"]
    for spec in specs:
        for channel in ("x", "y"):
            drawn = [axis for axis in axes(spec, channel) if axis.get("axis", {}) is not None]
            numbers = [axis for axis in drawn if axis.get("type") == "quantitative"]
            assert not numbers or any((axis.get("title") or "").strip() for axis in numbers), (channel, numbers)
    widgets = [e for e in elements if hasattr(getattr(e, "proto", None), "query_param_key")]
    filters = {widget.key: widget.proto.query_param_key for widget in widgets}
    kept_by_the_page = {"workers": "worker", "item": "object_of_job"}  # an address has no name of a worker or a file
    assert {key for key, in_address in filters.items() if not in_address} <= {kept_by_the_page.get(page)}
    assert filters


def axes(spec: dict[str, Any], channel: str) -> Iterator[dict[str, Any]]:
    """The encodings of a channel in all layers of a specification."""
    if channel in spec.get("encoding", {}):
        yield spec["encoding"][channel]
    for layer in spec.get("layer", []):
        yield from axes(layer, channel)


JUDGED = {
    "not reliable: upper bound < 0.667", "watch: upper bound < 0.667", "below: the whole interval", "differs",
    "failed", "fail",
}  # fmt: skip
"""What may be red: the whole interval is past the threshold, or it is no estimate: counts of what failed."""


@pytest.mark.parametrize("lab", ["full", "large"])
@pytest.mark.parametrize("page", PAGES)
def test_red_is_only_what_an_interval_settles(
    open_page: OpenPage, labs: dict[str, duckdb.DuckDBPyConnection], page: str, lab: str
) -> None:
    app = open_page(labs[lab], page)
    specs = [json.loads(e.proto.spec) for e in walk(app.main) if getattr(e, "type", "") == "vega_lite_chart"]
    assert specs or page == "item"
    for spec in specs:
        assert "#228833" not in json.dumps(spec) or page == "label_distributions", "green is a label's colour only"
        for where, parent in reds(spec):
            if where == "range":
                names = {parent["domain"][n] for n, c in enumerate(parent["range"]) if c == palette.RED}
                assert names <= JUDGED or page == "label_distributions", names
            else:
                assert parent.get("test") == "datum.is_alarm", f"{where} is red whatever its interval: {parent}"


def reds(spec: Any) -> Iterator[tuple[str, Any]]:
    """Each place where a specification is red, and what it stands in."""
    for key, value in spec.items() if isinstance(spec, dict) else enumerate(spec) if isinstance(spec, list) else ():
        if value == palette.RED or (key == "range" and palette.RED in value):
            yield str(key), spec
        elif key != "range":
            yield from reds(value)


def walk(block: Any) -> Iterator[Any]:
    """Every element of a page, in its order."""
    for child in block.children.values():
        if hasattr(child, "children"):
            yield from walk(child)
        else:
            yield child


def test_agreement_in_words(open_page: OpenPage) -> None:
    app = open_page(gold.full(), "agreement")
    assert "undefined: everybody gave the same label" in shown(app)
    table = app.dataframe[0].value
    told = dict(zip(table["layer"], zip(table["band"], table["verdict"], strict=True), strict=True))
    assert told["speaker"] == ("tentative", "at least 0.68 (95 %)")
    assert told["emotiontag"] == ("not reliable", "at most 0.53 (95 %)")
    assert told["rate"] == ("not reliable so far", "the interval crosses 0.667")


def test_one_annotator_is_told_apart_from_disagreement(open_page: OpenPage) -> None:
    assert "one annotator only; agreement needs two" in shown(open_page(gold.single(), "agreement"))


def test_a_job_without_agreement_says_so(open_page: OpenPage) -> None:
    rows = {k: v for k, v in gold.full().items() if k == "gold.label_distribution"}
    text = shown(open_page(rows, "agreement"))
    assert "No agreement was computed for this choice" in text
    assert "annolake land JOB" in text


def test_filters_come_from_the_address(open_page: OpenPage) -> None:
    app = open_page(gold.full(), "agreement", job=gold.VIDEO, layer="class")
    assert app.multiselect(key="job").value == [gold.VIDEO]
    assert set(app.dataframe[0].value["layer"]) == {"class"}
    app = open_page(gold.full(), "workers", workers_of=words.scope(gold.VIDEO, "class"), worker=gold.WORKERS[3])
    assert app.selectbox(key="worker").value == gold.WORKERS[3]
    assert app.dataframe[0].value["status"].unique() == ["too_few"]


def test_a_filter_narrows_the_page(open_page: OpenPage) -> None:
    app = open_page(gold.full(), "agreement")
    app.multiselect(key="layer").set_value(["speaker"]).run()
    assert not app.exception
    assert set(app.dataframe[0].value["layer"]) == {"speaker"}


def test_only_disputed_objects(open_page: OpenPage) -> None:
    app = open_page(gold.full(), "agreement")
    assert len(objects(app)) == 27
    app.toggle(key="disputed").set_value(True).run()
    assert len(objects(app)) == 5


def objects(app: AppTest) -> pd.DataFrame:
    """The table of objects."""
    (found,) = (d.value for d in app.dataframe if "is_disputed" in d.value)
    return found


def test_minutes_are_offered_for_segments_only(open_page: OpenPage) -> None:
    app = open_page(gold.full(), "label_distributions", one_layer="speaker", unit="Minutes", by="worker")
    assert "How long each label was given" in shown(app)
    assert "of minutes by worker" in shown(app)
    app = open_page(gold.full(), "label_distributions", one_layer="class")
    assert "unit" not in [g.key for g in app.button_group]
    assert not app.exception


def test_many_workers_are_cut_and_it_is_said(open_page: OpenPage) -> None:
    rows = gold.full()
    one = rows["gold.worker_quality"][0]
    rows["gold.worker_quality"] = [{**one, "worker_id": f"w_{n:016x}"} for n in range(500)]
    text = shown(open_page(rows, "workers"))
    assert "The 40 lowest of 500 workers are drawn" in text


def test_of_ten_thousand_objects_the_first_are_listed_and_it_is_said(
    open_page: OpenPage, labs: dict[str, duckdb.DuckDBPyConnection]
) -> None:
    app = open_page(labs["large"], "disputes")
    assert "n = 10,000 disputes, the first 1,000 are listed." in shown(app)
    assert "The first **10 objects** of 10,000 settle **0.2%**" in shown(app)
    assert len(app.dataframe[0].value) == 1000 and app.slider(key="send").max == 500
    app = open_page(labs["large"], "agreement", job="big-l1-audio")
    assert "n = 10,000 objects, the first 1,000 are listed." in shown(app)
    app = open_page(labs["large"], "item")
    assert len(app.selectbox(key="object_of_job").options) == 500


def test_days_on_which_the_guideline_changed_are_marked(
    open_page: OpenPage, labs: dict[str, duckdb.DuckDBPyConnection]
) -> None:
    app = open_page(labs["full"], settings={"guidelines": "2026-10-06=v2, 2027-01-01=v9"})
    trend = next(e for e in walk(app.main) if getattr(e, "type", "") == "vega_lite_chart")
    told = [pa.ipc.open_stream(d.data.data).read_all() for d in trend.proto.datasets]
    marked = [t.to_pylist() for t in told if t.column_names[:2] == ["day", "text"]]
    assert [[(r["day"], r["text"]) for r in rows] for rows in marked] == [[("2026-10-06", "v2")]]
    assert "Upright lines: the guideline changed." in shown(app)


def test_the_data_docs_are_a_link_where_they_are_published(
    open_page: OpenPage, labs: dict[str, duckdb.DuckDBPyConnection]
) -> None:
    app = open_page(labs["full"], "data_quality", settings={"data_docs_url": "https://docs.lab.example/gx"})
    links = [e.proto.url for e in walk(app.main) if getattr(e, "type", "") == "link_button"]
    assert links == ["https://docs.lab.example/gx"]
    assert "data-docs" in shown(open_page(labs["full"], "data_quality"))


def test_without_a_lake_the_page_says_what_to_run(monkeypatch: pytest.MonkeyPatch, open_page: OpenPage) -> None:
    def nothing(_: access.Viewer) -> source.Source:
        raise source.NothingReleased("No release has been published yet.")

    open_page({})
    monkeypatch.setattr(source, "current", nothing)
    app = AppTest.from_file(str(panel.__file__).replace("panel.py", "app.py"), default_timeout=30).run()
    assert not app.exception
    assert {"make demo", "annolake up"} <= {c.value for c in app.code}


def test_a_broken_lake_is_told_with_its_hint(monkeypatch: pytest.MonkeyPatch, open_page: OpenPage) -> None:
    def broken(_: access.Viewer) -> source.Source:
        raise LakeError("The catalog does not answer.", hint="annolake config show")

    open_page({})
    monkeypatch.setattr(source, "current", broken)
    app = AppTest.from_file(str(panel.__file__).replace("panel.py", "app.py"), default_timeout=30).run()
    assert "The catalog does not answer." in app.error[0].value
    assert "annolake config show" in [c.value for c in app.code]


def test_downloads_hold_all_rows() -> None:
    rows = pa.table({"worker": ["a", None], "share": [0.25, None], "n": [1, 2]})
    assert pa.csv.read_csv(pa.BufferReader(panel.as_csv(rows))).num_rows == 2
    assert pa.parquet.read_table(pa.BufferReader(panel.as_parquet(rows))).equals(rows)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(5, "just now"), (60, "1 minute ago"), (7300, "2 hours ago"), (90_000, "1 day ago"), (-3, "just now")],
)
def test_age(seconds: int, text: str) -> None:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    assert source.age(now - timedelta(seconds=seconds), now) == text


def test_an_unknown_reason_is_still_readable() -> None:
    assert words.reason("half_a_label") == "half a label"
    assert words.reason(None) == "no reason was stored"


def test_palette_is_told_apart_by_shape_too() -> None:
    from dashboards import charts

    assert len(charts.SHAPES) >= len(palette.BANDS) > len(palette.STATUSES)
    assert len(set(palette.CATEGORIES)) == len(palette.CATEGORIES)
    assert set(palette.BANDS) == set(words.BANDS)
    assert set(palette.STATUSES) == set(words.STATUSES)


def test_no_worker_is_marked_before_the_interval_says_so() -> None:
    row = {"status": "watch", "is_settled": False}
    assert words.status_shown(row) == "watch: interval crosses 0.667"
    assert words.status_shown({**row, "is_settled": True}) == "watch: upper bound < 0.667"


def test_full_agreement_has_no_interval_and_no_band(open_page: OpenPage) -> None:
    perfect = gold.measure(gold.VIDEO, "class", "alpha", 1.0, reason_code="no_variation", n_items=14)
    app = open_page({**gold.full(), "gold.agreement_job": [perfect]}, "agreement")
    assert not app.exception
    (row,) = app.dataframe[0].value.to_dict("records")
    assert (row["band"], row["verdict"]) == ("no interval", words.REASONS["no_variation"])


def test_it_runs_from_a_folder_of_any_name(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "dashboards", tmp_path / "_dashboards")
    program = f"""
import sys
from streamlit.testing.v1 import AppTest
app = AppTest.from_file({str(tmp_path / "_dashboards/app.py")!r}, default_timeout=30).run()
assert not app.exception, app.exception
assert "make demo" in [c.value for c in app.code]
assert sys.modules["dashboards.data"].__file__.startswith({str(tmp_path)!r})
"""
    environment = {**os.environ, "ANNOLAKE_HOME": str(tmp_path / "home")}
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit/config.toml").write_text('[server]\naddress = "127.0.0.1"\n')
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
