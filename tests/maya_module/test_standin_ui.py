"""The stand-in's user interface: elements, docks that restore, menus, shelves, dialogs, MEL, plug-ins."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import fakemaya
from fakemaya import mel as fake_mel
from fakemaya.commands.menus import load_shelf, press
from fakemaya.commands.workspace import restart

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture
def maya():
    with fakemaya.install() as installed:
        yield installed


@pytest.fixture
def cmds(maya):
    from maya import cmds

    return cmds


@pytest.fixture
def qt():
    widgets = pytest.importorskip("PySide6.QtWidgets" if sys.version_info >= (3, 11) else "PySide2.QtWidgets")
    application = widgets.QApplication.instance() or widgets.QApplication([])
    yield widgets
    del application


def test_elements_are_named_nested_and_deleted_with_what_is_below(cmds):
    window = cmds.window("w", title="T")
    layout = cmds.paneLayout()
    panel = cmds.modelPanel(menuBarVisible=False)
    assert (window, layout) == ("w", "w|paneLayout1")
    assert cmds.modelPanel(panel, exists=True)
    cmds.deleteUI(window)
    assert not cmds.modelPanel(panel, exists=True)
    with pytest.raises(RuntimeError, match="not found"):
        cmds.window("w", q=True, title=True)


def test_a_second_element_of_the_same_name_is_refused(cmds):
    cmds.window("w")
    with pytest.raises(RuntimeError, match="not unique"):
        cmds.window("w")


def test_a_layout_without_a_window_is_refused(cmds):
    with pytest.raises(RuntimeError, match="no parent"):
        cmds.columnLayout()


def test_delete_ui_asks_for_the_right_kind(cmds):
    cmds.window("w")
    with pytest.raises(RuntimeError, match="is a window"):
        cmds.deleteUI("w", menu=True)


# ------------------------------------------------------------------------------------------------------ docks


def test_a_dock_runs_its_script_and_comes_back_by_it_alone(maya, cmds):
    script = "import builtins; builtins.facepatch_test_runs = getattr(builtins, 'facepatch_test_runs', 0) + 1"
    import builtins

    try:
        cmds.workspaceControl("dock", label="Dock", uiScript=script, retain=False, floating=True)
        restart(maya)
        assert builtins.facepatch_test_runs == 2
        assert cmds.workspaceControl("dock", exists=True)
        assert cmds.workspaceControl("dock", q=True, label=True) == "Dock"
    finally:
        del builtins.facepatch_test_runs


def test_a_dock_with_a_failing_script_does_not_stop_maya(maya, cmds):
    cmds.workspaceControl("dock", uiScript="import no_such_module")
    assert "no_such_module" in dict(maya.state["messages"])["error"]
    assert len(maya.state["failures"]) == 1


def test_a_closed_dock_is_gone_unless_it_is_retained(cmds):
    cmds.workspaceControl("gone", retain=False)
    cmds.workspaceControl("kept", retain=True)
    for name in ("gone", "kept"):
        cmds.workspaceControl(name, e=True, close=True)
    assert [cmds.workspaceControl(name, exists=True) for name in ("gone", "kept")] == [False, True]
    assert cmds.workspaceControl("kept", q=True, visible=True) is False


def test_the_dock_is_a_real_widget_that_the_script_fills(qt, maya, cmds):
    from maya import OpenMayaUI

    wrap = (
        pytest.importorskip("shiboken6") if sys.version_info >= (3, 11) else pytest.importorskip("shiboken2")
    ).wrapInstance
    filled = []

    def fill():
        widget = wrap(int(OpenMayaUI.MQtUtil.findControl("dock")), qt.QWidget)
        widget.layout().addWidget(qt.QLabel("inside", widget))
        filled.append(OpenMayaUI.MQtUtil.fullName(int(OpenMayaUI.MQtUtil.getCurrentParent())))

    cmds.workspaceControl("dock", uiScript=fill)
    assert maya.state.get("failures", []) == []
    assert filled == ["dock"]
    assert [label.text() for label in maya.state["widgets"]["dock"].findChildren(qt.QLabel)] == ["inside"]
    main = wrap(int(OpenMayaUI.MQtUtil.mainWindow()), qt.QWidget)
    assert main.objectName() == "MayaWindow"
    cmds.deleteUI("dock")
    assert OpenMayaUI.MQtUtil.findControl("dock") is None


def test_in_batch_there_is_no_main_window():
    with fakemaya.install(batch=True):
        from maya import OpenMayaUI

        assert OpenMayaUI.MQtUtil.mainWindow() is None


# ------------------------------------------------------------------------------------------- menus and
# dialogs


def test_a_menu_item_is_pressed_by_its_label(maya, cmds):
    pressed = []
    cmds.menu("m", label="Menu", parent="MayaWindow")
    cmds.menuItem(label="Do", parent="m", command=lambda *given: pressed.append(given))
    assert cmds.menu("m", q=True, itemArray=True) == ["menuItem1"]
    press(maya, "Do")
    assert pressed == [(False,)]
    with pytest.raises(RuntimeError, match="no 'Undo'"):
        press(maya, "Undo")


def test_a_dialog_that_nobody_answers_is_a_gap(maya, cmds):
    maya.state["replies"] = ["No"]
    assert cmds.confirmDialog(title="T", message="Sure?", button=["Yes", "No"]) == "No"
    with pytest.raises(fakemaya.Gap, match="waits for the user"):
        cmds.confirmDialog(message="Again?")


def test_option_variables_keep_their_types(cmds):
    cmds.optionVar(stringValue=("name", "x"))
    cmds.optionVar(intValue=[("a", 1), ("b", 2)])
    assert [cmds.optionVar(q=name) for name in ("name", "a", "b", "missing")] == ["x", 1, 2, 0]
    assert cmds.optionVar(exists="a")
    cmds.optionVar(remove="a")
    assert not cmds.optionVar(exists="a")


def test_folders_need_the_test_to_say_where(maya, cmds, tmp_path):
    with pytest.raises(fakemaya.Gap, match="app_dir"):
        cmds.internalVar(userAppDir=True)
    maya.state["app_dir"] = tmp_path
    assert cmds.internalVar(userAppDir=True) == tmp_path.as_posix() + "/"


def test_deferred_work_waits_for_idle_and_goes_on_after_an_error(maya, cmds):
    from maya import utils

    order = []
    cmds.evalDeferred(lambda: order.append("last"), lowestPriority=True)
    utils.executeDeferred(lambda: 1 / 0)
    utils.executeDeferred(order.append, "first")
    assert order == []
    maya.idle()
    assert order == ["first", "last"]
    assert [type(error) for error in maya.state["failures"]] == [ZeroDivisionError]


def test_a_function_that_queues_itself_for_ever_is_found(maya, cmds):
    def again():
        cmds.evalDeferred(again)

    again()
    with pytest.raises(RuntimeError, match="still queues itself"):
        maya.idle()


def test_a_script_job_dies_with_its_window(maya, cmds):
    window = cmds.window()
    job = cmds.scriptJob(event=("SelectionChanged", lambda: None), parent=window)
    assert cmds.scriptJob(exists=job)
    cmds.deleteUI(window)
    assert not cmds.scriptJob(exists=job)


# -------------------------------------------------------------------------------------------------------- MEL


@pytest.mark.parametrize(
    ("script", "answer"),
    [
        ("1 + 2 * 3", 7),
        ('string $a = "x"; $a + 2', "x2"),
        ("int $n = 0; for ($i in {1, 2, 3}) $n += $i; $n", 6),
        ("global proc int two(int $a) { return $a * 2; } two(4)", 8),
        ("global proc int pick(int $a) { if ($a > 1) { return 10; } else return 20; } pick(1) + pick(2)", 30),
        ('python("1 + 1")', 2),
        ('python("value = 5"); python("value")', 5),
        ('window -title "T" w; window -q -title w', "T"),
        ("if (`window -exists nothing`) 1; else 2;", None),
        ('size(`lsUI -menus -type "menu"`) == 0 || 1', 1),
        ('string $list[] = {"a", "b"}; $list[1]', "b"),
        ('catch(`window -q -title "missing"`)', 1),
        ('// a comment\n/* and\nanother */ exists "two"', 0),
        ("$gMainWindow", "MayaWindow"),
    ],
)
def test_mel(cmds, script, answer):
    from maya import mel

    if "lsUI" in script:
        cmds.menu("m", parent="MayaWindow")
    assert mel.eval(script) == answer


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("window -titel x;", "Invalid flag 'titel'"),
        ("no_such_thing(1)", 'Cannot find procedure "no_such_thing"'),
        ("global proc f() { print($gMainWindow); } f()", "undeclared variable"),
        ("global proc g(int $a) {} g(1, 2)", "Wrong number of arguments"),
        ("int $a = ;", "Syntax error"),
        ('print("x"', "Syntax error"),
    ],
)
def test_mel_that_maya_refuses_is_a_runtime_error(cmds, script, message):
    from maya import mel

    with pytest.raises(RuntimeError, match=message):
        mel.eval(script)


def test_mel_that_the_stand_in_does_not_know_is_a_gap(cmds):
    from maya import mel

    with pytest.raises(fakemaya.Gap, match="switch"):
        mel.eval("switch (1) { case 1: print(1); }")


def test_a_procedure_is_found_by_the_name_of_its_file(cmds, tmp_path, monkeypatch):
    from maya import mel

    (tmp_path / "answer.mel").write_text(
        "global proc int answer() { return helper(); }\nproc int helper() { return 42; }\n", encoding="utf-8"
    )
    monkeypatch.setenv("MAYA_SCRIPT_PATH", str(tmp_path))
    assert mel.eval("answer()") == 42
    mel.eval("source answer;")
    with pytest.raises(RuntimeError, match='Cannot find file "question"'):
        mel.eval("source question;")


def test_a_shelf_is_loaded_as_maya_loads_it_and_its_button_works(maya, cmds, tmp_path):
    shelf = tmp_path / "shelf_test.mel"
    shelf.write_text(
        "global proc shelf_test () {\n"
        '  shelfButton -label "Go" -image1 "go.png" -command "python(\\"went = 1\\")";\n}\n',
        encoding="utf-8",
    )
    buttons = load_shelf(maya, shelf)
    assert buttons["Go"]["sourceType"] == "mel"
    press(maya, "Go")
    assert maya.state["__main__"]["went"] == 1


def test_a_shelf_file_without_its_procedure_is_refused(maya, tmp_path):
    shelf = tmp_path / "shelf_test.mel"
    shelf.write_text("global proc shelf_other () {}", encoding="utf-8")
    with pytest.raises(RuntimeError, match="no procedure shelf_test"):
        load_shelf(maya, shelf)


def test_scopes_of_mel_are_separate(maya):
    fake_mel.run(
        maya,
        'global string $shared; $shared = "a";'
        'proc change() { global string $shared; string $own = "b"; $shared = $shared + $own; } change();',
    )
    assert fake_mel.run(maya, "$shared") == "ab"


# --------------------------------------------------------------------------------------------------- plug-ins

PLUGIN = """
from maya.api import OpenMaya as om
def maya_useNewAPI(): pass
class Count(om.MPxCommand):
    total = 0
    def doIt(self, args):
        Count.total += args.asInt(0)
        self.setResult(Count.total)
