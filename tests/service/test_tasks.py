"""service.tasks: what a verb of the protocol gives back."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from facepatch.core.data.character import write_character
from facepatch.core.data.clip import Clip, read_clip, write_clip
from facepatch.core.errors import ConfigError, InputError
from facepatch.core.protocol import Message
from facepatch.landmarks.picks import write_picks
from facepatch.service import tasks
from facepatch.service.task import Task
from facepatch.synthetic.face import make_character, synthetic_landmarks


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


@pytest.fixture(scope="module")
def solve(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Arguments of a small solve."""
    folder = tmp_path_factory.mktemp("solve")
    hero = make_character(name="hero", detail="low")
    write_character(folder / "hero.npz", hero)
    weights = np.zeros((6, 2), np.float32)
    weights[:, 0] = np.linspace(0, 0.5, 6)
    write_clip(folder / "clip.npz", Clip(("jawOpen", "eyeBlinkLeft"), weights, (24, 1)))
    write_picks(folder / "picks.json", synthetic_landmarks(hero), hero)
    return {name: str(folder / name) for name in ("clip.npz", "hero.npz", "picks.json")}


def solve_task(solve: dict[str, Any], out: Path, **others: Any) -> Task:
    return task(
        clip=solve["clip.npz"], rig=solve["hero.npz"], picks=solve["picks.json"], out=str(out), **others
    )


def test_a_solve_comes_back_with_files_verdict_and_the_controls_that_are_used(
    solve: dict[str, Any], tmp_path: Path
) -> None:
    wishes: dict[str, Any] = {
        "held": {"mouthSmileLeft": 0.25, "jawOpen": [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]},
        "unused": ["browInnerUp"],
        "cost": {"cheekPuff": 5},
        "blend": {"eyes": 0.5},
        "before": {"eyeBlinkLeft": [0, 0]},
        "after": {"eyeBlinkLeft": [0]},
        "key_tolerance": 0.0,
        "start_frame": 101,
        "settings": {"sparsity": 0.05},
    }
    found = tasks.solve_rig(solve_task(solve, tmp_path / "R", **wishes))
    assert found["out"] == str(tmp_path / "R")
    assert all(Path(name).is_file() for name in found["files"])
    assert found["verdict"][0].startswith("The rig ")
    assert {"name": "jawOpen", "unit": "", "keys": 6} in found["used"]
    clip = read_clip(tmp_path / "R" / "controls.npz")
    assert clip.start_frame == 101
    np.testing.assert_allclose(clip.weights[:, clip.names.index("mouthSmileLeft")], 0.25)
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize(
    ("others", "words"),
    [
        ({"rig": ""}, "rig, samples: give one of the two"),
        ({"samples": "/rigs/samples"}, "rig, samples: give one of the two"),
        ({"clip": ""}, "clip: is missing"),
        ({"held": ["jawOpen"]}, "held: needs a table"),
        ({"held": {"jawOpen": "wide"}}, "held: jawOpen: needs a number, got 'wide'"),
        ({"held": {"jawOpen": [0.0, None]}}, "held: jawOpen: needs a number, got 'None'"),
        ({"cost": {"jawOpen": True}}, "cost: jawOpen: needs a number"),
        ({"unused": "jawOpen"}, "unused: needs a list of names"),
        ({"start_frame": 1.5}, "start_frame: needs a whole number"),
        ({"key_tolerance": "small"}, "key_tolerance: needs a number"),
        ({"before": {"jawOpn": [0, 0]}}, "before: control: there is no 'jawOpn'. Nearest: jawOpen"),
        ({"held": {"jawOpen": [0.0, 0.1]}}, "is held by 2 values, but the clip has 6 frames"),
        ({"settings": {"sparsitty": 1}}, "Did you mean 'sparsity'"),
    ],
)
def test_arguments_of_a_solve_that_are_wrong_are_refused_by_name(
    solve: dict[str, Any], tmp_path: Path, others: dict[str, Any], words: str
) -> None:
    arguments = {**solve_task(solve, tmp_path).arguments, **others}
    with pytest.raises((InputError, ConfigError), match=words):
        tasks.solve_rig(task(**arguments))
    assert not list(tmp_path.iterdir())
