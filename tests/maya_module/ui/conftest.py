"""The tool offscreen, driven like a user."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

os.environ["QT_QPA_PLATFORM"] = "offscreen"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where no Qt can be loaded these tests say so; where everything has to be there they fail."""
    reason = _why_not()
    here = Path(__file__).parent
    for item in items:
        if reason and here in Path(str(item.fspath)).parents:
            item.add_marker(pytest.mark.skip(reason=reason))


def _why_not() -> str:
    try:
        from facepatch_maya.ui import qt  # noqa: F401
    except ImportError as error:
        reason = (
            f"Neither PySide6 nor PySide2 can be loaded ({error}). Run: pip install PySide6-Essentials==6.5.3, and on "
            "a bare Linux: apt-get install libgl1 libegl1 libxkbcommon0 libfontconfig1 libglib2.0-0 libdbus-1-3"
        )
        if os.environ.get("CI", "").lower() == "true":
            raise pytest.UsageError(f"{reason} With CI=true it must be there.") from error
        return reason
    return ""


@pytest.fixture(scope="session")
def application() -> Any:
    """The one QApplication of the process."""
    from facepatch_maya.ui.qt import QtWidgets

    return QtWidgets.QApplication.instance() or QtWidgets.QApplication(["facepatch"])


@pytest.fixture
def stage(tmp_path: Path) -> Any:
    """An empty stage."""
    from tool_stage import Stage

    return Stage(tmp_path)


@pytest.fixture
def opened(application: Any) -> Iterator[Any]:
    """Opens tools on sessions and closes them again: opened(session, panel) -> User."""
    from facepatch_maya.ui.qt import QtCore
    from facepatch_maya.ui.tool import Tool
    from tool_user import User

    tools: list[Any] = []

    def open_tool(session: Any, panel: str = "") -> Any:
        tool = Tool(session, panel=panel)
        tool.resize(520, 940)
        tool.show()
        tools.append(tool)
        user = User(tool)
        user.settle()
        return user

    yield open_tool
    for tool in tools:
        tool.closing()
        tool.close()
        tool.deleteLater()
    # Widgets that live on until the interpreter ends take it down with them.
    tools.clear()
    gone = QtCore.QEvent.Type.DeferredDelete
    application.sendPostedEvents(None, int(getattr(gone, "value", gone)))
