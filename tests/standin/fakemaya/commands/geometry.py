"""polyCube, polySphere, polyPlane, polyEvaluate, and what deformers share: the original shape and the chain."""

from __future__ import annotations

from typing import Any, Optional

from fakemaya import membership, meshes, naming
from fakemaya.commands.nodes import delete_tree, wanted_nodes
from fakemaya.commands.xform import box
from fakemaya.evaluate import value_of
from fakemaya.naming import Component
from fakemaya.node import Node, Plug
from fakemaya.scene import LINEAR, Scene
from fakemaya.strict import command


def attr(node: Node, name: str, *indices: int) -> Plug:
    return Plug(node, node.type.by_name[name], indices)


def _primitive(scene: Scene, kind: str, name: str, sizes: dict[str, Any], history: bool) -> list[str]:
    transform = scene.create("transform", name or f"p{kind[1:]}1")
    stem = transform.name
    digits = stem[len(stem.rstrip("0123456789")) :]
    shape = scene.create(
        "mesh",
        f"{transform.full_name[: len(transform.full_name) - len(digits)]}Shape{digits}",
        parent=transform,
    )
    maker = scene.create(kind, f"{kind}1")
    for size, value in sizes.items():
        if value is not None:
            scene.set(attr(maker, size), float(value) * LINEAR[scene.linear_unit])
    scene.connect(attr(maker, "output"), attr(shape, "inMesh"))
    membership.add(scene, scene.node("initialShadingGroup"), (shape, "", None))
    scene.select([transform])
    if not history:
        delete_history(scene, shape)
        return [scene.short(transform)]
    return [scene.short(transform), scene.short(maker)]


@command("polyCube")
def poly_cube(
    maya: Any,
    *,
    name: str = "",
    width: Any = None,
    height: Any = None,
    depth: Any = None,
    constructionHistory: bool = True,
    axis: Any = None,
    createUVs: Any = None,
) -> list[str]:
    return _primitive(
        maya.scene, "polyCube", name, {"width": width, "height": height, "depth": depth}, constructionHistory
    )


@command("polySphere")
def poly_sphere(
    maya: Any,
    *,
    name: str = "",
    radius: Any = None,
    constructionHistory: bool = True,
    axis: Any = None,
    createUVs: Any = None,
) -> list[str]:
    return _primitive(maya.scene, "polySphere", name, {"radius": radius}, constructionHistory)


@command("polyPlane")
def poly_plane(
    maya: Any,
    *,
    name: str = "",
    width: Any = None,
    height: Any = None,
    constructionHistory: bool = True,
    axis: Any = None,
    createUVs: Any = None,
) -> list[str]:
    return _primitive(maya.scene, "polyPlane", name, {"width": width, "height": height}, constructionHistory)


@command("polyEvaluate")
def poly_evaluate(
    maya: Any,
    *args: Any,
    vertex: bool = False,
    face: bool = False,
    edge: bool = False,
    triangle: bool = False,
    boundingBox: bool = False,
    shell: bool = False,
    vertexComponent: bool = False,
    uvcoord: bool = False,
) -> Any:
    scene: Scene = maya.scene
    if vertexComponent:
        return sum(len(t.elements) for t in scene.selection if isinstance(t, Component) and t.kind == "vtx")
    nodes = wanted_nodes(scene, args)
    shape = naming.visible_shape(nodes[0], "mesh") if nodes else None
    if shape is None:
        raise RuntimeError("polyEvaluate: No polygonal object is selected or named.")
    mesh = meshes.of(scene, shape)
    answers = {
        "vertex": (vertex, lambda: len(mesh.points)),
        "face": (face, lambda: len(mesh.counts)),
        "edge": (edge, lambda: len(meshes.edges(mesh))),
        "triangle": (triangle, lambda: int((mesh.counts - 2).sum())),
        "uvcoord": (uvcoord, lambda: len(mesh.uvs[0]) if mesh.uvs else 0),
    }
    if boundingBox:
        b = box(scene, [shape], LINEAR[scene.linear_unit])
        return ((b[0], b[3]), (b[1], b[4]), (b[2], b[5]))
    asked = {name: fn() for name, (flag, fn) in answers.items() if flag}
    if len(asked) == 1:
        return next(iter(asked.values()))
    return asked or {name: fn() for name, (_, fn) in answers.items()}


