"""Polygon meshes: topology and what is derived from it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from facepatch.core.axes import Axes, Int32
from facepatch.core.errors import TopologyError


@dataclass(frozen=True, eq=False)
class Topology:
    """Polygons over V vertices, as in Maya and USD. Vertices are never reordered."""

    vertex_count: int
    polygon_counts: Int32
    """(Q,) corners of each polygon."""
    polygon_vertices: Int32
    """(sum of counts,) vertex index of each corner, counter-clockwise seen from outside."""

    def __post_init__(self) -> None:
        check = Axes()
        counts = check("polygon_counts", self.polygon_counts, "Q", np.int32)
        corners = check("polygon_vertices", self.polygon_vertices, "_", np.int32)
        if counts.size and counts.min() < 3:
            raise TopologyError(
                f"polygon_counts: polygon {int(counts.argmin())} has {int(counts.min())} corners."
            )
        if int(counts.sum()) != corners.size:
            raise TopologyError(
                f"polygon_counts sum to {int(counts.sum())}, but there are {corners.size} corners."
            )
        if corners.size and (corners.min() < 0 or corners.max() >= self.vertex_count):
            bad = int(corners.min()) if corners.min() < 0 else int(corners.max())
            raise TopologyError(
                f"polygon_vertices: index {bad} lies outside the {self.vertex_count} vertices."
            )
        object.__setattr__(self, "polygon_counts", counts)
        object.__setattr__(self, "polygon_vertices", corners)

    @cached_property
    def triangles(self) -> Int32:
        """(F, 3) fan triangulation."""
        return self._fan(self.polygon_vertices)

    @cached_property
    def triangle_corners(self) -> Int32:
        """(F, 3) indices into `polygon_vertices`, for data kept per polygon corner (such as uv)."""
        return self._fan(np.arange(self.polygon_vertices.size, dtype=np.int32))

    @cached_property
    def triangle_polygon(self) -> Int32:
        """(F,) polygon of each triangle."""
        return np.repeat(np.arange(self.polygon_counts.size, dtype=np.int32), self.polygon_counts - 2)

    @cached_property
    def topology_id(self) -> str:
        """Hash of counts and corners: equal id means the same vertex order."""
        digest = hashlib.sha256()
        digest.update(np.int64(self.vertex_count).tobytes())
        digest.update(self.polygon_counts.tobytes())
        digest.update(self.polygon_vertices.tobytes())
        return digest.hexdigest()[:16]

    def _fan(self, corner_values: Any) -> Int32:
        counts = self.polygon_counts
        first = np.repeat(np.cumsum(counts) - counts, counts - 2)
        step = np.arange(first.size, dtype=np.int64) - np.repeat(
            np.cumsum(counts - 2) - (counts - 2), counts - 2
        )
        corners = np.stack([first, first + step + 1, first + step + 2], axis=1)
        return np.ascontiguousarray(corner_values[corners], dtype=np.int32)


def topology_from_padded(vertex_count: int, polygons: Any) -> Topology:
    """Topology from (Q, longest) vertex indices, padded with -1."""
    rows = np.asarray(polygons, dtype=np.int32)
    used = rows >= 0
    return Topology(vertex_count, used.sum(axis=1).astype(np.int32), rows[used])
