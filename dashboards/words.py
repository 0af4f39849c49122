"""The words of the pages: reasons, bands and measures as a manager reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboards.data import RELIABLE, TENTATIVE

MEASURE_NAMES = {
    "alpha": "alpha",
    "observed_agreement": "observed agreement",
    "boundary_f_500ms": "boundary F (0.5 s)",
    "unit_f_iou50": "unit F (IoU 0.5)",
}

REASONS = {
    "one_annotator": "every object was answered by one annotator only; agreement needs two",
    "one_label": "everybody gave the same label",
    "no_labels": "nobody labeled anything here",
    "no_boundaries": "no segment begins or ends inside an object",
    "no_segments": "nobody drew a segment",
    "too_few_items": "too few objects annotated twice",
    "no_variation": "every object says the same",
}

BANDS = {
    "reliable": f"reliable: lower bound ≥ {RELIABLE:g}",
    "tentative": f"tentative: lower bound ≥ {TENTATIVE:g}",
    "not reliable": f"not reliable: upper bound < {TENTATIVE:g}",
    "open": f"not reliable so far: interval crosses {TENTATIVE:g}",
    "no interval": "no interval, so no band",
}
"""What the colours of the agreement chart say; nothing is called bad before its whole interval is."""

STATUSES = {
    "reliable": f"reliable: lower bound ≥ {TENTATIVE:g}",
    "watch": f"watch: upper bound < {TENTATIVE:g}",
    "open": f"watch: interval crosses {TENTATIVE:g}",
    "too_few": "too few objects to tell",
}
"""The same for a worker's agreement with the others."""


def reason(code: str | None) -> str:
    """A reason code in words."""
    return REASONS.get(code or "", (code or "no reason was stored").replace("_", " "))


def band_shown(row: Mapping[str, Any]) -> str:
    """The chart's band: a low bound alone is not yet a bad job."""
    band = str(row["band"])
    return BANDS["open" if band == "not reliable" and not row["is_settled"] else band]


def status_shown(row: Mapping[str, Any]) -> str:
    """The worker chart's status: no worker is marked before the whole interval is under the threshold."""
    status = str(row["status"])
    return STATUSES["open" if status == "watch" and not row["is_settled"] else status]


def band_told(row: Mapping[str, Any]) -> str:
    """The band in a few words; a low bound alone is not yet a bad job."""
    return "not reliable so far" if row["band"] == "not reliable" and not row["is_settled"] else str(row["band"])


def verdict(row: Mapping[str, Any]) -> str:
    """One sentence about a row of `data.agreement.measure`."""
    if row["band"] in {"undefined", "no interval"}:
        return f"{row['band']}: {reason(row['reason_code'])}"
    bound = f"at least {row['ci_lo']:.2f} (95 %)"
    if row["band"] != "not reliable":
        return f"{row['band']}: {bound}"
    if row["is_settled"]:
        return f"not reliable: at most {row['ci_hi']:.2f} (95 %)"
    return f"not reliable so far: the interval crosses {TENTATIVE:g}"


def scope(job_name: str, layer: str) -> str:
    """A job and layer in one line."""
    return f"{job_name} · {layer}"


def listed(shown: int, n: int) -> str:
    """What is said of a list that does not hold all: `, the first 1,000 are listed`."""
    return f", the first {shown:,} are listed" if shown < n else ""


def counted(n: int, noun: str, many: str | None = None) -> str:
    """`3 objects`, `1 object`."""
    return f"{n:,} {noun if n == 1 else many or noun + 's'}"


def gain(row: Mapping[str, Any]) -> str:
    """What a verdict on a dispute is expected to put right, with its unit."""
    unit = "boxes" if row["kind"] == "box" else "labels" if row["t_end_s"] is None else "s"
    return f"{row['expected_gain']:.3g} {unit}"
