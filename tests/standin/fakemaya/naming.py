"""Names as Maya reads and writes them: paths, namespaces, wildcards, plugs, components."""

from __future__ import annotations

import fnmatch
import re
from typing import TYPE_CHECKING, Any, Iterable, NamedTuple, Optional, Union

import numpy as np

from fakemaya.node import Node, Plug

if TYPE_CHECKING:
    from fakemaya.scene import Scene

COMPONENTS = ("vtx", "f", "e", "map", "vtxFace", "cv", "pnts")
_TOKEN = re.compile(r"^([A-Za-z_]\w*)((?:\[-?\d*(?::-?\d+)?\])*)$")


class Component(NamedTuple):
    """Parts of a shape. kind: vtx, f, e, map. elements: (N,) int, in the order that they were named."""

    shape: Node
    kind: str
    elements: Any
    weights: Optional[Any] = None

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Component)
            and (self.shape, self.kind) == (other.shape, other.kind)
            and np.array_equal(self.elements, other.elements)
        )

    __hash__ = None  # type: ignore[assignment]


Thing = Union[Node, Plug, Component]


def node_of(thing: Thing) -> Node:
    return thing if isinstance(thing, Node) else thing.shape if isinstance(thing, Component) else thing.node


def split(name: str) -> tuple[str, str]:
    """(namespace, leaf) of a name without path."""
    namespace, _, leaf = name.rpartition(":")
    return namespace.lstrip(":"), leaf


def legal(name: str) -> str:
    """A name with every character that Maya does not take replaced, as Maya does it."""
    name = re.sub(r"[^A-Za-z0-9_#]", "_", name)
    if not name or not re.search(r"[A-Za-z_]", name):
        raise RuntimeError(f"New name has no legal characters: '{name}'")
    return re.sub(r"^\d+", "", name) if name[0].isdigit() else name


def free(scene: Scene, node: Node, wanted: str, parent: Optional[Node]) -> str:
    """`wanted`, or with the next free number: a DAG name is unique among its siblings and against all other nodes."""

    def taken(leaf: str) -> bool:
        full = f"{node.namespace}:{leaf}" if node.namespace else leaf
        for other in scene.by_name.get(full, ()):
            if other is not node and (not node.is_dag or not other.is_dag or other.parent is parent):
                return True
        return False

    if "#" in wanted:
        wanted = wanted.replace("#", "")
        number = 1
        while taken(f"{wanted}{number}"):
            number += 1
        return f"{wanted}{number}"
    if not taken(wanted):
        return wanted
    stem = re.sub(r"\d+$", "", wanted)
    digits = wanted[len(stem) :]
    number = int(digits or 0) + 1
    while taken(f"{stem}{number}"):
        number += 1
    return f"{stem}{number}"


def find(scene: Scene, name: str) -> list[Node]:
    """Nodes that a name, partial path, full path or UUID means; no wildcards."""
    if not isinstance(name, str) or not name:
        return []
    parts = name.split("|")
    leaf = parts[-1].lstrip(":") if parts[-1].startswith(":") else parts[-1]
    found = scene.by_name.get(leaf, [])
    if not found and scene.namespace and ":" not in parts[-1]:
        found = scene.by_name.get(f"{scene.namespace}:{leaf}", [])
    if not found and len(parts) == 1 and name.upper() in scene.nodes:
        return [scene.nodes[name.upper()]]
    return [node for node in found if len(parts) == 1 or _under(node, parts)]


def _under(node: Node, parts: list[str]) -> bool:
    if not node.is_dag:
        return len(parts) == 2 and not parts[0]
    above = node.path.split("|")
    return above[-len(parts) :] == parts if parts[0] else above == parts


def shortest(scene: Scene, node: Node) -> str:
    """The shortest partial path that is unique."""
    same = scene.by_name.get(node.full_name, ())
    if len(same) <= 1 or not node.is_dag:
        return node.full_name
    mine = node.path.split("|")
    for count in range(2, len(mine) + 1):
        tail = mine[-count:]
        if sum(other.path.split("|")[-count:] == tail for other in same) == 1:
            return "|".join(tail)
    return node.path


def match(scene: Scene, pattern: str) -> list[Node]:
    """Nodes that a pattern with * and ? means, in the order of the scene. A * does not cross namespaces or |."""
    if not any(c in pattern for c in "*?["):
        return find(scene, pattern)
    wanted = [piece.split(":") for piece in pattern.split("|")]
    found = []
    for node in scene.nodes.values():
        mine = [piece.split(":") for piece in (node.path if node.is_dag else node.full_name).split("|")]
        if pattern.startswith("|"):
            compare = mine if len(mine) == len(wanted) else None
        else:
            compare = mine[-len(wanted) :] if len(mine) >= len(wanted) else None
        if compare is not None and all(_piece(a, b) for a, b in zip(compare, wanted)):
            found.append(node)
    return found


def _piece(name: list[str], pattern: list[str]) -> bool:
    return len(name) == len(pattern) and all(fnmatch.fnmatchcase(n, p) for n, p in zip(name, pattern))


