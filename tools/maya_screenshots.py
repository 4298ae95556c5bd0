"""Pictures of the Maya tool for the documentation, drawn without Maya.

    PYTHONPATH=backend:maya_module/scripts:tests/standin .venv/bin/python tools/maya_screenshots.py [--run DIR] [OUT]

OUT: docs/images by default. DIR: what `make demo` has written, whose preview pictures and losses the Train panel shows;
demo/ by default. The scene, the clicks and the service are those of tests/standin/tool_stage.py. QT_SCALE_FACTOR=2
draws for a high-DPI screen.
"""

import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np

from facepatch.core.data.landmarks import ELEMENTS
from facepatch.core.errors import VideoError, WorkerDiedError
from facepatch_maya.ui.parts import Fold
from facepatch_maya.ui.qt import QtGui, QtWidgets
from facepatch_maya.ui.tool import Tool
from tool_stage import Stage, landmark_vertices, write_take

ROOT = Path(__file__).resolve().parents[1]
SIZE = (500, 940)
"""A dock beside the viewport on a screen of 1920 x 1080."""
SIZES = {"rig": (500, 884)}
"""Of pictures that would begin in the middle of a card."""
MAYA = {
    "Window": "#444444", "WindowText": "#cccccc", "Base": "#2b2b2b", "AlternateBase": "#303030", "Text": "#cccccc",
    "Button": "#5d5d5d", "ButtonText": "#cccccc", "Highlight": "#5285a6", "HighlightedText": "#ffffff",
    "ToolTipBase": "#333333", "ToolTipText": "#dddddd", "PlaceholderText": "#7d7d7d",
}  # fmt: skip
"""Maya's dark palette."""


def main(arguments: Sequence[str]) -> int:
    """Draw all pictures."""
    words = list(arguments)
    run = ROOT / "demo"
    if "--run" in words:
        at = words.index("--run")
        run = Path(words[at + 1])
        del words[at : at + 2]
    out = Path(words[0]) if words else ROOT / "docs" / "images"
    learned = read_training(run)
    if learned is None:
        print(f"{run}: holds no training. Run `make demo` first, or give --run DIR.", file=sys.stderr)
        return 1
    application = QtWidgets.QApplication(["facepatch"])
    application.setStyle("Fusion")
    application.setFont(QtGui.QFont("DejaVu Sans", 9))
    application.setPalette(palette())
    out.mkdir(parents=True, exist_ok=True)
    for name, draw in PICTURES.items():
        with tempfile.TemporaryDirectory() as folder:
            tool = draw(Path(folder), learned)
            tool.resize(*SIZES.get(name, SIZE))
            tool.show()
            for _ in range(5):
                tool.session.poll()
                application.processEvents()
            for edit in tool.findChildren(QtWidgets.QLineEdit):
                edit.setText(edit.text().replace(folder, "/projects/hero"))
            path = out / f"maya_{name}.png"
            tool.grab().save(str(path))
            print(path)
            tool.closing()
            tool.deleteLater()
            application.processEvents()
    return 0


def palette() -> QtGui.QPalette:
    """Maya's."""
    made = QtGui.QPalette()
    for role, color in MAYA.items():
        made.setColor(getattr(QtGui.QPalette.ColorRole, role), QtGui.QColor(color))
    return made


def read_training(run: Path) -> Any:
    """Losses, checks of the quality and preview pictures of the demo; None without one.

    (iterations, {name: values}, (iterations, {name: values}), {iteration: pixels})
    """
    history = next(iter(sorted(run.glob("stages/reenactment-*/history.json"))), None)
    if history is None:
        return None
    values = json.loads(history.read_text(encoding="utf-8"))
    checks = values["checks"]
    pictures = {int(path.stem): pixels(path) for path in sorted(history.parent.glob("previews/0*.png"))}
    return values["iterations"], values["values"], (checks["iterations"], checks["values"]), pictures


