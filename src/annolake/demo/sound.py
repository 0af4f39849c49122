"""Sound as of a recording: a room, noise behind the voices, things that happen. All from a seeded generator."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import signal

Samples = npt.NDArray[np.float32]

WINDOW_S = 0.01
NOISES = ("ambient", "traffic", "music")
EVENTS = ("doorbell", "footsteps", "birdsChirping")


def voiced_span(samples: Samples, rate: int, floor: float = 0.04) -> tuple[int, int]:
    """First and last sample of the voice: the 10 ms windows whose level is over `floor` of the loudest."""
    window = int(WINDOW_S * rate)
    n = len(samples) // window
    level = np.sqrt((samples[: n * window].reshape(n, window) ** 2).mean(axis=1))
    loud = np.flatnonzero(level > floor * level.max())
    return int(loud[0]) * window, int(loud[-1] + 1) * window


def room(samples: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """The voice in a small room: direct sound and a short, quiet tail."""
    n = int(rng.uniform(0.08, 0.2) * rate)
    tail = rng.standard_normal(n) * np.exp(-np.linspace(0, 7, n)) * 0.05
    tail[: int(0.004 * rate)] = 0
    tail[0] = 1
    return _samples(signal.fftconvolve(samples, tail)[: len(samples)])


def telephone(samples: Samples, rate: int) -> Samples:
    """The voice over a telephone line."""
    band = signal.butter(4, (300, 3400), "bandpass", fs=rate, output="sos")
    return _samples(signal.sosfilt(band, samples))


def noise(kind: str, n: int, rate: int, rng: np.random.Generator) -> Samples:
    """Noise of a kind in `NOISES`, its level 1 (RMS)."""
    if kind == "music":
        made = _music(n, rate, rng)
    else:
        steep = 1.0 if kind == "ambient" else 2.0
        spectrum = np.fft.rfft(rng.standard_normal(n))
        spectrum /= np.maximum(np.fft.rfftfreq(n, 1 / rate), 30) ** (steep / 2)
        made = np.fft.irfft(spectrum, n)
        if kind == "traffic":  # cars go by
            t = np.arange(n) / rate
            made *= 1 + 0.7 * np.sin(2 * np.pi * t / rng.uniform(5, 9) + rng.uniform(0, 6))
    return _samples(made / np.sqrt((made**2).mean()))


def _music(n: int, rate: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    t = np.arange(n) / rate
    made = np.zeros(n)
    beat = rng.uniform(0.4, 0.7)
    scale = 220 * 2 ** (np.array([0, 3, 5, 7, 10, 12]) / 12)
    for start in np.arange(0, n / rate, beat):
        a, b = int(start * rate), min(n, int((start + 2 * beat) * rate))
        pitch = float(rng.choice(scale))
        made[a:b] += np.sin(2 * np.pi * pitch * t[: b - a]) * np.exp(-3 * t[: b - a])
    return made


def event(kind: str, rate: int, rng: np.random.Generator) -> Samples:
    """A sound of a kind in `EVENTS`, about a second long, its peak 1."""
    t = np.arange(int(1.2 * rate)) / rate
    if kind == "doorbell":
        made = np.sin(2 * np.pi * 660 * t) * np.exp(-4 * t)
        half = int(0.45 * rate)
        made[half:] += np.sin(2 * np.pi * 523 * t[:-half]) * np.exp(-4 * t[:-half])
    elif kind == "footsteps":
        made = np.zeros(len(t))
        for start in (0.05, 0.4, 0.78):
            a = int(start * rate)
            step = rng.standard_normal(int(0.08 * rate)) * np.exp(-np.linspace(0, 8, int(0.08 * rate)))
            made[a : a + len(step)] += np.cumsum(step) / 8
    else:
        sweep = 2600 + 900 * np.sin(2 * np.pi * 7 * t)
        made = np.sin(2 * np.pi * np.cumsum(sweep) / rate) * (np.sin(2 * np.pi * 3 * t) > 0.2)
    return _samples(made / np.abs(made).max())


def _samples(made: npt.NDArray[np.float64]) -> Samples:
    return made.astype(np.float32)


def decibel(level: float) -> float:
    """The factor that a level in dB stands for."""
    return float(10 ** (level / 20))
