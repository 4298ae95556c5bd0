"""service.tasks: what a verb of the protocol gives back."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from facepatch.core.errors import InputError
from facepatch.core.protocol import Message
from facepatch.service import tasks
from facepatch.service.task import Task


def task(**arguments: Any) -> Task:
    return Task("a" * 32, arguments, tell=lambda message: None)


def test_a_character_comes_back_with_files_landmarks_doubts_and_coverage(
    tiny: SimpleNamespace, tmp_path: Path
) -> None:
    found = tasks.character(
        task(
            character=str(tiny.hero),
            picks=str(tiny.hero_picks),
            motion=[str(tiny.motion)],
            out=str(tmp_path / "C"),
        )
    )
    assert found["out"] == str(tmp_path / "C")
    assert [Path(name).name for name in found["files"]] == [
        "landmarks.png",
        "landmarks.json",
        "shapes.png",
        "coverage.json",
        "character.npz",
    ]
    assert json.loads(Path(found["landmarks"]).read_text())["record"] == "facepatch.picks"
    assert found["doubts"] == []
    assert set(found["coverage"]) == {"frames", "features", "warnings"}
    # What travels has to be JSON.
    assert Message("result", body=json.loads(json.dumps(found))).body == found


def test_a_character_without_motion_has_no_coverage_and_its_picture_is_shown_on_the_way(
    tiny: SimpleNamespace, tmp_path: Path
) -> None:
    told: list[Message] = []
    made = Task("a" * 32, {"character": str(tiny.hero), "out": str(tmp_path)}, tell=told.append)
    assert tasks.character(made)["coverage"] == {}
    assert {message.body["kind"] for message in told} == {"progress", "preview"}


def test_a_character_that_is_not_named_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="character: is missing"):
        tasks.character(task(out=str(tmp_path)))