def pixels(path: Path) -> Any:
    """(H, W, 3) uint8 of an image file."""
    image = QtGui.QImage(str(path)).convertToFormat(QtGui.QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def captured(folder: Path, **options: Any) -> Stage:
    """A character that is picked and captured."""
    stage = Stage(folder, **options)
    stage.view.meshes = ("|hero|face", "|hero|eye_l", "|hero|hair")
    stage.session.character.add_selected()
    stage.pick_all()
    stage.session.motion.leave_out("|hero|hair", True)
    stage.session.shot.set(
        trained=str(stage.trained("anna")), take=str(stage.film("shot_010.mp4")), source="camera:0"
    )
    stage.capture()
    return stage


def character(folder: Path, learned: Any) -> Tool:
    """Half of the lips are picked; the next click is for the next point."""
    stage = Stage(folder)
    stage.view.meshes = ("|hero|face", "|hero|eye_l", "|hero|hair")
    page = stage.session.character
    page.add_selected()
    vertices = landmark_vertices()
    for element in ("eye_l", "eye_r", "brow_l", "nose_bridge"):
        for name in ELEMENTS[element]:
            page.place(name, vertices[name])
    page.show_region("mouth")
    page.start()
    stage.view.click(*(vertices[name] for name in ELEMENTS["lips_outer"][:9]))
    return Tool(stage.session, panel="character", entries=(("Help", str),))


def motion(folder: Path, learned: Any) -> Tool:
    """Captured; the right eye does not shut fully."""
    stage = captured(folder, right_shuts=0.62)
    return Tool(stage.session, panel="motion", entries=(("Help", str),))


def training(stage: Stage, learned: Any) -> Any:
    """Two performers; the first is three quarters through."""
    iterations, values, checks, pictures = learned
    session = stage.session
    session.train.add([stage.film("anna_rom.mp4"), stage.film("ben_rom.mov")])
    session.train.show(0)
    session.train.run()
    job = session.train.job
    shown = len(iterations) * 3 // 4
    for name, curve in values.items():
        if name != "rate":
            job.curves["reenactment", name] = list(zip(iterations[:shown], curve[:shown]))
    for name, curve in checks[1].items():
        points = [point for point in zip(checks[0], curve) if point[0] <= iterations[shown - 1]]
        job.curves["reenactment", name] = points
        job.values[name] = points[-1][1]
    return (
        job,
        iterations[shown - 1],
        iterations[-1],
        {at: p for at, p in pictures.items() if at <= iterations[shown - 1]},
    )


def train(folder: Path, learned: Any) -> Tool:
    """Learning, with losses and previews."""
    stage = captured(folder)
    job, done, total, pictures = training(stage, learned)
    tool = Tool(stage.session, panel="train", entries=(("Help", str),))
    for at, picture in pictures.items():
        stage.backend.report(
            job, stage="reenactment", done=done, total=total, unit="iterations", rate=2.6, left_s=41.0,
            picture=picture, picture_stage="reenactment", picture_iteration=at,
        )  # fmt: skip
        tool.panels["train"].refresh()
    return tool


def shot(folder: Path, learned: Any) -> Tool:
    """Live, and recording."""
    stage = captured(folder)
    page = stage.session.shot
    page.set(start_frame=1001.0, layer="anna_takes", head="|hero|head_ctrl", tolerance=0.01)
    tool = Tool(stage.session, panel="shot", entries=(("Help", str),))
    page.clip = write_take(folder / "clip", frames=312, rate=(30000, 1001))
    page.start_live()
    live = stage.steps.live_session
    assert live is not None
    live.show(96)
    page.record(True)
    live.show(148)
    return tool


def rig(folder: Path, learned: Any) -> Tool:
    """A solve for the rig's controls that is done."""
    stage = captured(folder)
    page, controls = stage.session.shot, stage.session.rig
    page.set(start_frame=1001.0, layer="anna_takes")
    page.clip = write_take(folder / "shot_010_anna", frames=312)
    tool = Tool(stage.session, panel="shot", entries=(("Help", str),))
    controls.read()
    controls.hold("jaw_ctrl.rotateX", True)
    controls.use("brow_ctrl_R.translateY", False)
    controls.price("smile_ctrl_L.translateY", 3.0)
    controls.run()
    assert controls.job is not None
    stage.backend.finish(controls.job, out=str(folder / "controls"))
    stage.session.poll()
    panel: Any = tool.panels["shot"]
    fold = next(one for one in panel.rig.findChildren(Fold) if one.head.text() == "Regions and ends")
    fold.head.setChecked(True)
    controls.take("brows", 0.7)
    # The tool has its size later: whole cards are to be seen, from the live preview on.
    bar = panel.scroller.verticalScrollBar()
    bar.rangeChanged.connect(lambda _low, high: bar.setValue(min(high, panel.cards[2].y() - 8)))
    return tool


def jobs(folder: Path, learned: Any) -> Tool:
    """What a day looks like."""
    stage = Stage(folder)
    backend = stage.backend
    done = [backend.submit("character", {"out": "/projects/hero/landmarks"}, label="hero: landmarks"),
            backend.submit("train", {"out": "/projects/hero/trained/anna"}, label="hero: anna_rom"),
            backend.submit("retarget", {"out": "/projects/hero/shots/shot_010"}, label="shot_010_anna")]  # fmt: skip
    for job in done:
        backend.finish(job, out=job.out)
    failed = backend.submit("retarget", {"out": "/projects/hero/shots/shot_020"}, label="shot_020_anna")
    backend.fail(
        failed, VideoError("shot_020.mp4: ends after 12 of 240 frames. Copy it again from the camera.")
    )
    running = backend.submit("train", {"out": "/projects/hero/trained/ben"}, label="hero: ben_rom")
    backend.report(
        running, stage="weights", done=7400, total=12000, unit="iterations", rate=31.0, left_s=148.0
    )
    backend.submit("retarget", {"out": "/projects/hero/shots/shot_030"}, label="shot_030_ben")
    tool = Tool(stage.session, panel="jobs", entries=(("Help", str),))
    stage.session.jobs.show(failed.job)
    return tool


def failure(folder: Path, learned: Any) -> Tool:
    """A training that died, and what to do."""
    stage = captured(folder)
    job, done, total, pictures = training(stage, learned)
    tool = Tool(stage.session, panel="train", entries=(("Help", str),))
    at = max(pictures)
    stage.backend.report(
        job, stage="reenactment", done=done, total=total, unit="iterations", picture=pictures[at],
        picture_stage="reenactment", picture_iteration=at,
    )  # fmt: skip
    tool.panels["train"].refresh()
    died = "train: its worker ended three times (signal 9), most likely for want of memory. "
    stage.backend.fail(
        job, WorkerDiedError(f"{died}Choose the preset Preview, or close other programs, and train again.")
    )
    return tool


PICTURES = {
    "character": character,
    "motion": motion,
    "train": train,
    "shot": shot,
    "rig": rig,
    "jobs": jobs,
    "failure": failure,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
