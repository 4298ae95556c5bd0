"""The cyclic experiment as tables and a contact sheet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np

from facepatch.core.axes import Float32, UInt8
from facepatch.evaluation.page import Table
from facepatch.pipelines.models import Models
from facepatch.pipelines.outputs import telling_frames
from facepatch.pipelines.performance import Performance
from facepatch.render.camera import head_view
from facepatch.render.phong import prepare_look
from facepatch.render.rasterize import render_views
from facepatch.render.sheet import contact_sheet

TILE = 240
PICTURES = 6


def cyclic_tables(described: Mapping[str, Any], *, cycle: str, components: int = 12) -> tuple[Table, ...]:
    """Vertices way by way, the first components over the whole way `cycle`, and the performer's patches.

    described: what `evaluation.cyclic.evaluate_cyclic` returns.
    """
    vertices: list[tuple[str, ...]] = []
    for name, ways in described["drift"].items():
        for way, found in ways.items():
            for_all = found["vertices"]["all"], found["without the constant part"]["all"]
            cells = [_number(e[key]) for e in for_all for key in ("mean_mm", "fraction_of_mean_expression")]
            vertices.append((name, way, *cells))
    rows = [
        (f"pc_{index:03d}", *(_number(one[key]) for key in ("spread_mm", "drift_mm", "drift_of_spread", "r")))
        for index, one in enumerate(described["drift"]["raw"][cycle]["components"][:components])
    ]
    patches = [
        (name, f"{loss['l1']:.4f}", _number(loss["ssim"])) for name, loss in described["patches"].items()
    ]
    return (
        Table(
            "Drift of the vertices: mean mm, and as a fraction of the mean expression's error",
            ("start", "way back", "#mm", "#fraction", "#mm, constant part removed", "#fraction"),
            tuple(vertices),
        ),
        Table(
            "Drift of the components over the cycle, raw; mm are root mean square over the vertices",
            ("component", "#spread mm", "#drift mm", "#of spread", "#r"),
            tuple(rows),
        ),
        Table("The performer's patches against themselves", ("patches", "#L1", "#SSIM"), tuple(patches)),
    )


def cyclic_picture(
    performance: Performance, models: Models, *, rows: np.ndarray, patches: tuple[UInt8, UInt8, UInt8],
    weights: tuple[Float32, Float32],
) -> UInt8:  # fmt: skip
    """Per telling frame: source and its patches, character and its patches, performer rebuilt, character again.

    rows: (T,) frame numbers; patches: of the source, the render and the performer rebuilt, (T, P, H, W, 3) each;
    weights: (T, M) of the render and at the end.
    """
    take = performance.take
    told = telling_frames(take.measures.select(rows), take.found[rows])[:PICTURES]
    look = prepare_look(models.character)
    view = head_view(models.character, pca=models.pca, size=(TILE, TILE))[None]
    first, second = (
        render_views(look, models.pca.vertices(values[told]), to_pixels=view, size=(TILE, TILE))[:, 0]
        for values in weights
    )
    images: list[UInt8] = []
    labels: list[str] = []
    for place, (number, frame, _) in enumerate(performance.pictures(rows[told])):
        at = told[place]
        images += [_fitted(frame), _column(patches[0][at]), first[place], _column(patches[1][at])]
        images += [_column(patches[2][at]), second[place]]
        labels += [
            f"source {number}",
            "its patches",
            "retargeted",
            "its patches",
            "the performer again",
            "again",
        ]
    return contact_sheet(images, columns=6, labels=labels)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _fitted(image: UInt8) -> UInt8:
    width = round(image.shape[1] * TILE / image.shape[0])
    return np.asarray(cv2.resize(image, (width, TILE), interpolation=cv2.INTER_AREA), np.uint8)


def _column(patches: UInt8) -> UInt8:
    """(P, H, W, 3) -> one picture of the height of a tile, the patches in rows of two."""
    side = TILE // max(1, -(-len(patches) // 2))
    small = [np.asarray(cv2.resize(p, (side, side), interpolation=cv2.INTER_AREA), np.uint8) for p in patches]
    if len(small) % 2:
        small.append(np.zeros_like(small[0]))
    return np.concatenate([np.concatenate(small[at : at + 2], 1) for at in range(0, len(small), 2)])
