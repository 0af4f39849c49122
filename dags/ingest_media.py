"""Register audio and video from a folder or a bucket, so that it can be labeled.

**Triage**

- *Task `ingest` failed with LabelingUnavailable*: the object store (locally the labeling service) did not answer, also
  not in the retries. Start it (`annolake up`), then clear the task.
- *It failed with MediaError or ConfigError*: the source does not exist, is empty or may not be read; the message names
  it. Trigger a new run with the right `source`.
- *Files are missing though the run is green*: a broken file never stops the others. Each has a row with its reason:
  `annolake sql "select source_uri, reason from bronze.landing_outcome where kind = 'media' and not is_ok"`.

**What it does.** Probes every file below `source` (duration, codecs, sample rate, size, hash, waveform peaks), copies
good ones into the media bucket, writes `bronze.media_object`, `silver.asset` and one row of `bronze.landing_outcome` a
file, and shows them to readers in a release. The event of the asset `media` wakes `label_batch`.

**Parameters.** `source`: a folder, a file or an `s3://` prefix that the Airflow workers can read. Required.

**Rerun and resume.** Safe at any moment: files are known by content, a rerun registers only what is new. One run at a
time, so that two do not probe the same files twice.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, dag

from annolake.airflow.defaults import MEDIA, dag_options
from annolake.airflow.tasks import library_task, settings


@dag(
    schedule=None,
    max_active_runs=1,
    params={"source": Param("", type="string", title="Source", description="Folder, file or s3:// prefix.")},
    **dag_options(__doc__, "media"),
)
def ingest_media() -> None:
    @library_task(outlets=[MEDIA])
    def ingest(params: dict[str, Any] | None = None) -> dict[str, int]:
        from annolake.airflow.steps import ingest_source

        return ingest_source(settings(), (params or {})["source"])

    @library_task()
    def release() -> int:
        from annolake.lake.release import publish

        return int(publish(settings(), []).release_id)

    ingest() >> release()


ingest_media()
