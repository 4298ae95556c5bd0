"""Long work of commands and scripts shows how far it is, and stops on Escape."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from maya import cmds
from maya.api import OpenMaya as om

from facepatch.core.errors import JobCancelledError
from facepatch.core.progress import OnProgress, Progress

SHOWN_EVERY_S = 0.1
TOLD_EVERY_S = 10.0


@contextmanager
def shown_progress(title: str) -> Iterator[OnProgress]:
    """A callback that draws Maya's progress window and raises JobCancelledError once Escape was pressed.

    Without a window (mayapy) it prints a line whenever a stage begins, and every ten seconds.
    """
    if cmds.about(batch=True):
        yield _Lines(title)
        return
    cmds.progressWindow(title=title, progress=0, minValue=0, maxValue=100, status=title, isInterruptable=True)
    try:
        yield _Window(title)
    finally:
        cmds.progressWindow(endProgress=True)


def words(progress: Progress) -> str:
    """ "reenactment: 1200 of 40000 iterations" """
    count = f" {progress.done} of {progress.total} {progress.unit}" if progress.total else ""
    message = f" {progress.message}" if progress.message else ""
    return f"{progress.stage}:{count}{message}" if count or message else progress.stage


class _Window:
    def __init__(self, title: str) -> None:
        self._title = title
        self._drawn = -1.0

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._drawn < SHOWN_EVERY_S:
            return
        self._drawn = now
        if cmds.progressWindow(query=True, isCancelled=True):
            raise JobCancelledError(
                f"{self._title}: stopped by Escape. What was finished is kept; run it again to go on."
            )
        share = int(100 * progress.done / progress.total) if progress.total else 0
        cmds.progressWindow(edit=True, progress=max(0, min(100, share)), status=words(progress))


class _Lines:
    def __init__(self, title: str) -> None:
        self._title = title
        self._stage = ""
        self._told = 0.0

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if progress.stage == self._stage and now - self._told < TOLD_EVERY_S:
            return
        self._stage, self._told = progress.stage, now
        om.MGlobal.displayInfo(f"{self._title}: {words(progress)}")
