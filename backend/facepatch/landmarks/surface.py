"""Proposes the landmarks of a character from its shapes and the openings of its skin.

Own design (method.md 6.5, second way): no detector has to recognise the head as a face, so stylised heads work as
well as human ones. The head is looked at from the front, its skin alone. The opening of an eye is what open lids
show and closed lids hide; that of the mouth is what an open jaw shows and the closed mouth hides. Landmarks are the
skin at the rims of these openings, so that pairs of lid and lip points meet when the character closes them.
Everything else (face_map) is placed from there by the profile of the skin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from facepatch.core.axes import Axes, Float32, Float64
from facepatch.core.data.character import Character
from facepatch.core.data.landmarks import ELEMENTS, LANDMARK_NAMES, SurfaceLandmarks
from facepatch.core.errors import InputError
from facepatch.landmarks.face_map import FACE_MAP_NEEDS, FaceMap, Found
from facepatch.landmarks.face_skin import POSES, FaceSkin, face_skin
from facepatch.landmarks.front_view import SurfacePoints, Window
from facepatch.landmarks.mirror import mirrored
from facepatch.landmarks.opening import Rim, find_rim, tilt
from facepatch.landmarks.pose_search import search_poses
from facepatch.landmarks.second_opinion import second_opinion

_SIDE = {"r": "right", "l": "left"}
_LID_SHARES = (("outer", 0.3), ("mid", 0.5), ("inner", 0.68))
_OPEN_LIDS = 0.15
"""Lids that are closed but for more than this share of their open gap are doubtful."""
_HIDDEN_SHARE = 0.6
"""An eye that shows less than this share of the other one's area is hidden by something."""
_MOST_SAMPLES = 400
_ROOM = (1.5, 2.25, 3.4)
"""Windows that an opening is looked for in, the first that holds it all, over the size of what moves."""
_PIXELS = 480
_EYE_JOIN = 0.02
_MOUTH_JOIN = 0.06
"""See opening.find_rim."""


def propose_landmarks(
    character: Character, *, sample_shapes: NDArray[np.floating] | None = None, ask_detector: bool = True
) -> SurfaceLandmarks:
    """Landmarks found on `character`, with sentences on what is doubtful.

    sample_shapes: (S, V, 3) cm, frames of motion; needed where the character has no shapes of its own.
    ask_detector: compare with what MediaPipe sees in a picture of the character; only adds doubts, takes a second.
    Raises InputError that names the elements of the face that cannot be found.
    """
    return complete_landmarks(character, {}, sample_shapes=sample_shapes, ask_detector=ask_detector)


def complete_landmarks(
    character: Character,
    given: Mapping[str, SurfacePoints],
    *,
    sample_shapes: NDArray[np.floating] | None = None,
    ask_detector: bool = True,
) -> SurfaceLandmarks:
    """The `given` landmarks (name -> one point), and a proposal for every other name.

    What is given also guides the proposal: the nose is looked for between the given eyes. Raises as
    `propose_landmarks` does, for elements that are neither given nor found.
    """
    found: Found = dict(given)
    doubts: list[str] = []
    if len(found) == len(LANDMARK_NAMES):
        return _landmarks(character, found, doubts)
    doubts = _propose(character, found, _samples(character, sample_shapes))
    found.update(given)
    missing = [element for element, names in ELEMENTS.items() if any(name not in found for name in names)]
    if missing:
        raise InputError(
            f"{character.name}: no landmarks could be found for {', '.join(missing)}. Give a picks file that names "
            "a vertex for each of their points; what it leaves out is proposed as before."
        )
    if ask_detector:
        doubts += second_opinion(character, _landmarks(character, found, doubts))
    return _landmarks(character, found, doubts)


def _landmarks(character: Character, found: Found, doubts: Sequence[str]) -> SurfaceLandmarks:
    return SurfaceLandmarks(
        np.concatenate([found[name].vertices for name in LANDMARK_NAMES]),
        np.concatenate([found[name].weights for name in LANDMARK_NAMES]).astype(np.float32),
        character.topology.topology_id,
        tuple(doubts),
    )


