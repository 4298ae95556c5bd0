"""A character and its motion out of a host's scene: what training needs, in the space of the head.

A capture is a folder with three files: `character.npz` (facepatch.character), `motion.npy` ((T, V, 3) float32 cm),
and `capture.json`, which says where in the scene they came from and how to go back (docs/data.md).

Head space. With M(t) the rigid part of the head node's matrix, t0 the neutral frame and A the rotation from the
axes of the scene to Y up, face along +Z: head_from_world(t) = A M(t0) M(t)^-1. At the neutral frame the head thus
stands where it stands in the scene. Without a head node, M is the identity.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
from collections.abc import Generator, Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Optional

import numpy as np

from facepatch.core.axes import Float32, Float64
from facepatch.core.data.capture import (
    CAPTURE_NAME,
    CHARACTER_NAME,
    MOTION_NAME,
    Capture,
    CapturedMesh,
    read_capture,
    write_capture_note,
)
from facepatch.core.data.character import Character, MeshSpan, write_character
from facepatch.core.data.mesh import Topology
from facepatch.core.data.pca import Pca
from facepatch.core.errors import (
    ConfigError,
    InputError,
    ShapeError,
    TopologyError,
)
from facepatch.core.host import Host, HostMesh, MeshShapes, MotionFrame
from facepatch.core.part_names import default_part
from facepatch.core.pose import rigid_part
from facepatch.core.progress import OnProgress, silent, track
from facepatch.core.records import storage_error

__all__ = [
    "CAPTURE_NAME",
    "CHARACTER_NAME",
    "FACINGS",
    "MOTION_NAME",
    "Capture",
    "CapturedMesh",
    "axes_from_scene",
    "capture",
    "read_capture",
    "shapes_for_host",
]

FACINGS = ("+x", "-x", "+y", "-y", "+z", "-z")


def capture(
    host: Host,
    meshes: Sequence[str],
    frames: Sequence[float],
    out: Path,
    *,
    head: str = "",
    facing: str = "+z",
    neutral_frame: Optional[float] = None,
    rate: Optional[tuple[int, int]] = None,
    controls: Sequence[str] = (),
    on_progress: OnProgress = silent,
) -> Capture:
    """Capture `meshes` at scene `frames` into folder `out`, in one pass over time.

    head: a node that moves with the skull; its rigid motion is taken out.
    facing: the axis of the scene along which the face looks at `neutral_frame`, such as "+z" or "-y".
    neutral_frame: where the face is at rest; the first of `frames` where None.
    rate: frames per second of `frames`; told from the scene's rate and the step between frames where None.
    controls: rig controls to note, as `Host.controls` takes them.
    On an error, or when `on_progress` raises, the folder is as before. Raises InputError and its kin for what cannot
    be captured, HostError's kin from the host, StorageError where the disk is full.
    """
    _check_request(meshes, frames)
    scene = host.scene()
    from_scene = axes_from_scene(facing, scene.up_axis)
    wanted = [float(frame) for frame in frames]
    rest = wanted[0] if neutral_frame is None else float(neutral_frame)
    infos = [host.read_mesh(name) for name in meshes]
    noted = host.controls(controls) if controls else ()
    with _work_folder(out) as work:
        order = wanted if wanted[0] == rest else [rest, *wanted]
        with contextlib.closing(host.read_motion(meshes, order, head=head)) as source:
            first = next(source)
            rows = _HeadRows(infos, from_scene, first)
            character = _character(out.name, host, infos, rows.joined(first).copy(), rows.objects)
            write_character(work / CHARACTER_NAME, character)
            moving = itertools.chain([first], source) if order is wanted else source
            seen = track(moving, "capture", len(wanted), on_progress)
            _write_motion(work / MOTION_NAME, (rows.joined(frame) for frame in seen), len(wanted), rows.count)
        done = Capture(
            folder=out,
            host=host.name,
            scene=scene.path,
            meshes=rows.meshes,
            topology_id=character.topology.topology_id,
            frames=tuple(wanted),
            rate=rate or _rate_of(scene.rate, wanted),
            neutral_frame=rest,
            head=head,
            facing=facing,
            up_axis=scene.up_axis,
            cameras=host.cameras(),
            controls=noted,
            head_to_space=_rows(rows.from_head) if head else (),
        )
        _put_in_place(work, done)
    return done


def shapes_for_host(captured: Capture, pca: Pca) -> tuple[MeshShapes, ...]:
    """`pca`, a space of the captured character's shapes, as targets in the object space of each captured mesh.

    All meshes get all components, named pc_000, pc_001..., so that one set of weights drives the head.
    Raises TopologyError where the space is of another character.
    """
    count = captured.meshes[-1].vertex_stop
    if pca.mean.size != 3 * count:
        raise TopologyError(
            f"The PCA space has {pca.mean.size // 3} vertices, but the capture in {captured.folder} has {count}. "
            "Use models that were trained on this capture."
        )
    mean = pca.mean.reshape(-1, 3)
    basis = pca.basis.reshape(pca.component_count, -1, 3)
    names = tuple(f"pc_{index:03d}" for index in range(pca.component_count))
    found: list[MeshShapes] = []
    for mesh in captured.meshes:
        rows = slice(mesh.vertex_start, mesh.vertex_stop)
        back = np.linalg.inv(np.asarray(mesh.object_to_head, np.float64))
        base = mean[rows].astype(np.float64) @ back[:3, :3].T + back[:3, 3]
        deltas = basis[:, rows] @ back[:3, :3].T.astype(np.float32)
        found.append(MeshShapes(base.astype(np.float32), deltas, names))
    return tuple(found)


def axes_from_scene(facing: str, up_axis: str) -> Float64:
    """(3, 3) the rotation from the axes of a scene to Y up, face along +Z, left at +X.

    Raises ConfigError where `facing` is no axis, or the one that points up.
    """
    if facing not in FACINGS:
        raise ConfigError(f"facing: '{facing}' is no axis. Give one of {', '.join(FACINGS)}.")
    if facing[1] == up_axis:
        level = ", ".join(axis for axis in FACINGS if axis[1] != up_axis)
        raise ConfigError(
            f"facing: the face cannot look along {facing}, since {up_axis} is up in this scene. Give one of {level}."
        )
    up = np.eye(3)["xyz".index(up_axis)]
    ahead = np.eye(3)["xyz".index(facing[1])] * (1.0 if facing[0] == "+" else -1.0)
    return np.stack([np.cross(up, ahead), up, ahead])


class _HeadRows:
    """All meshes of a frame one after the other, in head space."""

    def __init__(self, infos: Sequence[HostMesh], from_scene: Float64, rest: MotionFrame) -> None:
        turn = np.eye(4)
        turn[:3, :3] = from_scene
        self._infos = infos
        self.from_head = turn @ rigid_part(rest.head_to_world)
        """(4, 4) from the head node to head space."""
        self.objects = [self._from_world(rest) @ matrix for matrix in rest.object_to_world]
        """(4, 4) object_to_head of each mesh at rest."""
        self.count = sum(info.topology.vertex_count for info in infos)
        self._rows = np.empty((self.count, 3), dtype=np.float64)

    @property
    def meshes(self) -> tuple[CapturedMesh, ...]:
        """The meshes with their rows."""
        stops = np.cumsum([info.topology.vertex_count for info in self._infos]).tolist()
        return tuple(
            CapturedMesh(
                name=info.name,
                uuid=info.uuid,
                vertex_start=stop - info.topology.vertex_count,
                vertex_stop=stop,
                topology_id=info.topology.topology_id,
                object_to_head=_rows(matrix),
            )
            for info, stop, matrix in zip(self._infos, stops, self.objects)
        )

    def joined(self, frame: MotionFrame) -> Float32:
        """(V, 3). Raises TopologyError and ShapeError that name the mesh and the frame."""
        start = 0
        for info, points in zip(self._infos, frame.points):
            count = info.topology.vertex_count
            if points.shape != (count, 3):
                raise TopologyError(
                    f"{info.name}: has {len(points)} vertices at frame {frame.frame:g}, but {count} at the current "
                    "frame. Capture a mesh whose vertices stay the same."
                )
            self._rows[start : start + count] = points
            start += count
        matrix = self._from_world(frame)
        # In float64: far from the origin of the scene, the sum of two large numbers would tremble.
        moved = self._rows @ matrix[:3, :3].T + matrix[:3, 3]
        if not np.isfinite(moved).all():
            names = ", ".join(info.name for info in self._infos)
            raise ShapeError(
                f"{names}: a vertex is not a finite number at frame {frame.frame:g}. Repair the scene there."
            )
        return moved.astype(np.float32)

    def _from_world(self, frame: MotionFrame) -> Float64:
        return self.from_head @ np.linalg.inv(rigid_part(frame.head_to_world))


def _check_request(meshes: Sequence[str], frames: Sequence[float]) -> None:
    if not len(meshes):
        raise InputError("Nothing to capture: no mesh was given. Choose the meshes of the head.")
    if len(set(meshes)) != len(meshes):
        raise InputError(f"meshes: {', '.join(meshes)}: one of them is given twice. Give each once.")
    if not len(frames):
        raise InputError("Nothing to capture: the frame range is empty. Give at least one frame.")


def _rows(matrix: Float64) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(x) for x in row) for row in matrix)


def _rate_of(scene_rate: tuple[int, int], frames: Sequence[float]) -> tuple[int, int]:
    """The scene's rate divided by the step of `frames`, where they have one step."""
    steps = np.diff(frames)
    exact = Fraction(*scene_rate)
    if steps.size and steps[0] > 0 and np.allclose(steps, steps[0], rtol=0.0, atol=1e-6):
        exact /= Fraction(float(steps[0])).limit_denominator(1000)
    return exact.numerator, exact.denominator


