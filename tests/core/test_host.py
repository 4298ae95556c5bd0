"""core.host: what its values refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from facepatch.core.data.mesh import Topology
from facepatch.core.errors import ShapeError, TopologyError
from facepatch.core.headless import HeadlessHost
from facepatch.core.host import Curve, Host, HostBlendShapes, HostMesh, MeshShapes, check_shapes

TRIANGLE = Topology(3, np.array([3], np.int32), np.array([0, 1, 2], np.int32))


def shapes(count: int = 3, *names: str) -> MeshShapes:
    return MeshShapes(np.zeros((count, 3)), np.zeros((len(names), count, 3)), names)


def test_the_headless_host_is_a_host() -> None:
    host: Host = HeadlessHost()
    assert host.meshes() == ()


@pytest.mark.parametrize(
    ("frames", "values", "sentence"),
    [
        ([1.0, 3.0, 3.0], [0, 0, 0], "frame 3 follows 3. Give them in rising order"),
        ([1.0, 2.0], [0, np.nan], "1 values are not finite"),
        ([1.0, 2.0], [0], "axis T is 1, but curve frames says 2"),
    ],
)
def test_a_curve_needs_rising_frames_and_numbers(frames: Any, values: Any, sentence: str) -> None:
    with pytest.raises(ShapeError, match=sentence):
        Curve(np.asarray(frames), np.asarray(values, np.float64))


def test_arrays_of_a_mesh_are_checked_and_converted() -> None:
    mesh = HostMesh("a", "1", [[0, 0, 0], [1, 0, 0], [0, 1, 0]], TRIANGLE, np.eye(4, dtype=np.float32))  # type: ignore[arg-type]
    assert (mesh.points.dtype, mesh.object_to_world.dtype) == (np.float32, np.float64)
    with pytest.raises(ShapeError, match="a: points"):
        HostMesh("a", "1", np.zeros((3, 4)), TRIANGLE, np.eye(4))


def test_as_many_names_as_targets() -> None:
    with pytest.raises(ShapeError, match="1 names for 2 deltas"):
        MeshShapes(np.zeros((3, 3)), np.zeros((2, 3, 3)), ("a",))
    with pytest.raises(ShapeError, match="node: 1 names for 2 targets"):
        HostBlendShapes("node", ("a",), np.zeros((2, 3, 3)), np.zeros(2))


def test_shapes_that_fit_pass() -> None:
    check_shapes({"face": 3, "jaw": 2}, [shapes(3, "a"), shapes(2, "a")])


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ([], "0 sets of shapes for 2 meshes"),
        ([shapes(3, "a")], "1 sets of shapes for 2 meshes"),
        ([shapes(3, "a"), shapes(3, "a")], "jaw: has 2 vertices, but its shapes have 3"),
        ([shapes(3, "a"), shapes(2, "b")], "jaw: its shapes have other names"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(given: Any, sentence: str) -> None:
    with pytest.raises(TopologyError, match=sentence):
        check_shapes({"face": 3, "jaw": 2}, given)
