"""createNode, ls, objExists, nodeType, rename, delete, duplicate, lockNode, reorder and namespaces."""

from __future__ import annotations

import re
from typing import Any, Optional

from fakemaya import naming
from fakemaya.naming import node_of
from fakemaya.node import Node, Plug
from fakemaya.scene import Scene
from fakemaya.schema import TYPES
from fakemaya.strict import command


def wanted_nodes(scene: Scene, args: tuple[Any, ...], *, selected: bool = True) -> list[Node]:
    """The nodes of a command's arguments (strings, lists, wildcards), or the selected ones."""
    texts: list[str] = []
    for arg in args:
        texts.extend(arg if isinstance(arg, (list, tuple)) else [arg])
    if not texts:
        return [t for t in scene.selection if isinstance(t, Node)] if selected else []
    out: list[Node] = []
    for text in texts:
        if not isinstance(text, str):
            raise TypeError(f"needs names, not {text!r}.")
        found = naming.match(scene, text) if any(c in text for c in "*?") else [scene.node(text)]
        if not found:
            raise ValueError(f"No object matches name: {text}")
        out.extend(found)
    return list(dict.fromkeys(out))


@command("createNode")
def create_node(
    maya: Any, *args: str, name: str = "", parent: str = "", shared: bool = False, skipSelect: bool = False
) -> str:
    scene: Scene = maya.scene
    kind = args[0]
    if kind not in TYPES or kind in ("node", "dagNode", "shape"):
        if kind in maya.state.get("node_types", {}):
            TYPES.setdefault(kind, maya.state["node_types"][kind])
        else:
            raise RuntimeError(f"Unknown object type: {kind}")
    if shared and name and naming.find(scene, name):
        return ""
    above = scene.node(parent) if parent else None
    node = make_node(scene, kind, name, above)
    if not skipSelect:
        scene.select([node])
    return scene.short(node)


def make_node(scene: Scene, kind: str, name: str = "", parent: Optional[Node] = None) -> Node:
    """A node (recorded); a shape without parent gets a transform of its own."""
    lineage = TYPES[kind].lineage
    if "shape" in lineage and parent is None:
        stem = (
            re.sub(r"Shape(\d*)$", r"\1", name) if name else f"{kind}1" if kind != "mesh" else "polySurface1"
        )
        parent = scene.create("transform", stem)
        name = name or re.sub(r"(\d*)$", r"Shape\1", parent.full_name, count=1)
    return scene.create(kind, name, parent=parent)


@command("objExists")
def obj_exists(maya: Any, *args: str) -> bool:
    return bool(naming.things(maya.scene, args[0]))


@command("nodeType")
def node_type(
    maya: Any,
    *args: str,
    inherited: bool = False,
    isTypeName: bool = False,
    derived: bool = False,
    apiType: bool = False,
) -> Any:
    scene: Scene = maya.scene
    if isTypeName:
        kind = TYPES.get(args[0])
        if kind is None:
            raise RuntimeError(f"Unknown object type: {args[0]}")
    else:
        kind = naming.node_of(scene.plug(args[0]) if "." in args[0] else scene.node(args[0])).type
    if derived:
        return [t.name for t in TYPES.values() if kind.name in t.lineage]
    if apiType:
        return kind.api
    return list(kind.lineage)[1:] if inherited else kind.name


@command("objectType")
def object_type(maya: Any, *args: str, isType: str = "", isAType: str = "", tagFromType: str = "") -> Any:
    node = (
        naming.node_of(naming.things(maya.scene, args[0])[0])
        if naming.things(maya.scene, args[0])
        else maya.scene.node(args[0])
    )
    if isType:
        return node.type.name == isType
    return node.isa(isAType) if isAType else node.type.name


