"""The rig of a captured character, read from the scene so that clips can be solved for its controls.

Where controls drive blendShape weights one by one (directly, through conversions of units, driven keys or products),
the rig is the captured targets and what drives them. It is held against the meshes that the scene makes; where these
are others (joints, lattices, in-betweens), and for rigs without blendShapes, the scene is sampled instead.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Optional

import numpy as np
from maya import cmds

from facepatch.core.axes import Float64
from facepatch.core.data.capture import CHARACTER_NAME, Capture, read_capture
from facepatch.core.data.rig import RigControl
from facepatch.core.errors import InputError
from facepatch.core.host import LeftAlone
from facepatch.core.pose import rigid_part
from facepatch.core.progress import OnProgress, silent
from facepatch.core.rig_samples import asked, sample_plan, sample_rig
from facepatch.core.rig_start import AskRig
from facepatch.core.scene_rig import SceneRig, in_namespace, write_scene_rig
from facepatch_maya import scene_names
from facepatch_maya.control_ranges import find_controls
from facepatch_maya.driven_shapes import DrivenShapes
from facepatch_maya.host import MayaHost
from facepatch_maya.mesh_points import column_matrix
from facepatch_maya.rest_check import check_rest
from facepatch_maya.scene_state import (
    cached_playback_off,
    evaluation_as,
    kept_modified,
    kept_time,
    undo_off,
)

FOLDER = "rig"
"""In the folder of the captured character."""


def read_rig(
    folder: Path,
    *,
    controls: Sequence[str] = (),
    out: Optional[Path] = None,
    sampled: Optional[bool] = None,
    sparse: int = 200,
    layer: str = "",
    on_progress: OnProgress = silent,
) -> SceneRig:
    """The rig of the captured character in `folder`, written into `out` (`rig` in the folder by default).

    controls: attributes, nodes or sets that a solve may use; none for all that drive the blendShape weights.
    sampled: True to ask the scene what it does, False to take shapes and drivers whatever the scene makes of them,
    None to choose. sparse: random mixtures among the samples. layer: the animation layer that will get the keys.
    The scene is as before at the end, also on an error or when `on_progress` stops it; sampling goes on where it was.
    Raises InputError where nothing drives the meshes, SolveError where the controls do not.
    """
    capture = read_capture(Path(folder))
    place = Path(out or Path(folder) / FOLDER)
    named, left_out = find_controls(controls, layer=layer) if controls else ((), ())
    with at_rest(capture):
        if sampled is not True:
            found = DrivenShapes(capture, named, layer)
            if found.controls:
                apart = found.apart(lambda moved: ask_in_scene(capture, moved), on_progress)
                if sampled is False or not apart:
                    return found.write(place, (*left_out, *found.left_out))
                left_out = (*left_out, *apart)
            named = named or found.free
        if not named:
            raise InputError(
                f"{folder}: no blendShape weight of {', '.join(mesh.name for mesh in capture.meshes)} can be keyed "
                "or is driven by a control. Name the rig's controls, and the rig is sampled."
            )
        return _sample(capture, named, place, left_out, sparse=sparse, on_progress=on_progress)


@contextmanager
def at_rest(capture: Capture) -> Iterator[None]:
    """The scene stands at the frame where the captured face is at rest, and goes back."""
    with ExitStack() as state:
        for borrowed in (
            kept_modified(),
            cached_playback_off(),
            evaluation_as("off"),
            kept_time(),
            undo_off(),
        ):
            state.enter_context(borrowed)
        cmds.currentTime(capture.neutral_frame)
        yield


@contextmanager
def rig_at_rest(
    capture: Capture, controls: Sequence[RigControl], *, namespace: Optional[str] = None
) -> Iterator[AskRig]:
    """The rig in the scene as a function, to be called inside the block only: the scene stands `at_rest`."""
    with at_rest(capture):
        yield ask_in_scene(capture, controls, namespace=namespace)


def ask_in_scene(
    capture: Capture, controls: Sequence[RigControl], *, namespace: Optional[str] = None
) -> AskRig:
    """Values of controls -> the captured meshes, head space. To be called inside `at_rest`."""
    meshes = [in_namespace(mesh.name, namespace) for mesh in capture.meshes]
    here = [replace(control, name=in_namespace(control.name, namespace)) for control in controls]
    return asked(MayaHost(), here, meshes, head_from_world=head_from_world(capture, namespace=namespace))


def head_from_world(capture: Capture, *, namespace: Optional[str] = None) -> Float64:
    """(4, 4) as the scene stands: wherever the head is, by the node that carried it in the capture.

    Without that node, by the transform of the first mesh.
    """
    head = in_namespace(capture.head, namespace)
    if capture.head_to_space and head and cmds.ls(head):
        head_to_world = rigid_part(column_matrix(scene_names.dag_path(head).inclusiveMatrix()))
        by_head: Float64 = np.asarray(capture.head_to_space, np.float64) @ np.linalg.inv(head_to_world)
        return by_head
    world = MayaHost().read_mesh(in_namespace(capture.meshes[0].name, namespace)).object_to_world
    out: Float64 = np.asarray(capture.meshes[0].object_to_head, np.float64) @ np.linalg.inv(world)
    return out


def _sample(
    capture: Capture,
    controls: Sequence[RigControl],
    place: Path,
    left_out: Sequence[LeftAlone],
    *,
    sparse: int,
    on_progress: OnProgress,
) -> SceneRig:
    defaults = np.asarray([[control.default for control in controls]])
    check_rest(capture, ask_in_scene(capture, controls)(defaults)[0], capture.character().neutral)
    samples = sample_rig(
        MayaHost(),
        controls,
        [mesh.name for mesh in capture.meshes],
        place,
        head_from_world=head_from_world(capture),
        plan=sample_plan(controls, sparse=sparse),
        on_progress=on_progress,
    )
    shutil.copyfile(capture.character_path, place / CHARACTER_NAME)
    idle = [LeftAlone(name, f"{name} changes none of the meshes.") for name in samples.idle]
    made = SceneRig(place, str(capture.folder), True, tuple(controls), {}, (*left_out, *idle))
    write_scene_rig(made)
    return made
