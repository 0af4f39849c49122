"""A release read on demand: a question opens the tables that it names, one about a job the files of that job."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from annolake.config import Settings
from annolake.lake import on_demand
from annolake.lake.catalog import open_lake
from annolake.lake.on_demand import OnDemandReader
from annolake.lake.release import publish
from tests.dashboards import gold_tables as gold
from transforms.schemas import TABLES

JOBS = (gold.AUDIO, gold.VIDEO)
COUNT = "select job_name, count(*) from gold.job_day group by job_name order by job_name"


@pytest.fixture(params=["kept in memory", "read from files"])
def reader(
    request: pytest.FixtureRequest, make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> Iterator[OnDemandReader]:
    settings = make_settings()
    with open_lake(settings) as lake:
        for name, rows in gold.full().items():
            if name.startswith("gold.job"):
                lake.replace(name, gold.as_table(TABLES[name], rows), {row["job_name"] for row in rows})
    publish(settings, JOBS)
    if request.param == "read from files":
        monkeypatch.setattr(on_demand, "KEEP_BYTES", 0)
    with OnDemandReader(settings) as reader:
        yield reader


def files_of(reader: OnDemandReader, job: str | None) -> str:
    """The plan of a question, which names the files that it reads."""
    return str(reader.cursor(COUNT, job).execute(f"explain analyze {COUNT}").fetchall())


def test_a_job_is_read_from_its_own_files(reader: OnDemandReader) -> None:
    of_all = reader.cursor(COUNT).execute(COUNT).fetchall()
    assert [job for job, _ in of_all] == sorted(JOBS)
    for job, n in of_all:
        rows = reader.cursor(COUNT, job).execute(f"select * from ({COUNT}) where job_name = ?", [job]).fetchall()
        assert rows == [(job, n)]
    if on_demand.KEEP_BYTES == 0:
        plan = files_of(reader, gold.AUDIO)
        assert f"job_name={gold.AUDIO}" in plan.replace("\n", "") and f"job_name={gold.VIDEO}" not in plan
    assert reader.cursor("select 1 from gold.agreement_job").execute("from gold.agreement_job").fetchall() == []


def test_threads_open_tables_at_the_same_time(reader: OnDemandReader) -> None:
    asked = [None, *JOBS] * 8
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda job: reader.cursor(COUNT, job).execute(COUNT).fetchall(), asked))
    for job, rows in zip(asked, found, strict=True):
        assert {n for n, _ in rows} >= ({job} if job else set(JOBS)), job
