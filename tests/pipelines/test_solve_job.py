"""What is asked of a solve, as arrays and sentences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facepatch.core.data.rig import RigControl
from facepatch.core.errors import InputError, UnknownNameError
from facepatch.pipelines.solve_job import SolveJob, boundary, notes_on

CONTROLS = (RigControl("jaw", -1, 1), RigControl("smile"), RigControl("dead", 0.5, 0.5, 0.5))


def job(**changes: Any) -> SolveJob:
    return SolveJob(Path("clip.npz"), Path("rig.npz"), **changes)


def test_values_beside_the_range_are_rows_and_nothing_waits_for_the_others() -> None:
    found = boundary(CONTROLS, {"jaw": [0.25, 0.5], "smile": [0.1]}, "before")
    assert found is not None
    np.testing.assert_array_equal(found, [[0.25, 0.1, np.nan], [0.5, 0.1, np.nan]])
    np.testing.assert_array_equal(boundary(CONTROLS, {"smile": 1}, "after")[:, 1], [1, 1])  # type: ignore[index]
    assert boundary(CONTROLS, {}, "before") is None


@pytest.mark.parametrize(
    ("values", "kind", "words"),
    [
        ({"jaww": [0, 0]}, UnknownNameError, "before: control.*'jaww'. Nearest: jaw"),
        (
            {"jaw": [0, 0, 0]},
            InputError,
            r"before: jaw: needs its values in the two frames .* got \[0, 0, 0\]",
        ),
        ({"jaw": [0, float("nan")]}, InputError, "got .*nan"),
        ({"jaw": ["wide", 0]}, InputError, "got .*wide"),
    ],
)
def test_values_that_cannot_be_joined_are_refused(
    values: dict[str, Any], kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        boundary(CONTROLS, values, "before")


def test_controls_that_cannot_do_what_is_asked_are_named() -> None:
    assert notes_on(job(held={"jaw": [0.0, 0.5]}), CONTROLS[:2]) == []
    (none,) = notes_on(job(unused=("jaw", "smile")), CONTROLS[:2])
    assert none.startswith("None of the controls may move")
    equal, beyond = notes_on(job(held={"jaw": [0.0, 1.5], "smile": -0.1}), CONTROLS)
    assert "limits are equal, so they stay at their default: dead." in equal
    assert "Held beyond their limits, and kept at the limit there: jaw, smile." in beyond


def test_a_tolerance_that_is_no_share_is_refused() -> None:
    with pytest.raises(InputError, match="key tolerance: 5 is no share"):
        job(key_tolerance=5.0)
