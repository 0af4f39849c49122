"""The portal's own unit tests (segments, history, times, keys), run by Node."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.portal_lab import ROOT

NODE = Path(sys.executable).parent / "node"


@pytest.mark.skipif(not NODE.exists(), reason="no Node beside this Python: install the dependency group 'portal'")
def test_npm_test() -> None:
    environment = {**os.environ, "PATH": f"{NODE.parent}{os.pathsep}{os.environ['PATH']}"}
    command = [str(NODE), "--test", "--test-reporter=tap", "tests/*.test.ts"]
    run = subprocess.run(
        command, cwd=ROOT / "portal", env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    passed = next(line for line in run.stdout.splitlines() if line.startswith("# pass"))
    assert int(passed.split()[-1]) > 10
