"""PCA components, or any signed targets, as blendShape nodes: one per mesh, with shared weights.

No target meshes are made: deltas go straight into the node's `inputPointsTarget` and `inputComponentsTarget`, as
Maya's own file format and mayaUSD have them. What Maya takes without complaint and deforms wrongly is kept here:

- weights of PCA are signed, and a blendShape without `supportNegativeWeights` clamps them at 0;
- a blendShape deforms in world space unless its origin is "local";
- and what `facepatch_maya.blendshape_targets` says about targets.

The whole build is one operation (`facepatch_maya.undo`): recorded by Maya's own queue, redo would bring back a node
without targets, since what the API wrote is not in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Optional

import numpy as np
from maya import cmds
from maya.api import OpenMaya as om

from facepatch.core.axes import Float32
from facepatch.core.errors import HostError, LockedError, TopologyError, UnsupportedError
from facepatch.core.host import BuiltBlendShape, MeshShapes, check_shapes
from facepatch_maya import scene_names
from facepatch_maya.blendshape_targets import STILL_CM, BlendShapeTargets
from facepatch_maya.duplicate_mesh import DuplicateMesh
from facepatch_maya.read_blendshapes import blendshape_nodes, target_names
from facepatch_maya.undo import Operation, Steps, perform

MEAN = "pc_mean"
"""Target that moves a mesh of the scene from its own rest shape to the base of the shapes; its weight is 1."""


def build_blendshape(
    meshes: Sequence[str], shapes: Sequence[MeshShapes], *, name: str = "facepatch", duplicate: bool = True
) -> BuiltBlendShape:
    """Build `shapes` on `meshes` or on duplicates of them, as one undo step. See `operation`."""
    build = operation(meshes, shapes, name=name, duplicate=duplicate)
    perform(build)
    return build.built


def operation(
    meshes: Sequence[str], shapes: Sequence[MeshShapes], *, name: str = "facepatch", duplicate: bool = True
) -> BuildOperation:
    """The build as an operation for Maya's undo queue, checked and not yet done.

    On a duplicate, the mesh itself stands at the base. On a mesh of the scene the node goes to the front of the
    deformers, so that a skinCluster carries the result, and the target `pc_mean` makes the difference between the
    mesh and the base. Raises TopologyError where a shape has other vertices than its mesh, LockedError for a locked
    mesh, UnsupportedError for one that already has such shapes.
    """
    paths = [scene_names.mesh_shape(mesh) for mesh in meshes]
    counts = {scene_names.mesh_name(path): int(om.MFnMesh(path).numVertices) for path in paths}
    check_shapes(counts, shapes)
    _check_names(shapes[0].names)
    if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
        raise UnsupportedError(f"'{name}': is no name that Maya takes. Use letters, digits and underscores.")
    if not duplicate:
        for path in paths:
            _check_free(path, shapes[0].names)
    return BuildOperation([path.fullPathName() for path in paths], shapes, name=name, duplicate=duplicate)


def _check_names(names: Sequence[str]) -> None:
    wrong = [name for name in names if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII)]
    if wrong:
        raise UnsupportedError(
            f"shape names {', '.join(wrong[:5])}: are not names of attributes that Maya takes."
        )
    taken = [name for name in names if cmds.attributeQuery(name, type="blendShape", exists=True)]
    if taken:
        raise UnsupportedError(
            f"shape names {', '.join(taken[:5])}: are attributes of every blendShape. Rename them."
        )
    twice = sorted({name for name in names if [*names, MEAN].count(name) > 1})
    if twice:
        raise UnsupportedError(
            f"shape names {', '.join(twice[:5])}: are there twice. Give every shape its own name."
        )


def _check_free(path: Any, names: Sequence[str]) -> None:
    """Whether the mesh of the scene at `path` can get shapes of these names."""
    name = scene_names.mesh_name(path)
    if any(cmds.lockNode(node, query=True, lock=True)[0] for node in (path.fullPathName(), name)):
        raise LockedError(f"{name}: is locked (lockNode). Unlock it, or build on a duplicate.")
    wanted = {*names, MEAN}
    for node in blendshape_nodes(path.fullPathName()):
        if wanted & set(target_names(node).values()):
            raise UnsupportedError(
                f"{name}: already has such shapes in {node}, and the two would add up. "
                f"Delete {node} first, or build on a duplicate."
            )


class BuildOperation:
    """Duplicates (where wanted), blendShape nodes and the connections of their weights.

    Keeps the shapes for as long as Maya keeps the undo step: 12 bytes per vertex and target.
    """

    def __init__(
        self, meshes: Sequence[str], shapes: Sequence[MeshShapes], *, name: str, duplicate: bool
    ) -> None:
        # Maya's own handles: names change, and are another's when the step is done again.
        duplicates = [
            DuplicateMesh(mesh, shape.base, name=f"{_last_part(mesh)}_{name}")
            for mesh, shape in zip(meshes, shapes)
            if duplicate
        ]
        targets: list[Any] = list(duplicates) or [_SceneMesh(mesh) for mesh in meshes]
        self._nodes = [
            _BlendShape(target, shape, name=name if row == 0 else f"{name}_{_last_part(mesh)}")
            for row, (target, mesh, shape) in enumerate(zip(targets, meshes, shapes))
        ]
        self._names = shapes[0].names
        steps: list[Operation] = [*duplicates, *self._nodes, _SharedWeights(self._nodes)]
        self._steps = Steps(steps)

    def redo(self) -> None:
        """Build. Where something fails, the scene is as before."""
        selection = om.MGlobal.getActiveSelectionList(orderedSelectionIfAvailable=True)
        try:
            self._steps.redo()
        except RuntimeError as error:
            raise HostError(f"build: Maya refuses ({error}). Nothing was changed.") from error
        finally:
            om.MGlobal.setActiveSelectionList(selection)

    def undo(self) -> None:
        """Take all of it back."""
        self._steps.undo()

    @property
    def built(self) -> BuiltBlendShape:
        """What is in the scene now, by its names of now."""
        first = self._nodes[0].name
        return BuiltBlendShape(
            meshes=tuple(scene_names.mesh_name(node.mesh.shape()) for node in self._nodes),
            nodes=tuple(node.name for node in self._nodes),
            weights=tuple(f"{first}.{alias}" for alias in self._names),
            aliases=tuple(self._names),
        )


def _last_part(shape: str) -> str:
    """`|root|rig:head|rig:headShape` -> head"""
    transform = shape.split("|")[-2]
    return transform.rpartition(":")[2]


class _SceneMesh:
    """A mesh of the scene that gets the shapes itself."""

    def __init__(self, shape: str) -> None:
        self._handle = om.MObjectHandle(scene_names.node(shape))

    def shape(self) -> Any:
        """MDagPath of the mesh."""
        return om.MDagPath.getAPathTo(self._handle.object())


class _BlendShape:
    """One blendShape node with its targets."""

    def __init__(self, mesh: Any, shapes: MeshShapes, *, name: str) -> None:
        self.mesh = mesh
        self._shapes = shapes
        self._wanted_name = name
        self._creation: Optional[Any] = None
        self._node = om.MObjectHandle()

    @property
    def name(self) -> str:
        """Of the node, as it is called now."""
        return str(om.MFnDependencyNode(self.node()).name())

    def node(self) -> Any:
        """MObject of the node."""
        return self._node.object()

    @property
    def target_count(self) -> int:
        """K, without the mean."""
        return len(self._shapes.names)

    def redo(self) -> None:
        """Create the node, or bring it back, and write its targets."""
        shape = self.mesh.shape().fullPathName()
        before = set(_uuids(blendshape_nodes(shape)))
        creation: Any = self._creation
        if creation is None:
            creation = om.MDGModifier()
            creation.commandToExecute(
                f'blendShape -name {json.dumps(self._wanted_name)} -origin "local" -frontOfChain {json.dumps(shape)}'
            )
            self._creation = creation
        creation.doIt()
        try:
            new = [node for node in blendshape_nodes(shape) if _uuids([node])[0] not in before]
            if len(new) != 1:
                raise HostError(f"{shape}: Maya's blendShape command made {len(new)} nodes instead of 1.")
            self._node = om.MObjectHandle(scene_names.node(new[0]))
            self._fill()
        except BaseException:
            creation.undoIt()
            raise

    def undo(self) -> None:
        """Take the node out of the mesh's history again."""
        assert self._creation is not None
        self._creation.undoIt()

    def _fill(self) -> None:
        node = self.node()
        fn = om.MFnDependencyNode(node)
        fn.findPlug("supportNegativeWeights", False).setBool(True)
        targets = BlendShapeTargets(node)
        for index, (alias, delta) in enumerate(zip(self._shapes.names, self._shapes.deltas)):
            targets.write(index, delta, alias=alias, weight=0.0)
        mean = self._shapes.base - self._rest(targets)
        if np.abs(mean).max() > STILL_CM:
            targets.write(self.target_count, mean, alias=MEAN, weight=1.0)
        targets.wake()

    def _rest(self, targets: BlendShapeTargets) -> Float32:
        """(V, 3) the mesh as it comes into the node."""
        points = targets.rest()
        if len(points) != len(self._shapes.base):
            raise TopologyError(
                f"{self.mesh.shape().fullPathName()}: its history begins with {len(points)} vertices and ends with "
                f"{len(self._shapes.base)}. Delete the history that adds vertices, or build on a duplicate."
            )
        return points


class _SharedWeights:
    """The weights of the first node drive those of the others."""

    def __init__(self, nodes: Sequence[_BlendShape]) -> None:
        self._nodes = nodes
        self._connections: Optional[Any] = None

    def redo(self) -> None:
        """Connect weight k of the first node to weight k of every other."""
        first = om.MFnDependencyNode(self._nodes[0].node()).findPlug("weight", False)
        connections = om.MDGModifier()
        for other in self._nodes[1:]:
            weights = om.MFnDependencyNode(other.node()).findPlug("weight", False)
            for index in range(other.target_count):
                connections.connect(first.elementByLogicalIndex(index), weights.elementByLogicalIndex(index))
        connections.doIt()
        self._connections = connections

    def undo(self) -> None:
        """Disconnect."""
        assert self._connections is not None
        self._connections.undoIt()


def _uuids(nodes: Sequence[str]) -> Sequence[str]:
    return cmds.ls(list(nodes), uuid=True) if nodes else []
