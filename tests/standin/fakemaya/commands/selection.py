"""select and what belongs to it, sets and shader assignment."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np

from fakemaya import membership, meshes, naming
from fakemaya.commands.listing import text_of
from fakemaya.naming import Component
from fakemaya.node import Node, Plug
from fakemaya.scene import Scene
from fakemaya.strict import command


def _things(scene: Scene, args: tuple[Any, ...]) -> list[Any]:
    out: list[Any] = []
    for text in [t for a in args for t in (a if isinstance(a, (list, tuple)) else [a])]:
        found = naming.things(scene, text)
        if not found:
            raise ValueError(f"No object matches name: {text}")
        if len(found) > 1 and not any(c in text for c in "*?"):
            raise ValueError(f"More than one object matches name: {text}")
        out.extend(found)
    return out


def _same(a: Any, b: Any) -> bool:
    return a is b or (isinstance(a, Plug) and a == b) or (isinstance(a, Component) and a == b)


@command("select")
def select(
    maya: Any,
    *args: Any,
    add: bool = False,
    addFirst: bool = False,
    deselect: bool = False,
    toggle: bool = False,
    replace: bool = False,
    clear: bool = False,
    all: bool = False,
    hierarchy: bool = False,
    noExpand: bool = False,
    visible: bool = False,
    allDagObjects: bool = False,
    allDependencyNodes: bool = False,
) -> None:
    scene: Scene = maya.scene
    if clear:
        scene.select([])
        return
    if all or allDagObjects:
        scene.select([n for n in scene.world if not n.default])
        return
    if not args:
        raise RuntimeError("select: nothing was named.")
    chosen = _things(scene, args)
    if not noExpand:
        expanded: list[Any] = []
        for thing in chosen:
            if (
                isinstance(thing, Node)
                and thing.isa("objectSet")
                and thing.type.name in ("objectSet", "shadingEngine")
            ):
                expanded += [Component(n, kind, np.asarray(e)) if kind else n for n, kind, e in thing.members]
            else:
                expanded.append(thing)
        chosen = expanded
    if hierarchy:
        chosen = [n for t in chosen for n in ([t, *t.descendants()] if isinstance(t, Node) else [t])]
    now = list(scene.selection)
    if deselect:
        new = _less(now, chosen)
    elif toggle:
        new = [*_less(now, chosen), *(t for t in chosen if not any(_same(t, n) for n in now))]
    elif add:
        # What is selected already keeps its place.
        new = [*now, *(t for t in chosen if not any(_same(t, n) for n in now))]
    elif addFirst:
        new = [*chosen, *_less(now, chosen)]
    else:
        new = []
        for thing in chosen:
            if not any(_same(thing, n) for n in new):
                new.append(thing)
    scene.select(new)


def _less(now: list[Any], gone: list[Any]) -> list[Any]:
    out: list[Any] = []
    for thing in now:
        if isinstance(thing, Component):
            away = [
                g.elements
                for g in gone
                if isinstance(g, Component) and (g.shape, g.kind) == (thing.shape, thing.kind)
            ]
            left = thing.elements[~np.isin(thing.elements, np.concatenate(away))] if away else thing.elements
            if len(left):
                out.append(Component(thing.shape, thing.kind, left))
        elif not any(_same(thing, g) for g in gone):
            out.append(thing)
    return out


@command("selectPref")
def select_pref(maya: Any, *, query: bool = False, trackSelectionOrder: Any = None) -> Any:
    if query:
        return bool(maya.state.get("track_selection_order", False))
    maya.state["track_selection_order"] = bool(trackSelectionOrder)
    return None


@command("softSelect")
def soft_select(
    maya: Any,
    *,
    query: bool = False,
    edit: bool = False,
    softSelectEnabled: Any = None,
    softSelectDistance: Any = None,
    softSelectFalloff: Any = None,
) -> Any:
    kept = maya.state.setdefault(
        "soft_select", {"softSelectEnabled": 0, "softSelectDistance": 5.0, "softSelectFalloff": 0}
    )
    given = {
        "softSelectEnabled": softSelectEnabled,
        "softSelectDistance": softSelectDistance,
        "softSelectFalloff": softSelectFalloff,
    }
    asked = {k: v for k, v in given.items() if v is not None}
    if query:
        return kept[next(iter(asked))]
    kept.update({k: int(v) if k != "softSelectDistance" else float(v) for k, v in asked.items()})
    return None


MASKS = {31: "vtx", 32: "e", 34: "f", 35: "map"}


@command("filterExpand")
def filter_expand(
    maya: Any, *args: Any, selectionMask: Any = None, expand: bool = True, fullPath: bool = False
) -> Any:
    scene: Scene = maya.scene
    things = _things(scene, args) if args else list(scene.selection)
    masks = [selectionMask] if isinstance(selectionMask, int) else list(selectionMask or ())
    out: list[str] = []
    for thing in things:
        if isinstance(thing, Component):
            if any(MASKS.get(m) == thing.kind for m in masks):
                out += text_of(scene, thing, long=fullPath, flatten=expand)
        elif isinstance(thing, Node) and 12 in masks:
            shape = naming.visible_shape(thing, "mesh")
            if shape is not None:
                out += text_of(scene, thing, long=fullPath)
    return out or None


@command("polyListComponentConversion")
def poly_list_component_conversion(
    maya: Any,
    *args: Any,
    toVertex: bool = False,
    toFace: bool = False,
    toEdge: bool = False,
    toUV: bool = False,
    fromVertex: bool = False,
    fromFace: bool = False,
    fromEdge: bool = False,
    internal: bool = False,
    border: bool = False,
    fromUV: bool = False,
) -> list[str]:
    scene: Scene = maya.scene
    out: list[str] = []
    for thing in _things(scene, args) if args else list(scene.selection):
        shape = (
            thing.shape
            if isinstance(thing, Component)
            else naming.visible_shape(naming.node_of(thing), "mesh")
        )
        if shape is None:
            continue
        mesh = meshes.of(scene, shape)
        vertices = np.arange(len(mesh.points))
        if isinstance(thing, Component):
            polygon = meshes.polygon_of_corner(mesh)
            vertices = {
                "vtx": lambda t=thing: t.elements,
                "f": lambda t=thing, m=mesh, p=polygon: m.corners[np.isin(p, t.elements)],
                "e": lambda t=thing, m=mesh: meshes.edges(m)[t.elements].ravel(),
            }[thing.kind]()
        owner = scene.short(shape.parent or shape)
        if toFace:
            touched = np.isin(mesh.corners, vertices)
            inside = np.bincount(meshes.polygon_of_corner(mesh), touched, len(mesh.counts))
            faces = np.flatnonzero(inside == mesh.counts if internal else inside > 0)
            out += naming.texts(owner, "f", faces)
        elif toEdge:
            both = np.isin(meshes.edges(mesh), vertices)
            out += naming.texts(owner, "e", np.flatnonzero(both.all(1) if internal else both.any(1)))
        else:
            out += naming.texts(owner, "vtx", vertices)
    return out


@command("sets")
def sets(
    maya: Any,
    *args: Any,
    name: str = "",
    renderable: bool = False,
    noSurfaceShader: bool = False,
    empty: bool = False,
    edit: bool = False,
    query: bool = False,
    forceElement: str = "",
    addElement: str = "",
    remove: str = "",
    clear: str = "",
    isMember: str = "",
    text: str = "",
    size: bool = False,
    nodesOnly: bool = False,
    include: str = "",
    flatten: str = "",
    union: str = "",
) -> Any:
    scene: Scene = maya.scene
    if query:
        owner = scene.node(args[0])
        names = [
            t
            for n, kind, e in owner.members
            for t in text_of(scene, Component(n, kind, np.asarray(e)) if kind else n)
        ]
        return len(owner.members) if size else names or None
    if isMember:
        owner = scene.node(isMember)
        shading = owner.isa("shadingEngine")
        asked = [m for t in _things(scene, args) for m in membership.members_of(t, shading=shading)]
        return all(
            any(
                m[0] is o[0] and (not o[1] or np.isin(m[2], o[2]).all() if m[1] else not o[1])
                for o in owner.members
            )
            for m in asked
        )
    changing = forceElement or addElement or include or remove or clear
    if changing:
        owner = scene.node(changing)
        if not owner.isa("objectSet"):
            raise RuntimeError(f"sets: '{changing}' is not a set.")
        if clear:
            for member in list(owner.members):
                membership.remove(scene, owner, member)
            return None
        for thing in _things(scene, args) if args else list(scene.selection):
            for member in membership.members_of(thing, shading=owner.isa("shadingEngine")):
                if remove:
                    membership.remove(scene, owner, member)
                    continue
                if not forceElement and owner.isa("shadingEngine"):
                    others = [n for n in scene.nodes.values() if n.isa("shadingEngine") and n is not owner]
                    if any(m[0] is member[0] for other in others for m in other.members):
                        raise RuntimeError(
                            "sets: The object is in another set of the same partition. Use forceElement."
                        )
                membership.add(scene, owner, member)
        return None
    kind = "shadingEngine" if renderable else "objectSet"
    made = scene.create(kind, name or "set1")
    if not empty:
        for thing in _things(scene, args) if args else list(scene.selection):
            for member in membership.members_of(thing, shading=renderable):
                membership.add(scene, made, member)
    return scene.short(made)


@command("hyperShade")
def hyper_shade(maya: Any, *args: Any, assign: str = "", objects: str = "") -> None:
    scene: Scene = maya.scene
    if objects:
        shader = scene.node(objects)
        groups = [
            n
            for n in scene.nodes.values()
            if n.isa("shadingEngine") and any(s.node is shader for s in n.inputs.values())
        ]
        scene.select([Component(n, k, np.asarray(e)) if k else n for g in groups for n, k, e in g.members])
        return
    shader = scene.node(assign)
    group: Optional[Node] = next(
        (d.node for plugs in shader.outputs.values() for d in plugs if d.node.isa("shadingEngine")), None
    )
    if group is None:
        group = scene.create("shadingEngine", f"{shader.name}SG")
        scene.connect(
            Plug(shader, shader.type.by_name["outColor"]), Plug(group, group.type.by_name["surfaceShader"])
        )
    for thing in list(scene.selection):
        for member in membership.members_of(thing, shading=True):
            membership.add(scene, group, member)
