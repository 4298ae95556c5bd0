"""Shape names: which column of a motion drives which shape of a character.

The same name; the same ARKit name under another spelling (`eyeBlink_L`, `blendShape1.EyeBlinkLeft`); a table per
known convention that says which of its shapes stand in for an ARKit shape, and by how much; and where none of
these finds anything, telling words (`smile_L`) and FACS numbers (`AU12_L`).

ARKit's names: Apple, ARFaceAnchor.BlendShapeLocation. FACS numbers: Ekman and Friesen; their ARKit counterparts:
the table of ICT-FaceKit (MIT). Left and right are the character's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Optional

import numpy as np

from facepatch.core.axes import Float32
from facepatch.core.errors import InputError

_SIDED = (
    "eyeBlink", "eyeLookDown", "eyeLookIn", "eyeLookOut", "eyeLookUp", "eyeSquint", "eyeWide",
    "jaw", "mouth", "mouthSmile", "mouthFrown", "mouthDimple", "mouthStretch", "mouthPress",
    "mouthLowerDown", "mouthUpperUp", "browDown", "browOuterUp", "cheekSquint", "noseSneer",
)  # fmt: skip
_MIDDLE = (
    "jawForward", "jawOpen", "mouthClose", "mouthFunnel", "mouthPucker", "mouthRollLower", "mouthRollUpper",
    "mouthShrugLower", "mouthShrugUpper", "browInnerUp", "cheekPuff", "tongueOut",
)  # fmt: skip

ARKIT_NAMES: tuple[str, ...] = tuple(
    sorted([base + side for base in _SIDED for side in ("Left", "Right")] + list(_MIDDLE))
)
"""The 52 names, sorted."""

_BY_KEY = {name.lower(): name for name in ARKIT_NAMES}
_SIDE_WORDS = {"l": "left", "left": "left", "lf": "left", "r": "right", "right": "right", "rt": "right"}
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

_AU = {
    1: "browInnerUp", 2: "browOuterUp", 4: "browDown", 5: "eyeWide", 6: "cheekSquint", 7: "eyeSquint",
    9: "noseSneer", 10: "mouthUpperUp", 12: "mouthSmile", 14: "mouthDimple", 15: "mouthFrown", 16: "mouthLowerDown",
    17: "mouthShrugLower", 18: "mouthPucker", 20: "mouthStretch", 22: "mouthFunnel", 24: "mouthPress",
    26: "jawOpen", 27: "jawOpen", 29: "jawForward", 33: "cheekPuff", 34: "cheekPuff", 43: "eyeBlink", 45: "eyeBlink",
}  # fmt: skip
"""FACS action unit -> ARKit name, without side."""
_TELLING = (
    (r"blink|close.*(eye|lid)|(eye|lid)s?.*(close|shut)|wink", "eyeBlink"),
    (r"squint", "eyeSquint"),
    (r"(eye|lid)s?.*(wide|open)", "eyeWide"),
    (r"brow.*(inner|in)(up|raise)|worr", "browInnerUp"),
    (r"brow.*(up|raise)|raise.*brow|surpris", "browOuterUp"),
    (r"brow.*(down|low|frown)|lower.*brow|ang(e)?ry", "browDown"),
    (r"smile|grin|happy", "mouthSmile"),
    (r"frown|sad", "mouthFrown"),
    (r"(jaw|mouth).*(open|drop)|open.*(jaw|mouth)", "jawOpen"),
    (r"pucker|kiss|whistle|mouth.*(round|narrow)", "mouthPucker"),
    (r"funnel", "mouthFunnel"),
    (r"sneer|disgust|snarl|nasty|nose.*wrinkl", "noseSneer"),
    (r"upper.*lip.*(up|raise)|lip.*upper.*(up|raise)", "mouthUpperUp"),
    (r"lower.*lip.*(down|low)|lip.*lower.*(down|low)", "mouthLowerDown"),
    (r"puff|blow", "cheekPuff"),
    (r"stretch|mouth.*wide", "mouthStretch"),
    (r"press", "mouthPress"),
    (r"tongue.*out", "tongueOut"),
)
"""Words of a name, joined in lower case without sides -> ARKit name, without side."""

Stand = tuple[str, float]
"""A shape and its factor."""

VALID_AVATARS: Mapping[str, tuple[Stand, ...]] = {
    "eyeBlinkLeft": (("LeyeClose", 1.0),),
    "eyeBlinkRight": (("ReyeClose", 1.0),),
    "eyeWideLeft": (("LeyeOpen", 1.0),),
    "eyeWideRight": (("ReyeOpen", 1.0),),
    "eyeSquintLeft": (("LlowLid", 1.0),),
    "eyeSquintRight": (("RlowLid", 1.0),),
    "cheekSquintLeft": (("Lsquint", 0.35),),
    "cheekSquintRight": (("Rsquint", 0.35),),
    "browDownLeft": (("LbrowDown", 1.0), ("LLbrowDown", 0.6)),
    "browDownRight": (("RbrowDown", 1.0), ("RRbrowDown", 0.6)),
    "browInnerUp": (("LbrowUp", 1.0), ("RbrowUp", 1.0)),
    "browOuterUpLeft": (("LLbrowUp", 1.0),),
    "browOuterUpRight": (("RRbrowUp", 1.0),),
    "noseSneerLeft": (("Ldisgust", 0.6), ("Lnostril", 0.5)),
    "noseSneerRight": (("Rdisgust", 0.6), ("Rnostril", 0.5)),
    "jawOpen": (("MouthOpen", 0.5), ("t_MouthOpen", 0.5), ("AE_AA", 0.6), ("t_AE_AA", 0.6)),
    "jawForward": (("JawFront", 1.0), ("t_JawFront", 1.0)),
    "jawLeft": (("Ljaw", 1.0), ("t_Ljaw", 1.0)),
    "jawRight": (("Rjaw", 1.0), ("t_Rjaw", 1.0)),
    "mouthClose": (("MPB_Up", 0.7), ("MPB_Down", 0.7)),
    "mouthFunnel": (("UH_OO", 0.8),),
    "mouthPucker": (("Kiss", 1.0),),
    "mouthSmileLeft": (("LsmileClose", 1.0),),
    "mouthSmileRight": (("RsmileClose", 1.0),),
    "mouthFrownLeft": (("LmouthSad", 1.0),),
    "mouthFrownRight": (("RmouthSad", 1.0),),
    "mouthDimpleLeft": (("LlipCorner", 1.0),),
    "mouthDimpleRight": (("RlipCorner", 1.0),),
    "mouthStretchLeft": (("LlipSide", 1.0),),
    "mouthStretchRight": (("RlipSide", 1.0),),
    "mouthRollLower": (("FV", 1.0),),
    "mouthRollUpper": (("MPB_Up", 0.5),),
    "mouthShrugLower": (("Chin", 1.0),),
    "mouthShrugUpper": (("LlipUp", 0.3), ("RlipUp", 0.3)),
    "mouthPressLeft": (("MPB_Down", 0.3), ("MPB_Up", 0.3)),
    "mouthPressRight": (("MPB_Down", 0.3), ("MPB_Up", 0.3)),
    "mouthLowerDownLeft": (("LlipDown", 1.0),),
    "mouthLowerDownRight": (("RlipDown", 1.0),),
    "mouthUpperUpLeft": (("LlipUp", 0.8),),
    "mouthUpperUpRight": (("RlipUp", 0.8),),
    "cheekPuff": (("Lblow", 1.0), ("Rblow", 1.0)),
    "tongueOut": (("OutMiddle_tg", 1.0),),
}
"""VALID avatars (Do et al. 2023). They turn their eyes by joints: no eyeLook shapes."""

JEELIZ: Mapping[str, tuple[Stand, ...]] = {
    "jawOpen": (("mouthOpen", 1.0),),
    "mouthPucker": (("mouthRound", 0.7),),
    "mouthFunnel": (("mouthRound", 0.7),),
    "mouthSmileLeft": (("smileLeft", 1.0),),
    "mouthSmileRight": (("smileRight", 1.0),),
    "noseSneerLeft": (("mouthNasty", 0.5),),
    "noseSneerRight": (("mouthNasty", 0.5),),
    "mouthUpperUpLeft": (("mouthNasty", 0.3),),
    "mouthUpperUpRight": (("mouthNasty", 0.3),),
    "eyeBlinkLeft": (("eyeLeftClose", 1.0),),
    "eyeBlinkRight": (("eyeRightClose", 1.0),),
    # Sides of the brows are the viewer's in these files, those of lids and lips the character's.
    "browDownLeft": (("eyeBrowRightDown", 1.0),),
    "browDownRight": (("eyeBrowLeftDown", 1.0),),
    "browOuterUpLeft": (("eyeBrowRightUp", 0.6),),
    "browOuterUpRight": (("eyeBrowLeftUp", 0.6),),
    "browInnerUp": (("eyeBrowLeftUp", 0.5), ("eyeBrowRightUp", 0.5)),
}
"""Jeeliz Weboji, 11 shapes."""

CONVENTIONS: Mapping[str, Mapping[str, tuple[Stand, ...]]] = {
    "VALID avatars": VALID_AVATARS,
    "Jeeliz": JEELIZ,
}
"""Name of a convention -> ARKit name -> the shapes that stand in for it."""


@dataclass(frozen=True)
class MotionMatch:
    """Which columns of a motion drive which shapes."""

    matched: tuple[tuple[str, str, float], ...]
    """(column, shape, factor)"""
    columns_without_shape: tuple[str, ...]
    shapes_without_column: tuple[str, ...]
    convention: str = "names"
    """How they were found: "names", "ARKit", the name of a convention's table, or "telling words"."""

    def matrix(self, columns: Sequence[str], shapes: Sequence[str]) -> Float32:
        """(columns, shapes) factors: shape weights = column values @ matrix."""
        column_row = {name: index for index, name in enumerate(columns)}
        shape_row = {name: index for index, name in enumerate(shapes)}
        factors = np.zeros((len(columns), len(shapes)), dtype=np.float32)
        for column, shape, factor in self.matched:
            factors[column_row[column], shape_row[shape]] += factor
        return factors

    def sentence(self) -> str:
        """What was matched and what was not, for a log or a report."""
        driven = len({shape for _, shape, _ in self.matched})
        text = f"{len({c for c, _, _ in self.matched})} columns drive {driven} shapes (by {self.convention})."
        if self.columns_without_shape:
            text += f" Without a shape: {', '.join(self.columns_without_shape)}."
        if self.shapes_without_column:
            text += f" Shapes that nothing drives: {', '.join(self.shapes_without_column)}."
        return text


