"""The colours, once: Paul Tol's *bright* scheme, told apart with every common colour blindness, on light and dark.

Source: https://personal.sron.nl/~pault/ (qualitative schemes).
"""

from __future__ import annotations

BLUE, RED, GREEN, YELLOW, CYAN, PURPLE, GREY = (
    "#4477AA", "#EE6677", "#228833", "#CCBB44", "#66CCEE", "#AA3377", "#999999",
)  # fmt: skip

CATEGORIES = (BLUE, YELLOW, RED, GREEN, CYAN, PURPLE)
"""Of labels, in the order of their use; what comes after them is `OTHER`."""

OTHER = GREY
SEQUENCE = ("#F2F6FA", "#BBCFE3", "#7FA5C9", "#4477AA", "#2B4F77")
"""From none to all, in one hue."""

MARK = "#C45A9B"
"""Of days of note: between purple and red, to be read on light and dark."""

LEFT = {"not begun": GREY, "begun": YELLOW}
"""Of objects that are not done."""

DONE = {"complete": BLUE, "begun": YELLOW, "not begun": GREY, "failed": RED}
SEVERITIES = {"fail": RED, "warn": YELLOW, "ok": BLUE}
BANDS = {"reliable": BLUE, "tentative": CYAN, "not reliable": RED, "open": YELLOW, "no interval": GREY}
STATUSES = {"reliable": BLUE, "watch": RED, "open": YELLOW, "too_few": GREY}
