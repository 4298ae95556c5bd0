from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


def read(what: str) -> Any:
    from maya import cmds

    return {
        "time": lambda: cmds.currentTime(query=True),
        "selection": lambda: cmds.ls(orderedSelection=True, long=True),
        "modified": lambda: bool(cmds.file(query=True, modified=True)),
        "evaluation": lambda: cmds.evaluationManager(query=True, mode=True),
        "autokey": lambda: bool(cmds.autoKeyframe(query=True, state=True)),
        "cache": lambda: bool(cmds.evaluator(query=True, name="cache", enable=True)),
        "undo": lambda: bool(cmds.undoInfo(query=True, state=True)),
    }[what]()


def borrowed(what: str) -> Any:
    from facepatch_maya import scene_state

    return {
        "time": scene_state.kept_time,
        "selection": scene_state.kept_selection,
        "modified": scene_state.kept_modified,
        "evaluation": lambda: scene_state.evaluation_as("off"),
        "autokey": scene_state.autokey_off,
        "cache": scene_state.cached_playback_off,
        "undo": scene_state.undo_off,
    }[what]()


def disturb(what: str) -> None:
    from maya import cmds

    actions: dict[str, Callable[[], Any]] = {
        "time": lambda: cmds.currentTime(33.0),
        "selection": lambda: cmds.select("third", replace=True),
        "modified": lambda: cmds.setAttr("first.translateX", 5.0),
        "evaluation": lambda: None,
        "autokey": lambda: None,
        "cache": lambda: None,
        "undo": lambda: None,
    }
    actions[what]()


@pytest.fixture
def scene(maya: Any, tmp_path: Any) -> None:
    from maya import cmds

    for name in ("first", "second", "third"):
        cmds.createNode("transform", name=name)
    cmds.selectPref(trackSelectionOrder=True)
    cmds.select("second", replace=True)
    cmds.select("first", add=True)
    cmds.currentTime(7.0)
    cmds.evaluationManager(mode="parallel")
    cmds.autoKeyframe(state=True)
    cmds.evaluator(name="cache", enable=True)
    cmds.file(rename=(tmp_path / "scene.ma").as_posix())
    cmds.file(save=True, type="mayaAscii")


WHAT = ("time", "selection", "modified", "evaluation", "autokey", "cache", "undo")


@pytest.mark.parametrize("what", WHAT)
def test_it_is_given_back(scene: None, what: str) -> None:
    before = read(what)
    with borrowed(what):
        disturb(what)
        changed = read(what)
    assert changed != before
    assert read(what) == before


@pytest.mark.parametrize("what", WHAT)
def test_it_is_given_back_on_an_error(scene: None, what: str) -> None:
    before = read(what)
    with pytest.raises(ValueError, match="stop"), borrowed(what):
        disturb(what)
        raise ValueError("stop")
    assert read(what) == before


@pytest.mark.parametrize("what", ["autokey", "cache", "undo"])
def test_what_was_off_stays_off(scene: None, what: str) -> None:
    from maya import cmds

    cmds.autoKeyframe(state=False)
    cmds.evaluator(name="cache", enable=False)
    cmds.undoInfo(state=False)
    with borrowed(what):
        assert read(what) is False
    assert read(what) is False


def test_a_modified_scene_stays_modified(scene: None) -> None:
    from maya import cmds

    cmds.setAttr("first.translateX", 5.0)
    with borrowed("modified"):
        pass
    assert read("modified")


def test_what_was_deleted_is_left_out_of_the_selection(scene: None) -> None:
    from maya import cmds

    with borrowed("selection"):
        cmds.delete("second")
    assert read("selection") == ["|first"]


def test_an_empty_selection_is_empty_again(scene: None) -> None:
    from maya import cmds

    cmds.select(clear=True)
    with borrowed("selection"):
        disturb("selection")
    assert read("selection") == []


def test_borrowing_leaves_the_undo_queue_alone(scene: None) -> None:
    from maya import cmds

    cmds.setAttr("first.translateX", 5.0)
    for what in ("time", "selection"):
        with borrowed(what), borrowed("undo"):
            disturb(what)
    cmds.undo()
    assert cmds.getAttr("first.translateX") == 0.0


def test_a_chunk_is_one_step(scene: None) -> None:
    from maya import cmds

    from facepatch_maya.scene_state import undo_chunk

    with pytest.raises(ValueError, match="stop"), undo_chunk("two"):
        cmds.setAttr("first.translateX", 5.0)
        cmds.setAttr("first.translateY", 6.0)
        raise ValueError("stop")
    cmds.undo()
    assert cmds.getAttr("first.translateX") == 0.0
    cmds.setAttr("first.translateX", 1.0)
    cmds.setAttr("first.translateY", 2.0)
    cmds.undo()
    assert cmds.getAttr("first.translateX") == 1.0


def test_the_viewport_is_paused_and_goes_on(maya: Any) -> None:
    from facepatch_maya.scene_state import viewport_paused

    with pytest.raises(ValueError, match="stop"), viewport_paused():
        raise ValueError("stop")
    refreshes = [call.kwargs for call in maya.calls if call.name == "refresh"]
    assert refreshes == [{"suspend": True}, {"suspend": False}]


def test_there_is_no_viewport_in_batch() -> None:
    import fakemaya

    with fakemaya.install(version=2025, batch=True) as maya:
        from facepatch_maya.scene_state import viewport_paused

        with viewport_paused():
            pass
        assert not [call for call in maya.calls if call.name == "refresh"]
