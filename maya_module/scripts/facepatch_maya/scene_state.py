"""State of the scene that is borrowed for a while and given back, also where the work in between fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from maya import cmds


@contextmanager
def undo_chunk(name: str) -> Iterator[None]:
    """All commands of the block are one step of Maya's undo queue, called `name`."""
    cmds.undoInfo(openChunk=True, chunkName=name)
    try:
        yield
    finally:
        cmds.undoInfo(closeChunk=True)


@contextmanager
def undo_off() -> Iterator[None]:
    """Nothing of the block is recorded, and the queue stays as it is.

    Only for work that leaves the scene as it found it: an undo past anything else would be made of air.
    """
    was_on = bool(cmds.undoInfo(query=True, state=True))
    cmds.undoInfo(stateWithoutFlush=False)
    try:
        yield
    finally:
        cmds.undoInfo(stateWithoutFlush=was_on)


@contextmanager
def kept_time() -> Iterator[None]:
    """The current time is as before, without a step in the undo queue."""
    frame = float(cmds.currentTime(query=True))
    try:
        yield
    finally:
        # Also where the time is the same: what was set by hand on keyed attributes goes back to its keys.
        with undo_off():
            cmds.currentTime(frame)


def selected(*, flatten: bool = False) -> list[str]:
    """Long names of what is selected, in the order of selection where Maya tracks it.

    `flatten`: a name for each component, not for each range of them.
    """
    if cmds.selectPref(query=True, trackSelectionOrder=True):
        return cmds.ls(orderedSelection=True, long=True, flatten=flatten) or []
    return cmds.ls(selection=True, long=True, flatten=flatten) or []


@contextmanager
def kept_selection() -> Iterator[None]:
    """The selection is as before, in its order, without a step in the undo queue.

    What the block deleted or renamed is left out.
    """
    names = selected()
    try:
        yield
    finally:
        still_there = [name for name in names if cmds.objExists(name)]
        with undo_off():
            if still_there:
                cmds.select(still_there, replace=True)
            else:
                cmds.select(clear=True)


@contextmanager
def kept_modified() -> Iterator[None]:
    """A scene without unsaved changes still has none: for work that reads, and touches the scene to do it."""
    was_modified = bool(cmds.file(query=True, modified=True))
    try:
        yield
    finally:
        if not was_modified:
            cmds.file(modified=False)


@contextmanager
def evaluation_as(mode: str) -> Iterator[None]:
    """Maya evaluates in `mode`: "off" (dependency graph), "serial" or "parallel"."""
    before = cmds.evaluationManager(query=True, mode=True)[0]
    if before == mode:
        yield
        return
    cmds.evaluationManager(mode=mode)
    try:
        yield
    finally:
        cmds.evaluationManager(mode=before)


@contextmanager
def viewport_paused() -> Iterator[None]:
    """Viewports do not redraw. Nothing to do in batch mode.

    Maya does not say whether somebody paused them before, so do not nest it: the inner end is the end.
    """
    if cmds.about(batch=True):
        yield
        return
    cmds.refresh(suspend=True)
    try:
        yield
    finally:
        cmds.refresh(suspend=False)


@contextmanager
def autokey_off() -> Iterator[None]:
    """A changed attribute gets no key."""
    was_on = bool(cmds.autoKeyframe(query=True, state=True))
    cmds.autoKeyframe(state=False)
    try:
        yield
    finally:
        cmds.autoKeyframe(state=was_on)


@contextmanager
def cached_playback_off() -> Iterator[None]:
    """Cached playback is off: it would show, and hand out, values from before the last change."""
    was_on = bool(cmds.evaluator(query=True, name="cache", enable=True))
    if not was_on:
        yield
        return
    cmds.evaluator(name="cache", enable=False)
    try:
        yield
    finally:
        cmds.evaluator(name="cache", enable=True)
