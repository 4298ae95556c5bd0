"""core.host_contract: the headless host keeps it, and hosts that break it are found out."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from facepatch.core.data.mesh import Topology
from facepatch.core.errors import HostError, LockedError
from facepatch.core.headless import HeadlessHost
from facepatch.core.headless_scene import HeadlessBlendShape, HeadlessMesh
from facepatch.core.host import Control, Curve, HostBlendShapes, LeftAlone, SceneInfo
from facepatch.core.host_contract import CHECKS, Check, ContractScene
from facepatch.core.host_contract import scene as contract
from facepatch.core.host_contract.checks import require_error, require_near


def topology(polygons: Sequence[Sequence[int]], count: int) -> Topology:
    counts = np.asarray([len(polygon) for polygon in polygons], np.int32)
    return Topology(count, counts, np.asarray([v for polygon in polygons for v in polygon], np.int32))


def control(name: str, value: float, **kinds: Any) -> Control:
    settings = {
        "default": 0.0,
        "minimum": None,
        "maximum": None,
        "locked": False,
        "connected": False,
        **kinds,
    }
    return Control(name=name, value=value, kind="scalar", **settings)


class HeadlessFixture:
    """The scene of the contract in the headless host, or in a broken heir of it."""

    def __init__(self, kind: type[HeadlessHost] = HeadlessHost) -> None:
        self._kind = kind
        self.host = kind()

    def new_scene(self, *, centimetres_per_unit: float = 1.0) -> ContractScene:
        face, cube = contract.FACE_POINTS, contract.CUBE_POINTS
        self.host = self._kind(
            (
                HeadlessMesh(
                    "face", face, topology(contract.FACE_POLYGONS, 20), contract.FACE_PLACE, parent="head"
                ),
                HeadlessMesh("jaw", cube, topology(contract.CUBE_POLYGONS, 8)),
            ),
            info=SceneInfo(
                "", contract.START, contract.END, contract.NOW, contract.RATE, "y", centimetres_per_unit
            ),
            nodes={"head": contract.head_place},
            controls=(
                control("rig.open", contract.CONTROL_VALUE, default=0.5, minimum=0.0, maximum=2.0),
                control("rig.fixed", 1.0, locked=True),
                control("rig.free", 0.0),
            ),
            blendshapes=(
                HeadlessBlendShape(
                    "shapes", "face", ("smile", "open"), np.stack([contract.SMILE, contract.OPEN])
                ),
            ),
        )
        self.host.write_curves({"shapes.smile": Curve(np.array([1.0, 11.0]), np.array([0.0, 1.0]))})
        self.host.connect({"shapes.open": "rig.open"})
        return ContractScene("face", "jaw", "head", "shapes.smile", "rig.open", "rig.fixed", "rig.free")

    def go_to(self, frame: float) -> None:
        self.host.go_to(frame)

    def select(self, vertices: Sequence[tuple[str, int]]) -> None:
        self.host.select(vertices)

    def rename(self, mesh: str, name: str) -> str:
        self.host.rename(mesh, name)
        return name

    def cut(self, mesh: str) -> None:
        rest = [[v - 1 for v in polygon] for polygon in contract.FACE_POLYGONS[1:]]
        self.host.replace_mesh(mesh, contract.FACE_POINTS[1:], topology(rest, 19))

    def keys(self, attribute: str) -> Curve:
        return self.host.keys(attribute)

    def is_there(self, name: str) -> bool:
        return self.host.exists(name)


def failing(kind: type[HeadlessHost]) -> set[str]:
    """The checks that a host of this kind fails."""
    found: set[str] = set()
    for check in CHECKS:
        if check.applies(kind()):
            try:
                check.run(HeadlessFixture(kind))
            except AssertionError:
                found.add(check.name)
    return found


APPLY = [check for check in CHECKS if check.applies(HeadlessHost())]


@pytest.mark.parametrize("check", APPLY, ids=[check.name for check in APPLY])
def test_the_headless_host_keeps_the_contract(check: Check) -> None:
    check.run(HeadlessFixture())


def test_only_layers_and_pictures_are_beyond_the_headless_host() -> None:
    beyond = {need for check in CHECKS if check not in APPLY for need in check.needs}
    assert beyond == {"layers", "render"}


def test_checks_have_names_of_their_own() -> None:
    names = [check.name for check in CHECKS]
    assert len(set(names)) == len(names) > 30


# A host that does one thing wrong, and the checks that must say so.


class Clamps(HeadlessHost):
    """As a Maya blendShape without supportNegativeWeights."""

    def write_curves(self, curves: Any, *, layer: str = "") -> Any:
        low = {n: Curve(c.frames, np.maximum(c.values, 0.0)) for n, c in curves.items()}
        return super().write_curves(low, layer=layer)


class Unsorted(HeadlessHost):
    """As components that were sorted without their deltas."""

    def build_blendshape(self, meshes: Any, shapes: Any, **more: Any) -> Any:
        return super().build_blendshape(
            meshes, [replace(s, deltas=s.deltas[:, ::-1]) for s in shapes], **more
        )


class MovesTime(HeadlessHost):
    def read_motion(self, meshes: Any, frames: Any, *, head: str = "") -> Any:
        for frame in frames:
            self.go_to(frame)
            yield from super().read_motion(meshes, [frame], head=head)


class ReusesArrays(HeadlessHost):
    def read_motion(self, meshes: Any, frames: Any, *, head: str = "") -> Any:
        kept = None
        for frame in super().read_motion(meshes, frames, head=head):
            if kept is None:
                kept = frame.points
            for mine, new in zip(kept, frame.points):
                mine[:] = new
            yield replace(frame, points=kept)


class ObjectSpace(HeadlessHost):
    def read_motion(self, meshes: Any, frames: Any, *, head: str = "") -> Any:
        for frame in super().read_motion(meshes, frames, head=head):
            back = [np.linalg.inv(m) for m in frame.object_to_world]
            points = [contract.moved(m, p).astype(np.float32) for m, p in zip(back, frame.points)]
            yield replace(frame, points=tuple(points))


class CutsEverything(HeadlessHost):
    def write_curves(self, curves: Any, *, layer: str = "") -> Any:
        for name in curves:
            self._scene.curves.pop(name, None)
        return super().write_curves(curves, layer=layer)


class KeepsSilent(HeadlessHost):
    """Writes no word about what it left alone."""

    def write_curves(self, curves: Any, *, layer: str = "") -> Any:
        return replace(super().write_curves(curves, layer=layer), left_alone=())


class NamesNoReason(HeadlessHost):
    def write_curves(self, curves: Any, *, layer: str = "") -> Any:
        done = super().write_curves(curves, layer=layer)
        return replace(done, left_alone=tuple(LeftAlone(one.name, "no") for one in done.left_alone))


class NoRollback(HeadlessHost):
    @contextlib.contextmanager
    def undo_step(self, name: str) -> Any:
        yield


class SortsSelection(HeadlessHost):
    def selected_vertices(self) -> Any:
        return tuple(sorted(super().selected_vertices()))


class ForgetsBase(HeadlessHost):
    def build_blendshape(self, meshes: Any, shapes: Any, **more: Any) -> Any:
        rest = [self._scene.mesh(mesh).points for mesh in meshes]
        return super().build_blendshape(
            meshes, [replace(s, base=r) if len(s.base) == len(r) else s for s, r in zip(shapes, rest)], **more
        )


class ForgetsShapes(HeadlessHost):
    def read_blendshapes(self, mesh: str) -> Any:
        return HostBlendShapes("", (), np.zeros((0, len(self._scene.mesh(mesh).points), 3)), np.zeros(0))


class LeavesSamples(HeadlessHost):
    def sample(self, controls: Any, values: Any, meshes: Any) -> Any:
        out = super().sample(controls, values, meshes)
        self.set_value(controls[-1], values[-1, -1])
        return out


class LandmarksByName(HeadlessHost):
    def rename(self, mesh: str, name: str) -> None:
        self._scene.landmarks.clear()
        super().rename(mesh, name)


class TrustsLandmarks(HeadlessHost):
    def load_landmarks(self, mesh: str) -> Any:
        kept = self._scene.landmarks.get(self._scene.mesh(mesh).uuid)
        return dict(kept.landmarks) if kept else {}


class OwnWeights(HeadlessHost):
    """The second mesh has weights of its own that nothing drives."""

    def connect(self, sources: Any) -> None:
        super().connect({k: v for k, v in sources.items() if v == "rig.open"})


class DuplicateAtOrigin(HeadlessHost):
    def build_blendshape(self, meshes: Any, shapes: Any, **more: Any) -> Any:
        built = super().build_blendshape(meshes, shapes, **more)
        for mesh in set(built.meshes) - set(meshes):
            place = replace(self._scene.meshes[mesh], object_to_world=np.eye(4), parent="")
            self._scene.meshes[mesh] = place
        return built


MUTANTS: dict[type[HeadlessHost], str] = {
    Clamps: "shapes_are_built_on_a_duplicate",
    Unsorted: "shapes_are_built_on_a_duplicate",
    MovesTime: "reading_motion_leaves_the_scene_as_it_was",
    ReusesArrays: "frames_of_a_motion_stay_as_they_were",
    ObjectSpace: "motion_is_read_in_world_space",
    CutsEverything: "keys_outside_the_range_stay",
    KeepsSilent: "what_cannot_be_keyed_is_left_alone",
    NamesNoReason: "what_cannot_be_keyed_is_left_alone",
    NoRollback: "an_error_in_a_step_leaves_the_scene_as_it_was",
    SortsSelection: "selection_keeps_its_order",
    ForgetsBase: "shapes_are_built_on_the_mesh_itself",
    ForgetsShapes: "blendshapes_are_read",
    LeavesSamples: "rig_is_sampled",
    LandmarksByName: "landmarks_survive_a_rename",
    TrustsLandmarks: "landmarks_of_a_cut_mesh_are_refused",
    OwnWeights: "meshes_of_a_head_share_their_weights",
    DuplicateAtOrigin: "duplicates_stand_where_the_original_stood",
}


@pytest.mark.parametrize(("kind", "check"), MUTANTS.items(), ids=[kind.__name__ for kind in MUTANTS])
def test_a_host_that_breaks_the_contract_is_found_out(kind: type[HeadlessHost], check: str) -> None:
    found = {one.name: one for one in CHECKS}[check]
    with pytest.raises((AssertionError, HostError)):
        found.run(HeadlessFixture(kind))


def test_a_missing_error_is_an_error() -> None:
    with pytest.raises(AssertionError, match="nothing was raised; LockedError"):
        require_error(LockedError, lambda: None)


def test_an_error_without_the_words_is_refused() -> None:
    def act() -> None:
        raise HostError("the lamp is broken")

    with pytest.raises(AssertionError, match=r"lacks \['door'\]"):
        require_error(HostError, act, "door", "lamp")


def test_a_difference_is_told_with_its_size() -> None:
    with pytest.raises(AssertionError, match=r"points: is off by 0\.5, allowed are 2e-05"):
        require_near("points", [0.5], [1.0])
    with pytest.raises(AssertionError, match=r"has the shape \(1,\)"):
        require_near("points", [0.5], [1.0, 2.0])
