"""The patch plan: everything about the framing that is fixed at training and used again for every take."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from facepatch.core.axes import Float32, Float64
from facepatch.core.data.landmarks import landmark_indices
from facepatch.core.errors import FormatError
from facepatch.core.records import write_text
from facepatch.core.schema import from_dict, to_dict
from facepatch.geometry.affine import compose, transform
from facepatch.patches.align import align_character
from facepatch.patches.boxes import Box, character_box, character_view, performer_box
from facepatch.patches.regions import PatchSettings

VERSION = 1


@dataclass(frozen=True, eq=False)
class PatchPlan:
    """Boxes and views of all regions."""

    settings: PatchSettings
    performer_neutral: Float64
    """(L, 2) aligned"""
    character_neutral: Float64
    """(L, 2) aligned"""
    boxes: tuple[Box, ...]
    """The performer's, per region, in the aligned plane."""
    views: Float64
    """(P, 2, 3) head plane (x, y up, cm) -> patch pixels of the character."""
    range_ratios: tuple[tuple[float, float], ...]
    """Character box over performer box in x and y, per region: the amplitude mapping."""

    def frame_to_patch(self, aligned_from_frame: Float64) -> Float64:
        """(T, 2, 3) alignment of a take -> (T, P, 2, 3) frame pixels -> patch pixels."""
        views = np.stack([box.to_pixels(self.settings.size) for box in self.boxes])
        return compose(views[None], aligned_from_frame[:, None])

    def region_points(self, points: Float64, to_patch: Float64) -> list[Float32]:
        """Landmarks of each region in patch pixels: (T, L, 2), (P, 2, 3) or (T, P, 2, 3) -> P of (T, l, 2)."""
        matrices = np.broadcast_to(to_patch, (len(points), *to_patch.shape[-3:]))
        return [
            transform(matrices[:, index], points[:, landmark_indices(*region.elements)]).astype(np.float32)
            for index, region in enumerate(self.settings.regions)
        ]


def make_plan(
    performer: Float64, character: Float32, *, performer_neutral: Float64, character_neutral: Float32,
    settings: PatchSettings,
) -> PatchPlan:  # fmt: skip
    """Fix the framing for one performer and one character (APEM, Choi et al. 2025, section 3.2).

    performer: (T, L, 2) aligned landmarks of the training frames; character: (T, L, 2) head-plane landmarks (cm, y up)
    of its range of motion; performer_neutral: (L, 2) aligned; character_neutral: (L, 2) head plane.
    """
    to_aligned = align_character(character_neutral)
    moving = transform(to_aligned, character.astype(np.float64))
    rest = transform(to_aligned, character_neutral.astype(np.float64))
    boxes: list[Box] = []
    views: list[Float64] = []
    ratios: list[tuple[float, float]] = []
    for region in settings.regions:
        box = performer_box(performer, region, settings=settings)
        similarity, other = character_box(
            performer, moving, region, neutrals=(performer_neutral, rest), box=box, settings=settings
        )
        boxes.append(box)
        views.append(character_view(to_aligned, similarity, other, size=settings.size))
        ratios.append((other.width / box.width, other.height / box.height))
    return PatchPlan(settings, performer_neutral, rest, tuple(boxes), np.stack(views), tuple(ratios))


def write_plan(path: Path, plan: PatchPlan) -> None:
    """Write the plan as JSON."""
    described: dict[str, Any] = {
        "record": "facepatch.patch_plan",
        "version": VERSION,
        "settings": to_dict(plan.settings),
        "performer_neutral": plan.performer_neutral.tolist(),
        "character_neutral": plan.character_neutral.tolist(),
        "boxes": [to_dict(box) for box in plan.boxes],
        "views": plan.views.tolist(),
        "range_ratios": [list(ratio) for ratio in plan.range_ratios],
    }
    write_text(path, json.dumps(described, indent=1))


def read_plan(path: Path) -> PatchPlan:
    """Read what `write_plan` wrote."""
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
        if (described["record"], described["version"]) != ("facepatch.patch_plan", VERSION):
            raise FormatError(f"{path}: is no patch plan of version {VERSION}. Train again.")
        return PatchPlan(
            settings=from_dict(PatchSettings, described["settings"], "patches"),
            performer_neutral=np.asarray(described["performer_neutral"]),
            character_neutral=np.asarray(described["character_neutral"]),
            boxes=tuple(Box(**box) for box in described["boxes"]),
            views=np.asarray(described["views"]),
            range_ratios=tuple((float(x), float(y)) for x, y in described["range_ratios"]),
        )
    except FormatError:
        raise
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{path}: is no whole patch plan ({error}). Train again.") from error
