"""The host interface on Blender (`bpy`): the proof that `core.host` is not secretly Maya.

For tests. Names: a mesh is an object; a node is an object, or the shape keys of a mesh; "node.attribute" is a custom
property of an object, or the value of a shape key. An attribute counts as locked where its F-curve is. Blender keeps
shape key values between -10 and 10; what lies outside is left alone.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import bmesh
import bpy
import numpy as np
from bpy_extras import anim_utils

from facepatch.core.axes import Axes
from facepatch.core.data.mesh import Topology
from facepatch.core.errors import LockedError, NodeNotFoundError, TopologyError, UnsupportedError
from facepatch.core.host import (
    Applied,
    BuiltBlendShape,
    Control,
    Curve,
    HostBlendShapes,
    HostMesh,
    LeftAlone,
    MeshShapes,
    MotionFrame,
    SceneInfo,
    check_shapes,
)
from facepatch.core.progress import OnProgress, silent

REACH = 10.0
"""Blender's own bound on shape key values."""
LANDMARKS = "facepatch_landmarks"


@dataclass(frozen=True)
class Attribute:
    """Where a "node.attribute" lives in Blender."""

    owner: Any
    """An object, or the shape keys of a mesh."""
    path: str
    """Its data path."""
    key: str
    """Its name on the owner."""

    @property
    def is_shape(self) -> bool:
        return isinstance(self.owner, bpy.types.Key)

    @property
    def value(self) -> float:
        return float(self.owner.key_blocks[self.key].value if self.is_shape else self.owner[self.key])

    def set(self, value: float) -> None:
        if self.is_shape:
            self.owner.key_blocks[self.key].value = value
        else:
            self.owner[self.key] = value
        self.owner.update_tag()


