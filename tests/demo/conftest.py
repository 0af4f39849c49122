"""Sample media, made once for all tests that look at it."""

from __future__ import annotations

from pathlib import Path

import pytest

from annolake.demo.samples import make_samples
from annolake.demo.truth import Truth

pytest.importorskip("espeakng_loader", reason="the dependency group `demo` is not installed")


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Truth]:
    """Folder and truth of six dialogues and six clips."""
    folder = tmp_path_factory.mktemp("samples") / "media"
    return folder, make_samples(folder, seed=11, dialogues=6, clips=6)
