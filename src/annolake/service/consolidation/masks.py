"""Classes of an image's pixels: votes a pixel (`transforms.consensus.masks`), written as a PNG with a palette.

An answer holds a picture in the labels' colours and says which colour is which; every other colour is background. In
the label's file the value of a pixel is its class, 0 for background and then the job's labels in their order.
"""

from __future__ import annotations

import base64
import re
from typing import Any

import numpy as np

from annolake.service.consolidation.label import Given, Label
from annolake.service.png import decode, encode_indexed, size_of

ELEMENT = "segmentation"
BACKGROUND = "BACKGROUND"
WHITE = "#ffffff"
FIRST = "2ca02c 1f77b4 ff7f0e d62728 9467bd 8c564b e377c2 7f7f7f bcbd22 17becf"
SECOND = "98df8a aec7e8 ffbb78 ff9896 c5b0d5 c49c94 f7b6d2 c7c7c7 dbdb8d 9edae5"
PALETTE = tuple(f"#{color}" for color in f"{FIRST} {SECOND}".split())
"""Ground Truth's colours, by the order of the labels; they begin anew after twenty."""
COLOR = re.compile(r"#[0-9a-f]{6}")
MOST_PIXELS = 100_000_000


def read(value: dict[str, Any], labels: list[str]) -> tuple[bytes, dict[str, str], bool | None] | None:
    """(PNG, colour -> label, whether an earlier mask was changed); None where there is no picture that can be read."""
    picture, mappings = value.get("labeledImage"), value.get("labelMappings")
    text = picture.get("pngImageData") if isinstance(picture, dict) else None
    if not isinstance(text, str) or not isinstance(mappings, dict):
        return None
    try:
        png = base64.b64decode(text, validate=True)
        width, height = size_of(png)
        if not 0 < width * height <= MOST_PIXELS:
            return None
        decode(png)  # a broken one must not count as an answer and fail the job's outputs later
    except ValueError:
        return None
    colors = {_color(about): label for label, about in mappings.items() if label in labels}
    modified = value.get("initialValueModified")
    return png, colors, modified if isinstance(modified, bool) else None


def _color(about: Any) -> str:
    color = about.get("color") if isinstance(about, dict) else about
    return color.lower() if isinstance(color, str) and COLOR.fullmatch(color.lower()) else ""


def label(given: list[Given], labels: list[str]) -> Label:
    """`internal-color-map` of background and all labels; confidence 0 where one worker answered."""
    confidences = [0.0] * (len(labels) + 1) if len(given) == 1 else _fused(given, labels)[1]
    names = zip([BACKGROUND, *labels], _palette(labels), confidences, strict=True)
    colors = {
        str(place): {"class-name": name, "hex-color": color, "confidence": round(sure, 2) or 0}
        for place, (name, color, sure) in enumerate(names)
    }
    changed = [g.value[2] for g in given if g.value[2] is not None]
    status = {"adjustment-status": "adjusted" if any(changed) else "unadjusted"} if changed else {}
    return Label(None, {"internal-color-map": colors} | status)


def label_file(given: list[Given], labels: list[str]) -> bytes:
    """The PNG of the mask."""
    return encode_indexed(_fused(given, labels)[0], [_rgb(color) for color in _palette(labels)])


def _fused(given: list[Given], labels: list[str]) -> tuple[np.ndarray, list[float]]:
    from transforms.consensus import fuse_masks

    masks = [_mask(g.value[0], g.value[1], labels) for g in given]
    shape = max({m.shape for m in masks}, key=lambda s: sum(m.shape == s for m in masks))  # the image is one size
    return fuse_masks(np.stack([m for m in masks if m.shape == shape]), len(labels) + 1)


def _mask(png: bytes, colors: dict[str, str], labels: list[str]) -> np.ndarray:
    pixels = decode(png).astype(np.uint32)
    packed = pixels[..., 0] << 16 | pixels[..., 1] << 8 | pixels[..., 2]
    mask = np.zeros(packed.shape, np.uint8)
    for color, name in colors.items():
        if color:
            mask[packed == int(color[1:], 16)] = labels.index(name) + 1
    return mask


def _palette(labels: list[str]) -> list[str]:
    return [WHITE, *(PALETTE[place % len(PALETTE)] for place in range(len(labels)))]


def _rgb(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)
