"""blendShape and skinCluster, worked out with NumPy; where Maya's behaviour is in doubt, the version that hurts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

import numpy as np

from fakemaya.node import MeshData, Node, Plug

if TYPE_CHECKING:
    from fakemaya.scene import Scene


def _value(scene: Scene, node: Node, name: str, *indices: int) -> Any:
    return scene.get(Plug(node, node.type.by_name[name], indices))


def pass_through(scene: Scene, plug: Plug) -> Optional[MeshData]:
    """The geometry that comes in at the same index."""
    return _value(scene, plug.node, "inputGeometry", plug.indices[0])


def blend_shape(scene: Scene, plug: Plug) -> Optional[MeshData]:
    """points + envelope * sum of weight * delta; negative weights are 0 unless supportNegativeWeights is on.

    With origin "world" deltas are vectors of world space, so that a turned or scaled mesh moves the wrong way.
    """
    node, geometry = plug.node, plug.indices[0]
    mesh = pass_through(scene, plug)
    state = int(_value(scene, node, "nodeState"))
    if mesh is None or state == 1 or not len(mesh.points):
        return mesh
    attr = node.type.by_name
    weights_at = node.elements(attr["weight"])
    weights = np.array([_value(scene, node, "weight", k) for k in weights_at], np.float64)
    visible = np.array([bool(_value(scene, node, "targetVisibility", k)) for k in weights_at], bool)
    if not _value(scene, node, "supportNegativeWeights"):
        weights = np.maximum(weights, 0.0)
    weights = np.where(visible, weights, 0.0) * float(_value(scene, node, "envelope"))
    items, rows, dense = _targets(scene, node, geometry, mesh)
    amounts = np.zeros(len(rows))
    for k, weight in zip(weights_at, weights):
        if weight and k in items:
            for row, amount in _item_amounts(items[k], weight):
                amounts[row] += amount
    active = np.flatnonzero(amounts)
    if not len(active):
        return mesh
    if len(active) < 6:
        offset = sum(np.float32(amounts[i]) * dense[i] for i in active)
    else:
        offset = amounts.astype(np.float32) @ dense
    offset = np.asarray(offset).reshape(-1, 3)
    painted = node.indices.get(("baseWeights", (geometry,)))
    if painted:
        factors = np.ones(len(offset), np.float32)
        for i in painted:
            factors[i] = _value(scene, node, "baseWeights", geometry, i)
        offset = offset * factors[:, None]
    if int(_value(scene, node, "origin")) == 0:
        into = np.linalg.inv(_world(scene, node, geometry))[:3, :3]
        offset = offset @ into.astype(np.float32)
    return mesh.with_points(mesh.points + offset)


def _item_amounts(items: list[tuple[float, int]], weight: float) -> list[tuple[int, float]]:
    """How much of each item (full weight, row) a target's weight means: linear between neighbours, from rest at 0."""
    if len(items) == 1:
        full, row = items[0]
        return [(row, weight / full)] if full else []
    knots = sorted([*items, (0.0, -1)])
    at = int(np.clip(np.searchsorted([k[0] for k in knots], weight, side="right") - 1, 0, len(knots) - 2))
    (low, low_row), (high, high_row) = knots[at], knots[at + 1]
    share = (weight - low) / (high - low)
    return [(row, amount) for row, amount in ((low_row, 1 - share), (high_row, share)) if row >= 0 and amount]


def _targets(scene: Scene, node: Node, geometry: int, mesh: MeshData) -> tuple[Any, Any, Any]:
    """items {target: [(full weight, row)]}, the rows, and their deltas (rows, V*3) float32."""
    attr = node.type.by_name
    stamp: list[Any] = [len(mesh.points)]
    rows: list[tuple[int, int, Any]] = []
    for k in node.elements(attr["inputTargetGroup"], (geometry,)):
        for item in node.elements(attr["inputTargetItem"], (geometry, k)):
            at = (geometry, k, item)
            live = ("inputGeomTarget", at) in node.inputs
            target = _value(scene, node, "inputGeomTarget", *at) if live else None
            points = node.values.get(("inputPointsTarget", at))
            parts = node.values.get(("inputComponentsTarget", at))
            painted = tuple(
                (i, _value(scene, node, "targetWeights", geometry, k, i))
                for i in node.indices.get(("targetWeights", (geometry, k)), ())
            )
            if target is not None:
                points = parts = None
            rows.append((k, item, (target, points, parts, painted)))
            stamp += [k, item, target, points, parts, painted, mesh if target is not None else None]
    kept = node.memo.get(("targets", geometry))
    if kept is not None and len(kept[0]) == len(stamp) and all(_same(a, b) for a, b in zip(kept[0], stamp)):
        return kept[1]
    dense = np.zeros((len(rows), len(mesh.points), 3), np.float32)
    items: dict[int, list[tuple[float, int]]] = {}
    for row, (k, item, (target, points, parts, painted)) in enumerate(rows):
        items.setdefault(k, []).append(((item - 5000) / 1000, row))
        if target is not None:
            dense[row] = _live_delta(scene, node, geometry, (geometry, k, item), target, mesh)
        elif points is not None and parts is not None:
            _fill(dense[row], points, parts)
        for i, factor in painted:
            dense[row, i] *= factor
    made = items, rows, dense.reshape(len(rows), 3 * len(mesh.points))
    node.memo["targets", geometry] = stamp, made
    return made


