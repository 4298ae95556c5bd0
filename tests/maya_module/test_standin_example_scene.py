"""The stand-in's blendShape beside one that a real Maya wrote: Example.ma, Maya 2020, read by our own reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fakemaya import vertices
from small_meshes import grid

# Our reader belongs to the backend, which Maya's own interpreters do not run.
pytest.importorskip("numba")


@pytest.mark.assets
def test_a_blend_shape_that_maya_wrote_is_read_and_evaluated_the_same(maya: Any, assets: Path) -> None:
    """Example.ma (Maya 2020): its own setAttr lines through our setAttr, against the shapes that our reader found."""
    from maya import cmds

    from facepatch.readers.maya_ascii import read_maya_ascii

    folder = assets / "rig-maya-facecap-example"
    scene = read_maya_ascii(folder / "Example.ma")
    known = np.load(folder / "maya_facecap_facescan.npz")
    polygons = known["polys"]
    face = maya.add_mesh("FaceScan", known["vertices"] * 100, (polygons >= 0).sum(1), polygons[polygons >= 0])
    neutral = vertices(maya, face)
    cmds.blendShape(face, name="bs", origin="local")
    words = scene.nodes["blendShape1"].attributes
    used = 0
    for name, values in words.items():
        if name.endswith(".ict"):
            cmds.setAttr(f"bs{name}", int(values[0]), *values[1:], type="componentList")
            rest = cmds.getAttr(f"bs{name}")
            assert rest == values[1:], "Maya keeps components sorted, in the fewest ranges: so do we"
        elif name.endswith(".ipt"):
            rows = np.array(values[1:], float).reshape(-1, 4)
            cmds.setAttr(f"bs{name}", int(values[0]), *map(tuple, rows.tolist()), type="pointArray")
            used += 1
    assert used == 51
    for index, delta in enumerate(known["deltas"]):
        cmds.setAttr(f"bs.weight[{index}]", 1.0)
        np.testing.assert_allclose(vertices(maya, face) - neutral, delta * 100, atol=2e-5)
        cmds.setAttr(f"bs.weight[{index}]", 0.0)


@pytest.mark.assets
def test_every_attribute_and_connection_of_mayas_file_has_its_name_here(maya: Any, assets: Path) -> None:
    from facepatch.readers.maya_ascii import read_maya_ascii
    from fakemaya import naming
    from fakemaya.node import new_node

    scene = read_maya_ascii(assets / "rig-maya-facecap-example" / "Example.ma")
    kinds = ("blendShape", "transform")
    missing = []
    for node in scene.nodes.values():
        if node.kind in kinds:
            ours = new_node(node.kind, "probe")
            texts = [name.lstrip(".") for name in node.attributes] + [
                to for to, _ in scene.inputs.get(node.name, ())
            ]
            # Ranges of elements are one attribute each.
            # currentUVSet: an attribute that the file itself adds to a transform.
            skipped = (":", "aal", "currentUVSet")
            missing += [
                (node.kind, t)
                for t in texts
                if not any(s in t for s in skipped) and naming.plug_on(ours, t) is None
            ]
    assert missing == []


@pytest.mark.assets
def test_our_blend_shape_is_wired_as_mayas(maya: Any, assets: Path) -> None:
    from maya import cmds

    from facepatch.readers.maya_ascii import read_maya_ascii

    scene = read_maya_ascii(assets / "rig-maya-facecap-example" / "Example.ma")
    theirs = dict(scene.inputs["blendShape1"])
    after = [
        to for node in scene.inputs.values() for to, source in node if source.startswith("blendShape1.og")
    ]
    cmds.blendShape(maya.add_mesh("face", *grid()), name="bs")
    ours = cmds.listConnections("bs.input[0].inputGeometry", plugs=True)
    # Up to Maya 2020 a groupParts node and a tweak node lie between; they pass the mesh on.
    assert theirs["ip[0].ig"] == "blendShape1GroupParts.og"
    before = [source for node in scene.inputs.values() for _, source in node if source.endswith("Orig.w")]
    assert before == ["FaceScanShapeOrig.w"]
    assert ours == ["faceShapeOrig.worldMesh[0]"]
    assert after == ["i"]
    assert cmds.listConnections("bs.outputGeometry[0]", plugs=True) == ["faceShape.inMesh"]
