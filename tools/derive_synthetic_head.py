"""Derives backend/facepatch/synthetic/head.npz from ICT-FaceKit light (MIT licence); run by hand, takes minutes.

    python tools/derive_synthetic_head.py ASSETS/char-ict-facekit/ict_facekit_expressions.npz

Vertices are picked, not moved, by collapsing half-edges in the order of their quadric error (Garland and Heckbert
1997), summed over several expressions; then the blink is completed, the lips are closed and light is measured.
"""

from __future__ import annotations

import heapq
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numba
import numpy as np
from scipy.spatial import KDTree

from facepatch.core.axes import Float64
from facepatch.core.shape_names import ARKIT_NAMES

FLIP = np.array([-1.0, 1.0, 1.0])
OUT = Path(__file__).resolve().parents[1] / "backend" / "facepatch" / "synthetic" / "head.npz"
PARTS = ("skin", "mouth", "tongue", "teeth_upper", "teeth_lower")
POSES = (
    "",
    "eyeBlink",
    "jawOpen",
    "mouthSmile",
    "mouthPucker",
    "mouthFrown",
    "browInnerUp",
    "mouthFunnel",
    "noseSneer",
)
FULL = {"skin": 1220, "tongue": 64, "teeth_upper": 96, "teeth_lower": 96}
LOW = {"skin": 150, "tongue": 9, "teeth_upper": 13, "teeth_lower": 13}
"""Vertices of each part in the left half."""
INCISORS = {"teeth_upper": (17991, 18142), "teeth_lower": (20169, 20348)}
LAST_MOLARS = ((17039, 17415), (19247, 19601))
FIRST_LOWER_TOOTH = 19247
EYE = {"center": [3.12, 3.605, 8.02], "radius": 1.49}
# left eye corners and lid points, and the left half of ICT's 68 landmarks in the order of ICT's README
OUTER, UPPER_OUTER, UPPER_INNER, INNER, LOWER_INNER, LOWER_OUTER = 3721, 3756, 3751, 3742, 3732, 3725
MARKS = {
    "brow_l_inner": 3615, "brow_l_mid_inner": 4240, "brow_l_mid": 4114, "brow_l_mid_outer": 2734, "brow_l_outer": 2509,
    "nose_bridge_top": 978, "nose_bridge_high": 4527, "nose_bridge_low": 4942, "nose_tip": 4857,
    "nose_base_mid": 1147, "nose_base_mid_l": 4269, "nose_base_l": 3360, "chin": 966,
    "lips_outer_upper_mid": 0, "lips_outer_upper_l2": 4275, "lips_outer_upper_l3": 6200, "lips_outer_corner_l": 6213,
    "lips_outer_lower_l3": 6346, "lips_outer_lower_l2": 6461, "lips_outer_lower_mid": 5518,
    "lips_inner_upper_mid": 5533, "lips_inner_upper_l": 6216, "lips_inner_corner_l": 6207,
    "lips_inner_lower_l": 6470, "lips_inner_lower_mid": 5517,
}  # fmt: skip


class Source(NamedTuple):
    """The symmetric ICT head."""

    vertices: Float64
    triangles: Any
    part: Any
    """(F,) ICT's geometry number of each triangle."""
    polygons: Any
    polygon_part: Any
    shapes: dict[str, tuple[Float64, ...]]
    """ARKit name without side -> (how a left shape moves each vertex, how a right one does), or one array."""


class Mesh(NamedTuple):
    """Some of the source's triangles."""

    triangles: Any
    source: Any
    """(F,) row of each triangle in the source."""


def main() -> None:
    """Write head.npz."""
    head = read(Path(sys.argv[1]))
    upper, lower = lid_margins(head)
    own, other = head.shapes["eyeBlink"]
    head.shapes["eyeBlink"] = (
        closing_blink(head.vertices, own, head.polygons[head.polygon_part == 0], upper, lower),
        other,
    )
    marks = MARKS | lid_marks(head.vertices, upper, lower)
    pieces = halves(head)
    full: dict[str, Mesh] = {}
    low: dict[str, Mesh] = {}
    for name, mesh in pieces.items():
        keep = {*marks.values(), *upper[::2], *lower[::2]} if name == "skin" else set()
        full[name] = decimated(head, mesh, name, keep, FULL[name])
        print(name, len(np.unique(full[name].triangles)), len(full[name].triangles), flush=True)
        coarse = full[name]
        if name in INCISORS:
            inside = ((coarse.triangles >= INCISORS[name][0]) & (coarse.triangles <= INCISORS[name][1])).all(
                axis=1
            )
            coarse = Mesh(coarse.triangles[inside], coarse.source[inside])
        low[name] = decimated(head, coarse, name, set(marks.values()) if name == "skin" else set(), LOW[name])
    write(head, full, low, marks, upper)


