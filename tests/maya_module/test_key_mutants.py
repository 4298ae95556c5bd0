"""Mutants of the key writer: each is a way in which a shot would quietly get wrong keys, and each is noticed."""

from __future__ import annotations

from typing import Any

import pytest

import fakemaya
import key_checks as check
from mutation import Mutant, mutated

KEYS = "facepatch_maya.write_keys"
CHANNELS = "facepatch_maya.channels"
LAYERS = "facepatch_maya.anim_layers"

MUTANTS = (
    Mutant(
        "all keys of a curve are cut",
        KEYS,
        ' -time "{first!r}:{last!r}"',
        "",
        check.keys_outside_the_range_stay,
    ),
    Mutant(
        "keys in the range are not cut",
        KEYS,
        "        if ranges:\n            self._do(self._before)",
        "        if ranges:\n            pass",
        check.keys_outside_the_range_stay,
    ),
    Mutant(
        "the first curve's range for all",
        KEYS,
        "ranges.setdefault(key, [])",
        "ranges.setdefault(next(iter(ranges), key), [])",
        check.keys_outside_the_range_stay,
    ),
    Mutant(
        "old keys dropped while adding",
        KEYS,
        "leaving, True, change)",
        "leaving, False, change)",
        check.keys_outside_the_range_stay,
    ),
    Mutant(
        "keys that undo does not know",
        KEYS,
        "leaving, True, change)",
        "leaving, True)",
        check.undo_and_redo_are_true,
    ),
    Mutant(
        "steps instead of lines",
        KEYS,
        "oma.MFnAnimCurve.kTangentStep if steps else oma.MFnAnimCurve.kTangentLinear",
        "oma.MFnAnimCurve.kTangentStep",
        check.keys_are_linear_and_enums_jump,
    ),
    Mutant(
        "lines between the values of an enum",
        KEYS,
        "oma.MFnAnimCurve.kTangentStep if steps else oma.MFnAnimCurve.kTangentLinear",
        "oma.MFnAnimCurve.kTangentLinear",
        check.keys_are_linear_and_enums_jump,
    ),
    Mutant(
        "degrees for radians",
        KEYS,
        "om.MDoubleArray(curve.values.tolist())",
        "om.MDoubleArray((curve.values * 57.29577951).tolist())",
        check.values_are_internal_and_frames_the_scenes,
    ),
    Mutant(
        "seconds for frames",
        KEYS,
        "unit = om.MTime.uiUnit()",
        "unit = om.MTime.kSeconds",
        check.values_are_internal_and_frames_the_scenes,
    ),
    Mutant(
        "infinities forgotten",
        KEYS,
        "            manner.give(function, change)\n",
        "",
        check.infinities_stay,
    ),
    Mutant(
        "new curves stay after undo",
        KEYS,
        "for modifier in reversed(self._used):",
        "for modifier in self._used[:1]:",
        check.undo_and_redo_are_true,
    ),
    Mutant(
        "old keys do not come back",
        KEYS,
        "for modifier in reversed(self._used):",
        "for modifier in self._used[1:]:",
        check.undo_and_redo_are_true,
    ),
    Mutant(
        "redo without layers and curves",
        KEYS,
        "                modifier.doIt()\n            for change",
        "                pass\n            for change",
        check.undo_and_redo_are_true,
    ),
    Mutant(
        "redo without keys",
        KEYS,
        "                change.redoIt()",
        "                pass",
        check.undo_and_redo_are_true,
    ),
    Mutant(
        "half of the curves left behind",
        KEYS,
        "            self.undo()\n            self._written",
        "            self._written",
        check.failing_write_leaves_the_scene_as_it_was,
    ),
    Mutant(
        "new layers add",
        KEYS,
        "-override {int(self._override)}",
        "-override 0",
        check.new_layers_override,
    ),
    Mutant(
        "layers outside of undo",
        KEYS,
        "        self._do(self._before)\n\n    def _cut",
        "        self._before.doIt()\n        self._before = om.MDGModifier()\n\n    def _cut",
        check.new_layers_override,
    ),
    Mutant(
        "an additive layer gets the values themselves",
        KEYS,
        "        if overrides:\n",
        "        if True:\n",
        check.additive_layers_give_the_values,
    ),
    Mutant(
        "what lies below is read in degrees",
        LAYERS,
        "return values * _internal_unit(channel)",
        "return values",
        check.additive_layers_give_the_values,
    ),
    Mutant(
        "the layer is part of what lies below",
        LAYERS,
        "        if not muted:\n            cmds.animLayer(layer, edit=True, mute=True)",
        "        if False:\n            pass",
        check.additive_layers_give_the_values,
    ),
    Mutant(
        "the layer stays mute",
        LAYERS,
        "cmds.animLayer(layer, edit=True, mute=False)",
        "pass",
        check.additive_layers_give_the_values,
    ),
    Mutant(
        "layers count as something that drives",
        CHANNELS,
        "    while _is_blend(source):",
        "    while False:",
        check.without_a_layer_keys_go_below,
    ),
    Mutant(
        "the layer's input for the one below",
        CHANNELS,
        '"inputA", 1',
        '"inputB", 1',
        check.without_a_layer_keys_go_below,
    ),
    Mutant(
        "connections overwritten",
        CHANNELS,
        "    if source.isNull or own_curve(plug) is not None:",
        "    if True:",
        check.what_is_not_ours_is_left_alone,
        dies_of=RuntimeError,
    ),
    Mutant(
        "shared curves changed",
        CHANNELS,
        "    if driven:\n",
        "    if False:\n",
        check.what_is_not_ours_is_left_alone,
    ),
    Mutant(
        "one attribute written under two names",
        KEYS,
        "if one.plug == found.plug",
        "if False",
        check.what_is_not_ours_is_left_alone,
    ),
    Mutant(
        "keys of referenced files replaced",
        CHANNELS,
        "    node = om.MFnDependencyNode(curve)\n    if node.isFromReferencedFile:",
        "    node = om.MFnDependencyNode(curve)\n    if False:",
        check.keys_of_a_reference_stay,
    ),
)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_mutant_is_noticed(mutant: Mutant) -> None:
    with fakemaya.install(version=2025) as maya, mutated(mutant), pytest.raises(mutant.dies_of):
        mutant.check(maya)


@pytest.mark.parametrize(
    "check_",
    sorted({one.check for one in MUTANTS}, key=lambda one: one.__name__),
    ids=lambda one: one.__name__,
)
def test_the_check_passes_without_a_mutant(check_: Any) -> None:
    with fakemaya.install(version=2025) as maya:
        check_(maya)
