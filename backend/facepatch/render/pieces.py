"""Kinds of the loose pieces of a head that comes without parts, told from shape and place."""

from __future__ import annotations

import numpy as np

from facepatch.core.axes import Bool, Float32, Float64, Int32
from facepatch.core.data.mesh import Topology
from facepatch.geometry.openings import components
from facepatch.render.eyes import fit_sphere


def eye_pieces(neutral: Float32, topology: Topology) -> Bool:
    """(V,) vertices of two loose pieces that are eyeballs: rounded, mirroring each other, high and in front.

    All False where no pair is so. neutral (V, 3).
    """
    label = components(topology)
    low, extent = neutral.min(axis=0), np.maximum(np.ptp(neutral, axis=0), 1e-9)
    round_ones: list[tuple[int, Float32, float]] = []
    for piece in np.flatnonzero(np.bincount(label) >= 20):
        points = neutral[label == piece].astype(np.float64)
        centre, radius = fit_sphere(points)
        uneven = float(np.linalg.norm(points - centre, axis=1).std())
        place = (points.mean(axis=0) - low) / extent
        width = float(np.ptp(points[:, 0]) / extent[0])
        if uneven < 0.12 * radius and place[1] > 0.45 and place[2] > 0.4 and 0.05 < width < 0.4:
            round_ones.append((int(piece), place, width))
    eyes = np.zeros(len(neutral), dtype=bool)
    best = 0.0
    for i, (piece, place, width) in enumerate(round_ones):
        for other, place_b, width_b in round_ones[i + 1 :]:
            mirrored = np.abs(place_b * [-1.0, 1.0, 1.0] + [1.0, 0.0, 0.0] - place).max() < 0.04
            if (
                mirrored
                and abs(place[0] - place_b[0]) > width
                and abs(width - width_b) < 0.1 * width
                and width > best
            ):
                best = width
                eyes = np.isin(label, [piece, other])
    return eyes


def teeth_pieces(neutral: Float32, topology: Topology, exposure: Float64) -> tuple[Bool, Bool]:
    """(V,) vertices of loose pieces inside the closed mouth that are teeth, and that are tongue and gums.

    A piece counts when nearly nothing of it is in sight at rest (`exposure` (V,) 0..1) and it lies in the
    front half and lower 60 % of the head. The widest of several is tongue and gums, the others are teeth.
    """
    label = components(topology)
    low, extent = neutral.min(axis=0), np.maximum(np.ptp(neutral, axis=0), 1e-9)
    inside: list[int] = []
    sizes = np.bincount(label)
    for piece in np.flatnonzero(sizes >= 8):
        rows = label == piece
        place = (neutral[rows].mean(axis=0) - low) / extent
        if (
            sizes[piece] < 0.3 * len(neutral)
            and exposure[rows].mean() < 0.05
            and place[2] > 0.5
            and place[1] < 0.6
        ):
            inside.append(int(piece))
    widths = [float(np.ptp(neutral[label == piece, 0])) for piece in inside]
    soft = [inside[int(np.argmax(widths))]] if len(inside) > 2 else []
    teeth = [piece for piece in inside if piece not in soft]
    return np.isin(label, teeth), np.isin(label, soft)


def shared_normals(neutral: Float32, deltas: Float32, edge_vertices: Int32) -> Int32:
    """(V,) one number for vertices that lie and move together, as along a texture seam.

    Only `edge_vertices`, those on open edges, are compared: lips that touch at rest move apart and stay two.
    neutral (V, 3), deltas (K, V, 3).
    """
    group = np.arange(len(neutral), dtype=np.int32)
    if edge_vertices.size == 0:
        return group
    step = 1e-5 * max(1e-9, float(np.ptp(neutral, axis=0).max()))
    moving = deltas[:, edge_vertices].transpose(1, 0, 2).reshape(len(edge_vertices), -1)
    keys = np.round(np.concatenate([neutral[edge_vertices], moving], axis=1) / step).astype(np.int64)
    _, first, inverse = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    group[edge_vertices] = edge_vertices[first[inverse.reshape(-1)]]
    return group