# --- reading ---------------------------------------------------------------------------------------------------


def read(path: Path) -> Source:
    """The head of `path`, made symmetric."""
    with np.load(path) as stored:
        vertices, deltas = stored["vertices"].astype(np.float64), stored["deltas"].astype(np.float64)
        polygons, part, names = stored["polys"], stored["part"], [str(name) for name in stored["names"]]
        triangles = stored["tris"].astype(int)
    twin = KDTree(vertices).query(vertices * FLIP)[1]
    vertices = (vertices + vertices[twin] * FLIP) / 2.0
    of = dict(zip(names, deltas))
    shapes: dict[str, tuple[Float64, ...]] = {}
    for name in names:
        if name.endswith("_L"):
            pair = (name, name[:-2] + "_R", name[:-2])
        elif name.endswith("Left"):
            pair = (name, name[:-4] + "Right", name[:-4] + "Side")
        elif not name.endswith(("_R", "Right")):
            shapes[name] = ((of[name] + of[name][twin] * FLIP) / 2.0,)
            continue
        else:
            continue
        if pair[2].removesuffix("Side") + "Left" in ARKIT_NAMES or pair[2] in ("browInnerUp", "cheekPuff"):
            left = (of[pair[0]] + of[pair[1]][twin] * FLIP) / 2.0
            shapes[pair[2]] = (left, left[twin] * FLIP)
    counts = (polygons >= 0).sum(axis=1) - 2
    return Source(vertices, triangles, np.repeat(part, counts), polygons, part, shapes)


def halves(head: Source) -> dict[str, Mesh]:
    """The left half of each part that is kept."""
    left = (head.vertices[head.triangles][..., 0] > -1e-4).all(axis=1)

    def mesh(chosen: Any) -> Mesh:
        rows = np.flatnonzero(left & chosen)
        return Mesh(head.triangles[rows], rows)

    first = head.triangles[:, 0]
    teeth = head.part == 6
    for low, high in LAST_MOLARS:
        teeth &= (first < low) | (first > high)
    return {
        "skin": mesh(np.isin(head.part, (0, 1, 2))),
        "tongue": mesh(head.part == 5),
        "teeth_upper": mesh(teeth & (first < FIRST_LOWER_TOOTH)),
        "teeth_lower": mesh(teeth & (first >= FIRST_LOWER_TOOTH)),
    }


# --- lids ------------------------------------------------------------------------------------------------------


def lid_margins(head: Source) -> tuple[list[int], list[int]]:
    """Vertices along the left upper and lower lid margins, outer to inner corner: shortest ways over face edges."""
    near: dict[int, dict[int, float]] = defaultdict(dict)
    for polygon in head.polygons[head.polygon_part == 0]:
        ring = [int(vertex) for vertex in polygon if vertex >= 0]
        for a, b in zip(ring, ring[1:] + ring[:1]):
            near[a][b] = near[b][a] = float(np.linalg.norm(head.vertices[a] - head.vertices[b]))

    def way(*stops: int) -> list[int]:
        out = [stops[0]]
        for a, b in pairwise(stops):
            out += shortest(near, a, b)[1:]
        return out

    return way(OUTER, UPPER_OUTER, UPPER_INNER, INNER), way(OUTER, LOWER_OUTER, LOWER_INNER, INNER)


def shortest(near: dict[int, dict[int, float]], start: int, stop: int) -> list[int]:
    """Dijkstra's way from `start` to `stop`."""
    best, before, waiting = {start: 0.0}, {}, [(0.0, start)]
    while waiting:
        cost, here = heapq.heappop(waiting)
        if here == stop:
            break
        for there, step in near[here].items():
            if cost + step < best.get(there, np.inf):
                best[there], before[there] = cost + step, here
                heapq.heappush(waiting, (cost + step, there))
    out = [stop]
    while out[-1] != start:
        out.append(before[out[-1]])
    return out[::-1]


