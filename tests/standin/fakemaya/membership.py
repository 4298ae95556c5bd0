"""Who is in which set; sets of one partition (the shading groups) exclude each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

import numpy as np

from fakemaya.naming import Component, visible_shape
from fakemaya.node import Node, Plug

if TYPE_CHECKING:
    from fakemaya.scene import Scene

Member = tuple[Node, str, Optional[Any]]
"""(node, component kind or "", elements or None)."""


def members_of(thing: Any, *, shading: bool = False) -> list[Member]:
    """What a thing means as a member; a transform in a shading group means its shapes."""
    if isinstance(thing, Component):
        return [(thing.shape, thing.kind, thing.elements)]
    node = thing if isinstance(thing, Node) else thing.node
    if shading and node.isa("transform"):
        shape = visible_shape(node, "mesh")
        below = [visible_shape(d, "mesh") for d in node.descendants() if d.isa("transform")]
        return [(s, "", None) for s in [shape, *below] if s is not None]
    return [(node, "", None)]


def add(scene: Scene, owner: Node, member: Member) -> None:
    """Put a member into a set (recorded); it leaves the other shading groups."""
    node, kind, elements = member
    if owner.isa("shadingEngine"):
        for other in [n for n in scene.nodes.values() if n.isa("shadingEngine")]:
            if other is not owner:
                remove(scene, other, member)
    kept = [m for m in owner.members if not (m[0] is node and (not kind or m[1] == kind))]
    mine = next((m for m in owner.members if m[0] is node and m[1] == kind), None)
    if kind and any(m[0] is node and not m[1] for m in owner.members):
        return
    if kind and mine is not None:
        elements = np.union1d(mine[2], elements)
    _replace(scene, owner, [*kept, (node, kind, elements)])
    _link(scene, owner, node)


def remove(scene: Scene, owner: Node, member: Member) -> None:
    """Take a member out of a set (recorded)."""
    node, kind, elements = member
    if not any(m[0] is node for m in owner.members):
        return
    new: list[Member] = []
    for each in owner.members:
        if each[0] is not node or (kind and each[1] not in ("", kind)):
            new.append(each)
        elif kind:
            whole = each[2] if each[1] else np.arange(_count(scene, node, kind))
            left = np.setdiff1d(whole, elements)
            if len(left):
                new.append((node, kind, left))
    _replace(scene, owner, new)
    if not any(m[0] is node for m in new):
        for destination in Plug(
            owner, owner.type.by_name["dagSetMembers" if node.is_dag else "dnSetMembers"]
        ).elements():
            source = scene.source(destination)
            if source is not None and source.node is node:
                scene.disconnect(source, destination)


def _count(scene: Scene, node: Node, kind: str) -> int:
    from fakemaya.naming import component_count

    return component_count(scene, node, kind)


def _replace(scene: Scene, owner: Node, new: list[Member]) -> None:
    old = list(owner.members)

    def change(to: list[Member]) -> None:
        owner.members = list(to)

    scene.record(lambda: change(new), lambda: change(old))


def _link(scene: Scene, owner: Node, node: Node) -> None:
    slot = Plug(owner, owner.type.by_name["dagSetMembers" if node.is_dag else "dnSetMembers"])
    for element in slot.elements():
        source = scene.source(element)
        if source is not None and source.node is node:
            return
    source = (
        Plug(node, node.type.by_name["instObjGroups"], (0,))
        if node.is_dag
        else Plug(node, node.type.by_name["message"])
    )
    scene.connect(source, scene.next_free(slot))


def shading_groups(scene: Scene, node: Node) -> list[tuple[Node, Optional[Any]]]:
    """(shading group, face indices or None for all) of a shape."""
    return [
        (n, m[2]) for n in scene.nodes.values() if n.isa("shadingEngine") for m in n.members if m[0] is node
    ]
