"""MDGModifier and MDagModifier: changes that are collected, done, undone and done again, outside of the undo queue."""

from __future__ import annotations

from typing import Any, Callable

from fakemaya import naming
from fakemaya.active import active
from fakemaya.api_contract import api
from fakemaya.commands.nodes import delete_tree
from fakemaya.node import Node, new_node
from fakemaya.openmaya.objects import MObject, living
from fakemaya.openmaya.plug import FAILURE, MPlug
from fakemaya.openmaya.values import MODULE, plain
from fakemaya.schema import TYPES
from fakemaya.undo import Step, UndoQueue


@api(MODULE)
class MDGModifier:
    def __init__(self) -> None:
        self._waiting: list[Callable[[], None]] = []
        self._steps: list[Step] = []
        self._undone: list[Step] = []

    def doIt(self) -> Any:
        """Do what was undone again, with the same nodes, then what waits; where one fails, that call is taken back."""
        scene = active().scene
        for step in reversed(self._undone):
            self._steps.append(step)
            self._quietly(step.redo)
        self._undone = []
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return self
        outer, scene.queue = scene.queue, UndoQueue()
        scene.queue.open("modifier")
        try:
            for run in waiting:
                run()
        except Exception:
            scene.queue.roll_back(0)
            raise
        finally:
            step = scene.queue._open
            scene.queue = outer
        self._steps.append(step)
        return self

    def undoIt(self) -> Any:
        for step in reversed(self._steps):
            self._quietly(step.undo)
            self._undone.append(step)
        self._steps = []
        return self

    @staticmethod
    def _quietly(run: Callable[[], None]) -> None:
        scene = active().scene
        outer, scene.queue = scene.queue, UndoQueue()
        scene.queue.on = False
        try:
            run()
        finally:
            scene.queue = outer

    def _append_done(self, do: Callable[[], None], undo: Callable[[], None]) -> None:
        """Keep an action that has been done: undoIt takes it back, a later doIt does it again."""
        self._steps.append(Step("", [(do, undo)]))

    def createNode(self, typeName: Any) -> MObject:
        return self._create(typeName, None)

    def _create(self, kind: Any, parent: Any) -> MObject:
        if kind not in TYPES:
            raise TypeError(f"(kInvalidParameter): Unknown object type: {kind}")
        node = new_node(kind, "")
        active().state.setdefault("pending_nodes", {})[node.uuid] = node

        def run() -> None:
            scene = active().scene
            above = living(parent) if parent is not None and not parent.isNull() else None
            self._adopt(scene, node, above)

        self._waiting.append(run)
        return MObject._of(node)

    @staticmethod
    def _adopt(scene: Any, node: Node, parent: Any) -> None:
        node.parent = parent
        node.namespace = scene.namespace
        node.name = naming.free(scene, node, f"{node.type.name}1", parent)
        active().state.get("pending_nodes", {}).pop(node.uuid, None)
        kept = (dict(node.values), dict(node.extra))

        def do() -> None:
            node.values.update(kept[0])
            node.extra.update(kept[1])
            scene.insert(node)

        def undo() -> None:
            if node.alive:
                scene.unlink_all(node)
                scene.remove(node)

        scene.record(do, undo)

    def deleteNode(self, node: MObject) -> Any:
        held = living(node)

        def run() -> None:
            if held.referenced or held.locked or held.default:
                raise RuntimeError(FAILURE)
            delete_tree(active().scene, held)

        self._waiting.append(run)
        return self

    def renameNode(self, node: MObject, newName: str) -> Any:
        held = node._thing

        def run() -> None:
            if held.referenced or held.locked:
                raise RuntimeError(FAILURE)
            active().scene.rename(held, newName)

        self._waiting.append(run)
        return self

    def connect(self, source: MPlug, dest: MPlug) -> Any:
        """Fails where the destination is connected already: a modifier does not force."""
        a, b = MPlug(source), MPlug(dest)

        def run() -> None:
            scene = active().scene
            if (
                scene.source(b._plug()) is not None
                or scene.is_locked(b._plug())
                or not b._plug().attr.writable
            ):
                raise RuntimeError(f"{FAILURE}: {b.name()} is connected, locked or not writable")
            scene.connect(a._plug(), b._plug())

        self._waiting.append(run)
        return self

    def disconnect(self, source: MPlug, dest: MPlug) -> Any:
        a, b = MPlug(source), MPlug(dest)

        def run() -> None:
            scene = active().scene
            if scene.source(b._plug()) != a._plug() or scene.is_locked(b._plug()):
                raise RuntimeError(f"{FAILURE}: {b.name()} is not connected from {a.name()}, or is locked")
            scene.disconnect(a._plug(), b._plug())

        self._waiting.append(run)
        return self

    def _new_value(self, plug: MPlug, value: Any) -> Any:
        held = MPlug(plug)

        def run() -> None:
            at = held._plug()
            if held.isFreeToChange(True, False) == 1:
                raise RuntimeError(f"{FAILURE}: {held.name()} is locked or connected")
            active().scene.assign(at, value)

        self._waiting.append(run)
        return self

    def newPlugValueDouble(self, plug: MPlug, value: float) -> Any:
        return self._new_value(plug, float(plain(value)))

    def newPlugValueFloat(self, plug: MPlug, value: float) -> Any:
        return self._new_value(plug, float(plain(value)))

    def newPlugValueInt(self, plug: MPlug, value: int) -> Any:
        return self._new_value(plug, int(plain(value, (int,), "an int")))

    def newPlugValueShort(self, plug: MPlug, value: int) -> Any:
        return self.newPlugValueInt(plug, value)

    def newPlugValueBool(self, plug: MPlug, value: bool) -> Any:
        return self._new_value(plug, bool(plain(value, (bool, int), "a bool")))

    def newPlugValueString(self, plug: MPlug, value: str) -> Any:
        return self._new_value(plug, plain(value, (str,), "a string"))

    def newPlugValueMAngle(self, plug: MPlug, value: Any) -> Any:
        return self._new_value(plug, value.asRadians())

    def newPlugValueMDistance(self, plug: MPlug, value: Any) -> Any:
        return self._new_value(plug, value.asCentimeters())

    def newPlugValueMTime(self, plug: MPlug, value: Any) -> Any:
        return self._new_value(plug, value._ticks)

    def newPlugValue(self, plug: MPlug, value: MObject) -> Any:
        return self._new_value(plug, value._thing.value)

    def addAttribute(self, node: MObject, attribute: MObject) -> Any:
        held, attr = node._thing, attribute._thing

        def run() -> None:
            if held.find(attr.name) is not None:
                raise RuntimeError(FAILURE)
            active().scene.add_attribute(held, attr)

        self._waiting.append(run)
        return self

    def setNodeLockState(self, node: MObject, newState: bool) -> Any:
        held = node._thing

        def run() -> None:
            old = held.locked
            active().scene.record(
                lambda: setattr(held, "locked", bool(newState)), lambda: setattr(held, "locked", old)
            )

        self._waiting.append(run)
        return self

    def commandToExecute(self, command: str) -> Any:
        text = plain(command, (str,), "MEL text")

        def run() -> None:
            from fakemaya import mel

            mel.run(active(), text)

        self._waiting.append(run)
        return self

    def pythonCommandToExecute(self, callable: Any) -> Any:
        self._waiting.append(callable if not isinstance(callable, str) else lambda: exec(callable, {}))
        return self


@api(MODULE)
class MDagModifier(MDGModifier):
    def createNode(self, typeName: Any, parent: Any = None) -> MObject:
        """A transform for a shape type without parent is made by Maya; here shapes need a parent."""
        if typeName in TYPES and "dagNode" not in TYPES[typeName].lineage:
            raise TypeError(f"(kInvalidParameter): {typeName} is no DAG node")
        return self._create(typeName, parent)

    def reparentNode(self, node: MObject, newParent: Any = None) -> Any:
        held = node._thing

        def run() -> None:
            to = living(newParent) if newParent is not None and not newParent.isNull() else None
            active().scene.reparent(held, to)
            wanted = naming.free(active().scene, held, held.name, to)
            if wanted != held.name:
                active().scene.rename(held, f":{held.namespace}:{wanted}".replace("::", ":"))

        self._waiting.append(run)
        return self
