"""Rigs in the scene of the stand-in, with controls as riggers make them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

SIDE = 9


def sheet() -> tuple[Any, list[int], list[int]]:
    """(V, 3) points of a face-sized sheet that looks along +Z, its polygon counts and corners."""
    line = np.linspace(-8.0, 8.0, SIDE, dtype=np.float32)
    x, y = np.meshgrid(line, line)
    points = np.stack([x, y, 8.0 - 0.05 * (x * x + y * y)], axis=2).reshape(-1, 3).astype(np.float32)
    corners: list[int] = []
    for row in range(SIDE - 1):
        for column in range(SIDE - 1):
            first = row * SIDE + column
            corners += [first, first + 1, first + SIDE + 1, first + SIDE]
    return points, [4] * (SIDE - 1) ** 2, corners


def push(place: tuple[float, float], by: tuple[float, float, float], size: float = 3.0) -> Any:
    """(V, 3) a soft push of the sheet around a place."""
    points = sheet()[0]
    away = ((points[:, :2] - np.array(place, np.float32)) ** 2).sum(axis=1)
    return (np.exp(-away / size**2)[:, None] * np.array(by, np.float32)).astype(np.float32)


SHAPES = {
    "smile_L": push((4, -3), (1.0, 0.8, -0.3)),
    "smile_R": push((-4, -3), (-1.0, 0.8, -0.3)),
    "jawOpen": push((0, -6), (0.0, -2.5, -0.4), 4.0),
    "blink": push((0, 4), (0.0, -1.1, 0.1), 2.5),
    "jawOpen_smile": push((2, -4), (0.5, -0.6, 0.2)),
}


def shape_rig(maya: Any, namespace: str = "") -> str:
    """A sheet with five targets. Returns its path.

    smile_ctrl.left (0 to 10) drives smile_L by a tenth, jaw_ctrl.translateY (limited to -2 to 0) jawOpen by minus a
    half, lid_ctrl.rotateX (no limits; shut at 45 degrees) blink, the first two together the corrective; smile_R is a
    weight that nothing drives.
    """
    from maya import cmds

    face = maya.add_mesh("face", *sheet())
    copies = [maya.add_mesh(name, sheet()[0] + delta, *sheet()[1:]) for name, delta in SHAPES.items()]
    node = cmds.blendShape(*copies, face, name="bs", origin="local")[0]
    cmds.delete(*copies)
    for name in ("smile_ctrl", "jaw_ctrl", "lid_ctrl"):
        cmds.createNode("transform", name=name)
    cmds.addAttr(
        "smile_ctrl", longName="left", attributeType="double", minValue=0.0, maxValue=10.0, keyable=True
    )
    for end, value in (("min", -2.0), ("max", 0.0)):
        cmds.setAttr(f"jaw_ctrl.{end}TransYLimit", value)
        cmds.setAttr(f"jaw_ctrl.{end}TransYLimitEnable", True)
    convert("smile_ctrl.left", f"{node}.smile_L", 0.1)
    convert("jaw_ctrl.translateY", f"{node}.jawOpen", -0.5)
    convert("lid_ctrl.rotateX", f"{node}.blink", 1.0 / 45.0)
    product = cmds.createNode("multiplyDivide", name="both")
    convert("smile_ctrl.left", f"{product}.input1X", 0.1)
    convert("jaw_ctrl.translateY", f"{product}.input2X", -0.5)
    cmds.connectAttr(f"{product}.outputX", f"{node}.jawOpen_smile")
    return str(face)


def convert(source: str, destination: str, factor: float) -> None:
    """Connect through a unitConversion."""
    from maya import cmds

    node = cmds.createNode("unitConversion", name="unit")
    cmds.setAttr(f"{node}.conversionFactor", factor)
    cmds.connectAttr(source, f"{node}.input")
    cmds.connectAttr(f"{node}.output", destination)


def shape_controls(frames: int = 40) -> Any:
    """(T, 4) of smile_ctrl.left, jaw_ctrl.translateY, lid_ctrl.rotateX in degrees, and the weight smile_R."""
    time = np.arange(frames) / frames
    out = np.empty((frames, 4))
    out[:, 0] = 5 - 5 * np.cos(2 * np.pi * time)
    out[:, 1] = -1.8 * np.sin(np.pi * time) ** 2
    out[:, 2] = 36 * np.clip(np.sin(6 * np.pi * time), 0, 1)
    out[:, 3] = 0.7 * np.clip(np.sin(3 * np.pi * time), 0, 1)
    return out


def shape_meshes(controls: Any) -> Any:
    """(T, V, 3) what `shape_rig` does."""
    smile, jaw, blink = controls[:, 0] / 10, -controls[:, 1] / 2, controls[:, 2] / 45
    weights = np.stack([smile, controls[:, 3], jaw, blink, smile * jaw], axis=1)
    return sheet()[0] + np.einsum("ts,svc->tvc", weights, np.stack(list(SHAPES.values())))


def joint_rig(maya: Any) -> str:
    """A sheet that two joints hold: one turns and slides, driven by controls; the second is its own control.

    jaw_ctrl.rotateX (-5 to 25 degrees), jaw_ctrl.translateZ (0 to 1.5 cm), brow.translateY (-1 to 1 cm).
    """
    from maya import cmds

    from fakemaya.commands.geometry import insert_deformer

    face = maya.add_mesh("face", *sheet())
    points = sheet()[0]
    for name in ("root", "jaw", "brow"):
        cmds.createNode("joint", name=name)
    cmds.createNode("transform", name="jaw_ctrl")
    cmds.createNode("skinCluster", name="skin")
    insert_deformer(maya.scene, maya.scene.node("skin"), maya.scene.node("faceShape"))
    for row, name in enumerate(("root", "jaw", "brow")):
        cmds.connectAttr(f"{name}.worldMatrix[0]", f"skin.matrix[{row}]")
    jaw = np.clip((0.0 - points[:, 1]) / 6.0, 0, 1)
    brow = np.clip((points[:, 1] - 2.0) / 6.0, 0, 1)
    for row, weights in enumerate((1 - jaw - brow, jaw, brow)):
        for vertex in np.flatnonzero(weights):
            cmds.setAttr(f"skin.weightList[{vertex}].weights[{row}]", float(weights[vertex]))
    for channel in ("rotateX", "translateZ"):
        cmds.connectAttr(f"jaw_ctrl.{channel}", f"jaw.{channel}")
    for control, kind, low, high in (
        ("jaw_ctrl", "RotX", -5.0, 25.0),
        ("jaw_ctrl", "TransZ", 0.0, 1.5),
        ("brow", "TransY", -1.0, 1.0),
    ):
        for end, value in (("min", low), ("max", high)):
            cmds.setAttr(f"{control}.{end}{kind}Limit", value)
            cmds.setAttr(f"{control}.{end}{kind}LimitEnable", True)
    return str(face)


JOINT_CONTROLS = ("jaw_ctrl.rotateX", "jaw_ctrl.translateZ", "brow.translateY")


def joint_controls(frames: int = 24) -> Any:
    """(T, 3) of JOINT_CONTROLS, degrees and cm."""
    time = np.arange(frames) / frames
    return np.stack(
        [
            10 - 10 * np.cos(2 * np.pi * time),
            0.6 * np.sin(np.pi * time) ** 2,
            0.8 * np.sin(2 * np.pi * time),
        ],
        axis=1,
    )


SHAPE_CONTROLS = ("smile_ctrl.left", "jaw_ctrl.translateY", "lid_ctrl.rotateX", "bs.smile_R")
"""The columns of `shape_controls`."""


def scene_of(maya: Any, tmp_path: Path, face: str, *others: str) -> Any:
    """The scene with the captured character, and what works on it."""
    from maya import cmds

    from facepatch_maya import rig_controls, rig_keys, solve_rig, solve_steps, steps

    cmds.currentUnit(time="film")
    cmds.playbackOptions(minTime=1, maxTime=3)
    steps.capture_character([face, *others], tmp_path / "hero")
    cmds.file(modified=False)
    return SimpleNamespace(
        maya=maya, cmds=cmds, face=face, hero=tmp_path / "hero", out=tmp_path / "out", clip=tmp_path / "clip.npz",
        read_rig=solve_rig.read_rig, steps=solve_steps, bake=rig_keys.bake_controls, rig_controls=rig_controls,
    )  # fmt: skip


def animated(scene: Any, names: Any, frames: int, start: int = 101) -> Any:
    """(T, C) what the attributes are, in the units that a user sees."""
    return np.array([[scene.cmds.getAttr(name, time=start + row) for name in names] for row in range(frames)])


def reasons(rig_or_applied: Any) -> dict[str, str]:
    """Name -> why it was left out or alone."""
    left = getattr(rig_or_applied, "left_out", None) or getattr(rig_or_applied, "left_alone", ())
    return {one.name: one.reason for one in left}
