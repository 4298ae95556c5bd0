"""facepatch.mod: Maya finds the module in the checkout and in an installation, in every version and on every system."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from facepatch import __version__
from facepatch.core.deploy.install import mod_text
from mod_file import environment, read_mod

ROOT = Path(__file__).parents[2]
MAYAS = ("2023", "2024", "2025", "2026", "2027", "2030")
PLATFORMS = ("linux", "win64", "mac")


@pytest.fixture(params=["checkout", "installed"])
def mod(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "checkout":
        return ROOT / "facepatch.mod"
    path = tmp_path / "facepatch.mod"
    path.write_text(mod_text(__version__), encoding="utf-8")
    return path


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("maya", MAYAS)
def test_one_entry_for_every_maya_and_system(mod: Path, maya: str, platform: str) -> None:
    found = read_mod(mod, maya=maya, platform=platform)
    assert [module.name for module in found.modules] == ["facepatch"]
    assert found.ignored == []


def test_the_version_is_that_of_the_package(mod: Path) -> None:
    assert read_mod(mod).modules[0].version == __version__


def test_every_path_of_the_checkout_is_there() -> None:
    (module,) = read_mod(ROOT / "facepatch.mod").modules
    for folder in ("icons", "plug-ins", "scripts"):
        assert Path(module.path / folder).is_dir(), folder
    values = {name: Path(value) for name, _, value in module.variables}
    assert (values["PYTHONPATH"] / "facepatch" / "core" / "__init__.py").is_file()
    assert (values["MAYA_SHELF_PATH"] / "shelf_facepatch.mel").is_file()


def test_nothing_of_the_users_is_replaced(mod: Path) -> None:
    before = {"PYTHONPATH": "/studio/python", "MAYA_SHELF_PATH": "/studio/shelves", "PATH": "/bin"}
    after = environment(read_mod(mod).modules[0], before)
    assert all(after[name].startswith(value) for name, value in before.items())
    assert after["PATH"] == "/bin"


def test_with_these_paths_python_finds_the_module_and_the_package() -> None:
    (module,) = read_mod(ROOT / "facepatch.mod").modules
    path = environment(module, {}).get("PYTHONPATH", "")
    code = (
        "import os, sys\n"
        f"sys.path += [entry for entry in {path!r}.split(':') if entry]\n"
        "import facepatch_maya, facepatch.core.errors\n"
        "print(facepatch_maya.__version__, facepatch.__version__)"
    )
    # Without the site's packages: what is found, is found by the module's paths.
    done = subprocess.run(
        [sys.executable, "-S", "-E", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [__version__, __version__]


def test_no_other_file_beside_it_looks_like_a_module() -> None:
    # Maya reads every file in a folder of modules, whatever its name ends in.
    entries = [
        f"{path.name}: {line}"
        for path in ROOT.iterdir()
        if path.is_file() and path.name != "facepatch.mod"
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines()
        if line.startswith("+")
    ]
    assert entries == []


# The reader itself, on what Maya is known to do.


def write(folder: Path, text: str) -> Path:
    path = folder / "test.mod"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("end", ["", "   ", "# comment", "// comment"])
def test_a_blank_line_or_a_comment_ends_an_entry(end: str, tmp_path: Path) -> None:
    found = read_mod(write(tmp_path, f"+ a 1.0 .\nONE=1\n{end}\nTWO=2\n+ b 1.0 .\nTHREE=3\n"))
    assert [[name for name, _, _ in module.variables] for module in found.modules] == [["ONE"], ["THREE"]]
    assert found.ignored == ["TWO=2"]


def test_conditions_choose(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "+ MAYAVERSION:2025 a 1.0 .\nA=1\n+ PLATFORM:win64 b 1.0 .\nB=1\n+ LOCALE:ja_JP MAYAVERSION:2025 c 1.0 .\nC=1\n"
        "+ PLATFORM:linux MAYAVERSION:2025 d 1.0 .\nD=1\n",
    )
    assert [module.name for module in read_mod(path, maya="2025", platform="linux").modules] == ["a", "d"]
    assert [module.name for module in read_mod(path, maya="2027", platform="win64").modules] == ["b"]


def test_the_four_ways_to_set_a_variable(tmp_path: Path) -> None:
    text = "+ a 1.0 sub\nA=x\nB:=x\nC+=x\nD+:=x\nE +:= x/y\nF+:=../beside\nG:=\n"
    (module,) = read_mod(write(tmp_path, text)).modules
    sub = f"{tmp_path.as_posix()}/sub"
    after = environment(module, {"A": "1", "B": "1", "C": "1", "D": "1"})
    assert {name: after[name] for name in "ABCDEFG"} == {
        "A": "x",
        "B": f"{sub}/x",
        "C": "1:x",
        "D": f"1:{sub}/x",
        "E": f":{sub}/x/y",
        "F": f":{sub}/../beside",
        "G": sub,
    }


def test_standard_folders_are_found_and_can_be_moved(tmp_path: Path) -> None:
    (module,) = read_mod(
        write(tmp_path, "+ a 1.0 c:\\mods\n[r] scripts: ../common\nicons:pictures\n")
    ).modules
    after = environment(module, {})
    assert after["MAYA_SCRIPT_PATH"] == after["PYTHONPATH"] == "c:/mods/../common"
    assert after["XBMLANGPATH"] == "c:/mods/icons/%B"  # without a blank after the colon it is not moved
    assert read_mod(write(tmp_path, "+ a 1.0 .\nicons:pictures\n")).ignored == ["icons:pictures"]


def test_a_plus_without_a_blank_opens_nothing(tmp_path: Path) -> None:
    assert read_mod(write(tmp_path, "+a 1.0 .\nA=1\n")).modules == []


def test_the_shelf_uses_only_pictures_that_are_there_in_all_sizes() -> None:
    icons = ROOT / "maya_module" / "icons"
    text = (ROOT / "maya_module" / "shelves" / "shelf_facepatch.mel").read_text(encoding="utf-8")
    names = set(re.findall(r'-image1? "([^"]+)"', text))
    assert len(names) == 6
    for name in names:
        assert (icons / name).is_file()
        for suffix in ("_150", "_200"):
            assert (icons / name.replace(".png", f"{suffix}.png")).is_file()
