"""Agreement on texts: word and character error rates between annotators.

An error rate counts insertions, deletions and substitutions (Levenshtein). `character_error_rate` and
`word_error_rate` compare with a reference and can exceed 1. Between annotators nobody is the reference: edits are
divided by the length of the *longer* text. That form is symmetric, 0 for equal texts, 1 where nothing is shared, and
the smaller of the two directed rates. Sums over pairs of annotators are stored; a rate is their ratio.

Before comparing, texts are normalised (`normalise`): Unicode NFKC, case folded, apostrophes as ', all other punctuation
and symbols as a space, white space as one space. So writing style is no error; a different word is, however spelt.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.schemas import MEASURE_CHANCE, MEASURE_TRANSCRIPT_ITEM, require

_TEXT: dict[str, pa.DataType] = {
    name: pa.string() for name in ("job_name", "object_id", "worker_id", "layer", "text")
}  # fmt: skip
TEXTS = pa.schema(_TEXT)
ANNOTATORS = pa.schema({name: pa.string() for name in ("job_name", "object_id", "worker_id")})
APOSTROPHES = "'’ʼ＇"
WHOLE = "transcript"
"""Layer of the text of a whole object."""

Key = tuple[str, str]
DRAWS, SAMPLE = 3, 100
"""Random pairings for the chance floor, and the objects of a layer that they take."""


@dataclass(slots=True)
class Sums:
    """Over the pairs of annotators of one object in one layer."""

    n_pairs: int = 0
    n_chars: int = 0
    char_edits: int = 0
    n_words: int = 0
    word_edits: int = 0

    def add(self, one: str, other: str) -> None:
        self.n_pairs += 1
        self.n_chars += max(len(one), len(other))
        self.char_edits += edit_distance(one, other)
        self.n_words += max(len(one.split()), len(other.split()))
        self.word_edits += edit_distance(one.split(), other.split())


def normalise(text: str) -> str:
    """The text as it is compared.

    >>> normalise("  It’s “Twelve” o'clock -- ＯＫ?")
    "it's twelve o'clock ok"
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    kept = ["'" if c in APOSTROPHES else " " if unicodedata.category(c)[0] in "PSZC" else c for c in folded]
    return " ".join(word.strip("'") for word in "".join(kept).split() if word.strip("'"))


def edit_distance(one: Sequence[Hashable], other: Sequence[Hashable]) -> int:
    """Fewest insertions, deletions and substitutions that turn one sequence into the other.

    Myers' bit vectors (1999, doi:10.1145/316542.316550) in Hyyrö's form, on whole numbers of any length: one step for
    each element of the shorter sequence.

    >>> edit_distance("kitten", "sitting"), edit_distance(["a", "b"], [])
    (3, 2)
    """
    longer, shorter = (one, other) if len(one) >= len(other) else (other, one)
    if not shorter:
        return len(longer)
    at: dict[Hashable, int] = {}
    for k, symbol in enumerate(longer):
        at[symbol] = at.get(symbol, 0) | 1 << k
    everywhere, last = (1 << len(longer)) - 1, 1 << (len(longer) - 1)
    rises, falls, distance = everywhere, 0, len(longer)
    for symbol in shorter:
        same = at.get(symbol, 0)
        steady = same | falls
        across = (((same & rises) + rises) ^ rises) | same
        up = falls | ~(across | rises) & everywhere
        down = rises & across
        distance += bool(up & last) - bool(down & last)
        up, down = up << 1 | 1, down << 1
        rises = (down | ~(steady | up)) & everywhere
        falls = up & steady & everywhere
    return distance


def character_error_rate(reference: str, hypothesis: str) -> float:
    """Character edits by characters of the reference, spaces included; NaN where the reference says nothing."""
    wanted, said = normalise(reference), normalise(hypothesis)
    return edit_distance(wanted, said) / len(wanted) if wanted else float("nan")


def word_error_rate(reference: str, hypothesis: str) -> float:
    """Word edits by words of the reference; NaN where the reference says nothing.

    >>> word_error_rate("The cat sat.", "the cat sat down")
    0.3333333333333333
    """
    wanted, said = normalise(reference).split(), normalise(hypothesis).split()
    return edit_distance(wanted, said) / len(wanted) if wanted else float("nan")


