"""A stage for the tool without Maya and without a service: a small face on the headless host, and puppets for the rest.

Everything that a panel can be shown in (jobs that run, fail, get lost) is done to the puppets by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from facepatch.core.capture import read_capture, shapes_for_host
from facepatch.core.data.clip import Clip, read_clip, write_clip
from facepatch.core.data.landmarks import LANDMARK_NAMES
from facepatch.core.data.mesh import Topology
from facepatch.core.data.pca import Pca
from facepatch.core.data.rig import RigControl
from facepatch.core.errors import FacepatchError, UnavailableError
from facepatch.core.headless import HeadlessHost, HeadlessMesh
from facepatch.core.host import Applied, BuiltBlendShape, Curve, LeftAlone, SceneInfo
from facepatch.core.progress import Progress
from facepatch.core.scene_rig import SceneRig
from facepatch.core.vertex_picks import VertexPicks, write_vertex_picks
from facepatch_maya.backend import AWAY, HERE, LOST
from facepatch_maya.job_view import JobView
from facepatch_maya.session import Session

SIDE = 41
"""Vertices along a side of the face's grid."""
FRAMES = 240
COMPONENTS = 6


def landmark_places() -> dict[str, tuple[float, float]]:
    """Where the landmarks are on the face of the stage: x to the character's left, y up, both in cm."""
    from facepatch_maya.ui.face_map import PLACES

    return {name: (8.0 * x, -8.0 * y) for name, (x, y) in PLACES.items()}


def face_points() -> np.ndarray:
    """(V, 3) a bulging grid that looks along +Z."""
    line = np.linspace(-9.0, 9.0, SIDE, dtype=np.float32)
    x, y = np.meshgrid(line, line)
    z = 9.0 - 0.05 * (x * x + y * y)
    return np.stack([x, y, z], axis=2).reshape(-1, 3).astype(np.float32)


def grid_topology() -> Topology:
    """Its quads."""
    index = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
    quads = np.stack([index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]], axis=2).reshape(-1)
    return Topology(SIDE * SIDE, np.full((SIDE - 1) ** 2, 4, np.int32), quads.astype(np.int32))


def landmark_vertices() -> dict[str, int]:
    """Landmark -> the nearest vertex that no other has."""
    points = face_points()[:, :2]
    taken: set[int] = set()
    found: dict[str, int] = {}
    for name in LANDMARK_NAMES:
        order = np.argsort(((points - landmark_places()[name]) ** 2).sum(axis=1))
        found[name] = next(int(vertex) for vertex in order if int(vertex) not in taken)
        taken.add(found[name])
    return found


def moving_face(
    *, blinks: bool = True, right_shuts: float = 0.97
) -> Callable[[float, Mapping[str, float]], np.ndarray]:
    """The face at a frame: mouth and brows move, the lids shut where it `blinks`, the right eye by `right_shuts`."""
    points = face_points()
    picks = landmark_vertices()

    def group(start: str, middle: str) -> list[int]:
        return [vertex for name, vertex in picks.items() if name.startswith(start) and middle in name]

    def deform(frame: float, controls: Mapping[str, float]) -> np.ndarray:
        out = points.copy()
        out[group("lips", "_lower"), 1] -= 1.5 * np.sin(0.21 * (frame - 1)) ** 2
        out[group("lips", "corner"), 0] *= 1.0 + 0.12 * np.sin(0.13 * (frame - 1))
        out[group("brow", ""), 1] += 0.7 * np.sin(0.09 * (frame - 1)) ** 2
        if blinks:
            shut = np.clip(4 * np.sin(0.17 * (frame - 1)) ** 2 - 3, 0, 1)
            for side, share in (("l", 0.97), ("r", right_shuts)):
                for place in ("outer", "mid", "inner"):
                    upper, lower = picks[f"eye_{side}_upper_{place}"], picks[f"eye_{side}_lower_{place}"]
                    out[upper] += share * shut * (points[lower] - points[upper])
        return out

    return deform