def lid_marks(vertices: Float64, upper: list[int], lower: list[int]) -> dict[str, int]:
    """The eight landmarks of the left eye."""

    def middle(margin: list[int], a: int, b: int) -> int:
        part = margin[margin.index(a) : margin.index(b) + 1]
        length = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(vertices[part], axis=0), axis=1))]
        return part[int(np.argmin(np.abs(length - length[-1] / 2.0)))]

    return {
        "eye_l_outer": OUTER, "eye_l_upper_outer": UPPER_OUTER,
        "eye_l_upper_mid": middle(upper, UPPER_OUTER, UPPER_INNER),
        "eye_l_upper_inner": UPPER_INNER, "eye_l_inner": INNER, "eye_l_lower_inner": LOWER_INNER,
        "eye_l_lower_mid": middle(lower, LOWER_OUTER, LOWER_INNER), "eye_l_lower_outer": LOWER_OUTER,
    }  # fmt: skip


def closing_blink(
    vertices: Float64, blink: Float64, face: Any, upper: list[int], lower: list[int]
) -> Float64:
    """ICT's blink leaves a tenth of the opening; pull the upper lid, and less of what lies above, down to the lower."""
    out = blink.copy()
    skin = np.unique(face[face >= 0])
    lid = skin[(np.abs(vertices[skin] - vertices[upper].mean(axis=0)) < 3.0).all(axis=1)]
    moving = np.clip(-blink[lid][:, 1] / 0.35, 0.0, 1.0)
    distance = np.linalg.norm(vertices[lid][:, None] - vertices[upper], axis=2)
    weight = np.exp(-((distance / 0.22) ** 2))
    weight /= np.maximum(weight.sum(axis=1, keepdims=True), 1e-9)
    reach = (np.exp(-((distance.min(axis=1) / 0.6) ** 2)) * moving)[:, None]
    rest = vertices[lower] + blink[lower]
    order = np.argsort(rest[:, 0])
    for _ in range(3):
        now = vertices[upper] + out[upper]
        goal = np.stack(
            [now[:, 0], *(np.interp(now[:, 0], rest[order, 0], rest[order, k]) for k in (1, 2))], axis=1
        )
        missing = goal - now + np.array([0.0, -0.02, 0.02])
        missing[[0, -1]] = 0.0
        out[lid] += weight @ missing * reach
    return out


# --- fewer vertices --------------------------------------------------------------------------------------------


def importance(points: Float64, name: str) -> Float64:
    """(V,) how much an error at each vertex counts: lids and lips most."""
    if name.startswith("teeth"):
        return 0.25 * np.exp(-np.maximum(points[:, 0] - 1.2, 0.0))
    if name == "tongue":
        return np.full(len(points), 0.05)

    def around(center: Iterable[float], size: Iterable[float]) -> Float64:
        return (((points - np.array([*center])) / np.array([*size])) ** 2).sum(axis=1)

    out = 0.10 + 0.6 * np.clip((points[:, 2] - 3.0) / 4.0, 0.0, 1.0) * np.clip(
        (points[:, 1] + 9.0) / 2.0, 0.0, 1.0
    )
    out += 12.0 * np.exp(-1.5 * around((3.2, 3.6, 9.2), (2.2, 1.5, 2.5)))
    out += 8.0 * np.exp(-1.2 * around((0.0, -3.4, 11.0), (3.0, 1.6, 2.5)))
    out += 3.0 * np.exp(-around((0.4, 0.0, 12.0), (1.7, 1.8, 2.5)))
    out += np.exp(-around((3.0, 6.0, 9.7), (3.5, 1.0, 2.5)))
    out[points[:, 1] < -9.0] = 0.06
    return out


