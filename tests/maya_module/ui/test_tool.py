from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest


def test_the_tool_opens_in_under_a_second(stage: Any, application: Any):
    from facepatch_maya.ui.tool import PANELS, Tool

    stage.choose_face()
    stage.pick_all()
    begun = time.perf_counter()
    tool = Tool(stage.session)
    tool.resize(520, 940)
    tool.show()
    application.processEvents()
    tool.grab()
    opened = time.perf_counter() - begun
    for name, *_ in PANELS:
        tool.show_panel(name)
    everything = time.perf_counter() - begun
    tool.closing()
    tool.deleteLater()
    assert opened < 1.0, opened
    assert everything < 2.0, everything


def test_the_tool_opens_where_there_is_work_to_do(stage: Any, opened: Any):
    assert opened(stage.session).tool.current == "character"
    stage.choose_face()
    stage.pick_all()
    assert opened(stage.session).tool.current == "motion"
    stage.capture()
    assert opened(stage.session).tool.current == "train"


def test_ctrl_and_a_number_go_to_the_panels_and_ctrl_return_presses_the_primary_button(
    stage: Any, opened: Any
):
    user = opened(stage.session)
    keys, control = user.core.Qt.Key, user.core.Qt.KeyboardModifier.ControlModifier
    for key, name in ((keys.Key_2, "motion"), (keys.Key_5, "jobs"), (keys.Key_1, "character")):
        user.key(user.tool, key, control)
        assert user.tool.current == name
        assert user.find(f"tab_{name}").isChecked()
    stage.view.meshes = ("|hero|face",)
    user.key(user.tool, keys.Key_Return, control)
    assert stage.session.character.meshes == ["|hero|face"]


def test_tabs_show_how_each_panel_stands(stage: Any, opened: Any):
    user = opened(stage.session)
    assert user.find("tab_character").status.kind == "empty"
    stage.choose_face()
    stage.pick_all()
    user.settle()
    assert (user.find("tab_character").status.kind, user.find("tab_motion").status.kind) == ("done", "ready")


@pytest.mark.parametrize("name", ["character", "motion", "train", "shot", "jobs"])
def test_every_control_is_reached_by_tab_and_explains_itself(stage: Any, opened: Any, name: str):
    stage.choose_face()
    stage.pick_all()
    stage.capture()
    stage.session.shot.set(trained=str(stage.trained()), take=str(stage.film()))
    user = opened(stage.session, name)
    panel = user.tool.panels[name]
    widgets = user.widgets
    kinds = (
        widgets.QAbstractButton, widgets.QLineEdit, widgets.QAbstractSpinBox, widgets.QComboBox,
        widgets.QTreeWidget, widgets.QListWidget,
    )  # fmt: skip
    inner = (widgets.QAbstractSpinBox, widgets.QLineEdit)
    wanted = [
        widget
        for kind in kinds
        for widget in panel.findChildren(kind)
        if widget.isVisible() and widget.isEnabled() and not isinstance(widget.parent(), inner)
    ]
    reached, widget = [], user.tool
    for _ in range(400):
        widget = widget.nextInFocusChain()
        reached.append(widget)
    never = user.core.Qt.FocusPolicy.NoFocus, user.core.Qt.FocusPolicy.ClickFocus
    assert wanted
    assert [one.objectName() for one in wanted if one not in reached or one.focusPolicy() in never] == []
    assert [one.objectName() for one in wanted if not (one.toolTip() or one.parent().toolTip())] == []


