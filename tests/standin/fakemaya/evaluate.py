"""Evaluation by pull: what a plug's value is now, through connections and the nodes that compute something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Optional

import numpy as np

from fakemaya import deform, matrices, meshes
from fakemaya.node import MeshData, Node, Plug
from fakemaya.schema import NUMBERS, Attr, NodeType

if TYPE_CHECKING:
    from fakemaya.scene import Scene

Compute = Callable[["Scene", Plug], Any]
COMPUTED: dict[tuple[str, str], Compute] = {}
_MISSING = object()


def computes(kind: str, *attributes: str) -> Callable[[Compute], Compute]:
    """Register what gives the value of output attributes of a node type and of those below it."""

    def register(function: Compute) -> Compute:
        for attribute in attributes:
            COMPUTED[kind, attribute] = function
        return function

    return register


def compute_of(kind: NodeType, attribute: str) -> Optional[Compute]:
    at: Optional[NodeType] = kind
    while at is not None:
        if (at.name, attribute) in COMPUTED:
            return COMPUTED[at.name, attribute]
        at = at.above
    return None


def pull(scene: Scene, plug: Plug) -> Any:
    """The value of a plug in internal units."""
    key = (plug.node, plug.attr.name, plug.indices)
    value = scene.cache.get(key, _MISSING)
    if value is _MISSING:
        value = _evaluate(scene, plug)
        scene.cache[key] = value
    return value


def _evaluate(scene: Scene, plug: Plug) -> Any:
    node, attr = plug.node, plug.attr
    source = node.inputs.get(plug.key)
    if scene.overrides and (node, *plug.key) in scene.overrides and scene.context_ticks is None:
        return scene.overrides[(node, *plug.key)]
    if source is not None:
        if source.attr.name == "worldMesh" and plug.attr.name in ("inputGeometry", "inputGeomTarget"):
            # Deformers work in object space; the matrix travels beside the points.
            return value_of(scene, source.node, "outMesh")
        return convert(source.attr.kind, attr.kind, pull(scene, source))
    if plug.is_array:
        return [pull(scene, element) for element in plug.elements()]
    above = attr.parent
    if above is not None and not attr.array:
        driver = node.inputs.get((above.name, plug.indices[: above.index_count]))
        if driver is not None and driver.attr.compound:
            child = Plug(driver.node, driver.attr.children[above.children.index(attr)], driver.indices)
            return convert(child.attr.kind, attr.kind, pull(scene, child))
    function = compute_of(node.type, attr.name)
    if function is not None:
        return function(scene, plug)
    if attr.compound:
        return tuple(pull(scene, child) for child in plug.children)
    return node.values.get(plug.key, default(attr))


def default(attr: Attr) -> Any:
    if attr.kind in ("matrix",) and attr.default is None:
        return np.eye(4)
    return attr.default


def convert(source: str, destination: str, value: Any) -> Any:
    """What flows through a connection. A plain number becomes degrees of an angle, as Maya's unitConversion does."""
    if isinstance(value, (MeshData, tuple, list, str)) or value is None or isinstance(value, np.ndarray):
        return value
    plain = ("double", "float", "long", "short", "byte", "bool", "enum", "doubleLinear")
    if source in plain and destination == "doubleAngle":
        return float(np.radians(value))
    if source == "doubleAngle" and destination in plain:
        return float(np.degrees(value))
    if destination == "bool":
        return bool(value)
    if destination in ("long", "short", "byte", "enum"):
        return round(value)
    return value


def keep_value(scene: Scene, destination: Plug) -> None:
    """Store the number that a plug has now, before its connection goes."""
    if destination.attr.name == "inputGeomTarget":
        from fakemaya.commands.blend_shape import store_live_target

        store_live_target(scene, destination.node, destination.indices)
    elif destination.attr.compound:
        for child in destination.children:
            keep_value(scene, child)
    elif destination.attr.kind in NUMBERS and not destination.is_array:
        destination.node.values[destination.key] = pull(scene, destination)


def value_of(scene: Scene, node: Node, name: str) -> Any:
    return pull(scene, Plug(node, node.type.by_name[name]))


# ------------------------------------------------------------------------------------------------ transforms


