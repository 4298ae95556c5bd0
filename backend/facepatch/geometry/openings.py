"""Openings of a surface: its boundary edges joined to loops, such as eye, mouth and neck holes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from facepatch.core.axes import Axes, Float32, Int32
from facepatch.core.data.mesh import Topology
from facepatch.core.errors import ShapeError


def boundary_edges(topology: Topology) -> Int32:
    """(E, 2) directed edges that belong to one polygon only, in the direction of that polygon.

    An edge that two polygons run through in the same direction (a flipped polygon) is no boundary.
    """
    tails, heads = _polygon_edges(topology)
    low, high = np.minimum(tails, heads), np.maximum(tails, heads)
    key = low.astype(np.int64) * topology.vertex_count + high
    _, inverse, uses = np.unique(key, return_inverse=True, return_counts=True)
    once = uses[inverse] == 1
    return np.stack([tails[once], heads[once]], axis=1).astype(np.int32)


def boundary_loops(topology: Topology) -> list[Int32]:
    """Vertex loops around the openings of a mesh, each in the direction of its polygons, longest first.

    With polygons counter-clockwise seen from outside, the loop of a hole runs clockwise seen from outside.
    A loop is closed: its last vertex is joined to its first. Where two openings touch at one vertex, each is
    its own loop. Chains that cannot be closed (a mesh with flipped polygons) are left out. Meshes that are
    closed surfaces have no loop.
    """
    edges = boundary_edges(topology)
    followers: dict[int, list[int]] = {}
    for tail, head in edges.tolist():
        followers.setdefault(tail, []).append(head)
    loops: list[Int32] = []
    for start in sorted(followers):
        while followers[start]:
            loops.extend(_closed_loops(start, followers))
    return sorted(loops, key=lambda loop: (-len(loop), int(loop.min())))


def loop_length(loop: Int32, vertices: Float32) -> float:
    """Length in cm of the closed polyline through `vertices[loop]`; vertices (V, 3)."""
    check = Axes()
    points = check("vertices", vertices, "V 3")[check("loop", loop, "_", np.int32)]
    return float(np.linalg.norm(np.roll(points, -1, axis=0) - points, axis=1).sum())


def rings(topology: Topology, seeds: NDArray[np.integer], *, count: int) -> list[Int32]:
    """Vertices 0, 1 ... `count` edges away from `seeds`: `count` + 1 arrays, the first the seeds."""
    if count < 0:
        raise ShapeError(f"rings: count is {count}; it must be 0 or more.")
    tails, heads = _polygon_edges(topology)
    distance = np.full(topology.vertex_count, -1, dtype=np.int32)
    distance[np.asarray(seeds, dtype=np.int64)] = 0
    for step in range(1, count + 1):
        for a, b in ((tails, heads), (heads, tails)):
            reached = b[(distance[a] == step - 1) & (distance[b] == -1)]
            distance[reached] = step
    return [np.flatnonzero(distance == step).astype(np.int32) for step in range(count + 1)]


def components(topology: Topology) -> Int32:
    """(V,) number of the connected piece that each vertex belongs to, in the order of their lowest vertex.

    A vertex that no polygon uses is a piece of its own.
    """
    tails, heads = _polygon_edges(topology)
    count = topology.vertex_count
    graph = coo_matrix((np.ones(tails.size, dtype=np.int8), (tails, heads)), shape=(count, count))
    label = connected_components(graph, directed=False)[1]
    first = np.full(int(label.max(initial=-1)) + 1, count)
    np.minimum.at(first, label, np.arange(count))
    return np.argsort(np.argsort(first))[label].astype(np.int32)


def _polygon_edges(topology: Topology) -> tuple[Int32, Int32]:
    """Tail and head of every polygon's every edge."""
    counts = topology.polygon_counts.astype(np.int64)
    tails = topology.polygon_vertices
    following = np.arange(1, tails.size + 1, dtype=np.int64)
    stops = np.cumsum(counts)
    following[stops - 1] = stops - counts
    return tails, tails[following]


def _closed_loops(start: int, followers: dict[int, list[int]]) -> list[Int32]:
    """Walk from `start`, using up edges; cut a loop off whenever a vertex on the walk is met again."""
    loops: list[Int32] = []
    walk = [start]
    place = {start: 0}
    while followers.get(walk[-1]):
        head = followers[walk[-1]].pop(0)
        if head in place:
            cut = place[head]
            loops.append(np.asarray(walk[cut:], dtype=np.int32))
            for vertex in walk[cut + 1 :]:
                del place[vertex]
            del walk[cut + 1 :]
        else:
            place[head] = len(walk)
            walk.append(head)
    return loops
