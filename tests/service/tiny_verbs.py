"""The real verbs on the tiny run: films have their landmarks beside them, and a job can wait to be killed."""

from __future__ import annotations

import importlib.util
import threading
from pathlib import Path
from typing import Any

from facepatch.core.progress import Progress
from facepatch.core.records import write_text
from facepatch.service import tasks
from facepatch.service.task import Task
from facepatch.service.verbs import VERBS as REAL
from facepatch.service.verbs import Verb


def hold(task: Task) -> None:
    """At each [stage, done] of the argument `holds`, once: write OUT.holds/<stage> and wait to be killed."""
    go_on = task.on_progress
    marks = Path(f"{task.arguments['out']}.holds")

    def on_progress(progress: Progress) -> None:
        go_on(progress)
        for stage, done in task.arguments.get("holds", []):
            if progress.stage == stage and progress.done >= done and not (marks / stage).exists():
                write_text(marks / stage, str(progress.done))
                threading.Event().wait(600)

    task.on_progress = on_progress  # type: ignore[method-assign]


def prepare(task: Task) -> None:
    place = Path(__file__).parents[1] / "conftest.py"
    spec = importlib.util.spec_from_file_location("facepatch_tests_conftest", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    from facepatch.pipelines import performance

    performance.detect_landmarks = module.detect_beside
    hold(task)


def run(task: Task) -> dict[str, Any]:
    prepare(task)
    return tasks.run(task)


def retarget(task: Task) -> dict[str, Any]:
    prepare(task)
    return tasks.retarget(task)


VERBS = {
    "run": Verb("tiny_verbs:run", REAL["run"].paths),
    "retarget": Verb("tiny_verbs:retarget", REAL["retarget"].paths),
}
