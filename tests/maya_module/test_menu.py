"""facepatch_maya.menu and userSetup.py: the menu is there after Maya's start, and nothing of ours can stop a start."""

from __future__ import annotations

import builtins
import json
import runpy
from pathlib import Path
from typing import Any

import pytest

import fakemaya
from fakemaya.commands.menus import press

SCRIPTS = Path(__file__).parents[2] / "maya_module" / "scripts"
PANELS = ("character", "motion", "train", "shot", "jobs")


@pytest.fixture
def shown(maya: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The panels that were asked for, in place of the tool."""
    import facepatch_maya

    panels: list[str] = []
    monkeypatch.setattr(facepatch_maya, "show", lambda panel="": panels.append(panel))
    return panels


@pytest.fixture
def menu(maya: Any) -> Any:
    from facepatch_maya import menu

    menu.build()
    return menu


def said(maya: Any) -> list[tuple[str, str]]:
    return [(kind, text) for kind, text in maya.state.get("messages", [])]


def start(maya: Any) -> None:
    """What Maya does with userSetup.py, and the first idle moment after its window is there."""
    runpy.run_path(str(SCRIPTS / "userSetup.py"), run_name="__main__")
    maya.idle()


def test_it_hangs_in_the_main_window_with_pictures_that_exist(maya: Any, menu: Any) -> None:
    from maya import cmds

    items = [
        cmds.menuItem(item, query=True, label=True)
        for item in cmds.menu(menu.NAME, query=True, itemArray=True)
    ]
    assert [label for label in items if label][:6] == [
        "Open Facepatch",
        "Character",
        "Motion",
        "Train",
        "Shot",
        "Jobs",
    ]
    for entry in menu.entries():
        assert not entry.icon or (SCRIPTS.parent / "icons" / entry.icon).is_file()
        assert entry.annotation.endswith(".") or not entry.label


def test_every_line_opens_its_panel(maya: Any, shown: list[str]) -> None:
    from facepatch_maya import menu

    menu.build()
    for label in ("Open Facepatch", "Character", "Motion", "Train", "Shot", "Jobs"):
        press(maya, label)
    assert shown == ["", *PANELS]


def test_made_twice_it_is_there_once(maya: Any, menu: Any) -> None:
    from maya import cmds

    before = len(cmds.menu(menu.NAME, query=True, itemArray=True))
    menu.build()
    assert len(cmds.menu(menu.NAME, query=True, itemArray=True)) == before
    menu.remove()
    menu.remove()
    assert not cmds.menu(menu.NAME, exists=True)


def test_a_failure_is_a_sentence_in_mayas_own_line(maya: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import facepatch_maya
    from facepatch_maya import menu

    def fail(panel: str = "") -> None:
        raise ImportError("numpy is missing for this Maya.")

    monkeypatch.setattr(facepatch_maya, "show", fail)
    menu.build()
    press(maya, "Open Facepatch")
    assert said(maya)[-1] == ("error", "facepatch: numpy is missing for this Maya.")


def test_about_names_version_and_folder(maya: Any, menu: Any) -> None:
    import facepatch_maya

    press(maya, f"About Facepatch {facepatch_maya.__version__}")
    assert said(maya)[-1] == ("info", f"facepatch {facepatch_maya.__version__} in {SCRIPTS.parent}")


def test_help_opens_the_guide(menu: Any, maya: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(menu.webbrowser, "open", opened.append)
    press(maya, "Help")
    assert opened == [(SCRIPTS.parents[1] / "docs" / "maya.md").as_uri()]
    monkeypatch.setattr(menu, "module_folder", lambda: Path("/nowhere/facepatch"))
    press(maya, "Help")
    assert len(opened) == 1
    assert said(maya)[-1][0] == "warning"
    assert "Install the module again" in said(maya)[-1][1]


@pytest.mark.parametrize(("verdict", "told"), [("yes", "is so in this Maya."), ("no", "This Maya differs.")])
def test_the_self_check_leaves_a_report_for_an_issue(
    verdict: str, told: str, maya: Any, menu: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from facepatch_maya import selfcheck

    result = selfcheck.Result("meshes", "contract", verdict, "as promised", 0.1)
    monkeypatch.setattr(selfcheck, "check", lambda **_: selfcheck.Report({"maya": "2025"}, (result,)))
    monkeypatch.setattr(menu.tempfile, "gettempdir", lambda: str(tmp_path))
    press(maya, "Check This Maya")
    assert json.loads((tmp_path / menu.REPORT).read_text())["results"][0]["verdict"] == verdict
    kind, text = said(maya)[-1]
    assert kind == "info"
    assert told in text
    assert str(tmp_path / menu.REPORT) in text


def test_the_self_check_does_not_cost_anybody_a_scene(maya: Any, menu: Any) -> None:
    from maya import cmds

    cmds.createNode("transform", name="mine")
    press(maya, "Check This Maya")
    kind, text = said(maya)[-1]
    assert (kind, text.startswith("facepatch: The scene has unsaved changes")) == ("error", True)
    assert cmds.objExists("mine")


# userSetup.py


def test_after_the_start_the_menu_is_there_and_not_before(maya: Any) -> None:
    from maya import cmds

    runpy.run_path(str(SCRIPTS / "userSetup.py"), run_name="__main__")
    assert not cmds.menu("facepatch_menu", exists=True)
    maya.idle()
    assert cmds.menu("facepatch_menu", exists=True)


def test_the_variable_keeps_the_menu_away(maya: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from maya import cmds

    monkeypatch.setenv("FACEPATCH_MENU", "0")
    start(maya)
    assert not cmds.menu("facepatch_menu", exists=True)


def test_in_batch_nothing_happens() -> None:
    with fakemaya.install(version=2027, batch=True) as maya:
        start(maya)
        assert [call.name for call in maya.calls] == ["about"]


def test_it_leaves_no_names_behind_for_the_next_user_setup(maya: Any) -> None:
    names = runpy.run_path(str(SCRIPTS / "userSetup.py"), run_name="__main__")
    assert [name for name in names if not name.startswith("__")] == []


def test_where_the_module_does_not_load_maya_starts_with_a_warning(
    maya: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = builtins.__import__

    def refuse(name: str, *rest: Any) -> Any:
        if name.startswith("facepatch_maya"):
            raise ImportError("No module named 'facepatch_maya'")
        return load(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    start(maya)
    assert said(maya)[-1] == ("warning", "facepatch: no menu. No module named 'facepatch_maya'")


def test_where_even_maya_fails_the_start_goes_on(
    maya: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from maya import cmds

    def fail(**_: Any) -> None:
        raise RuntimeError("no window yet")

    monkeypatch.setattr(cmds, "about", fail, raising=False)
    runpy.run_path(str(SCRIPTS / "userSetup.py"), run_name="__main__")
    assert capsys.readouterr().err == "facepatch: nothing was started. no window yet\n"


# show and restore


def test_without_a_window_the_tool_says_what_to_use_instead() -> None:
    from facepatch.core.errors import UnsupportedError

    with fakemaya.install(version=2025, batch=True):
        import facepatch_maya

        with pytest.raises(UnsupportedError, match=r"mayapy -m facepatch_maya\.batch SHOTLIST"):
            facepatch_maya.show()


def test_every_public_name_is_there_and_says_what_it_is(maya: Any) -> None:
    import facepatch_maya

    assert [name for name in facepatch_maya.__all__ if not getattr(facepatch_maya, name).__doc__] == []


def test_a_dock_that_cannot_come_back_says_why_and_does_not_stop_the_start(
    maya: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import facepatch_maya

    def fail() -> None:
        raise ImportError("pyzmq is missing for this Maya.")

    monkeypatch.setattr(facepatch_maya, "check", fail)
    facepatch_maya.restore()
    assert said(maya)[-1] == ("warning", "facepatch: pyzmq is missing for this Maya.")
