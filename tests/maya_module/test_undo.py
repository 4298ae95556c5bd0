from __future__ import annotations

from typing import Any

import pytest

from facepatch.core.errors import HostError, LockedError


class Sets:
    """Operation: puts a number on an attribute through the API, which Maya does not record."""

    def __init__(self, name: str, value: float) -> None:
        from facepatch_maya import scene_names

        self.plug = scene_names.plug(name)
        self.before = self.plug.asDouble()
        self.value = value

    def redo(self) -> None:
        self.plug.setDouble(self.value)

    def undo(self) -> None:
        self.plug.setDouble(self.before)


class Fails:
    """Operation that cannot be done."""

    def redo(self) -> None:
        raise LockedError("jaw.open: is locked.")

    def undo(self) -> None:
        raise AssertionError("what failed needs no undo")


@pytest.fixture
def box(maya: Any) -> str:
    from maya import cmds

    return str(cmds.createNode("transform", name="box"))


def value(name: str = "box.translateX") -> float:
    from maya import cmds

    return float(cmds.getAttr(name))


def test_an_operation_is_undone_and_redone_by_maya(box: str) -> None:
    from maya import cmds

    from facepatch_maya.undo import perform

    perform(Sets("box.translateX", 5.0))
    assert value() == 5.0
    cmds.undo()
    assert value() == 0.0
    cmds.redo()
    assert value() == 5.0
    cmds.undo()
    assert value() == 0.0


def test_operations_and_commands_are_undone_in_order(box: str) -> None:
    from maya import cmds

    from facepatch_maya.undo import perform

    perform(Sets("box.translateX", 1.0))
    cmds.setAttr("box.translateX", 2.0)
    perform(Sets("box.translateX", 3.0))
    seen = []
    for _ in range(3):
        cmds.undo()
        seen.append(value())
    assert seen == [2.0, 1.0, 0.0]


def test_an_error_comes_back_with_its_own_sentence_and_class(box: str) -> None:
    from maya import cmds

    from facepatch_maya.undo import perform

    cmds.setAttr("box.translateX", 2.0)
    with pytest.raises(LockedError, match=r"jaw.open: is locked"):
        perform(Fails())
    cmds.undo()
    assert value() == 0.0


def test_steps_are_all_or_none(box: str) -> None:
    from facepatch_maya.undo import Steps, perform

    with pytest.raises(LockedError, match="is locked"):
        perform(Steps([Sets("box.translateX", 5.0), Sets("box.translateX", 6.0), Fails()]))
    assert value() == 0.0


def test_a_token_is_good_for_one_call(box: str) -> None:
    from facepatch_maya.undo import take

    with pytest.raises(HostError, match="nothing waits under the number 999"):
        take(999)


def test_a_step_is_one_undo(box: str) -> None:
    from maya import cmds

    from facepatch_maya.undo import perform, undo_step

    with undo_step("both"):
        cmds.setAttr("box.translateY", 2.0)
        perform(Sets("box.translateX", 5.0))
    cmds.undo()
    assert (value(), value("box.translateY")) == (0.0, 0.0)
    cmds.redo()
    assert (value(), value("box.translateY")) == (5.0, 2.0)


def test_a_failing_step_leaves_the_scene_and_the_queue_as_they_were(box: str) -> None:
    from maya import cmds

    from facepatch_maya.undo import perform, undo_step

    cmds.setAttr("box.translateZ", 9.0)
    with pytest.raises(ValueError, match="stop"), undo_step("both"):
        cmds.setAttr("box.translateY", 2.0)
        perform(Sets("box.translateX", 5.0))
        raise ValueError("stop")
    assert (value(), value("box.translateY"), value("box.translateZ")) == (0.0, 0.0, 9.0)
    cmds.redo()
    assert (value(), value("box.translateY")) == (0.0, 0.0), "redo brought back half of the failed step"
    cmds.undo()
    cmds.undo()
    assert value("box.translateZ") == 0.0


def test_an_empty_failing_step_undoes_nothing_of_before(box: str) -> None:
    from maya import cmds

    from facepatch_maya.undo import undo_step

    cmds.setAttr("box.translateZ", 9.0)
    with pytest.raises(ValueError, match="stop"), undo_step("nothing"):
        raise ValueError("stop")
    assert value("box.translateZ") == 9.0


def test_a_step_is_taken_back_where_undo_is_off(box: str) -> None:
    from maya import cmds

    from facepatch_maya.undo import perform, undo_step

    cmds.undoInfo(state=False)
    with pytest.raises(ValueError, match="stop"), undo_step("both"):
        cmds.setAttr("box.translateY", 2.0)
        perform(Sets("box.translateX", 5.0))
        raise ValueError("stop")
    assert (value(), value("box.translateY")) == (0.0, 0.0)
    assert not cmds.undoInfo(query=True, state=True)


def test_collected_operations_do_not_reach_the_queue(box: str) -> None:
    from maya import cmds

    from facepatch_maya.undo import collected, perform

    cmds.setAttr("box.translateZ", 9.0)
    with collected() as operations:
        perform(Sets("box.translateX", 5.0))
        perform(Sets("box.translateY", 6.0))
    assert (value(), value("box.translateY")) == (5.0, 6.0)
    assert len(operations) == 2
    cmds.undo()
    assert (value(), value("box.translateZ")) == (5.0, 0.0)


def test_collected_operations_are_taken_back_on_an_error(box: str) -> None:
    from facepatch_maya.undo import collected, perform, undo_step

    with pytest.raises(ValueError, match="stop"), collected():
        perform(Sets("box.translateX", 5.0))
        with undo_step("inner"):
            perform(Sets("box.translateX", 6.0))
            raise ValueError("stop")
    assert value() == 0.0


def test_a_plugin_that_does_not_load_is_a_sentence(maya: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from facepatch_maya import undo

    monkeypatch.setattr(undo, "PLUGIN", "facepatch_missing")
    with pytest.raises(HostError, match=r"facepatch_missing.py: the plug-in cannot be loaded"):
        undo.perform(undo.Nothing())
