"""Clicks on vertices in the viewport, and markers where landmarks are.

Markers are locators under one group that is never saved, never selected and never part of undo. While picking is on,
the viewport selects vertices of one mesh in order, without soft selection; the user's own settings come back after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Optional

from maya import cmds
from maya.api import OpenMaya as om

from facepatch_maya import scene_names
from facepatch_maya.host import MayaHost
from facepatch_maya.scene_state import kept_modified, kept_selection, undo_off
from facepatch_maya.user_events import UserEvents

GROUP = "facepatch_markers"
SIZE = 0.006
"""Half the length of a marker, relative to the diagonal of the mesh."""
PICKED, PROPOSED, CURRENT = (0.10, 0.85, 0.55), (0.95, 0.75, 0.20), (1.0, 0.35, 0.25)
"""Colours: picked; proposed only; the one that the next click gives a place."""

OnVertices = Callable[[Sequence[int]], None]


class Viewport:
    """The viewport of a Maya with a user interface."""

    def __init__(self, host: MayaHost) -> None:
        self._host = host
        self._events: Optional[UserEvents] = None
        self._before: dict[str, Any] = {}
        self._seen: list[int] = []
        self._markers: dict[str, str] = {}
        """Landmark -> its locator's transform."""
        self._shown: tuple[str, dict[str, int]] = ("", {})

    # -------------------------------------------------------------------------------------------- selection

    def selected_meshes(self) -> tuple[str, ...]:
        """Meshes that are selected, themselves, by their groups or by their vertices, in order."""
        selected = cmds.ls(selection=True, long=True, objectsOnly=True) or []
        known = scene_names.mesh_names()
        found: dict[str, None] = {}
        for name in selected:
            below = cmds.listRelatives(
                name, allDescendents=True, type="mesh", noIntermediate=True, fullPath=True
            )
            for shape in [name] if cmds.objectType(name, isAType="mesh") else below or []:
                mesh = scene_names.mesh_name(scene_names.mesh_shape(shape))
                if mesh in known:
                    found[mesh] = None
        return tuple(found)

    def selected_nodes(self) -> tuple[str, ...]:
        """Long names of the selected transforms, joints among them."""
        return tuple(cmds.ls(selection=True, long=True, transforms=True) or [])

    def selected_controls(self) -> tuple[str, ...]:
        """Names of the selected transforms, joints, sets and blendShapes."""
        others = [
            name for kind in ("objectSet", "blendShape") for name in cmds.ls(selection=True, type=kind) or []
        ]
        return (*self.selected_nodes(), *others)

    def show_frame(self, frame: float) -> None:
        """Go to a frame of the scene."""
        cmds.currentTime(frame)

    def name_of(self, uuid: str) -> str:
        """The mesh with that uuid, of its transform or its shape; "" where it is gone."""
        found = cmds.ls(uuid, long=True) or []
        return scene_names.mesh_name(scene_names.mesh_shape(found[0])) if found else ""

    def look_at(self, mesh: str, vertex: int) -> None:
        """Select the vertex and frame it."""
        cmds.select(f"{mesh}.vtx[{vertex}]", replace=True)
        cmds.viewFit(fitFactor=0.2, animate=False)

    # ---------------------------------------------------------------------------------------------- picking

    def start_picking(self, mesh: str, on_vertices: OnVertices) -> None:
        """Call `on_vertices` with the vertices of `mesh` that are clicked, in the order of the clicks."""
        self.stop_picking()
        self._before = {
            "order": bool(cmds.selectPref(query=True, trackSelectionOrder=True)),
            "soft": bool(cmds.softSelect(query=True, softSelectEnabled=True)),
            "components": bool(cmds.selectMode(query=True, component=True)),
            "vertices": bool(cmds.selectType(query=True, polymeshVertex=True)),
            "selection": cmds.ls(selection=True, long=True) or [],
        }
        self._seen = []

        def changed() -> None:
            now = [vertex for name, vertex in self._host.selected_vertices() if name == mesh]
            new = [vertex for vertex in now if vertex not in self._seen]
            self._seen = now
            if new:
                on_vertices(new)

        self._events = UserEvents({"SelectionChanged": changed})
        try:
            cmds.selectPref(trackSelectionOrder=True)
            cmds.softSelect(edit=True, softSelectEnabled=0)
            cmds.select(clear=True)
            cmds.hilite(mesh, replace=True)
            cmds.selectMode(component=True)
            cmds.selectType(allComponents=False)
            cmds.selectType(polymeshVertex=True)
            self._events.open()
        except BaseException:
            self.stop_picking()
            raise

    def stop_picking(self) -> None:
        """Give the viewport back as it was."""
        if self._events is None:
            return
        self._events.close()
        self._events = None
        cmds.selectType(polymeshVertex=self._before["vertices"])
        cmds.selectMode(**{"component" if self._before["components"] else "object": True})
        cmds.selectPref(trackSelectionOrder=self._before["order"])
        cmds.softSelect(edit=True, softSelectEnabled=int(self._before["soft"]))
        still_there = [name for name in self._before["selection"] if cmds.objExists(name)]
        if still_there:
            cmds.select(still_there, replace=True)
        else:
            cmds.select(clear=True)

    # ---------------------------------------------------------------------------------------------- markers

    def show_markers(
        self, mesh: str, landmarks: Mapping[str, int], proposals: Mapping[str, int], current: str
    ) -> None:
        """A marker per landmark, on its vertex at the current frame."""
        places = {**proposals, **landmarks}
        with _aside():
            for name in [name for name in self._markers if name not in places]:
                _delete(self._markers.pop(name))
            if places:
                self._tend_group()
                size = SIZE * _diagonal(mesh)
                for name, vertex in places.items():
                    marker = self._marker(name)
                    picked = PICKED if name in landmarks else PROPOSED
                    _place(marker, mesh, vertex)
                    _dress(
                        marker,
                        CURRENT if name == current else picked,
                        size * (1.0 if name in landmarks else 0.7),
                    )
            else:
                _delete(GROUP)
        self._shown = (mesh, places)

    def follow(self) -> None:
        """Put the markers where their vertices are at the new time."""
        mesh, places = self._shown
        if self._markers and cmds.objExists(mesh):
            with _aside():
                for name, marker in self._markers.items():
                    if cmds.objExists(marker):
                        _place(marker, mesh, places[name])

    def hide_markers(self) -> None:
        """No markers."""
        with _aside():
            _delete(GROUP)
        self._markers.clear()
        self._shown = ("", {})

    def _tend_group(self) -> None:
        if not cmds.objExists(GROUP):
            self._markers.clear()
            cmds.createNode("transform", name=GROUP, skipSelect=True)
            cmds.setAttr(f"{GROUP}.hiddenInOutliner", True)
            cmds.setAttr(f"{GROUP}.overrideEnabled", True)
            # 2: drawn, never selected.
            cmds.setAttr(f"{GROUP}.overrideDisplayType", 2)
            _never_save(GROUP)

    def _marker(self, landmark: str) -> str:
        marker = self._markers.get(landmark, "")
        if not marker or not cmds.objExists(marker):
            marker = cmds.createNode("transform", name=f"fp_{landmark}", parent=GROUP, skipSelect=True)
            shape = cmds.createNode("locator", name=f"fp_{landmark}Shape", parent=marker, skipSelect=True)
            for node in (marker, shape):
                _never_save(node)
            for name, value in (
                ("overrideEnabled", True),
                ("overrideDisplayType", 2),
                ("overrideRGBColors", True),
            ):
                cmds.setAttr(f"{shape}.{name}", value)
            marker = cmds.ls(marker, long=True)[0]
            self._markers[landmark] = marker
        return marker


@contextmanager
def _aside() -> Iterator[None]:
    """Nothing of the block is undone, saved or selected."""
    with kept_modified(), kept_selection(), undo_off():
        yield


def _place(marker: str, mesh: str, vertex: int) -> None:
    x, y, z = cmds.xform(f"{mesh}.vtx[{vertex}]", query=True, worldSpace=True, translation=True)[:3]
    cmds.setAttr(f"{marker}.translate", x, y, z, type="double3")


def _dress(marker: str, color: tuple[float, float, float], size: float) -> None:
    shape = cmds.listRelatives(marker, shapes=True, fullPath=True)[0]
    cmds.setAttr(f"{shape}.overrideColorRGB", *color, type="double3")
    cmds.setAttr(f"{shape}.localScale", size, size, size, type="double3")


def _diagonal(mesh: str) -> float:
    box = cmds.exactWorldBoundingBox(mesh)
    return sum((high - low) ** 2 for low, high in zip(box[:3], box[3:])) ** 0.5


def _delete(node: str) -> None:
    if cmds.objExists(node):
        cmds.delete(node)


def _never_save(node: str) -> None:
    om.MFnDependencyNode(om.MSelectionList().add(node).getDependNode(0)).setDoNotWrite(True)
