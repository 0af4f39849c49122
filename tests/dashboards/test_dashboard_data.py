"""Every question of `dashboards.data`, over full, single and empty gold tables."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import duckdb
import pyarrow as pa
import pytest

from dashboards.data import Answer, Where, agreement, data_quality, jobs, overview, scope, workers
from dashboards.data import label_distributions as used
from tests.dashboards import gold_tables as gold

Connection = duckdb.DuckDBPyConnection
SPEAKER = Where((gold.AUDIO,), ("speaker",))
QUESTIONS: dict[str, Callable[[Connection, Where], Answer]] = {
    "scopes": lambda c, _: scope.scopes(c),
    **{f"agreement {m}": lambda c, w, m=m: agreement.measure(c, w, m) for m in agreement.MEASURES},
    "figures": agreement.figures,
    "coverage": agreement.coverage,
    "items": agreement.items,
    "disputed items": lambda c, w: agreement.items(c, w, disputed_only=True),
    "item_spread": agreement.item_spread,
    "label_reliability": agreement.label_reliability,
    "confusions": agreement.confusions,
    "pairs": agreement.pairs,
    "offset_spread": agreement.offset_spread,
    "progress": overview.progress,
    "finish": lambda c, w: overview.finish(c, w, date(2026, 10, 8)),
    "burndown": overview.burndown,
    "trend": lambda c, _: overview.trend(c, gold.AUDIO, "speaker"),
    "disputes": overview.disputes,
    "alerts": overview.alerts,
    "workers": lambda c, _: workers.workers(c, gold.AUDIO, "speaker"),
    "history": lambda c, _: workers.history(c, gold.AUDIO, "speaker", gold.WORKERS[0]),
    "confusion": lambda c, _: workers.confusion(c, gold.AUDIO, "speaker", gold.WORKERS[0]),
    "confusion with gold": lambda c, _: workers.confusion(c, gold.AUDIO, "speaker", gold.WORKERS[0], "gold"),
    "offsets": lambda c, _: workers.offsets(c, gold.AUDIO, "speaker", gold.WORKERS[2]),
    "worker items": lambda c, _: workers.items(c, gold.AUDIO, "speaker", gold.WORKERS[4]),
    "jobs": jobs.jobs,
    "states": jobs.states,
    "throughput": jobs.throughput,
    "failures": jobs.failures,
    "batches": jobs.batches,
    "severities": data_quality.severities,
    "broken": data_quality.broken,
    "check trend": data_quality.trend,
    "rules": data_quality.rules,
    "quarantine": lambda c, w: data_quality.quarantine(c, w, "silver.segment ends_in_media"),
    "refused": data_quality.refused,
    "never_used": used.never_used,
    **{f"drift {b or 'others'}": lambda c, w, b=b: used.drift(c, w, "worker_id", b) for b in ("", gold.WORKERS[0])},
    "rare_labels": used.rare_labels,
    **{f"labels {u}": lambda c, w, u=u: used.labels(c, w, u) for u in used.AMOUNT},
    **{f"worker_shares {u}": lambda c, w, u=u: used.worker_shares(c, w, u) for u in used.AMOUNT},
    **{
        f"labels_by {p} {u}": lambda c, w, p=p, u=u: used.labels_by(c, w, p, u)
        for p in ("job_name", "worker_id", "day", "media_type")
        for u in used.AMOUNT
    },
}


SMALL = {"meta.alert", "meta.check_result", "silver.job", "silver.quarantine", "bronze.landing_outcome"}
"""What pages read beside gold: alerts, checks, and what was refused or kept out."""


@pytest.fixture(scope="module")
def full() -> Connection:
    return gold.connect(gold.full())


@pytest.mark.parametrize("where", [Where(), SPEAKER, Where(("o'brien",), ("x'); --",))], ids=["all", "one", "unknown"])
@pytest.mark.parametrize("rows", [gold.full(), gold.single(), {}], ids=["full", "single", "empty"])
def test_the_shown_statement_gives_the_same_rows(rows: gold.Rows, where: Where) -> None:
    connection = gold.connect(rows)
    for name, question in QUESTIONS.items():
        answer = question(connection, where)
        again = connection.sql(answer.sql).to_arrow_table()
        assert again.schema.equals(answer.table.schema), name
        # Sums of floats may differ in the last digit between two runs of several threads.
        assert _rounded(again) == _rounded(answer.table), name


def test_analysts_may_run_the_shown_statements(full: Connection) -> None:
    from annolake.lake.sql import check

    for name, question in QUESTIONS.items():
        tables = check(question(full, SPEAKER).sql)
        assert tables, name
        assert all(t.startswith("gold.") or t in SMALL for t in tables), f"{name} reads more than gold: {tables}"


def _rounded(rows: pa.Table) -> list[list[tuple[str, object]]]:
    return [
        [(name, round(value, 9) if isinstance(value, float) else value) for name, value in row.items()]
        for row in rows.to_pylist()
    ]


def test_columns_are_the_same_with_and_without_rows(full: Connection) -> None:
    empty = gold.connect({})
    for name, question in QUESTIONS.items():
        assert question(empty, Where()).table.schema.equals(question(full, Where()).table.schema), name


def test_scopes_are_jobs_and_layers_the_most_labeled_first(full: Connection) -> None:
    scopes = scope.scopes(full).table.to_pylist()
    assert (scopes[0]["job_name"], scopes[0]["layer"], scopes[0]["n_labels"]) == (gold.AUDIO, "speaker", 360)
    assert {r["layer"] for r in scopes} == {"speaker", "emotiontag", "speechNonSpeech", "class", "rate"}


def test_bands_are_judged_on_the_lower_bound(full: Connection) -> None:
    bands = {r["layer"]: (r["band"], r["is_settled"]) for r in agreement.measure(full, Where()).table.to_pylist()}
    assert bands == {
        "class": ("reliable", True),  # 0.84 to 0.98
        "speaker": ("tentative", True),  # 0.68 to 0.80
        "rate": ("not reliable", False),  # 0.37 to 0.87: more objects would tell
        "emotiontag": ("not reliable", True),  # 0.09 to 0.53
        "speechNonSpeech": ("undefined", False),
    }


@pytest.mark.parametrize(
    ("value", "half", "band", "settled"),
    [
        (0.9, 0.1, "reliable", True),
        (0.767, 0.1, "tentative", True),
        (0.766, 0.1, "not reliable", False),
        (0.566, 0.1, "not reliable", True),
        (0.9, None, "no interval", False),
        (None, None, "undefined", False),
        (-0.4, 0.2, "not reliable", True),
    ],
)
def test_band_at_its_edges(value: float | None, half: float | None, band: str, settled: bool) -> None:
    connection = gold.connect({"gold.agreement_job": [gold.measure("j", "l", "alpha", value, half)]})
    (row,) = agreement.measure(connection, Where()).table.to_pylist()
    assert (row["band"], row["is_settled"]) == (band, settled)


def test_the_worst_comes_first(full: Connection) -> None:
    assert agreement.measure(full, Where()).column("layer") == [
        "emotiontag",
        "rate",
        "speaker",
        "class",
        "speechNonSpeech",
    ]
    assert agreement.items(full, SPEAKER).column("item")[0] == "dialogue_11.wav"
    assert agreement.items(full, SPEAKER).column("item")[-1] == "silence.wav"  # no figure: last
    assert workers.workers(full, gold.AUDIO, "speaker").column("worker_id")[0] == gold.WORKERS[4]


def test_figures_put_the_measures_side_by_side(full: Connection) -> None:
    (row,) = agreement.figures(full, SPEAKER).table.to_pylist()
    assert (row["alpha"], row["observed"], row["boundary_f"], row["unit_f"]) == (0.742, 0.86, 0.81, 0.88)
    assert (row["alpha_chance"], row["n_items"], row["n_annotators"]) == (0.04, 12, 5)


def test_coverage_counts_objects_once(full: Connection) -> None:
    (row,) = agreement.coverage(full, Where()).table.to_pylist()
    assert row == {"n_items": 27, "n_compared": 26, "n_disputed": 5, "n_waiting": 2}
    (none,) = agreement.coverage(gold.connect({}), Where()).table.to_pylist()
    assert set(none.values()) == {0}


def test_only_disputed_items_and_at_most_so_many(full: Connection) -> None:
    disputed = agreement.items(full, Where(), disputed_only=True)
    assert disputed.table.num_rows == 5
    assert all(disputed.column("is_disputed"))
    assert agreement.items(full, Where(), limit=3).table.num_rows == 3


def test_full_agreement_stands_in_the_last_bin(full: Connection) -> None:
    spread = agreement.item_spread(full, Where((gold.VIDEO,))).table.to_pylist()
    assert spread == [
        {"agreement_from": 0.3, "agreement_to": 0.35, "n_items": 1},
        {"agreement_from": 0.95, "agreement_to": 1.0, "n_items": 13},
    ]


def test_label_shares_add_up(full: Connection) -> None:
    for unit in used.AMOUNT:
        assert sum(used.labels(full, SPEAKER, unit).column("share")) == pytest.approx(1)
    rows = used.labels(full, SPEAKER, "minutes").table.to_pylist()
    assert rows[0]["label"] == "Speaker A"
    assert (rows[0]["amount"], rows[0]["minutes"]) == (pytest.approx(670 / 60), pytest.approx(670 / 60))


@pytest.mark.parametrize("part", ["job_name", "worker_id", "day", "media_type"])
def test_shares_within_a_part_add_up(full: Connection, part: used.Part) -> None:
    rows = used.labels_by(full, Where(), part).table.to_pylist()
    assert rows
    for name in {r["part"] for r in rows}:
        mine = [r for r in rows if r["part"] == name]
        assert sum(r["share"] for r in mine) == pytest.approx(1)
        assert sum(r["n_labels"] for r in mine) == mine[0]["n_labels_part"]


def test_labels_beyond_the_most_used_become_one(full: Connection) -> None:
    rows = used.labels_by(full, Where((gold.AUDIO,)), "job_name", most=2).table.to_pylist()
    assert [r["label"] for r in rows] == ["Speaker A", "Speaker B", "other labels"]
    assert rows[2]["n_labels"] == 61


def test_media_without_a_type_is_called_unknown() -> None:
    assert used.labels_by(gold.connect(gold.single()), Where(), "media_type").column("part") == ["unknown"]


def test_worker_share_has_the_wilson_interval_over_objects() -> None:
    """18 of 20 gives 0.699 to 0.972: Wilson 1927, as in Newcombe 1998 and every calculator."""
    given = [{**_label("a", n), "worker_id": w, "n_items": n} for w, n in (("w1", 18), ("w2", 10))]
    rest = [{**_label("b", n), "worker_id": w, "n_items": n} for w, n in (("w1", 2), ("w2", 10))]
    quality = [
        {
            "job_name": "j",
            "layer": "l",
            "worker_id": w,
            "task_type": "t",
            "n_items": 20,
            "n_labels": 20,
            "status": "watch",
        }
        for w in ("w1", "w2")
    ]
    connection = gold.connect({"gold.label_distribution": [*given, *rest], "gold.worker_quality": quality})
    rows = {(r["worker_id"], r["label"]): r for r in used.worker_shares(connection, Where()).table.to_pylist()}
    row = rows["w1", "a"]
    assert row["n_items"] == 20
    assert (row["share"], row["overall_share"]) == (pytest.approx(0.9), pytest.approx(0.7))
    assert (row["share_lo"], row["share_hi"]) == (pytest.approx(0.699, abs=5e-4), pytest.approx(0.972, abs=5e-4))
    assert not row["differs"]  # 0.7 is just inside


def _label(label: str, n: int) -> dict[str, object]:
    where = {"job_name": "j", "layer": "l", "task_type": "t", "day": date(2026, 1, 1), "media_type": "audio"}
    return {**where, "label": label, "n_segments": n}


def test_a_label_that_a_worker_never_used_has_share_zero(full: Connection) -> None:
    rows = used.worker_shares(full, Where((gold.AUDIO,), ("emotiontag",))).table.to_pylist()
    angry = {r["worker_id"]: r["share"] for r in rows if r["label"] == "Angry"}
    assert len(angry) == 5
    assert sorted(angry.values())[:4] == [0, 0, 0, 0]


def test_rare_labels(full: Connection) -> None:
    rows = used.rare_labels(full, Where()).table.to_pylist()
    first = rows[0]
    assert (first["label"], first["n_labels"], first["n_workers"], first["n_asked"]) == ("Angry", 1, 1, 5)
    assert "Speaker A" not in {r["label"] for r in rows}


def test_a_filter_value_cannot_leave_its_quotes() -> None:
    name = "it's '); select 1 --$layers"
    row = gold.measure(name, "l", "alpha", 0.9, 0.05)
    connection = gold.connect({"gold.agreement_job": [row]})
    answer = agreement.measure(connection, Where((name,), ("l",)))
    assert answer.table.num_rows == connection.sql(answer.sql).to_arrow_table().num_rows == 1


def test_several_threads_ask_at_the_same_time(full: Connection) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: agreement.figures(full, Where()).table.num_rows, range(40)))
    assert set(answers) == {5}
