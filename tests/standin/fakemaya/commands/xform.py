"""xform, exactWorldBoundingBox, makeIdentity."""

from __future__ import annotations

from typing import Any

import numpy as np

from fakemaya import matrices, meshes
from fakemaya.commands.attributes import check_settable
from fakemaya.commands.dag import found_things, local_of_world, set_matrix
from fakemaya.commands.nodes import wanted_nodes
from fakemaya.evaluate import value_of, world_of
from fakemaya.naming import Component
from fakemaya.node import Node, Plug
from fakemaya.scene import LINEAR, Scene
from fakemaya.strict import command


@command("xform")
def xform(
    maya: Any,
    *args: Any,
    query: bool = False,
    worldSpace: bool = False,
    objectSpace: bool = False,
    relative: bool = False,
    absolute: bool = False,
    translation: Any = None,
    rotation: Any = None,
    scale: Any = None,
    matrix: Any = None,
    shear: Any = None,
    pivots: Any = None,
    rotatePivot: Any = None,
    scalePivot: Any = None,
    rotateOrder: Any = None,
    boundingBox: bool = False,
    boundingBoxInvisible: bool = False,
    preserve: bool = False,
    rotateAxis: Any = None,
    euler: bool = False,
    zeroTransformPivots: bool = False,
    centerPivots: bool = False,
) -> Any:
    scene: Scene = maya.scene
    unit = LINEAR[scene.linear_unit]
    texts = [t for a in args for t in (a if isinstance(a, (list, tuple)) else [a])]
    targets: list[Any] = (
        [t for text in texts for t in found_things(scene, text)] if texts else list(scene.selection)
    )
    if not targets:
        raise RuntimeError("xform: nothing was named or selected.")
    if isinstance(targets[0], Component):
        return _move_points(scene, targets, query, worldSpace, relative, translation, unit)
    nodes = [t if t.isa("transform") else t.parent for t in targets]
    given = {
        "translation": translation,
        "rotation": rotation,
        "scale": scale,
        "matrix": matrix,
        "shear": shear,
        "pivots": pivots,
        "rotatePivot": rotatePivot,
        "scalePivot": scalePivot,
        "rotateOrder": rotateOrder,
        "boundingBox": boundingBox,
        "rotateAxis": rotateAxis,
    }
    if query:
        asked = [k for k, v in given.items() if v]
        if len(asked) != 1:
            raise RuntimeError("xform: ask for exactly one thing.")
        return _ask(scene, nodes[0], asked[0], worldSpace, unit)
    for node in nodes:
        _change(scene, node, given, worldSpace, relative, unit, preserve)
    return None


def _move_points(
    scene: Scene,
    targets: list[Component],
    query: bool,
    world: bool,
    relative: bool,
    translation: Any,
    unit: float,
) -> Any:
    out: list[float] = []
    for target in targets:
        mesh = meshes.of(scene, target.shape)
        into = world_of(scene, target.shape) if world else np.eye(4)
        here = matrices.transform_points(mesh.points[target.elements].astype(float), into)
        if query:
            out += [float(v) / unit for v in here.ravel()]
            continue
        moved = (here if relative else 0) + np.array(translation, float) * unit
        back = matrices.transform_points(np.broadcast_to(moved, here.shape), np.linalg.inv(into))
        shape = target.shape
        if ("inMesh", ()) in shape.inputs:
            offsets = Plug(shape, shape.type.by_name["pnts"])
            before = [np.array(scene.get(offsets.element(i))) for i in target.elements]
            for i, old, delta in zip(target.elements, before, back - mesh.points[target.elements]):
                scene.set(offsets.element(int(i)), [float(v) for v in old + delta])
        else:
            points = mesh.points.copy()
            points[target.elements] = back
            scene.set(Plug(shape, shape.type.by_name["cachedInMesh"]), mesh.with_points(points))
    return out if query else None


def _ask(scene: Scene, node: Node, what: str, world: bool, unit: float) -> Any:
    m = world_of(scene, node) if world else value_of(scene, node, "matrix")
    scale, shear, turned, place = matrices.decompose(m)
    order = int(value_of(scene, node, "rotateOrder"))
    if what == "matrix":
        m = m.copy()
        m[3, :3] /= unit
        return [float(v) for v in m.ravel()]
    if what == "translation":
        return [float(v) / unit for v in (place if world else value_of(scene, node, "translate"))]
    if what == "rotation":
        angles = matrices.euler(turned, order) if world else value_of(scene, node, "rotate")
        return [float(scene.to_ui("doubleAngle", v)) for v in angles]
    if what == "scale":
        return [float(v) for v in (scale if world else value_of(scene, node, "scale"))]
    if what == "shear":
        return [float(v) for v in (shear if world else value_of(scene, node, "shear"))]
    if what == "rotateOrder":
        return matrices.ORDERS[order]
    if what == "rotateAxis":
        return [float(scene.to_ui("doubleAngle", v)) for v in value_of(scene, node, "rotateAxis")]
    if what == "boundingBox":
        return box(scene, [node], unit)
    pivots = [np.array(value_of(scene, node, p)) for p in ("rotatePivot", "scalePivot")]
    if world:
        pivots = [matrices.transform_points(p[None], m)[0] for p in pivots]
    chosen = pivots if what == "pivots" else [pivots[what == "scalePivot"]]
    return [float(v) / unit for p in chosen for v in p]


