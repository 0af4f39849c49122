"""Waveform peaks: the loudest sample of each hundredth of a second, in memory that does not grow with the media.

Peaks file: `{"version": 1, "duration_s": 12.5, "peaks_per_s": 100, "peaks": [0.01, …]}`, absolute maxima over all
channels, 0 to 1. Media longer than `CAP` bins get a coarser, still whole-numbered, rate.
"""

from __future__ import annotations

import json

import numpy as np
import numpy.typing as npt

PEAKS_PER_S = 100
CAP = 120_000
"""Bins at most, about 20 minutes at the full rate and a file under 1 MB; then the rate falls 100, 50, 25, 5, 1."""
COARSER = {100: 50, 50: 25, 25: 5, 5: 1}

Levels = npt.NDArray[np.float32]


def absolute_levels(samples: npt.NDArray[np.generic], channels: int, *, is_planar: bool) -> Levels:
    """Absolute level, 0 to 1, of each moment, the loudest channel counting; any sample type of FFmpeg.

    >>> absolute_levels(np.array([[0, -32768, 16384, 0]], np.int16), 2, is_planar=False).tolist()
    [1.0, 0.5]
    """
    kind = samples.dtype
    if kind == np.uint8:
        level = np.abs(samples.astype(np.float32) - 128) / 128
    elif np.issubdtype(kind, np.signedinteger):
        level = np.abs(samples.astype(np.float32)) / float(-np.iinfo(kind).min)  # type: ignore[type-var]
    else:
        level = np.nan_to_num(np.abs(samples.astype(np.float32)), nan=0.0, posinf=1.0)
    by_channel = level if is_planar else level.reshape(-1, channels).T
    loudest: Levels = np.minimum(by_channel.max(axis=0), 1)
    return loudest


class PeakBins:
    """Collects levels by position; `add` in any order of time, `finish` once."""

    def __init__(self, sample_rate: int, cap: int = CAP) -> None:
        self.sample_rate = sample_rate
        self.peaks_per_s = PEAKS_PER_S
        self.cap = cap
        self._bins: Levels = np.zeros(1024, np.float32)
        self._n = 0

    def add(self, position: int, levels: Levels) -> None:
        """Levels of consecutive samples that begin at sample `position`; what lies before the start is left out."""
        if position < 0:
            levels, position = levels[-position:], 0
        if not len(levels):
            return
        while (last := self._bin(position + len(levels) - 1)) >= self.cap and self.peaks_per_s in COARSER:
            self._coarsen()
        first = self._bin(position)
        self._reserve(last + 1)
        edges = -(-np.arange(first + 1, last + 1) * self.sample_rate // self.peaks_per_s) - position
        found = np.maximum.reduceat(levels, np.concatenate(([0], edges)))
        np.maximum(self._bins[first : last + 1], found, out=self._bins[first : last + 1])
        self._n = max(self._n, last + 1)

    def finish(self, duration_s: float) -> str:
        """The peaks file of media of that duration."""
        n = max(1, round(duration_s * self.peaks_per_s))
        self._reserve(n)
        peaks = [round(float(v), 3) for v in self._bins[:n]]
        document = {
            "version": 1,
            "duration_s": round(duration_s, 6),
            "peaks_per_s": self.peaks_per_s,
            "peaks": peaks,
        }
        return json.dumps(document, separators=(",", ":"))

    def _bin(self, sample: int) -> int:
        return sample * self.peaks_per_s // self.sample_rate

    def _reserve(self, n: int) -> None:
        if n > len(self._bins):
            grown = np.zeros(max(n, 2 * len(self._bins)), np.float32)
            grown[: len(self._bins)] = self._bins
            self._bins = grown

    def _coarsen(self) -> None:
        rate = COARSER[self.peaks_per_s]
        factor = self.peaks_per_s // rate
        n = -(-self._n // factor)
        self._reserve(n * factor)
        self._bins = self._bins[: n * factor].reshape(n, factor).max(axis=1)
        self._n, self.peaks_per_s = n, rate
