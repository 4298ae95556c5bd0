"""A small character of two meshes, clips on it, and a reader of Maya ASCII that evaluates what it reads.

The reader shares no code with facepatch. It is pessimistic where Maya is known to be: negative weights are clamped
unless `.sn` is on, and components are sorted while their points are not.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from dataclasses import replace as with_changes
from pathlib import Path

import numpy as np
import pytest

from facepatch.core.data.character import Character, MeshSpan, Part
from facepatch.core.data.clip import Clip
from facepatch.core.data.mesh import Topology
from facepatch.core.data.pca import Pca


def grid(columns: int, rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertices, counts and corners of a bumpy grid whose last quad is two triangles."""
    x, y = np.meshgrid(np.arange(columns), np.arange(rows))
    vertices = np.stack([x, y, np.sin(x) * np.cos(y)], axis=-1).reshape(-1, 3).astype(np.float32)
    quads = [
        [r * columns + c, r * columns + c + 1, (r + 1) * columns + c + 1, (r + 1) * columns + c]
        for r in range(rows - 1)
        for c in range(columns - 1)
    ]
    last = quads.pop()
    polygons = [*quads, last[:3], [last[0], last[2], last[3]]]
    counts = np.array([len(polygon) for polygon in polygons], np.int32)
    return vertices, counts, np.array([corner for polygon in polygons for corner in polygon], np.int32)


@pytest.fixture
def character() -> Character:
    """Mesh `head` (20 vertices, two parts) and mesh `eye L` (9 vertices, one part), three shapes, uv with a seam."""
    head, head_counts, head_corners = grid(5, 4)
    eye, eye_counts, eye_corners = grid(3, 3)
    vertices = np.concatenate([head, eye + np.array([0.5, 1.0, 2.0])]).astype(np.float32)
    corners = np.concatenate([head_corners, eye_corners + len(head)])
    counts = np.concatenate([head_counts, eye_counts])
    rng = np.random.default_rng(7)
    deltas = np.zeros((3, len(vertices), 3), np.float32)
    deltas[0, 3:9] = rng.normal(size=(6, 3))
    deltas[1, [0, 4, 19, 22]] = rng.normal(size=(4, 3))
    deltas[2, 20:] = rng.normal(size=(9, 3))
    uv = vertices[corners][:, :2] / 10
    uv[:4] += 0.5
    part = np.zeros(counts.size, np.int32)
    part[3:5] = 1
    part[len(head_counts) :] = 2
    return Character(
        name="Test Head",
        neutral=vertices,
        topology=Topology(len(vertices), counts, corners),
        shape_names=("jawOpen", "eye blink.L", "origin"),
        deltas=deltas,
        meshes=(
            MeshSpan("head", 0, len(head), 0, len(head_counts)),
            MeshSpan("eye L", len(head), len(vertices), len(head_counts), counts.size),
        ),
        parts=(
            Part("skin", "skin", (0.8, 0.6, 0.5)),
            Part("lips", "skin", (0.7, 0.2, 0.2)),
            Part("eye", "eye", (1.0, 1.0, 1.0)),
        ),
        polygon_part=part,
        corner_uv=uv.astype(np.float32),
    )


@pytest.fixture
def head_pose() -> np.ndarray:
    """(12, 4, 4) a nod with a turn and a move."""
    poses = []
    for t in range(12):
        a, b = 0.05 * t, -0.03 * t
        turn = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
        nod = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
        pose = np.eye(4)
        pose[:3, :3], pose[:3, 3] = turn @ nod, [0.1 * t, 0.2, -0.3 * t]
        poses.append(pose)
    return np.array(poses)


@pytest.fixture
def pca_clip(character: Character, head_pose: np.ndarray) -> Clip:
    """12 frames of two signed PCA weights, from frame 1001 at 24000/1001."""
    rng = np.random.default_rng(3)
    basis = np.linalg.qr(rng.normal(size=(3 * len(character.neutral), 2)))[0].T.astype(np.float32)
    mean = (character.neutral + 0.1 * character.deltas[0]).reshape(-1)
    weights = rng.normal(scale=4, size=(12, 2)).astype(np.float32)
    return Clip(
        names=("pc_000", "pc_001"),
        weights=weights,
        rate=(24000, 1001),
        start_frame=1001,
        head_pose=head_pose,
        pca=Pca(mean, basis, weights.var(axis=0).astype(np.float64), 40.0),
        name="take 7",
    )


@pytest.fixture
def shape_clip(character: Character) -> Clip:
    """5 frames of blendshape weights, the shapes in another order than the character's."""
    rng = np.random.default_rng(4)
    weights = rng.random((5, 3)).astype(np.float32)
    return Clip(names=("origin", "jawOpen", "eye blink.L"), weights=weights, rate=(30, 1))


