"""maya_module/install.py: dropped into Maya's viewport it installs, updates or removes, and says what it did."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mod_file import environment, read_mod
from wheel_index import write_index

ROOT = Path(__file__).parents[2]


def load(path: Path = ROOT / "maya_module" / "install.py") -> ModuleType:
    """As Maya does with a dropped file."""
    spec = importlib.util.spec_from_file_location("dropped_install", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def tiny_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pip finds tiny wheels and nothing else."""
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(write_index(tmp_path / "index")))


@pytest.fixture
def drop(
    maya: Any, tiny_index: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], list[str]]:
    """Drop the file on a Maya; gives the sentences that it says."""
    maya.state["app_dir"] = tmp_path / "maya"
    module = load()
    monkeypatch.setattr(module, "mayapy", lambda: Path(sys.executable))

    def act() -> list[str]:
        maya.state["messages"] = []
        module.onMayaDroppedPythonFile(None)
        return [f"{kind}: {text}" for kind, text in maya.state["messages"]]

    return act


def modules_of(maya: Any) -> Path:
    from maya import cmds

    return Path(cmds.internalVar(userAppDir=True)) / "modules"


def test_the_drop_installs_for_all_mayas_of_this_user(maya: Any, drop: Callable[[], list[str]]) -> None:
    said = drop()
    modules = modules_of(maya)
    assert (modules / "facepatch.mod").is_file()
    assert (modules / "facepatch" / "scripts" / "facepatch_maya" / "bootstrap.py").is_file()
    assert (modules / "facepatch" / "plug-ins").is_dir() == (ROOT / "maya_module" / "plug-ins").is_dir()
    assert said[0] == "info: facepatch: installing; Maya waits up to a minute for two packages."
    assert said[-1].startswith("info: facepatch: facepatch 0.1.0 is installed in ")
    assert said[-1].endswith("The Script Editor has the rest.")


def test_packages_are_those_of_this_maya(maya: Any, drop: Callable[[], list[str]], tmp_path: Path) -> None:
    from facepatch.core.deploy.mayas import tags, this_platform

    drop()
    vendor = modules_of(maya) / "facepatch" / "vendor"
    wanted = [tag.name for tag in tags(["2025"], [this_platform()])]
    assert sorted(path.name for path in vendor.iterdir()) == sorted(wanted)


@pytest.mark.parametrize(("answer", "there"), [("Update", True), ("Remove", False), ("Cancel", True)])
def test_dropped_again_it_asks(answer: str, there: bool, maya: Any, drop: Callable[[], list[str]]) -> None:
    drop()
    maya.state["replies"] = [answer]
    said = drop()
    assert (modules_of(maya) / "facepatch.mod").is_file() is there
    assert said[0].startswith("dialog: Facepatch: facepatch is installed in ")
    assert (len(said) > 1) is (answer != "Cancel")
    if answer == "Remove":
        assert said[-1].startswith("info: facepatch: facepatch is taken out of ")
        assert not (modules_of(maya) / "facepatch").exists()


def test_a_refusal_is_a_sentence(maya: Any, drop: Callable[[], list[str]]) -> None:
    modules = modules_of(maya)
    (modules / "facepatch").mkdir(parents=True)
    (modules / "facepatch" / "mine.txt").write_text("")
    assert drop()[-1].startswith(
        f"error: facepatch: {modules / 'facepatch'}: is there, and no installation wrote it."
    )


def test_dropped_without_the_rest_of_facepatch_it_says_so(maya: Any, tmp_path: Path) -> None:
    maya.state["app_dir"] = tmp_path / "maya"
    alone = tmp_path / "downloads" / "install.py"
    alone.parent.mkdir()
    alone.write_text((ROOT / "maya_module" / "install.py").read_text(encoding="utf-8"), encoding="utf-8")
    load(alone).onMayaDroppedPythonFile()
    assert "Drop install.py from facepatch's own folder" in maya.state["messages"][-1][1]


def test_an_older_facepatch_that_is_loaded_is_not_used_and_comes_back() -> None:
    before = {name: module for name, module in sys.modules.items() if name.split(".")[0] == "facepatch"}
    old = ModuleType("facepatch")
    sys.modules["facepatch"] = old
    path = list(sys.path)
    try:
        with load().own_code(ROOT) as name:
            fresh = importlib.import_module(f"{name}.install")
            assert fresh.version_of(ROOT) == "0.1.0"
            assert sys.modules["facepatch"] is not old
        assert sys.modules["facepatch"] is old
        assert sys.path == path
    finally:
        sys.modules.update(before)


@pytest.mark.parametrize("maya", ["2023", "2027", "2031"])
def test_it_fetches_for_the_maya_that_runs_also_where_that_is_not_known_yet(
    maya: str, tiny_index: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from facepatch.core.deploy.mayas import this_tag

    module = load()
    monkeypatch.setattr(module, "mayapy", lambda: Path(sys.executable))
    said = module.put(tmp_path / "modules", maya)[1]
    assert said.startswith(f"Maya {maya}, " if maya != "2031" else f"Maya {' and '.join(this_tag().mayas)}, ")


def test_what_was_installed_is_found_by_the_paths_of_its_mod(
    tiny_index: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from facepatch.core.deploy.mayas import this_tag

    if this_tag().machine != "manylinux_x86_64" or not this_tag().mayas:
        pytest.skip("The tiny wheels are for Linux and for the Pythons of Maya.")
    module = load()
    monkeypatch.setattr(module, "mayapy", lambda: Path(sys.executable))
    module.put(tmp_path / "modules", this_tag().mayas[0])
    (found,) = read_mod(tmp_path / "modules" / "facepatch.mod").modules
    paths = environment(found, {})
    code = (
        f"import sys; sys.path += [path for path in {paths['PYTHONPATH']!r}.split(':') if path]\n"
        "import facepatch_maya; facepatch_maya.check(); import facepatch, numpy, zmq\n"
        "print(facepatch.__file__, numpy.__file__, zmq.__file__)"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-E", "-c", code], capture_output=True, text=True, check=True
    )
    assert all(path.startswith(str(tmp_path / "modules" / "facepatch")) for path in done.stdout.split())
    assert Path(paths["XBMLANGPATH"].replace("%B", "facepatch.png")).is_file()
    shelves = [folder for folder in paths["MAYA_SHELF_PATH"].split(":") if folder]
    assert (Path(shelves[0]) / "shelf_facepatch.mel").is_file()


def test_mayas_python_is_beside_maya(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAYA_LOCATION", "/usr/autodesk/maya2025")
    name = "mayapy.exe" if sys.platform == "win32" else "mayapy"
    assert load().mayapy() == Path("/usr/autodesk/maya2025/bin") / name
    monkeypatch.delenv("MAYA_LOCATION")
    monkeypatch.setattr(sys, "executable", "/usr/autodesk/maya2027/bin/maya.bin")
    assert load().mayapy() == Path("/usr/autodesk/maya2027/bin") / name


def test_the_command_of_the_service_is_that_of_make_env(tmp_path: Path) -> None:
    assert load().command_of(tmp_path) == ()
    name = ".venv/Scripts/facepatch.exe" if sys.platform == "win32" else ".venv/bin/facepatch"
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).write_text("")
    assert load().command_of(tmp_path) == (str(tmp_path / name),)


def test_it_needs_neither_qt_nor_what_newer_pythons_took_away() -> None:
    text = (ROOT / "maya_module" / "install.py").read_text(encoding="utf-8")
    assert [word for word in ("import imp\n", "PySide", "distutils", "pkg_resources") if word in text] == []
