"""Pictures of film agreement: film and character side by side where it matters."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from facepatch.core.axes import UInt8
from facepatch.core.data.clip import Clip
from facepatch.metrics.face_measures import FaceMeasures
from facepatch.metrics.lips import lip_states
from facepatch.pipelines.outputs import take_rows
from facepatch.pipelines.performance import Performance
from facepatch.pipelines.retarget import FaceModels
from facepatch.render.camera import head_view
from facepatch.render.phong import prepare_look
from facepatch.render.rasterize import render_views
from facepatch.render.sheet import contact_sheet

PICTURE = 220
"""Pixels of a picture's side."""


def film_sheet(performance: Performance, clip: Clip, models: FaceModels, rows: np.ndarray) -> UInt8:
    """Film and character side by side where it matters: open, wide, lips that touch, shut eyes, brows, rest."""
    take = performance.take
    shown = take_rows(clip, take)
    chosen = telling_frames(take.measures, rows[take.found[rows]])
    look = prepare_look(models.character)
    view = head_view(models.character, pca=models.pca, size=(PICTURE, PICTURE))[None]
    images: list[UInt8] = []
    labels: list[str] = []
    wanted = np.unique(list(chosen.values()))
    films = {row: face_crop(image, take.points[row]) for row, image, _ in performance.pictures(wanted)}
    for label, row in chosen.items():
        at = int(np.abs(shown - row).argmin())
        mesh = models.pca.vertices(clip.weights[at : at + 1])
        images += [films[row], render_views(look, mesh, to_pixels=view, size=(PICTURE, PICTURE))[0, 0]]
        labels += [f"{row}: {label}", models.character.name]
    return contact_sheet(images, columns=8, labels=labels)


def telling_frames(measures: FaceMeasures, rows: np.ndarray) -> dict[str, int]:
    """A label and a frame among `rows` for each extreme of the face."""
    part = measures.select(rows)
    lips = lip_states(part)
    pressed = np.where(lips.touch, part.mouth_width, -np.inf)
    picks = {
        "mouth open": part.mouth_open.argmax(),
        "mouth wide": part.mouth_width.argmax(),
        "mouth narrow": part.mouth_width.argmin(),
        "lips touch": np.abs(lips.gap).argmin(),
        "lips touch, wide": pressed.argmax(),
        "eyes shut": (part.eye_open_l + part.eye_open_r).argmin(),
        "brows up": part.brow.argmax(),
        "half open": np.abs(part.mouth_open - 0.5 * part.mouth_open.max()).argmin(),
    }
    return {label: int(rows[int(at)]) for label, at in picks.items()}


def face_crop(image: UInt8, points: np.ndarray) -> UInt8:
    """The face in a square picture. points: (L, 2) px."""
    low, high = points.min(axis=0), points.max(axis=0)
    middle, half = (low + high) / 2, 0.75 * float((high - low).max())
    scale = PICTURE / (2 * half)
    place = np.array([[scale, 0, -scale * (middle[0] - half)], [0, scale, -scale * (middle[1] - half)]])
    return np.asarray(
        cv2.warpAffine(
            image, place, (PICTURE, PICTURE), flags=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        ),
        np.uint8,
    )


def read_picture(path: Path) -> UInt8:
    """(H, W, 3) of a PNG."""
    image = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    return np.asarray(image, np.uint8)[..., ::-1]
