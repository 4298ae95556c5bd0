"""Open questions that need Maya's window: pictures of small scenes, and events during playback."""

from __future__ import annotations

import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from maya import cmds

from facepatch_maya.playblast import pixels
from facepatch_maya.stage import stage

_SIZE = 256
PLAYBACK_S = 2.0
"""Of playback that events are counted in."""


def brightness(*, lights: str, light: bool) -> float:
    """Mean grey of a ball that is isolated, while a light of the scene is not. lights: of the model editor."""
    ball = cmds.polySphere(constructionHistory=False)[0]
    if light:
        cmds.directionalLight(intensity=3.0)
    with _staged(ball) as panel:
        cmds.modelEditor(panel, edit=True, displayLights=lights)
        picture = _blast(panel)
    middle = picture[_SIZE // 3 : 2 * _SIZE // 3, _SIZE // 3 : 2 * _SIZE // 3]
    return float(middle.mean())


def covers(*, covered: bool) -> float:
    """Share of an off-screen picture that a ball covers. covered: with another window over all of Maya."""
    from facepatch_maya.ui.qt import QtCore, QtWidgets

    ball = cmds.polySphere(constructionHistory=False)[0]
    cover: Any = None
    if covered:
        cover = QtWidgets.QWidget(None, QtCore.Qt.WindowType.WindowStaysOnTopHint)
        cover.showFullScreen()
        QtWidgets.QApplication.processEvents()
    try:
        with _staged(ball) as panel:
            picture = _blast(panel).astype(np.int16)
    finally:
        if cover is not None:
            cover.close()
    return float((np.abs(picture - picture[0, 0]).max(axis=2) > 8).mean())


def wakes_in_playback() -> tuple[int, int]:
    """How often a socket notifier and a timer of 30 ms are called in PLAYBACK_S of playback."""
    from facepatch_maya.ui.qt import QtCore, QtWidgets

    calls = {"notifier": 0, "timer": 0}
    left, right = socket.socketpair()

    def read(*_: Any) -> None:
        left.recv(64)
        calls["notifier"] += 1

    def send() -> None:
        calls["timer"] += 1
        right.send(b"x")

    notifier = QtCore.QSocketNotifier(left.fileno(), QtCore.QSocketNotifier.Type.Read)
    notifier.activated.connect(read)
    timer = QtCore.QTimer()
    timer.timeout.connect(send)
    timer.start(30)
    cmds.play(forward=True)
    try:
        end = time.monotonic() + PLAYBACK_S
        while time.monotonic() < end:
            QtWidgets.QApplication.processEvents()
    finally:
        cmds.play(state=False)
        timer.stop()
        notifier.setEnabled(False)
        left.close()
        right.close()
    return calls["notifier"], calls["timer"]


@contextmanager
def _staged(ball: str) -> Iterator[str]:
    with stage([ball], np.full(3, -1.2), np.full(3, 1.2), np.eye(3), size=_SIZE) as ready:
        yield ready.panel


def _blast(panel: str) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        stem = Path(folder) / "check"
        for _ in range(2):
            cmds.playblast(
                format="image", compression="png", filename=stem.as_posix(), frame=[1.0], widthHeight=(_SIZE, _SIZE),
                percent=100, viewer=False, offScreen=True, showOrnaments=False, forceOverwrite=True, framePadding=4,
                editorPanelName=panel,
            )  # fmt: skip
        return pixels(next(iter(Path(folder).glob("check.*.png"))))
