"""A data set for training: Parquet files, one row an object with what its annotators agreed on, and a card.

Everything comes from one release: exporting it again gives the same bytes.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from annolake.config import Settings
from annolake.errors import LakeError
from annolake.export.card import write_card
from annolake.lake.reader import ReleaseReader
from transforms.splits import names_of, part_of, sources_of

METHODS = ("majority", "one_coin", "ground_truth")
ROW_GROUP = 50_000
OBJECTS = """
    WITH answered AS (
        SELECT job_name, object_id, max(asset_id) AS asset_id, max(task_type) AS task_type,
            CAST(count(DISTINCT worker_id) AS INTEGER) AS n_workers
        FROM silver.annotation WHERE list_contains($jobs, job_name) GROUP BY ALL
    ),
    line AS (
        SELECT job_name, object_id, arg_max(line, (source_modified_at, landed_at, line_hash)) AS line
        FROM bronze.manifest_line WHERE list_contains($jobs, job_name) GROUP BY ALL
    ),
    label AS (
        SELECT job_name, object_id, list(struct_pack(
            layer := layer, label := nullif(label, ''), confidence := confidence, support := support
        ) ORDER BY layer) AS labels
        FROM gold.consensus_label WHERE method = $method GROUP BY ALL
    ),
    segment AS (
        SELECT job_name, object_id, list(struct_pack(
            layer := layer, label := label, start_s := start_s, end_s := end_s, confidence := confidence,
            support := support
        ) ORDER BY layer, segment_no) AS segments
        FROM gold.consensus_segment GROUP BY ALL
    ),
    box AS (
        SELECT job_name, object_id, list(struct_pack(
            layer := layer, frame_no := frame_no, label := label, left_px := left_px, top_px := top_px,
            width_px := width_px, height_px := height_px, confidence := confidence, support := support
        ) ORDER BY layer, frame_no, box_no) AS boxes
        FROM gold.consensus_box WHERE is_accepted GROUP BY ALL
    ),
    agreed AS (
        SELECT job_name, object_id, list(struct_pack(
            layer := layer, observed_agreement := observed_agreement, n_annotators := n_annotators,
            reason_code := reason_code
        ) ORDER BY layer) AS agreement
        FROM gold.agreement_item GROUP BY ALL
    )
    SELECT
        o.job_name, o.object_id, o.asset_id, m.content_hash,
        coalesce(json_extract_string(l.line, '$."source-ref"'), m.uri) AS source_uri,
        json_extract_string(l.line, '$.source') AS source_text,
        o.task_type, m.media_type, m.duration_s, o.n_workers,
        label.labels, segment.segments, box.boxes, agreed.agreement
    FROM answered AS o
    LEFT JOIN line AS l USING (job_name, object_id)
    LEFT JOIN silver.asset AS m USING (asset_id)
    LEFT JOIN label USING (job_name, object_id)
    LEFT JOIN segment USING (job_name, object_id)
    LEFT JOIN box USING (job_name, object_id)
    LEFT JOIN agreed USING (job_name, object_id)
    ANTI JOIN (SELECT * FROM silver.consolidated WHERE outcome = 'failed') AS f
        ON o.job_name = f.job_name AND o.object_id = f.object_id
    ORDER BY o.job_name, try_cast(o.object_id AS BIGINT), o.object_id
"""
PLACES = """
    SELECT asset_id, uri FROM silver.asset UNION SELECT asset_id, source_uri FROM bronze.media_object ORDER BY ALL
"""


@dataclass(frozen=True)
class DataSet:
    """What was exported, and from what."""

    folder: Path
    release_id: int
    jobs: tuple[str, ...]
    method: str
    shares: tuple[float, ...]
    seed: int
    parts: dict[str, pa.Table]


def export_training(
    settings: Settings,
    jobs: Iterable[str],
    folder: Path,
    *,
    shares: Sequence[float] = (1.0,),
    seed: int = 0,
    method: str = "majority",
    release_id: int | None = None,
) -> DataSet:
    """Write `<part>.parquet` for each share and README.md into a new folder; one row an object that was answered.

    Objects that failed are left out. `method` chooses the consensus of labels. Raises `LakeError` where a job is not
    in the release, the folder has files, or the shares make no sense.
    """
    jobs = sorted(set(jobs))
    names = _checked(jobs, folder, shares, method)
    with ReleaseReader(settings, release_id) as reader:
        if reader.release is None:
            raise LakeError("Nothing is released yet.", hint="Land a job: annolake land JOB")
        release, connection = reader.release, reader.connection
        _refuse_unknown(
            jobs, [name for (name,) in connection.sql("SELECT DISTINCT job_name FROM silver.job").fetchall()]
        )
        rows = connection.sql(OBJECTS, params={"jobs": jobs, "method": method}).to_arrow_table()
        places = connection.execute(PLACES).fetchall()
    sources = _sources(rows, places)
    split = [names[part_of(source, shares, seed)] for source in sources]
    for at, (name, values) in enumerate((("source", sources), ("split", split)), start=4):
        rows = rows.add_column(at, name, pa.array(values, pa.string()))
    rows = rows.append_column("release_id", pa.array([release.release_id] * rows.num_rows, pa.int64()))
    parts = {name: rows.filter(pc.field("split") == name) for name in names}
    data = DataSet(folder, release.release_id, tuple(jobs), method, tuple(shares), seed, parts)
    _write(data)
    return data


def _checked(jobs: list[str], folder: Path, shares: Sequence[float], method: str) -> tuple[str, ...]:
    if not jobs:
        raise LakeError("No job was named.", hint="Name them; list them: annolake jobs")
    if method not in METHODS:
        raise LakeError(f"No consensus is called {method}.", hint=f"There are {', '.join(METHODS)}.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise LakeError(f"{folder} has something in it already.", hint="Name a new folder.")
    try:
        return names_of(shares)
    except ValueError as error:
        raise LakeError(f"The split makes no sense: {error}.", hint="Such as: --split 0.8,0.1,0.1") from None


def _refuse_unknown(jobs: Iterable[str], known: Iterable[str]) -> None:
    if strange := sorted(set(jobs) - set(known)):
        raise LakeError(
            f"The release has no job {', '.join(strange)}.", hint='List them: annolake sql "select * from silver.job"'
        )


def _sources(rows: pa.Table, places: Iterable[tuple[str, str]]) -> list[str]:
    """The source of each row: of its content, else of its place; a text is its own."""
    columns = (rows[c].to_pylist() for c in ("asset_id", "source_uri", "source_text"))
    own = [(asset_id, uri or text) for asset_id, uri, text in zip(*columns, strict=True)]
    source = sources_of([*places, *own])
    return [source[asset_id or uri] if asset_id or uri else "" for asset_id, uri in own]


def _write(data: DataSet) -> None:
    """All files at once: a folder that is there is whole."""
    data.folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=data.folder.parent, prefix=".export-") as temporary:
        made = Path(temporary) / "data"
        made.mkdir()
        for name, rows in data.parts.items():
            pq.write_table(rows, made / f"{name}.parquet", compression="zstd", row_group_size=ROW_GROUP)
        write_card(data, made / "README.md")
        if data.folder.exists():
            data.folder.rmdir()
        shutil.move(made, data.folder)