def decimated(head: Source, mesh: Mesh, name: str, keep: set[int], target: int) -> Mesh:
    """`mesh` with `target` vertices, those in `keep` among them."""
    rows = np.unique(mesh.triangles)
    local = {int(vertex): index for index, vertex in enumerate(rows)}
    poses = [head.vertices[rows] + (head.shapes[pose][0][rows] if pose else 0.0) for pose in POSES]
    surface = Surface(
        np.stack(poses, axis=1),
        [tuple(local[int(vertex)] for vertex in triangle) for triangle in mesh.triangles],
        importance(head.vertices[rows], name),
        {local[vertex] for vertex in keep if vertex in local},
        0.002 if name.startswith("teeth") else 0.02,
    )
    surface.shrink(target)
    order = sorted(surface.triangle)
    return Mesh(rows[np.array([surface.triangle[key] for key in order])], mesh.source[order])


class Surface:
    """Half-edge collapse. A vertex goes to a neighbour's place; the middle line and borders keep theirs."""

    def __init__(self, points: Float64, triangles: Any, weight: Float64, kept: set[int], even: float) -> None:
        self.points, self.weight, self.kept, self.even = points, weight, kept, even
        self.triangle = dict(enumerate(triangles))
        self.count = len(points)
        self._at: list[set[int]] = [set() for _ in points]
        for key, corners in self.triangle.items():
            for vertex in corners:
                self._at[vertex].add(key)
        self._middle = np.abs(points[:, 0, 0]) < 1e-4
        self._border = np.zeros(len(points), dtype=bool)
        self._gone = np.zeros(len(points), dtype=bool)
        self._stamp = np.zeros(len(points), dtype=int)
        self._pose_weight = np.array([2.0] + [1.0] * (points.shape[1] - 1)) / (points.shape[1] + 1.0)
        self._quadric = np.zeros((len(points), points.shape[1], 4, 4))
        self._measure()
        self._waiting: list[tuple[float, int, int, int]] = []
        for vertex in range(len(points)):
            self._queue(vertex)

    def shrink(self, target: int) -> None:
        """Collapse until `target` vertices are left, or nothing more can go."""
        while self.count > target and self._waiting:
            _, here, there, stamp = heapq.heappop(self._waiting)
            if stamp != self._stamp[here] or self._gone[here]:
                continue
            if not self._allowed(here, there):
                self._queue(here)
                continue
            touched = self._neighbours(here)
            self._collapse(here, there)
            for vertex in touched:
                self._queue(vertex)

    def _measure(self) -> None:
        uses: Counter[tuple[int, int]] = Counter()
        for corners in self.triangle.values():
            a, b, c = (self.points[vertex] for vertex in corners)
            normal = np.cross(b - a, c - a)
            length = np.linalg.norm(normal, axis=1, keepdims=True)
            self._add_plane(corners, normal / np.maximum(length, 1e-12), a, length[0, 0] / 2.0)
            uses.update((min(i, j), max(i, j)) for i, j in zip(corners, (*corners[1:], corners[0])))
        for (i, j), count in uses.items():
            if count == 1 and not (self._middle[i] and self._middle[j]):
                self._border[[i, j]] = True
                a, b, c = (
                    self.points[vertex] for vertex in self.triangle[next(iter(self._at[i] & self._at[j]))]
                )
                wall = np.cross(self.points[j] - self.points[i], np.cross(b - a, c - a))
                wall /= np.maximum(np.linalg.norm(wall, axis=1, keepdims=True), 1e-12)
                self._add_plane(
                    (i, j),
                    wall,
                    self.points[i],
                    3.0 * float(((self.points[j, 0] - self.points[i, 0]) ** 2).sum()),
                )

    def _add_plane(self, vertices: Any, normal: Float64, point: Float64, area: float) -> None:
        plane = np.concatenate([normal, -(normal * point).sum(axis=1, keepdims=True)], axis=1)
        quadric = plane[:, :, None] * plane[:, None] * area * self.weight[list(vertices)].mean()
        for vertex in vertices:
            self._quadric[vertex] += quadric

    def _neighbours(self, vertex: int) -> set[int]:
        return {corner for key in self._at[vertex] for corner in self.triangle[key]} - {vertex}

    def _queue(self, vertex: int) -> None:
        if self._gone[vertex] or vertex in self.kept:
            return
        self._stamp[vertex] += 1
        for cost, there in sorted((self._cost(vertex, there), there) for there in self._neighbours(vertex)):
            if self._allowed(vertex, there):
                heapq.heappush(self._waiting, (cost, vertex, there, int(self._stamp[vertex])))
                return

    def _cost(self, here: int, there: int) -> float:
        place = np.concatenate([self.points[there], np.ones((self.points.shape[1], 1))], axis=1)
        error = np.einsum("pa,pab,pb->p", place, self._quadric[here], place) @ self._pose_weight
        length = float(((self.points[here, 0] - self.points[there, 0]) ** 2).sum()) ** 1.5
        return float(error) + self.even * float(self.weight[here]) * length

    def _allowed(self, here: int, there: int) -> bool:
        shared = self._at[here] & self._at[there]
        if self._gone[there]:
            return False
        for line in (self._middle, self._border):
            if line[here] and not (line[there] and len(shared) == 1):
                return False
        around, beyond = self._neighbours(here), self._neighbours(there)
        if len(around & beyond) != len(shared):
            return False
        # an edge across the inside between two places on the middle line would be shared by both halves
        new = around - beyond - {there}
        if self._middle[there] and not self._middle[here] and any(self._middle[vertex] for vertex in new):
            return False
        return all(self._stays_well(key, here, there) for key in self._at[here] - shared)

    def _stays_well(self, key: int, here: int, there: int) -> bool:
        """Whether a triangle neither turns over in any pose nor becomes a splinter."""
        corners = self.triangle[key]
        old = self.points[list(corners)]
        new = old.copy()
        new[corners.index(here)] = self.points[there]
        before = np.cross(old[1] - old[0], old[2] - old[0])
        after = np.cross(new[1] - new[0], new[2] - new[0])
        size = np.linalg.norm(after, axis=1)
        if (size < 1e-7).any():
            return False
        cosine = (before * after).sum(axis=1) / np.maximum(np.linalg.norm(before, axis=1) * size, 1e-12)
        longest = max(float(((new[i, 0] - new[j, 0]) ** 2).sum()) for i, j in ((0, 1), (1, 2), (2, 0)))
        return bool(cosine[0] > 0.3 and cosine.min() > -0.2 and size[0] > 0.08 * longest)

    def _collapse(self, here: int, there: int) -> None:
        for key in list(self._at[here]):
            corners = self.triangle[key]
            if there in corners:
                for vertex in corners:
                    self._at[vertex].discard(key)
                del self.triangle[key]
            else:
                self.triangle[key] = tuple(there if vertex == here else vertex for vertex in corners)
                self._at[there].add(key)
        self._at[here] = set()
        self._gone[here] = True
        self._quadric[there] += self._quadric[here]
        self.count -= 1


