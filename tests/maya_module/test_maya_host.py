"""The contract of all hosts, on MayaHost in the stand-in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fakemaya
from facepatch.core.errors import HostError, UnsupportedError
from facepatch.core.host import Curve
from facepatch.core.host_contract import CHECKS, Check
from small_meshes import grid


@pytest.fixture
def fixture(maya: Any) -> Any:
    from facepatch_maya.contract_scene import MayaFixture

    return MayaFixture()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_contract(fixture: Any, check: Check) -> None:
    assert check.applies(fixture.host), "an interactive Maya has all capabilities"
    check.run(fixture)


@pytest.mark.parametrize(
    "check", [c for c in CHECKS if "render" not in c.needs], ids=lambda check: check.name
)
def test_contract_in_batch(check: Check) -> None:
    with fakemaya.install(version=2025, batch=True):
        from maya import cmds

        # mayapy starts with undo off, and whoever wants it switches it on.
        cmds.undoInfo(state=bool(check.needs & {"undo"}))
        from facepatch_maya.contract_scene import MayaFixture

        batch = MayaFixture()
        assert check.applies(batch.host), "mayapy has all capabilities but rendering"
        check.run(batch)


def test_the_host_says_which_maya_it_is(host: Any) -> None:
    assert host.name == "Maya 2025"


def test_capabilities_follow_the_maya_at_hand(host: Any) -> None:
    from maya import cmds

    everything = {"undo", "layers", "render", "live", "references", "rig", "landmarks"}
    assert host.capabilities == everything
    cmds.undoInfo(state=False)
    assert host.capabilities == everything - {"undo"}


def test_batch_renders_nothing() -> None:
    with fakemaya.install(version=2025, batch=True):
        from facepatch_maya.host import MayaHost

        assert "render" not in MayaHost().capabilities


def test_undo_without_a_step_is_a_sentence(host: Any) -> None:
    with pytest.raises(UnsupportedError, match="there is nothing to undo"):
        host.undo()
    with pytest.raises(UnsupportedError, match="there is nothing to redo"):
        host.redo()


def test_undo_that_is_switched_off_is_a_sentence(host: Any) -> None:
    from maya import cmds

    cmds.undoInfo(state=False)
    with pytest.raises(UnsupportedError, match="undo: is switched off in this Maya"):
        host.undo()


def test_a_step_inside_a_step_is_part_of_it(maya: Any, host: Any) -> None:
    from maya import cmds

    points, counts, corners = grid()
    maya.add_mesh("head", points, counts, corners)
    box = cmds.createNode("transform", name="box")
    key = Curve(np.array([1.0]), np.array([5.0]))
    with host.undo_step("outer"):
        host.write_curves({f"{box}.translateX": key})
        with host.undo_step("inner"):
            host.write_curves({f"{box}.translateY": key})
    host.undo()
    assert cmds.getAttr(f"{box}.translate") == [(0.0, 0.0, 0.0)]
    with pytest.raises(HostError, match="stop"), host.undo_step("outer"):
        host.write_curves({f"{box}.translateX": key})
        with host.undo_step("inner"):
            host.write_curves({f"{box}.translateY": key})
            raise HostError("stop")
    assert cmds.getAttr(f"{box}.translate") == [(0.0, 0.0, 0.0)]
