"""What gets the weights of a clip: a blendShape that was built, one of a namespace, or a mapping of one's own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Union, cast

from maya import cmds

from facepatch.core.errors import FormatError, InputError, NodeNotFoundError
from facepatch.core.host import BuiltBlendShape
from facepatch_maya.read_blendshapes import target_names

Target = Union[BuiltBlendShape, Mapping[str, Sequence[str]], str, Path]
"""A built blendShape; name of a weight -> attributes; the name of a blendShape; a namespace with a colon at its end
(":" for the scene's own); or a .json file with such a mapping."""


def find_target(target: Target, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Name of a weight -> attributes that get it.

    names: of the weights, "pc_000" ... Raises NodeNotFoundError where no such blendShape is in the scene, InputError
    where several could be meant or none of the weights has an attribute, FormatError for a damaged mapping.
    """
    if isinstance(target, BuiltBlendShape):
        found = {alias: (weight,) for alias, weight in zip(target.aliases, target.weights)}
        return _matching(found, names, ", ".join(target.nodes))
    if isinstance(target, Mapping):
        return _matching(_checked(target, "mapping"), names, "the mapping")
    text = str(target)
    if text.lower().endswith(".json"):
        return _matching(read_mapping(Path(text)), names, text)
    node = _blendshape_in(text, names) if text.endswith(":") else _blendshape(text)
    return _matching({name: (f"{node}.{name}",) for name in target_names(node).values()}, names, node)


def read_mapping(path: Path) -> dict[str, tuple[str, ...]]:
    """A mapping file: {"pc_000": "node.attribute", "pc_001": ["a.b", "c.d"]}."""
    if not path.is_file():
        raise InputError(f"{path}: no such mapping.")
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise FormatError(f"{path}: is no JSON ({error}).") from error
    if not isinstance(values, dict):
        raise FormatError(f'{path}: needs one object: {{"pc_000": "node.attribute"}}.')
    return _checked(cast("dict[str, Any]", values), str(path))


def _checked(values: Mapping[str, Any], where: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, given in values.items():
        attributes = (given,) if isinstance(given, str) else given
        if not isinstance(attributes, (list, tuple)) or not all(
            isinstance(one, str) and "." in one for one in attributes
        ):
            raise FormatError(
                f"{where}: {name} needs the name of an attribute (node.attribute) or a list, got {given!r}."
            )
        found[str(name)] = tuple(attributes)
    return found


def _blendshape(name: str) -> str:
    found = cmds.ls(name, type="blendShape") or []
    if len(found) == 1:
        return str(found[0])
    if len(found) > 1:
        raise InputError(
            f"{name}: several blendShapes match: {', '.join(found)}. Give the whole name of one."
        )
    if not name or not cmds.objExists(name):
        raise NodeNotFoundError("target", name, cmds.ls(type="blendShape") or [])
    raise InputError(
        f"{name}: is a {cmds.nodeType(name)}, not a blendShape. Give the blendShape that was built."
    )


def _blendshape_in(namespace: str, names: Sequence[str]) -> str:
    """The one blendShape of a namespace that has the weights and is not driven by another such."""
    pattern = "*" if namespace == ":" else f"{namespace}*"
    known = [str(node) for node in cmds.ls(pattern, type="blendShape") or []]
    having = [node for node in known if set(names) <= set(target_names(node).values())]
    first = names[0]
    leading = [
        node
        for node in having
        if not cmds.listConnections(f"{node}.{first}", source=True, destination=False, type="blendShape")
    ]
    if len(leading) == 1:
        return leading[0]
    where = "the scene" if namespace == ":" else f"namespace {namespace}"
    if not leading:
        told = f"Its blendShapes: {', '.join(known)}." if known else "It has no blendShape."
        raise InputError(
            f"{namespace}: no blendShape of {where} has the targets {first} ... {names[-1]}. {told} "
            "Build it first: facepatchBuild."
        )
    raise InputError(
        f"{namespace}: several blendShapes of {where} have these targets: {', '.join(leading)}. Name one."
    )


def _matching(
    found: Mapping[str, tuple[str, ...]], names: Sequence[str], where: str
) -> dict[str, tuple[str, ...]]:
    kept = {name: found[name] for name in names if name in found}
    if not kept:
        raise InputError(
            f"{where}: has none of the weights {names[0]} ... {names[-1]}. Use what was built for these models."
        )
    return kept
