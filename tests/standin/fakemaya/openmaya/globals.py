"""MGlobal, MNamespace, MRichSelection, MDGContext and iterators."""

from __future__ import annotations

from typing import Any, Iterator, Optional

import numpy as np

from fakemaya import meshes
from fakemaya.active import active
from fakemaya.api_contract import api
from fakemaya.commands import deferred
from fakemaya.evaluate import world_of
from fakemaya.matrices import transform_points
from fakemaya.naming import Component
from fakemaya.openmaya.objects import MDagPath, MObject, MSelectionList, fn_number, living
from fakemaya.openmaya.units import MTime
from fakemaya.openmaya.values import MODULE


@api(MODULE)
class MRichSelection:
    def __init__(self, source: Any = None) -> None:
        self._list: Optional[MSelectionList] = source._list if source is not None else None

    def getSelection(self) -> MSelectionList:
        if self._list is None:
            raise RuntimeError("(kFailure): there is no selection")
        return self._list

    def clear(self) -> Any:
        self._list = None
        return self


@api(MODULE)
class MGlobal:
    @staticmethod
    def displayInfo(msg: str) -> None:
        deferred.show(active(), "info", msg)

    @staticmethod
    def displayWarning(msg: str) -> None:
        deferred.show(active(), "warning", msg)

    @staticmethod
    def displayError(msg: str) -> None:
        deferred.show(active(), "error", msg)

    @staticmethod
    def mayaState() -> int:
        return 1 if active().batch else 0

    @staticmethod
    def mayaVersion() -> str:
        return str(active().version)

    @staticmethod
    def apiVersion() -> int:
        return active().version * 10000

    @staticmethod
    def isYAxisUp() -> bool:
        return active().scene.up_axis == "y"

    @staticmethod
    def isZAxisUp() -> bool:
        return active().scene.up_axis == "z"

    @staticmethod
    def isUndoing() -> bool:
        return active().scene.queue._replaying

    @staticmethod
    def isRedoing() -> bool:
        return active().scene.queue._replaying

    @staticmethod
    def executeCommandOnIdle(string: str, displayEnabled: bool = False) -> None:
        from fakemaya import mel

        maya = active()
        deferred.queue(maya, lambda: mel.run(maya, string))

    @staticmethod
    def executeCommandStringResult(
        string: str, displayEnabled: bool = False, undoEnabled: bool = False
    ) -> str:
        from fakemaya import mel

        return str(mel.run(active(), string))

    @staticmethod
    def getActiveSelectionList(orderedSelectionIfAvailable: bool = False) -> MSelectionList:
        from fakemaya.commands.listing import unordered

        maya = active()
        if orderedSelectionIfAvailable and maya.state.get("track_selection_order"):
            return MSelectionList._of(maya.scene.selection)
        return MSelectionList._of(unordered(maya.scene))

    @staticmethod
    def setActiveSelectionList(selection: MSelectionList, listAdjustment: int = 0) -> None:
        """Not undoable, as any API change."""
        scene = active().scene
        scene.selection = list(selection._things)
        scene.notify("selection")

    @staticmethod
    def clearSelectionList() -> None:
        active().scene.selection = []
        active().scene.notify("selection")

    @staticmethod
    def getSelectionListByName(name: str) -> MSelectionList:
        return MSelectionList().add(name)

    @staticmethod
    def getRichSelection(defaultToActiveSelection: bool = True) -> MRichSelection:
        """With soft selection on, vertices near the selected ones come with a falling weight."""
        maya = active()
        if not maya.scene.selection:
            raise RuntimeError("(kFailure): nothing is selected")
        soft = maya.state.get("soft_select", {})
        things = []
        for thing in maya.scene.selection:
            if isinstance(thing, Component) and thing.kind == "vtx" and soft.get("softSelectEnabled"):
                things.append(_softened(thing, float(soft["softSelectDistance"])))
            else:
                things.append(thing)
        made = MRichSelection()
        made._list = MSelectionList._of(things)
        return made

    @staticmethod
    def setTrackSelectionOrderEnabled(*args: Any) -> None:
        active().state["track_selection_order"] = bool(args[0]) if args else True

    @staticmethod
    def trackSelectionOrderEnabled() -> bool:
        return bool(active().state.get("track_selection_order", False))

    @staticmethod
    def deleteNode(node: MObject) -> None:
        from fakemaya.commands.nodes import delete_tree
        from fakemaya.openmaya.depend import unrecorded

        with unrecorded() as scene:
            delete_tree(scene, living(node))


