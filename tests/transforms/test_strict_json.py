"""JSON that every engine reads alike; `tests/lake` compares the ways of reading on generated lines."""

from __future__ import annotations

import pytest

from transforms.strict_json import DEEPEST, load


def test_nesting_ends_at_one_depth_for_every_python() -> None:
    fits, too_deep = ("[" * n + "1" + "]" * n for n in (DEEPEST, DEEPEST + 1))
    assert str(load(fits)).count("[") == DEEPEST
    with pytest.raises(ValueError, match="nested too deeply"):
        load(too_deep)
    assert len(load("[" + ",".join(["{}"] * (2 * DEEPEST)) + "]")) == 2 * DEEPEST, "many beside each other are not deep"
