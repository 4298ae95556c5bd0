"""core.deploy.mayas: which packages each Maya needs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from facepatch.core.deploy import mayas
from facepatch.core.deploy.mayas import MAYAS, Tag, find_mayas, modules_folder, tag_of, tags, this_tag
from facepatch.core.errors import UnknownNameError


def test_mayas_with_one_python_share_one_folder() -> None:
    assert [tag.name for tag in tags(["2026", "2025"], ["linux"])] == ["cp311-manylinux_x86_64"]
    assert tags(["2025"], ["linux"])[0].mayas == ("2025", "2026")


def test_every_maya_on_every_system() -> None:
    assert [tag.name for tag in tags(MAYAS, mayas.PLATFORMS)] == [
        *("cp39-macosx_x86_64", "cp39-manylinux_x86_64", "cp39-win_amd64"),
        *("cp310-macosx_arm64", "cp310-macosx_x86_64", "cp310-manylinux_x86_64", "cp310-win_amd64"),
        *("cp311-macosx_arm64", "cp311-macosx_x86_64", "cp311-manylinux_x86_64", "cp311-win_amd64"),
        *("cp313-macosx_arm64", "cp313-macosx_x86_64", "cp313-manylinux_x86_64", "cp313-win_amd64"),
    ]


def test_a_tag_is_found_again_by_its_name() -> None:
    for tag in tags(MAYAS, mayas.PLATFORMS):
        assert tag_of(tag.name) == tag


@pytest.mark.parametrize(
    ("maya", "numpy"),
    [
        ("2023", "numpy<2"),
        ("2024", "numpy<2"),
        ("2025", "numpy<2"),
        ("2026", "numpy<2"),
        ("2027", "numpy>=2.1,<3"),
    ],
)
def test_numpy_2_only_where_there_is_no_numpy_1(maya: str, numpy: str) -> None:
    assert tags([maya], ["win64"])[0].requirements == ("pyzmq>=26,<28", numpy)


def test_the_oldest_maya_takes_no_wheel_that_its_system_cannot_load() -> None:
    assert tags(["2023"], ["linux"])[0].pip_platforms == ("manylinux2014_x86_64", "manylinux_2_17_x86_64")
    assert "manylinux_2_28_x86_64" in tags(["2024"], ["linux"])[0].pip_platforms


def test_an_unknown_maya_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"there is no '2022'. Nearest: .*2025"):
        tags(["2022"], ["linux"])


def test_an_unknown_platform_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="there is no 'windows'"):
        tags(["2025"], ["windows"])


def test_the_tag_of_this_interpreter() -> None:
    assert this_tag().python == sys.version_info[:2]


@pytest.mark.parametrize(
    ("system", "machine", "wanted"),
    [
        ("linux", "x86_64", "manylinux_x86_64"),
        ("win32", "AMD64", "win_amd64"),
        ("darwin", "arm64", "macosx_arm64"),
        ("darwin", "x86_64", "macosx_x86_64"),
    ],
)
def test_the_tag_of_other_systems(
    system: str, machine: str, wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mayas.sys, "platform", system)
    monkeypatch.setattr(mayas.platform, "machine", lambda: machine)
    assert this_tag() == Tag(sys.version_info[:2], wanted)


def test_mayas_on_this_machine_are_found_and_unknown_ones_are_not(tmp_path: Path) -> None:
    for name in ("maya2019", "Maya2027", "maya2024", "mudbox2025"):
        (tmp_path / name).mkdir()
    assert find_mayas([tmp_path, tmp_path / "absent"]) == ("2024", "2027")
    assert find_mayas([tmp_path / "absent"]) == ()


def test_mayas_own_variable_names_the_folder_of_modules(tmp_path: Path) -> None:
    assert modules_folder({"MAYA_APP_DIR": str(tmp_path)}) == tmp_path / "modules"


@pytest.mark.parametrize(
    ("system", "wanted"),
    [
        ("linux", "maya/modules"),
        ("darwin", "Library/Preferences/Autodesk/maya/modules"),
        ("win32", "Documents/maya/modules"),
    ],
)
def test_the_folder_of_modules_of_each_system(
    system: str, wanted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mayas.sys, "platform", system)
    assert modules_folder({}, tmp_path) == tmp_path / wanted


def test_documents_that_windows_moved_to_the_cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mayas.sys, "platform", "win32")
    cloud = tmp_path / "OneDrive"
    assert modules_folder({"OneDrive": str(cloud)}, tmp_path) == tmp_path / "Documents" / "maya" / "modules"
    (cloud / "Documents" / "maya").mkdir(parents=True)
    assert modules_folder({"OneDrive": str(cloud)}, tmp_path) == cloud / "Documents" / "maya" / "modules"
