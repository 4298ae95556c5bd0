"""The real verbs of the service, on films that have their landmarks beside them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np

from facepatch.service import tasks
from facepatch.service.task import Task
from facepatch.service.verbs import VERBS as REAL
from facepatch.service.verbs import Verb


def fixtures() -> Any:
    """tests/conftest.py, which knows where the landmarks lie."""
    place = Path(__file__).parents[1] / "conftest.py"
    spec = importlib.util.spec_from_file_location("facepatch_tests_conftest", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def prepare() -> None:
    from facepatch.pipelines import performance

    performance.detect_landmarks = fixtures().detect_beside


def train(task: Task) -> dict[str, Any]:
    prepare()
    return tasks.train(task)


def retarget(task: Task) -> dict[str, Any]:
    prepare()
    return tasks.retarget(task)


def stream(task: Task) -> dict[str, Any]:
    from facepatch.pipelines.live_job import run_stream

    made = fixtures()
    points = np.load(made.beside(Path(task.arguments["source"])))
    # The networks are run once before the first frame, and that asks the detector too.
    return run_stream(
        task.arguments, task.emit, task.on_progress, detector=lambda settings: made.LandmarksBeside(points)
    )


VERBS = {
    "character": REAL["character"],
    "solve_rig": REAL["solve_rig"],
    "train": Verb("demo_verbs:train", REAL["train"].paths),
    "retarget": Verb("demo_verbs:retarget", REAL["retarget"].paths),
    "stream": Verb("demo_verbs:stream", REAL["stream"].paths, resumes=False),
}
