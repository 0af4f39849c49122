"""The sentences of a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from annolake.report.facts import RELIABLE, TENTATIVE

REASONS = {
    "one_annotator": "every object was answered by one annotator only",
    "one_label": "everybody gave the same label, so chance explains it as well",
    "no_labels": "nobody labeled anything here",
    "no_boundaries": "no segment begins or ends inside an object",
    "no_segments": "nobody drew a segment",
    "never_together": "no two annotators answered the same object",
    "too_few_items": "too few objects for an interval",
    "no_variation": "every object says the same, so there is no interval",
}
MEASURES = {
    "observed_agreement": "observed agreement",
    "boundary_f_500ms": "boundary F within 0.5 s",
    "unit_f_iou50": "unit F at IoU 0.5",
    "mean_iou": "mean IoU of segments",
    "transcript_wer": "word error rate (0 is equal)",
}


def reason(code: str | None) -> str:
    """A reason code in words."""
    return REASONS.get(code or "", (code or "no reason was stored").replace("_", " "))


def band(row: Mapping[str, Any]) -> str:
    """Class of an interval: nothing is called good or bad before all of the interval is."""
    if row["value"] is None or row["ci_lo"] is None:
        return "none"
    if row["ci_lo"] >= RELIABLE:
        return "reliable"
    if row["ci_lo"] >= TENTATIVE:
        return "tentative"
    return "bad" if row["ci_hi"] < TENTATIVE else "open"


def verdict(row: Mapping[str, Any]) -> str:
    """What the interval of an alpha allows to say."""
    return {
        "none": f"undecided: {reason(row['reason_code'])}",
        "reliable": f"reliable: at least {RELIABLE:g} with 95 % confidence",
        "tentative": f"good for tentative conclusions: at least {TENTATIVE:g} with 95 % confidence",
        "bad": f"not reliable: under {TENTATIVE:g} with 95 % confidence",
        "open": f"open: the interval crosses {TENTATIVE:g}; more objects would tell",
    }[band(row)]


def figure(row: Mapping[str, Any], digits: int = 2) -> str:
    """A value with its interval: `0.62 (0.54 to 0.70)`."""
    if row["value"] is None:
        return "–"
    value = f"{row['value']:.{digits}f}"
    return value if row["ci_lo"] is None else f"{value} ({row['ci_lo']:.{digits}f} to {row['ci_hi']:.{digits}f})"


def counted(n: int, noun: str) -> str:
    """`3 objects`, `1 object`."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def length(seconds: float | None) -> str:
    """Hours, minutes or seconds, whichever is readable."""
    if seconds is None:
        return "–"
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:,.1f} {unit}"
    return f"{seconds:.3g} s"


def called(label: str) -> str:
    """A label, or the word for no label."""
    return label or "nothing"