def stage_host(
    *,
    blinks: bool = True,
    right_shuts: float = 0.97,
    path: str = "",
    frames: int = FRAMES,
    rate: tuple[int, int] = (24, 1),
) -> HeadlessHost:
    """A scene with a moving face and two still eyeballs."""
    ball = 0.1 * face_points()
    return HeadlessHost(
        [
            HeadlessMesh(
                "|hero|face",
                face_points(),
                grid_topology(),
                deform=moving_face(blinks=blinks, right_shuts=right_shuts),
            ),
            HeadlessMesh("|hero|eye_l", ball + np.float32((3.0, 1.5, 8.0)), grid_topology()),
            HeadlessMesh("|hero|hair", ball + np.float32((0.0, 9.0, 5.0)), grid_topology()),
        ],
        info=SceneInfo(path, 1.0, float(frames), 1.0, rate, "y", 1.0),
        nodes={"|hero|head": lambda frame: np.eye(4)},
    )


class StageView:
    """A viewport in which a test clicks."""

    def __init__(self, host: HeadlessHost) -> None:
        self._host = host
        self.meshes: tuple[str, ...] = ()
        """What is selected."""
        self.nodes: tuple[str, ...] = ()
        self.markers: dict[str, int] = {}
        self.proposed: dict[str, int] = {}
        self.current = ""
        self.framed: tuple[str, int] = ("", -1)
        self._on_vertices: Callable[[Sequence[int]], None] | None = None

    @property
    def picking(self) -> bool:
        """Whether clicks give vertices."""
        return self._on_vertices is not None

    def click(self, *vertices: int) -> None:
        """The user clicks vertices."""
        assert self._on_vertices is not None, "the viewport is not in picking mode"
        self._on_vertices(vertices)

    def selected_meshes(self) -> tuple[str, ...]:
        return self.meshes

    def selected_nodes(self) -> tuple[str, ...]:
        return self.nodes

    def selected_controls(self) -> tuple[str, ...]:
        return self.nodes

    def show_frame(self, frame: float) -> None:
        self._host.go_to(frame)

    def name_of(self, uuid: str) -> str:
        return next((name for name in self._host.meshes() if self._host.read_mesh(name).uuid == uuid), "")

    def start_picking(self, mesh: str, on_vertices: Callable[[Sequence[int]], None]) -> None:
        self._on_vertices = on_vertices

    def stop_picking(self) -> None:
        self._on_vertices = None

    def show_markers(
        self, mesh: str, landmarks: Mapping[str, int], proposals: Mapping[str, int], current: str
    ) -> None:
        self.markers, self.proposed, self.current = dict(landmarks), dict(proposals), current

    def hide_markers(self) -> None:
        self.markers, self.proposed, self.current = {}, {}, ""

    def look_at(self, mesh: str, vertex: int) -> None:
        self.framed = (mesh, vertex)


@dataclass
class StageStore:
    """Keeps the choices in memory."""

    values: dict[str, Any] = field(default_factory=dict)
    writes: int = 0

    def read(self) -> dict[str, Any]:
        return dict(self.values)

    def write(self, values: Mapping[str, Any]) -> None:
        self.values, self.writes = dict(values), self.writes + 1


