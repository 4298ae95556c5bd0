from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import fakemaya
from facepatch.core.errors import InputError

pytestmark = pytest.mark.skipif(
    not (importlib.util.find_spec("PySide6") or importlib.util.find_spec("PySide2")),
    reason="pictures are checked with Qt",
)


@pytest.fixture
def selfcheck(maya: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    application()
    from facepatch_maya import picture_checks, selfcheck

    monkeypatch.setattr(picture_checks, "PLAYBACK_S", 0.1)
    return selfcheck


def application() -> Any:
    """The questions about windows need Qt, as Maya has it."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from facepatch_maya.ui.qt import QtWidgets

    return QtWidgets.QApplication.instance() or QtWidgets.QApplication([])


@pytest.fixture(scope="module")
def report() -> Any:
    """All of it, once."""
    with fakemaya.install(version=2025), pytest.MonkeyPatch.context() as patch:
        application()
        from facepatch_maya import picture_checks, selfcheck

        patch.setattr(picture_checks, "PLAYBACK_S", 0.1)
        return selfcheck.check()


def test_the_contract_holds_in_the_stand_in(report: Any) -> None:
    broken = [
        (one.name, one.evidence) for one in report.results if one.group == "contract" and one.verdict != "yes"
    ]
    assert broken == []
    assert report.contract_holds


def test_every_open_question_has_a_verdict_and_evidence(report: Any) -> None:
    answers = {one.name: one for one in report.results if one.group == "question"}
    assert len(answers) == 15
    for one in answers.values():
        assert one.verdict in ("yes", "no", "not run")
        assert "Traceback" not in one.evidence
        assert one.evidence
    assert answers["negative-weights"].verdict == "yes"
    assert answers["undo-api-keys"].verdict == "yes"
    assert answers["maya-ascii"].verdict == "not run"


def test_every_open_item_of_the_design_is_a_question(selfcheck: Any) -> None:
    from facepatch_maya.open_questions import QUESTIONS

    text = " ".join(one.name for one in QUESTIONS)
    for item in (
        "negative-weights", "numpy-scalars", "isolate-lights", "off-screen", "context-guard", "set-weights",
        "maya-ascii", "usd-import", "socket-notifier", "bundled-numpy",
    ):  # fmt: skip
        assert item in text


def test_the_report_is_json_that_an_issue_can_hold(
    selfcheck: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.json"
    assert selfcheck.main(["--json", "--only", "keys_are_written", "--out", str(path)]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads(path.read_text(encoding="utf-8"))
    assert printed["contract_holds"] is True
    assert printed["environment"]["maya"]
    assert [one["name"] for one in printed["results"]] == ["keys_are_written_and_linear"]


def test_a_broken_promise_is_told_and_the_others_go_on(
    selfcheck: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from facepatch_maya import host, write_keys

    def forgets_the_last_key(curves: Any, *, layer: str = "") -> Any:
        return write_keys.write_curves({name: _shorter(one) for name, one in curves.items()}, layer=layer)

    monkeypatch.setattr(host.write_keys, "write_curves", write_keys.write_curves)
    monkeypatch.setattr(
        host.MayaHost,
        "write_curves",
        lambda _, curves, *, layer="": forgets_the_last_key(curves, layer=layer),
    )
    assert selfcheck.main(["--only", "keys_"]) == 1
    text = capsys.readouterr().out
    assert "THE CONTRACT IS BROKEN" in text
    assert "AssertionError" in text


def _shorter(curve: Any) -> Any:
    from facepatch.core.host import Curve

    return Curve(curve.frames[:-1], curve.values[:-1])


def test_a_check_that_crashes_is_a_result_without_names_of_the_users_folders(
    selfcheck: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from facepatch_maya import contract_scene

    def crash(*_: Any, **__: Any) -> None:
        raise RuntimeError(f"no such file: {Path.home()}/scene.ma")

    monkeypatch.setattr(contract_scene.MayaFixture, "new_scene", crash)
    report = selfcheck.check(only="cameras_are_names")
    assert report.results[0].verdict == "no"
    assert "no such file: ~/scene.ma" in report.results[0].evidence
    assert str(Path.home()) not in report.to_json()


def test_unsaved_work_is_not_thrown_away(selfcheck: Any) -> None:
    from maya import cmds

    cmds.createNode("transform", name="hours_of_work")
    with pytest.raises(InputError, match="has unsaved changes"):
        selfcheck.check()
    assert cmds.objExists("hours_of_work")


def test_in_batch_what_needs_a_window_is_not_run() -> None:
    with fakemaya.install(version=2025, batch=True):
        from facepatch_maya import selfcheck

        report = selfcheck.check()
    verdicts = {one.name: one.verdict for one in report.results}
    assert verdicts["pictures_are_rendered"] == "not run"
    assert verdicts["off-screen"] == "not run"
    assert verdicts["keys_are_one_step_of_undo"] == "yes"
    assert report.contract_holds


def test_without_mayapy_it_says_so(tmp_path: Path) -> None:
    scripts = Path(__file__).resolve().parents[2] / "maya_module" / "scripts"
    paths = os.pathsep.join([str(scripts), *(path for path in sys.path if path)])
    done = subprocess.run(
        [sys.executable, "-m", "facepatch_maya.selfcheck"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert "Run it with mayapy: mayapy -m facepatch_maya.selfcheck" in done.stderr
    assert "Traceback" not in done.stderr
