"""A Maya for each test: the stand-in of tests/standin."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fakemaya
import fakeservice
import fakesolve
import scene_rigs
from facepatch.core.client import Client
from facepatch.core.connection import read_connection
from facepatch.core.data.clip import write_clip
from facepatch.core.errors import FacepatchError

HERE = Path(__file__).parent
DEADLINE_S = 240.0


@pytest.fixture
def maya() -> Iterator[Any]:
    """A new scene in an interactive Maya. Import `maya` and `facepatch_maya` inside the test."""
    with fakemaya.install(version=2025) as installed:
        yield installed


@pytest.fixture
def host(maya: Any) -> Any:
    """MayaHost of that Maya."""
    from facepatch_maya.host import MayaHost

    return MayaHost()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for all tests here, with a service that the first of them starts, as a user's Maya would."""
    folder = tmp_path_factory.mktemp("maya")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FACEPATCH_CONNECTION", str(folder / "state" / "connection.json"))
        patch.setenv("FACEPATCH_STATE", str(folder / "state"))
        patch.setenv("FACEPATCH_TEST_PID", str(os.getpid()))
        # Of the films, as a studio would name its drive.
        patch.setenv("FACEPATCH_ROOTS", str(tmp_path_factory.getbasetemp()))
        patch.setenv("FACEPATCH_COMMAND", f"{sys.executable} {HERE / 'demo_serve.py'}")
        for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS"):
            patch.setenv(name, "1")
        yield folder
        end_service(folder / "state" / "connection.json")


def end_service(connection: Path) -> None:
    """Ctrl-C to the service that Maya started, and wait for it."""
    try:
        os.kill(read_connection(connection).pid, signal.SIGINT)
    except (FacepatchError, OSError):
        return
    end, pause = time.monotonic() + DEADLINE_S, threading.Event()
    while connection.exists() and time.monotonic() < end:
        pause.wait(0.05)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> fakeservice.Service:
    made = fakeservice.Service()
    made.capabilities = (*fakeservice.VERBS, "solve_rig")
    made.work.update(solve_rig=fakesolve.solve_rig)
    monkeypatch.setattr(Client, "open", made.open)
    monkeypatch.setenv("FACEPATCH_COMMAND", str(tmp_path / "no facepatch here"))
    return made


@pytest.fixture
def shapes(maya: Any, service: Any, tmp_path: Path) -> Any:
    """The rig of blendShapes, captured, and a clip of what it can do."""
    scene = scene_rigs.scene_of(maya, tmp_path, scene_rigs.shape_rig(maya))
    scene.controls = scene_rigs.shape_controls()
    write_clip(scene.clip, fakesolve.exact_clip(scene_rigs.shape_meshes(scene.controls)))
    return scene


@pytest.fixture
def joints(maya: Any, service: Any, tmp_path: Path) -> Any:
    """The rig of joints, captured, and a clip of what it can do."""
    scene = scene_rigs.scene_of(maya, tmp_path, scene_rigs.joint_rig(maya))
    scene.controls = scene_rigs.joint_controls()
    values = scene.controls * [np.pi / 180, 1, 1]
    points = scene.rig_controls.sample(scene_rigs.JOINT_CONTROLS, values, [scene.face])
    write_clip(scene.clip, fakesolve.exact_clip(points))
    return scene