class StageBackend:
    """A service that does what the test tells it."""

    def __init__(self, *, state: str = HERE) -> None:
        self.state = state
        self.sentence = "Service of facepatch 0.3.0 on cuda:0." if state == HERE else "No service runs here."
        self.jobs: tuple[JobView, ...] = ()
        self.submitted: list[tuple[str, dict[str, Any]]] = []
        self.watched: list[str] = []
        self.refusal: FacepatchError | None = None
        """What the next `start` or `submit` raises."""
        self.roots: tuple[Path, ...] = ()
        """Folders that it was started for."""
        self._new = True

    def open(self) -> None:
        self._new = True

    def start(self, roots: Sequence[Path] = ()) -> None:
        self._refuse()
        self.roots = tuple(roots)
        self.become(HERE, "Service of facepatch 0.3.0 on cuda:0.")

    def become(self, state: str, sentence: str) -> None:
        self.state, self.sentence, self._new = state, sentence, True

    def lose(self) -> None:
        self.become(LOST, "The service is silent. It is looked for.")

    def submit(
        self, verb: str, arguments: Mapping[str, Any], *, label: str = "", priority: int = 0
    ) -> JobView:
        self._refuse()
        if self.state == AWAY:
            raise UnavailableError(f"{self.sentence} Start the service first.")
        self.submitted.append((verb, dict(arguments)))
        job = JobView(f"{len(self.submitted):032x}", verb=verb, label=label)
        job.out = str(arguments.get("out", ""))
        self.jobs = (job, *self.jobs)
        self._new = True
        return job

    def _refuse(self) -> None:
        if self.refusal is not None:
            refusal, self.refusal = self.refusal, None
            raise refusal

    def report(self, job: JobView, **values: Any) -> None:
        """The service tells of `job`: any of its fields."""
        for name, value in values.items():
            setattr(job, name, value)
        if values.get("state", "running") == "running":
            job.state = "running"
        job.changed()
        self._new = True

    def finish(self, job: JobView, **result: Any) -> None:
        job.result = result
        job.out = str(result.get("out", job.out))
        self.report(job, state="done", left_s=None)

    def fail(self, job: JobView, error: FacepatchError) -> None:
        job.fail(error)
        self._new = True

    def watch(self, job: Any) -> JobView:
        self.watched.append(job.job)
        return job

    def cancel(self, job: Any) -> None:
        if not job.ended:
            self.report(job, state="cancelled", left_s=None)

    def remove(self, job: Any) -> None:
        self.jobs = tuple(known for known in self.jobs if known is not job)
        self._new = True

    def poll(self) -> bool:
        new, self._new = self._new, False
        return new


