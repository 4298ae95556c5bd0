"""What a part of a head is, told from its name, and a readable colour where the file has none."""

from __future__ import annotations

import re

from facepatch.core.data.character import Part, PartKind

_WORDS: tuple[tuple[PartKind, str], ...] = (
    ("lash", r"lash"),
    ("brow", r"brow"),
    ("other", r"lacrimal|tear|gland|caruncle|eye_?blend|occlusion|shadow|cornea|glass|spectacle|horn"),
    ("other", r"cloth|shirt|outfit|hat\b|cap\b|helmet|collar|neckl|ear_?ring"),
    ("skin", r"eye_?lid|eye_?socket|eye_?skin"),
    ("eye", r"eye|iris|sclera|pupil"),
    ("teeth", r"teeth|tooth|denture|fang"),
    ("tongue", r"tongue"),
    ("mouth", r"gum|mouth|oral|palate"),
    ("hair", r"hair|beard|moustache|mustache|fur\b|mane|whisker"),
    ("skin", r"head|face|skin|body|neck|ear"),
)
"""Kind <- words, the first that is found wins."""

_COLORS: dict[PartKind, tuple[float, float, float]] = {
    "skin": (0.80, 0.62, 0.53),
    "eye": (0.94, 0.94, 0.92),
    "teeth": (0.92, 0.89, 0.82),
    "tongue": (0.76, 0.36, 0.36),
    "mouth": (0.42, 0.16, 0.16),
    "lash": (0.10, 0.08, 0.07),
    "brow": (0.20, 0.13, 0.09),
    "hair": (0.25, 0.17, 0.12),
    "other": (0.62, 0.60, 0.58),
}
"""sRGB. Chosen so that lids, teeth and mouth cavity stand out from skin in a small patch."""


def part_kind(*names: str) -> PartKind:
    """The kind that the first telling name says; `skin` where none does."""
    for name in names:
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
        for kind, pattern in _WORDS:
            if re.search(pattern, words):
                return kind
    return "skin"


def default_part(name: str, *names: str) -> Part:
    """A part called `name` with the kind and colour that `name`, then `names`, suggest."""
    kind = part_kind(name, *names)
    return Part(name, kind, _COLORS[kind])