@pytest.mark.parametrize("name", ["character", "motion", "train", "shot", "jobs"])
def test_mnemonics_of_a_panel_are_its_own(stage: Any, opened: Any, name: str):
    stage.choose_face()
    stage.capture()
    stage.session.shot.set(trained=str(stage.trained()), take=str(stage.film()))
    panel = opened(stage.session, name).tool.panels[name]
    from facepatch_maya.ui.qt import QtWidgets

    texts = [w.text() for w in panel.findChildren(QtWidgets.QAbstractButton) if w.isVisible()]
    texts += [
        w.text() for w in panel.findChildren(QtWidgets.QLabel) if w.isVisible() and w.buddy() is not None
    ]
    letters = [text[text.index("&") + 1].lower() for text in texts if "&" in text]
    doubled = sorted({letter for letter in letters if letters.count(letter) > 1})
    assert doubled == [], [
        text for text in texts if "&" in text and text[text.index("&") + 1].lower() in doubled
    ]


def test_the_tool_fits_beside_a_viewport_at_1080p(stage: Any, opened: Any):
    from facepatch_maya.ui.style import em

    stage.choose_face()
    user = opened(stage.session)
    for name in ("character", "motion", "train", "shot", "jobs"):
        user.tool.show_panel(name)
        panel = user.tool.panels[name]
        # Maya's text is 15 pixels high; a dock of 435 of them leaves the viewport its room.
        assert panel.scroller.widget().minimumSizeHint().width() <= 29 * em(panel)
        assert user.tool.minimumSizeHint().height() <= 40 * em(panel)
        user.tool.resize(480, 900)
        user.settle()
        assert user.primary().isHidden() or user.primary().visibleRegion().boundingRect().height() > 10


def test_nothing_is_written_into_a_scene_before_a_mesh_is_chosen(stage: Any, opened: Any):
    opened(stage.session)
    stage.session.keep()
    assert stage.store.writes == 0
    stage.choose_face()
    stage.session.keep()
    stage.session.keep()
    assert stage.store.writes == 1


def test_another_scene_starts_from_nothing(stage: Any, opened: Any):
    stage.choose_face()
    stage.pick_all()
    user = opened(stage.session, "character")
    stage.session.leave()
    stage.store.values = {}
    stage.session.open()
    user.settle()
    assert stage.session.character.meshes == []
    assert stage.view.markers == {}
    assert "Select the face mesh" in user.status()


def test_a_fault_in_a_listener_of_a_closed_tool_is_impossible(stage: Any, opened: Any):
    user = opened(stage.session)
    user.tool.closing()
    stage.choose_face()
    assert user.tool.panels["character"].status_text.text().startswith("Select the face mesh")


@pytest.mark.parametrize("scale", ["1", "2"])
def test_every_panel_can_be_drawn_at_this_scale(scale: str, tmp_path: Path):
    """In a process of its own: the scale is read when the application starts."""
    root = Path(__file__).parents[3]
    code = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from tool_stage import Stage\n"
        "from facepatch_maya.ui.qt import QtCore, QtWidgets\n"
        "if hasattr(QtCore.Qt.ApplicationAttribute, 'AA_EnableHighDpiScaling') and QtCore.qVersion() < '6':\n"
        "    QtWidgets.QApplication.setAttribute(QtCore.Qt.ApplicationAttribute.AA_EnableHighDpiScaling)\n"
        "app = QtWidgets.QApplication(['x'])\n"
        "from facepatch_maya.ui.tool import PANELS, Tool\n"
        "stage = Stage(Path(sys.argv[1]))\n"
        "stage.choose_face(); stage.pick_all(); stage.capture()\n"
        "tool = Tool(stage.session); tool.resize(520, 940); tool.show()\n"
        "for name, *_ in PANELS:\n"
        "    tool.show_panel(name); app.processEvents()\n"
        "    picture = tool.grab()\n"
        "    assert picture.width() == 520 * int(sys.argv[2]), picture.width()\n"
        "tool.closing(); print('drawn')\n"
    )
    paths = ["backend", "maya_module/scripts", "tests/standin"]
    environment = {
        **os.environ, "QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": scale,
        "PYTHONPATH": os.pathsep.join(str(root / path) for path in paths),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), scale],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.strip() == "drawn", done.stderr