def _character(
    name: str, host: Host, infos: Sequence[HostMesh], neutral: Float32, objects: Sequence[Float64]
) -> Character:
    """The character at rest, with one part per mesh and the blendShapes that the host has."""
    vertices = np.cumsum([0, *(info.topology.vertex_count for info in infos)]).tolist()
    polygons = np.cumsum([0, *(info.topology.polygon_counts.size for info in infos)]).tolist()
    names = [_leaf(info.name) for info in infos]
    names = [leaf if names.count(leaf) == 1 else info.name for leaf, info in zip(names, infos)]
    corners = [info.topology.polygon_vertices + start for info, start in zip(infos, vertices)]
    topology = Topology(
        vertices[-1],
        np.concatenate([info.topology.polygon_counts for info in infos]),
        np.concatenate(corners).astype(np.int32),
    )
    shape_names, deltas = _shapes(host, infos, objects, vertices)
    return Character(
        name=name,
        neutral=neutral,
        topology=topology,
        shape_names=shape_names,
        deltas=deltas,
        meshes=tuple(
            MeshSpan(own, vertices[i], vertices[i + 1], polygons[i], polygons[i + 1])
            for i, own in enumerate(names)
        ),
        parts=tuple(default_part(own) for own in names),
        polygon_part=np.repeat(np.arange(len(infos), dtype=np.int32), np.diff(polygons)),
    )


