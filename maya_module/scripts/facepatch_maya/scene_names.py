"""From names, which is all that crosses into the tool, to Maya's objects and back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from maya import cmds
from maya.api import OpenMaya as om

from facepatch.core.errors import NodeNotFoundError, UnsupportedError


def node(name: str) -> Any:
    """The MObject of the node `name`.

    Raises NodeNotFoundError where there is none and UnsupportedError where there are several.
    """
    return _one(name, "node", _all_names).getDependNode(0)


def dag_path(name: str) -> Any:
    """The MDagPath of the transform or shape `name`. Raises as `node`, and UnsupportedError for other nodes."""
    return _path(name, _one(name, "node", _dag_names))


def mesh_shape(name: str) -> Any:
    """The MDagPath of the mesh shape `name`, or of the one mesh below the transform `name`.

    Raises as `dag_path`, and UnsupportedError where it is no mesh or has several.
    """
    path = _path(name, _one(name, "mesh", mesh_names))
    if path.hasFn(om.MFn.kMesh) and not path.hasFn(om.MFn.kTransform):
        return path
    shapes = shapes_below(path.fullPathName())
    if len(shapes) != 1:
        found = f"has {len(shapes)} meshes: {', '.join(shapes)}" if shapes else "is no mesh"
        raise UnsupportedError(
            f"{name}: {found}. Name one mesh; nearest: {', '.join(mesh_names()[:8]) or 'none'}."
        )
    return om.MSelectionList().add(shapes[0]).getDagPath(0)


def mesh_name(shape: Any) -> str:
    """The name under which a host's user knows the mesh at MDagPath `shape`.

    The long path of its transform, or of the shape itself where the transform has several meshes.
    """
    transform = om.MDagPath(shape)
    transform.pop()
    name: str = transform.fullPathName()
    return name if len(shapes_below(name)) == 1 else shape.fullPathName()


def mesh_names() -> list[str]:
    """`mesh_name` of every mesh that is not intermediate, in the order of the scene."""
    shapes = cmds.ls(type="mesh", long=True, noIntermediate=True) or []
    paths = (om.MSelectionList().add(shape).getDagPath(0) for shape in shapes)
    return list(dict.fromkeys(mesh_name(path) for path in paths))


def shapes_below(transform: str) -> Sequence[str]:
    """Long paths of the meshes of `transform` that are not intermediate."""
    return cmds.listRelatives(transform, shapes=True, type="mesh", noIntermediate=True, fullPath=True) or []


def plug(name: str) -> Any:
    """The MPlug of "node.attribute"; aliases and paths such as "node.weight[3]" too.

    Raises NodeNotFoundError with the nearest attributes where there is none.
    """
    owner, dot, attribute = name.partition(".")
    if not dot or not attribute:
        raise UnsupportedError(f"{name}: is no attribute. Write it as node.attribute, such as jaw.rotateX.")
    node(owner)
    selection = om.MSelectionList()
    try:
        selection.add(name)
        return selection.getPlug(0)
    except (RuntimeError, TypeError):
        known = [f"{owner}.{known}" for known in cmds.listAttr(owner, keyable=True) or []]
        raise NodeNotFoundError("attribute", name, known, "Is it the right rig?") from None


def _one(name: str, what: str, known: Any) -> Any:
    selection = om.MSelectionList()
    try:
        selection.add(name)
    except RuntimeError:
        raise NodeNotFoundError(what, name, _both_names(known()), "Was it renamed or deleted?") from None
    if selection.length() != 1:
        matches = ", ".join(cmds.ls(name, long=True) or [])
        raise UnsupportedError(
            f"{name}: there are {selection.length()} of that name: {matches}. Give the whole path."
        )
    return selection


def _path(name: str, selection: Any) -> Any:
    try:
        return selection.getDagPath(0)
    except TypeError:
        raise UnsupportedError(
            f"{name}: is a {cmds.nodeType(name)}, which has no place in space. Name a transform."
        ) from None


def _both_names(long_names: Iterable[str]) -> list[str]:
    """Long names and their last parts: a typing error is near one of the two."""
    names = list(long_names)
    return names + [name.rpartition("|")[2] for name in names if "|" in name]


def _dag_names() -> list[str]:
    return cmds.ls(type="transform", long=True) or []


def _all_names() -> list[str]:
    return cmds.ls(long=True) or []
