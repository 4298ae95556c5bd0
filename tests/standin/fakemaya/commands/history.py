"""undo, redo, undoInfo, upAxis, fileInfo."""

from __future__ import annotations

from typing import Any

from fakemaya.active import Gap
from fakemaya.scene import Scene
from fakemaya.strict import command


@command("undo")
def undo(maya: Any) -> None:
    if not maya.scene.queue.on:
        raise RuntimeError("There are no more commands to undo: undo is off.")
    if maya.scene.queue.depth:
        raise Gap("undo inside an open undo chunk.")
    maya.scene.queue.undo()
    maya.scene.notify("undo")


@command("redo")
def redo(maya: Any) -> None:
    maya.scene.queue.redo()
    maya.scene.notify("redo")


@command("flushUndo")
def flush_undo(maya: Any) -> None:
    maya.scene.queue.flush()


@command("undoInfo")
def undo_info(
    maya: Any,
    *,
    query: bool = False,
    state: Any = None,
    stateWithoutFlush: Any = None,
    openChunk: bool = False,
    closeChunk: bool = False,
    chunkName: Any = None,
    infinity: Any = None,
    length: Any = None,
    undoName: Any = None,
    redoName: Any = None,
    undoQueueEmpty: Any = None,
    redoQueueEmpty: Any = None,
    printQueue: Any = None,
) -> Any:
    queue = maya.scene.queue
    if query:
        if state or stateWithoutFlush:
            return queue.on
        if undoName:
            return queue.done[-1].name if queue.done else ""
        if redoName:
            return queue.undone[-1].name if queue.undone else ""
        if undoQueueEmpty:
            return not queue.done
        if redoQueueEmpty:
            return not queue.undone
        if chunkName:
            return queue.chunk_name
        return queue.infinity if infinity else queue.length
    if state is not None:
        queue.on = bool(state)
        if not state:
            queue.flush()
    if stateWithoutFlush is not None:
        queue.on = bool(stateWithoutFlush)
    if infinity is not None:
        queue.infinity = bool(infinity)
    if length is not None:
        queue.length, queue.infinity = int(length), False
    if openChunk:
        queue.open(chunkName or "chunk")
        queue.chunks += 1
    if closeChunk and queue.chunks:
        queue.chunks -= 1
        queue.close()
    return None


@command("upAxis")
def up_axis(maya: Any, *, query: bool = False, axis: Any = None, rotateView: bool = False) -> Any:
    scene: Scene = maya.scene
    if query:
        return scene.up_axis
    if axis not in ("y", "z"):
        raise RuntimeError(f"upAxis: the axis is y or z, not {axis!r}.")
    scene.up_axis = axis
    return None


@command("fileInfo")
def file_info(maya: Any, *args: str, query: bool = False, remove: str = "") -> Any:
    kept = maya.scene.file_info
    if query:
        return (
            [kept[args[0]]]
            if args and args[0] in kept
            else []
            if args
            else [t for pair in kept.items() for t in pair]
        )
    if remove:
        kept.pop(remove, None)
        return None
    if len(args) != 2:
        raise RuntimeError("fileInfo: needs a keyword and a value.")
    kept[args[0]] = args[1]
    maya.scene.modified = True
    return None