# --- light and writing -----------------------------------------------------------------------------------------


@numba.njit(fastmath=True)
def open_share(places, normals, rays, start, edge_1, edge_2, middle, radius, farthest):  # type: ignore[no-untyped-def]
    """Share of the cosine-weighted sky that each place sees; what is hit far away hides less."""
    out = np.zeros(len(places))
    for i in range(len(places)):
        origin = places[i] + 0.02 * normals[i]
        seen, total = 0.0, 0.0
        for r in range(len(rays)):
            ray = rays[r]
            cosine = (ray * normals[i]).sum()
            if cosine <= 0.05:
                continue
            nearest = farthest
            for k in range(len(start)):
                to = middle[k] - origin
                along = (to * ray).sum()
                if (
                    along < -radius[k]
                    or along > farthest + radius[k]
                    or (to * to).sum() - along * along > radius[k] ** 2
                ):
                    continue
                p = np.cross(ray, edge_2[k])
                det = (edge_1[k] * p).sum()
                if abs(det) < 1e-12:
                    continue
                s = origin - start[k]
                u = (s * p).sum() / det
                q = np.cross(s, edge_1[k])
                v = (ray * q).sum() / det
                if u >= 0.0 and v >= 0.0 and u + v <= 1.0:
                    distance = (edge_2[k] * q).sum() / det
                    if 1e-3 < distance < nearest:
                        nearest = distance
            seen += cosine * nearest / farthest
            total += cosine
        out[i] = seen / max(total, 1e-9)
    return out