@command("rename")
def rename(maya: Any, *args: str, ignoreShape: bool = False, uuid: bool = False) -> str:
    scene: Scene = maya.scene
    if len(args) == 1:
        if not scene.selection:
            raise RuntimeError("rename: nothing is selected.")
        node, name = node_of(scene.selection[0]), args[0]
    else:
        found = naming.find(scene, args[0])
        if len(found) != 1:
            raise RuntimeError(
                f"{'More than one object matches' if found else 'No object matches'} name: {args[0]}"
            )
        node, name = found[0], args[1]
    if "|" in name:
        raise RuntimeError("rename: New name has no legal characters.")
    refuse(scene, node, "rename")
    old = node.name
    scene.rename(node, name)
    if node.isa("transform") and not ignoreShape:
        for child in node.children:
            if child.is_shape and child.name.startswith(f"{old}Shape") and not child.referenced:
                scene.rename(child, f"{node.full_name}{child.name[len(old) :]}")
    return scene.short(node)


def refuse(scene: Scene, node: Node, what: str) -> None:
    """RuntimeError where a node is Maya's own, referenced or locked."""
    name = scene.short(node)
    if node.referenced:
        raise RuntimeError(f"{what}: '{name}' is from a referenced file, which makes it read-only.")
    if node.locked:
        raise RuntimeError(f"{what}: '{name}' is locked (lockNode).")
    if node.default:
        raise RuntimeError(f"{what}: '{name}' is a default node and cannot be changed so.")


@command("delete")
def delete(
    maya: Any,
    *args: Any,
    constructionHistory: bool = False,
    attribute: str = "",
    channels: bool = False,
    all: bool = False,
    constraints: bool = False,
    expressions: bool = False,
    timeAnimationCurves: bool = True,
    unitlessAnimationCurves: bool = False,
) -> None:
    scene: Scene = maya.scene
    faces = [t for a in args if isinstance(a, str) and ".f[" in a for t in naming.things(scene, a)]
    if faces:
        from fakemaya.commands.geometry import delete_faces

        for part in faces:
            delete_faces(scene, part)
        return
    nodes = wanted_nodes(scene, args)
    if not nodes and not all:
        raise RuntimeError("delete: nothing was named or selected.")
    if channels:
        for node in nodes:
            for key, source in list(node.inputs.items()):
                if source.node.isa("animCurve") and attribute in ("", key[0], scene.attr_of(node, key).short):
                    scene.delete(source.node)
        return
    if constructionHistory:
        from fakemaya.commands.geometry import delete_history

        for node in nodes:
            delete_history(scene, node)
        return
    for node in nodes:
        for each in (node, *node.descendants()):
            refuse(scene, each, "delete")
    for node in nodes:
        delete_tree(scene, node)


def delete_tree(scene: Scene, node: Node) -> None:
    """A node, what is below it, and the history that served only it (recorded)."""
    if not node.alive:
        return
    for child in list(node.children):
        delete_tree(scene, child)
    if node.isa("geometryFilter"):
        _pass_around(scene, node)
    feeding = [source.node for source in node.inputs.values()]
    scene.delete(node)
    for other in dict.fromkeys(feeding):
        history = (
            other.isa("geometryFilter")
            or other.isa("polyModifier")
            or other.isa("standinGeometry")
            or other.isa("animCurve")
            or other.isa("groupId")
        )
        if (
            other.alive
            and history
            and not other.referenced
            and not any(
                d
                for plugs in other.outputs.values()
                for d in plugs
                if d.attr.kind != "message" and not d.node.isa("shapeEditorManager")
            )
        ):
            delete_tree(scene, other)


def _pass_around(scene: Scene, node: Node) -> None:
    """Connect what a deformer got to what it fed, so that the mesh stays."""
    by_name = node.type.by_name
    for index in node.elements(by_name["outputGeometry"]):
        source = scene.source(Plug(node, by_name["inputGeometry"], (index,)))
        for destination in scene.destinations(Plug(node, by_name["outputGeometry"], (index,))):
            if source is not None and destination.node.alive:
                scene.connect(source, destination)


@command("lockNode")
def lock_node(
    maya: Any, *args: Any, lock: Optional[bool] = None, query: bool = False, ignoreComponents: bool = False
) -> Any:
    scene: Scene = maya.scene
    nodes = wanted_nodes(scene, args)
    if query:
        return [node.locked for node in nodes]
    for node in nodes:
        if node.referenced:
            raise RuntimeError(f"lockNode: '{scene.short(node)}' is from a referenced file.")
        was, to = node.locked, True if lock is None else lock
        scene.record(
            lambda n=node, t=to: setattr(n, "locked", t), lambda n=node, w=was: setattr(n, "locked", w)
        )
    return None


