"""The scene: nodes and their names, connections, values, selection, time, units. What changes it goes through here.

Two kinds of change, as in Maya: `set_value`, `connect`, `create`... record themselves in the undo queue (commands);
`put`, `link`, `insert`... do not (the API). Values are in Maya's internal units: cm, radians, ticks of time.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import Any, Callable, Iterable, Iterator, Optional

import numpy as np

from fakemaya import evaluate, naming, new_scene
from fakemaya.curves import TICKS_PER_SECOND
from fakemaya.node import Key, Node, Plug, new_node
from fakemaya.schema import Attr
from fakemaya.undo import Action, UndoQueue

LINEAR = {
    "mm": 0.1,
    "millimeter": 0.1,
    "cm": 1.0,
    "centimeter": 1.0,
    "m": 100.0,
    "meter": 100.0,
    "km": 1e5,
    "kilometer": 1e5,
    "in": 2.54,
    "inch": 2.54,
    "ft": 30.48,
    "foot": 30.48,
    "yd": 91.44,
    "yard": 91.44,
    "mi": 160934.4,
    "mile": 160934.4,
}
LINEAR_SHORT = {
    "millimeter": "mm",
    "centimeter": "cm",
    "meter": "m",
    "kilometer": "km",
    "inch": "in",
    "foot": "ft",
    "yard": "yd",
    "mile": "mi",
}
RATES = {
    "game": 15.0,
    "film": 24.0,
    "pal": 25.0,
    "ntsc": 30.0,
    "show": 48.0,
    "palf": 50.0,
    "ntscf": 60.0,
    "23.976fps": 24000 / 1001,
    "29.97fps": 30000 / 1001,
    "29.97df": 30000 / 1001,
    "47.952fps": 48000 / 1001,
    "59.94fps": 60000 / 1001,
    "sec": 1.0,
    "min": 1 / 60,
    "hour": 1 / 3600,
    "millisec": 1000.0,
}


def ticks_per_frame(unit: str) -> int:
    """Ticks in one unit of time by Maya's name of it ("film", "120fps"); RuntimeError for an unknown one."""
    rate = RATES.get(unit)
    if rate is None:
        match = re.fullmatch(r"(\d+(?:\.\d+)?)fps", unit)
        if not match:
            raise RuntimeError(f"Invalid time unit: {unit}")
        rate = float(match.group(1))
    return round(TICKS_PER_SECOND / rate)