def occlusion(head: Source, rows: Any) -> Float64:
    """(rows,) `open_share` of vertices of the skin and the mouth's inside."""
    triangles = head.triangles
    a, b, c = (head.vertices[triangles[:, k]] for k in range(3))
    face = np.cross(b - a, c - a)
    normal = np.zeros_like(head.vertices)
    for k in range(3):
        np.add.at(normal, triangles[:, k], face)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    skin = np.isin(head.part, (0, 1, 2))
    a, b, c = a[skin], b[skin], c[skin]
    middle = (a + b + c) / 3.0
    radius = np.linalg.norm(np.stack([a, b, c]) - middle, axis=2).max(axis=0)
    step = np.arange(64)
    height = 1.0 - 2.0 * (step + 0.5) / 64
    turn, ring = np.pi * (1.0 + 5.0**0.5) * step, np.sqrt(1.0 - height**2)
    rays = np.stack([np.cos(turn) * ring, np.sin(turn) * ring, height], axis=1)
    return open_share(head.vertices[rows], normal[rows], rays, a, b - a, c - a, middle, radius, 6.0)


def closed_lips(vertices: Float64, skin: Any, inside: Any) -> Float64:
    """ICT's lips are a millimetre apart at rest, and its teeth touch them."""
    out = vertices.copy()
    x, y, z = out[skin].T
    seam = np.interp(x, [0.0, 1.03, 1.9, 2.2], [-3.36, -3.338, -3.43, -3.49])
    near = np.exp(-(((y - seam) / 0.22) ** 2)) * np.clip(1.0 - (x / 2.15) ** 2, 0.0, 1.0) * (z > 9.0)
    out[skin, 1] += np.where(y > seam, -0.03, 0.06) * near
    out[inside, 2] -= 0.18
    return out


def write(
    head: Source, full: dict[str, Mesh], low: dict[str, Mesh], marks: dict[str, int], upper: list[int]
) -> None:
    """Write the half head at both levels."""
    rows = np.concatenate([np.unique(mesh.triangles) for mesh in full.values()])
    index = np.full(len(head.vertices), -1)
    index[rows] = np.arange(len(rows))

    def level(meshes: dict[str, Mesh]) -> tuple[Any, Any]:
        part = [
            np.where(head.part[mesh.source] == 2, PARTS.index("mouth"), PARTS.index(name))
            for name, mesh in meshes.items()
        ]
        return (
            index[np.concatenate([mesh.triangles for mesh in meshes.values()])].astype(np.uint16),
            np.concatenate(part).astype(np.uint8),
        )

    named = [
        ([name, side], np.where(np.abs(moved[rows]) < 5e-4, 0.0, moved[rows]))
        for name, sides in head.shapes.items()
        for side, moved in zip(("own", "other") if len(sides) == 2 else ("both",), sides)
    ]
    named = [(name, moved) for name, moved in named if np.abs(moved).max() >= 5e-3]
    deltas = np.stack([moved for _, moved in named])
    scale = np.abs(deltas).max(axis=(1, 2)) / 32767.0
    triangles, part = level(full)
    coarse_triangles, coarse_part = level(low)
    vertices = head.vertices[rows]
    vertices[np.abs(vertices[:, 0]) < 1e-4, 0] = 0.0
    skin, inside = np.unique(triangles[part == 0]), np.unique(triangles[part >= 2])
    light = np.ones(len(rows))
    with_light = np.unique(triangles[part <= 1])
    light[with_light] = occlusion(head, rows[with_light])
    header = {
        "record": "facepatch.template", "version": 1, "shapes": [name for name, _ in named], "parts": PARTS,
        "landmarks": {name: int(index[vertex]) for name, vertex in marks.items()},
        "upper_lid": [int(index[vertex]) for vertex in upper if index[vertex] >= 0],
        "eye_center": EYE["center"], "eye_radius": EYE["radius"],
        "source": "ICT-FaceKit light, (c) 2020 USC Institute for Creative Technologies, MIT licence",
    }  # fmt: skip
    np.savez_compressed(
        OUT,
        header=np.frombuffer(json.dumps(header).encode(), np.uint8),
        vertices=closed_lips(vertices, skin, inside).astype(np.float32),
        triangles=triangles, triangle_part=part, coarse_triangles=coarse_triangles, coarse_part=coarse_part,
        deltas=np.round(deltas / scale[:, None, None]).astype(np.int16), delta_scale=scale.astype(np.float32),
        occlusion=np.round(255.0 * light).astype(np.uint8),
    )  # fmt: skip
    print(f"{OUT}: {len(rows)} vertices, {len(triangles)} triangles, {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
