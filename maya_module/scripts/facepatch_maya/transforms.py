"""What a transform or joint is made of, in centimetres and radians, and where its parent is over time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
from maya import cmds
from maya.api import OpenMaya as om

from facepatch.core.axes import Float64
from facepatch.core.pose import ORDERS, ControlRest, rotations_from_euler
from facepatch_maya.mesh_points import column_matrix
from facepatch_maya.scene_names import dag_path
from facepatch_maya.scene_state import (
    cached_playback_off,
    evaluation_as,
    kept_modified,
    kept_time,
    undo_off,
    viewport_paused,
)


@contextmanager
def visiting(frames: Sequence[float]) -> Iterator[Iterator[float]]:
    """Goes through `frames`; the scene is as before at the end. None of them: the current frame."""
    with ExitStack() as state:
        for borrowed in (kept_modified(), viewport_paused(), cached_playback_off(), evaluation_as("off")):
            state.enter_context(borrowed)
        state.enter_context(kept_time())
        state.enter_context(undo_off())
        yield _through(frames)


def _through(frames: Sequence[float]) -> Iterator[float]:
    for frame in frames:
        cmds.currentTime(frame)
        yield frame


def rest_of(node: str, *, keep_pose: bool) -> ControlRest:
    """The transform `node` at the current frame: as it stands, or with its channels at zero.

    A joint keeps its translation either way: it is the bone's.
    """
    path = dag_path(node)
    function = om.MFnDependencyNode(path.node())
    joint = path.node().hasFn(om.MFn.kJoint)
    rotate = _three(function, "rotate") if keep_pose else np.zeros(3)
    translate = _three(function, "translate") if keep_pose or joint else np.zeros(3)
    parent = parent_of(path)
    place = translate + _three(function, "rotatePivot") + _three(function, "rotatePivotTranslate")
    orient = rotations_from_euler(_three(function, "jointOrient")[None])[0] if joint else None
    return ControlRest(
        parent=parent,
        pivot=parent[:3, :3] @ place + parent[:3, 3],
        rotate=rotate,
        translate=translate,
        order=ORDERS[function.findPlug("rotateOrder", False).asInt()],
        joint_orient=orient,
    )


def pivot_of(node: str) -> Float64:
    """(3,) where the rotate pivot of `node` stands in the world at the current frame, cm."""
    return rest_of(node, keep_pose=True).pivot


def parent_of(path: Any) -> Float64:
    """(4, 4) world from the space in which the channels of the transform at MDagPath `path` work.

    World times the inverse of its own matrix, so that offset parent matrices and switched off inheritance count.
    """
    own = om.MFnMatrixData(om.MFnDependencyNode(path.node()).findPlug("matrix", False).asMObject()).matrix()
    return column_matrix(path.inclusiveMatrix()) @ np.linalg.inv(column_matrix(own))


def parents_over(node: str, frames: Sequence[float]) -> Float64:
    """(T, 4, 4) `parent_of` at each of `frames`."""
    path = dag_path(node)
    with visiting(frames) as times:
        return np.array([parent_of(path) for _ in times])


def _three(function: Any, name: str) -> Float64:
    return np.array([function.findPlug(name + axis, False).asDouble() for axis in "XYZ"])
