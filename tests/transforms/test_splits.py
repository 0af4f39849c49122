"""Splits: no source is torn, whatever is exported together and in whatever order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.splits import names_of, part_of, sources_of

names = st.sampled_from([f"n{i}" for i in range(12)])
pairs = st.lists(st.tuples(st.none() | names, st.none() | names.map("s3://{}".format)), max_size=30)


@given(pairs)
def test_a_pair_has_one_source(found: list[tuple[str | None, str | None]]) -> None:
    source = sources_of(found)
    for asset_id, uri in found:
        assert len({source[member] for member in (asset_id, uri) if member}) <= 1


@given(pairs, st.randoms(use_true_random=False))
def test_the_order_does_not_matter(found: list[tuple[str | None, str | None]], random) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)
    assert sources_of(shuffled) == sources_of(found)


@given(pairs)
def test_sources_are_apart_without_a_reason(found: list[tuple[str | None, str | None]]) -> None:
    """What no chain of pairs joins has sources of its own: components by another algorithm."""
    groups: list[set[str]] = []
    for pair in found:
        joined = {m for m in pair if m}
        if joined:
            touched = [g for g in groups if g & joined]
            groups = [g for g in groups if not g & joined] + [joined.union(*touched)]
    source = sources_of(found)
    assert len(set(source.values())) == len(groups)
    for group in groups:
        assert len({source[member] for member in group}) == 1


@given(st.text(), st.integers(), st.sampled_from([(1.0,), (0.5, 0.5), (0.8, 0.1, 0.1)]))
def test_a_part_is_one_of_them_and_stays(source: str, seed: int, shares: tuple[float, ...]) -> None:
    assert part_of(source, shares, seed) == part_of(source, shares, seed) < len(names_of(shares))


def test_shares_are_met() -> None:
    parts = [part_of(f"asset:{number}", (0.8, 0.1, 0.1)) for number in range(20_000)]
    assert [parts.count(n) / 20_000 for n in range(3)] == pytest.approx([0.8, 0.1, 0.1], abs=0.01)


@pytest.mark.parametrize("shares", [(), (0.5, 0.6), (0.5, 0.2), (1.2, -0.2), (0.25,) * 4, (0.5, 0.5, 0.0)])
def test_shares_that_make_no_sense(shares: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="share"):
        names_of(shares)
