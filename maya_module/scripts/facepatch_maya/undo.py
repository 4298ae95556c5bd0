"""Own operations in Maya's undo queue.

Maya records its commands, but not what is done through its API. An `Operation` does both ways itself; `perform` runs
it inside the plug-in's command `facepatchDo`, so that Ctrl+Z and Ctrl+Y call its `undo` and `redo`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Optional, Protocol

from maya import cmds
from maya.api import OpenMaya as om

from facepatch.core.errors import HostError
from facepatch_maya.scene_state import undo_chunk

PLUGIN = "facepatch_plugin"


class Operation(Protocol):
    """A change of the scene that records nothing in Maya's queue (API only, or an MDGModifier).

    `redo` does it, the first time and again; where it fails, the scene is as before. `undo` takes it back.
    """

    def redo(self) -> None:
        """Do it, or do it again."""
        ...

    def undo(self) -> None:
        """Take it back."""
        ...


class Steps:
    """Operations one after the other; undone backwards."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        self._operations = tuple(operations)

    def redo(self) -> None:
        """Do all, or none: where one fails, those before it are taken back and its error goes on."""
        done: list[Operation] = []
        try:
            for operation in self._operations:
                operation.redo()
                done.append(operation)
        except BaseException:
            for operation in reversed(done):
                operation.undo()
            raise

    def undo(self) -> None:
        """Take all back, the last one first."""
        for operation in reversed(self._operations):
            operation.undo()


class _Handed:
    """An operation on its way into the command, and its first error on the way back.

    Maya prints what a command raises and raises a RuntimeError without it.
    """

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self.error: Optional[BaseException] = None
        self.done = False

    def redo(self) -> None:
        try:
            self._operation.redo()
        except BaseException as error:
            self.error = error
            raise
        self.done = True

    def undo(self) -> None:
        self._operation.undo()


# A command takes numbers and strings only, so the operation waits here for the moment of the call.
_waiting: dict[int, _Handed] = {}
_tokens = itertools.count(1)
# One list per open `collected`, the innermost last.
_collecting: list[list[Operation]] = []


def take(token: int) -> Operation:
    """The operation that waits under `token`. For `facepatchDo`; a token is good for one call."""
    if token not in _waiting:
        raise HostError(
            f"facepatchDo: nothing waits under the number {token}. It is for facepatch itself; "
            "use facepatchBuild, facepatchBake or the Python functions."
        )
    return _waiting.pop(token)


class FacepatchDo(om.MPxCommand):
    """The command `facepatchDo TOKEN`, registered by the plug-in. Only `perform` calls it."""

    def doIt(self, args: Any) -> None:
        """Do what waits under the token."""
        self._operation = take(args.asInt(0))
        self._operation.redo()

    def redoIt(self) -> None:
        """Do it again."""
        self._operation.redo()

    def undoIt(self) -> None:
        """Take it back."""
        self._operation.undo()

    def isUndoable(self) -> bool:
        """Always."""
        return True


def perform(operation: Operation) -> None:
    """Do `operation` as one step of Maya's undo queue (part of the open chunk, where one is open).

    Raises what the operation raises; the scene is then as before. Inside `collected` it is done without Maya's queue.
    """
    if _collecting:
        operation.redo()
        _collecting[-1].append(operation)
        return
    load_plugin()
    token = next(_tokens)
    handed = _Handed(operation)
    _waiting[token] = handed
    try:
        cmds.facepatchDo(token)
    except RuntimeError:
        if handed.error is None:
            raise
    finally:
        _waiting.pop(token, None)
    if handed.error is not None:
        raise handed.error
    if not handed.done:
        raise HostError(
            "facepatchDo: the command ended without having run. Reload the plug-in facepatch_plugin."
        )


@contextmanager
def collected() -> Iterator[list[Operation]]:
    """Operations that the block performs go into the list, not into Maya's queue.

    For a command that is undoable itself and then undoes them, the last one first. On an error they are undone here.
    """
    operations: list[Operation] = []
    _collecting.append(operations)
    try:
        yield operations
    except BaseException:
        _undo_from(operations, 0)
        raise
    finally:
        _collecting.pop()


def _undo_from(operations: list[Operation], first: int) -> None:
    while len(operations) > first:
        operations.pop().undo()


def load_plugin() -> None:
    """Load the plug-in that lies beside this package, unless it is loaded."""
    if cmds.pluginInfo(PLUGIN, query=True, loaded=True):
        return
    path = Path(__file__).resolve().parents[2] / "plug-ins" / f"{PLUGIN}.py"
    try:
        cmds.loadPlugin(path.as_posix(), quiet=True)
    except RuntimeError as error:
        raise HostError(
            f"{path}: the plug-in cannot be loaded ({error}). Install the module again: facepatch maya install"
        ) from error


class Nothing:
    """An operation that does nothing: it keeps a chunk from being empty."""

    def redo(self) -> None:
        """Nothing."""

    def undo(self) -> None:
        """Nothing."""


@contextmanager
def undo_step(name: str) -> Iterator[None]:
    """The block is one step `name` of the queue. On an error the scene is as before the block, and the error goes on.

    Not to be nested: the inner one would undo half of the outer one. Where undo is off (mayapy), it is on for the
    length of the block, and the queue is empty afterwards. Inside `collected` only operations are taken back.
    """
    if _collecting:
        first = len(_collecting[-1])
        try:
            yield
        except BaseException:
            _undo_from(_collecting[-1], first)
            raise
        return
    was_on = bool(cmds.undoInfo(query=True, state=True))
    if not was_on:
        cmds.undoInfo(state=True)
    try:
        try:
            with undo_chunk(name):
                # Undoing an empty chunk would undo the step before it.
                perform(Nothing())
                yield
        except BaseException:
            cmds.undo()
            _forget_redo()
            raise
    finally:
        if not was_on:
            cmds.undoInfo(state=False)


def _forget_redo() -> None:
    """Redo shall not bring back half of a step that failed; a new step empties that queue."""
    perform(Nothing())
    cmds.undo()
