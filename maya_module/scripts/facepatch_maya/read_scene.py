"""What the scene holds: meshes, cameras, motion, selection. Reads only."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import ExitStack
from typing import Any, Literal, Optional

import numpy as np
from maya import cmds
from maya.api import OpenMaya as om

from facepatch.core.axes import Axes, Float32
from facepatch.core.data.mesh import Topology
from facepatch.core.errors import UnsupportedError
from facepatch.core.host import HostMesh, MotionFrame, SceneInfo
from facepatch_maya import scene_names
from facepatch_maya.mesh_points import MeshPoints, column_matrix
from facepatch_maya.scene_state import (
    cached_playback_off,
    evaluation_as,
    kept_modified,
    kept_time,
    selected,
    undo_off,
    viewport_paused,
)

RATES = {
    "game": (15, 1),
    "film": (24, 1),
    "pal": (25, 1),
    "ntsc": (30, 1),
    "show": (48, 1),
    "palf": (50, 1),
    "ntscf": (60, 1),
    "hour": (1, 3600),
    "min": (1, 60),
    "sec": (1, 1),
    "millisec": (1000, 1),
}
"""Maya's time units that do not say their rate."""


def scene_info() -> SceneInfo:
    """The open scene; its range is the playback range."""
    axis: Literal["y", "z"] = "z" if cmds.upAxis(query=True, axis=True) == "z" else "y"
    return SceneInfo(
        path=cmds.file(query=True, sceneName=True) or "",
        start_frame=float(cmds.playbackOptions(query=True, minTime=True)),
        end_frame=float(cmds.playbackOptions(query=True, maxTime=True)),
        current_frame=float(cmds.currentTime(query=True)),
        rate=rate_of_unit(cmds.currentUnit(query=True, time=True)),
        up_axis=axis,
        centimetres_per_unit=float(om.MDistance(1.0, om.MDistance.uiUnit()).asCentimeters()),
    )


def rate_of_unit(unit: str) -> tuple[int, int]:
    """Frames per second of Maya's time unit: "film" (24, 1), "23.976fps" (24000, 1001), "100fps" (100, 1)."""
    if unit in RATES:
        return RATES[unit]
    number = unit.rstrip("dfps")
    try:
        rate = float(number)
    except ValueError:
        rate = 0.0
    if rate <= 0.0:
        raise UnsupportedError(
            f"scene: time unit '{unit}' is no frame rate. Choose one in Preferences > Settings."
        )
    whole = round(rate)
    # Maya writes 24000/1001 as 23.976.
    return (whole, 1) if abs(rate - whole) < 1e-3 * rate / 2 else (whole * 1000, 1001)


def meshes() -> tuple[str, ...]:
    """Names of all meshes that are not intermediate: long paths of their transforms."""
    return tuple(scene_names.mesh_names())


def cameras() -> tuple[str, ...]:
    """Long paths of all cameras but Maya's own top, front and side."""
    transforms = [
        cmds.listRelatives(shape, parent=True, fullPath=True)[0]
        for shape in cmds.ls(type="camera", long=True) or []
    ]
    return tuple(name for name in transforms if not _is_side_view(name))


def _is_side_view(camera: str) -> bool:
    startup = cmds.camera(camera, query=True, startupCamera=True)
    return bool(startup and cmds.camera(camera, query=True, orthographic=True))


def read_mesh(name: str) -> HostMesh:
    """One mesh at the current frame."""
    shape = scene_names.mesh_shape(name)
    return HostMesh(
        name=scene_names.mesh_name(shape),
        uuid=_uuid(shape),
        points=MeshPoints(shape).object_space(),
        topology=read_topology(shape),
        object_to_world=column_matrix(shape.inclusiveMatrix()),
    )


def _uuid(shape: Any) -> str:
    return om.MFnDependencyNode(shape.transform()).uuid().asString()


def read_topology(shape: Any) -> Topology:
    """Polygons of the mesh at MDagPath `shape`."""
    mesh = om.MFnMesh(shape)
    counts, corners = mesh.getVertices()
    return Topology(
        int(mesh.numVertices), np.array(counts, dtype=np.int32), np.array(corners, dtype=np.int32)
    )


def read_motion(
    names: Sequence[str], frames: Sequence[float], *, head: str = ""
) -> Generator[MotionFrame, None, None]:
    """The meshes at each of `frames`, and the node `head`.

    Names are looked up, and arrays checked, before the first frame. See `Host.read_motion`.
    """
    times = [
        float(frame) for frame in Axes()("frames", np.asarray(frames, dtype=np.float64), "T", np.float64)
    ]
    shapes = [scene_names.mesh_shape(name) for name in names]
    head_path = scene_names.dag_path(head) if head else None
    return _frames(shapes, times, head_path)


def _frames(
    shapes: Sequence[Any], times: Sequence[float], head: Optional[Any]
) -> Generator[MotionFrame, None, None]:
    with ExitStack() as state:
        for borrowed in (kept_modified(), viewport_paused(), cached_playback_off(), evaluation_as("off")):
            state.enter_context(borrowed)
        state.enter_context(kept_time())
        state.enter_context(undo_off())
        readers = [MeshPoints(shape) for shape in shapes]
        for frame in times:
            cmds.currentTime(frame)
            yield MotionFrame(
                frame=frame,
                points=tuple(reader.world_space() for reader in readers),
                object_to_world=tuple(reader.object_to_world() for reader in readers),
                head_to_world=None if head is None else column_matrix(head.inclusiveMatrix()),
            )


def selected_vertices() -> tuple[tuple[str, int], ...]:
    """(mesh, vertex) in the order of selection, where Maya tracks it (`selectPref -trackSelectionOrder`)."""
    found: list[tuple[str, int]] = []
    names: dict[str, str] = {}
    for item in selected(flatten=True):
        owner, _, component = item.partition(".vtx[")
        if not component:
            continue
        if owner not in names:
            names[owner] = scene_names.mesh_name(scene_names.mesh_shape(owner))
        found.append((names[owner], int(component.rstrip("]"))))
    return tuple(found)


def world_points(names: Sequence[str]) -> Float32:
    """(V, 3) world space, cm, of all meshes one after the other, at the current frame."""
    return np.concatenate([MeshPoints(scene_names.mesh_shape(name)).world_space() for name in names])
