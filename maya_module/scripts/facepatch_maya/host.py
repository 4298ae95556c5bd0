"""Maya as a `facepatch.core.host.Host`. Each method is one line to the module that does it."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from maya import cmds

from facepatch.core.axes import Float32, Float64
from facepatch.core.errors import UnsupportedError
from facepatch.core.host import (
    Applied,
    BuiltBlendShape,
    Capability,
    Control,
    Curve,
    HostBlendShapes,
    HostMesh,
    MeshShapes,
    MotionFrame,
    SceneInfo,
)
from facepatch.core.progress import OnProgress, silent
from facepatch_maya import (
    build_blendshape,
    landmarks_node,
    playblast,
    read_blendshapes,
    read_scene,
    rig_controls,
    undo,
    write_keys,
)


class MayaHost:
    """The open scene of this Maya. See `facepatch.core.host.Host` for what each method promises."""

    def __init__(self) -> None:
        self._steps_open = 0

    @property
    def name(self) -> str:
        """ "Maya 2025" """
        return f"Maya {cmds.about(version=True)}"

    @property
    def capabilities(self) -> frozenset[Capability]:
        """All; without `undo` where the user has switched it off (mayapy starts so), without `render` in batch."""
        found: set[Capability] = {"layers", "live", "references", "rig", "landmarks"}
        if cmds.undoInfo(query=True, state=True):
            found.add("undo")
        if not cmds.about(batch=True):
            found.add("render")
        return frozenset(found)

    def scene(self) -> SceneInfo:
        """The open scene; its range is the playback range."""
        return read_scene.scene_info()

    def meshes(self) -> tuple[str, ...]:
        """Long paths of the transforms of all meshes that are not intermediate."""
        return read_scene.meshes()

    def cameras(self) -> tuple[str, ...]:
        """Long paths of all cameras but Maya's own top, front and side."""
        return read_scene.cameras()

    def read_mesh(self, name: str) -> HostMesh:
        """One mesh at the current frame."""
        return read_scene.read_mesh(name)

    def read_motion(
        self, meshes: Sequence[str], frames: Sequence[float], *, head: str = ""
    ) -> Generator[MotionFrame, None, None]:
        """The meshes at each of `frames`, and the place of the node `head`."""
        return read_scene.read_motion(meshes, frames, head=head)

    def read_blendshapes(self, mesh: str) -> HostBlendShapes:
        """The targets of the blendShape nearest to the end of the mesh's history."""
        return read_blendshapes.read_blendshapes(mesh)

    def controls(self, names: Sequence[str]) -> tuple[Control, ...]:
        """The attributes `names`: "node.attribute", or "node" for its keyable attributes."""
        return rig_controls.read_controls(names)

    def selected_vertices(self) -> tuple[tuple[str, int], ...]:
        """(mesh, vertex) in the order of selection, where Maya tracks it."""
        return read_scene.selected_vertices()

    def load_landmarks(self, mesh: str) -> dict[str, int]:
        """Landmark -> vertex, from the scene's node beside `mesh`."""
        return landmarks_node.load_landmarks(mesh)

    def save_landmarks(self, mesh: str, landmarks: Mapping[str, int], *, note: str = "") -> None:
        """Keep `landmarks` in the scene's node beside `mesh`."""
        landmarks_node.save_landmarks(mesh, landmarks, note=note)

    def build_blendshape(
        self,
        meshes: Sequence[str],
        shapes: Sequence[MeshShapes],
        *,
        name: str = "facepatch",
        duplicate: bool = True,
    ) -> BuiltBlendShape:
        """One blendShape node per mesh, with shared weights."""
        return build_blendshape.build_blendshape(meshes, shapes, name=name, duplicate=duplicate)

    def write_curves(self, curves: Mapping[str, Curve], *, layer: str = "") -> Applied:
        """Write keys, on an animation layer where one is named."""
        return write_keys.write_curves(curves, layer=layer)

    def render(
        self,
        meshes: Sequence[str],
        frames: Sequence[float],
        out: Path,
        *,
        size: int = 512,
        on_progress: OnProgress = silent,
    ) -> tuple[Path, ...]:
        """Phong pictures by playblast."""
        return playblast.playblast(meshes, frames, out, size=size, on_progress=on_progress)

    def sample(self, controls: Sequence[str], values: Float64, meshes: Sequence[str]) -> Float32:
        """The rig's answer to control values."""
        return rig_controls.sample(controls, values, meshes)

    @contextmanager
    def undo_step(self, name: str) -> Iterator[None]:
        """One step of Maya's queue. A step inside a step is part of the outer one."""
        self._steps_open += 1
        try:
            if self._steps_open > 1:
                yield
            else:
                with undo.undo_step(name):
                    yield
        finally:
            self._steps_open -= 1

    def undo(self) -> None:
        """Take back the last step."""
        self._check_queue("undo", empty=bool(cmds.undoInfo(query=True, undoQueueEmpty=True)))
        cmds.undo()

    def redo(self) -> None:
        """Do again what was last taken back."""
        self._check_queue("redo", empty=bool(cmds.undoInfo(query=True, redoQueueEmpty=True)))
        cmds.redo()

    def _check_queue(self, what: str, *, empty: bool) -> None:
        if not cmds.undoInfo(query=True, state=True):
            raise UnsupportedError(
                f"{what}: is switched off in this Maya. Switch it on in Preferences > Undo."
            )
        if empty:
            raise UnsupportedError(f"{what}: there is nothing to {what}.")
