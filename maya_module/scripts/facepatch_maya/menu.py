"""The menu Facepatch in Maya's main window. It is made anew at every start and is in no preferences."""

from __future__ import annotations

import sys
import tempfile
import webbrowser
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from maya import cmds, mel
from maya.api import OpenMaya

import facepatch_maya
from facepatch_maya.bootstrap import module_folder

NAME = "facepatch_menu"
REPORT = "facepatch_selfcheck.json"


class Entry(NamedTuple):
    """One line of the menu."""

    label: str
    icon: str
    annotation: str
    action: Callable[[], Any]


def entries() -> list[Entry]:
    """The lines, in their order; an entry without a label is a line between groups."""
    show = facepatch_maya.show
    line = Entry("", "", "", str)
    return [
        Entry("Open Facepatch", "facepatch.png", "Open the tool where you left it.", show),
        line,
        Entry("Character", "facepatch_character.png", "Choose the meshes and pick their landmarks.",
              partial(show, "character")),
        Entry("Motion", "facepatch_motion.png", "Capture the character's range of motion.", partial(show, "motion")),
        Entry("Train", "facepatch_train.png", "Train on the performer's films, and watch it.", partial(show, "train")),
        Entry("Shot", "facepatch_shot.png", "Retarget a take; see it live; bake keys.", partial(show, "shot")),
        Entry("Jobs", "facepatch_jobs.png", "What the service has to do.", partial(show, "jobs")),
        line,
        Entry("Check This Maya", "", "Try in this Maya everything that facepatch relies on. Takes a minute and opens "
              "a new scene.", run_selfcheck),
        Entry("Help", "", "The tutorial, and what to do about each error.", open_help),
        Entry(f"About Facepatch {facepatch_maya.__version__}", "", "Versions and folders.", about),
    ]  # fmt: skip


def build() -> str:
    """Make the menu, in place of one that is there. Returns its name."""
    remove()
    window = mel.eval("$facepatch_main_window = $gMainWindow")
    menu = cmds.menu(NAME, label="Facepatch", parent=window, tearOff=True)
    for entry in entries():
        if not entry.label:
            cmds.menuItem(divider=True, parent=menu)
            continue
        picture = {"image": entry.icon} if entry.icon else {}
        cmds.menuItem(label=entry.label, annotation=entry.annotation, parent=menu,
                      command=partial(_act, entry.action), **picture)  # fmt: skip
    return str(menu)


def remove() -> None:
    """Take the menu away, where it is."""
    if cmds.menu(NAME, exists=True):
        cmds.deleteUI(NAME, menu=True)


def open_tool(panel: str = "") -> None:
    """What a button of the shelf does: open the tool, or say in Maya's own line why not."""
    _act(partial(facepatch_maya.show, panel))


def run_selfcheck() -> None:
    """Run the self-check inside this Maya; its report goes to the Script Editor and to a file for an issue."""
    facepatch_maya.check()
    from facepatch.core.records import write_text
    from facepatch_maya import selfcheck
    from facepatch_maya.progress_window import shown_progress

    with shown_progress("Check this Maya") as on_progress:
        report = selfcheck.check(on_progress=on_progress)
    path = Path(tempfile.gettempdir()) / REPORT
    write_text(path, report.to_json())
    sys.stdout.write(report.to_text())
    verdict = (
        "What facepatch relies on is so in this Maya." if report.contract_holds else "This Maya differs."
    )
    OpenMaya.MGlobal.displayInfo(
        f"facepatch: {verdict} The Script Editor has it all; {path} is for an issue."
    )


def open_help() -> None:
    """Open the guide that was installed with the module, or that of the checkout."""
    module = module_folder()
    page = next(
        (f / "docs" / "maya.md" for f in (module, module.parent) if (f / "docs" / "maya.md").is_file()), None
    )
    if page is None:
        OpenMaya.MGlobal.displayWarning(
            f"facepatch: {module} has no docs/maya.md. Install the module again: facepatch maya install"
        )
    else:
        webbrowser.open(page.as_uri())


def about() -> None:
    """Say which facepatch this is, and where."""
    OpenMaya.MGlobal.displayInfo(f"facepatch {facepatch_maya.__version__} in {module_folder()}")


def _act(action: Callable[[], Any], *_: Any) -> None:
    # Maya hands the item's state over; a trace in the Script Editor would tell the user nothing.
    try:
        action()
    except Exception as error:  # noqa: BLE001  the last stop on Maya's side: the user gets a sentence
        OpenMaya.MGlobal.displayError(f"facepatch: {error}")