def plug_on(node: Node, text: str) -> Optional[Plug]:
    """The plug of an attribute text ("translate.translateX", "w[2]", an alias); None where the node has none."""
    tokens = []
    for token in text.split("."):
        found = _TOKEN.match(token)
        if not found:
            return None
        numbers = re.findall(r"\[(-?\d*)\]", found.group(2))
        if found.group(2) and not numbers:
            return None
        tokens.append((found.group(1), [int(n) for n in numbers if n]))
    if len(tokens) == 1 and tokens[0][0] in node.aliases:
        name, indices = node.aliases[tokens[0][0]]
        attr = node.find(name)
        return Plug(node, attr, indices) if attr else None
    attr = node.find(tokens[-1][0])
    if attr is None:
        return None
    chain = list(attr.chain)
    given: dict[int, int] = {}
    at = len(chain)
    for name, numbers in reversed(tokens):
        at = next((i for i in range(at - 1, -1, -1) if name in (chain[i].name, chain[i].short)), -1)
        if at < 0 or (numbers and not chain[at].array):
            return None
        if numbers:
            given[at] = numbers[0]
    indices: list[int] = []
    for i, each in enumerate(chain):
        if each.array:
            if i in given:
                indices.append(given[i])
            elif i < len(chain) - 1:
                return None
    return Plug(node, attr, tuple(indices))


def plug(scene: Scene, text: str) -> Plug:
    """The plug of "node.attribute"; ValueError in Maya's words."""
    name, dot, attribute = text.partition(".")
    if not dot:
        raise ValueError(f"No object matches name: {text}")
    node = scene.node(name) if len(find(scene, name)) == 1 else None
    if node is None:
        found = find(scene, name)
        raise ValueError(f"{'More than one object matches' if found else 'No object matches'} name: {text}")
    made = plug_on(node, attribute)
    if made is None and node.is_dag and not node.is_shape:
        shapes = [c for c in node.children if c.is_shape and not evaluate_flag(c, "intermediateObject")]
        made = next((p for p in (plug_on(s, attribute) for s in shapes) if p), None)
    if made is None:
        raise ValueError(f"No object matches name: {text}")
    return made


def evaluate_flag(node: Node, name: str) -> bool:
    """A bool that is set directly on a node."""
    return bool(node.values.get((name, ()), False))


def visible_shape(node: Node, kind: str = "shape") -> Optional[Node]:
    """The node itself where it is such a shape, or the first such shape below it that is not intermediate."""
    if node.isa(kind):
        return node
    return next(
        (c for c in node.children if c.isa(kind) and not evaluate_flag(c, "intermediateObject")), None
    )


def component(scene: Scene, text: str) -> Optional[Component]:
    """The components of "face.vtx[3]", "|a|b.vtx[0:9]", "face.vtx[*]"; None where the text names none.

    ValueError where the shape is missing or an index is outside of it.
    """
    name, dot, rest = text.partition(".")
    found = re.match(r"^([A-Za-z]+)((?:\[[\d:*]+\])+)$", rest) if dot else None
    if not found or found.group(1) not in COMPONENTS:
        return None
    nodes = find(scene, name)
    if len(nodes) != 1:
        raise ValueError(f"{'More than one object matches' if nodes else 'No object matches'} name: {text}")
    shape = visible_shape(nodes[0], "controlPoint")
    if shape is None:
        raise ValueError(f"No object matches name: {text}")
    kind = found.group(1)
    count = component_count(scene, shape, kind)
    parts: list[Any] = []
    for piece in re.findall(r"\[([\d:*]+)\]", found.group(2)):
        if piece == "*" or piece == ":":
            parts.append(np.arange(count))
        else:
            first, _, last = piece.partition(":")
            stop = int(last) if last else int(first) if ":" not in piece else count - 1
            parts.append(np.arange(int(first), stop + 1))
    elements = np.concatenate(parts).astype(np.int64)
    if not len(elements) or elements.min() < 0 or elements.max() >= count:
        raise ValueError(f"No object matches name: {text}")
    return Component(shape, kind, elements)


def component_count(scene: Scene, shape: Node, kind: str) -> int:
    """How many components of a kind a mesh has."""
    from fakemaya import meshes

    mesh = meshes.of(scene, shape)
    if kind in ("vtx", "pnts", "cv"):
        return len(mesh.points)
    if kind == "f":
        return len(mesh.counts)
    return len(meshes.edges(mesh)) if kind == "e" else len(mesh.uvs[0]) if mesh.uvs else 0


def ranges(elements: Iterable[int]) -> list[tuple[int, int]]:
    """Sorted runs (first, last) of indices."""
    numbers = np.unique(
        np.asarray(list(elements) if not isinstance(elements, np.ndarray) else elements, np.int64)
    )
    if not len(numbers):
        return []
    breaks = np.flatnonzero(np.diff(numbers) > 1)
    starts = numbers[np.concatenate([[0], breaks + 1])]
    ends = numbers[np.concatenate([breaks, [len(numbers) - 1]])]
    return [(int(a), int(b)) for a, b in zip(starts, ends)]


def texts(prefix: str, kind: str, elements: Any) -> list[str]:
    """Component strings as Maya writes them: "prefix.vtx[0:4]"."""
    return [f"{prefix}.{kind}[{a}]" if a == b else f"{prefix}.{kind}[{a}:{b}]" for a, b in ranges(elements)]


def things(scene: Scene, text: str) -> list[Thing]:
    """What a string argument of a command means: nodes, a plug or components. [] where nothing matches."""
    if "." in text:
        name, _, rest = text.partition(".")
        if any(c in name for c in "*?"):
            return [t for node in match(scene, name) for t in things(scene, f"{node.path}.{rest}")]
        try:
            parts = component(scene, text)
            return [parts] if parts is not None else [plug(scene, text)]
        except ValueError:
            return []
    return list(match(scene, text))