@computes("transform", "matrix", "xformMatrix")
def local_matrix(scene: Scene, plug: Plug) -> Any:
    node = plug.node

    def read(name: str) -> Any:
        return value_of(scene, node, name)

    order = int(read("rotateOrder"))
    m = matrices
    turned = m.rotation(read("rotateAxis")) @ m.rotation(read("rotate"), order)
    sp, rp = np.array(read("scalePivot")), np.array(read("rotatePivot"))
    if node.isa("joint"):
        out = m.scaling(read("scale")) @ turned @ m.rotation(read("jointOrient"))
        if read("segmentScaleCompensate"):
            out = out @ m.scaling([1 / v if v else 1.0 for v in read("inverseScale")])
    else:
        out = (
            m.translation(-sp)
            @ m.scaling(read("scale"))
            @ m.shearing(read("shear"))
            @ m.translation(sp)
            @ m.translation(read("scalePivotTranslate"))
            @ m.translation(-rp)
            @ turned
            @ m.translation(rp)
            @ m.translation(read("rotatePivotTranslate"))
        )
    return out @ m.translation(read("translate"))


@computes("dagNode", "matrix")
def shape_matrix(scene: Scene, plug: Plug) -> Any:
    return np.eye(4)


@computes("dagNode", "inverseMatrix")
def local_inverse(scene: Scene, plug: Plug) -> Any:
    return np.linalg.inv(value_of(scene, plug.node, "matrix"))


@computes("dagNode", "worldMatrix")
def world_matrix(scene: Scene, plug: Plug) -> Any:
    node = plug.node
    out = value_of(scene, node, "matrix")
    if node.isa("transform"):
        out = out @ value_of(scene, node, "offsetParentMatrix")
        if not value_of(scene, node, "inheritsTransform"):
            return out
    return out @ parent_matrix(scene, plug)


@computes("dagNode", "parentMatrix")
def parent_matrix(scene: Scene, plug: Plug) -> Any:
    parent = plug.node.parent
    return np.eye(4) if parent is None else world_of(scene, parent)


@computes("dagNode", "worldInverseMatrix")
def world_inverse(scene: Scene, plug: Plug) -> Any:
    return np.linalg.inv(world_of(scene, plug.node))


@computes("dagNode", "parentInverseMatrix")
def parent_inverse(scene: Scene, plug: Plug) -> Any:
    return np.linalg.inv(parent_matrix(scene, plug))


def world_of(scene: Scene, node: Node) -> Any:
    """(4, 4) object to world of a DAG node, row vectors, cm."""
    return pull(scene, Plug(node, node.type.by_name["worldMatrix"], (0,)))


@computes("locator", "worldPosition")
def locator_position(scene: Scene, plug: Plug) -> Any:
    return tuple(
        matrices.transform_points(
            np.array([value_of(scene, plug.node, "localPosition")]), world_of(scene, plug.node)
        )[0]
    )


@computes("dagNode", "boundingBoxMin", "boundingBoxMax")
def box_corner(scene: Scene, plug: Plug) -> Any:
    """Object-space box of a mesh; of a transform: the box of what is below in its own parent's space."""
    node = plug.node
    if node.isa("mesh"):
        points = meshes.of(scene, node).points
    else:
        into = np.linalg.inv(parent_matrix(scene, plug))
        clouds = [
            matrices.transform_points(meshes.of(scene, d).points, world_of(scene, d) @ into)
            for d in node.descendants()
            if d.isa("mesh") and not value_of(scene, d, "intermediateObject")
        ]
        points = np.concatenate(clouds) if clouds else np.zeros((1, 3))
    if not len(points):
        return (0.0, 0.0, 0.0)
    corner = points.min(0) if plug.attr.name == "boundingBoxMin" else points.max(0)
    return tuple(float(v) for v in corner)


for _corner in ("boundingBoxMin", "boundingBoxMax"):
    for _axis, _letter in enumerate("XYZ"):

        def _component(scene: Scene, plug: Plug, name: str = _corner, axis: int = _axis) -> Any:
            return value_of(scene, plug.node, name)[axis]

        COMPUTED["dagNode", _corner + _letter] = _component

# ------------------------------------------------------------------------------------------------ time and curves


@computes("time", "outTime")
def out_time(scene: Scene, plug: Plug) -> Any:
    return scene.evaluation_ticks


@computes("animCurve", "output")
def curve_output(scene: Scene, plug: Plug) -> Any:
    node = plug.node
    driven = node.inputs.get(("input", ())) is not None or node.type.name.startswith("animCurveU")
    value = node.keys.at(value_of(scene, node, "input") if driven else scene.evaluation_ticks)
    return round(value) if node.type.name == "animCurveTT" else value


@computes("animBlendNodeBase", "output")
def blended(scene: Scene, plug: Plug) -> Any:
    node = plug.node
    a, b = value_of(scene, node, "inputA"), value_of(scene, node, "inputB")
    wa, wb = value_of(scene, node, "weightA"), value_of(scene, node, "weightB")
    if isinstance(a, tuple):
        return tuple(x * wa + y * wb for x, y in zip(a, b))
    if plug.attr.kind in ("bool", "enum"):
        return b if wb > 0 else a
    out = a * wa + b * wb
    return round(out) if plug.attr.kind in ("long", "short") else out


