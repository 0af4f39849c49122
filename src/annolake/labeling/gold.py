"""Gold items: files whose truth is known, mixed into labeling jobs to score annotators.

The truth belongs to a file and a layer, whatever job asks (`silver.gold_item`); the newest one counts. A batch mixes
gold items in by its plan (`annolake.labeling.plan`): so many that they are the set share of the job's objects, those
first that were mixed in least often so far, the rest by the seed, at places chosen by the seed. They are claimed in
`bronze.batch_item` (`is_gold`), which annotators never see, and their manifest lines are made like all others.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from annolake.config import Settings
from annolake.errors import LabelingError, LakeError
from annolake.labeling.plan import TASK_TYPES, Plan, TaskPlan
from transforms import strict_json

if TYPE_CHECKING:
    from annolake.lake.catalog import Lake

END_SLACK_S = 0.05
MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class GoldReport:
    """What `add_gold` did: truths that were added or changed, and those that were there already."""

    n_added: int
    n_known: int


# -- keeping truths ---------------------------------------------------------------------------------------------------


def add_gold(settings: Settings, file: Path) -> GoldReport:
    """Keep the truths of a file of JSON lines; a line that differs from what is known takes its place.

    `{"asset": name or id, "layer": ..., "label": ...}`, or instead of the label
    `"segments": [{"start": seconds, "end": seconds, "label": ...}, ...]` (empty: there is nothing). Raises `LakeError`
    that names the bad lines; then nothing is kept.
    """
    from annolake.lake.catalog import open_lake
    from transforms.schemas import GOLD_ITEM

    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise LakeError(f"{file} is not readable: {error}") from None
    now = datetime.now(UTC)
    with open_lake(settings) as lake:
        media = _media(lake)
        read = [_read(line, media) for line in lines if line.strip()]
        bad = [(number, problem) for number, problem in _numbered(lines, read) if isinstance(problem, str)]
        if bad:
            shown = "; ".join(f"line {number}: {problem}" for number, problem in bad[:MOST_SHOWN])
            rest = f" and {len(bad) - MOST_SHOWN} more" if len(bad) > MOST_SHOWN else ""
            raise LakeError(f"{file}: {shown}{rest}. Nothing was kept.", hint="List the media: annolake sql "
                            '"select asset_id, name, duration_s from silver.asset"')  # fmt: skip
        known = {(r["asset_id"], r["layer"]): (r["label"], r["segments"]) for r in current(lake)}
        wanted = {(r["asset_id"], r["layer"]): r for r in read if isinstance(r, dict)}
        new = [r for key, r in wanted.items() if known.get(key) != (r["label"], r["segments"])]
        stamp = {"revision": int(now.timestamp() * 1000), "landing_id": f"gold-{now:%Y%m%dT%H%M%S}", "landed_at": now}
        rows = pa.Table.from_pylist([r | stamp for r in new], schema=GOLD_ITEM.arrow)
        lake.append_new(GOLD_ITEM.name, rows, landing_id=str(stamp["landing_id"]))
    return GoldReport(len(new), len(wanted) - len(new))


def list_gold(settings: Settings) -> list[dict[str, Any]]:
    """Every known truth: file, layer, label or number of segments, how many jobs it was mixed into; by name."""
    from annolake.lake.catalog import open_lake

    with open_lake(settings) as lake:
        names = {r["asset_id"]: r["name"] for r in _media(lake).values()}
        used = _uses(lake)
        return sorted(
            (
                {
                    "asset": names.get(row["asset_id"], row["asset_id"]),
                    "asset_id": row["asset_id"],
                    "layer": row["layer"],
                    "label": row["label"],
                    "n_segments": None if row["segments"] is None else len(json.loads(row["segments"])),
                    "n_jobs": used.get(row["asset_id"], 0),
                }
                for row in current(lake)
            ),
            key=lambda r: (r["asset"], r["layer"]),
        )


def current(lake: Lake) -> list[dict[str, Any]]:
    """The truth that counts of each file and layer."""
    rows = lake.scan("silver.gold_item").to_pylist()
    return list({(r["asset_id"], r["layer"]): r for r in sorted(rows, key=lambda r: r["revision"])}.values())


def _media(lake: Lake) -> dict[str, dict[str, Any]]:
    """Registered files by id."""
    columns = ["asset_id", "name", "media_type", "duration_s"]
    return {r["asset_id"]: r for r in lake.scan("silver.asset", columns=columns).to_pylist()}


def _numbered(lines: Sequence[str], read: Sequence[Any]) -> Iterable[tuple[int, Any]]:
    return zip((n for n, line in enumerate(lines, start=1) if line.strip()), read, strict=True)


def _read(line: str, media: Mapping[str, dict[str, Any]]) -> dict[str, Any] | str:
    """One truth, or what is wrong with the line."""
    try:
        said = strict_json.load(line.encode())
    except ValueError as error:
        return f"not JSON: {error}"
    if problem := _form(said):
        return problem
    named = [m for m in media.values() if said["asset"] in (m["asset_id"], m["name"])]
    if len(named) != 1:
        what = "is not registered" if not named else f"names {len(named)} files; give the id"
        return f"{said['asset']!r} {what}"
    row = {"asset_id": named[0]["asset_id"], "layer": said["layer"], "label": said.get("label"), "segments": None}
    if "label" in said:
        return row if isinstance(row["label"], str) and row["label"] else "label is a text that is not empty"
    segments = _segments(said["segments"], float(named[0]["duration_s"]))
    return segments if isinstance(segments, str) else row | {"segments": json.dumps(segments, ensure_ascii=False)}


def _form(said: Any) -> str | None:
    """What is wrong with the form of a line."""
    if not isinstance(said, dict) or not isinstance(said.get("asset"), str) or not isinstance(said.get("layer"), str):
        return "an object with asset and layer is needed"
    if strange := sorted(set(said) - {"asset", "layer", "label", "segments"}):
        return f"unknown keys {', '.join(strange)}"
    if ("label" in said) == ("segments" in said):
        return "exactly one of label and segments is needed"
    return None


def _segments(said: Any, duration_s: float) -> list[list[Any]] | str:
    if not isinstance(said, list):
        return "segments is a list"
    found = []
    for one in said:
        if not isinstance(one, dict) or set(one) != {"start", "end", "label"} or not isinstance(one["label"], str):
            return f"a segment has start, end and label, not {json.dumps(one, ensure_ascii=False)}"
        start, end = one["start"], one["end"]
        if any(isinstance(t, bool) or not isinstance(t, int | float) for t in (start, end)) or not 0 <= start < end:
            return f"0 <= start < end in seconds, not {start} to {end}"
        if end > duration_s + END_SLACK_S:
            hint = "; are the times in milliseconds?" if end / 1000 <= duration_s + END_SLACK_S else ""
            return f"ends at {end} s, but the media is {duration_s:g} s long{hint}"
        found.append([float(start), float(end), one["label"]])
    return sorted(found)


# -- mixing them in ---------------------------------------------------------------------------------------------------


def candidates(lake: Lake, plan: Plan) -> dict[str, list[str]]:
    """Task type -> files that can be mixed in: their truth is of its layers and labels. Only where the plan asks."""
    asked = {t: plan.task(t) for t in TASK_TYPES.values() if plan.task(t).gold}
    if not asked:
        return {}
    media, truths = _media(lake), current(lake)
    found: dict[str, list[str]] = {}
    for task_type, task in asked.items():
        chosen = task.gold.assets if task.gold else ()
        fits = {
            row["asset_id"]
            for row in truths
            if (file := media.get(row["asset_id"]))
            and TASK_TYPES.get(file["media_type"]) == task_type
            and (not chosen or file["name"] in chosen or file["asset_id"] in chosen)
            and _fits(row, task)
        }
        found[task_type] = sorted(fits)
    return found


def _fits(row: Mapping[str, Any], task: TaskPlan) -> bool:
    """Whether an annotator of the task could say exactly this truth."""
    labels = {row["label"]} if row["segments"] is None else {label for _, _, label in json.loads(row["segments"])}
    return row["layer"] in task.labels and labels <= set(task.labels[row["layer"]])


def most_ordinary(task: TaskPlan, most: int) -> int:
    """How many other objects a job of at most `most` holds beside its gold items."""
    return most - round(most * task.gold.share) if task.gold else most


def claims(
    lake: Lake, plan: Plan, rows: Sequence[Mapping[str, Any]], choices: Mapping[str, Sequence[str]]
) -> list[dict[str, Any]]:
    """Rows of `bronze.batch_item` for the gold items of the jobs of `rows`.

    Raises `LabelingError` where the plan asks for gold items and no file of known truth fits.
    """
    found: list[dict[str, Any]] = []
    uses = _uses(lake, but=[r["job_name"] for r in rows]) if choices else {}
    for job in sorted({r["job_name"] for r in rows}):
        files = [r for r in rows if r["job_name"] == job]
        task_type = files[0]["task_type"]
        wish = plan.task(task_type).gold
        if wish is None:
            continue
        own = {r["asset_id"] for r in files}
        free = [asset for asset in choices.get(task_type, ()) if asset not in own]
        if not free:
            raise LabelingError(
                f"{job}: the plan mixes in gold items, but no file has a known truth in its layers and labels.",
                hint="Add truths: annolake gold add FILE; see them: annolake gold list",
            )
        n = max(1, round(len(files) * wish.share / (1.0 - wish.share)))
        order = sorted(free, key=lambda asset: (uses.get(asset, 0), _drawn(wish.seed, job, asset)))
        common = {k: files[0][k] for k in ("batch_id", "job_name", "task_type", "claimed_at")}
        found += [{"asset_id": asset, "claim": f"gold {job}", "is_gold": True} | common for asset in order[:n]]
    return found


def mix(files: list[str], golden: Sequence[str], *, seed: int, job_name: str) -> None:
    """Put the gold items among the files of a job, in place, where the seed says."""
    total = len(files) + len(golden)
    chance = random.Random(f"{seed} {job_name}")  # noqa: S311 - repeatable, guards nothing
    at = sorted(chance.sample(range(total), len(golden)))
    order = sorted(golden, key=lambda asset: _drawn(seed, job_name, asset))
    for place, asset in zip(at, order, strict=True):
        files.insert(place, asset)


def _drawn(seed: int, job_name: str, asset: str) -> str:
    return hashlib.sha256(f"{seed} {job_name} {asset}".encode()).hexdigest()


def _uses(lake: Lake, but: Sequence[str] = ()) -> dict[str, int]:
    """How many jobs each file was mixed into, other than these."""
    counts: dict[str, int] = {}
    for row in lake.scan("bronze.batch_item", columns=["asset_id", "job_name", "is_gold"]).to_pylist():
        if row["is_gold"] and row["job_name"] not in but:
            counts[row["asset_id"]] = counts.get(row["asset_id"], 0) + 1
    return counts
