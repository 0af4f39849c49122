"""Sample media for the demo: dialogues of two voices with known turns, clips of known class.

The media goes to one folder, the truth to a file beside that folder, named after it: nothing that reads the media
sees the truth. The same seed gives the same files, byte for byte, on one machine; another seed other texts, voices,
turns, noises and pictures.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from blake3 import blake3
from scipy import signal

from annolake.demo import sound
from annolake.demo.clips import CLASSES, FPS, draw_clip
from annolake.demo.clips import RATE_HZ as CLIP_RATE_HZ
from annolake.demo.encode import write_clip, write_sound
from annolake.demo.script import write_lines
from annolake.demo.speech import RATE_HZ, VOICES, Voice, say
from annolake.demo.truth import SPEAKERS, ItemTruth, Truth, Turn

FORMATS = ((".wav", 16_000), (".flac", 22_050), (".m4a", 44_100), (".wav", 22_050), (".flac", 16_000))
SHORTEST_S, LONGEST_S = 30.0, 57.0
"""A dialogue ends with the last turn that fits, so it is some seconds shorter than what was aimed at."""
CHARACTERS_PER_S = 19
"""Nobody speaks faster; so many lines are written that a dialogue is never too short."""
VOICE_DB, NOISE_DB, EVENT_DB = -20.0, -44.0, -30.0

Samples = npt.NDArray[np.float32]


def make_samples(
    folder: Path,
    seed: int,
    dialogues: int = 12,
    clips: int = 8,
    on_progress: Callable[[str], object] | None = None,
) -> Truth:
    """Write the sample media of a seed into `folder` and its truth beside it; files of an earlier seed are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    path = truth_path(folder)
    _remove_earlier(folder, path)
    tell = on_progress or (lambda _: None)
    plans = [_plan(number, np.random.default_rng((seed, 1, number))) for number in range(dialogues)]
    tell("speaking")
    spoken = iter(say([line for plan in plans for line in plan.lines]))
    items = []
    for number, plan in enumerate(plans):
        tell(f"dialogue {number + 1} of {dialogues}")
        items.append(_dialogue(folder, number, plan, [next(spoken) for _ in plan.lines]))
    labels = _labels(clips, np.random.default_rng((seed, 2)))
    for number, label in enumerate(labels):
        tell(f"clip {number + 1} of {clips}")
        items.append(_clip(folder, number, label, np.random.default_rng((seed, 3, number))))
    truth = Truth(seed, tuple(CLASSES), tuple(items), path)
    truth.save()
    return truth


def truth_path(folder: Path) -> Path:
    """Where the truth of a folder of samples is kept: outside of it."""
    return folder.parent / f"{folder.name}-truth" / "truth.json"


def _remove_earlier(folder: Path, path: Path) -> None:
    if path.is_file():
        for item in Truth.load(path).items:
            (folder / item.name).unlink(missing_ok=True)
        path.unlink()


# -- dialogues ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Plan:
    """Who says what in one dialogue; `rng` goes on from there."""

    voices: tuple[Voice, Voice]
    speakers: tuple[int, ...]
    lines: tuple[tuple[Voice, str], ...]
    aim_s: float
    rng: np.random.Generator