def texts(segments: pa.Table, annotations: pa.Table) -> pa.Table:
    """All texts (see `TEXTS`): those of segments, joined in order of time a layer, and those of whole objects.

    The whole object's layer is `WHOLE`, with `whole ` before it as often as the job has a layer of that name.
    """
    segments = segments.filter(pc.field("text") != "").sort_by(
        [(name, "ascending") for name in ("job_name", "object_id", "worker_id", "layer", "start_s", "end_s", "label")]
    )
    rows = segments.select([*TEXTS.names[:4], "text"]).to_pylist()
    used = {(row["job_name"], row["layer"]) for row in rows}
    joined = [
        dict(zip(TEXTS.names[:4], key, strict=True)) | {"text": " ".join(row["text"] for row in group)}
        for key, group in itertools.groupby(rows, key=lambda row: tuple(row[name] for name in TEXTS.names[:4]))
    ]
    annotations = annotations.filter(pc.is_valid(annotations["transcript"]))
    for row in annotations.select([*TEXTS.names[:3], "transcript"]).to_pylist():
        layer, text = WHOLE, row.pop("transcript")
        while (row["job_name"], layer) in used:
            layer = f"whole {layer}"
        joined.append(row | {"layer": layer, "text": text})
    return pa.Table.from_pylist(joined, TEXTS)


def score_items(said: pa.Table, annotators: pa.Table) -> pa.Table:
    """`measure.transcript_item` rows of the objects on which anyone wrote anything, by job, object and layer.

    An annotator who answered the object and wrote nothing in a layer in which a colleague of the job wrote has the
    empty text there.
    """
    rows = []
    for job, item, layer, written in _written(said, annotators):
        sums = Sums()
        for (_, one), (_, other) in itertools.combinations(written, 2):
            sums.add(one, other)
        row = {"job_name": job, "object_id": item, "layer": layer, "n_annotators": len(written)}
        row |= {"reason_code": None if len(written) > 1 else "one_annotator"}
        rows.append(row | {name: getattr(sums, name) for name in Sums.__slots__})
    return pa.Table.from_pylist(rows, MEASURE_TRANSCRIPT_ITEM.arrow)


def floors(said: pa.Table, annotators: pa.Table) -> pa.Table:
    """`measure.chance` rows of transcript_cer and transcript_wer: the rates between texts of different objects.

    Objects of a layer stand in a random circle; the k-th annotator's text comes from the object k steps on.
    """
    by_layer: dict[Key, list[list[str]]] = {}
    for job, _, layer, written in _written(said, annotators):
        if len(written) > 1:
            by_layer.setdefault((job, layer), []).append([text for _, text in written])
    rows = []
    for (job, layer), texts_of in sorted(by_layer.items()):
        values = [_permuted_rates(texts_of, seed) for seed in range(DRAWS)]
        if all(values):
            for measure, of in zip(("transcript_cer", "transcript_wer"), zip(*values, strict=True), strict=True):
                mean = sum(of) / len(of)
                row = {"job_name": job, "layer": layer, "measure": measure}
                rows.append(row | {"chance_floor": mean, "n_draws": DRAWS})
    return pa.Table.from_pylist(rows, MEASURE_CHANCE.arrow)


def _permuted_rates(texts_of: list[list[str]], seed: int) -> tuple[float, ...]:
    """Character and word error rate of texts put together at random; () where there are too few objects."""
    circle = [texts_of[k] for k in np.random.default_rng(seed).permutation(len(texts_of))[:SAMPLE]]
    if len(circle) < max(2, *(len(texts) for texts in circle)):
        return ()
    sums = Sums()
    for at, texts in enumerate(circle):
        givers = [circle[(at + k) % len(circle)] for k in range(len(texts))]
        for one, other in itertools.combinations([giver[k % len(giver)] for k, giver in enumerate(givers)], 2):
            sums.add(one, other)
    if not sums.n_chars or not sums.n_words:
        return ()
    return sums.char_edits / sums.n_chars, sums.word_edits / sums.n_words


def _written(said: pa.Table, annotators: pa.Table) -> Iterator[tuple[str, str, str, list[tuple[str, str]]]]:
    """Job, object, layer, and the text of every annotator by name; only where anyone wrote."""
    by_item: dict[Key, dict[str, dict[str, str]]] = {}
    for row in require(said, TEXTS).to_pylist():
        text = normalise(row["text"])
        if text:
            layers = by_item.setdefault((row["job_name"], row["object_id"]), {})
            layers.setdefault(row["layer"], {})[row["worker_id"]] = text
    answered: dict[Key, set[str]] = {item: {w for part in of.values() for w in part} for item, of in by_item.items()}
    if by_item:
        for row in require(annotators, ANNOTATORS).to_pylist():
            if (row["job_name"], row["object_id"]) in answered:
                answered[row["job_name"], row["object_id"]].add(row["worker_id"])
    for (job, item), layers in sorted(by_item.items()):
        workers = sorted(answered[job, item])
        for layer, written in sorted(layers.items()):
            yield job, item, layer, [(worker, written.get(worker, "")) for worker in workers]
