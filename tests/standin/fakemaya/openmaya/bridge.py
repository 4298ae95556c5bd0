"""Between the scene's own objects and those of the API."""

from __future__ import annotations

from typing import Any, Optional

from fakemaya.node import Node, Plug
from fakemaya.openmaya.objects import MObject, living
from fakemaya.openmaya.plug import MPlug


def mobject(node: Node) -> MObject:
    return MObject._of(node)


def mplug(plug: Plug) -> MPlug:
    return MPlug._of(plug)


def node_of(thing: Any) -> Node:
    """The node of an MObject or MDagPath; RuntimeError where it is gone."""
    return living(thing)


def plug_of(thing: Any) -> Optional[Plug]:
    """The plug of an MPlug; None for anything else."""
    return thing._plug() if isinstance(thing, MPlug) else None
