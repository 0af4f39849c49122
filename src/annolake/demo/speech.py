"""Speech for the sample dialogues, by espeak-ng, in a child process.

espeak-ng varies its voice by random numbers of its own, which begin alike in every fresh process: with one child a
call, the same utterances give the same samples. It is GPL and for the demo only: `espeakng-loader` stands in the
dependency group `demo`, not among the product's own.
"""

from __future__ import annotations

import ctypes
import json
import struct
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from annolake.errors import AnnolakeError

RATE_HZ = 22_050
SYNCHRONOUS, UTF8, RATE, PITCH = 1, 1, 1, 3

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Voice:
    """One voice of espeak-ng: language with variant, words a minute, pitch 0 to 99."""

    name: str
    gender: str
    words_per_minute: int = 165
    pitch: int = 50


VOICES = (
    Voice("en-us+m3", "male"),
    Voice("en-gb-x-rp+m1", "male"),
    Voice("en-us+m7", "male"),
    Voice("en-gb-scotland+m2", "male"),
    Voice("en-us+f4", "female"),
    Voice("en-gb-x-rp+f1", "female"),
    Voice("en-029+f4", "female"),
    Voice("en-gb-scotland+f1", "female"),
)
"""The variants f2, f3 and f5 are left out: they do not say the same text the same way twice."""


def say(utterances: Sequence[tuple[Voice, str]]) -> list[Samples]:
    """The samples of each utterance, mono at `RATE_HZ`, -1 to 1; raises `AnnolakeError` without espeak-ng."""
    request = json.dumps([{**asdict(voice), "text": text} for voice, text in utterances])
    done = subprocess.run(
        [sys.executable, "-m", "annolake.demo.speech"], input=request.encode(), capture_output=True, check=False
    )
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or [f"exit code {done.returncode}"]
        raise AnnolakeError(
            f"Sample speech could not be made: {lines[-1]}",
            hint="It needs espeak-ng: pip install espeakng-loader (the dependency group `demo`; `make demo` does it).",
        )
    found: list[Samples] = []
    at = 0
    for _ in utterances:
        (n,) = struct.unpack_from("<I", done.stdout, at)
        at += 4
        found.append(np.frombuffer(done.stdout, "<i2", n, at).astype(np.float32) / np.float32(32768))
        at += 2 * n
    return found


def main() -> None:
    """The child: utterances as JSON on standard input, each as length and 16-bit samples on standard output."""
    engine = _Engine()
    for wanted in json.load(sys.stdin.buffer):
        samples = engine.say(wanted)
        sys.stdout.buffer.write(struct.pack("<I", len(samples) // 2) + samples)


class _Engine:
    """espeak-ng through ctypes."""

    def __init__(self) -> None:
        import espeakng_loader

        self.library = ctypes.CDLL(str(espeakng_loader.get_library_path()))
        voices = Path(espeakng_loader.get_data_path()).parent
        rate = self.library.espeak_Initialize(SYNCHRONOUS, 0, str(voices).encode(), 0)
        if rate != RATE_HZ:
            raise RuntimeError(f"espeak-ng did not start with its voices at {voices} (code {rate})")
        self.pieces: list[bytes] = []
        kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
        self._callback = kind(self._take)  # kept: the library calls it after this function returned
        self.library.espeak_SetSynthCallback(self._callback)

    def _take(self, samples: Any, n: int, events: Any) -> int:  # noqa: ARG002 - the library's signature
        if samples and n > 0:
            self.pieces.append(ctypes.string_at(samples, 2 * n))
        return 0

    def say(self, wanted: dict[str, Any]) -> bytes:
        self.pieces.clear()
        if self.library.espeak_SetVoiceByName(wanted["name"].encode()):
            raise RuntimeError(f"espeak-ng has no voice {wanted['name']}")
        self.library.espeak_SetParameter(RATE, wanted["words_per_minute"], 0)
        self.library.espeak_SetParameter(PITCH, wanted["pitch"], 0)
        text = wanted["text"].encode()
        self.library.espeak_Synth(text, len(text) + 1, 0, 1, 0, UTF8, None, None)
        self.library.espeak_Synchronize()
        return b"".join(self.pieces)


if __name__ == "__main__":
    main()