def _softened(thing: Component, distance: float) -> Component:
    scene = active().scene
    points = transform_points(
        meshes.of(scene, thing.shape).points.astype(float), world_of(scene, thing.shape)
    )
    away = np.linalg.norm(points[:, None] - points[thing.elements][None], axis=2).min(1)
    inside = np.flatnonzero(away < distance)
    weights = {int(i): float(1 - away[i] / distance) for i in inside}
    return Component(thing.shape, "vtx", inside, weights)


@api(MODULE)
class MNamespace:
    @staticmethod
    def currentNamespace() -> str:
        return active().scene.namespace or ":"

    @staticmethod
    def namespaceExists(name: str) -> bool:
        return name.strip(":") in active().scene.namespaces

    @staticmethod
    def getNamespaceFromName(fullName: str) -> str:
        return fullName.rpartition("|")[2].rpartition(":")[0]

    @staticmethod
    def stripNamespaceFromName(fullName: str) -> str:
        return fullName.rpartition(":")[2]

    @staticmethod
    def rootNamespace() -> str:
        return ":"


@api(MODULE)
class MDGContext:
    """Normal (the scene's time) or another time."""

    def __init__(self, when: Any = None) -> None:
        self._ticks = when._ticks if isinstance(when, (MTime, MDGContext)) else None
        self._before: Optional[int] = None

    def isNormal(self) -> bool:
        return self._ticks is None

    def getTime(self) -> MTime:
        return MTime._from_ticks(self._ticks if self._ticks is not None else active().scene.time)

    def makeCurrent(self) -> MDGContext:
        scene = active().scene
        before = MDGContext()
        before._ticks = scene.context_ticks
        scene.context_ticks, scene.cache = self._ticks, {}
        return before


MDGContext.kNormal = MDGContext()


@api("maya.api.MDGContextGuard")
class MDGContextGuard:
    """Evaluates at the context's time inside `with`."""

    def __init__(self, context: MDGContext) -> None:
        self._context = context
        self._before: Optional[MDGContext] = None

    def __enter__(self) -> MDGContextGuard:
        self._before = self._context.makeCurrent()
        return self

    def __exit__(self, *details: Any) -> None:
        if self._before is not None:
            self._before.makeCurrent()


@api(MODULE)
class MItDependencyNodes:
    def __init__(self, filterType: int = 0) -> None:
        nodes = [
            n
            for n in active().scene.nodes.values()
            if not filterType or filterType == fn_number("kInvalid") or MObject._of(n).hasFn(filterType)
        ]
        self._nodes, self._at = nodes, 0

    def isDone(self) -> bool:
        return self._at >= len(self._nodes)

    def thisNode(self) -> MObject:
        return MObject._of(self._nodes[self._at])

    def next(self) -> Any:
        self._at += 1
        return self

    def __iter__(self) -> Iterator[MObject]:
        return iter([MObject._of(n) for n in self._nodes[self._at :]])


@api(MODULE)
class MItDag:
    def __init__(self, traversalType: int = 1, filterType: int = 0) -> None:
        nodes = [n for root in active().scene.world for n in (root, *root.descendants())]
        self._nodes = [n for n in nodes if not filterType or MObject._of(n).hasFn(filterType)]
        self._at = 0

    def isDone(self) -> bool:
        return self._at >= len(self._nodes)

    def currentItem(self) -> MObject:
        return MObject._of(self._nodes[self._at])

    def getPath(self) -> MDagPath:
        return MDagPath._of(self._nodes[self._at])

    def fullPathName(self) -> str:
        return self._nodes[self._at].path

    def next(self) -> Any:
        self._at += 1
        return self
