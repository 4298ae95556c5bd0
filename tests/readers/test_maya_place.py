from __future__ import annotations

import numpy as np
import pytest

from facepatch.readers.maya_ascii import MayaNode, MayaScene
from facepatch.readers.maya_place import world_from_shape


def placed(attributes: dict[str, list[str]], kind: str = "transform", radians: bool = False) -> np.ndarray:
    owner = MayaNode("t", kind, None, attributes)
    shape = MayaNode("s", "mesh", "|t")
    return world_from_shape(MayaScene({"t": owner, "s": shape}, {}, 0.01, radians, 0), shape)


def test_rotation_orders_differ() -> None:
    turn = {".r": ["90", "90", "0"]}
    first = placed(turn)[:3, :3] @ (0, 0, 1)  # about x, then about y
    other = placed({**turn, ".ro": ["4"]})[:3, :3] @ (0, 0, 1)  # yxz
    assert first == pytest.approx([0, -1, 0], abs=1e-12)
    assert other == pytest.approx([1, 0, 0], abs=1e-12)


def test_pivots_stay_where_they_are() -> None:
    matrix = placed(
        {".r": ["0", "0", "37"], ".s": ["2", "3", "1"], ".rp": ["1", "2", "3"], ".sp": ["1", "2", "3"]}
    )
    assert matrix @ (1, 2, 3, 1) == pytest.approx([1, 2, 3, 1])


def test_radians_joints_and_single_axes() -> None:
    half = str(np.pi / 2)
    assert placed({".rz": [half]}, radians=True)[:3, :3] @ (1, 0, 0) == pytest.approx([0, 1, 0], abs=1e-12)
    joint = placed({".jo": ["0", "0", "90"], ".tx": ["5"]}, kind="joint")
    assert joint @ (1, 0, 0, 1) == pytest.approx([5, 1, 0, 1])


def test_a_transform_that_inherits_nothing_stops_the_chain() -> None:
    nodes = {
        "p": MayaNode("p", "transform", None, {".t": ["9", "9", "9"]}),
        "t": MayaNode("t", "transform", "p", {".it": ["no"], ".t": ["1", "0", "0"]}),
        "s": MayaNode("s", "mesh", "t"),
    }
    assert world_from_shape(MayaScene(nodes, {}, 0.01, False, 0), nodes["s"])[:3, 3].tolist() == [1, 0, 0]
