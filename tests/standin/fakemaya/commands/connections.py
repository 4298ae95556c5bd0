"""connectAttr, disconnectAttr, listConnections, connectionInfo, isConnected, listHistory."""

from __future__ import annotations

from typing import Any, Optional

from fakemaya import naming
from fakemaya.node import Node, Plug
from fakemaya.scene import Scene
from fakemaya.schema import NUMBERS
from fakemaya.strict import command


def check_connection(scene: Scene, source: Plug, destination: Plug, *, force: bool) -> None:
    """RuntimeError in Maya's words where two plugs cannot be connected."""
    s, d = scene.plug_name(source), scene.plug_name(destination)
    if not destination.attr.writable:
        raise RuntimeError(f"The destination attribute '{d}' is not writable.")
    if scene.is_locked(destination):
        raise RuntimeError(f"The attribute '{d}' is locked or connected and cannot be modified.")
    before = scene.source(destination)
    if before == source:
        raise RuntimeError(f"'{s}' is already connected to '{d}'.")
    if before is not None and not force:
        raise RuntimeError(f"'{d}' already has an incoming connection from '{scene.plug_name(before)}'.")
    if not _fits(source, destination):
        raise RuntimeError(f"The attribute '{d}' cannot be connected from '{s}': data types do not match.")


def _fits(source: Plug, destination: Plug) -> bool:
    a, b = source.attr.kind, destination.attr.kind
    if b == "message":
        return True
    if a == "message":
        return False
    if a in NUMBERS and b in NUMBERS:
        return True
    if source.attr.compound and destination.attr.compound:
        return len(source.attr.children) == len(destination.attr.children)
    return a == b or "generic" in (a, b)


@command("connectAttr")
def connect_attr(
    maya: Any, *args: str, force: bool = False, nextAvailable: bool = False, lock: Any = None
) -> str:
    scene: Scene = maya.scene
    if len(args) != 2:
        raise RuntimeError("connectAttr: needs a source and a destination.")
    try:
        source, destination = scene.plug(args[0]), scene.plug(args[1])
    except ValueError as error:
        raise RuntimeError(
            f"The source attribute or destination attribute cannot be found. {error}"
        ) from None
    if nextAvailable:
        if not destination.is_array:
            raise RuntimeError(f"'{args[1]}' is not a multi-attribute.")
        destination = scene.next_free(destination)
    if destination.is_array and not source.is_array:
        raise RuntimeError(
            f"The data type of the source is not compatible with that of the destination array '{args[1]}'."
        )
    check_connection(scene, source, destination, force=force)
    scene.connect(source, destination)
    return f"Connected {scene.plug_name(source)} to {scene.plug_name(destination)}."


@command("disconnectAttr")
def disconnect_attr(maya: Any, *args: str, nextAvailable: bool = False) -> str:
    scene: Scene = maya.scene
    if len(args) != 2:
        raise RuntimeError("disconnectAttr: needs a source and a destination.")
    source, destination = scene.plug(args[0]), scene.plug(args[1])
    if nextAvailable:
        destination = next((e for e in destination.elements() if scene.source(e) == source), destination)
    if scene.source(destination) != source:
        raise RuntimeError(f"There is no connection from '{args[0]}' to '{args[1]}' to disconnect.")
    if scene.is_locked(destination):
        raise RuntimeError(
            f"The attribute '{scene.plug_name(destination)}' is locked and cannot be disconnected."
        )
    scene.disconnect(source, destination)
    return f"Disconnected {scene.plug_name(source)} from {scene.plug_name(destination)}."


def _pairs(scene: Scene, text: str) -> tuple[list[tuple[Plug, Plug]], list[tuple[Plug, Plug]]]:
    """(incoming, outgoing) connections as (own plug, other plug), of a node or of a plug and what is below it."""
    if "." in text:
        own = list(scene.plug(text).walk())
    else:
        node = scene.node(text)
        keys = [*node.inputs, *node.outputs]
        own = list(dict.fromkeys(Plug(node, scene.attr_of(node, k), k[1]) for k in keys))
    incoming = [(p, p.node.inputs[p.key]) for p in own if p.key in p.node.inputs]
    outgoing = [(p, d) for p in own for d in p.node.outputs.get(p.key, ())]
    return incoming, outgoing


