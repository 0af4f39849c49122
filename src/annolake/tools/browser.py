"""A Chromium for the browser tests: an installed one, else Playwright's, else Debian's package."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
FLAGS = ("--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--disable-background-networking")


def find() -> str | None:
    """Path of a Chromium, or None. `ANNOLAKE`-free on purpose: CHROMIUM names one explicitly."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    for name in NAMES:
        if path := shutil.which(name):
            return path
    if MAC.exists():
        return str(MAC)
    return _playwrights()


def launch_options() -> dict[str, object]:
    """Keyword arguments for Playwright's `chromium.launch`; root needs `--no-sandbox`."""
    path = find()
    flags = [*FLAGS, "--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else list(FLAGS)
    return {"executable_path": path, "args": flags}


def _playwrights() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def install() -> str:
    """Find a Chromium or install one; returns its path, ends with a sentence where that fails."""
    if path := find():
        return path
    commands = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if shutil.which("apt-get"):
        sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
        commands += [[*sudo, "apt-get", "update", "-qq"], [*sudo, "apt-get", "install", "-y", "-qq", "chromium"]]
    for command in commands:
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL)  # noqa: S603 - fixed commands
        if path := find():
            return path
    raise SystemExit("The browser tests need a Chromium: install one, or name it with CHROMIUM=/path/to/chromium.")


if __name__ == "__main__":
    sys.stdout.write(f"{install() if '--install' in sys.argv else find()}\n")
