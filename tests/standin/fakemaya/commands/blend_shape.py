"""The blendShape command."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np

from fakemaya import meshes, naming
from fakemaya.active import Gap
from fakemaya.commands.attribute_facts import set_alias
from fakemaya.commands.attributes import check_settable
from fakemaya.commands.geometry import attr, insert_deformer
from fakemaya.commands.nodes import wanted_nodes
from fakemaya.components import component_list
from fakemaya.node import Node, Plug
from fakemaya.scene import Scene
from fakemaya.strict import command

ORIGINS = ("world", "local", "user")


@command("blendShape")
def blend_shape(
    maya: Any,
    *args: Any,
    name: str = "",
    origin: str = "world",
    frontOfChain: bool = False,
    before: bool = False,
    after: bool = False,
    parallel: bool = False,
    split: bool = False,
    topologyCheck: Any = None,
    target: Any = None,
    weight: Any = None,
    envelope: Any = None,
    inBetween: bool = False,
    inBetweenType: str = "",
    inBetweenIndex: Any = None,
    remove: bool = False,
    weightCount: Any = None,
    geometry: Any = None,
    query: bool = False,
    edit: bool = False,
    exclusive: str = "",
    deformerTools: bool = False,
    suppressDialog: bool = False,
    tangentSpace: bool = False,
    resetTargetDelta: Any = None,
    afterReference: bool = False,
    geometryIndices: bool = False,
) -> Any:
    scene: Scene = maya.scene
    if query:
        return _ask(scene, _blend_node(scene, args), locals())
    if edit:
        node = _blend_node(scene, args)
        _edit(scene, node, target, weight, envelope, remove, inBetween)
        if geometry:
            for text in [geometry] if isinstance(geometry, str) else geometry:
                insert_deformer(
                    scene,
                    node,
                    _mesh(scene, scene.node(text)),
                    geometry=len(node.elements(node.type.by_name["outputGeometry"])),
                )
        return None
    if origin not in ORIGINS:
        raise RuntimeError(f"blendShape: the origin is world, local or user, not '{origin}'.")
    chosen = wanted_nodes(scene, args)
    if not chosen:
        raise RuntimeError("blendShape: No deformable objects selected.")
    shapes = [_mesh(scene, n) for n in chosen]
    base, targets = shapes[-1], shapes[:-1]
    node = scene.create("blendShape", name or "blendShape1")
    scene.set(attr(node, "origin"), ORIGINS.index(origin))
    insert_deformer(scene, node, base, front=frontOfChain)
    manager = next((n for n in scene.nodes.values() if n.isa("shapeEditorManager")), None) or scene.create(
        "shapeEditorManager", ":shapeEditorManager"
    )
    scene.connect(attr(node, "midLayerParent"), scene.next_free(attr(manager, "blendShapeParent")))
    for index, shape in enumerate(targets):
        add_target(scene, node, 0, index, shape, 1.0)
    if topologyCheck is not None:
        scene.set(attr(node, "topologyCheck"), bool(topologyCheck))
    _edit(scene, node, None, weight, envelope, False, False)
    scene.select([chosen[-1]])
    return [scene.short(node)]


def _mesh(scene: Scene, node: Node) -> Node:
    shape = naming.visible_shape(node, "mesh")
    if shape is None:
        raise RuntimeError(f"blendShape: '{scene.short(node)}' is not a deformable object.")
    return shape


def _blend_node(scene: Scene, args: tuple[Any, ...]) -> Node:
    node = wanted_nodes(scene, args)[0]
    if not node.isa("blendShape"):
        shape = naming.visible_shape(node, "mesh")
        at = shape.inputs.get(("inMesh", ())) if shape else None
        while at is not None and not at.node.isa("blendShape"):
            at = at.node.inputs.get(("inputGeometry", at.indices[:1]))
        if at is None or not at.node.isa("blendShape"):
            raise RuntimeError(f"blendShape: No blendShape node: '{scene.short(node)}'.")
        return at.node
    return node


def add_target(
    scene: Scene, node: Node, geometry: int, index: int, shape: Node, full: float, *, in_between: bool = False
) -> None:
    """Connect a target mesh (recorded); its weight is 0 and has the name of the target's transform."""
    base = scene.get(attr(node, "inputGeometry", geometry))
    mesh = meshes.of(scene, shape)
    if scene.get(attr(node, "topologyCheck")) and (base is None or len(base.points) != len(mesh.points)):
        raise RuntimeError(
            "blendShape: Error: No target with matching topology: the numbers of vertices differ."
        )
    item = 5000 + round(full * 1000)
    scene.connect(attr(shape, "worldMesh", 0), attr(node, "inputGeomTarget", geometry, index, item))
    if in_between or index in node.elements(node.type.by_name["weight"]):
        return
    weight = attr(node, "weight", index)
    scene.set(weight, 0.0)
    owner = shape.parent or shape
    alias = owner.name
    number = 0
    while alias in node.aliases or node.find(alias) is not None:
        number += 1
        alias = f"{owner.name}{number}"
    set_alias(scene, weight, alias)