class Scene:
    """One open scene."""

    def __init__(self) -> None:
        self.queue = UndoQueue()
        self.nodes: dict[str, Node] = {}
        self.by_name: dict[str, list[Node]] = {}
        self.world: list[Node] = []
        """DAG nodes without a parent, in order."""
        self.namespaces: list[str] = ["UI", "shared"]
        self.namespace = ""
        self.selection: list[Any] = []
        """Selected things in order: Node, Plug or naming.Component."""
        self.linear_unit, self.angular_unit, self.time_unit = "cm", "deg", "film"
        self.up_axis = "y"
        self.time = self.ticks_per_frame
        """Current time in ticks: frame 1 of a new scene."""
        self.playback = {"min": 1.0, "max": 120.0, "animation_min": 1.0, "animation_max": 200.0}
        """Frames of the playback range and of the animation range."""
        self.path = ""
        self.modified = False
        self.file_info: dict[str, str] = {}
        self.references: list[Any] = []
        self.version = 0
        self.cache: dict[Any, Any] = {}
        self.context_ticks: Optional[int] = None
        self.overrides: dict[Any, Any] = {}
        """Numbers set on keyed plugs, until time changes."""
        self.listeners: list[Callable[[str, tuple[Any, ...]], None]] = []
        """Called with (event, arguments): "selection", "attribute", "renamed", "removed", "connection", "time"..."""
        new_scene.populate(self)

    # ------------------------------------------------------------------------------------------ undo

    def record(self, do: Action, undo: Action) -> None:
        """Run `do` and remember how to take it back."""
        self.queue.record(do, undo)
        self.modified = True

    @contextmanager
    def command(self, name: str) -> Iterator[None]:
        """One command: one undo step (or part of the open one); what a failing one recorded is taken back."""
        if name in ("undo", "redo", "undoInfo"):
            yield
            return
        mark = self.queue.open(name)
        try:
            yield
        except BaseException:
            self.queue.roll_back(mark)
            raise
        finally:
            self.queue.close()

    def dirty(self) -> None:
        """Forget what was evaluated."""
        self.version += 1
        if self.cache:
            self.cache = {}

    def notify(self, event: str, *arguments: Any) -> None:
        for listener in list(self.listeners):
            listener(event, arguments)

    # ------------------------------------------------------------------------------------------ names

    def find(self, name: str) -> list[Node]:
        """Nodes that a name or path means, without wildcards."""
        return naming.find(self, name)

    def node(self, name: str) -> Node:
        """The one node of a name; ValueError with Maya's words where there is none or more than one."""
        found = naming.find(self, name)
        if not found:
            raise ValueError(f"No object matches name: {name}")
        if len(found) > 1:
            raise ValueError(f"More than one object matches name: {name}")
        return found[0]

    def plug(self, text: str) -> Plug:
        """The plug of "node.attr[1].child"; ValueError where there is none."""
        return naming.plug(self, text)

    def short(self, node: Node) -> str:
        """The shortest path that means this node only."""
        return naming.shortest(self, node)

    def plug_name(self, plug: Plug, *, long: bool = True, path: bool = False) -> str:
        return f"{plug.node.path if path else self.short(plug.node)}.{plug.attribute_name(long=long)}"

    # ------------------------------------------------------------------------------------------ nodes

    def insert(self, node: Node, position: Optional[int] = None) -> None:
        """Put a node into the scene, under its `parent`. Not recorded."""
        node.alive = True
        self.nodes[node.uuid] = node
        self.by_name.setdefault(node.full_name, []).append(node)
        if node.is_dag:
            siblings = node.parent.children if node.parent else self.world
            siblings.insert(len(siblings) if position is None else position, node)
        self.dirty()
        self.notify("added", node)

    def remove(self, node: Node) -> int:
        """Take a node out of the scene; its connections must be gone. Returns its place among its siblings."""
        self.notify("removing", node)
        node.alive = False
        del self.nodes[node.uuid]
        self._forget_name(node)
        position = 0
        if node.is_dag:
            siblings = node.parent.children if node.parent else self.world
            position = siblings.index(node)
            siblings.pop(position)
        self.selection = [each for each in self.selection if naming.node_of(each) is not node]
        self.dirty()
        self.notify("removed", node)
        return position

    def create(
        self, kind: str, name: str = "", *, parent: Optional[Node] = None, exact: bool = False
    ) -> Node:
        """A new node with a free name (recorded). Undo removes it, redo brings back an EMPTY one, as Maya does."""
        namespace, wanted = (
            naming.split(name)
            if name
            else (self.namespace, f"{kind}1" if kind != "transform" else "transform1")
        )
        if name and not namespace and not name.startswith(":"):
            namespace = self.namespace
        if namespace and namespace not in self.namespaces:
            raise RuntimeError(f"The namespace '{namespace}' does not exist.")
        node = new_node(kind, naming.legal(wanted), namespace)
        node.parent = parent
        if not exact:
            node.name = naming.free(self, node, node.name, parent)

        def do() -> None:
            for kept in (
                node.values,
                node.indices,
                node.extra,
                node.aliases,
                node.locked_plugs,
                node.memo,
                node.inputs,
                node.outputs,
            ):
                kept.clear()
            node.members = []
            node.keys = type(node.keys)()
            self.insert(node)

        def undo() -> None:
            if node.alive:
                self.unlink_all(node)
                self.remove(node)

        self.record(do, undo)
        return node

    def delete(self, node: Node) -> None:
        """Remove a node with its connections (recorded); nodes below it must be gone. Nothing is checked."""
        if not node.alive:
            return
        for destination, source in list(self.connections(node)):
            self.disconnect(source, destination)
        at = [0]
        sets = [(s, list(s.members)) for s in self.nodes.values() if any(m[0] is node for m in s.members)]
        selection = list(self.selection)

        def do() -> None:
            for owner, members in sets:
                owner.members = [m for m in members if m[0] is not node]
            at[0] = self.remove(node)

        def undo() -> None:
            self.insert(node, at[0])
            for owner, members in sets:
                owner.members = list(members)
            self.selection = [each for each in selection if naming.node_of(each).alive]

        self.record(do, undo)

    def rename(self, node: Node, name: str) -> None:
        """Give a node a new leaf name, possibly with a namespace (recorded); made unique."""
        namespace, leaf = naming.split(name)
        if not namespace and not name.startswith(":"):
            namespace = self.namespace
        if namespace and namespace not in self.namespaces:
            raise RuntimeError(f"The namespace '{namespace}' does not exist.")
        old = node.namespace, node.name
        self._forget_name(node)
        node.namespace, node.name = namespace, naming.legal(leaf)
        new = namespace, naming.free(self, node, node.name, node.parent)
        node.namespace, node.name = old
        self.by_name.setdefault(node.full_name, []).append(node)

        def change(to: tuple[str, str]) -> None:
            before = node.full_name
            self._forget_name(node)
            node.namespace, node.name = to
            self.by_name.setdefault(node.full_name, []).append(node)
            self.notify("renamed", node, before)

        self.record(lambda: change(new), lambda: change(old))

    def reparent(self, node: Node, parent: Optional[Node], position: Optional[int] = None) -> None:
        """Move a DAG node under another (recorded); its local transform is not touched."""
        siblings = node.parent.children if node.parent else self.world
        old, old_position = node.parent, siblings.index(node)

        def move(to: Optional[Node], place: Optional[int]) -> None:
            (node.parent.children if node.parent else self.world).remove(node)
            node.parent = to
            target = to.children if to else self.world
            target.insert(len(target) if place is None else place, node)
            self.dirty()

        self.record(lambda: move(parent, position), lambda: move(old, old_position))

    def _forget_name(self, node: Node) -> None:
        same = self.by_name[node.full_name]
        same.remove(node)
        if not same:
            del self.by_name[node.full_name]

    # ------------------------------------------------------------------------------------------ values

    def get(self, plug: Plug) -> Any:
        """The evaluated value in internal units; a compound gives a tuple, an array a list of its elements."""
        return evaluate.pull(self, plug)

    def put(self, plug: Plug, value: Any) -> None:
        """Store a value as the API does: nothing is recorded. Locks and connections are the caller's to check."""
        node, attr = plug.node, plug.attr
        if attr.compound and not plug.is_array:
            for child, part in zip(plug.children, value):
                self.put(child, part)
            return
        node.touch(attr, plug.indices)
        node.values[plug.key] = value
        self.dirty()
        self.notify("attribute", plug)

    def set(self, plug: Plug, value: Any) -> None:
        """Store a value as a command does: recorded. Array elements made on the way stay after undo, as in Maya."""
        if plug.attr.compound and not plug.is_array:
            for child, part in zip(plug.children, value):
                self.set(child, part)
            return
        node, key = plug.node, plug.key
        had, old = key in node.values, node.values.get(key)

        def undo() -> None:
            if had:
                node.values[key] = old
            else:
                node.values.pop(key, None)
            self.dirty()
            self.notify("attribute", plug)

        self.record(lambda: self.put(plug, value), undo)

    def assign(self, plug: Plug, value: Any, *, recorded: bool = True) -> None:
        """Set a plug that may be keyed: the number then holds only until time changes, as in Maya."""
        if plug.attr.compound and not plug.is_array:
            for child, part in zip(plug.children, value):
                self.assign(child, part, recorded=recorded)
            return
        if self.driver(plug) is None:
            (self.set if recorded else self.put)(plug, value)
            return
        key = (plug.node, *plug.key)
        had, old = key in self.overrides, self.overrides.get(key)

        def change(present: bool, to: Any) -> None:
            if present:
                self.overrides[key] = to
            else:
                self.overrides.pop(key, None)
            self.dirty()
            self.notify("attribute", plug)

        if recorded:
            self.record(lambda: change(True, value), lambda: change(had, old))
        else:
            change(True, value)

    def is_locked(self, plug: Plug) -> bool:
        """Whether the plug or one above it is locked."""
        at: Optional[Plug] = plug
        while at is not None:
            if at.key in at.node.locked_plugs:
                return True
            at = at.parent
        return False

    def lock(self, plug: Plug, locked: bool) -> None:
        """Lock or unlock a plug (recorded)."""
        was, kept = plug.key in plug.node.locked_plugs, plug.node.locked_plugs

        def change(to: bool) -> None:
            kept.add(plug.key) if to else kept.discard(plug.key)

        self.record(lambda: change(locked), lambda: change(was))

    def add_attribute(self, node: Node, attr: Attr) -> None:
        """Give one node an attribute of its own (recorded)."""

        def do() -> None:
            for each in attr.walk():
                each.dynamic = True
                node.extra[each.name] = each
            self.dirty()

        def undo() -> None:
            for each in attr.walk():
                node.extra.pop(each.name, None)
            self.dirty()

        self.record(do, undo)

    # ------------------------------------------------------------------------------------------ connections

    def source(self, plug: Plug) -> Optional[Plug]:
        """What is connected into exactly this plug."""
        return plug.node.inputs.get(plug.key)

    def driver(self, plug: Plug) -> Optional[Plug]:
        """What drives this plug, into itself or into a compound above it."""
        at: Optional[Plug] = plug
        while at is not None:
            if at.key in at.node.inputs:
                return at.node.inputs[at.key]
            at = at.parent if not at.is_element else None
        return None

    def destinations(self, plug: Plug) -> list[Plug]:
        return list(plug.node.outputs.get(plug.key, ()))

    def link(self, source: Plug, destination: Plug) -> None:
        """Connect, replacing what was there. Not recorded."""
        if destination.key in destination.node.inputs:
            self.unlink(destination)
        source.node.touch(source.attr, source.indices)
        destination.node.touch(destination.attr, destination.indices)
        destination.node.inputs[destination.key] = source
        source.node.outputs.setdefault(source.key, []).append(destination)
        self.dirty()
        self.notify("connection", source, destination, True)

    def unlink(self, destination: Plug) -> None:
        """Disconnect; the plug keeps the number that it had. Not recorded."""
        source = destination.node.inputs[destination.key]
        evaluate.keep_value(self, destination)
        del destination.node.inputs[destination.key]
        kept = source.node.outputs.get(source.key, [])
        if destination in kept:
            kept.remove(destination)
        if not kept:
            source.node.outputs.pop(source.key, None)
        self.dirty()
        self.notify("connection", source, destination, False)

    def unlink_all(self, node: Node) -> None:
        for destination, _ in list(self.connections(node)):
            self.unlink(destination)

    def connect(self, source: Plug, destination: Plug) -> None:
        """Connect (recorded)."""
        if destination.key in destination.node.inputs:
            self.disconnect(destination.node.inputs[destination.key], destination)
        had, old = destination.key in destination.node.values, destination.node.values.get(destination.key)

        def undo() -> None:
            if destination.node.inputs.get(destination.key) == source:
                self.unlink(destination)
                if had:
                    destination.node.values[destination.key] = old
                else:
                    destination.node.values.pop(destination.key, None)
                self.dirty()

        self.record(lambda: self.link(source, destination), undo)

    def disconnect(self, source: Plug, destination: Plug) -> None:
        """Disconnect (recorded)."""

        def do() -> None:
            if destination.key in destination.node.inputs:
                self.unlink(destination)

        self.record(
            do,
            lambda: self.link(source, destination) if source.node.alive and destination.node.alive else None,
        )

    def connections(self, node: Node) -> Iterator[tuple[Plug, Plug]]:
        """(destination, source) of every connection that touches the node, each once."""
        for key, source in list(node.inputs.items()):
            yield Plug(node, self.attr_of(node, key), key[1]), source
        for key, destinations in list(node.outputs.items()):
            for destination in list(destinations):
                if destination.node is not node:
                    yield destination, Plug(node, self.attr_of(node, key), key[1])

    @staticmethod
    def attr_of(node: Node, key: Key) -> Attr:
        attr = node.find(key[0])
        if attr is None:
            raise KeyError(f"{node.path} has no {key[0]}")
        return attr

    def next_free(self, plug: Plug) -> Plug:
        """The first element of an array plug that nothing is connected into and that has no value."""
        node, used = plug.node, set(plug.node.elements(plug.attr, plug.indices))
        index = 0
        while index in used and (
            node.inputs.get(plug.element(index).key) or plug.element(index).key in node.values
        ):
            index += 1
        return plug.element(index)

    # ------------------------------------------------------------------------------------------ time and units

    @property
    def ticks_per_frame(self) -> int:
        return ticks_per_frame(self.time_unit)

    @property
    def frame(self) -> float:
        """Current time in frames of the scene's rate."""
        return self.time / self.ticks_per_frame

    def go_to(self, ticks: int) -> None:
        """Change the current time. Not recorded: the command does that."""
        self.time = int(ticks)
        self.overrides.clear()
        self.dirty()
        self.notify("time")

    @property
    def evaluation_ticks(self) -> int:
        return self.time if self.context_ticks is None else self.context_ticks

    @contextmanager
    def at(self, ticks: Optional[int]) -> Iterator[None]:
        """Evaluate at another time inside the block, the scene's own time unchanged (getAttr -time, MDGContext)."""
        before = self.context_ticks
        self.context_ticks, self.cache = ticks, {}
        try:
            yield
        finally:
            self.context_ticks, self.cache = before, {}

    def to_ui(self, kind: str, value: Any) -> Any:
        """A number of the internal unit as the commands show it."""
        if kind == "doubleLinear":
            return value / LINEAR[self.linear_unit]
        if kind == "doubleAngle":
            return float(np.degrees(value)) if self.angular_unit == "deg" else float(value)
        return value / self.ticks_per_frame if kind == "time" else value

    def from_ui(self, kind: str, value: Any) -> Any:
        """A number as the commands take it in the internal unit."""
        if kind == "doubleLinear":
            return float(value) * LINEAR[self.linear_unit]
        if kind == "doubleAngle":
            return float(np.radians(value)) if self.angular_unit == "deg" else float(value)
        return round(value * self.ticks_per_frame) if kind == "time" else value

    # ------------------------------------------------------------------------------------------ selection

    def select(self, things: Iterable[Any]) -> None:
        """Replace the selection (recorded)."""
        old, new = list(self.selection), list(things)

        def change(to: list[Any]) -> None:
            self.selection = [each for each in to if naming.node_of(each).alive]
            self.notify("selection")

        was = self.modified
        self.record(lambda: change(new), lambda: change(old))
        self.modified = was

    # ------------------------------------------------------------------------------------------ a new scene

    def clear(self) -> None:
        """Back to an empty scene with Maya's own nodes; the undo queue is flushed. Units stay: they are preferences."""
        self.notify("clearing")
        self.nodes, self.by_name, self.world, self.selection = {}, {}, [], []
        self.namespaces, self.namespace, self.references, self.file_info = ["UI", "shared"], "", [], {}
        self.playback = {"min": 1.0, "max": 120.0, "animation_min": 1.0, "animation_max": 200.0}
        self.path, self.time = "", self.ticks_per_frame
        self.overrides.clear()
        self.queue.flush()
        self.dirty()
        new_scene.populate(self)
