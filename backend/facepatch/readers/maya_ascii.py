"""Statements of a Maya ASCII scene: nodes, their attributes and connections. No meaning, only text.

Source: Autodesk, Maya help, "Organization of Maya ASCII files". A scene is MEL that is never run here: only
createNode, select, setAttr, connectAttr and currentUnit are looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from facepatch.core.axes import Float64
from facepatch.core.errors import FormatError, InputError

_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|[;{}(),]|[^\s;"{}(),]+|"')
_COMMENT = re.compile(r"^[ \t]*//[^\n]*$", re.MULTILINE)
_METRES = {
    "mm": 0.001, "millimeter": 0.001, "cm": 0.01, "centimeter": 0.01, "m": 1.0, "meter": 1.0,
    "km": 1000.0, "kilometer": 1000.0, "in": 0.0254, "inch": 0.0254, "ft": 0.3048, "foot": 0.3048,
    "yd": 0.9144, "yard": 0.9144, "mi": 1609.344, "mile": 1609.344,
}  # fmt: skip
_FLAGS_WITH_VALUE = {
    "-s",
    "-size",
    "-ch",
    "-k",
    "-l",
    "-cb",
    "-ca",
    "-av",
    "-c",
    "-keyable",
    "-lock",
    "-channelBox",
}


@dataclass(eq=False)
class MayaNode:
    """`attributes[".it[0].itg[3].iti[6000].ipt"]` holds the words that set it, quotes removed."""

    name: str
    kind: str
    parent: str | None
    attributes: dict[str, list[str]] = field(default_factory=dict[str, "list[str]"])
    types: dict[str, str] = field(default_factory=dict[str, str])

    def numbers(self, attribute: str) -> Float64:
        """The values of one attribute as numbers; empty where it is not set."""
        return to_numbers(self.attributes.get(attribute, []), f"{self.name}{attribute}")

    def text(self, attribute: str, default: str = "") -> str:
        """The first value of one attribute."""
        words = self.attributes.get(attribute, [])
        return words[0] if words else default

    def flag(self, attribute: str, default: bool) -> bool:
        """A boolean attribute."""
        word = self.text(attribute, "yes" if default else "no")
        return word not in ("no", "off", "false", "0")


@dataclass(eq=False)
class MayaScene:
    """What stands in the file, by node name."""

    nodes: dict[str, MayaNode]
    inputs: dict[str, list[tuple[str, str]]]
    """Node -> (its attribute, "node.attribute" that feeds it), in the order of the file."""
    unit_in_metres: float
    radians: bool
    references: int
    """Other scene files that this one refers to; they are not read."""


def read_maya_ascii(path: Path) -> MayaScene:
    """Read the statements of a `.ma`.

    Raises InputError where there is no file, FormatError where it is no Maya ASCII or is cut off.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file.")
    data = path.read_bytes()
    if not data[:200].lstrip(b"\xef\xbb\xbf \r\n").startswith(b"//Maya ASCII"):
        raise FormatError(
            f"{path}: is no Maya ASCII scene: it starts with {data[:12]!r}. In Maya: Save As, type Maya ASCII."
        )
    scene = MayaScene({}, {}, 0.01, False, 0)
    current: MayaNode | None = None
    for words in _statements(path, data.decode("utf-8", errors="replace")):
        command = words[0]
        if command == "setAttr" and current is not None:
            _set_attribute(current, words)
        elif command == "createNode":
            current = _new_node(words)
            scene.nodes[current.name] = current
        elif command == "select":
            name = _plain(words[-1])
            current = scene.nodes.setdefault(name, MayaNode(name, "", None))
        elif command == "connectAttr":
            _connect(scene, [word for word in words[1:] if word.startswith('"')])
        elif command == "currentUnit":
            _units(path, scene, words)
        elif command == "file" and any(word.startswith("-r") for word in words[1:]):
            scene.references += 1
    return scene


def to_numbers(words: list[str], where: str) -> Float64:
    """`words` as float64. Raises FormatError on a word that is no number; NaN passes, for a later check to refuse."""
    try:
        return np.array(words, dtype=np.float64)
    except ValueError:
        pass
    out: list[float] = []
    for word in words:
        if re.search(r"nan|#ind|#qnan|inf", word, re.IGNORECASE):
            out.append(float("nan"))
            continue
        try:
            out.append(float(word))
        except ValueError as error:
            raise FormatError(
                f"{where}: '{word}' stands where a number should. Save the scene again."
            ) from error
    return np.array(out, dtype=np.float64)


def _statements(path: Path, text: str) -> Any:
    words: list[str] = []
    for found in _TOKEN.finditer(_COMMENT.sub("", text)):
        word = found.group()
        if word == ";":
            if words:
                yield words
            words = []
        elif word == '"':
            raise FormatError(f"{path}: is damaged: a quote is never closed. Save the scene again.")
        else:
            words.append(word)
    if words:
        raise FormatError(
            f"{path}: is cut off inside '{' '.join(words[:3])[:60]}'. Copy or save the scene again."
        )


def _plain(word: str) -> str:
    return word.strip('"').lstrip(":")


def _new_node(words: list[str]) -> MayaNode:
    name, parent = "", None
    for flag, value in pairwise(words):
        if flag in ("-n", "-name"):
            name = _plain(value)
        elif flag in ("-p", "-parent"):
            parent = _plain(value)
    return MayaNode(name, words[1] if len(words) > 1 else "", parent)


def _set_attribute(node: MayaNode, words: list[str]) -> None:
    place = 1
    while place < len(words) and words[place].startswith("-"):
        place += 2 if words[place] in _FLAGS_WITH_VALUE else 1
    if place >= len(words):
        return
    attribute, values = words[place].strip('"'), words[place + 1 :]
    if values and values[0] in ("-type", "-typ"):
        node.types[attribute] = values[1].strip('"') if len(values) > 1 else ""
        values = values[2:]
    if values:
        node.attributes[attribute] = [
            value.strip('"') if value.startswith('"') else value for value in values
        ]


def _connect(scene: MayaScene, ends: list[str]) -> None:
    if len(ends) < 2:
        return
    source, target = (_plain(end) for end in ends[:2])
    node, _, attribute = target.partition(".")
    scene.inputs.setdefault(node, []).append((attribute, source))


def _units(path: Path, scene: MayaScene, words: list[str]) -> None:
    for flag, value in pairwise(words):
        if flag in ("-l", "-linear"):
            if value not in _METRES:
                raise FormatError(
                    f"{path}: its linear unit '{value}' is unknown. Save the scene in centimetres."
                )
            scene.unit_in_metres = _METRES[value]
        elif flag in ("-a", "-angle"):
            scene.radians = value in ("rad", "radian")