# ------------------------------------------------------------------------------------------------ history


def original_shape(scene: Scene, shape: Node) -> Node:
    """The intermediate shape that a chain of deformers starts from, made (recorded) where there is none."""
    found = find_original(shape)
    if found is not None:
        return found
    mesh = meshes.of(scene, shape)
    original = scene.create("mesh", f"{shape.full_name}Orig", parent=shape.parent)
    scene.set(attr(original, "intermediateObject"), True)
    before = scene.source(attr(shape, "inMesh"))
    if before is not None:
        scene.connect(before, attr(original, "inMesh"))
    scene.set(attr(original, "cachedInMesh"), mesh)
    return original


def find_original(shape: Node) -> Optional[Node]:
    """The intermediate shape at the start of the chain into a shape."""
    at = shape.inputs.get(("inMesh", ()))
    while at is not None and (at.node.isa("geometryFilter") or at.node.isa("deleteComponent")):
        at = at.node.inputs.get(("inputGeometry", at.indices[:1]))
    return at.node if at is not None and at.node.isa("mesh") else None


def insert_deformer(scene: Scene, node: Node, shape: Node, *, geometry: int = 0, front: bool = False) -> None:
    """Put a deformer into the chain of a shape: right after the original, or at its end (recorded)."""
    original = original_shape(scene, shape)
    out = attr(node, "outputGeometry", geometry)
    chain_end = scene.source(attr(shape, "inMesh"))
    deformed = chain_end is not None and chain_end.node.isa("geometryFilter")
    if deformed and front:
        world, local = attr(original, "worldMesh", 0), attr(original, "outMesh")
        after = [d for s in (world, local) for d in scene.destinations(s) if d.attr.name == "inputGeometry"]
        scene.connect(world, attr(node, "inputGeometry", geometry))
        for destination in after:
            scene.connect(out, destination)
    else:
        start = chain_end if deformed and chain_end is not None else attr(original, "worldMesh", 0)
        scene.connect(start, attr(node, "inputGeometry", geometry))
        scene.connect(out, attr(shape, "inMesh"))
    scene.connect(attr(original, "outMesh"), attr(node, "originalGeometry", geometry))


def delete_history(scene: Scene, node: Node) -> None:
    """Bake what a mesh looks like now into it, and delete what made it so (recorded)."""
    shapes = [c for c in node.children if c.isa("mesh")] if not node.is_shape else [node]
    for shape in shapes:
        source = scene.source(attr(shape, "inMesh"))
        if source is None or value_of(scene, shape, "intermediateObject"):
            continue
        original = find_original(shape)
        scene.set(attr(shape, "cachedInMesh"), meshes.of(scene, shape))
        scene.disconnect(source, attr(shape, "inMesh"))
        chain: list[Node] = []
        at: Optional[Plug] = source
        while at is not None and (
            at.node.isa("geometryFilter") or at.node.isa("polyModifier") or at.node.isa("standinGeometry")
        ):
            chain.append(at.node)
            at = at.node.inputs.get(("inputGeometry", at.indices[:1]))
        for each in chain:
            if each.alive and not any(
                d for plugs in each.outputs.values() for d in plugs if d.attr.kind == "mesh"
            ):
                delete_tree(scene, each)
        if original is not None and original.alive and not original.referenced:
            delete_tree(scene, original)


def delete_faces(scene: Scene, part: Component) -> None:
    """Cut faces, and the vertices that only they used, out of a mesh (recorded); with history by a node."""
    shape = part.shape
    source = scene.source(attr(shape, "inMesh"))
    if source is None:
        scene.set(attr(shape, "cachedInMesh"), meshes.without_faces(meshes.of(scene, shape), part.elements))
        return
    node = scene.create("deleteComponent", "deleteComponent1")
    scene.set(attr(node, "deleteComponents"), [int(i) for i in part.elements])
    scene.connect(source, attr(node, "inputGeometry"))
    scene.connect(attr(node, "outputGeometry"), attr(shape, "inMesh"))
