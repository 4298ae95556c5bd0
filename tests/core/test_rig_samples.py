"""Asking a host what its rig does."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facepatch.core.data.rig import RigControl
from facepatch.core.errors import InputError, SolveError
from facepatch.core.host import Control
from facepatch.core.progress import Progress
from facepatch.core.rig_samples import read_rig_samples, rig_control, sample_plan, sample_rig
from joint_rigs import joint_rig


class RigHost:
    """Samples the joint rig in world space, a metre up; angles come in radians."""

    def __init__(self) -> None:
        self.rig = joint_rig(50)
        self.asked = 0

    def controls(self, names: Sequence[str]) -> tuple[Control, ...]:
        return tuple(Control(name, 0, 0, None, None, False, False, "scalar") for name in names)

    def sample(self, controls: Sequence[str], values: Any, meshes: Sequence[str]) -> np.ndarray:
        self.asked += len(values)
        by_name = {control.name: row for row, control in enumerate(self.rig.controls)}
        full = np.zeros((len(values), len(self.rig.controls)))
        for column, name in enumerate(controls):
            row = by_name[name]
            degrees = self.rig.controls[row].unit == "degrees"
            full[:, row] = values[:, column] * (180 / math.pi if degrees else 1.0)
        return self.rig(full) + np.array([0, 100, 0], np.float32)


TO_HEAD = np.array([[1, 0, 0, 0], [0, 1, 0, -100], [0, 0, 1, 0], [0, 0, 0, 1]], float)


def test_samples_are_the_rigs_meshes_in_head_space(tmp_path: Path) -> None:
    host = RigHost()
    found = sample_rig(host, host.rig.controls, ["face"], tmp_path, head_from_world=TO_HEAD)
    np.testing.assert_allclose(found.vertices, host.rig(found.values), atol=1e-4)
    assert found.idle == ("broken.tx",)
    again = read_rig_samples(tmp_path)
    assert again.controls == host.rig.controls
    np.testing.assert_array_equal(again.vertices, found.vertices)
    assert {path.name for path in tmp_path.iterdir()} == {"samples.npz", "samples.npy"}


def test_the_plan_moves_each_control_alone_and_few_together() -> None:
    controls = joint_rig(5).controls
    plan = sample_plan(controls, sparse=100)
    rest = np.array([control.default for control in controls])
    assert (plan[0] == rest).all()
    moved = (plan != rest).sum(axis=1)
    assert (moved == 1).sum() == sum(
        2 * ((c.minimum != c.default) + (c.maximum != c.default)) for c in controls
    )
    assert moved.max() <= 8
    low, high = (np.array([getattr(c, end) for c in controls]) for end in ("minimum", "maximum"))
    assert (plan >= low).all()
    assert (plan <= high).all()
    np.testing.assert_array_equal(plan, sample_plan(controls, sparse=100))


def test_a_call_that_was_stopped_goes_on(tmp_path: Path) -> None:
    class StopError(Exception):
        pass

    def stop(progress: Progress) -> None:
        if progress.done >= 64:
            raise StopError

    host = RigHost()
    with pytest.raises(StopError):
        sample_rig(host, host.rig.controls, ["face"], tmp_path, on_progress=stop)
    before = host.asked
    found = sample_rig(host, host.rig.controls, ["face"], tmp_path)
    assert host.asked == len(found.values)
    assert before == 64
    whole = sample_rig(RigHost(), host.rig.controls, ["face"], tmp_path / "other")
    np.testing.assert_array_equal(found.vertices, whole.vertices)


def test_a_rig_that_does_not_respond_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SolveError, match=r"broken\.tx changes none of the meshes face"):
        sample_rig(RigHost(), [RigControl("broken.tx", -1, 1)], ["face"], tmp_path)


def test_controls_that_may_not_move_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="None of the 1 controls may move"):
        sample_rig(RigHost(), [RigControl("smile.l", locked=True)], ["face"], tmp_path)


def test_attributes_of_a_host_become_controls_in_degrees() -> None:
    angle = rig_control(Control("jaw.rx", 0.0, 0.0, -math.pi / 6, math.pi / 2, False, False, "angle"))
    assert (angle.minimum, angle.maximum, angle.unit) == (pytest.approx(-30), pytest.approx(90), "degrees")
    free = rig_control(Control("a.b", 0.0, 2.0, None, None, False, False, "scalar"))
    assert (free.minimum, free.maximum, free.default) == (1, 3, 2)
    assert rig_control(Control("a.b", 0, 0, 0, 1, False, True, "scalar")).locked
