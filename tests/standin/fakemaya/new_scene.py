"""What a new scene holds: Maya's default nodes and cameras."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fakemaya.node import Plug, new_node

if TYPE_CHECKING:
    from fakemaya.scene import Scene


def populate(scene: Scene) -> None:
    """Put Maya's own nodes into an empty scene."""
    for kind, name in (
        ("time", "time1"),
        ("sequenceManager", "sequenceManager1"),
        ("hwRenderGlobals", "hardwareRenderingGlobals"),
        ("partition", "renderPartition"),
        ("shadingEngine", "initialShadingGroup"),
        ("shadingEngine", "initialParticleSE"),
        ("lambert", "lambert1"),
        ("objectSet", "defaultLightSet"),
        ("objectSet", "defaultObjectSet"),
        ("renderGlobals", "defaultRenderGlobals"),
        ("resolution", "defaultResolution"),
        ("colorManagementGlobals", "defaultColorMgtGlobals"),
        ("displayLayerManager", "layerManager"),
        ("displayLayer", "defaultLayer"),
        ("renderLayer", "defaultRenderLayer"),
    ):
        scene.insert(new_node(kind, name))
    for name, place, turn in (
        ("persp", (28.0, 21.0, 28.0), (-27.938, 45.0, 0.0)),
        ("top", (0.0, 1000.1, 0.0), (-90.0, 0.0, 0.0)),
        ("front", (0.0, 0.0, 1000.1), (0.0, 0.0, 0.0)),
        ("side", (1000.1, 0.0, 0.0), (0.0, 90.0, 0.0)),
    ):
        transform, shape = new_node("transform", name), new_node("camera", f"{name}Shape")
        shape.parent = transform
        scene.insert(transform)
        scene.insert(shape)
        for attr, numbers in (("translate", place), ("rotate", np.radians(turn))):
            scene.put(Plug(transform, transform.type.by_name[attr]), [float(v) for v in numbers])
        scene.put(Plug(transform, transform.type.by_name["visibility"]), False)
        scene.put(Plug(shape, shape.type.by_name["orthographic"]), name != "persp")
        scene.put(Plug(shape, shape.type.by_name["renderable"]), name == "persp")
    scene.link(scene.plug("lambert1.outColor"), scene.plug("initialShadingGroup.surfaceShader"))
    scene.link(scene.plug("lambert1.outColor"), scene.plug("initialParticleSE.surfaceShader"))
    for node in scene.nodes.values():
        node.default = True
    scene.modified = False