@command("duplicate")
def duplicate(
    maya: Any,
    *args: Any,
    name: str = "",
    returnRootsOnly: bool = False,
    renameChildren: bool = False,
    inputConnections: bool = False,
    upstreamNodes: bool = False,
    parentOnly: bool = False,
    instanceLeaf: bool = False,
    smartTransform: bool = False,
) -> list[str]:
    scene: Scene = maya.scene
    roots: list[Node] = []
    copies: list[Node] = []
    for node in wanted_nodes(scene, args):
        source = node.parent if node.is_shape and node.parent else node
        root = _copy(scene, source, source.parent, name or _next(source), copies, parent_only=parentOnly)
        if inputConnections:
            for key, plug in source.inputs.items():
                scene.connect(plug, Plug(root, scene.attr_of(root, key), key[1]))
        roots.append(root)
    scene.select(roots)
    return [
        scene.short(n)
        for n in (roots if returnRootsOnly else [n for n in copies if not n.is_shape or n in roots])
    ]


def _next(node: Node) -> str:
    """The name of a copy: the namespace is that of the scene, a number goes up by one."""
    return node.name if re.search(r"\d$", node.name) else f"{node.name}1"


def _copy(
    scene: Scene, node: Node, parent: Optional[Node], name: str, out: list[Node], *, parent_only: bool = False
) -> Node:
    """A copy of a DAG node as it is evaluated now: no history, no intermediate shapes, no connections; locks stay."""
    made = scene.create(node.type.name, name, parent=parent)
    out.append(made)
    for attr in node.extra.values():
        if attr.parent is None:
            from copy import deepcopy

            fresh = deepcopy(attr)
            scene.add_attribute(made, fresh)
    for key in {*node.values, *node.inputs}:
        plug = Plug(node, scene.attr_of(node, key), key[1])
        if (
            plug.attr.kind in ("message", "mesh")
            or plug.attr.compound
            or plug.is_array
            or not plug.attr.writable
        ):
            continue
        scene.set(Plug(made, scene.attr_of(made, key), key[1]), scene.get(plug))
    made.keyable.update(node.keyable)
    for key in node.locked_plugs:
        scene.lock(Plug(made, scene.attr_of(made, key), key[1]), True)
    if node.isa("mesh"):
        from fakemaya import meshes

        scene.set(Plug(made, made.type.by_name["cachedInMesh"]), meshes.of(scene, node))
        for key in [k for k in made.values if k[0] in ("pntx", "pnty", "pntz")]:
            made.values.pop(key)
        made.indices.pop(("pnts", ()), None)
        for owner in scene.nodes.values():
            for member in [m for m in owner.members if m[0] is node and owner.isa("shadingEngine")]:
                new = (made, member[1], member[2])
                scene.record(
                    lambda o=owner, m=new: o.members.append(m),
                    lambda o=owner, m=new: o.members.remove(m) if m in o.members else None,
                )
    if not parent_only:
        for child in node.children:
            if child.is_shape and scene.get(Plug(child, child.type.by_name["intermediateObject"])):
                continue
            shape = child.is_shape and child.name.startswith(node.name)
            _copy(
                scene,
                child,
                made,
                f"{made.full_name}{child.name[len(node.name) :]}" if shape else child.name,
                out,
            )
    return made


@command("reorder")
def reorder(maya: Any, *args: str, front: bool = False, back: bool = False, relative: int = 0) -> None:
    scene: Scene = maya.scene
    for node in wanted_nodes(scene, args):
        siblings = node.parent.children if node.parent else scene.world
        at = siblings.index(node)
        to = 0 if front else len(siblings) - 1 if back else (at + relative) % len(siblings)
        scene.reparent(node, node.parent, to)


@command("getClassification")
def get_classification(maya: Any, *args: str, satisfies: str = "") -> Any:
    text = TYPES[args[0]].classification if args[0] in TYPES else ""
    return satisfies in text if satisfies else [text]


@command("allNodeTypes")
def all_node_types(maya: Any, *, includeAbstract: bool = False) -> list[str]:
    return sorted(TYPES)
