"""Seven curves that a face film and an animated mesh can both be measured by: mouth, eyes and brows.

Everything is measured after the rigid landmarks (`core.data.landmarks.RIGID`) of every frame have been laid
over one robust clip-wide shape by a similarity (2D Procrustes), and in units of that shape's inter-ocular
distance (IOD). Turning, moving or scaling the head in the image plane therefore changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from facepatch.core.axes import Axes, Bool, Float32, Float64
from facepatch.core.data.landmarks import LANDMARK_NAMES, RIGID, landmark_indices
from facepatch.core.errors import InputError, ShapeError

MEASURES = ("mouth_open", "mouth_width", "eye_open_l", "eye_open_r", "brow_l", "brow_r", "brow")
"""Names of the curves, in the order of every table."""

_ROUNDS = 4
"""Rounds of aligning to the median shape. It changes in the fifth decimal after three."""


@dataclass(frozen=True, eq=False)
class FaceMeasures:
    """Curves of one face over T frames, each (T,) float32 in inter-ocular distances (IOD).

    Sides are the face's own. `inter_ocular` turns them back into the unit of the landmarks.
    """

    mouth_open: Float32
    """Gap of the inner lips: mean over the three pairs (right, middle, left) of upper minus lower, along the
    face's up axis. Negative where the lips overlap."""
    mouth_width: Float32
    """Distance of the outer lip corners."""
    eye_open_l: Float32
    """Gap of the lids: mean over the three pairs (outer, middle, inner) of upper minus lower, at right angles
    to the line of this eye's corners in the clip-wide shape. Negative where the lids overlap."""
    eye_open_r: Float32
    brow_l: Float32
    """Mean height of the five brow points over the middle between this eye's inner corner and the top of the nose
    bridge, along the face's up axis. On film the outer corner drops by 5 % IOD in a blink, the inner one by 0.2 %;
    and with nodding the brow moves against corner and bridge in opposite senses, so that their middle keeps still."""
    brow_r: Float32
    brow: Float32
    """Mean of `brow_l` and `brow_r`."""
    inter_ocular: float
    """Median inter-ocular distance in the unit of the landmarks: pixels of a film, cm of a mesh."""

    @property
    def frame_count(self) -> int:
        """T"""
        return len(self.mouth_open)

    def curves(self) -> dict[str, Float32]:
        """Name -> (T,), in the order of MEASURES."""
        return {name: getattr(self, name) for name in MEASURES}

    def at(self, frame: int) -> dict[str, float]:
        """The measures of one frame."""
        return {name: float(getattr(self, name)[frame]) for name in MEASURES}

    def select(self, frames: NDArray[Any]) -> FaceMeasures:
        """The measures of `frames` (indices or a mask)."""
        return measures_from_curves(
            {name: curve[frames] for name, curve in self.curves().items()}, self.inter_ocular
        )


class AlignedFace(NamedTuple):
    """Landmarks over one clip-wide shape: y up, unit IOD, eye line level, origin the centre of the rigid points."""

    points: Float64
    """(T, L, 2)"""
    reference: Float64
    """(rigid, 2) the clip-wide shape of the rigid points."""
    inter_ocular: float
    """Median over the valid frames, in the unit that came in."""


def measures_from_curves(curves: Mapping[str, Any], inter_ocular: float) -> FaceMeasures:
    """FaceMeasures from its `curves()`."""
    check = Axes()
    return FaceMeasures(**{n: check(n, curves[n], "T") for n in MEASURES}, inter_ocular=float(inter_ocular))


def align_face(
    points: Any, *, y_down: bool = True, valid: Bool | None = None, reference: Float64 | None = None
) -> AlignedFace:
    """Lay the rigid landmarks of every frame over their clip-wide median shape by a 2D similarity.

    Per frame, with complex coordinates r (rigid points, centred) and the shape m, the similarity is the
    least-squares a = sum(conj(r) m) / sum |r|^2 (rotation and scale in one number). m is the median of the
    aligned frames, found by a few rounds of aligning and taking the median, scaled so that the centres of the
    eyes (each the middle of its corners) are 1 apart and level.

    points: (T, L, 2) image landmarks, or (T, L, 3) head-space positions, which are projected along Z.
    y_down: the y axis of (T, L, 2) points down, as in images. Positions with three coordinates are always Y up.
    valid: (T,) frames that may shape the reference; None for all. Other frames are aligned all the same.
    reference: (rigid, 2) the shape of an earlier take of the same face (`AlignedFace.reference`) instead of this one's.

    Raises ShapeError for other shapes, values that are not finite, or a frame whose rigid points coincide;
    InputError when no frame is valid.
    """
    flat, keep = _plane(points, y_down, valid)
    rows = landmark_indices(*RIGID)
    eyes = _eye_corner_rows(rows)
    centre = flat[:, rows].mean(axis=1, keepdims=True)
    flat = flat - centre
    rigid = flat[:, rows]
    size = (np.abs(rigid) ** 2).sum(axis=1)
    if (size <= 0).any():
        frames = np.flatnonzero(size <= 0)
        raise ShapeError(
            f"landmarks: the rigid points of {len(frames)} frames, the first {int(frames[0])}, lie all in one "
            "place, so no face can be measured there. Mark these frames as not found."
        )
    if reference is None:
        shape = _median_shape(rigid[keep], size[keep], eyes)
    else:
        check = Axes()
        check("reference", reference, f"{len(RIGID)} 2", np.float64)
        shape = reference[:, 0] + 1j * reference[:, 1]
    factor = (rigid.conj() * shape).sum(axis=1) / size
    if not np.isfinite(factor).all() or (np.abs(factor) <= 0).any():
        raise ShapeError("landmarks: the eyes of the clip-wide shape lie in one place. Check the landmarks.")
    aligned = flat * factor[:, None]
    return AlignedFace(
        np.stack([aligned.real, aligned.imag], axis=2),
        np.stack([shape.real, shape.imag], axis=1),
        float(np.median(1.0 / np.abs(factor[keep]))),
    )


