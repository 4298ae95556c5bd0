"""The host writes keys, in steps that can be undone."""

from __future__ import annotations

import numpy as np

from facepatch.core.errors import HostError
from facepatch.core.host import Curve
from facepatch.core.host_contract.checks import Checks, require, require_error, require_near
from facepatch.core.host_contract.scene import (
    CONTROL_VALUE,
    HostFixture,
    cube_shapes,
    curve,
    face_shapes,
)

checks = Checks()


def _require_keys(fixture: HostFixture, attribute: str, wanted: Curve) -> None:
    found = fixture.keys(attribute)
    require_near(f"key frames of {attribute}", found.frames, wanted.frames)
    require_near(f"key values of {attribute}", found.values, wanted.values)


@checks.add()
def _keys_are_written_and_linear(fixture: HostFixture) -> None:
    names = fixture.new_scene()
    host = fixture.host
    wanted = curve(2.0, 0.0, 1.0, -3.0, 0.5)
    applied = host.write_curves({names.free: wanted})
    require((applied.keys, applied.attributes, applied.left_alone) == (4, (names.free,), ()), f"{applied}")
    _require_keys(fixture, names.free, wanted)
    fixture.go_to(3.25)
    require_near("between two keys", host.controls([names.free])[0].value, 0.0, 1e-4)


@checks.add()
def _keys_may_lie_between_frames(fixture: HostFixture) -> None:
    names = fixture.new_scene()
    wanted = curve(2.0, 0.25, 0.5, 0.75, 0.25, step=0.8)
    fixture.host.write_curves({names.free: wanted})
    _require_keys(fixture, names.free, wanted)


@checks.add()
def _keys_outside_the_range_stay(fixture: HostFixture) -> None:
    names = fixture.new_scene()
    fixture.host.write_curves({names.free: curve(1.0, *range(11))})
    fixture.host.write_curves({names.free: curve(4.0, 9.0, 9.0, step=3.0)})
    wanted = Curve(np.array([1.0, 2, 3, 4, 7, 8, 9, 10, 11]), np.array([0.0, 1, 2, 9, 9, 7, 8, 9, 10]))
    _require_keys(fixture, names.free, wanted)


@checks.add()
def _what_cannot_be_keyed_is_left_alone(fixture: HostFixture) -> None:
    names = fixture.new_scene()
    host = fixture.host
    missing = names.free + "_"
    driven = names.smile.rpartition(".")[0] + "." + names.target_names[1]
    two = curve(2.0, 1.0, 2.0)
    applied = host.write_curves({missing: two, names.locked: two, names.free: two, driven: two})
    require(applied.attributes == (names.free,) and applied.keys == 2, f"written were {applied.attributes}.")
    reasons = {one.name: one.reason for one in applied.left_alone}
    require(set(reasons) == {missing, names.locked, driven}, f"left alone were {sorted(reasons)}.")
    require("lock" in reasons[names.locked], f"the locked one says: {reasons[names.locked]}")
    require(names.control.rpartition(".")[2] in reasons[driven], f"the connected one says: {reasons[driven]}")
    require(all(reason.endswith(".") for reason in reasons.values()), f"a reason is no sentence: {reasons}.")
    require_near("the weight that is driven", host.read_blendshapes(names.face).weights[1], CONTROL_VALUE)


@checks.add()
def _weights_that_another_node_drives_are_left_alone(fixture: HostFixture) -> None:
    names = fixture.new_scene()
    host = fixture.host
    built = host.build_blendshape([names.face, names.jaw], (face_shapes(1), cube_shapes(1)))
    second = f"{built.nodes[1]}.{built.aliases[0]}"
    applied = host.write_curves({second: curve(2.0, 1.0, 2.0)})
    require([one.name for one in applied.left_alone] == [second], f"{applied}")


@checks.add()
def _nothing_to_write_is_no_error(fixture: HostFixture) -> None:
    fixture.new_scene()
    applied = fixture.host.write_curves({})
    require((applied.keys, applied.attributes, applied.left_alone) == (0, (), ()), f"{applied}")


@checks.add("undo")
def _keys_are_one_step_of_undo(fixture: HostFixture) -> None:
    names = fixture.new_scene()
    host = fixture.host
    before = fixture.keys(names.smile)
    host.write_curves({names.free: curve(2.0, 1.0, 2.0), names.smile: curve(1.0, *np.linspace(0.0, 3.0, 11))})
    after = fixture.keys(names.smile)
    require(len(after.frames) == 11, "the keys were not written.")
    host.undo()
    _require_keys(fixture, names.smile, before)
    require(not len(fixture.keys(names.free).frames), "keys of the second attribute stay after undo.")
    host.redo()
    _require_keys(fixture, names.smile, after)
    require(len(fixture.keys(names.free).frames) == 2, "keys of the second attribute are missing after redo.")


@checks.add("layers")
def _a_layer_leaves_the_keys_below_alone(fixture: HostFixture) -> None:
    names = fixture.new_scene()
    host = fixture.host
    before = fixture.keys(names.smile)
    host.write_curves({names.smile: curve(1.0, *([0.75] * 11))}, layer="facepatch")
    _require_keys(fixture, names.smile, before)
    fixture.go_to(5.0)
    require_near("on the layer", host.read_blendshapes(names.face).weights[0], 0.75, 1e-4)


@checks.add()
def _an_error_in_a_step_leaves_the_scene_as_it_was(fixture: HostFixture) -> None:
    names = fixture.new_scene()
    host = fixture.host
    before = host.meshes()

    def act() -> None:
        with host.undo_step("facepatch test"):
            host.write_curves({names.free: curve(2.0, 1.0, 2.0)})
            host.build_blendshape([names.jaw], [cube_shapes(2)])
            raise HostError("stop here")

    require_error(HostError, act, "stop here")
    require(sorted(host.meshes()) == sorted(before), f"there are {host.meshes()}.")
    require(not len(fixture.keys(names.free).frames), "the keys stay.")


@checks.add("undo")
def _a_step_is_undone_as_one(fixture: HostFixture) -> None:
    names = fixture.new_scene()
    host = fixture.host
    before = host.meshes()
    with host.undo_step("facepatch test"):
        built = host.build_blendshape([names.jaw], [cube_shapes(2)])
        host.write_curves({built.weights[0]: curve(2.0, 1.0, 2.0), names.free: curve(2.0, 1.0, 2.0)})
    host.undo()
    require(sorted(host.meshes()) == sorted(before), f"after undo there are {host.meshes()}.")
    require(not len(fixture.keys(names.free).frames), "the keys stay after undo.")
