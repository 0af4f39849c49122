"""Short clips with drawn content of a known class and a sound that fits it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

WIDTH, HEIGHT, FPS, RATE_HZ = 320, 180, 20, 44_100

Samples = npt.NDArray[np.float32]
Picture = npt.NDArray[np.uint8]
Colour = npt.NDArray[np.float64]

Y, X = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)


@dataclass(frozen=True, slots=True)
class Clip:
    """Pictures one by one, and the sound of all."""

    label: str
    duration_s: float
    pictures: Iterator[Picture]
    sound: Samples


def draw_clip(label: str, duration_s: float, rng: np.random.Generator) -> Clip:
    """A clip of a class in `CLASSES`; the generator decides on colours, speeds and places."""
    n = round(duration_s * FPS)
    return CLASSES[label](n, n / FPS, rng)


def _ball(n: int, duration_s: float, rng: np.random.Generator) -> Clip:
    period, radius = rng.uniform(0.7, 1.2), rng.uniform(14, 26)
    ground, ball = _colours(rng)
    speed, start = rng.uniform(25, 55), rng.uniform(0, WIDTH)
    height = HEIGHT * rng.uniform(0.55, 0.75)

    def pictures() -> Iterator[Picture]:
        for number in range(n):
            t = number / FPS
            phase = (t / period) % 1
            x = radius + abs((start + speed * t) % (2 * (WIDTH - 2 * radius)) - (WIDTH - 2 * radius))
            y = HEIGHT - 12 - radius - height * 4 * phase * (1 - phase)
            picture = _plain(ground * 0.35 + 0.1)
            picture[HEIGHT - 12 :] = ground * 0.9
            picture[(X - x) ** 2 + (Y - y) ** 2 < radius**2] = ball
            yield _finish(picture, rng)

    t = np.arange(int(duration_s * RATE_HZ)) / RATE_HZ
    since = t % period
    thump = np.sin(2 * np.pi * 75 * since) * np.exp(-18 * since)
    return Clip("bouncing ball", duration_s, pictures(), _level(thump, 0.5))


def _rain(n: int, duration_s: float, rng: np.random.Generator) -> Clip:
    drops = int(rng.integers(120, 220))
    x, y = rng.uniform(0, WIDTH, drops), rng.uniform(0, HEIGHT, drops)
    speed, slant = rng.uniform(190, 300, drops), rng.uniform(-0.25, 0.25)
    sky, _ = _colours(rng)

    def pictures() -> Iterator[Picture]:
        for number in range(n):
            picture = _plain(sky * 0.25 + 0.12)
            top = (y + speed * number / FPS) % HEIGHT
            for step in range(9):
                rows = (top + step).astype(int) % HEIGHT
                columns = (x + slant * (top + step)).astype(int) % WIDTH
                picture[rows, columns] = (0.65, 0.72, 0.85)
            yield _finish(picture, rng)

    hiss = np.diff(rng.standard_normal(int(duration_s * RATE_HZ) + 1))
    return Clip("rain", duration_s, pictures(), _level(hiss, 0.25))


def _waves(n: int, duration_s: float, rng: np.random.Generator) -> Clip:
    length, speed, height = rng.uniform(70, 140), rng.uniform(1.5, 3.5), rng.uniform(10, 20)
    level = HEIGHT * rng.uniform(0.45, 0.6)
    sky, _ = _colours(rng)
    water = np.array([0.05, rng.uniform(0.25, 0.45), rng.uniform(0.5, 0.75)])

    def pictures() -> Iterator[Picture]:
        for number in range(n):
            t = number / FPS
            surface = level + height * np.sin(X[0] * 2 * np.pi / length + speed * t)
            surface = surface + height / 3 * np.sin(X[0] * 2 * np.pi / length * 2.3 - 1.7 * speed * t)
            depth = Y - surface[None, :]
            picture = _plain(sky * 0.3 + 0.6)
            picture[depth > 0] = water
            picture[(depth > 0) & (depth < 3)] = 0.95
            yield _finish(picture, rng)

    t = np.arange(int(duration_s * RATE_HZ)) / RATE_HZ
    swell = np.cumsum(rng.standard_normal(len(t)))
    swell -= np.convolve(swell, np.ones(400) / 400, "same")
    swell *= 0.3 + 0.7 * np.sin(speed * t / 2) ** 2
    return Clip("waves", duration_s, pictures(), _level(swell, 0.4))


def _bar(n: int, duration_s: float, rng: np.random.Generator) -> Clip:
    turns_per_s, half, thick = rng.uniform(0.3, 0.9), rng.uniform(55, 80), rng.uniform(7, 13)
    ground, bar = _colours(rng)
    x, y = X - WIDTH / 2, Y - HEIGHT / 2
    clockwise = 1 if rng.random() < 0.5 else -1

    def pictures() -> Iterator[Picture]:
        for number in range(n):
            angle = clockwise * 2 * np.pi * turns_per_s * number / FPS
            along = x * np.cos(angle) + y * np.sin(angle)
            across = y * np.cos(angle) - x * np.sin(angle)
            picture = _plain(ground * 0.3 + 0.08)
            picture[(abs(along) < half) & (abs(across) < thick)] = bar
            yield _finish(picture, rng)

    t = np.arange(int(duration_s * RATE_HZ)) / RATE_HZ
    whirr = np.sign(np.sin(2 * np.pi * 110 * t)) * (1 + 0.8 * np.sin(2 * np.pi * 2 * turns_per_s * t))
    return Clip("rotating bar", duration_s, pictures(), _level(whirr, 0.15))


CLASSES: dict[str, Callable[[int, float, np.random.Generator], Clip]] = {
    "bouncing ball": _ball,
    "rain": _rain,
    "waves": _waves,
    "rotating bar": _bar,
}


def _colours(rng: np.random.Generator) -> tuple[Colour, Colour]:
    hue = rng.random()
    return _hue(hue), _hue(hue + 0.5)


def _hue(hue: float) -> Colour:
    return 0.55 + 0.45 * np.cos(2 * np.pi * (hue + np.array([0, 1 / 3, 2 / 3])))


def _plain(colour: Colour) -> npt.NDArray[np.float32]:
    return np.broadcast_to(colour.astype(np.float32), (HEIGHT, WIDTH, 3)).copy()


def _finish(picture: npt.NDArray[np.float32], rng: np.random.Generator) -> Picture:
    """With the grain of a cheap camera."""
    grain = rng.standard_normal((HEIGHT, WIDTH, 1), np.float32) * np.float32(0.012)
    return (np.clip(picture + grain, 0, 1) * 255).astype(np.uint8)


def _level(sound: npt.NDArray[np.float64], peak: float) -> Samples:
    level: Samples = (sound / np.abs(sound).max() * peak).astype(np.float32)
    return level