def _plan(number: int, rng: np.random.Generator) -> _Plan:
    first, second = (VOICES[int(i)] for i in rng.choice(len(VOICES), 2, replace=False))
    if number % 2 == 0 and first.gender == second.gender:  # every other pair sounds clearly different
        second = [v for v in VOICES if v.gender != first.gender][int(rng.integers(len(VOICES) // 2))]
    voices = (_vary(first, rng), _vary(second, rng))
    aim_s = float(rng.uniform(SHORTEST_S, LONGEST_S))
    texts = write_lines(rng, round(aim_s * CHARACTERS_PER_S))
    speakers = [0]
    for _ in texts[1:]:  # now and then somebody goes on after a pause
        speakers.append(speakers[-1] if rng.random() < 0.12 else 1 - speakers[-1])
    lines = tuple((voices[s], text) for s, text in zip(speakers, texts, strict=True))
    return _Plan(voices, tuple(speakers), lines, aim_s, rng)


def _vary(voice: Voice, rng: np.random.Generator) -> Voice:
    return Voice(voice.name, voice.gender, int(rng.integers(145, 185)), int(rng.integers(35, 65)))


def _dialogue(folder: Path, number: int, plan: _Plan, spoken: list[Samples]) -> ItemTruth:
    rng = plan.rng
    voice, turns = _conversation(plan, spoken)
    kind = sound.NOISES[int(rng.integers(len(sound.NOISES)))]
    noise_db = NOISE_DB + rng.uniform(-4, 6)
    mix = sound.room(voice, RATE_HZ, rng) + sound.decibel(noise_db) * sound.noise(kind, len(voice), RATE_HZ, rng)
    events = tuple(e for e in sound.EVENTS if rng.random() < 0.2)
    for event in events:
        made = sound.event(event, RATE_HZ, rng) * sound.decibel(EVENT_DB)
        at = int(rng.uniform(0, len(mix) - len(made)))
        mix[at : at + len(made)] += made
    suffix, rate = FORMATS[number % len(FORMATS)]
    mix = signal.resample_poly(mix, rate, RATE_HZ).astype(np.float32)
    mix *= sound.decibel(rng.uniform(-8, -3)) / np.abs(mix).max()
    path = folder / f"dialogue-{number + 1:02d}{suffix}"
    write_sound(path, mix, rate)
    answers = {
        "speechNonSpeech": ("speech",),
        "backgroundNoise": (kind,),
        "speakerGender": (plan.voices[0].gender,),
        "environmentalSounds": events,
        "rate": (str(5 - int(np.clip((noise_db + 48) // 2.5, 0, 3))),),
    }
    return ItemTruth(path.name, _asset_id(path), "dialogue", round(len(mix) / rate, 6), tuple(turns), None, answers)


def _conversation(plan: _Plan, spoken: list[Samples]) -> tuple[Samples, list[Turn]]:
    """The voices alone, and when each spoke, measured from their samples."""
    rng = plan.rng
    gains = [sound.decibel(VOICE_DB + rng.uniform(-3, 3)) for _ in plan.voices]
    is_call = rng.random() < 0.4  # the second voice is on the telephone
    track = np.zeros(int((LONGEST_S + 3) * RATE_HZ), np.float32)
    at = int(rng.uniform(0.5, 1.5) * RATE_HZ)
    turns: list[Turn] = []
    for speaker, (_, text), samples in zip(plan.speakers, plan.lines, spoken, strict=True):
        begin, end = sound.voiced_span(samples, RATE_HZ)
        if turns and at + end - begin > plan.aim_s * RATE_HZ:
            break
        heard = samples[begin:end]
        if is_call and speaker == 1:
            heard = sound.telephone(heard, RATE_HZ)
        level = float(np.sqrt((heard**2).mean()))
        track[at : at + len(heard)] = heard * (gains[speaker] / level)
        start_s, end_s = at / RATE_HZ, (at + len(heard)) / RATE_HZ
        turns.append(Turn(SPEAKERS[speaker], round(start_s, 4), round(end_s, 4), text))
        at += len(heard) + int(_pause(rng) * RATE_HZ)
    n = int((turns[-1].end_s + rng.uniform(1.0, 2.0)) * RATE_HZ)
    return track[:n], turns


def _pause(rng: np.random.Generator) -> float:
    """Seconds between two turns: mostly short, now and then long."""
    return float(rng.uniform(1.2, 2.2) if rng.random() < 0.15 else rng.uniform(0.2, 0.9))


# -- clips --------------------------------------------------------------------------------------------------------


def _labels(n: int, rng: np.random.Generator) -> list[str]:
    """Every class as often as the others, as far as `n` allows, in random order."""
    classes = list(rng.permutation(list(CLASSES)))
    return [str(label) for label in rng.permutation([classes[i % len(classes)] for i in range(n)])] if n else []


def _clip(folder: Path, number: int, label: str, rng: np.random.Generator) -> ItemTruth:
    clip = draw_clip(label, float(rng.uniform(4, 6)), rng)
    path = folder / f"clip-{number + 1:02d}.mp4"
    write_clip(path, clip.pictures, FPS, clip.sound, CLIP_RATE_HZ)
    return ItemTruth(path.name, _asset_id(path), "clip", clip.duration_s, (), label)


def _asset_id(path: Path) -> str:
    return blake3(path.read_bytes()).hexdigest()[:32]