def placed(vertices: np.ndarray, pose: np.ndarray | None) -> np.ndarray:
    """(T, V, 3) moved by (T, 4, 4)."""
    if pose is None:
        return vertices
    return np.einsum("tij,tvj->tvi", pose[:, :3, :3], vertices) + pose[:, None, :3, 3]


@pytest.fixture
def truth():
    """A clip and its character -> (T, V, 3) vertices in the world, by the definition of the data."""

    def vertices(clip: Clip, character: Character) -> np.ndarray:
        if clip.pca is not None:
            shape = clip.pca.vertices(clip.weights)
        else:
            order = [clip.names.index(name) for name in character.shape_names]
            shape = character.vertices(clip.weights[:, order])
        return placed(shape, clip.head_pose)

    return vertices


@pytest.fixture
def changed():
    """`dataclasses.replace`."""
    return with_changes


# ------------------------------------------------------------------------------------- an independent .ma reader


@dataclass
class MayaScene:
    """Nodes, attribute values and connections of a Maya ASCII file."""

    types: dict[str, str] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, dict[str, list[str]]] = field(default_factory=lambda: defaultdict(dict))
    connections: list[tuple[str, str]] = field(default_factory=list)
    units: dict[str, str] = field(default_factory=dict)

    def source(self, plug: str) -> str | None:
        found = [source for source, target in self.connections if target == plug]
        assert len(found) <= 1, f"{plug} has {len(found)} inputs"
        return found[0] if found else None

    def array(self, node: str, attribute: str, width: int) -> np.ndarray:
        """A multi attribute, from the pieces `.x[0:165]`, `.x[166:331]`, ..."""
        rows: dict[int, list[float]] = {}
        declared = None
        for name, tokens in self.attributes[node].items():
            match = re.fullmatch(re.escape(attribute) + r"(?:\[(\d+)(?::(\d+))?\])?", name)
            if not match:
                continue
            if tokens[0] == "-s":
                declared, tokens = int(tokens[1]), tokens[2:]
            tokens = tokens[2:] if tokens and tokens[0] == "-type" else tokens
            if match[1] is None:
                continue
            first, last = int(match[1]), int(match[2] or match[1])
            values = [float(token) for token in tokens]
            assert len(values) == (last - first + 1) * width, name
            for row in range(first, last + 1):
                rows[row] = values[(row - first) * width : (row - first + 1) * width]
        assert declared is None or declared == len(rows), attribute
        assert sorted(rows) == list(range(len(rows)))
        return np.array([rows[row] for row in range(len(rows))])

    def polygons(self, mesh: str) -> list[list[int]]:
        edges = self.array(mesh, ".ed", 3).astype(int)
        out: list[list[int]] = []
        for name, tokens in self.attributes[mesh].items():
            if not re.fullmatch(r"\.fc\[\d+(:\d+)?\]", name):
                continue
            at = tokens.index("polyFaces") + 1 if "polyFaces" in tokens else 0
            while at < len(tokens):
                count = int(tokens[at + (1 if tokens[at] == "f" else 2)])
                if tokens[at] == "f":
                    refs = [int(token) for token in tokens[at + 2 : at + 2 + count]]
                    walked = [edges[r][:2] if r >= 0 else edges[-r - 1][1::-1] for r in refs]
                    assert all(walked[i][1] == walked[(i + 1) % count][0] for i in range(count)), "open face"
                    out.append([int(pair[0]) for pair in walked])
                    at += 2 + count
                else:
                    at += 3 + count
        return out

    def curve(self, node: str, time: float) -> float:
        keys = self.array(node, ".ktv", 2)
        assert self.attributes[node][".tan"] == ["2"]
        return float(np.interp(time, keys[:, 0], keys[:, 1]))

    def shape(self, mesh: str, time: float) -> np.ndarray:
        """Vertices of a deformed shape in its own space."""
        deformer = self.source(f"{mesh}.i")
        assert deformer is not None
        assert deformer.endswith(".og[0]")
        node = deformer.removesuffix(".og[0]")
        assert self.types[node] == "blendShape"
        source = self.source(f"{node}.ip[0].ig")
        while source is not None and self.types[source.split(".")[0]] == "groupParts":
            source = self.source(f"{source.split('.')[0]}.ig")
        assert source is not None
        original = source.split(".")[0]
        assert self.source(f"{node}.orggeom[0]") == f"{original}.o"
        assert self.attributes[original][".io"] == ["yes"]
        points = self.array(original, ".vt", 3)
        for name in list(self.attributes[node]):
            match = re.fullmatch(r"\.it\[0\]\.itg\[(\d+)\]\.iti\[6000\]\.ipt", name)
            if match:
                points = points + self.weight(node, int(match[1]), time) * self.target(
                    node, int(match[1]), len(points)
                )
        return points

    def weight(self, node: str, k: int, time: float) -> float:
        source = self.source(f"{node}.w[{k}]")
        assert source is not None
        assert self.types[source.split(".")[0]] == "animCurveTU"
        value = self.curve(source.split(".")[0], time)
        return value if self.attributes[node].get(".sn") == ["yes"] else max(0.0, value)

    def target(self, node: str, k: int, count: int) -> np.ndarray:
        item = f".it[0].itg[{k}].iti[6000]"
        tokens = self.attributes[node][f"{item}.ipt"]
        values = np.array([float(token) for token in tokens[3:]]).reshape(-1, 4)
        assert tokens[:2] == ["-type", "pointArray"]
        assert int(tokens[2]) == len(values)
        tokens = self.attributes[node][f"{item}.ict"]
        assert tokens[:2] == ["-type", "componentList"]
        assert int(tokens[2]) == len(tokens) - 3
        rows: list[int] = []
        for token in tokens[3:]:
            match = re.fullmatch(r"vtx\[(\d+)(?::(\d+))?\]", token)
            assert match, token
            rows += range(int(match[1]), int(match[2] or match[1]) + 1)
        out = np.zeros((count, 3))
        out[sorted(rows)] = values[:, :3]
        return out

    def matrix(self, transform: str, time: float) -> np.ndarray:
        """Local matrix on column vectors, rotate order xyz."""
        value = {}
        for channel in ("tx", "ty", "tz", "rx", "ry", "rz"):
            source = self.source(f"{transform}.{channel}")
            value[channel] = 0.0 if source is None else self.curve(source.split(".")[0], time)
            kind = "animCurveTL" if channel[0] == "t" else "animCurveTA"
            assert source is None or self.types[source.split(".")[0]] == kind
        out = np.eye(4)
        for axis in range(3):
            angle = np.radians(value[f"r{'xyz'[axis]}"])
            i, j = (axis + 1) % 3, (axis + 2) % 3
            turn = np.eye(3)
            turn[i, i] = turn[j, j] = np.cos(angle)
            turn[i, j], turn[j, i] = -np.sin(angle), np.sin(angle)
            out[:3, :3] = turn @ out[:3, :3]
        out[:3, 3] = value["tx"], value["ty"], value["tz"]
        return out

    def world(self, mesh: str, time: float) -> np.ndarray:
        points, node = self.shape(mesh, time), self.parents.get(mesh)
        while node:
            matrix = self.matrix(node, time)
            points, node = points @ matrix[:3, :3].T + matrix[:3, 3], self.parents.get(node)
        return points