class Join(om.MPxCommand):
    def doIt(self, args):
        given = om.MArgParser(self.syntax(), args)
        words = [given.getFlagArgumentList("-word", k).asString(0) for k in range(given.numberOfFlagUses("-word"))]
        self.setResult(" ".join(words) * given.flagArgumentInt("-times", 0))
def syntax():
    made = om.MSyntax()
    made.addFlag("-w", "-word", om.MSyntax.kString)
    made.makeFlagMultiUse("-word")
    made.addFlag("-t", "-times", om.MSyntax.kLong)
    return made
def initializePlugin(plugin):
    assert "__file__" not in globals()
    om.MFnPlugin(plugin, "vendor", "1.0", "Any").registerCommand("facepatchCount", Count)
    om.MFnPlugin(plugin).registerCommand("facepatchJoin", Join, syntax)
def uninitializePlugin(plugin):
    om.MFnPlugin(plugin).deregisterCommand("facepatchCount")
    om.MFnPlugin(plugin).deregisterCommand("facepatchJoin")
"""


def test_a_plugin_file_is_really_run(cmds, tmp_path):
    from maya import mel

    path = tmp_path / "counting.py"
    path.write_text(PLUGIN, encoding="utf-8")
    assert cmds.loadPlugin(str(path)) == ["counting"]
    assert cmds.pluginInfo("counting", q=True, loaded=True)
    assert cmds.pluginInfo("counting", q=True, version=True) == "1.0"
    assert [cmds.facepatchCount(2), cmds.facepatchCount(3)] == [2, 5]
    assert mel.eval('facepatchJoin -w "a" -word b -times 2') == "a ba b"
    with pytest.raises(RuntimeError, match="Invalid flag '-wrd'"):
        mel.eval('facepatchJoin -wrd "a"')
    cmds.unloadPlugin("counting")
    with pytest.raises(AttributeError, match="facepatchCount"):
        cmds.facepatchCount(1)


def test_a_plugin_that_is_not_there_or_no_plugin_is_refused(cmds, tmp_path, monkeypatch):
    monkeypatch.setenv("MAYA_PLUG_IN_PATH", str(tmp_path))
    with pytest.raises(RuntimeError, match="was not found on MAYA_PLUG_IN_PATH"):
        cmds.loadPlugin("nothing")
    (tmp_path / "plain.py").write_text("x = 1\n", encoding="utf-8")
    with pytest.raises(RuntimeError, match="initializePlugin"):
        cmds.loadPlugin("plain")


def test_the_name_of_a_plugin_is_searched_on_the_path(cmds, tmp_path, monkeypatch):
    (tmp_path / "counting.py").write_text(PLUGIN, encoding="utf-8")
    monkeypatch.setenv("MAYA_PLUG_IN_PATH", os.pathsep.join([str(Path(tmp_path, "missing")), str(tmp_path)]))
    assert cmds.loadPlugin("counting", quiet=True) == ["counting"]