@computes("animBlendNodeAdditiveRotation", "outputX", "outputY", "outputZ")
def blended_part(scene: Scene, plug: Plug) -> Any:
    return value_of(scene, plug.node, "output")["XYZ".index(plug.attr.name[-1])]


@computes("animLayer", "foregroundWeight")
def foreground(scene: Scene, plug: Plug) -> Any:
    muted = any(value_of(scene, plug.node, name) for name in ("mute", "siblingMute", "parentMute"))
    return 0.0 if muted else value_of(scene, plug.node, "weight")


@computes("animLayer", "backgroundWeight")
def background(scene: Scene, plug: Plug) -> Any:
    return 1.0 - foreground(scene, plug) if value_of(scene, plug.node, "override") else 1.0


@computes("unitConversion", "output")
def unit_converted(scene: Scene, plug: Plug) -> Any:
    return value_of(scene, plug.node, "input") * value_of(scene, plug.node, "conversionFactor")


@computes("multiplyDivide", "outputX", "outputY", "outputZ")
def multiplied(scene: Scene, plug: Plug) -> Any:
    letter = plug.attr.name[-1]
    a, b = (value_of(scene, plug.node, f"input{i}{letter}") for i in (1, 2))
    operation = int(value_of(scene, plug.node, "operation"))
    if operation == 3:
        return a**b
    return (a, a * b, a / b if b else 0.0)[operation]


# ------------------------------------------------------------------------------------------------ geometry


@computes("mesh", "outMesh")
def out_mesh(scene: Scene, plug: Plug) -> Any:
    node = plug.node
    mesh = (
        value_of(scene, node, "inMesh")
        if ("inMesh", ()) in node.inputs
        else node.values.get(("cachedInMesh", ()))
    )
    moved = node.indices.get(("pnts", ()))
    if mesh is None or not moved:
        return mesh
    points = mesh.points.copy()
    offsets = Plug(node, node.type.by_name["pnts"])
    for index in moved:
        if index < len(points):
            points[index] += np.array(pull(scene, offsets.element(index)), np.float32)
    return mesh.with_points(points)


@computes("mesh", "worldMesh")
def world_mesh(scene: Scene, plug: Plug) -> Any:
    mesh = value_of(scene, plug.node, "outMesh")
    if mesh is None:
        return None
    return mesh.with_points(
        matrices.transform_points(mesh.points.astype(np.float64), world_of(scene, plug.node))
    )


@computes("standinGeometry", "output")
def animated_mesh(scene: Scene, plug: Plug) -> Any:
    node = plug.node
    base = node.values["output", ()]
    if node.animate is None:
        return base
    points = np.asarray(node.animate(scene.evaluation_ticks / scene.ticks_per_frame), np.float32)
    if points.shape != base.points.shape:
        raise ValueError(f"animate: gave {points.shape}, the mesh has {base.points.shape}.")
    return base.with_points(points)


@computes("deleteComponent", "outputGeometry")
def cut_mesh(scene: Scene, plug: Plug) -> Any:
    node = plug.node
    mesh, faces = value_of(scene, node, "inputGeometry"), value_of(scene, node, "deleteComponents")
    kept = node.memo.get("cut")
    if kept is None or kept[0] is not mesh or kept[1] is not faces:
        node.memo["cut"] = kept = (mesh, faces, meshes.without_faces(mesh, faces))
    return kept[2]


@computes("polyCube", "output")
def cube_output(scene: Scene, plug: Plug) -> Any:
    return _remembered(scene, plug.node, meshes.cube, ("width", "height", "depth"))


@computes("polyPlane", "output")
def plane_output(scene: Scene, plug: Plug) -> Any:
    return _remembered(scene, plug.node, meshes.plane, ("width", "height"))


@computes("polySphere", "output")
def sphere_output(scene: Scene, plug: Plug) -> Any:
    return _remembered(scene, plug.node, meshes.sphere, ("radius",))


def _remembered(scene: Scene, node: Node, build: Callable[..., MeshData], sizes: tuple[str, ...]) -> MeshData:
    numbers = tuple(value_of(scene, node, size) for size in sizes)
    if node.memo.get("sizes") != numbers:
        node.memo["sizes"], node.memo["mesh"] = numbers, build(*numbers)
    return node.memo["mesh"]


COMPUTED["blendShape", "outputGeometry"] = deform.blend_shape
COMPUTED["tweak", "outputGeometry"] = deform.pass_through
COMPUTED["skinCluster", "outputGeometry"] = deform.skin_cluster
