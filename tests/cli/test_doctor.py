"""cli.doctor: what is there, what is missing, what to do."""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from facepatch.cli import doctor
from facepatch.cli import main as cli
from facepatch.cli.doctor import Finding


def test_here_nothing_is_missing(tmp_path: Path) -> None:
    assert [finding for finding in doctor.look(tmp_path) if finding.status == "missing"] == []


def test_json_has_one_finding_per_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [Finding("Python", "ok", "3.11.7"), Finding("GPU", "note", "none")]
    monkeypatch.setattr(doctor, "look", lambda out: iter(found))
    assert cli.main(["doctor", "--json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event.get("subject") for event in events] == ["Python", "GPU", None]
    assert events[-1]["missing"] == 0


def test_something_missing_is_a_failure_with_advice(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [Finding("import cv2", "missing", "libGL.so.1 not found", "Run: make env")]
    monkeypatch.setattr(doctor, "look", lambda out: iter(found))
    assert cli.main(["doctor"]) == 1
    printed = capsys.readouterr().out
    assert "libGL.so.1 not found  -> Run: make env" in printed
    assert "1 missing: facepatch will not run" in printed


def test_a_package_that_is_not_installed_is_missing() -> None:
    finding = doctor.package(Requirement("no-such-package==1.0"))
    assert (finding.status, finding.advice) == ("missing", "Run: make env")


def test_a_package_in_another_version_is_noted() -> None:
    finding = doctor.package(Requirement("numpy==0.1"))
    assert finding.status == "note"
    assert finding.detail.endswith("tested with ==0.1")


def test_a_local_build_has_the_version_of_its_pin() -> None:
    assert doctor.package(Requirement("torch==2.13.0")).status == "ok"


def test_a_package_that_cannot_be_loaded_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(name: str) -> None:
        if name == "cv2":
            raise OSError("libGL.so.1: cannot open shared object file")

    monkeypatch.setattr(importlib, "import_module", load)
    (finding,) = doctor.libraries()
    assert (finding.subject, finding.status) == ("import cv2", "missing")
    assert "libGL.so.1" in finding.detail


def test_facepatch_itself_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def requires(name: str) -> list[str]:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "requires", requires)
    (finding,) = doctor.packages()
    assert finding.detail == "facepatch itself is not installed"


def test_another_opencv_beside_ours_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = {"opencv-python": "4.11.0.86"}
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: [])
    monkeypatch.setattr(doctor, "installed", lambda name: versions.get(name, ""))
    assert [finding.subject for finding in doctor.packages() if finding.status == "note"] == ["opencv-python"]


def test_another_python_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 13, 0))
    assert doctor.python().status == "missing"


def test_the_landmark_model_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.landmark_model().status == "ok"
    monkeypatch.setattr(doctor, "MODEL", Path("modules", "gone.tflite"))
    assert doctor.landmark_model().status == "missing"


def test_a_folder_that_is_not_there_yet_is_judged_by_its_parent(tmp_path: Path) -> None:
    assert str(tmp_path) in doctor.writable(tmp_path / "a" / "b").detail
    assert doctor.disk(tmp_path / "a" / "b").status in ("ok", "note")


def test_a_folder_that_cannot_be_written_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*, dir: Path) -> None:  # noqa: A002  the name that tempfile uses
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(doctor.tempfile, "TemporaryFile", refuse)
    finding = doctor.writable(tmp_path)
    assert (finding.status, finding.advice) == ("missing", "Give a folder of yours as --out")


def test_little_disk_is_noted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor, "ENOUGH_DISK_GB", 1e9)
    assert doctor.disk(tmp_path).status == "note"


@pytest.mark.skipif(not hasattr(os, "sysconf"), reason="memory is not known on this system")
def test_little_memory_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "ENOUGH_MEMORY_GB", 1e9)
    assert doctor.memory().status == "note"


def test_assets_are_found_where_the_variable_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FACEPATCH_ASSETS", str(tmp_path))
    assert doctor.test_assets() == Finding("test assets", "ok", str(tmp_path))
    monkeypatch.setenv("FACEPATCH_ASSETS", str(tmp_path / "gone"))
    assert doctor.test_assets().status == "note"