def _edit(
    scene: Scene, node: Node, target: Any, weight: Any, envelope: Any, remove: bool, in_between: bool
) -> None:
    if target is not None:
        for base, index, name, full in [target] if isinstance(target[0], str) else target:
            shape = _mesh(scene, scene.node(name))
            if remove:
                remove_target(scene, node, int(index))
            else:
                add_target(
                    scene,
                    node,
                    geometry_index(scene, node, _mesh(scene, scene.node(base))),
                    int(index),
                    shape,
                    float(full),
                    in_between=in_between,
                )
    if weight is not None:
        for index, value in [weight] if isinstance(weight[0], int) else weight:
            plug = attr(node, "weight", int(index))
            check_settable(scene, plug)
            scene.assign(plug, float(value))
    if envelope is not None:
        scene.assign(attr(node, "envelope"), float(envelope))


def geometry_index(scene: Scene, node: Node, shape: Node) -> int:
    """Which of a deformer's geometries a shape is; RuntimeError where it is none."""
    for index in node.elements(node.type.by_name["outputGeometry"]):
        at: Optional[Plug] = attr(node, "outputGeometry", index)
        while at is not None:
            following = scene.destinations(at)
            if any(d.node is shape for d in following):
                return index
            step = next((d for d in following if d.node.isa("geometryFilter")), None)
            at = Plug(step.node, step.node.type.by_name["outputGeometry"], step.indices) if step else None
    raise RuntimeError(f"blendShape: '{scene.short(shape)}' is not deformed by '{scene.short(node)}'.")


def remove_target(scene: Scene, node: Node, index: int) -> None:
    """Take a target and its weight away (recorded)."""
    weight = attr(node, "weight", index)
    source = scene.source(weight)
    if source is not None:
        scene.disconnect(source, weight)
    set_alias(scene, weight, "")
    keys = {
        k: v
        for k, v in node.values.items()
        if k[0] in ("inputPointsTarget", "inputComponentsTarget", "inputGeomTarget") and k[1][1] == index
    }
    keys.update({k: v for k, v in node.values.items() if k == ("weight", (index,))})
    for key, plug in list(node.inputs.items()):
        if key[0] == "inputGeomTarget" and key[1][1] == index:
            scene.disconnect(plug, Plug(node, scene.attr_of(node, key), key[1]))
    groups = node.indices.get(("inputTargetGroup", (0,)), {})

    def do() -> None:
        for key in keys:
            node.values.pop(key, None)
        node.indices.get(("weight", ()), {}).pop(index, None)
        groups.pop(index, None)
        scene.dirty()

    def undo() -> None:
        node.values.update(keys)
        node.indices.setdefault(("weight", ()), {})[index] = None
        groups[index] = None
        scene.dirty()

    scene.record(do, undo)


def store_live_target(scene: Scene, node: Node, at: tuple[int, ...]) -> None:
    """Keep the deltas of a target whose mesh goes away, as Maya does. Not recorded: the mesh hides it."""
    base, target = (
        scene.get(attr(node, "inputGeometry", at[0])),
        scene.get(attr(node, "inputGeomTarget", *at)),
    )
    if base is None or target is None or len(base.points) != len(target.points):
        return
    delta = target.points.astype(float) - base.points
    moved = np.flatnonzero(np.abs(delta).max(1) > 1e-6)
    if not len(moved):
        moved = np.array([0])
    node.values["inputPointsTarget", at] = np.concatenate([delta[moved], np.ones((len(moved), 1))], 1)
    node.values["inputComponentsTarget", at] = component_list(moved)


def _ask(scene: Scene, node: Node, given: dict[str, Any]) -> Any:
    weights = node.elements(node.type.by_name["weight"])
    if given["weight"]:
        return [float(np.float32(scene.get(attr(node, "weight", k)))) for k in weights]
    if given["weightCount"]:
        return len(weights)
    if given["envelope"]:
        return float(scene.get(attr(node, "envelope")))
    if given["origin"] is True:
        return ORIGINS[int(scene.get(attr(node, "origin")))]
    if given["target"]:
        names = []
        for k in weights:
            sources = [
                s.node for key, s in node.inputs.items() if key[0] == "inputGeomTarget" and key[1][1] == k
            ]
            names.append(
                scene.short(sources[0].parent or sources[0]) if sources else node.alias_of(("weight", (k,)))
            )
        return names
    if given["geometryIndices"]:
        return node.elements(node.type.by_name["outputGeometry"])
    if given["geometry"]:
        out = []
        for index in node.elements(node.type.by_name["outputGeometry"]):
            plug = attr(node, "outputGeometry", index)
            while True:
                following = scene.destinations(plug)
                shape = next((d.node for d in following if d.node.isa("mesh")), None)
                if shape is not None or not following:
                    break
                plug = Plug(
                    following[0].node, following[0].node.type.by_name["outputGeometry"], following[0].indices
                )
            if shape is not None:
                out.append(scene.short(shape))
        return out or None
    raise Gap("blendShape: this query is not modelled.")
