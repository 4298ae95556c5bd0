"""Between the values of plugs and what getAttr and setAttr give and take."""

from __future__ import annotations

import re
from typing import Any, Optional

import numpy as np

from fakemaya.components import ComponentList, component_list
from fakemaya.naming import ranges
from fakemaya.node import Plug
from fakemaya.scene import Scene
from fakemaya.schema import NUMBERS

COUNTED = {
    "double2": 2,
    "double3": 3,
    "float2": 2,
    "float3": 3,
    "long2": 2,
    "long3": 3,
    "short2": 2,
    "short3": 3,
}
TYPE_WORDS = {
    **{k: k for k in COUNTED},
    "string": "string",
    "matrix": "matrix",
    "pointArray": "pointArray",
    "componentList": "componentList",
    "Int32Array": "Int32Array",
    "doubleArray": "doubleArray",
    "stringArray": "stringArray",
    "vectorArray": "vectorArray",
}


def shown(scene: Scene, plug: Plug, value: Any) -> Any:
    """A value as getAttr gives it: UI units, plain Python."""
    kind = plug.attr.kind
    if plug.is_array:
        if not value:
            return None
        if plug.attr.compound:
            return [tuple(number(scene, c.kind, v) for c, v in zip(plug.attr.children, row)) for row in value]
        return [tuple(number(scene, kind, v) for v in value)] if kind in NUMBERS else value
    if plug.attr.compound:
        if kind == "TdataCompound":
            raise RuntimeError(f"The data is not a numeric or string attribute: '{scene.plug_name(plug)}'.")
        return [tuple(number(scene, c.kind, v) for c, v in zip(plug.attr.children, value))]
    if kind in NUMBERS:
        return number(scene, kind, value)
    if kind == "message":
        raise RuntimeError("Message attributes have no data values.")
    if value is None:
        return None
    if kind == "matrix":
        return [float(v) for v in np.asarray(value).ravel()]
    if kind == "pointArray":
        return [tuple(map(float, row)) for row in value]
    if kind == "componentList":
        return component_texts(value)
    if kind in ("Int32Array", "doubleArray", "stringArray"):
        return list(value)
    if kind == "string":
        return value
    raise RuntimeError(f"The data of '{scene.plug_name(plug)}' ({kind}) cannot be shown.")


def number(scene: Scene, kind: str, value: Any) -> Any:
    if kind == "bool":
        return bool(value)
    if kind in ("long", "short", "byte", "enum"):
        return int(value)
    if kind == "float":
        # Maya keeps 32 bits and shows them as a double.
        return float(np.float32(value))
    return float(scene.to_ui(kind, value))


def component_texts(value: ComponentList) -> list[str]:
    if value.complete:
        return ["vtx[*]"]
    return [f"vtx[{a}]" if a == b else f"vtx[{a}:{b}]" for a, b in ranges(value.elements)]


def taken(scene: Scene, plug: Plug, args: tuple[Any, ...], word: Optional[str]) -> Any:
    """The internal value of setAttr's arguments for one plug; RuntimeError or TypeError in Maya's way."""
    attr, kind = plug.attr, plug.attr.kind
    where = scene.plug_name(plug)
    if attr.compound:
        numeric = [c for c in attr.children if c.kind in NUMBERS and not c.array]
        if kind == "TdataCompound" or len(numeric) != len(attr.children):
            raise RuntimeError(f"setAttr: '{where}' is a compound attribute that holds no numbers.")
        if word is not None and COUNTED.get(word) != len(numeric):
            raise RuntimeError(
                f"setAttr: Type specified for new value of attribute '{where}' does not match it: {word}."
            )
        if len(args) != len(numeric) or not all(_is_number(a) for a in args):
            raise RuntimeError(
                f"setAttr: Error reading data element number {min(len(args), len(numeric)) + 1}: {list(args)!r}"
            )
        return [taken(scene, c, (a,), None) for c, a in zip(plug.children, args)]
    if kind in NUMBERS:
        if word is not None:
            raise RuntimeError(f"setAttr: '{where}' is a {kind} attribute, not {word}.")
        if len(args) != 1:
            raise RuntimeError(f"setAttr: Too many or too few values for '{where}': {len(args)}.")
        if not _is_number(args[0]):
            raise RuntimeError(f"setAttr: The value {args[0]!r} cannot be set to '{where}' ({kind}).")
        return scene.from_ui(kind, _whole(kind, args[0]))
    if word is None:
        raise RuntimeError(f"setAttr: The type {kind} of '{where}' requires the type flag.")
    if word != kind:
        raise RuntimeError(
            f"setAttr: Type specified for new value of attribute '{where}' is {word}, it holds {kind}."
        )
    return _data(where, kind, args)


def _is_number(value: Any) -> bool:
    return isinstance(value, (bool, int, float))


def _whole(kind: str, value: Any) -> Any:
    if kind == "bool":
        return bool(value)
    return int(value) if kind in ("long", "short", "byte", "enum") else float(value)


def _data(where: str, kind: str, args: tuple[Any, ...]) -> Any:
    if kind == "string":
        if len(args) != 1 or not isinstance(args[0], str):
            raise RuntimeError(f"setAttr: '{where}' needs one string.")
        return args[0]
    if kind == "matrix":
        numbers = args[0] if len(args) == 1 and isinstance(args[0], (list, tuple)) else args
        if len(numbers) != 16:
            raise RuntimeError(
                f"setAttr: Error reading data element number {len(numbers) + 1}: a matrix has 16 numbers."
            )
        return np.array(numbers, float).reshape(4, 4)
    if kind == "Int32Array" or kind == "doubleArray":
        if len(args) != 1 or not isinstance(args[0], (list, tuple)):
            raise RuntimeError(
                f"setAttr: Error reading data element number 1: {kind} takes one list and no count."
            )
        return [int(v) if kind == "Int32Array" else float(v) for v in args[0]]
    if not args or not isinstance(args[0], int) or isinstance(args[0], bool):
        raise RuntimeError(
            "setAttr: Error reading data element number 1: the number of elements comes first."
        )
    count, rest = args[0], args[1:]
    if kind == "pointArray":
        for i, row in enumerate(rest[:count]):
            if not isinstance(row, (tuple, list)) or len(row) != 4 or not all(_is_number(v) for v in row):
                raise RuntimeError(f"setAttr: Error reading data element number {i + 2}: {row!r}")
    elif not all(isinstance(text, str) for text in rest):
        raise RuntimeError("setAttr: Error reading data element number 2: needs strings.")
    if len(rest) != count:
        raise RuntimeError(
            f"setAttr: Error reading data element number {len(rest) + 2}: {count} elements were announced."
        )
    if kind == "pointArray":
        return np.array(rest, np.float64).reshape(-1, 4)
    return component_list(_elements(rest)) if kind == "componentList" else list(rest)


def _elements(texts: Any) -> Any:
    parts: list[Any] = [np.zeros(0, np.int64)]
    for text in texts:
        found = re.fullmatch(r"vtx\[(\d+)(?::(\d+))?\]", text)
        if not found:
            raise RuntimeError(f"setAttr: Error reading data element: {text!r} is no vertex component.")
        parts.append(np.arange(int(found.group(1)), int(found.group(2) or found.group(1)) + 1))
    return np.concatenate(parts)