@command("listConnections")
def list_connections(
    maya: Any,
    *args: str,
    source: Optional[bool] = None,
    destination: Optional[bool] = None,
    plugs: bool = False,
    connections: bool = False,
    type: str = "",
    exactType: bool = False,
    shapes: bool = False,
    skipConversionNodes: bool = False,
) -> Any:
    scene: Scene = maya.scene
    texts = args or [naming.shortest(scene, naming.node_of(t)) for t in scene.selection]
    out: list[str] = []
    for text in texts:
        incoming, outgoing = _pairs(scene, text)
        rows = (incoming if source is not False else []) + (outgoing if destination is not False else [])
        for own, other in rows:
            if skipConversionNodes and other.node.type.name == "unitConversion":
                other = _through(scene, other)
            kind = other.node.type
            if type and not (kind.name == type if exactType else type in kind.lineage):
                continue
            node = other.node
            if node.is_shape and not shapes and not plugs and node.parent:
                node = node.parent
            if connections:
                out.append(scene.plug_name(own))
            out.append(scene.plug_name(other) if plugs else scene.short(node))
    return out or None


def _through(scene: Scene, plug: Plug) -> Plug:
    node = plug.node
    if plug.attr.name == "output":
        return node.inputs.get(("input", ()), plug)
    onward = node.outputs.get(("output", ()), [])
    return onward[0] if onward else plug


@command("connectionInfo")
def connection_info(
    maya: Any,
    *args: str,
    sourceFromDestination: bool = False,
    destinationFromSource: bool = False,
    isSource: bool = False,
    isDestination: bool = False,
    isLocked: bool = False,
    isExactSource: bool = False,
    isExactDestination: bool = False,
    getExactDestination: bool = False,
    getExactSource: bool = False,
    getLockedAncestor: bool = False,
) -> Any:
    scene: Scene = maya.scene
    plug = scene.plug(args[0])
    if isLocked:
        return scene.is_locked(plug)
    if isDestination:
        return scene.driver(plug) is not None
    if isExactDestination:
        return scene.source(plug) is not None
    if isSource or isExactSource:
        return bool(scene.destinations(plug))
    if sourceFromDestination:
        found = scene.driver(plug)
        return scene.plug_name(found) if found else ""
    if destinationFromSource:
        return [scene.plug_name(d) for d in scene.destinations(plug)]
    if getExactDestination:
        at: Optional[Plug] = plug
        while at is not None and scene.source(at) is None:
            at = at.parent
        return scene.plug_name(at) if at else ""
    raise RuntimeError("connectionInfo: ask for something.")


@command("isConnected")
def is_connected(maya: Any, *args: str, ignoreUnitConversion: bool = False) -> bool:
    scene: Scene = maya.scene
    source, destination = (scene.plug(a) for a in args)
    found = scene.source(destination)
    if ignoreUnitConversion and found is not None and found.node.type.name == "unitConversion":
        found = found.node.inputs.get(("input", ()), found)
    return found == source


@command("listHistory")
def list_history(
    maya: Any,
    *args: str,
    future: bool = False,
    pruneDagObjects: bool = False,
    interestLevel: int = 0,
    groupLevels: bool = False,
    levels: int = 0,
    allConnections: bool = False,
    leaf: bool = True,
    breadthFirst: bool = False,
    fastIteration: bool = False,
    allFuture: bool = False,
    historyAttr: bool = False,
    futureLocalAttr: bool = False,
    futureWorldAttr: bool = False,
) -> Any:
    scene: Scene = maya.scene
    out: list[Node] = []
    for text in args or [naming.shortest(scene, naming.node_of(t)) for t in scene.selection]:
        for start in naming.match(scene, text.partition(".")[0]):
            if start.isa("transform"):
                start = naming.visible_shape(start) or start
            walk_history(start, out, future)
    if not args and not out:
        raise RuntimeError("listHistory: nothing is selected.")
    if pruneDagObjects:
        out = [node for node in out if not node.is_dag]
    if interestLevel:
        out = [
            node
            for node in out
            if node.is_dag or int(node.values.get(("isHistoricallyInteresting", ()), 2)) >= 1
        ]
    return [scene.short(node) for node in out] or None


def walk_history(node: Node, out: list[Node], future: bool = False) -> None:
    """A node and what its geometry is made from (or goes into), depth first."""
    if node in out:
        return
    out.append(node)
    if future:
        following = [
            d.node for plugs in list(node.outputs.values()) for d in plugs if d.attr.kind != "message"
        ]
    else:
        following = [
            s.node
            for key, s in node.inputs.items()
            if s.attr.kind not in ("message",) and not (node.is_dag and key[0] == "instObjGroups")
        ]
    for other in following:
        if not other.isa("time") and not other.isa("objectSet"):
            walk_history(other, out, future)
