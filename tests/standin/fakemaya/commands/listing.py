"""ls, and what commands call things."""

from __future__ import annotations

from typing import Any

from fakemaya import naming
from fakemaya.naming import Component, node_of
from fakemaya.node import Node, Plug
from fakemaya.scene import Scene
from fakemaya.schema import TYPES
from fakemaya.strict import command


@command("ls")
def ls(
    maya: Any,
    *args: Any,
    selection: bool = False,
    orderedSelection: bool = False,
    long: bool = False,
    shortNames: bool = False,
    flatten: bool = False,
    type: Any = None,
    exactType: Any = None,
    uuid: bool = False,
    shapes: bool = False,
    transforms: bool = False,
    dagObjects: bool = False,
    cameras: bool = False,
    noIntermediate: bool = False,
    intermediateObjects: bool = False,
    assemblies: bool = False,
    geometry: bool = False,
    materials: bool = False,
    references: bool = False,
    referencedNodes: bool = False,
    lockedNodes: bool = False,
    readOnly: bool = False,
    visible: bool = False,
    recursive: bool = False,
    head: int = 0,
    tail: int = 0,
    sets: bool = False,
    leaf: bool = False,
    showType: bool = False,
    undeletable: bool = False,
    defaultNodes: bool = False,
    objectsOnly: bool = False,
    allPaths: bool = False,
    excludeType: Any = None,
    lights: bool = False,
    dependencyNodes: bool = False,
) -> list[str]:
    scene: Scene = maya.scene
    texts = [t for a in args for t in (a if isinstance(a, (list, tuple)) else [a])]
    if selection or orderedSelection:
        if orderedSelection and not maya.state.get("track_selection_order", False):
            raise RuntimeError(
                "ls: orderedSelection needs selectPref(trackSelectionOrder=True) before the selection was made."
            )
        chosen = list(scene.selection) if orderedSelection else unordered(scene)
        if texts:
            named = {id(node_of(t)) for text in texts for t in naming.things(scene, text)}
            chosen = [t for t in chosen if id(node_of(t)) in named]
    elif texts:
        chosen = [t for text in texts for t in _named(scene, text, recursive)]
        chosen = _distinct(chosen)
    else:
        chosen = list(scene.nodes.values())
    if dagObjects:
        chosen = [t for t in chosen if node_of(t).is_dag]
        if texts or selection:
            chosen = _distinct(
                [d for t in chosen for d in ([t, *t.descendants()] if isinstance(t, Node) else [t])]
            )
    if objectsOnly:
        chosen = _distinct([node_of(t) for t in chosen])
    kinds = [type] if isinstance(type, str) else type
    exact = [exactType] if isinstance(exactType, str) else exactType
    for kind in kinds or ():
        if kind not in TYPES:
            raise RuntimeError(f"Unknown object type: {kind}")

    def shown(node: Node) -> bool:
        return all(node_visible(scene, n) for n in (node, *node.ancestors()))

    checks = (
        (kinds, lambda n: any(n.isa(k) for k in kinds or ())),
        (exact, lambda n: n.type.name in (exact or ())),
        (shapes, lambda n: n.is_shape),
        (transforms, lambda n: n.isa("transform")),
        (cameras, lambda n: n.isa("camera")),
        (
            noIntermediate,
            lambda n: not scene.get(Plug(n, n.type.by_name["intermediateObject"])) if n.is_dag else True,
        ),
        (
            intermediateObjects,
            lambda n: n.is_dag and bool(scene.get(Plug(n, n.type.by_name["intermediateObject"]))),
        ),
        (assemblies, lambda n: n.is_dag and n.parent is None),
        (geometry, lambda n: n.isa("geometryShape")),
        (materials, lambda n: "shader/surface" in n.type.classification or n.isa("lambert")),
        (references, lambda n: n.isa("reference")),
        (referencedNodes, lambda n: n.referenced),
        (lockedNodes, lambda n: n.locked),
        (readOnly, lambda n: n.referenced),
        (visible, lambda n: n.is_dag and shown(n)),
        (sets, lambda n: n.isa("objectSet")),
        (leaf, lambda n: n.is_dag and not n.children),
        (undeletable, lambda n: n.default),
        (defaultNodes, lambda n: n.default),
        (lights, lambda n: n.isa("light")),
    )
    chosen = [t for t in chosen if all(test(node_of(t)) for asked, test in checks if asked)]
    if head or tail:
        chosen = chosen[:head] if head else chosen[-tail:]
    if uuid:
        return [node_of(t).uuid for t in chosen]
    out: list[str] = []
    for thing in chosen:
        names = text_of(scene, thing, long=long, flatten=flatten)
        out.extend(
            [each for name in names for each in (name, node_of(thing).type.name)] if showType else names
        )
    return out


def node_visible(scene: Scene, node: Node) -> bool:
    return bool(scene.get(Plug(node, node.type.by_name["visibility"]))) and not scene.get(
        Plug(node, node.type.by_name["intermediateObject"])
    )


def _named(scene: Scene, text: str, recursive: bool) -> list[Any]:
    found = naming.things(scene, text)
    if recursive and "|" not in text and ":" not in text and "." not in text:
        found = _distinct([*found, *(n for n in scene.nodes.values() if naming._piece([n.name], [text]))])
    return found


def _distinct(things: list[Any]) -> list[Any]:
    out: list[Any] = []
    seen: set[int] = set()
    for thing in things:
        if isinstance(thing, Node):
            if id(thing) in seen:
                continue
            seen.add(id(thing))
        out.append(thing)
    return out


def unordered(scene: Scene) -> list[Any]:
    """The selection as ls(selection=True) has it: components of one shape and kind together, ascending."""
    out: list[Any] = []
    for thing in scene.selection:
        if isinstance(thing, Component):
            same = next(
                (
                    i
                    for i, o in enumerate(out)
                    if isinstance(o, Component) and (o.shape, o.kind) == (thing.shape, thing.kind)
                ),
                -1,
            )
            if same >= 0:
                joined = [*out[same].elements.tolist(), *thing.elements.tolist()]
                out[same] = Component(thing.shape, thing.kind, naming.np.unique(joined))
                continue
        out.append(thing)
    return out


def text_of(scene: Scene, thing: Any, *, long: bool = False, flatten: bool = False) -> list[str]:
    """What a command calls a thing: components are named after the transform (short) or the shape's path (long)."""
    if isinstance(thing, Node):
        return [thing.path if long else scene.short(thing)]
    if isinstance(thing, Component):
        owner = thing.shape.path if long else scene.short(thing.shape.parent or thing.shape)
        if flatten:
            return [f"{owner}.{thing.kind}[{int(i)}]" for i in thing.elements]
        return naming.texts(owner, thing.kind, thing.elements)
    return [scene.plug_name(thing, path=long)]
