"""Pictures of a pair: source and truth at telling frames, and every method at the same frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from facepatch.core.axes import Float32, Float64, UInt8
from facepatch.core.data.pca import Pca
from facepatch.evaluation.film_pictures import read_picture
from facepatch.evaluation.methods import CALIBRATED, CHANNELS
from facepatch.pipelines.subject import Subject, character_measures
from facepatch.render.phong import prepare_look
from facepatch.render.rasterize import render_views
from facepatch.render.sheet import contact_sheet
from facepatch.training.pictures import write_picture

SIDE = 240
ROOM = 1.5
"""Side of a picture over the extent of the face's landmarks."""
SHOWN = (CALIBRATED, CHANNELS)
"""The columns that a method's picture shows, one below the other."""


def telling_frames(truth: Subject) -> dict[str, int]:
    """What to look at -> frame: where the truth goes furthest in each way. A frame appears once."""
    curves = character_measures(truth, truth.landmark_motion())[0].curves()
    lids = np.minimum(curves["eye_open_l"], curves["eye_open_r"])
    wanted = {
        "mouth open": curves["mouth_open"],
        "wide": curves["mouth_width"],
        "narrow": -curves["mouth_width"],
        "eyes shut": -np.maximum(curves["eye_open_l"], curves["eye_open_r"]),
        "one eye": np.abs(curves["eye_open_l"] - curves["eye_open_r"]),
        "brows up": curves["brow"],
        "brows down": -curves["brow"] - 1e-3 * lids,
    }
    found: dict[str, int] = {}
    for name, curve in wanted.items():
        order = np.argsort(-np.nan_to_num(curve, nan=-np.inf), kind="stable")
        free = next((int(row) for row in order if int(row) not in found.values()), None)
        if free is not None:
            found[name] = free
    return found


def draw_known(path: Path, source: Subject, truth: Subject) -> Path:
    """The source, and below it the truth, at the telling frames. Drawn once; returns `path`."""
    if path.is_file():
        return path
    frames = list(telling_frames(truth).values())
    strips = [
        _strip(subject, np.concatenate([subject.frames.block(frame, frame + 1) for frame in frames]))
        for subject in (source, truth)
    ]
    write_picture(path, np.concatenate(strips))
    return path


def draw_method(path: Path, truth: Subject, pca: Pca, weights: Mapping[str, Float32]) -> Path:
    """The columns `SHOWN` of a method at the telling frames, a row each. weights: column -> (T, M). Returns `path`."""
    frames = list(telling_frames(truth).values())
    rows = [_strip(truth, pca.vertices(weights[column][frames])) for column in SHOWN]
    write_picture(path, np.concatenate(rows))
    return path


def _strip(subject: Subject, vertices: Float32) -> UInt8:
    """(F, V, 3) -> (SIDE, F * SIDE, 3)"""
    views = face_view(subject)[None].astype(np.float32)
    images = render_views(prepare_look(subject.character), vertices, to_pixels=views, size=(SIDE, SIDE))
    return np.concatenate(list(images[:, 0]), 1)


def face_view(subject: Subject) -> Float64:
    """(2, 3) head plane (y up, cm) -> pixels of a square picture that the face fills, whatever hangs below it."""
    face = subject.landmarks.positions(subject.character.neutral[None])[0, :, :2].astype(np.float64)
    low, high = face.min(0), face.max(0)
    centre, scale = (low + high) / 2, SIDE / (ROOM * float((high - low).max()))
    return np.array([[scale, 0.0, SIDE / 2 - scale * centre[0]], [0.0, -scale, SIDE / 2 + scale * centre[1]]])


def pair_sheet(folder: Path, kept: Sequence[Mapping[str, Any]], truth: Sequence[str]) -> UInt8:
    """Source, truth and the methods of `kept` (results of one pair, in `folder`) below each other, with labels.

    truth: what each frame shows (`telling_frames`).
    """
    known = read_picture(folder / str(kept[0]["known"]))
    strips: list[tuple[str, UInt8]] = [("source", known[:SIDE]), ("truth", known[SIDE:])]
    for result in kept:
        path = folder / str(result["picture"])
        if not path.is_file():
            continue
        image = read_picture(path)
        strips.append((str(result["method"]), image[:SIDE]))
        if result["method"] == "product":
            strips.append(("product, with channels", image[SIDE:]))
    images = [strip[:, i * SIDE : (i + 1) * SIDE] for _, strip in strips for i in range(len(truth))]
    labels = [f"{name}: {what}" for name, _ in strips for what in truth]
    return contact_sheet(images, columns=len(truth), labels=labels)