def plain_name(name: str) -> str:
    """`name` without what scenes put before it: `blendShape1.`, `ns:`, `|path|`."""
    return re.split(r"[.:|/]", name.strip())[-1]


def arkit_name(name: str) -> Optional[str]:
    """The ARKit name that `name` spells, or None.

    Case, separators, prefixes and the place of the side do not matter: `eyeBlink_L`, `L_EyeBlink`,
    `Face_eyeBlinkLeft`. A side on a shape that ARKit has unsided (`browInnerUp_L`) is dropped.
    """
    words = [word.lower() for word in _WORDS.findall(plain_name(name))]
    sides = [_SIDE_WORDS[word] for word in words if word in _SIDE_WORDS]
    rest = [word for word in words if word not in _SIDE_WORDS]
    for start in range(len(rest)):
        base = "".join(rest[start:])
        found = _BY_KEY.get(base + sides[-1]) if sides else None
        found = found or _BY_KEY.get(base)
        if found:
            return found
    return None


def match_names(columns: Sequence[str], shapes: Sequence[str]) -> MotionMatch:
    """Which of `columns` (of a motion) drive which of `shapes` (of a character).

    Raises InputError where nothing matches at all.
    """
    links, convention = _same_names(columns, shapes), "names"
    if len(links) < len(columns):
        spelled = _arkit_links(columns, shapes, {column for column, _, _ in links})
        links, convention = links + spelled, "ARKit" if spelled else convention
    name, standing = _best_convention(columns, shapes)
    if len(standing) > 2 * len(links):
        links, convention = standing, name
    if not links:
        links, convention = _telling_links(columns, shapes), "telling words"
    if not links:
        raise InputError(
            f"motion: none of its {len(columns)} columns ({_some(columns)}) is a shape of the character "
            f"({_some(shapes)}). Rename the columns to the character's shapes or to ARKit's names, "
            "or leave the motion out: a range of motion is generated then."
        )
    used_columns = {column for column, _, _ in links}
    used_shapes = {shape for _, shape, _ in links}
    return MotionMatch(
        matched=tuple(links),
        columns_without_shape=tuple(name for name in columns if name not in used_columns),
        shapes_without_column=tuple(name for name in shapes if name not in used_shapes),
        convention=convention,
    )