def _samples(character: Character, sample_shapes: NDArray[np.floating] | None) -> NDArray[np.floating]:
    """(S, V, 3) shapes that the character takes: motion, or its own shapes one by one."""
    if sample_shapes is None:
        return character.deltas + character.neutral
    check = Axes()
    check(f"{character.name}: vertices", character.neutral, "V 3")
    step = -(-len(sample_shapes) // _MOST_SAMPLES) or 1
    return check("sample_shapes", sample_shapes[::step], "S V 3")


def _propose(character: Character, found: Found, samples: NDArray[np.floating]) -> list[str]:
    """Add to `found` what it lacks and can be found; sentences on what is doubtful."""
    if not len(samples):
        raise InputError(
            f"{character.name}: has no shapes, so its lids and lips cannot be told from each other. Give its motion "
            "too, or a picks file that names all landmarks."
        )
    skin = face_skin(character, samples)
    if any(pose not in skin.poses for pose in POSES):
        skin = FaceSkin(skin.neutral, skin.triangles, search_poses(skin, samples))
    doubts: list[str] = []
    hidden = None
    if "eyes_closed" in skin.poses:
        hidden, eye_doubts = _eyes(skin, found)
        doubts += eye_doubts
    if "mouth_open" in skin.poses:
        doubts += _mouth(skin, found)
    if all(name in found for name in FACE_MAP_NEEDS):
        face = FaceMap(skin, found)
        face.place_all()
        doubts += face.doubts
        if hidden is not None:
            _mirror(skin, found, f"brow_{hidden.side}", hidden.middle)
    return doubts


class _HiddenEye(NamedTuple):
    """An eye that hair or a patch lies before, and the other side is its mirror image."""

    side: str
    middle: float


def _eyes(skin: FaceSkin, found: Found) -> tuple[_HiddenEye | None, list[str]]:
    points = skin.neutral[skin.moved("eyes_closed")]
    middle = float(points[:, 0].min() + points[:, 0].max()) / 2
    rims: dict[str, Rim] = {}
    for side, part in (("r", points[points[:, 0] < middle]), ("l", points[points[:, 0] > middle])):
        rim = _eye_rim(skin, part) if len(part) else None
        if rim is not None:
            rims[side] = rim
            _lids(skin, rim, side, found)
    hidden: _HiddenEye | None = None
    doubts: list[str] = []
    if len(rims) == 2:
        small, large = sorted(rims, key=lambda side: rims[side].area)
        if rims[small].area < _HIDDEN_SHARE * rims[large].area:
            doubts.append(f"The character's {_SIDE[small]} eye shows much less of itself than the other.")
            if _mirror(skin, found, f"eye_{small}", middle):
                hidden = _HiddenEye(small, middle)
                doubts[-1] += f" Its landmarks and its brow are those of the {_SIDE[large]} eye, mirrored."
    doubts += [doubt for doubt in (_lid_doubt(skin, found, side) for side in rims) if doubt]
    return hidden, doubts


def _mirror(skin: FaceSkin, found: Found, element: str, middle: float) -> bool:
    """Put the mirror image of the other side's `element` (such as brow_l) in its place; False where there is none."""
    other = element[:-1] + ("l" if element.endswith("r") else "r")
    images: Found = {}
    for name, source in zip(ELEMENTS[element], ELEMENTS[other], strict=True):
        image = mirrored(skin, found[source], middle=middle) if source in found else None
        if image is None:
            return False
        images[name] = image
    found.update(images)
    return True


def _eye_rim(skin: FaceSkin, moving: Float32) -> Rim | None:
    """The opening among vertices that a blink moves (P, 3), along the eye's own axis."""
    closed = skin.poses["eyes_closed"]
    rim = _first_rim(skin.neutral, closed, skin, moving, _EYE_JOIN)
    if rim is None:
        return None
    turned = replace(rim.view.window, roll=tilt(rim.mask))
    return find_rim(skin.neutral, closed, triangles=skin.triangles, window=turned, join=_EYE_JOIN) or rim


def _first_rim(opened: Float32, closed: Float32, skin: FaceSkin, moving: Float32, join: float) -> Rim | None:
    """The opening in the first of some windows around `moving` (P, 3) that is large enough to hold it."""
    low, high = moving.min(axis=0), moving.max(axis=0)
    center = (low + high) / 2
    for room in _ROOM:
        window = Window((float(center[0]), float(center[1])), room * float((high - low)[:2].max()), _PIXELS)
        rim = find_rim(opened, closed, triangles=skin.triangles, window=window, join=join)
        if rim is not None:
            return rim
    return None


def _lids(skin: FaceSkin, rim: Rim, side: str, found: Found) -> None:
    """Corners at the ends of the opening; lid pairs that a blink brings together."""
    left, right = ("outer", "inner") if side == "r" else ("inner", "outer")
    found.setdefault(f"eye_{side}_{left}", rim.left)
    found.setdefault(f"eye_{side}_{right}", rim.right)
    ends = [rim.left.positions(skin.neutral)[0], rim.right.positions(skin.neutral)[0]]
    for name, share in _LID_SHARES:
        pair = _pair(rim, skin, ends, share if side == "r" else 1 - share, "eyes_closed")
        if pair is not None:
            found.setdefault(f"eye_{side}_upper_{name}", pair[0])
            found.setdefault(f"eye_{side}_lower_{name}", pair[1])


def _pair(
    rim: Rim, skin: FaceSkin, ends: list[Float64], share: float, pose: str
) -> tuple[SurfacePoints, SurfacePoints] | None:
    """The point above the opening at `share` of the way between its `ends`, and the one below, that meet best.

    Of all points of the rim they have the least distance to each other while the opening is closed, weighed
    against how far they lie from its edge and from the wanted place at rest. None where nothing is at that place.
    """
    closed = skin.poses[pose] if pose == "eyes_closed" else skin.neutral
    along = ends[1] - ends[0]
    length = float(np.linalg.norm(along))
    bands = []
    for (points, away), aside, weight in ((rim.above(), 0.06, 0.6), (rim.below(), 0.25, 0.2)):
        beside = np.abs((points.positions(skin.neutral) - ends[0]) @ along / length**2 - share)
        near = beside < aside
        cost = 0.3 * away[near] * rim.view.window.pixel + weight * beside[near] * length
        bands.append((points[near], points.positions(closed)[near], cost))
    (upper, upper_at, upper_cost), (lower, lower_at, lower_cost) = bands
    if not len(upper) or not len(lower):
        return None
    best, place = np.inf, (0, 0)
    for row in np.argsort(upper_cost):
        if upper_cost[row] >= best:
            break
        cost = np.linalg.norm(lower_at - upper_at[row], axis=1) + lower_cost + upper_cost[row]
        column = int(cost.argmin())
        if cost[column] < best:
            best, place = float(cost[column]), (int(row), column)
    return upper[place[0] : place[0] + 1], lower[place[1] : place[1] + 1]


def _lid_doubt(skin: FaceSkin, found: Found, side: str) -> str:
    shares: list[float] = []
    for name, _ in _LID_SHARES:
        if f"eye_{side}_upper_{name}" not in found:
            return ""
        upper, lower = found[f"eye_{side}_upper_{name}"], found[f"eye_{side}_lower_{name}"]
        rest, shut = (
            float(upper.positions(pose)[0, 1] - lower.positions(pose)[0, 1])
            for pose in (skin.neutral, skin.poses["eyes_closed"])
        )
        shares.append(shut / max(rest, 1e-6))
    if max(shares) <= _OPEN_LIDS:
        return ""
    return (
        f"The character's {_SIDE[side]} lids stay open by {max(shares):.0%} of their gap in its own blink: the lid "
        "points may lie beside the lids, or the shape does not close them."
    )


_LIP_CORNERS = ("lips_inner_corner_r", "lips_inner_corner_l")


def _mouth(skin: FaceSkin, found: Found) -> list[str]:
    """Inner lips: the rim of the mouth that the jaw opens, paired as the lips lie at rest."""
    moved = skin.moved("mouth_open")
    both = np.concatenate([skin.neutral[moved], skin.poses["mouth_open"][moved]])
    rim = _first_rim(skin.poses["mouth_open"], skin.neutral, skin, both, _MOUTH_JOIN)
    if rim is None:
        return []
    found.setdefault("lips_inner_corner_r", rim.left)
    found.setdefault("lips_inner_corner_l", rim.right)
    ends = [found[name].positions(skin.neutral)[0] for name in _LIP_CORNERS]
    width = float(np.linalg.norm(ends[1] - ends[0]))
    for name, share in (("r", 0.25), ("mid", 0.5), ("l", 0.75)):
        pair = _pair(rim, skin, ends, share, "mouth_open")
        if pair is not None:
            found.setdefault(f"lips_inner_upper_{name}", pair[0])
            found.setdefault(f"lips_inner_lower_{name}", pair[1])
    return _lip_doubt(skin, found, width)


def _lip_doubt(skin: FaceSkin, found: Found, width: float) -> list[str]:
    if "lips_inner_upper_mid" not in found:
        return []
    upper, lower = (found[f"lips_inner_{lip}_mid"].positions(skin.neutral)[0] for lip in ("upper", "lower"))
    gap = float(np.linalg.norm(upper - lower))
    if gap <= 0.12 * width:
        return []
    return [
        f"The lips are {gap / width:.0%} of the mouth's width apart at rest: the mouth is open there, or its inner "
        "lip points lie on another edge."
    ]
