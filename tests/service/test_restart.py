"""What a killed service left half done, the next one finishes."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import insert, select, update

from annolake.config import Settings
from annolake.service.core import Service
from annolake.service.tables import data_object, job
from tests.service.lab import label, open_lab


def test_half_read_manifest_is_read_again(make_settings: Callable[..., Settings]) -> None:
    settings = make_settings()
    with open_lab(settings) as lab:
        name = lab.create("half", 5)
    service = Service.open(settings)
    with service.store.write() as connection:
        row = connection.execute(select(job)).one()
        connection.execute(update(job).values(status="Initializing", n_objects=0))
        extra = {"object_no": 99, "line": "{}", "status": "waiting", "iteration": 1}
        connection.execute(insert(data_object).values(job_id=row.job_id, **extra))
    service.store.close()
    with open_lab(settings) as lab:
        assert lab.wait(name, "InProgress")["LabelCounters"]["Unlabeled"] == 5
        with lab.annotator() as annotator:
            assert annotator.work(name, lambda _: label("a")) == 5
        lab.wait(name, "Completed")


def test_outputs_written_just_before_the_kill_are_written_the_same(make_settings: Callable[..., Settings]) -> None:
    settings = make_settings()
    with open_lab(settings) as lab:
        name = lab.create("written", 3, NumberOfHumanWorkersPerDataObject=2)
        lab.label_all(name, 2)
        before = {key: lab.download(lab.uri(key)) for key in lab.keys("output/")}
    service = Service.open(settings)
    with service.store.write() as connection:
        connection.execute(update(job).values(status="InProgress", ended_us=None))
    service.store.close()
    with open_lab(settings) as lab:
        lab.wait(name, "Completed")
        assert {key: lab.download(lab.uri(key)) for key in lab.keys("output/")} == before
    assert len(before) == 6


def test_stop_asked_while_the_manifest_is_read_is_kept(make_settings: Callable[..., Settings]) -> None:
    settings = make_settings()
    with open_lab(settings) as lab:
        name = lab.create("early", 2)
    service = Service.open(settings)
    with service.store.write() as connection:
        connection.execute(update(job).values(status="Initializing", is_stop_requested=True))
    service.store.close()
    with open_lab(settings) as lab:
        assert lab.wait(name, "Stopped")["LabelCounters"]["Unlabeled"] == 2
        assert lab.manifest(name)[0]["clip"] == {"n": 0}