def arkit_links(shapes: Sequence[str]) -> MotionMatch:
    """How the 52 ARKit weights drive `shapes`. Raises InputError where they do not."""
    return match_names(ARKIT_NAMES, shapes)


Links = list[tuple[str, str, float]]


def _same_names(columns: Sequence[str], shapes: Sequence[str]) -> Links:
    exact = set(shapes)
    by_plain = {plain_name(shape).lower(): shape for shape in reversed(shapes)}
    links: Links = []
    for column in columns:
        shape = column if column in exact else by_plain.get(plain_name(column).lower())
        if shape is not None:
            links.append((column, shape, 1.0))
    return links


def _arkit_links(columns: Sequence[str], shapes: Sequence[str], done: set[str]) -> Links:
    spelled: dict[str, list[str]] = {}
    for shape in shapes:
        name = arkit_name(shape)
        if name is not None:
            spelled.setdefault(name, []).append(shape)
    links: Links = []
    for column in columns:
        name = arkit_name(column)
        if column not in done and name is not None:
            links.extend((column, shape, 1.0) for shape in spelled.get(name, ()))
    return links


def _best_convention(columns: Sequence[str], shapes: Sequence[str]) -> tuple[str, Links]:
    best: tuple[str, Links] = ("", [])
    keys = _stand_keys(shapes)
    for name, table in CONVENTIONS.items():
        known = {shape.lower() for stands in table.values() for shape, _ in stands}
        if len(known & set(keys)) < 0.6 * len(known):
            continue
        links: Links = []
        for column in columns:
            for shape, factor in table.get(arkit_name(column) or "", ()):
                links.extend((column, full, factor) for full in keys.get(shape.lower(), ()))
        if len(links) > len(best[1]):
            best = (name, links)
    return best