def _median_shape(
    rigid: NDArray[np.complex128], size: Float64, eyes: NDArray[np.int64]
) -> NDArray[np.complex128]:
    """Of (T, rigid) centred points with the squared sizes (T,)."""
    shape = _level(np.median(rigid.real, axis=0) + 1j * np.median(rigid.imag, axis=0), eyes)
    if not np.isfinite(shape).all():
        shape = _level(rigid[0], eyes)
    for _ in range(_ROUNDS):
        aligned = rigid * ((rigid.conj() * shape).sum(axis=1) / size)[:, None]
        shape = _level(np.median(aligned.real, axis=0) + 1j * np.median(aligned.imag, axis=0), eyes)
    return shape


def face_measures(points: Any, *, y_down: bool = True, valid: Bool | None = None) -> FaceMeasures:
    """Measure mouth, eyes and brows of every frame. Formulas stand beside the fields of FaceMeasures.

    points: (T, L, 2) image landmarks in pixels, or (T, L, 3) positions on a mesh in head space
    (`SurfaceLandmarks.positions`), projected orthographically along Z.
    y_down: whether y of two-coordinate points runs down (images) or up. `valid`: see `align_face`.

    The scale is one robust number per clip (the median shape's inter-ocular distance). Of a head that is turned to the
    side or nods, give the points as they would lie in a frontal picture (`landmarks.frontal`).
    To measure a neutral in the same units, put it in front of the clip as a frame.
    """
    return measures_of(align_face(points, y_down=y_down, valid=valid))


def measures_of(face: AlignedFace) -> FaceMeasures:
    """Measures of landmarks that lie over their clip-wide shape already; see `face_measures`."""
    xy = face.points

    def at(*names: str) -> Float64:
        return xy[:, landmark_indices(*names)]

    def gap(above: tuple[str, ...], below: tuple[str, ...], up: Float64) -> Float64:
        return ((at(*above) - at(*below)) @ up).mean(axis=1)

    up = np.array([0.0, 1.0])
    lips = ("r", "mid", "l")
    mouth = at("lips_outer_corner_r", "lips_outer_corner_l")
    curves: dict[str, Float64] = {
        "mouth_open": gap(
            tuple(f"lips_inner_upper_{p}" for p in lips), tuple(f"lips_inner_lower_{p}" for p in lips), up
        ),
        "mouth_width": np.linalg.norm(mouth[:, 1] - mouth[:, 0], axis=1),
    }
    lids = ("outer", "mid", "inner")
    for side in ("l", "r"):
        eye = f"eye_{side}"
        curves[f"eye_open_{side}"] = gap(
            tuple(f"{eye}_upper_{p}" for p in lids),
            tuple(f"{eye}_lower_{p}" for p in lids),
            _eye_up(face.reference, side),
        )
        under = at(f"{eye}_inner", "nose_bridge_top").mean(axis=1)
        curves[f"brow_{side}"] = (at(f"brow_{side}").mean(axis=1) - under) @ up
    curves["brow"] = (curves["brow_l"] + curves["brow_r"]) / 2
    return measures_from_curves(curves, face.inter_ocular)


def _plane(points: Any, y_down: bool, valid: Bool | None) -> tuple[NDArray[np.complex128], Bool]:
    """(T, L) complex with y up, and the frames that count."""
    check = Axes()
    last = np.shape(points)[-1] if np.ndim(points) == 3 else 2
    array = check("landmarks", points, f"T {len(LANDMARK_NAMES)} {3 if last == 3 else 2}", np.float64)
    if valid is None:
        keep: Bool = np.ones(len(array), dtype=np.bool_)
    else:
        keep = check("valid", valid, "T", np.bool_)
    if not keep.any():
        raise InputError(
            f"landmarks: none of the {len(array)} frames has a face, so there is nothing to measure. "
            "Check that the detector finds the face in this film."
        )
    sign = -1.0 if y_down and last != 3 else 1.0
    return array[..., 0] + 1j * sign * array[..., 1], keep


def _eye_corner_rows(rigid_rows: NDArray[np.int32]) -> NDArray[np.int64]:
    """(4,) places of the corners of the right, then of the left eye among the rigid points."""
    wanted = landmark_indices("eye_r_outer", "eye_r_inner", "eye_l_inner", "eye_l_outer")
    return np.array([int(np.flatnonzero(rigid_rows == row)[0]) for row in wanted])


def _level(shape: NDArray[np.complex128], eyes: NDArray[np.int64]) -> NDArray[np.complex128]:
    """`shape` turned and scaled so that the eye centres are 1 apart on a level line, right eye at smaller x."""
    corners = shape[eyes]
    across = corners[2:].mean() - corners[:2].mean()
    with np.errstate(divide="ignore", invalid="ignore"):
        return (shape - shape.mean()) / across


def _eye_up(reference: Float64, side: str) -> Float64:
    """Unit vector at right angles to the line of one eye's corners, pointing up."""
    outer, inner = (reference[RIGID.index(f"eye_{side}_{end}")] for end in ("outer", "inner"))
    along = inner - outer if side == "r" else outer - inner
    normal = np.array([-along[1], along[0]])
    return normal / np.linalg.norm(normal)