def _change(
    scene: Scene, node: Node, given: dict[str, Any], world: bool, relative: bool, unit: float, preserve: bool
) -> None:
    def channel(name: str) -> Plug:
        plug = Plug(node, node.type.by_name[name])
        check_settable(scene, plug)
        return plug

    if given["matrix"] is not None:
        numbers = given["matrix"]
        if len(numbers) != 16:
            raise RuntimeError("xform: a matrix has 16 numbers.")
        m = np.array(numbers, float).reshape(4, 4)
        m[3, :3] *= unit
        set_matrix(scene, node, local_of_world(scene, node, m) if world else m)
    if given["rotateOrder"] is not None:
        to = matrices.ORDERS.index(given["rotateOrder"])
        if preserve:
            turned = matrices.rotation(
                value_of(scene, node, "rotate"), int(value_of(scene, node, "rotateOrder"))
            )
            scene.assign(channel("rotate"), [float(v) for v in matrices.euler(turned, to)])
        scene.assign(channel("rotateOrder"), to)
    if given["scale"] is not None:
        now = np.array(value_of(scene, node, "scale")) if relative else np.ones(3)
        scene.assign(channel("scale"), [float(v) for v in np.array(given["scale"], float) * now])
    if given["rotation"] is not None:
        angles = np.array([scene.from_ui("doubleAngle", v) for v in given["rotation"]])
        if world:
            order = int(value_of(scene, node, "rotateOrder"))
            m = world_of(scene, node)
            scale, shear, turned, place = matrices.decompose(m)
            turned = (
                turned @ matrices.rotation(angles, order) if relative else matrices.rotation(angles, order)
            )
            m = matrices.scaling(scale) @ matrices.shearing(shear) @ turned @ matrices.translation(place)
            set_matrix(scene, node, local_of_world(scene, node, m))
        else:
            now = np.array(value_of(scene, node, "rotate")) if relative else 0
            scene.assign(channel("rotate"), [float(v) for v in angles + now])
    if given["translation"] is not None:
        offset = np.array(given["translation"], float) * unit
        if world:
            m = world_of(scene, node).copy()
            m[3, :3] = offset + (m[3, :3] if relative else 0)
            local = local_of_world(scene, node, m)
            delta = local[3, :3] - value_of(scene, node, "matrix")[3, :3]
            scene.assign(
                channel("translate"), [float(v) for v in np.array(value_of(scene, node, "translate")) + delta]
            )
        else:
            now = np.array(value_of(scene, node, "translate")) if relative else 0
            scene.assign(channel("translate"), [float(v) for v in offset + now])
    for name in ("rotatePivot", "scalePivot", "pivots"):
        if given[name] is not None:
            point = np.array(given[name], float)[:3] * unit
            if world:
                point = matrices.transform_points(point[None], np.linalg.inv(world_of(scene, node)))[0]
            for each in ("rotatePivot", "scalePivot") if name == "pivots" else (name,):
                scene.assign(channel(each), [float(v) for v in point])


def box(scene: Scene, nodes: list[Node], unit: float) -> list[float]:
    """World box (min xyz, max xyz) of what is visible in and below nodes, in UI units."""
    clouds = []
    for node in nodes:
        for each in [node, *node.descendants()]:
            if each.isa("mesh") and not value_of(scene, each, "intermediateObject"):
                clouds.append(
                    matrices.transform_points(
                        meshes.of(scene, each).points.astype(float), world_of(scene, each)
                    )
                )
    points = np.concatenate(clouds) if clouds else np.stack([world_of(scene, n)[3, :3] for n in nodes])
    return [float(v) / unit for v in (*points.min(0), *points.max(0))]


@command("exactWorldBoundingBox")
def exact_world_bounding_box(
    maya: Any, *args: Any, ignoreInvisible: bool = False, calculateExactly: bool = False
) -> list[float]:
    return box(maya.scene, wanted_nodes(maya.scene, args), LINEAR[maya.scene.linear_unit])


@command("makeIdentity")
def make_identity(
    maya: Any,
    *args: Any,
    apply: bool = False,
    translate: bool = False,
    rotate: bool = False,
    scale: bool = False,
    normal: int = 0,
    preserveNormals: bool = False,
    jointOrient: bool = False,
) -> None:
    scene: Scene = maya.scene
    every = not (translate or rotate or scale)
    for node in wanted_nodes(scene, args):
        before = value_of(scene, node, "matrix")
        for name, chosen, rest in (
            ("translate", translate, 0.0),
            ("rotate", rotate, 0.0),
            ("scale", scale, 1.0),
        ):
            if chosen or every:
                check_settable(scene, Plug(node, node.type.by_name[name]))
                scene.set(Plug(node, node.type.by_name[name]), [rest] * 3)
        if apply:
            push = before @ np.linalg.inv(value_of(scene, node, "matrix"))
            for child in node.children:
                if child.isa("mesh"):
                    if ("inMesh", ()) in child.inputs:
                        raise RuntimeError(f"makeIdentity: '{scene.short(child)}' has construction history.")
                    mesh = meshes.of(scene, child)
                    scene.set(
                        Plug(child, child.type.by_name["cachedInMesh"]),
                        mesh.with_points(matrices.transform_points(mesh.points, push)),
                    )
                elif child.isa("transform"):
                    set_matrix(scene, child, value_of(scene, child, "matrix") @ push)
