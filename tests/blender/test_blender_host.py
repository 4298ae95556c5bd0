"""The contract of hosts, the capture and the builder on Blender. Runs by `make test-blender`, skipped without bpy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="no Blender here: make test-blender")

import bmesh  # noqa: E402
from blender_host import BlenderHost, drive  # noqa: E402

from facepatch.core.capture import axes_from_scene, capture, read_capture, shapes_for_host  # noqa: E402
from facepatch.core.data.pca import Pca  # noqa: E402
from facepatch.core.host import Curve  # noqa: E402
from facepatch.core.host_contract import CHECKS, Check, ContractScene  # noqa: E402
from facepatch.core.host_contract import scene as facts  # noqa: E402


class BlenderFixture:
    """The scene of the contract in Blender."""

    def __init__(self) -> None:
        self.host = BlenderHost()

    def new_scene(self, *, centimetres_per_unit: float = 1.0) -> ContractScene:
        bpy.ops.wm.read_factory_settings(use_empty=True)
        scene = bpy.context.scene
        scene.unit_settings.scale_length = centimetres_per_unit / 100.0
        scene.render.fps, scene.render.fps_base = facts.RATE
        scene.frame_start, scene.frame_end = int(facts.START), int(facts.END)
        self._unit = centimetres_per_unit
        head = self._link(bpy.data.objects.new("head", None))
        self._keys(head, "location", 0, [0.0, 10 * facts.HEAD_MOVE_CM / centimetres_per_unit])
        self._keys(head, "rotation_euler", 1, [0.0, 10 * facts.HEAD_TURN])
        face = self._mesh("face", facts.FACE_POINTS, facts.FACE_POLYGONS)
        face.parent = head
        face.location = np.array(facts.FACE_TRANSLATE) / centimetres_per_unit
        face.rotation_euler = (0.0, facts.FACE_TURN, 0.0)
        face.scale = [facts.FACE_SCALE] * 3
        self._mesh("jaw", facts.CUBE_POINTS, facts.CUBE_POLYGONS)
        rig = self._link(bpy.data.objects.new("rig", None))
        rig["open"], rig["fixed"], rig["free"] = facts.CONTROL_VALUE, 1.0, 0.0
        rig.id_properties_ui("open").update(min=0.0, max=2.0, default=0.5)
        self._keys(rig, '["fixed"]', -1, [1.0, 1.0]).lock = True
        self._shapes(face, rig)
        self.go_to(facts.NOW)
        return ContractScene(
            "face", "jaw", "head", "shapes.smile", "rig.open", "rig.fixed", "rig.free", up_axis="z"
        )

    def _link(self, one: Any) -> Any:
        bpy.context.scene.collection.objects.link(one)
        return one

    def _mesh(self, name: str, points: Any, polygons: Any) -> Any:
        data = bpy.data.meshes.new(name)
        data.from_pydata((points / self._unit).tolist(), [], polygons)
        return self._link(bpy.data.objects.new(name, data))

    def _keys(self, one: Any, path: str, index: int, values: Sequence[float]) -> Any:
        data = one.animation_data_create()
        if data.action is None:
            data.action = bpy.data.actions.new(one.name)
        curve = data.action.fcurve_ensure_for_datablock(one, path, index=max(index, 0))
        for frame, value in zip((facts.START, facts.END), values, strict=True):
            curve.keyframe_points.insert(frame, value).interpolation = "LINEAR"
        return curve

    def _shapes(self, face: Any, rig: Any) -> None:
        face.shape_key_add(name="Basis", from_mix=False)
        for name, delta in (("smile", facts.SMILE), ("open", facts.OPEN)):
            block = face.shape_key_add(name=name, from_mix=False)
            block.slider_max = 2.0
            block.data.foreach_set(
                "co", ((facts.FACE_POINTS + delta) / self._unit).astype(np.float32).ravel()
            )
        keys = face.data.shape_keys
        keys.name = "shapes"
        self._keys(keys, 'key_blocks["smile"].value', -1, [0.0, 1.0])
        drive(keys, 'key_blocks["open"].value', rig, '["open"]')

    def go_to(self, frame: float) -> None:
        self.host.go_to(frame)

    def select(self, vertices: Sequence[tuple[str, int]]) -> None:
        one = bpy.data.objects[vertices[0][0]]
        bpy.context.view_layer.objects.active = one
        bpy.ops.object.mode_set(mode="EDIT")
        mesh = bmesh.from_edit_mesh(one.data)
        mesh.verts.ensure_lookup_table()
        for _, vertex in vertices:
            mesh.verts[vertex].select_set(True)
            mesh.select_history.add(mesh.verts[vertex])

    def rename(self, mesh: str, name: str) -> str:
        bpy.data.objects[mesh].name = name
        return name

    def cut(self, mesh: str) -> None:
        one = bpy.data.objects[mesh]
        one.shape_key_clear()
        work = bmesh.new()
        work.from_mesh(one.data)
        work.verts.ensure_lookup_table()
        bmesh.ops.delete(work, geom=[work.verts[0]], context="VERTS")
        work.to_mesh(one.data)
        work.free()

    def keys(self, attribute: str) -> Curve:
        return self.host.keys(attribute)

    def is_there(self, name: str) -> bool:
        return name in bpy.data.objects or name in bpy.data.shape_keys


APPLY = [check for check in CHECKS if check.applies(BlenderHost())]


@pytest.mark.parametrize("check", APPLY, ids=[check.name for check in APPLY])
def test_blender_keeps_the_contract_of_hosts(check: Check) -> None:
    check.run(BlenderFixture())


def test_undo_layers_and_pictures_are_beyond_it() -> None:
    beyond = {need for check in CHECKS if check not in APPLY for need in check.needs}
    assert beyond == {"undo", "layers", "render"}


def test_a_head_that_moves_in_blender_is_captured_standing_still(
    tmp_path: Path, record_property: Any
) -> None:
    """Z up becomes Y up, metres become centimetres, and what moves with the head does not move."""
    fixture = BlenderFixture()
    names = fixture.new_scene(centimetres_per_unit=100.0)
    frames = [float(f) for f in range(1, 12)]
    done = capture(fixture.host, [names.face], frames, tmp_path, head=names.head, facing="-y")
    turn = np.eye(4)
    turn[:3, :3] = axes_from_scene("-y", "z")
    still = turn @ facts.head_place(1.0) @ facts.FACE_PLACE
    wanted = np.stack([facts.moved(still, facts.face_points(frame)) for frame in frames])
    error = float(np.abs(np.load(done.motion_path) - wanted).max() / np.abs(wanted).max())
    record_property("relative_error", error)
    assert error < 1e-5
    assert done.character().shape_names == ("smile", "open")


@pytest.mark.parametrize("unit", [1.0, 100.0])
def test_a_captured_motion_is_built_again_in_its_own_scene(
    tmp_path: Path, unit: float, record_property: Any
) -> None:
    """Scene -> capture -> PCA -> shape keys and keys -> scene: the same vertices in the world, in a Z-up scene."""
    fixture = BlenderFixture()
    names = fixture.new_scene(centimetres_per_unit=unit)
    host, frames = fixture.host, [float(f) for f in range(1, 12)]
    wanted = list(host.read_motion([names.face, names.jaw], frames))
    done = capture(host, [names.face, names.jaw], frames, tmp_path, facing="-y")
    motion = np.load(read_capture(tmp_path).motion_path).reshape(len(frames), -1)
    mean = motion.mean(axis=0)
    basis = np.linalg.svd(motion - mean, full_matrices=False)[2][:5]
    pca = Pca(mean, basis, np.ones(5), 5.0)
    weights = pca.weights(motion.reshape(len(frames), -1, 3)).astype(np.float64)
    # Blender keeps values between -10 and 10, so each component is scaled to fit.
    reach = np.maximum(1.0, np.abs(weights).max(axis=0) / 9.0)
    shapes = shapes_for_host(done, pca)
    shapes = [type(s)(s.base, s.deltas * reach[:, None, None].astype(np.float32), s.names) for s in shapes]
    fixture.go_to(1.0)
    built = host.build_blendshape([names.face, names.jaw], shapes)
    for mesh in built.meshes:
        bpy.data.objects[mesh].parent = None
        bpy.data.objects[mesh].matrix_world = bpy.data.objects[mesh.partition("_")[0]].matrix_world
    applied = host.write_curves(
        {n: Curve(np.asarray(frames), weights[:, k] / reach[k]) for k, n in enumerate(built.weights)}
    )
    assert applied.left_alone == ()
    worst = 0.0
    for one, two in zip(host.read_motion(built.meshes, frames), wanted, strict=True):
        for a, b in zip(one.points, two.points, strict=True):
            worst = max(worst, float(np.abs(a - b).max() / np.abs(b).max()))
    record_property("relative_error", worst)
    assert worst < 1e-5
