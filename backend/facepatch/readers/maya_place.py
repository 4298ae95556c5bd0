"""Where a Maya shape stands: the transforms above it.

Source: Autodesk, Maya help, nodes `transform` and `joint`: on row vectors the matrix is
inverse(sp) s sh sp spt inverse(rp) ra r rp rpt t for a transform, and s ra r jo t for a joint.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from facepatch.core.axes import Float64
from facepatch.readers.maya_ascii import MayaNode, MayaScene

_ORDERS = ("xyz", "yzx", "zxy", "xzy", "yxz", "zyx")


def world_from_shape(scene: MayaScene, shape: MayaNode) -> Float64:
    """(4, 4) on column vectors, in the scene's unit: the product of all transforms above the shape."""
    out = np.eye(4)
    name = shape.parent
    seen: set[str] = set()
    while name and (node := scene.nodes.get(name.split("|")[-1])) is not None and node.name not in seen:
        seen.add(node.name)
        out = out @ _local(node, scene.radians)
        if not node.flag(".it", True):
            break
        name = node.parent
    return out.T


def _local(node: MayaNode, radians: bool) -> Float64:
    """On row vectors, as Maya writes it."""
    order = _ORDERS[int(node.numbers(".ro")[0]) % 6] if node.attributes.get(".ro") else "xyz"
    turn = _rotation(_triple(node, ".r"), order, radians)
    axis = _rotation(_triple(node, ".ra"), "xyz", radians)
    scale = np.diag([*_triple(node, ".s", 1.0), 1.0])
    if node.kind == "joint":
        orient = _rotation(_triple(node, ".jo"), "xyz", radians)
        return scale @ axis @ turn @ orient @ _move(_triple(node, ".t"))
    shear_xy, shear_xz, shear_yz = _triple(node, ".sh")
    shear = np.eye(4)
    shear[1, 0], shear[2, 0], shear[2, 1] = shear_xy, shear_xz, shear_yz
    scale_pivot, rotate_pivot = _triple(node, ".sp"), _triple(node, ".rp")
    scaled = _move(-scale_pivot) @ scale @ shear @ _move(scale_pivot) @ _move(_triple(node, ".spt"))
    turned = _move(-rotate_pivot) @ axis @ turn @ _move(rotate_pivot) @ _move(_triple(node, ".rpt"))
    return scaled @ turned @ _move(_triple(node, ".t"))


def _triple(node: MayaNode, attribute: str, default: float = 0.0) -> Float64:
    values = np.full(3, default)
    whole = node.numbers(attribute)
    if whole.size == 3:
        values = whole
    for index, axis in enumerate("xyz"):
        own = node.numbers(attribute + axis)
        if own.size == 1:
            values[index] = own[0]
    return values


def _move(offset: Any) -> Float64:
    out = np.eye(4)
    out[3, :3] = offset
    return out


def _rotation(angles: Float64, order: str, radians: bool) -> Float64:
    out = np.eye(4)
    for axis in order:
        index = "xyz".index(axis)
        angle = float(angles[index]) if radians else float(np.radians(angles[index]))
        first, second = (index + 1) % 3, (index + 2) % 3
        one = np.eye(4)
        one[first, first] = one[second, second] = np.cos(angle)
        one[first, second], one[second, first] = np.sin(angle), -np.sin(angle)
        out = out @ one
    return out