def statements(text: str) -> list[list[str]]:
    """Statements as lists of tokens; strings lose their quotes."""
    text = "\n".join(line for line in text.splitlines() if not line.startswith("//"))
    out: list[list[str]] = [[]]
    for string, end, mark, word in re.findall(r'"((?:[^"\\]|\\.)*)"|(;)|([{},()])|([^\s;"{},()]+)', text):
        if end:
            out.append([])
        elif not mark:
            out[-1].append(word or string)
    return [tokens for tokens in out if tokens]


@pytest.fixture
def read_maya():
    """Path -> MayaScene."""

    def read(path: Path) -> MayaScene:
        scene, node = MayaScene(), ""
        for command, *rest in statements(path.read_text(encoding="utf-8")):
            if command == "createNode":
                node = rest[rest.index("-n") + 1]
                assert node not in scene.types, f"{node} twice"
                scene.types[node] = rest[0]
                if "-p" in rest:
                    scene.parents[node] = rest[rest.index("-p") + 1]
                    assert scene.parents[node] in scene.types
            elif command == "select":
                node = rest[-1]
            elif command == "setAttr":
                at = next(i for i, token in enumerate(rest) if token.startswith("."))
                prefix = rest[:at]
                size = prefix[prefix.index("-s") : prefix.index("-s") + 2] if "-s" in prefix else []
                scene.attributes[node][rest[at]] = size + rest[at + 1 :]
            elif command == "connectAttr":
                for plug in rest[:2]:
                    assert plug.startswith(":") or plug.split(".")[0] in scene.types, plug
                scene.connections.append((rest[0], rest[1]))
            elif command == "currentUnit":
                scene.units = dict(zip(rest[::2], rest[1::2]))
            else:
                assert command in {"requires", "fileInfo", "addAttr", "relationship"}, command
        return scene

    return read
