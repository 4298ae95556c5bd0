"""Points of the face that no opening gives: nose, outer lips, chin, brows, placed by the profile of the skin.

All of it is measured in units of the face itself, from the eyes' corners and the lips' contact line.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from facepatch.core.axes import Float64
from facepatch.core.data.landmarks import ELEMENTS
from facepatch.landmarks.face_skin import FaceSkin
from facepatch.landmarks.front_view import SurfacePoints, Window, look

Found = dict[str, SurfacePoints]
"""Landmark name -> one point."""

FACE_MAP_NEEDS = (
    *(f"eye_{side}_{name}" for side in "rl" for name in ("outer", "inner", "upper_mid")),
    *ELEMENTS["lips_inner"],
)
"""Landmarks that FaceMap starts from."""

# Shares of the width of mouth and eye, and of the height of the nose: those of MediaPipe's canonical face, so that
# landmarks of films and of characters lie at corresponding places.
_LIP_SHARES = (("r3", 0.13), ("r2", 0.36), ("mid", 0.5), ("l2", 0.64), ("l3", 0.87))
_BROW_SHARES = (("outer", -0.45), ("mid_outer", -0.2), ("mid", 0.18), ("mid_inner", 0.65), ("inner", 1.15))
_BRIDGE_SHARES = (("top", -0.15), ("high", 0.29), ("low", 0.73))
_NOSTRIL_SHARE = 0.78
_SAMPLES = 240
"""Points along a profile."""


class FaceMap:
    """The neutral skin from the front: what lies where, and how the face is laid out."""

    def __init__(self, skin: FaceSkin, found: Found) -> None:
        """`found` must hold FACE_MAP_NEEDS."""
        self._skin = skin
        self._found = found
        right, left = ((self.at(f"eye_{s}_outer") + self.at(f"eye_{s}_inner")) / 2 for s in "rl")
        self.eyes: Float64 = (right + left) / 2
        """Midway between the eyes."""
        self.mouth: Float64 = (self.at("lips_inner_corner_r") + self.at("lips_inner_corner_l")) / 2
        self.between = float(np.linalg.norm(left - right))
        """Distance of the eyes in cm."""
        self.height = float(self.eyes[1] - self.mouth[1])
        """Height of the eyes over the mouth in cm."""
        self.doubts: list[str] = []
        center = (self.eyes + self.mouth) / 2
        size = 4.5 * max(self.height, self.between)
        self._view = look(
            skin.neutral, skin.triangles, window=Window((float(center[0]), float(center[1])), size, 900)
        )

    def at(self, name: str) -> Float64:
        """(3,) cm, a landmark that is already found."""
        return self._found[name].positions(self._skin.neutral)[0]

    def place_all(self) -> None:
        """Find nose, outer lips, chin and brows; what cannot be seen is left out."""
        self._nose()
        self._outer_lips()
        self._chin()
        for side in "rl":
            self._brow(side)

    def _middle(self, y: NDArray[np.floating] | float) -> Float64:
        """x of the middle of the face at height `y`."""
        share = (np.asarray(y, dtype=np.float64) - self.mouth[1]) / self.height
        return self.mouth[0] + share * (self.eyes[0] - self.mouth[0])

    def _seen(self, x: NDArray[np.floating], y: NDArray[np.floating]) -> tuple[SurfacePoints, Float64]:
        """What is seen at the places `x`, `y` and its positions (P, 3); places without skin are left out."""
        pixel = np.floor(self._view.window.project(np.stack([x, y], axis=1))).astype(np.int64)
        pixel = pixel[((pixel >= 0) & (pixel < self._view.window.pixels)).all(axis=1)]
        pixel = pixel[self._view.hit[pixel[:, 1], pixel[:, 0]]]
        points = self._view.points(pixel[:, 1], pixel[:, 0])
        return points, points.positions(self._skin.neutral)

    def _down(self, top: float, bottom: float) -> tuple[SurfacePoints, Float64]:
        """The profile of the middle of the face from height `top` to `bottom`."""
        y = np.linspace(top, bottom, _SAMPLES)
        return self._seen(self._middle(y), y)

    def _keep(self, name: str, points: SurfacePoints, row: int) -> None:
        self._found.setdefault(name, points[row : row + 1])

    def _keep_at(self, name: str, x: float, y: float) -> None:
        points, _ = self._seen(np.asarray([x]), np.asarray([y]))
        if len(points):
            self._keep(name, points, 0)

    def _nose(self) -> None:
        lip = self.at("lips_inner_upper_mid")[1]
        points, profile = self._down(self.eyes[1], lip)
        if len(points) < 10:
            return
        tip = _first_peak(profile[:, 1:])
        self._keep("nose_tip", points, tip)
        for name, share in _BRIDGE_SHARES:
            y = self.eyes[1] + share * (profile[tip, 1] - self.eyes[1])
            self._keep_at(f"nose_bridge_{name}", float(self._middle(y)), y)
        self._nose_base(float(profile[tip, 1]), float(lip))

    def _nose_base(self, tip: float, lip: float) -> None:
        """Below the tip, where the nose meets the lip; beside it, where the wings meet the cheeks."""
        points, profile = self._down(tip, lip)
        # the fullest point of the upper lip ends the dent that the base of the nose lies in
        full = len(profile) // 2 + int(profile[len(profile) // 2 :, 2].argmax())
        base, depth = _dent(profile[: full + 1, 1:])
        if depth < 0.01 * self.between:
            base = int(0.4 * len(profile))
            self.doubts.append(
                "The base of the nose has no edge in profile: it is put below the tip by proportion."
            )
        self._keep("nose_base_mid", points, base)
        bottom = float(profile[base, 1])
        wings = [self._wing(sign, tip, bottom) for sign in (-1, 1)]
        seen = [wing for wing in wings if wing is not None]
        half = max(seen) if seen else min(0.25 * self.between, 0.35 * self._mouth_width())
        if not seen:
            self.doubts.append(
                "The wings of the nose have no edge: they are put beside its base by proportion."
            )
        row = 0.22 * tip + 0.78 * bottom
        for side, sign, wing in (("r", -1, wings[0]), ("l", 1, wings[1])):
            # a wing that seems much narrower than the other one was looked for in a nostril
            wide = wing if wing is not None and wing > 0.7 * half else half
            x = float(self._middle(row)) + sign * _NOSTRIL_SHARE * wide
            self._keep_at(f"nose_base_{side}", x, row)
            self._keep_at(f"nose_base_mid_{side}", (x + profile[base, 0]) / 2, 0.3 * row + 0.7 * bottom)

    def _wing(self, sign: int, tip: float, bottom: float) -> float | None:
        """Distance of the dent between nose and cheek from the middle, in cm; None where there is none."""
        middle = float(self._middle(bottom))
        x = middle + sign * np.linspace(0, 0.55 * self.between, 120)
        rows = np.linspace(bottom, tip, 12)
        points, seen = self._seen(np.tile(x, len(rows)), np.repeat(rows, len(x)))
        if not len(points):
            return None
        # the foremost of the band at each distance: a look along one row would fall into the nostrils
        place = np.rint(np.abs(seen[:, 0] - middle) / (0.55 * self.between) * 119).astype(np.int64)
        out = np.full(int(place.max()) + 1, -np.inf)
        np.maximum.at(out, place, seen[:, 2])
        there = np.flatnonzero(np.isfinite(out))
        away = there * (0.55 * self.between / 119)
        row, depth = _dent(np.stack([away, out[there]], axis=1))
        return float(away[row]) if depth > 0.02 * self.between else None

    def _mouth_width(self) -> float:
        return float(np.linalg.norm(self.at("lips_inner_corner_l") - self.at("lips_inner_corner_r")))

    def _outer_lips(self) -> None:
        right, left = self.at("lips_inner_corner_r"), self.at("lips_inner_corner_l")
        width = self._mouth_width()
        for side, corner, sign in (("r", right, -1), ("l", left, 1)):
            self._keep_at(f"lips_outer_corner_{side}", corner[0] + sign * 0.04 * width, corner[1])
        for lip, sign in (("upper", 1), ("lower", -1)):
            inner = self.at(f"lips_inner_{lip}_mid")
            height = self._lip_height(inner, sign, width)
            if sign > 0 and "nose_base_mid" in self._found:
                height = min(height, 0.6 * float(self.at("nose_base_mid")[1] - inner[1]))
            contact = np.stack(
                [right, *(self.at(f"lips_inner_{lip}_{name}") for name in ("r", "mid", "l")), left]
            )
            for name, share in _LIP_SHARES:
                x = right[0] + share * (left[0] - right[0])
                bow = (1 - (2 * share - 1) ** 2) ** 0.6
                y = float(np.interp(x, contact[:, 0], contact[:, 1])) + sign * bow * height
                self._keep_at(f"lips_outer_{lip}_{name}", x, y)

    def _lip_height(self, inner: Float64, sign: int, width: float) -> float:
        """Height of a lip's red in cm: from the contact of the lips past the fullest point, towards the dent."""
        _, profile = self._down(inner[1], inner[1] + sign * 0.4 * width)
        if len(profile) < 10:
            return 0.17 * width
        full = int(profile[: 2 * len(profile) // 3, 2].argmax())
        dent = full + _dent(profile[full:, 1:])[0]
        height = 0.7 * abs(profile[full, 1] - inner[1]) + 0.3 * abs(profile[dent, 1] - inner[1])
        return float(np.clip(height, 0.1 * width, 0.25 * width))

    def _chin(self) -> None:
        """The lowest and foremost of the skin below the mouth, before it steps back to the neck."""
        points, profile = self._down(self.at("lips_outer_lower_mid")[1], self.mouth[1] - 1.4 * self.height)
        if len(points):
            back = np.maximum.accumulate(profile[:, 2]) - profile[:, 2] > 0.35 * self.between
            end = int(back.argmax()) if back.any() else len(points)
            self._keep("chin", points, int((0.6 * profile[:end, 2] - profile[:end, 1]).argmax()))

    def _brow(self, side: str) -> None:
        """The crest of what brows lift, above the eye."""
        outer, inner = self.at(f"eye_{side}_outer"), self.at(f"eye_{side}_inner")
        lid = self.at(f"eye_{side}_upper_mid")
        width = float(np.linalg.norm(outer - inner))
        lift, most = None, 0.0
        if "brows_up" in self._skin.poses:
            lift = self._skin.poses["brows_up"][:, 1] - self._skin.neutral[:, 1]
            most = float(lift[self._skin.members].max())
        heights: list[float] = []
        unmoved = 0
        columns: list[float] = []
        y = np.linspace(lid[1] + 0.2 * width, lid[1] + 1.2 * width, _SAMPLES)
        for _, share in _BROW_SHARES:
            x = float(outer[0] + share * (inner[0] - outer[0]))
            points, seen = self._seen(np.full(len(y), x), y)
            risen = points.mix(lift) if lift is not None and len(points) else np.zeros(0)
            columns.append(x)
            if risen.size and risen.max() > 0.03 * most:
                heights.append(float(seen[risen > 0.8 * risen.max(), 1].mean()))
            else:
                heights.append(float(lid[1] + 0.6 * width))
                unmoved += 1
        if unmoved:
            word = {"r": "right", "l": "left"}[side]
            self.doubts.append(
                f"{unmoved} of 5 points of the character's {word} brow do not rise with its brow shapes: they are "
                "put above the eye by proportion."
            )
        for (name, _), x, y in zip(_BROW_SHARES, columns, _smooth(heights), strict=True):
            # on a narrow head the outer end may lie beside it
            for step in range(6):
                self._keep_at(f"brow_{side}_{name}", x + 0.1 * step * (inner[0] - outer[0]), y)


def _smooth(values: Sequence[float]) -> Float64:
    """Each value averaged with its neighbours, ends kept in place by repeating them."""
    padded = np.pad(np.asarray(values, dtype=np.float64), 1, mode="edge")
    return (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4


def _first_peak(profile: NDArray[np.floating]) -> int:
    """Row of the first of the bulges before the straight line between the ends of a profile (P, 2: along, out).

    The first and not the largest, because full lips may stand out more than a small nose.
    """
    before = _before_chord(profile)
    top = float(before.max())
    rows = find_peaks(before, height=0.4 * top, prominence=0.12 * top)[0] if top > 0 else []
    return int(rows[0]) if len(rows) else int(before.argmax())


def _dent(profile: NDArray[np.floating]) -> tuple[int, float]:
    """Row that lies farthest behind the straight line between the ends of a profile, and how far, in cm."""
    behind = -_before_chord(profile)
    row = int(behind.argmax())
    return row, float(behind[row])


def _before_chord(profile: NDArray[np.floating]) -> Float64:
    start, along = profile[0], profile[-1] - profile[0]
    length = max(float(np.linalg.norm(along)), 1e-12)
    before = (along[0] * (profile[:, 1] - start[1]) - along[1] * (profile[:, 0] - start[0])) / length
    return before * (1.0 if along[0] >= 0 else -1.0)
