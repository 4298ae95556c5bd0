"""The tool's choices kept in the scene: a node of type `network` with one string of JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from maya import cmds

from facepatch.core.errors import FormatError
from facepatch_maya.scene_state import undo_off

NODE_NAME = "facepatch_session"
DATA = "facepatchSession"


class SceneStore:
    """Reads and writes the node of the open scene. Referenced scenes keep theirs to themselves."""

    def read(self) -> dict[str, Any]:
        """What was kept; {} where there is nothing. Raises FormatError where somebody edited it to nonsense."""
        node = _node()
        if not node:
            return {}
        try:
            values = json.loads(cmds.getAttr(f"{node}.{DATA}") or "{}")
        except ValueError as error:
            raise FormatError(
                f"{node}.{DATA}: is damaged ({error}). Delete the node and choose again."
            ) from error
        return cast("dict[str, Any]", values) if isinstance(values, dict) else {}

    def write(self, values: Mapping[str, Any]) -> None:
        """Keep `values`. No step of undo: choices in a panel are no edit of the scene."""
        with undo_off():
            node = _node()
            if not node:
                node = cmds.createNode("network", name=NODE_NAME, skipSelect=True)
                cmds.addAttr(node, longName=DATA, dataType="string")
            cmds.setAttr(f"{node}.{DATA}", json.dumps(values, sort_keys=True), type="string")


def _node() -> str:
    for node in cmds.ls(type="network") or []:
        if cmds.attributeQuery(DATA, node=node, exists=True) and not cmds.referenceQuery(
            node, isNodeReferenced=True
        ):
            return str(node)
    return ""