class BlenderHost:
    """A `core.host.Host` on the open Blender scene."""

    name = f"Blender {bpy.app.version_string}"
    capabilities = frozenset(("rig", "landmarks"))

    # ------------------------------------------------------------------------------------------------- reads

    def scene(self) -> SceneInfo:
        scene = bpy.context.scene
        rate = Fraction(scene.render.fps) / Fraction(scene.render.fps_base).limit_denominator(1001)
        return SceneInfo(
            bpy.data.filepath,
            float(scene.frame_start),
            float(scene.frame_end),
            scene.frame_current_final,
            (rate.numerator, rate.denominator),
            "z",
            self._unit,
        )

    def meshes(self) -> tuple[str, ...]:
        return tuple(o.name for o in bpy.context.scene.objects if o.type == "MESH")

    def cameras(self) -> tuple[str, ...]:
        return tuple(o.name for o in bpy.context.scene.objects if o.type == "CAMERA")

    def read_mesh(self, name: str) -> HostMesh:
        found = self._mesh(name)
        with self._evaluated(found) as (matrix, mesh):
            counts, corners = np.empty(len(mesh.polygons), np.int32), np.empty(len(mesh.loops), np.int32)
            mesh.polygons.foreach_get("loop_total", counts)
            mesh.loops.foreach_get("vertex_index", corners)
            topology = Topology(len(mesh.vertices), counts, corners)
            return HostMesh(name, str(found.session_uid), self._points(mesh), topology, matrix)

    def read_motion(
        self, meshes: Sequence[str], frames: Sequence[float], *, head: str = ""
    ) -> Generator[MotionFrame, None, None]:
        found = [self._mesh(name) for name in meshes]
        node = self._object(head) if head else None
        before = bpy.context.scene.frame_current_final
        try:
            for frame in frames:
                self.go_to(frame)
                points, matrices = [], []
                for one in found:
                    with self._evaluated(one) as (matrix, mesh):
                        own = self._points(mesh).astype(np.float64)
                        points.append((own @ matrix[:3, :3].T + matrix[:3, 3]).astype(np.float32))
                        matrices.append(matrix)
                place = None
                if node is not None:
                    place = self._matrix(node.evaluated_get(bpy.context.evaluated_depsgraph_get()))
                yield MotionFrame(float(frame), tuple(points), tuple(matrices), place)
        finally:
            self.go_to(before)

    def read_blendshapes(self, mesh: str) -> HostBlendShapes:
        data = self._mesh(mesh).data
        count = len(data.vertices)
        if data.shape_keys is None:
            return HostBlendShapes("", (), np.zeros((0, count, 3), np.float32), np.zeros(0))
        blocks = list(data.shape_keys.key_blocks)[1:]
        deltas = [self._shape(b) - self._shape(b.relative_key) for b in blocks]
        return HostBlendShapes(
            data.shape_keys.name,
            tuple(block.name for block in blocks),
            np.reshape(deltas, (-1, count, 3)),
            np.array([block.value for block in blocks]),
        )

    def controls(self, names: Sequence[str]) -> tuple[Control, ...]:
        found = []
        for name in names:
            known = self._attributes()
            chosen = [name] if name in known else [key for key in known if key.rpartition(".")[0] == name]
            if not chosen:
                raise NodeNotFoundError("control", name, known, "Name an object or object.property.")
            found += [self._control(key, known[key]) for key in chosen]
        return tuple(found)

    def selected_vertices(self) -> tuple[tuple[str, int], ...]:
        found = []
        for one in bpy.context.objects_in_mode:
            history = bmesh.from_edit_mesh(one.data).select_history
            found += [(one.name, item.index) for item in history if isinstance(item, bmesh.types.BMVert)]
        return tuple(found)

    def load_landmarks(self, mesh: str) -> dict[str, int]:
        found = self._mesh(mesh)
        if LANDMARKS not in found:
            return {}
        kept = json.loads(found[LANDMARKS])
        topology = self.read_mesh(mesh).topology
        if kept["topology_id"] != topology.topology_id:
            raise TopologyError(
                f"{mesh}: its landmarks were picked on {kept['vertex_count']} vertices, now it has "
                f"{topology.vertex_count}, or other polygons. Pick them again."
            )
        return kept["landmarks"]

    # ------------------------------------------------------------------------------------------------ writes

    def save_landmarks(self, mesh: str, landmarks: Mapping[str, int], *, note: str = "") -> None:
        topology = self.read_mesh(mesh).topology
        self._mesh(mesh)[LANDMARKS] = json.dumps(
            {
                "landmarks": dict(landmarks),
                "vertex_count": topology.vertex_count,
                "topology_id": topology.topology_id,
                "note": note,
            }
        )

    def build_blendshape(
        self,
        meshes: Sequence[str],
        shapes: Sequence[MeshShapes],
        *,
        name: str = "facepatch",
        duplicate: bool = True,
    ) -> BuiltBlendShape:
        found = [self._mesh(mesh) for mesh in meshes]
        check_shapes({one.name: len(one.data.vertices) for one in found}, shapes)
        keys, built, aliases = [], [], []
        for one, shape in zip(found, shapes, strict=True):
            target = self._duplicate(one, name, shape.base) if duplicate else one
            rest = target.data.shape_keys is None
            if rest:
                target.shape_key_add(name="Basis", from_mix=False)
                target.data.shape_keys.name = name
            basis = self._shape(target.data.shape_keys.key_blocks[0])
            if not duplicate:
                self._add(target, "pc_mean", shape.base - basis, basis).value = 1.0
            added = [self._add(target, n, d, basis) for n, d in zip(shape.names, shape.deltas, strict=True)]
            keys.append(target.data.shape_keys)
            built.append(target.name)
            aliases.append([block.name for block in added])
        for key, names in zip(keys[1:], aliases[1:], strict=True):
            for own, first in zip(names, aliases[0], strict=True):
                drive(key, f'key_blocks["{own}"].value', keys[0], f'key_blocks["{first}"].value')
        bpy.context.view_layer.update()
        weights = tuple(f"{keys[0].name}.{alias}" for alias in aliases[0])
        return BuiltBlendShape(tuple(built), tuple(k.name for k in keys), weights, tuple(aliases[0]))

    def write_curves(self, curves: Mapping[str, Curve], *, layer: str = "") -> Applied:
        if layer:
            raise UnsupportedError(
                f"Blender has no animation layers as Maya has them, so none named '{layer}'."
            )
        known = self._attributes()
        written, left, keys = [], [], 0
        for name, curve in curves.items():
            reason = self._why_not(name, known, curve)
            if reason:
                left.append(LeftAlone(name, reason))
            elif len(curve.frames):
                self._write(known[name], curve)
                written.append(name)
                keys += len(curve.frames)
        self.go_to(bpy.context.scene.frame_current_final)
        return Applied(keys, tuple(written), tuple(left))

    def render(
        self,
        meshes: Sequence[str],
        frames: Sequence[float],
        out: Path,
        *,
        size: int = 512,
        on_progress: OnProgress = silent,
    ) -> tuple[Path, ...]:
        raise UnsupportedError("Pictures are not made in Blender. Use: facepatch render.")

    def sample(self, controls: Sequence[str], values: Any, meshes: Sequence[str]) -> Any:
        rows = Axes()("values", values, "S _", np.float64)
        known = self._attributes()
        for name in controls:
            if name not in known:
                raise NodeNotFoundError("control", name, known, "Name controls of the scene.")
            reason = self._why_not(name, known)
            if reason:
                raise LockedError(f"{name}: {reason} Leave it out.")
        before = {name: known[name].value for name in controls}
        frame, out = [bpy.context.scene.frame_current_final], []
        try:
            for row in rows.tolist():
                for name, value in zip(controls, row, strict=True):
                    known[name].set(value)
                out.append(np.concatenate(self._standing(meshes)))
        finally:
            for name, value in before.items():
                known[name].set(value)
            self.go_to(frame[0])
        return np.stack(out)

    @contextlib.contextmanager
    def undo_step(self, name: str) -> Generator[None, None, None]:
        """Blender keeps no undo queue without a window; an error is undone by reading the scene as it was."""
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "before.blend")
            bpy.ops.wm.save_as_mainfile(filepath=path, copy=True)
            try:
                yield
            except BaseException:
                bpy.ops.wm.open_mainfile(filepath=path)
                raise

    def undo(self) -> None:
        raise UnsupportedError("Blender keeps no undo queue without a window.")

    def redo(self) -> None:
        raise UnsupportedError("Blender keeps no undo queue without a window.")

    # --------------------------------------------------------------------------------------------- Blender

    def go_to(self, frame: float) -> None:
        whole = int(np.floor(frame))
        bpy.context.scene.frame_set(whole, subframe=float(frame - whole))

    def keys(self, attribute: str) -> Curve:
        """The keys of an attribute."""
        curve = self._curve(self._attributes()[attribute])
        points = np.array([p.co[:] for p in curve.keyframe_points] if curve else np.zeros((0, 2)), np.float64)
        return Curve(points.reshape(-1, 2)[:, 0], points.reshape(-1, 2)[:, 1])

    @property
    def _unit(self) -> float:
        """Centimetres per Blender unit, free of the float32 that Blender keeps it in."""
        return (
            float(np.format_float_positional(np.float32(bpy.context.scene.unit_settings.scale_length)))
            * 100.0
        )

    def _object(self, name: str, what: str = "node") -> Any:
        known = bpy.context.scene.objects
        if name not in known:
            raise NodeNotFoundError(what, name, known.keys(), "Choose one of the scene.")
        return known[name]

    def _mesh(self, name: str) -> Any:
        if name not in self.meshes():
            raise NodeNotFoundError("mesh", name, self.meshes(), "Choose a mesh of the scene.")
        return self._object(name)

    @contextlib.contextmanager
    def _evaluated(self, one: Any) -> Generator[Any, None, None]:
        """(object to world, deformed mesh) at the current frame."""
        now = one.evaluated_get(bpy.context.evaluated_depsgraph_get())
        try:
            yield self._matrix(now), now.to_mesh()
        finally:
            now.to_mesh_clear()

    def _matrix(self, one: Any) -> Any:
        out = np.array(one.matrix_world, np.float64)
        out[:3, 3] *= self._unit
        return out

    def _points(self, mesh: Any) -> Any:
        out = np.empty((len(mesh.vertices), 3), np.float32)
        mesh.vertices.foreach_get("co", out.reshape(-1))
        return out * np.float32(self._unit)

    def _shape(self, block: Any) -> Any:
        out = np.empty((len(block.data), 3), np.float32)
        block.data.foreach_get("co", out.reshape(-1))
        return out * np.float32(self._unit)

    def _standing(self, meshes: Sequence[str]) -> list[Any]:
        bpy.context.view_layer.update()
        found = []
        for name in meshes:
            with self._evaluated(self._mesh(name)) as (matrix, mesh):
                found.append((self._points(mesh) @ matrix[:3, :3].T + matrix[:3, 3]).astype(np.float32))
        return found

    def _duplicate(self, one: Any, name: str, base: Any) -> Any:
        """A copy of an object without shape keys and modifiers, at `base`."""
        copy = one.copy()
        copy.data = one.data.copy()
        copy.name = copy.data.name = f"{one.name}_{name}"
        bpy.context.scene.collection.objects.link(copy)
        copy.shape_key_clear()
        copy.modifiers.clear()
        copy.data.vertices.foreach_set("co", (base / np.float32(self._unit)).reshape(-1))
        return copy

    def _add(self, target: Any, name: str, delta: Any, basis: Any) -> Any:
        block = target.shape_key_add(name=name, from_mix=False)
        block.slider_min, block.slider_max = -REACH, REACH
        block.value = 0.0
        block.data.foreach_set("co", ((basis + delta) / np.float32(self._unit)).reshape(-1))
        return block

    def _attributes(self) -> dict[str, Attribute]:
        found = {}
        for one in bpy.context.scene.objects:
            for key, value in one.items():
                if isinstance(value, (int, float)):
                    found[f"{one.name}.{key}"] = Attribute(one, f'["{key}"]', key)
            keys = one.data.shape_keys if one.type == "MESH" else None
            for block in list(keys.key_blocks)[1:] if keys else ():
                path = f'key_blocks["{block.name}"].value'
                found[f"{keys.name}.{block.name}"] = Attribute(keys, path, block.name)
        return found

    def _control(self, name: str, attribute: Attribute) -> Control:
        curve, driven = self._curve(attribute), self._driver(attribute) is not None
        locked = curve is not None and curve.lock
        if attribute.is_shape:
            block = attribute.owner.key_blocks[attribute.key]
            low, high, default = block.slider_min, block.slider_max, 0.0
        else:
            ui = attribute.owner.id_properties_ui(attribute.key).as_dict()
            bounds = (ui["min"], ui["max"])
            low, high = (None if abs(bound) > 1e30 else bound for bound in bounds)
            default = ui["default"]
        return Control(name, attribute.value, default, low, high, locked, driven, "scalar")

    def _why_not(self, name: str, known: Mapping[str, Attribute], curve: Any = None) -> str:
        if name not in known:
            return str(NodeNotFoundError("attribute", name, known))
        driver, keys = self._driver(known[name]), self._curve(known[name])
        if driver is not None:
            target = driver.driver.variables[0].targets[0]
            return f"It is driven by {target.id.name} {target.data_path}."
        if keys is not None and keys.lock:
            return "Its F-curve is locked."
        if curve is not None and known[name].is_shape and np.abs(curve.values).max(initial=0.0) > REACH:
            return f"Blender keeps shape key values between -{REACH:g} and {REACH:g}."
        return ""

    def _driver(self, attribute: Attribute) -> Any:
        data = attribute.owner.animation_data
        return data.drivers.find(attribute.path) if data else None

    def _curve(self, attribute: Attribute) -> Any:
        data = attribute.owner.animation_data
        if data is None or data.action is None:
            return None
        bag = anim_utils.action_get_channelbag_for_slot(data.action, data.action_slot)
        return bag.fcurves.find(attribute.path) if bag else None

    def _write(self, attribute: Attribute, curve: Curve) -> None:
        if self._curve(attribute) is None:
            data = attribute.owner.animation_data_create()
            if data.action is None:
                data.action = bpy.data.actions.new(f"{attribute.owner.name} action")
            data.action.fcurve_ensure_for_datablock(attribute.owner, attribute.path)
        points = self._curve(attribute).keyframe_points
        inside = [p for p in points if curve.frames[0] <= p.co[0] <= curve.frames[-1]]
        for point in reversed(inside):
            points.remove(point, fast=True)
        for frame, value in zip(curve.frames.tolist(), curve.values.tolist(), strict=True):
            points.insert(frame, value, options={"FAST"}).interpolation = "LINEAR"
        self._curve(attribute).update()


def drive(owner: Any, path: str, source: Any, source_path: str) -> None:
    """Let `owner.path` follow `source.source_path`."""
    driver = owner.driver_add(path).driver
    driver.type = "SUM"
    variable = driver.variables.new()
    variable.type = "SINGLE_PROP"
    target = variable.targets[0]
    target.id_type = "KEY" if isinstance(source, bpy.types.Key) else "OBJECT"
    target.id = source
    target.data_path = source_path
