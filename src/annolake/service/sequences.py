"""Sequences of video frames: what a task of them carries, read once when the job begins.

A manifest line refers to a sequence file, `{"seq-no", "prefix", "number-of-frames", "frames": [{"frame-no", "frame"}]}`
(contract, section 2.2). A worker has the whole sequence as one task, its frames by the order of their names in UTF-8.
"""

from __future__ import annotations

import json
from typing import Any

from annolake.errors import ManifestError
from annolake.service.categories import AUDITED
from annolake.service.manifests import InputLine
from annolake.service.objects import ObjectMissing, Objects, read_bytes

MOST_SEQUENCES, MOST_FRAMES = 10, 2000
SEQUENCE_LIMIT = 4 << 20
UNLABELED = "ClientError: The object has no label in {attribute}, which this job looks at."


class Unlabeled(Exception):
    """An audit's object has no label to look at; it fails, the job goes on."""


def prepare_sequence(objects: Objects, manifest: str, line: InputLine, config: dict[str, Any]) -> str:
    """`task.input` of a line as JSON: its frames with their addresses, the categories, the label that is looked at.

    Raises `ManifestError` where the sequence cannot be shown, `Unlabeled` where an audit finds nothing to look at.
    """
    number = line.object_no + 1
    if number > MOST_SEQUENCES:
        raise ManifestError(manifest, number, f"a manifest of video frames has at most {MOST_SEQUENCES} sequences")
    values = json.loads(line.text)
    uri = values.get("source-ref")
    if uri is None:
        raise ManifestError(manifest, number, "a sequence of video frames needs source-ref")
    prepared = {"taskObject": uri, "frames": _frames(objects, manifest, number, uri), "categories": config}
    attribute = config.get(AUDITED)
    if attribute is not None:
        label = values.get(attribute)
        if not isinstance(label, str) or not label.startswith("s3://"):
            raise Unlabeled(UNLABELED.format(attribute=attribute))
        prepared["audited"] = label
    return json.dumps(prepared, separators=(",", ":"))


def _frames(objects: Objects, manifest: str, number: int, uri: str) -> list[dict[str, Any]]:
    try:
        sequence = json.loads(read_bytes(objects, uri, SEQUENCE_LIMIT))
        frames = _checked(sequence)
    except ObjectMissing as missing:
        raise ManifestError(manifest, number, f"the sequence file cannot be read: {missing}") from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        said = error if isinstance(error, _Wrong) else f"{type(error).__name__}: {error}"
        raise ManifestError(manifest, number, f"{uri} is not a sequence file: {said}") from None
    prefix = sequence["prefix"]
    return [{"frame-no": f["frame-no"], "frame": f["frame"], "ref": prefix + f["frame"]} for f in frames]


class _Wrong(ValueError):
    pass


def _checked(sequence: dict[str, Any]) -> list[dict[str, Any]]:
    """The frames in the order in which they are shown."""
    frames, prefix = sequence["frames"], sequence["prefix"]
    if not isinstance(prefix, str) or not prefix.startswith("s3://") or not prefix.endswith("/"):
        raise _Wrong(f"prefix must be an s3:// address that ends with /, not {prefix!r}")
    if not 1 <= len(frames) <= MOST_FRAMES:
        raise _Wrong(f"1 to {MOST_FRAMES} frames are needed, found {len(frames)}")
    if sequence["number-of-frames"] != len(frames):
        raise _Wrong(f"number-of-frames is {sequence['number-of-frames']}, but {len(frames)} are listed")
    numbers = [frame["frame-no"] for frame in frames]
    if not all(type(number) is int for number in numbers) or len(set(numbers)) != len(numbers):
        raise _Wrong("every frame needs a frame-no of its own, a whole number")
    names = [frame["frame"] for frame in frames]
    if not all(isinstance(name, str) and name.isprintable() and name for name in names):
        raise _Wrong("every frame needs the name of its file as frame")
    return sorted(frames, key=lambda frame: frame["frame"].encode())
