"""Generated pages are as `make docs` writes them; the README's commands exist; nothing names a package registry."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from annolake.tools.docs import PAGES, page_text

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("page", sorted(PAGES))
def test_generated_page_is_current(page: str) -> None:
    assert (ROOT / page).read_text() == page_text(page), f"{page} differs: run `make docs`"


def test_every_target_and_command_of_the_readme_exists() -> None:
    readme = (ROOT / "README.md").read_text()
    targets = set(re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    used = set(re.findall(r"\bmake ([a-z]+)", readme))
    assert used >= {"demo", "test"}
    assert used <= targets
    documented = (ROOT / "docs/cli.md").read_text()
    commands = set(re.findall(r"^(?:\$ )?annolake ([a-z]+)", readme, re.MULTILINE))
    assert commands
    assert not [c for c in commands if f"annolake {c}" not in documented]


def test_relative_links_of_the_docs_lead_somewhere() -> None:
    pages = [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]
    assert len(pages) > 5
    broken = [
        f"{page.relative_to(ROOT)} -> {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text())
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert not broken


def test_no_file_names_a_package_registry() -> None:
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    assert len(files) > 20
    hosts = re.compile("py" + r"pi\.org|python" + r"hosted\.org|npm" + r"js\.(?:org|com)|deb\.debian" + r"\.org")
    named = [f for f in files if f and (ROOT / f).is_file() and hosts.search((ROOT / f).read_bytes().decode("latin-1"))]
    assert not named