def _telling_links(columns: Sequence[str], shapes: Sequence[str]) -> Links:
    links: Links = []
    for shape in shapes:
        for name in _told_by_words(shape):
            links.extend((column, shape, 1.0) for column in columns if arkit_name(column) == name)
    return links


def _told_by_words(shape: str) -> tuple[str, ...]:
    """The ARKit names, of the side of `shape` or of both, that its words or its FACS number tell."""
    words = [word.lower() for word in _WORDS.findall(plain_name(shape))]
    sides = [_SIDE_WORDS[word] for word in words if word in _SIDE_WORDS]
    text = "".join(word for word in words if word not in _SIDE_WORDS)
    unit = re.search(r"au0*(\d+)", text)
    base = _AU.get(int(unit.group(1))) if unit else None
    base = base or next((to for pattern, to in _TELLING if re.search(pattern, text)), None)
    if base is None:
        return ()
    both = (base + "Left", base + "Right")
    if base.lower() in _BY_KEY:
        return (base,)
    return tuple(name for name in both if not sides or name.lower().endswith(sides[-1]))


def _stand_keys(shapes: Iterable[str]) -> dict[str, list[str]]:
    """Plain lower-case name, without a trailing `_h`, -> the shapes of that name."""
    keys: dict[str, list[str]] = {}
    for shape in shapes:
        keys.setdefault(re.sub(r"_h$", "", plain_name(shape).lower()), []).append(shape)
    return keys


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:6]) + (", ..." if len(names) > 6 else "") if names else "none"
