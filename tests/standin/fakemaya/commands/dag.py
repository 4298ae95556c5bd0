"""listRelatives, parent, group, xform, boxes, makeIdentity, joint, spaceLocator."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np

from fakemaya import matrices, naming
from fakemaya.commands.attributes import check_settable
from fakemaya.commands.nodes import refuse, wanted_nodes
from fakemaya.evaluate import value_of, world_of
from fakemaya.node import Node, Plug
from fakemaya.scene import LINEAR, Scene
from fakemaya.strict import command


@command("listRelatives")
def list_relatives(
    maya: Any,
    *args: Any,
    children: bool = False,
    parent: bool = False,
    shapes: bool = False,
    allDescendents: bool = False,
    allParents: bool = False,
    fullPath: bool = False,
    path: bool = False,
    type: Any = None,
    noIntermediate: bool = False,
) -> Any:
    scene: Scene = maya.scene
    out: list[Node] = []
    texts = [t for a in args for t in (a if isinstance(a, (list, tuple)) else [a])]
    nodes = [naming.node_of(t) for text in texts for t in found_things(scene, text)] or [
        naming.node_of(t) for t in scene.selection
    ]
    for node in nodes:
        if parent or allParents:
            out += (
                [node.parent]
                if node.parent and parent
                else list(node.ancestors())
                if allParents and node.parent
                else []
            )
        elif allDescendents:
            below = list(node.descendants())
            out += list(reversed(below))
        else:
            out += [c for c in node.children if c.is_shape or not shapes]
    kinds = [type] if isinstance(type, str) else type
    if kinds:
        out = [n for n in out if any(n.isa(k) for k in kinds)]
    if noIntermediate:
        out = [n for n in out if not value_of(scene, n, "intermediateObject")]
    out = list(dict.fromkeys(out))
    return [n.path if fullPath else scene.short(n) for n in out] or None


def found_things(scene: Scene, text: str) -> list[Any]:
    found = naming.things(scene, text)
    if not found:
        raise ValueError(f"No object matches name: {text}")
    return found


def set_matrix(scene: Scene, node: Node, local: Any) -> None:
    """Give a transform a local matrix through its channels (recorded); pivots and joint orient are kept."""
    scale, shear, turned, _ = matrices.decompose(local)
    order = int(value_of(scene, node, "rotateOrder"))
    inner = matrices.rotation(value_of(scene, node, "rotateAxis"))
    outer = matrices.rotation(value_of(scene, node, "jointOrient")) if node.isa("joint") else np.eye(4)
    angles = matrices.euler(np.linalg.inv(inner) @ turned @ np.linalg.inv(outer), order)
    channels = {"scale": scale, "rotate": angles}
    if not node.isa("joint"):
        channels["shear"] = shear
    for name, numbers in channels.items():
        _assign_changed(scene, node, name, numbers)
    off = local[3, :3] - value_of(scene, node, "matrix")[3, :3]
    _assign_changed(scene, node, "translate", np.array(value_of(scene, node, "translate")) + off)


def _assign_changed(scene: Scene, node: Node, name: str, numbers: Any) -> None:
    """Set what differs of a triple: a lock on a channel that stays is no hindrance."""
    for plug, new in zip(Plug(node, node.type.by_name[name]).children, numbers):
        if abs(scene.get(plug) - new) > 1e-12:
            check_settable(scene, plug)
            scene.assign(plug, float(new))


def local_of_world(scene: Scene, node: Node, world: Any) -> Any:
    above = (
        world_of(scene, node.parent)
        if node.parent and value_of(scene, node, "inheritsTransform")
        else np.eye(4)
    )
    return world @ np.linalg.inv(above) @ np.linalg.inv(value_of(scene, node, "offsetParentMatrix"))


@command("parent")
def parent(
    maya: Any,
    *args: Any,
    world: bool = False,
    relative: bool = False,
    absolute: bool = False,
    shape: bool = False,
    addObject: bool = False,
    removeObject: bool = False,
    noConnections: bool = False,
) -> list[str]:
    scene: Scene = maya.scene
    nodes = wanted_nodes(scene, args)
    target: Optional[Node] = None
    if not world:
        if len(nodes) < 2:
            raise RuntimeError("parent: needs the objects and their new parent.")
        target = nodes.pop()
    for node in nodes:
        refuse(scene, node, "parent")
        if node is target or (target is not None and node in target.ancestors()):
            raise RuntimeError(f"parent: Cannot parent '{scene.short(node)}' to one of its children.")
        if node.parent is target and not node.is_shape:
            above = scene.short(target) if target else "world"
            raise RuntimeError(
                f"parent: '{scene.short(node)}' skipped. It is already a child of the parent, '{above}'."
            )
        keep = None if relative or node.is_shape else world_of(scene, node)
        scene.reparent(node, target)
        wanted = naming.free(scene, node, node.name, target)
        if wanted != node.name:
            scene.rename(node, f":{node.namespace}:{wanted}" if node.namespace else f":{wanted}")
        if keep is not None:
            set_matrix(scene, node, local_of_world(scene, node, keep))
    scene.select(nodes)
    return [scene.short(n) for n in nodes]


@command("group")
def group(
    maya: Any,
    *args: Any,
    name: str = "group1",
    empty: bool = False,
    parent: str = "",
    world: bool = False,
    relative: bool = False,
    absolute: bool = False,
) -> str:
    scene: Scene = maya.scene
    nodes = [] if empty else wanted_nodes(scene, args)
    if not nodes and not empty:
        raise RuntimeError("group: nothing was named or selected.")
    above = scene.node(parent) if parent else None if world or not nodes else nodes[0].parent
    made = scene.create("transform", name, parent=above)
    for node in nodes:
        refuse(scene, node, "group")
        keep = world_of(scene, node)
        scene.reparent(node, made)
        if not relative:
            set_matrix(scene, node, local_of_world(scene, node, keep))
    scene.select([made])
    return scene.short(made)


@command("joint")
def joint(
    maya: Any,
    *args: Any,
    name: str = "",
    position: Any = None,
    orientation: Any = None,
    radius: Any = None,
    relative: bool = False,
    absolute: bool = False,
    rotationOrder: str = "",
    query: bool = False,
    edit: bool = False,
) -> Any:
    scene: Scene = maya.scene
    unit = LINEAR[scene.linear_unit]
    if query or edit:
        node = wanted_nodes(scene, args)[0]
        if query:
            return (
                [scene.to_ui("doubleAngle", v) for v in value_of(scene, node, "jointOrient")]
                if orientation
                else [v / unit for v in value_of(scene, node, "translate")]
            )
    else:
        chosen = [t for t in scene.selection if isinstance(t, Node) and t.isa("transform")]
        node = scene.create("joint", name or "joint1", parent=chosen[-1] if chosen else None)
        if chosen and chosen[-1].isa("joint"):
            scene.connect(
                Plug(chosen[-1], chosen[-1].type.by_name["scale"]),
                Plug(node, node.type.by_name["inverseScale"]),
            )
        scene.select([node])
    if orientation is not None:
        scene.set(
            Plug(node, node.type.by_name["jointOrient"]),
            [float(scene.from_ui("doubleAngle", v)) for v in orientation],
        )
    if position is not None:
        place = np.array([*(float(v) * unit for v in position), 1.0])
        if not relative and node.parent is not None:
            place = place @ np.linalg.inv(world_of(scene, node.parent))
        scene.set(Plug(node, node.type.by_name["translate"]), [float(v) for v in place[:3]])
    if radius is not None:
        scene.set(Plug(node, node.type.by_name["radius"]), float(radius))
    return scene.short(node)


@command("spaceLocator")
def space_locator(
    maya: Any,
    *args: Any,
    name: str = "locator1",
    position: Any = None,
    absolute: bool = False,
    relative: bool = False,
) -> list[str]:
    scene: Scene = maya.scene
    node = scene.create("transform", name)
    shape = scene.create("locator", f"{node.full_name}Shape", parent=node)
    if position is not None:
        scene.set(
            Plug(shape, shape.type.by_name["localPosition"]),
            [float(v) * LINEAR[scene.linear_unit] for v in position],
        )
    scene.select([node])
    return [scene.short(node)]
