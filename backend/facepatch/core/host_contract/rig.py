"""Controls, selection, landmarks and pictures."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from facepatch.core.errors import LockedError, NodeNotFoundError, TopologyError
from facepatch.core.host_contract.checks import Checks, require, require_error, require_near
from facepatch.core.host_contract.scene import (
    CONTROL_VALUE,
    CUBE_POINTS,
    END,
    NOW,
    START,
    HostFixture,
    face_points,
    face_world,
    moved,
)

checks = Checks()


@checks.add("rig")
def _controls_are_read(fixture: HostFixture) -> None:
    names = fixture.new_scene()
    one, locked, driven = fixture.host.controls([names.control, names.locked, names.smile])
    require(
        (one.name, one.kind, one.locked, one.connected) == (names.control, "scalar", False, False), f"{one}"
    )
    require_near("control", [one.value, one.default], [CONTROL_VALUE, 0.5])
    require((one.minimum, one.maximum) == (0.0, 2.0), f"the limits are {one.minimum} and {one.maximum}.")
    require(locked.locked, "the locked attribute does not say so.")
    require(not driven.connected, "an attribute with keys of its own counts as connected.")
    require_near("keyed weight", driven.value, (NOW - START) / (END - START))


@checks.add("rig")
def _controls_of_a_node_are_listed(fixture: HostFixture) -> None:
    names = fixture.new_scene()
    node = names.control.rpartition(".")[0]
    found = [one.name for one in fixture.host.controls([node])]
    require(names.control in found, f"the controls of {node} are {found}.")


@checks.add("rig")
def _unknown_control_is_refused(fixture: HostFixture) -> None:
    names = fixture.new_scene()
    wrong = names.control + "_"
    require_error(NodeNotFoundError, lambda: fixture.host.controls([wrong]), wrong)


@checks.add("rig")
def _rig_is_sampled(fixture: HostFixture) -> None:
    names = fixture.new_scene()
    host = fixture.host
    values = np.array([[0.0], [1.0], [2.0]])
    found = host.sample([names.control], values, [names.jaw, names.face])
    wanted = [np.concatenate([moved(np.eye(4), CUBE_POINTS), face_world(NOW, row[0])]) for row in values]
    require_near("samples", found, np.stack(wanted))
    require_near("the control afterwards", host.controls([names.control])[0].value, CONTROL_VALUE)
    require_near("the face afterwards", host.read_mesh(names.face).points, face_points(NOW))


@checks.add("rig")
def _locked_control_is_not_sampled(fixture: HostFixture) -> None:
    names = fixture.new_scene()
    zero = np.zeros((1, 1))
    require_error(LockedError, lambda: fixture.host.sample([names.locked], zero, [names.face]), names.locked)


@checks.add()
def _selection_keeps_its_order(fixture: HostFixture) -> None:
    names = fixture.new_scene()
    chosen = ((names.face, 7), (names.face, 2), (names.face, 11), (names.face, 5))
    fixture.select(chosen)
    found = fixture.host.selected_vertices()
    require(found == chosen, f"the selection is {found}, should be {chosen}.")


@checks.add("landmarks")
def _landmarks_are_kept_in_the_scene(fixture: HostFixture) -> None:
    names = fixture.new_scene()
    host = fixture.host
    require(host.load_landmarks(names.face) == {}, "a mesh has landmarks before any were kept.")
    picks = {"chin": 2, "eye_l_outer": 11}
    host.save_landmarks(names.face, picks, note="by hand")
    require(host.load_landmarks(names.face) == picks, f"they came back as {host.load_landmarks(names.face)}.")
    require(host.load_landmarks(names.jaw) == {}, "another mesh has them too.")
    host.save_landmarks(names.face, {"chin": 3})
    require(host.load_landmarks(names.face) == {"chin": 3}, "saving again did not replace them.")


@checks.add("landmarks")
def _landmarks_survive_a_rename(fixture: HostFixture) -> None:
    names = fixture.new_scene()
    fixture.host.save_landmarks(names.face, {"chin": 2})
    now = fixture.rename(names.face, "hero_face")
    require(fixture.host.load_landmarks(now) == {"chin": 2}, "they were lost.")


@checks.add("landmarks")
def _landmarks_of_a_cut_mesh_are_refused(fixture: HostFixture) -> None:
    names = fixture.new_scene()
    fixture.host.save_landmarks(names.face, {"chin": 2})
    fixture.cut(names.face)
    require_error(TopologyError, lambda: fixture.host.load_landmarks(names.face), "20")


@checks.add("render")
def _pictures_are_rendered(fixture: HostFixture) -> None:
    names = fixture.new_scene()
    with tempfile.TemporaryDirectory() as folder:
        found = fixture.host.render([names.face], [1.0, 6.0], Path(folder) / "pictures", size=64)
        require(len(found) == 2 and len(set(found)) == 2, f"the pictures are {found}.")
        for path in found:
            data = path.read_bytes()
            require(data[:8] == b"\x89PNG\r\n\x1a\n", f"{path.name} is no PNG.")
            size = (int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big"))
            require(size == (64, 64), f"{path.name} is {size[0]} x {size[1]}.")
        require(found[0].read_bytes() != found[1].read_bytes(), "both pictures are the same.")
    require(fixture.host.scene().current_frame == NOW, "the time is elsewhere afterwards.")
    require(
        sorted(fixture.host.meshes()) == sorted({names.face, names.jaw}), "something was left in the scene."
    )
