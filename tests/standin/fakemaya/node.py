"""Nodes, plugs and mesh data: what a scene is made of."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any, Iterator, NamedTuple, Optional

import numpy as np

from fakemaya.curves import Keys
from fakemaya.node_types import TYPES
from fakemaya.schema import Attr, NodeType

Key = tuple[str, tuple[int, ...]]
"""Attribute name and indices: which plug of a node."""


@dataclass(eq=False)
class MeshData:
    """A mesh as it flows through the graph: never changed, always replaced.

    points: (V, 3) float32, cm, object space. counts, corners: int32. uvs: (u, v, uv counts, uv ids) or None.
    """

    points: Any
    counts: Any
    corners: Any
    uvs: Optional[tuple[Any, Any, Any, Any]] = None

    def with_points(self, points: Any) -> MeshData:
        return MeshData(np.ascontiguousarray(points, np.float32), self.counts, self.corners, self.uvs)


def mesh_data(points: Any, counts: Any, corners: Any, uvs: Any = None) -> MeshData:
    """MeshData from any arrays; RuntimeError where they do not fit together."""
    points = np.array(points, np.float32).reshape(-1, 3)
    counts, corners = np.array(counts, np.int32).ravel(), np.array(corners, np.int32).ravel()
    if counts.sum() != corners.size or (corners.size and (corners.min() < 0 or corners.max() >= len(points))):
        raise RuntimeError("(kFailure): Unexpected Internal Failure: the polygons do not fit the vertices.")
    return MeshData(points, counts, corners, uvs)


@dataclass(eq=False)
class Node:
    """One node. Values are kept only where they differ from the default, by (attribute, indices)."""

    type: NodeType
    name: str
    namespace: str = ""
    parent: Optional[Node] = None
    children: list[Node] = field(default_factory=list)
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()).upper())
    extra: dict[str, Attr] = field(default_factory=dict)
    """Attributes added to this node alone, by long name."""
    values: dict[Key, Any] = field(default_factory=dict)
    indices: dict[Key, dict[int, None]] = field(default_factory=dict)
    """Elements that exist of each array plug."""
    inputs: dict[Key, Plug] = field(default_factory=dict)
    outputs: dict[Key, list[Plug]] = field(default_factory=dict)
    locked_plugs: set[Key] = field(default_factory=set)
    keyable: dict[Key, bool] = field(default_factory=dict)
    channel_box: dict[Key, bool] = field(default_factory=dict)
    aliases: dict[str, Key] = field(default_factory=dict)
    locked: bool = False
    do_not_write: bool = False
    """MFnDependencyNode.setDoNotWrite: files are saved without it."""
    reference: Optional[Node] = None
    """The reference node of the file that this node comes from."""
    from_file: bool = False
    default: bool = False
    """Made by Maya itself: cannot be deleted."""
    keys: Keys = field(default_factory=Keys)
    animate: Any = None
    """Of a standinGeometry node: callable(frame) -> (V, 3)."""
    memo: dict[str, Any] = field(default_factory=dict)
    """What evaluation keeps between pulls; never part of the scene."""
    alive: bool = False
    members: list[Any] = field(default_factory=list)
    """Of a set: (node, component kind or "", element indices or None) in order."""

    @property
    def full_name(self) -> str:
        return f"{self.namespace}:{self.name}" if self.namespace else self.name

    @property
    def is_dag(self) -> bool:
        return "dagNode" in self.type.lineage

    @property
    def is_shape(self) -> bool:
        return "shape" in self.type.lineage

    @property
    def path(self) -> str:
        """|grandparent|parent|node of a DAG node; the name of any other."""
        if not self.is_dag:
            return self.full_name
        return f"{self.parent.path if self.parent else ''}|{self.full_name}"

    @property
    def referenced(self) -> bool:
        return self.reference is not None

    def isa(self, kind: str) -> bool:
        return kind in self.type.lineage

    def ancestors(self) -> Iterator[Node]:
        node = self.parent
        while node is not None:
            yield node
            node = node.parent

    def descendants(self) -> Iterator[Node]:
        for child in self.children:
            yield child
            yield from child.descendants()

    def roots(self) -> list[Attr]:
        """Top attributes, those added to the node last."""
        return [*self.type.roots.values(), *(a for a in self.extra.values() if a.parent is None)]

    def find(self, name: str) -> Optional[Attr]:
        """An attribute by its long or short name."""
        found = self.type.by_name.get(name) or self.extra.get(name)
        if found is None:
            found = next((a for a in self.extra.values() if a.short == name), None)
        return found

    def elements(self, attr: Attr, prefix: tuple[int, ...] = ()) -> list[int]:
        """Logical indices that exist of an array plug, ascending."""
        return sorted(self.indices.get((attr.name, prefix), ()))

    def touch(self, attr: Attr, indices: tuple[int, ...]) -> None:
        """Make the array elements exist that a plug lies in."""
        used = 0
        for each in attr.chain:
            if each.array and used < len(indices):
                self.indices.setdefault((each.name, indices[:used]), {})[indices[used]] = None
                used += 1

    def alias_of(self, key: Key) -> str:
        return next((alias for alias, at in self.aliases.items() if at == key), "")


class Plug(NamedTuple):
    """A node's attribute: a value, array, element or compound. indices: of the arrays above and of itself."""

    node: Node
    attr: Attr
    indices: tuple[int, ...] = ()

    @property
    def key(self) -> Key:
        return self.attr.name, self.indices

    @property
    def is_array(self) -> bool:
        """The array itself, not one of its elements."""
        return self.attr.array and len(self.indices) < self.attr.index_count

    @property
    def is_element(self) -> bool:
        return self.attr.array and not self.is_array

    @property
    def parent(self) -> Optional[Plug]:
        """The compound above, the array of an element, or None."""
        if self.is_element:
            return Plug(self.node, self.attr, self.indices[:-1])
        above = self.attr.parent
        return Plug(self.node, above, self.indices[: above.index_count]) if above else None

    @property
    def children(self) -> list[Plug]:
        return [Plug(self.node, child, self.indices) for child in self.attr.children]

    def element(self, index: int) -> Plug:
        return Plug(self.node, self.attr, (*self.indices[: self.attr.index_count - 1], int(index)))

    def elements(self) -> list[Plug]:
        return [self.element(i) for i in self.node.elements(self.attr, self.indices)]

    def walk(self) -> Iterator[Plug]:
        """Itself and everything below that exists."""
        yield self
        for below in self.elements() if self.is_array else self.children:
            yield from below.walk()

    def attribute_name(self, *, long: bool = True, alias: bool = True, full: bool = False) -> str:
        """The part after the dot, as Maya writes it: from the topmost array down; all levels where full."""
        chain, parts, used = self.attr.chain, [], 0
        for each in chain:
            text = each.name if long else each.short
            if each.array:
                if used < len(self.indices):
                    text += f"[{self.indices[used]}]"
                used += 1
            parts.append((each, text))
        named = self.node.alias_of(self.key) if alias else ""
        if named:
            return named
        start = 0 if full else next((i for i, (each, _) in enumerate(parts) if each.array), len(parts) - 1)
        return ".".join(text for _, text in parts[start:])


def new_node(kind: str, name: str, namespace: str = "") -> Node:
    """A node that is in no scene yet; RuntimeError for an unknown type."""
    if kind not in TYPES:
        raise RuntimeError(f"Unknown object type: {kind}")
    return Node(TYPES[kind], name, namespace)
