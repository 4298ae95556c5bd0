"""The regions of a face as people choose them: which landmarks they are picked by, and which patch they become.

Ticked regions become the setting `patches.regions` of a job. Forehead and cheeks have no landmarks of their own: their
patches hang on those of their neighbours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from facepatch.core.axes import Axes
from facepatch.core.data.landmarks import ELEMENTS, LANDMARK_NAMES
from facepatch.core.errors import UnknownNameError


@dataclass(frozen=True)
class FaceRegion:
    """A region that can be ticked."""

    name: str
    title: str
    elements: tuple[str, ...]
    """Elements whose landmarks are picked for it; none where it is made from its neighbours."""
    patch: tuple[str, ...]
    """Elements and landmarks that its patch must hold."""
    hint: str
    """What the region is for, and how to pick it."""

    @property
    def landmarks(self) -> tuple[str, ...]:
        """Names of its own landmarks, in the order of picking."""
        return tuple(name for element in self.elements for name in ELEMENTS[element])


def _eye(side: str, word: str) -> FaceRegion:
    return FaceRegion(
        f"eye_{side}",
        f"{word} eye",
        (f"eye_{side}",),
        (f"eye_{side}", f"brow_{side}"),
        f"The character's own {word.lower()}: eight points on the rim of the lids, from the outer corner over the "
        "upper lid to the inner corner and back along the lower lid. Choose vertices that meet when the eye shuts.",
    )


def _brow(side: str, word: str) -> FaceRegion:
    return FaceRegion(
        f"brow_{side}",
        f"{word} brow",
        (f"brow_{side}",),
        (f"brow_{side}",),
        "Five points along the brow from its outer to its inner end, on the skin that moves with it. Ticked, the brow "
        "gets a patch of its own; otherwise the patch of the eye shows it too.",
    )


def _cheek(side: str, word: str) -> FaceRegion:
    return FaceRegion(
        f"cheek_{side}",
        f"{word} cheek",
        (),
        (
            f"eye_{side}_lower_mid",
            f"eye_{side}_lower_outer",
            f"nose_base_{side}",
            f"lips_outer_corner_{side}",
        ),
        "Held between the lower lid, the nostril and the corner of the mouth; needs no points of its own. "
        "For characters whose cheeks puff or bulge by themselves.",
    )


REGIONS: tuple[FaceRegion, ...] = (
    _eye("l", "Left"),
    _eye("r", "Right"),
    FaceRegion(
        "mouth",
        "Lips",
        ("lips_outer", "lips_inner"),
        ("lips_outer", "lips_inner"),
        "Twelve points around the outer edge of the lips, eight around the inner one. Both start at the character's "
        "right corner, run over the upper lip to the left corner and back along the lower lip.",
    ),
    _brow("l", "Left"),
    _brow("r", "Right"),
    FaceRegion(
        "nose",
        "Nose",
        ("nose_bridge", "nose_base"),
        ("nose_bridge", "nose_base"),
        "Four points down the bridge to the tip, five from nostril to nostril. They hold the head still, so pick them "
        "even where the nose gets no patch of its own.",
    ),
    FaceRegion(
        "chin",
        "Chin",
        ("chin",),
        ("chin", "lips_outer_lower_l2", "lips_outer_lower_mid", "lips_outer_lower_r2"),
        "One point at the tip of the chin. Its patch reaches up to the lower lip.",
    ),
    FaceRegion(
        "forehead",
        "Forehead",
        (),
        ("brow_l", "brow_r", "nose_bridge_top"),
        "Both brows in one patch, for wrinkles between and above them; needs no points of its own.",
    ),
    _cheek("l", "Left"),
    _cheek("r", "Right"),
)

USUAL = ("eye_l", "eye_r", "mouth")
"""What a new character has ticked."""


def face_region(name: str) -> FaceRegion:
    """The region `name`. Raises UnknownNameError."""
    for region in REGIONS:
        if region.name == name:
            return region
    raise UnknownNameError("region", name, [region.name for region in REGIONS])


def patch_settings(ticked: Iterable[str]) -> dict[str, Any]:
    """The settings of a job whose patches are the `ticked` regions: {"patches": {"regions": [...]}}.

    Without a patch of its own a brow is shown by the patch of its eye. Raises UnknownNameError.
    """
    chosen = [face_region(name) for name in dict.fromkeys(ticked)]
    brows = {region.name for region in chosen if region.name.startswith("brow")}

    def held(region: FaceRegion) -> list[str]:
        taken = brows if region.name.startswith("eye") else set[str]()
        return [element for element in region.patch if element not in taken]

    return {"patches": {"regions": [{"name": region.name, "elements": held(region)} for region in chosen]}}


def mirrored_name(landmark: str) -> str:
    """The same landmark of the other side; itself on the midline. Raises UnknownNameError."""
    if landmark not in LANDMARK_NAMES:
        raise UnknownNameError("landmark", landmark, LANDMARK_NAMES)
    other = str.maketrans("lr", "rl")
    return "_".join(word.translate(other) if _is_side(word) else word for word in landmark.split("_"))


def side_of(landmark: str) -> str:
    """ "l" or "r", the character's own; "" on the midline."""
    return next((word[0] for word in landmark.split("_") if _is_side(word)), "")


def landmark_title(landmark: str) -> str:
    """For people: eye_l_upper_mid is "left eye, upper mid", lips_outer_upper_r2 "outer lips, upper right 2"."""
    sides = {"l": "left", "r": "right"}
    words = [
        f"{sides[word[0]]} {word[1:]}".strip() if _is_side(word) else word for word in landmark.split("_")
    ]
    if len(words) < 3:
        return " ".join(words)
    if words[0] == "nose":
        return f"{words[0]} {words[1]}, {' '.join(words[2:])}"
    return f"{words[1]} {words[0]}, {' '.join(words[2:])}"


def _is_side(word: str) -> bool:
    """A side is a word of its own, with a number or without: eye_l_outer, lips_outer_upper_r2."""
    return word.rstrip("23") in ("l", "r")


def mirror_landmarks(landmarks: Mapping[str, int], points: Any, *, names: Iterable[str]) -> dict[str, int]:
    """For each of `names` that is picked: its counterpart's name -> the vertex nearest to its mirror image.

    points: (V, 3) of the mesh, its sides along X. The plane stands at the middle of the picked points on the midline,
    or of the mesh where none is picked. Landmarks on the midline give nothing.
    """
    vertices = Axes()("points", points, "V 3", np.float64)
    on_plane = [vertex for name, vertex in landmarks.items() if mirrored_name(name) == name]
    at = (
        float(np.median(vertices[on_plane, 0]))
        if on_plane
        else float((vertices[:, 0].min() + vertices[:, 0].max()) / 2)
    )
    found: dict[str, int] = {}
    for name in names:
        other = mirrored_name(name)
        if name not in landmarks or other == name:
            continue
        place = vertices[landmarks[name]] * (-1.0, 1.0, 1.0) + (2.0 * at, 0.0, 0.0)
        found[other] = int(((vertices - place) ** 2).sum(axis=1).argmin())
    return found