class StageLive:
    """A live session that shows what the test sends."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self.running, self.recording = True, False
        self.error, self.sentence = "", "Waiting for the first frame."
        self.shown = self.recorded = 0
        self.started_at = 0.0

    def show(self, frames: int) -> None:
        """Frames come."""
        self.shown += frames
        self.recorded += frames if self.recording else 0
        more = f", {self.recorded} recorded" if self.recording else ""
        self.sentence = f"Live: frame {self.shown}, 12 ms old{more}."
        self._on_change()

    def end(self, error: str = "") -> None:
        """The source ends."""
        self.running, self.error = False, error
        self._on_change()

    def record(self, start_frame: float) -> None:
        self.recording, self.recorded, self.started_at = True, 0, start_frame

    def write(self, *, layer: str = "", tolerance: float = 0.0) -> Applied:
        self.recording = False
        return Applied(
            self.recorded * COMPONENTS, tuple(f"facepatch.pc_{i:03d}" for i in range(COMPONENTS)), ()
        )

    def stop(self) -> None:
        self.running = False


@dataclass(frozen=True)
class StageGaze:
    """`facepatch_maya.head_and_gaze.GazeControls`, as far as the tool gives it."""

    eyes: tuple[str, ...] = ()


RIG_CONTROLS = tuple(
    RigControl(name, low, high, unit=unit)  # type: ignore[arg-type]
    for name, low, high, unit in (
        ("jaw_ctrl.translateY", -2.0, 0.0, "centimetres"),
        ("jaw_ctrl.rotateX", -5.0, 30.0, "degrees"),
        ("smile_ctrl_L.translateY", 0.0, 1.0, "centimetres"),
        ("smile_ctrl_R.translateY", 0.0, 1.0, "centimetres"),
        ("brow_ctrl_L.translateY", -1.0, 1.0, "centimetres"),
        ("brow_ctrl_R.translateY", -1.0, 1.0, "centimetres"),
        ("lid_ctrl_L.blink", 0.0, 10.0, ""),
        ("lid_ctrl_R.blink", 0.0, 10.0, ""),
    )
)
RIG_LEFT_OUT = (
    LeftAlone("lid_ctrl_L.squint", "lid_ctrl_L.squint is locked. Unlock it to have it keyed."),
    LeftAlone("sneer_ctrl.translateY", "sneer_ctrl.translateY changes none of the meshes."),
)


class StageSteps:
    """`facepatch_maya.steps` on the headless host: what it asks of the service goes to the puppet."""

    GazeControls = StageGaze

    def __init__(self, host: HeadlessHost) -> None:
        self._host = host
        self.live_session: StageLive | None = None
        self.baked: list[dict[str, Any]] = []
        self.left_alone: tuple[LeftAlone, ...] = ()
        self.rig = SceneRig(Path(), "", False, RIG_CONTROLS, {}, RIG_LEFT_OUT)
        self.solve_options: dict[str, Any] = {}
        self.refined = False

    def begin_propose(self, backend: StageBackend, folder: Path, **options: Any) -> JobView:
        return backend.submit(
            "character", {"character": str(folder), "out": str(folder / "landmarks"), **options}
        )

    def begin_train(
        self, backend: StageBackend, folder: Path, take: Path, *, out: Path, label: str = "", **options: Any
    ) -> JobView:
        return backend.submit("train", {"take": str(take), "out": str(out), **options}, label=label)

    def begin_retarget(
        self, backend: StageBackend, models: Path, take: Path, *, out: Path, label: str = ""
    ) -> JobView:
        return backend.submit(
            "retarget", {"trained": str(models), "take": str(take), "out": str(out)}, label=label
        )

    def build(self, models: Path, folder: Path, *, duplicate: bool = True) -> BuiltBlendShape:
        found = read_capture(folder)
        count = sum(mesh.vertex_stop - mesh.vertex_start for mesh in found.meshes)
        shapes = shapes_for_host(found, small_pca(count))
        return self._host.build_blendshape([mesh.name for mesh in found.meshes], shapes, duplicate=duplicate)

    def bake(self, clip: Path, target: BuiltBlendShape, **options: Any) -> Applied:
        self.baked.append({"clip": clip, **options})
        found = read_clip(clip)
        frames = options["start_frame"] + np.arange(found.frame_count, dtype=np.float64)
        curves = {
            name: Curve(frames, found.weights[:, i].astype(np.float64))
            for i, name in enumerate(target.weights)
        }
        applied = self._host.write_curves(curves)
        return replace(applied, left_alone=(*applied.left_alone, *self.left_alone))

    def scene_rig_of(self, folder: Path) -> SceneRig | None:
        return self.rig if (folder / "rig").is_dir() else None

    def read_rig(
        self, folder: Path, *, controls: Sequence[str] = (), layer: str = "", on_progress: Any = None
    ) -> SceneRig:
        total = 48 if controls else 4
        for done in range(0, total + 1, 4):
            on_progress(Progress("sample rig" if controls else "compare rig", done, total, unit="shapes"))
        (folder / "rig").mkdir(exist_ok=True)
        self.rig = replace(self.rig, folder=folder / "rig", sampled=bool(controls))
        return self.rig

    def begin_solve(
        self, backend: StageBackend, clip: Path, rig: SceneRig, *, out: Path, label: str = "", **options: Any
    ) -> JobView:
        self.solve_options = options
        return backend.submit("solve_rig", {"clip": str(clip), "out": str(out)}, label=label)

    def needs_refining(self, out: Path) -> bool:
        return self.rig.sampled and not self.refined

    def refine(self, out: Path, rig: SceneRig, *, on_progress: Any = None) -> None:
        for done in range(1, 9):
            on_progress(Progress("refine", done, 8))
        self.refined = True

    def read_solved(self, out: Path) -> Any:
        return SimpleNamespace(
            out=out,
            page=out / "solve.html",
            worst=(1043, 1102, 1017),
            sentences=(
                "The rig makes this clip: 0.21 mm mean distance, 95 % of the vertices within 0.63 mm "
                "(0.34 % of the face's height).",
                "7 of 8 controls are used, 4.2 at a time, with 322 keys in 312 frames.",
            ),
        )

    def bake_controls(self, out: Path, **options: Any) -> Applied:
        self.baked.append({"controls": out, **options})
        names = tuple(c.name for c in self.rig.controls if c.is_free and c.name not in options["keep"])
        return Applied(46 * len(names), names, self.left_alone)

    def live(
        self, backend: StageBackend, models: Path, source: str, target: Any, *, on_change: Any = None
    ) -> StageLive:
        self.live_session = StageLive(on_change)
        return self.live_session


class Stage:
    """Host, viewport, service and session of one test."""

    def __init__(self, folder: Path, *, state: str = HERE, **options: Any) -> None:
        self.folder = folder

        self.host = stage_host(path=str(folder / "hero.ma"), **options)
        self.view = StageView(self.host)
        self.backend = StageBackend(state=state)
        self.steps = StageSteps(self.host)
        self.store = StageStore()
        self.session: Any = Session(
            self.host, self.backend, view=self.view, store=self.store, steps=self.steps
        )  # type: ignore[arg-type]

    def reopen(self) -> Any:
        """Another session on the same scene, as after Maya was started again."""
        self.session = Session(self.host, self.backend, view=self.view, store=self.store, steps=self.steps)  # type: ignore[arg-type]
        return self.session

    def choose_face(self) -> None:
        """The face is the character."""
        self.view.meshes = ("|hero|face",)
        self.session.character.add_selected()

    def pick_all(self) -> None:
        """All landmarks are picked."""
        for name, vertex in landmark_vertices().items():
            self.session.character.place(name, vertex)

    def capture(self) -> None:
        """The motion is captured."""
        assert self.session.motion.run(), self.session.motion.status.text

    def film(self, name: str = "rom.mp4") -> Path:
        """A file that stands for a film."""
        path = self.folder / name
        path.write_bytes(b"film")
        return path

    def trained(self, name: str = "anna") -> Path:
        """A folder that stands for trained networks."""
        path = self.folder / "trained" / name
        (path / "models").mkdir(parents=True)
        return path


def small_pca(vertices: int) -> Pca:
    """An orthonormal space of COMPONENTS."""
    rng = np.random.default_rng(3)
    basis, _ = np.linalg.qr(rng.normal(size=(vertices * 3, COMPONENTS)))
    mean = np.zeros(vertices * 3, np.float32)
    return Pca(
        mean=mean,
        basis=basis.T.astype(np.float32),
        variance=np.ones(COMPONENTS),
        total_variance=8.0,
    )


def write_take(folder: Path, *, frames: int = 48, rate: tuple[int, int] = (24, 1)) -> Path:
    """`clip.npz` of a retargeting, in `folder`."""
    weights = np.sin(np.arange(frames)[:, None] * (0.1 + 0.03 * np.arange(COMPONENTS))).astype(np.float32)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "clip.npz"
    write_clip(path, Clip(tuple(f"pc_{i:03d}" for i in range(COMPONENTS)), weights, rate))
    return path


def write_proposals(path: Path, names: Sequence[str] = LANDMARK_NAMES, *, extra: int = 0) -> Path:
    """A picks file as the service gives it, on a character of which the face is the first mesh."""
    vertices = landmark_vertices()
    picks = VertexPicks({name: vertices[name] for name in names}, SIDE * SIDE + extra)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_vertex_picks(path, picks)
    return path
