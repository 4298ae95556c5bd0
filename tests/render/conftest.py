"""Small characters for the renderer's tests."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from facepatch.core.data.character import Character, MeshSpan, Part
from facepatch.core.data.mesh import topology_from_padded

MakeCharacter = Callable[..., Character]


@pytest.fixture(scope="session")
def make_character() -> MakeCharacter:
    """A function: vertices and polygons, with whatever else a test needs, -> Character."""

    def make(vertices, polygons, *, parts=(Part("head", "skin"),), polygon_part=None, deltas=None, **more):
        points = np.asarray(vertices, dtype=np.float32)
        topology = topology_from_padded(len(points), polygons)
        count = len(topology.polygon_counts)
        shapes = np.zeros((0, len(points), 3), dtype=np.float32) if deltas is None else np.asarray(deltas)
        return Character(
            name="sample",
            neutral=points,
            topology=topology,
            shape_names=tuple(f"shape_{i}" for i in range(len(shapes))),
            deltas=shapes.astype(np.float32),
            meshes=(MeshSpan("head", 0, len(points), 0, count),),
            parts=parts,
            polygon_part=np.zeros(count, dtype=np.int32)
            if polygon_part is None
            else np.asarray(polygon_part),
            **more,
        )

    return make


@pytest.fixture(scope="session")
def sphere():
    """A function: (vertices, triangles) of a sphere of rings x spokes, radius 1, facing out, poles along Z."""

    def build(rings=8, spokes=12, centre=(0.0, 0.0, 0.0), radius=1.0):
        angle = np.linspace(0.0, np.pi, rings + 1)[1:-1, None]
        turn = np.arange(spokes) * 2.0 * np.pi / spokes
        shell = np.stack(
            np.broadcast_arrays(np.sin(angle) * np.cos(turn), np.sin(angle) * np.sin(turn), np.cos(angle)), -1
        )
        points = np.concatenate([[[0, 0, 1]], shell.reshape(-1, 3), [[0, 0, -1]]])
        here, after = np.arange(spokes), (np.arange(spokes) + 1) % spokes
        faces = [np.stack([0 * here, 1 + here, 1 + after], 1)]
        for ring in range(rings - 2):
            a, b = 1 + ring * spokes, 1 + (ring + 1) * spokes
            faces += [
                np.stack([a + here, b + here, b + after], 1),
                np.stack([a + here, b + after, a + after], 1),
            ]
        last = 1 + (rings - 2) * spokes
        faces.append(np.stack([last + here, 0 * here + len(points) - 1, last + after], 1))
        return (points * radius + centre).astype(np.float32), np.concatenate(faces).astype(np.int32)

    return build
