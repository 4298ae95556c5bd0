"""scripts/facepatch.mel and the shelf: what a user types in MEL or presses on the shelf arrives where it should."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fakemaya.commands.menus import load_shelf, press

MODULE = Path(__file__).parents[2] / "maya_module"
LABELS = ["Facepatch", "Character", "Motion", "Train", "Shot", "Jobs"]


@pytest.fixture
def mel(maya: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """maya.mel with the module's scripts on MAYA_SCRIPT_PATH, as facepatch.mod puts them."""
    from maya import mel

    monkeypatch.setenv("MAYA_SCRIPT_PATH", str(MODULE / "scripts"))
    monkeypatch.setenv("MAYA_PLUG_IN_PATH", str(MODULE / "plug-ins"))
    return mel


@pytest.fixture
def shown(maya: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The panels that were asked for, in place of the tool."""
    import facepatch_maya

    panels: list[str] = []
    monkeypatch.setattr(facepatch_maya, "show", lambda panel="": panels.append(panel))
    return panels


def test_one_word_opens_the_tool(mel: Any, shown: list[str]) -> None:
    mel.eval("facepatch")
    mel.eval("facepatch;")
    assert shown == ["", ""]


def test_a_panel_is_opened_by_its_name(mel: Any, shown: list[str]) -> None:
    mel.eval('source facepatch; facepatchShow "shot"')
    assert shown == ["shot"]


def test_quotes_in_a_name_stay_in_the_name(mel: Any, shown: list[str]) -> None:
    mel.eval(r'source facepatch; facepatchShow("a\"b\\c")')
    assert shown == ['a"b\\c']


def test_the_shelf_has_its_buttons(maya: Any) -> None:
    buttons = load_shelf(maya, MODULE / "shelves" / "shelf_facepatch.mel")
    assert [label for label in buttons if label in LABELS] == LABELS


@pytest.mark.parametrize("label", LABELS)
def test_every_button_opens_its_panel_whatever_was_done_before(
    label: str, maya: Any, shown: list[str]
) -> None:
    load_shelf(maya, MODULE / "shelves" / "shelf_facepatch.mel")
    press(maya, label)
    assert shown == ["" if label == "Facepatch" else label.lower()]


def test_a_button_that_fails_says_why_in_mayas_own_line(maya: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import facepatch_maya

    def fail(panel: str = "") -> None:
        raise ImportError("numpy is missing for this Maya.")

    monkeypatch.setattr(facepatch_maya, "show", fail)
    load_shelf(maya, MODULE / "shelves" / "shelf_facepatch.mel")
    press(maya, "Shot")
    assert maya.state["messages"][-1] == ("error", "facepatch: numpy is missing for this Maya.")


def test_every_button_has_a_picture_and_teaches(maya: Any, mel: Any) -> None:
    buttons = load_shelf(maya, MODULE / "shelves" / "shelf_facepatch.mel")
    for label in LABELS:
        assert (MODULE / "icons" / buttons[label]["image"]).is_file()
        assert buttons[label]["image1"] == buttons[label]["image"]
        assert buttons[label]["annotation"].startswith(f"{label}: ")


def test_the_plug_in_is_loaded_once_and_brings_its_commands(maya: Any, mel: Any) -> None:
    from maya import cmds

    mel.eval("source facepatch; facepatchLoad; facepatchLoad;")
    assert cmds.pluginInfo("facepatch_plugin", query=True, loaded=True)
    assert [call.name for call in maya.calls].count("loadPlugin") == 1
