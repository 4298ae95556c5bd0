from __future__ import annotations

from typing import Any

import pytest

from facepatch.core.errors import FormatError, TopologyError
from small_meshes import grid

LANDMARKS = {"nose_tip": 5, "chin": 1}


@pytest.fixture
def head(maya: Any) -> str:
    points, counts, corners = grid()
    return str(maya.add_mesh("head", points, counts, corners))


def test_landmarks_are_kept(head: str) -> None:
    from facepatch_maya.landmarks_node import load_landmarks, save_landmarks

    assert load_landmarks(head) == {}
    save_landmarks(head, LANDMARKS, note="first try")
    assert load_landmarks(head) == LANDMARKS
    save_landmarks(head, {"chin": 2})
    assert load_landmarks(head) == {"chin": 2}


def test_saving_again_uses_the_same_node(head: str) -> None:
    from maya import cmds

    from facepatch_maya.landmarks_node import save_landmarks

    save_landmarks(head, LANDMARKS)
    save_landmarks(head, {"chin": 2})
    assert cmds.ls(type="network") == ["facepatch_landmarks"]


def test_saving_is_one_undo_step(head: str) -> None:
    from maya import cmds

    from facepatch_maya.landmarks_node import load_landmarks, save_landmarks

    save_landmarks(head, LANDMARKS)
    save_landmarks(head, {"chin": 2})
    cmds.undo()
    assert load_landmarks(head) == LANDMARKS
    cmds.undo()
    assert load_landmarks(head) == {}
    assert cmds.ls(type="network") == []
    cmds.redo()
    assert load_landmarks(head) == LANDMARKS


def test_they_survive_renaming_and_parenting(head: str) -> None:
    from maya import cmds

    from facepatch_maya.landmarks_node import load_landmarks, save_landmarks

    save_landmarks(head, LANDMARKS)
    renamed = cmds.rename(head, "hero_head")
    cmds.group(renamed, name="rig")
    cmds.rename("facepatch_landmarks", "something_else")
    assert load_landmarks("|rig|hero_head") == LANDMARKS


def test_they_survive_saving_and_opening(head: str, tmp_path: Any) -> None:
    from maya import cmds

    from facepatch_maya.landmarks_node import load_landmarks, save_landmarks

    save_landmarks(head, LANDMARKS)
    save_scene(tmp_path / "head.ma")
    cmds.file((tmp_path / "head.ma").as_posix(), open=True, force=True)
    assert load_landmarks("head") == LANDMARKS


def test_they_come_with_an_import(head: str, tmp_path: Any) -> None:
    from maya import cmds

    from facepatch_maya.landmarks_node import load_landmarks, save_landmarks

    save_landmarks(head, LANDMARKS)
    save_scene(tmp_path / "head.ma")
    cmds.file(new=True, force=True)
    cmds.file((tmp_path / "head.ma").as_posix(), i=True, namespace="hero")
    assert load_landmarks("hero:head") == LANDMARKS


def test_they_come_with_a_reference_and_may_be_changed_there(head: str, tmp_path: Any) -> None:
    from maya import cmds

    from facepatch_maya.landmarks_node import load_landmarks, save_landmarks

    save_landmarks(head, LANDMARKS)
    save_scene(tmp_path / "head.ma")
    cmds.file(new=True, force=True)
    cmds.file((tmp_path / "head.ma").as_posix(), reference=True, namespace="hero")
    assert load_landmarks("hero:head") == LANDMARKS
    save_landmarks("hero:head", {"chin": 2})
    assert load_landmarks("hero:head") == {"chin": 2}
    assert "hero:facepatch_landmarks" in cmds.ls(type="network")
    save_landmarks("hero:head", {"chin": 3})
    assert len(cmds.ls(type="network")) == 2


def test_two_meshes_have_their_own(maya: Any, head: str) -> None:
    from facepatch_maya.landmarks_node import load_landmarks, save_landmarks

    points, counts, corners = grid()
    other = maya.add_mesh("other", points, counts, corners)
    save_landmarks(head, LANDMARKS)
    save_landmarks(other, {"chin": 2})
    assert load_landmarks(head) == LANDMARKS
    assert load_landmarks(other) == {"chin": 2}


def test_another_mesh_in_its_place_is_refused(maya: Any, head: str) -> None:
    from maya import cmds

    from facepatch_maya.landmarks_node import load_landmarks, save_landmarks

    save_landmarks(head, LANDMARKS)
    points, counts, corners = grid(3)
    other = maya.add_mesh("other", points, counts, corners)
    cmds.connectAttr(f"{other}.message", "facepatch_landmarks.facepatchMesh", force=True)
    with pytest.raises(TopologyError, match="picked when it had 12 vertices, and it has 9"):
        load_landmarks(other)


def test_a_vertex_that_is_not_there_is_refused(head: str) -> None:
    from maya import cmds

    from facepatch_maya.landmarks_node import save_landmarks

    with pytest.raises(TopologyError, match=r"chin: is vertex 12, but \|head has 0 to 11"):
        save_landmarks(head, {"chin": 12})
    assert cmds.ls(type="network") == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 1}', '{"version": 99, "landmarks": {}}'])
def test_a_damaged_text_is_a_sentence(head: str, text: str) -> None:
    from maya import cmds

    from facepatch_maya.landmarks_node import load_landmarks, save_landmarks

    save_landmarks(head, LANDMARKS)
    cmds.setAttr("facepatch_landmarks.facepatchLandmarks", text, type="string")
    with pytest.raises(FormatError, match=r"facepatch_landmarks.facepatchLandmarks: is"):
        load_landmarks(head)


def save_scene(path: Any) -> None:
    from maya import cmds

    cmds.file(rename=path.as_posix())
    cmds.file(save=True, type="mayaAscii")
