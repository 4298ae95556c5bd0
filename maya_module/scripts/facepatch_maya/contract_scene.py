"""The scene of `facepatch.core.host_contract` in Maya, made by commands alone: for the self-check and for tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from maya import cmds
from maya.api import OpenMaya as om
from maya.api import OpenMayaAnim as oma

from facepatch.core.host import Curve
from facepatch.core.host_contract import scene as contract
from facepatch_maya.channels import base_plug, own_curve
from facepatch_maya.host import MayaHost
from facepatch_maya.scene_names import mesh_name, mesh_shape, plug

_UNITS = {0.1: "mm", 1.0: "cm", 2.54: "in", 30.48: "ft", 100.0: "m"}


class MayaFixture:
    """A `host_contract.HostFixture`. It opens new scenes and discards the one that is open."""

    def __init__(self) -> None:
        self.host = MayaHost()

    def new_scene(self, *, centimetres_per_unit: float = 1.0) -> contract.ContractScene:
        """Open the contract's scene."""
        cmds.file(new=True, force=True)
        cmds.currentUnit(linear="cm", angle="deg", time="film")
        cmds.upAxis(axis="y")
        cmds.playbackOptions(minTime=contract.START, maxTime=contract.END)
        head = cmds.createNode("transform", name="head")
        degrees = float(np.degrees(contract.HEAD_TURN))
        steps = contract.END - contract.START
        _key(f"{head}.translateX", contract.HEAD_MOVE_CM * steps)
        _key(f"{head}.rotateY", degrees * steps)
        face = _mesh("face", contract.FACE_POINTS, contract.FACE_POLYGONS, parent=head)
        cmds.setAttr(f"{face}.translate", *contract.FACE_TRANSLATE, type="double3")
        cmds.setAttr(f"{face}.rotateY", float(np.degrees(contract.FACE_TURN)))
        cmds.setAttr(f"{face}.scale", *([contract.FACE_SCALE] * 3), type="double3")
        jaw = _mesh("jaw", contract.CUBE_POINTS, contract.CUBE_POLYGONS, parent="")
        node = _blendshape(face)
        _key(f"{node}.smile", 1.0)
        control = _controls(node)
        cmds.currentUnit(linear=_UNITS[centimetres_per_unit])
        self.go_to(contract.NOW)
        return contract.ContractScene(
            face=mesh_name(mesh_shape(face)),
            jaw=mesh_name(mesh_shape(jaw)),
            head=cmds.ls(head, long=True)[0],
            smile=f"{node}.smile",
            control=f"{control}.mouth_open",
            locked=f"{control}.locked_one",
            free=f"{control}.free",
        )

    def go_to(self, frame: float) -> None:
        """Move the current time."""
        cmds.currentTime(frame)

    def select(self, vertices: Sequence[tuple[str, int]]) -> None:
        """Select vertices one after the other."""
        cmds.selectPref(trackSelectionOrder=True)
        cmds.select(clear=True)
        for mesh, vertex in vertices:
            cmds.select(f"{mesh}.vtx[{vertex}]", add=True)

    def rename(self, mesh: str, name: str) -> str:
        """Rename a mesh; its new name."""
        return mesh_name(mesh_shape(cmds.rename(mesh, name)))

    def cut(self, mesh: str) -> None:
        """Delete polygon 0, and with it vertex 0, which only it uses."""
        cmds.delete(f"{mesh}.f[0]")

    def keys(self, attribute: str) -> Curve:
        """The keys of an attribute below all layers, in internal units."""
        node = own_curve(base_plug(plug(attribute)))
        if node is None:
            return Curve(np.zeros(0), np.zeros(0))
        function, unit = oma.MFnAnimCurve(node), om.MTime.uiUnit()
        rows = range(int(function.numKeys))
        frames = [function.input(row).asUnits(unit) for row in rows]
        return Curve(np.array(frames), np.array([function.value(row) for row in rows]))

    def is_there(self, name: str) -> bool:
        """Whether a node exists."""
        return bool(cmds.objExists(name))


def _mesh(name: str, points: Any, polygons: Sequence[Sequence[int]], *, parent: str) -> str:
    transform = cmds.createNode("transform", name=name, **({"parent": parent} if parent else {}))
    owner = om.MSelectionList().add(transform).getDependNode(0)
    corners = [int(vertex) for polygon in polygons for vertex in polygon]
    om.MFnMesh().create(
        om.MPointArray([om.MPoint(*row) for row in points.tolist()]),
        [len(polygon) for polygon in polygons],
        corners,
        parent=owner,
    )
    return str(cmds.ls(transform, long=True)[0])


def _blendshape(face: str) -> str:
    """A node with the targets `smile` and `open`, whose meshes are gone."""
    targets: list[str] = []
    for name, delta in (("smile", contract.SMILE), ("open", contract.OPEN)):
        target = cmds.duplicate(face, name=name)[0]
        function = om.MFnMesh(mesh_shape(target))
        moved = (contract.FACE_POINTS + delta).tolist()
        function.setPoints(om.MPointArray([om.MPoint(*row) for row in moved]), space=om.MSpace.kObject)
        targets.append(target)
    node = cmds.blendShape(*targets, face, origin="local", name="faceShapes")[0]
    cmds.delete(*targets)
    return str(node)


def _controls(node: str) -> str:
    control = cmds.createNode("transform", name="mouth_ctrl")
    cmds.addAttr(
        control, longName="mouth_open", attributeType="double", defaultValue=0.5, minValue=0.0, maxValue=2.0,
        keyable=True,
    )  # fmt: skip
    for name in ("locked_one", "free"):
        cmds.addAttr(control, longName=name, attributeType="double", keyable=True)
    cmds.setAttr(f"{control}.mouth_open", contract.CONTROL_VALUE)
    cmds.setAttr(f"{control}.locked_one", lock=True)
    cmds.connectAttr(f"{control}.mouth_open", f"{node}.open")
    return str(control)


def _key(attribute: str, last: float) -> None:
    """Linear keys from 0 at the first frame to `last`, in the scene's units."""
    node, _, name = attribute.rpartition(".")
    for frame, value in ((contract.START, 0.0), (contract.END, last)):
        cmds.setKeyframe(
            node, attribute=name, time=[frame], value=value, inTangentType="linear", outTangentType="linear"
        )
