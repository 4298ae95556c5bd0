"""The Maya module in the stand-in: building, baking, capturing, opening the tool.

    QT_QPA_PLATFORM=offscreen PYTHONPATH=backend:maya_module/scripts:tests/standin python benchmarks/maya_module.py

Times are those of our code and of the stand-in's arrays together, so they say what our code costs and nothing about
Maya. Capture is also timed with a stand-in host that costs nothing, which leaves our own share.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

import fakemaya
from facepatch.core.capture import capture
from facepatch.core.data.clip import Clip
from facepatch.core.data.mesh import Topology
from facepatch.core.headless import HeadlessHost
from facepatch.core.headless_scene import HeadlessMesh
from facepatch.core.host import MeshShapes

VERTICES, TARGETS = 30_000, 60
CHANNELS, FRAMES = 100, 2000
CAPTURED = 1000


@contextmanager
def stopwatch(what: str, *, per: int = 1, unit: str = "s") -> Iterator[None]:
    """Print how long the block took."""
    began = time.perf_counter()
    yield
    spent = (time.perf_counter() - began) * (1000.0 / per if unit != "s" else 1.0)
    print(f"{what}: {spent:.3g} {unit}", flush=True)


def grid() -> tuple[Any, Any, Any]:
    """A sheet of 30,000 vertices."""
    columns, rows = 200, VERTICES // 200
    x, y = np.meshgrid(np.linspace(-8, 8, columns), np.linspace(-12, 12, rows))
    points = np.stack([x, y, 0.1 * x * y], axis=-1).reshape(-1, 3).astype(np.float32)
    first = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).reshape(-1)
    corners = np.stack([first, first + 1, first + columns + 1, first + columns], axis=1)
    return points, np.full(len(corners), 4, np.int32), corners.reshape(-1).astype(np.int32)


def build_and_bake() -> None:
    """60 targets on 30,000 vertices; 100 channels of 2,000 frames."""
    points, counts, corners = grid()
    rng = np.random.default_rng(0)
    deltas = rng.normal(scale=0.1, size=(TARGETS, VERTICES, 3)).astype(np.float32)
    names = tuple(f"pc_{k:03d}" for k in range(TARGETS))
    with fakemaya.install(version=2025) as maya:
        from maya import cmds

        from facepatch_maya.host import MayaHost
        from facepatch_maya.write_keys import write_clip

        face = maya.add_mesh("face", points, counts, corners)
        host = MayaHost()
        with stopwatch(f"build {TARGETS} x {VERTICES}"):
            host.build_blendshape([face], [MeshShapes(points, deltas, names)])
        print(f"  calls of MPlug.setMObject: {maya.counts['MPlug.setMObject']}")
        cmds.createNode("network", name="rig")
        for channel in range(CHANNELS):
            cmds.addAttr("rig", longName=f"c{channel}", attributeType="double", keyable=True)
        columns = tuple(f"c{channel}" for channel in range(CHANNELS))
        clip = Clip(columns, rng.normal(size=(FRAMES, CHANNELS)).astype(np.float32), (24, 1))
        with stopwatch(f"bake {CHANNELS} channels x {FRAMES} frames"):
            applied = write_clip(clip, {name: [f"rig.{name}"] for name in columns}, start_frame=1.0)
        calls = maya.counts["MFnAnimCurve.addKeys"]
        print(f"  {applied.keys} keys in {calls} calls of addKeys, one undo step")
        with (
            tempfile.TemporaryDirectory() as folder,
            stopwatch("capture 100 frames in the stand-in", per=100, unit="ms/frame"),
        ):
            capture(host, [face], list(range(1, 101)), Path(folder))


def capture_share() -> None:
    """Capture from a host whose frames are there already."""
    points, counts, corners = grid()
    mesh = HeadlessMesh("face", points, Topology(VERTICES, counts, corners), deform=lambda *_: points)
    host = HeadlessHost([mesh])
    with tempfile.TemporaryDirectory() as folder:
        began, cpu = time.perf_counter(), time.process_time()
        capture(host, ["face"], list(range(CAPTURED)), Path(folder))
        wall, own = time.perf_counter() - began, time.process_time() - cpu
    print(
        f"capture {CAPTURED} x {VERTICES} from a free host: {wall:.3g} ms/frame, {own:.3g} ms/frame of processor time"
    )


def open_tool() -> None:
    """From the shelf button to the dock, in a Maya that has Qt loaded."""
    from PySide6 import QtWidgets

    application = QtWidgets.QApplication.instance() or QtWidgets.QApplication([])
    spent = []
    for _ in range(5):
        with fakemaya.install(version=2025):
            began = time.perf_counter()
            from maya import cmds

            from facepatch_maya.ui import main_window

            main_window.show()
            application.processEvents()
            spent.append(time.perf_counter() - began)
            cmds.deleteUI(main_window.CONTROL)
            application.processEvents()
    print(
        f"tool opens in {statistics.median(spent):.2f} s (median of 5, imports included), slowest {max(spent):.2f} s"
    )


if __name__ == "__main__":
    build_and_bake()
    capture_share()
    open_tool()
