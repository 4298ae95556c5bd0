"""The statements of a Maya ASCII file, as Maya itself writes them.

Arrays are written in the pieces that Maya uses (166 vertices and edges, 250 uv and keys, 500 faces a
statement), lines are broken between values, and every number has the nine digits that give back the same
float32.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from facepatch.core.axes import Float32, Float64, Int32

VALUES_PER_LINE = 12


class Edges(NamedTuple):
    """The edges of a mesh and what each polygon corner makes of them."""

    vertices: Int32
    """(E, 2)"""
    corner_edges: Int32
    """(corners,) edge from this corner to the next: its number, or -number - 1 where it is walked
    backwards."""


def edges_of(polygon_counts: Int32, polygon_vertices: Int32) -> Edges:
    """Number the edges of a mesh in the order in which its polygons meet them."""
    corners = polygon_vertices.size
    following = np.arange(corners) + 1
    starts = np.cumsum(polygon_counts) - polygon_counts
    following[starts + polygon_counts - 1] = starts
    pairs = np.stack([polygon_vertices, polygon_vertices[following]], axis=1).astype(np.int64)
    size = int(polygon_vertices.max(initial=0)) + 1
    key = pairs.min(axis=1) * size + pairs.max(axis=1)
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))
    edge = rank[inverse.reshape(-1)]
    vertices = pairs[np.sort(first)]
    forward = vertices[edge, 0] == pairs[:, 0]
    return Edges(vertices.astype(np.int32), np.where(forward, edge, -edge - 1).astype(np.int32))


def ranges(indices: Int32, component: str) -> list[str]:
    """Ascending numbers as component names: [3, 4, 5, 9] -> ["vtx[3:5]", "vtx[9]"]."""
    breaks = np.flatnonzero(np.diff(indices) != 1) + 1
    out: list[str] = []
    for run in np.split(indices, breaks):
        out.append(f"{component}[{run[0]}]" if run.size == 1 else f"{component}[{run[0]}:{run[-1]}]")
    return out


def component_list(indices: Int32, component: str) -> str:
    """The value of a `componentList` attribute."""
    names = ranges(indices, component)
    return f"{len(names)} " + " ".join(f'"{name}"' for name in names)


def numbers(values: Any) -> str:
    """Values separated by blanks, a line break after every `VALUES_PER_LINE`."""
    flat = np.asarray(values).reshape(-1)
    form = "%d" if flat.dtype.kind in "iub" else "%.9g"
    texts = [form % value for value in flat.tolist()]
    lines = [" ".join(texts[at : at + VALUES_PER_LINE]) for at in range(0, len(texts), VALUES_PER_LINE)]
    return "\n\t\t ".join(lines)


def array_statements(attribute: str, rows: Any, *, step: int, kind: str = "") -> Iterator[str]:
    """`setAttr` statements for the rows of a multi attribute, `step` rows each.

    kind: such as `-type "float2"`, on the first statement only, as Maya does.
    """
    total = len(rows)
    for start in range(0, total, step):
        stop = min(start + step, total)
        size = f"-s {total} " if start == 0 else ""
        typed = f" {kind}" if kind and start == 0 else ""
        span = f"[{start}:{stop - 1}]" if stop - start > 1 else f"[{start}]"
        yield f'\tsetAttr {size}"{attribute}{span}"{typed}  {numbers(rows[start:stop])};\n'


def face_statements(counts: Int32, corner_edges: Int32, uv_indices: Int32) -> Iterator[str]:
    """The `.fc` statements of a mesh: edges of each face, and its uv where there are any."""
    yield f'\tsetAttr -s {len(counts)} -ch {len(corner_edges)} ".fc";\n'
    edge_list, uv_list, at = corner_edges.tolist(), uv_indices.tolist(), 0
    for start in range(0, len(counts), 500):
        stop = min(start + 500, len(counts))
        span = f"[{start}:{stop - 1}]" if stop - start > 1 else f"[{start}]"
        lines = [f'\tsetAttr ".fc{span}" -type "polyFaces" ']
        for count in counts[start:stop].tolist():
            lines.append(f"\t\tf {count} " + " ".join(map(str, edge_list[at : at + count])))
            if uv_list:
                lines.append(f"\t\tmu 0 {count} " + " ".join(map(str, uv_list[at : at + count])))
            at += count
        yield "\n".join(lines) + ";\n"


def mesh_statements(
    points: Float32, counts: Int32, corners: Int32, *, uv: Float32 | None, uv_indices: Int32
) -> Iterator[str]:
    """The data of a mesh: uv, vertices, edges, faces."""
    if uv is not None:
        yield from array_statements(".uvst[0].uvsp", uv, step=250, kind='-type "float2"')
    yield from array_statements(".vt", points, step=166)
    edges = edges_of(counts, corners)
    smooth = np.concatenate([edges.vertices, np.ones((len(edges.vertices), 1), np.int32)], axis=1)
    yield from array_statements(".ed", smooth, step=166)
    yield from face_statements(counts, edges.corner_edges, uv_indices)
    for attribute, kind in ((".cd", "Edge"), (".cvd", "Vertex"), (".pd[0]", "UV"), (".hfd", "Face")):
        yield f'\tsetAttr "{attribute}" -type "dataPolyComponent" Index_Data {kind} 0 ;\n'


def curve_statements(kind: str, name: str, *, frames: Float64, values: Any) -> Iterator[str]:
    """An animation curve with linear tangents. kind: TU without unit, TL lengths in cm, TA angles in
    degrees."""
    yield f'createNode animCurve{kind} -n "{name}";\n\tsetAttr ".tan" 2;\n\tsetAttr ".wgt" no;\n'
    total = len(frames)
    times, keys = (
        [f"{frame:.15g}" for frame in frames.tolist()],
        [f"{value:.9g}" for value in values.tolist()],
    )
    for start in range(0, total, 250):
        stop = min(start + 250, total)
        pairs = [f"{times[t]} {keys[t]}" for t in range(start, stop)]
        lines = [" ".join(pairs[at : at + 6]) for at in range(0, len(pairs), 6)]
        size = f"-s {total} " if start == 0 else ""
        span = f"[{start}:{stop - 1}]" if stop - start > 1 else f"[{start}]"
        yield f'\tsetAttr {size}".ktv{span}"  ' + "\n\t\t ".join(lines) + ";\n"


def connect(source: str, target: str, *, next_free: bool = False) -> str:
    """A `connectAttr` statement; `next_free` takes the next free element of the target."""
    return f'connectAttr "{source}" "{target}"{" -na" if next_free else ""};\n'


def alias_list(names: Sequence[str]) -> str:
    """The value of `.aal`, which gives each weight its name."""
    pairs = [f'"{name}","weight[{k}]"' for k, name in enumerate(names)]
    lines = [",".join(pairs[at : at + 4]) for at in range(0, len(pairs), 4)]
    return "{" + "\n\t\t,".join(lines) + "}"


def quoted(text: str) -> str:
    """`text` as a MEL string."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def statement_bytes(statements: Iterable[str]) -> Iterator[bytes]:
    """Statements as the UTF-8 that the file's first lines announce."""
    for statement in statements:
        yield statement.encode("utf-8")
