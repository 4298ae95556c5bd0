from __future__ import annotations

import numpy as np
import pytest

from facepatch.core.errors import FormatError
from facepatch.readers.maya_ascii import MayaNode, MayaScene
from facepatch.readers.maya_mesh import mesh_data, target_names, target_offsets

SQUARE = {
    ".vt[0:3]": ["0", "0", "0", "1", "0", "0", "1", "1", "0", "0", "1", "0"],
    ".ed[0:4]": ["0", "1", "0", "1", "2", "0", "2", "3", "0", "3", "0", "0", "0", "2", "0"],
    ".fc[0:1]": [
        "f",
        "3",
        "0",
        "1",
        "-5",
        "mu",
        "0",
        "3",
        "2",
        "1",
        "0",
        "f",
        "3",
        "4",
        "2",
        "3",
        "mu",
        "0",
        "3",
        "0",
        "3",
        "2",
    ],
    ".uvst[0].uvsp[0:3]": ["0", "0", "1", "0", "1", "1", "0", "1"],
}


def test_edges_walked_both_ways_give_the_corners() -> None:
    mesh = mesh_data(MayaNode("m", "mesh", None, SQUARE))
    assert mesh.counts.tolist() == [3, 3]
    assert mesh.corners.tolist() == [0, 1, 2, 0, 2, 3]
    assert mesh.corner_uv.tolist() == [[1, 1], [1, 0], [0, 0], [0, 0], [0, 1], [1, 1]]


def test_holes_and_colours_of_faces_are_skipped() -> None:
    words = [
        "f",
        "3",
        "0",
        "1",
        "-5",
        "mc",
        "0",
        "3",
        "0",
        "0",
        "0",
        "fc",
        "3",
        "1",
        "1",
        "1",
        "h",
        "3",
        "4",
        "2",
        "3",
    ]
    assert mesh_data(MayaNode("m", "mesh", None, {**SQUARE, ".fc[0:1]": words})).counts.tolist() == [3]


def test_targets_spread_over_their_components() -> None:
    blend = MayaNode(
        "b", "blendShape", None,
        {
            ".it[0].itg[7].iti[6000].ipt": ["3", "1", "0", "0", "1", "2", "0", "0", "1", "3", "0", "0", "1"],
            ".it[0].itg[7].iti[6000].ict": ["2", "vtx[0:1]", "vtx[3]"],
            ".it[0].itg[7].iti[5500].ipt": ["1", "9", "9", "9", "1"],
            ".aal": ["{", "smile", ",", "weight[7]", ",", "empty", ",", "weight[8]", "}"],
        },
    )  # fmt: skip
    scene = MayaScene({"b": blend}, {}, 1.0, False, 0)
    out = target_offsets(scene, blend, 0, np.zeros((4, 3)))
    assert target_names(blend) == {7: "smile", 8: "empty"}
    assert out["smile"][:, 0].tolist() == [1, 2, 0, 3]
    assert not out["empty"].any()


def test_a_connected_target_of_another_mesh_is_refused() -> None:
    blend = MayaNode("b", "blendShape", None, {})
    nodes = {"b": blend, "m": MayaNode("m", "mesh", None, SQUARE)}
    scene = MayaScene(nodes, {"b": [("it[0].itg[0].iti[6000].igt", "m.w")]}, 1.0, False, 0)
    with pytest.raises(FormatError, match="target 'm' has 4 vertices, its base 5"):
        target_offsets(scene, blend, 0, np.zeros((5, 3)))
