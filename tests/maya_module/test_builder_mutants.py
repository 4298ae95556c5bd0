"""Mutants of the blendShape builder: each is a way in which Maya would quietly deform wrongly, and each is noticed."""

from __future__ import annotations

import pytest

import builder_checks as check
import fakemaya
from mutation import Mutant, mutated

TARGETS = "facepatch_maya.blendshape_targets"
BUILDER = "facepatch_maya.build_blendshape"
DUPLICATE = "facepatch_maya.duplicate_mesh"
UNDO = "facepatch_maya.undo"

MUTANTS = (
    Mutant(
        "negative weights clamped",
        BUILDER,
        'fn.findPlug("supportNegativeWeights", False).setBool(True)',
        "pass",
        check.signed_weights_move_a_duplicate,
    ),
    Mutant(
        "vertices in falling order",
        TARGETS,
        "np.flatnonzero(np.abs(delta).max(axis=1) > STILL_CM)",
        "np.flatnonzero(np.abs(delta).max(axis=1) > STILL_CM)[::-1]",
        check.signed_weights_move_a_duplicate,
    ),
    Mutant(
        "origin world",
        BUILDER,
        '-origin "local"',
        '-origin "world"',
        check.signed_weights_move_a_duplicate,
    ),
    Mutant(
        "origin left at Maya's default",
        BUILDER,
        ' -origin "local"',
        "",
        check.signed_weights_move_a_mesh_of_the_scene,
    ),
    Mutant(
        "item of weight 0",
        TARGETS,
        "FULL_WEIGHT = 6000",
        "FULL_WEIGHT = 5000",
        check.signed_weights_move_a_duplicate,
    ),
    Mutant(
        "item of weight 2",
        TARGETS,
        "FULL_WEIGHT = 6000",
        "FULL_WEIGHT = 7000",
        check.signed_weights_move_a_duplicate,
    ),
    Mutant(
        "targets of another mesh",
        TARGETS,
        'selectAncestorLogicalIndex(self._geometry, self._attributes["inputTarget"])',
        'selectAncestorLogicalIndex(1, self._attributes["inputTarget"])',
        check.signed_weights_move_a_duplicate,
    ),
    Mutant(
        "all vertices of the delta for some of its components",
        TARGETS,
        "setMObject(_point_data(delta[moving]))",
        "setMObject(_point_data(delta))",
        check.signed_weights_move_a_duplicate,
        (AssertionError, RuntimeError),
    ),
    Mutant(
        "no components",
        TARGETS,
        'self._plug("inputComponentsTarget", index).setMObject(_component_data(moving))',
        "pass",
        check.signed_weights_move_a_duplicate,
        (AssertionError, RuntimeError),
    ),
    Mutant(
        "no aliases",
        TARGETS,
        'self._fn.setAlias(alias, f"weight[{index}]", plug, True)',
        "pass",
        check.aliases_name_the_weights,
    ),
    Mutant(
        "weights start at 1",
        BUILDER,
        "alias=alias, weight=0.0",
        "alias=alias, weight=1.0",
        check.duplicate_stands_at_the_base,
    ),
    Mutant(
        "empty target without a vertex",
        TARGETS,
        "if not moving.size:",
        "if False:",
        check.target_without_difference_is_one_still_vertex,
    ),
    Mutant(
        "base in world space",
        DUPLICATE,
        "space=om.MSpace.kObject",
        "space=om.MSpace.kWorld",
        check.a_duplicate_needs_no_mean_target,
    ),
    Mutant(
        "duplicate at the mesh's own shape",
        DUPLICATE,
        "mesh.setPoints(",
        "(lambda *_, **__: None)(",
        check.a_duplicate_needs_no_mean_target,
    ),
    Mutant(
        "duplicate at the origin",
        DUPLICATE,
        "om.MFnTransform(transform).setTransformation(place)",
        "pass",
        check.duplicate_stands_where_the_mesh_stands,
    ),
    Mutant(
        "mean left out",
        BUILDER,
        "if np.abs(mean).max() > STILL_CM:",
        "if False:",
        check.signed_weights_move_a_mesh_of_the_scene,
    ),
    Mutant(
        "mean at weight 0",
        BUILDER,
        "alias=MEAN, weight=1.0",
        "alias=MEAN, weight=0.0",
        check.signed_weights_move_a_mesh_of_the_scene,
    ),
    Mutant(
        "mean the wrong way round",
        BUILDER,
        "self._shapes.base - self._rest(targets)",
        "self._rest(targets) - self._shapes.base",
        check.signed_weights_move_a_mesh_of_the_scene,
    ),
    Mutant(
        "behind the rig's deformers",
        BUILDER,
        " -frontOfChain ",
        " ",
        check.goes_before_the_deformers_of_the_rig,
    ),
    Mutant(
        "weights not shared",
        BUILDER,
        "connections.connect(",
        "(lambda *_: None)(",
        check.first_node_drives_the_others,
    ),
    Mutant(
        "node not undone",
        BUILDER,
        "        assert self._creation is not None\n        self._creation.undoIt()",
        "        pass",
        check.undo_and_redo_are_true,
    ),
    Mutant(
        "duplicate not undone",
        DUPLICATE,
        "        deletion.doIt()",
        "        pass",
        check.undo_and_redo_are_true,
    ),
    Mutant(
        "targets written the first time only",
        BUILDER,
        "            self._fill()\n",
        '            self.__dict__.get("filled") or self._fill()\n            self.filled = True\n',
        check.undo_and_redo_are_true,
    ),
    Mutant(
        "redo makes another node",
        BUILDER,
        "if creation is None:",
        "if True:",
        check.undo_and_redo_are_true,
    ),
    Mutant(
        "undo in the order of doing",
        UNDO,
        "for operation in reversed(self._operations):",
        "for operation in self._operations:",
        check.undo_and_redo_are_true,
        (KeyError, ValueError),
    ),
    Mutant(
        "half a build left behind",
        UNDO,
        "            for operation in reversed(done):\n                operation.undo()\n",
        "",
        check.failing_build_leaves_the_scene_as_it_was,
    ),
    Mutant(
        "half a node left behind",
        BUILDER,
        "        except BaseException:\n            creation.undoIt()\n            raise",
        "        except BaseException:\n            raise",
        check.failing_build_leaves_the_scene_as_it_was,
    ),
    Mutant(
        "materials forgotten",
        DUPLICATE,
        "        shading.doIt()",
        "        pass",
        check.duplicate_keeps_the_materials,
    ),
)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_mutant_is_noticed(mutant: Mutant) -> None:
    with fakemaya.install(version=2025) as maya, mutated(mutant), pytest.raises(mutant.dies_of):
        mutant.check(maya)


@pytest.mark.parametrize(
    "check_", sorted({m.check for m in MUTANTS}, key=lambda c: c.__name__), ids=lambda c: c.__name__
)
def test_the_check_passes_without_a_mutant(check_) -> None:
    with fakemaya.install(version=2025) as maya:
        check_(maya)