def _shapes(
    host: Host, infos: Sequence[HostMesh], objects: Sequence[Float64], starts: Sequence[int]
) -> tuple[tuple[str, ...], Float32]:
    """The targets of all meshes in head space; those of equal name are one shape."""
    targets = [host.read_blendshapes(info.name) for info in infos]
    rows = {name: row for row, name in enumerate(dict.fromkeys(n for one in targets for n in one.names))}
    deltas = np.zeros((len(rows), starts[-1], 3), dtype=np.float32)
    for one, matrix, start, stop in zip(targets, objects, starts, starts[1:]):
        turn = matrix[:3, :3].T.astype(np.float32)
        for name, delta in zip(one.names, one.deltas):
            deltas[rows[name], start:stop] = delta @ turn
    return tuple(rows), deltas


def _leaf(name: str) -> str:
    """The last part of a path such as |head|face."""
    return name.rpartition("|")[2]


def _write_motion(path: Path, rows: Iterable[Float32], frame_count: int, vertex_count: int) -> None:
    """A `.npy` of (frame_count, vertex_count, 3), frame by frame.

    Written as a stream and not through a memory map, since a disk that runs full kills a process that writes to a map.
    """
    npy: Any = np.lib.format
    header = {"descr": "<f4", "fortran_order": False, "shape": (frame_count, vertex_count, 3)}
    try:
        with path.open("wb") as stream:
            npy.write_array_header_1_0(stream, header)
            written = 0
            for row in rows:
                stream.write(np.ascontiguousarray(row, "<f4").data)
                written += 1
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise storage_error(path, error) from error
    assert written == frame_count, "the host gave another number of frames than was asked for"


@contextlib.contextmanager
def _work_folder(out: Path) -> Generator[Path, None, None]:
    """A folder inside `out` that is gone at the end, and `out` with it where it is new and stays empty."""
    work = out / f".capture.{os.getpid()}.part"
    made = [path for path in (out, *out.parents) if not path.exists()]
    try:
        work.mkdir(parents=True)
    except OSError as error:
        raise storage_error(out, error) from error
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)
        for path in made:
            if path.is_dir() and not any(path.iterdir()):
                path.rmdir()


def _put_in_place(work: Path, done: Capture) -> None:
    """Move the arrays out of `work`, and only then say in `capture.json` that there is a capture."""
    try:
        (done.folder / CAPTURE_NAME).unlink(missing_ok=True)
        (work / CHARACTER_NAME).replace(done.character_path)
        (work / MOTION_NAME).replace(done.motion_path)
    except OSError as error:
        raise storage_error(done.folder, error) from error
    write_capture_note(done)