def _same(a: Any, b: Any) -> bool:
    return a is b or (isinstance(a, (int, tuple)) and isinstance(b, (int, tuple)) and a == b)


def _fill(out: Any, points: Any, parts: Any) -> None:
    """Deltas by component; the components are in ascending order whatever order they were given in.

    Points without a component, and components without a point, do nothing: Maya evaluates on without a word.
    """
    elements = np.arange(len(out)) if parts.complete else parts.elements
    count = min(len(elements), len(points))
    elements, points = elements[:count], points[:count]
    inside = elements < len(out)
    out[elements[inside]] = points[inside, :3]


def _live_delta(
    scene: Scene, node: Node, geometry: int, at: tuple[int, ...], target: MeshData, mesh: MeshData
) -> Any:
    if len(target.points) != len(mesh.points):
        raise RuntimeError(
            f"{node.full_name}: a target has {len(target.points)} vertices, the base {len(mesh.points)}."
        )
    if int(_value(scene, node, "origin")) == 1:
        return target.points - mesh.points
    source = node.inputs["inputGeomTarget", at]
    base_world, target_world = _world(scene, node, geometry), np.eye(4)
    if source.node.is_dag and source.attr.name in ("outMesh", "worldMesh"):
        from fakemaya.evaluate import world_of

        target_world = world_of(scene, source.node)
    moved = target.points @ target_world[:3, :3] + target_world[3, :3]
    return moved - (mesh.points @ base_world[:3, :3] + base_world[3, :3])


def _world(scene: Scene, node: Node, geometry: int) -> Any:
    """Object to world of the shape that the deformer's output ends in."""
    from fakemaya.evaluate import world_of

    at = Plug(node, node.type.by_name["outputGeometry"], (geometry,))
    while True:
        after = scene.destinations(at)
        if not after:
            return np.eye(4)
        shape = next((d.node for d in after if d.node.is_dag), None)
        if shape is not None:
            return world_of(scene, shape)
        at = Plug(
            after[0].node,
            after[0].node.type.by_name["outputGeometry"],
            (after[0].indices[0] if after[0].indices else 0,),
        )


def skin_cluster(scene: Scene, plug: Plug) -> Optional[MeshData]:
    """Linear blend skinning with the weights of weightList."""
    node = plug.node
    mesh = pass_through(scene, plug)
    attr = node.type.by_name
    joints = node.elements(attr["matrix"])
    if mesh is None or not joints:
        return mesh
    moves = np.stack(
        [_value(scene, node, "bindPreMatrix", j) @ _value(scene, node, "matrix", j) for j in joints]
    )
    column = {j: i for i, j in enumerate(joints)}
    weights = node.memo.get("weights")
    if (
        weights is None
        or len(weights) != len(mesh.points)
        or node.memo.get("weights_version") != len(node.values)
    ):
        weights = np.zeros((len(mesh.points), len(joints)))
        for (name, at), value in node.values.items():
            if name == "weights" and at[0] < len(weights) and at[1] in column:
                weights[at[0], column[at[1]]] = value
        node.memo["weights"], node.memo["weights_version"] = weights, len(node.values)
    world = np.einsum("vj,jab->vab", weights, moves)
    points = np.concatenate([mesh.points, np.ones((len(mesh.points), 1))], axis=1)
    moved = np.einsum("va,vab->vb", points, world)[:, :3]
    total = weights.sum(1, keepdims=True)
    inverse = np.linalg.inv(_world(scene, node, plug.indices[0]))
    moved = moved @ inverse[:3, :3] + inverse[3, :3]
    return mesh.with_points(np.where(total > 0, moved, mesh.points))
