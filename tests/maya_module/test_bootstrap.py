"""facepatch_maya.bootstrap: what is missing is taken from the module, what is there is left alone, and said if not."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from facepatch.core.deploy.mayas import this_platform, this_tag
from facepatch_maya import bootstrap

ROOT = Path(__file__).parents[2]
NUMPY, ZMQ = "numpy/__init__.py", "zmq/__init__.py"


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """An installed module as light as it can be."""
    folder = tmp_path / "facepatch"
    leave = shutil.ignore_patterns("__pycache__")
    shutil.copytree(
        ROOT / "backend" / "facepatch" / "core", folder / "python" / "facepatch" / "core", ignore=leave
    )
    shutil.copy(
        ROOT / "backend" / "facepatch" / "__init__.py", folder / "python" / "facepatch" / "__init__.py"
    )
    package = folder / "scripts" / "facepatch_maya"
    package.mkdir(parents=True)
    for name in ("__init__.py", "bootstrap.py"):
        shutil.copy(ROOT / "maya_module" / "scripts" / "facepatch_maya" / name, package / name)
    return folder


def vendor(module: Path, files: dict[str, str]) -> Path:
    return write(module / "vendor" / this_tag().name, files)


def ask(module: Path, code: str, *before: Path) -> str:
    """What `code` prints in a Python that has only its library, the folders `before` and the module's scripts."""
    path = [str(folder) for folder in (*before, module / "scripts")]
    text = f"import sys; sys.path += {path!r}\nimport facepatch_maya\n{code}"
    done = subprocess.run(
        [sys.executable, "-S", "-E", "-c", text], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1]


def test_everything_comes_from_the_module_where_maya_has_nothing(module: Path) -> None:
    vendor(module, {NUMPY: "where = 'ours'", ZMQ: "where = 'ours'"})
    said = ask(module, "facepatch_maya.check(); import numpy, zmq, facepatch; print(numpy.where, zmq.where)")
    assert said == "ours ours"


def test_what_maya_has_comes_first(module: Path, tmp_path: Path) -> None:
    vendor(module, {NUMPY: "where = 'ours'", ZMQ: "where = 'ours'"})
    mayas = write(tmp_path / "site", {NUMPY: "where = 'Maya'"})
    said = ask(module, "facepatch_maya.check(); import numpy, zmq; print(numpy.where, zmq.where)", mayas)
    assert said == "Maya ours"


def test_where_maya_has_everything_nothing_is_added(module: Path, tmp_path: Path) -> None:
    folder = vendor(module, {NUMPY: "", ZMQ: ""})
    mayas = write(tmp_path / "site", {NUMPY: "", ZMQ: ""})
    assert ask(module, f"print({str(folder)!r} in sys.path)", mayas) == "False"
    assert ask(module, f"print({str(folder)!r} in sys.path)") == "True"


def test_packages_of_another_python_are_not_taken(module: Path) -> None:
    write(module / "vendor" / "cp27-win_amd64", {NUMPY: "", ZMQ: ""})
    assert ask(module, "print('vendor' in ''.join(sys.path))") == "False"


def test_a_missing_package_is_a_sentence_and_importing_the_module_still_works(module: Path) -> None:
    vendor(module, {NUMPY: ""})
    said = ask(module, "print('imported')\nfacepatch_maya.check()")
    assert said == "imported"
    said = ask(module, "facepatch_maya.check()")
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert said.startswith(
        f"ImportError: pyzmq is missing for this Maya's Python {python} (No module named 'zmq')."
    )
    assert "Run `facepatch maya install" in said
    assert f"hold it in the folder {this_tag().name}; then start Maya again." in said


def test_a_package_that_does_not_load_is_a_sentence(module: Path) -> None:
    vendor(module, {NUMPY: "raise ImportError('DLL load failed')", ZMQ: ""})
    assert "numpy is missing" in ask(module, "facepatch_maya.check()")
    assert "(DLL load failed)" in ask(module, "facepatch_maya.check()")


def test_without_facepatchs_own_package_importing_works_and_checking_says_so(module: Path) -> None:
    shutil.rmtree(module / "python")
    assert ask(module, "print('imported')") == "imported"
    said = ask(module, "facepatch_maya.check()")
    assert said.startswith(
        f"ImportError: facepatch's own package is missing in {module}. Install the module again"
    )


def test_another_facepatch_that_comes_first_is_a_sentence(module: Path, tmp_path: Path) -> None:
    vendor(module, {NUMPY: "", ZMQ: ""})
    other = write(
        tmp_path / "other", {"facepatch/__init__.py": "__version__ = '9.0'", "facepatch/core/__init__.py": ""}
    )
    said = ask(module, "facepatch_maya.check()", other)
    assert f"but {other / 'facepatch'} is 9.0 and comes first in Python's path" in said


def test_in_a_checkout_the_package_is_found_beside_the_module() -> None:
    assert ask(ROOT / "maya_module", "import facepatch; print(facepatch.__file__)") == str(
        ROOT / "backend" / "facepatch" / "__init__.py"
    )


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    import facepatch_maya

    with pytest.raises(AttributeError, match="has no attribute 'shwo'"):
        _ = facepatch_maya.shwo


def test_every_public_name_can_be_listed_and_stands_once() -> None:
    import facepatch_maya

    assert sorted(facepatch_maya.__all__) == dir(facepatch_maya)
    assert len(set(facepatch_maya.__all__)) == len(facepatch_maya.__all__)


def test_no_public_name_is_hidden_by_a_module() -> None:
    import facepatch_maya

    folder = Path(facepatch_maya.__file__).parent
    modules = {path.stem for path in folder.iterdir()}
    assert set(facepatch_maya.__all__) & modules == set()


def test_the_versions_are_one() -> None:
    import facepatch
    import facepatch_maya

    assert facepatch_maya.__version__ == facepatch.__version__


# The command of the service.


def settle(folder: Path, command: list[str]) -> Path:
    write(folder, {"facepatch.json": json.dumps({"commands": {this_platform(): command}})})
    return folder


def test_the_command_is_the_one_that_the_installer_wrote(tmp_path: Path) -> None:
    here = write(tmp_path, {"bin/facepatch": ""}) / "bin" / "facepatch"
    assert bootstrap.settings_command(settle(tmp_path, [str(here), "word"])) == (str(here), "word")
    assert bootstrap.settings_command(settle(tmp_path, ["facepatch"])) == ("facepatch",)


def test_a_command_of_another_machine_is_none(tmp_path: Path) -> None:
    assert bootstrap.settings_command(settle(tmp_path / "module", [str(tmp_path / "not here")])) == ()
    assert bootstrap.settings_command(tmp_path / "nothing written") == ()


def test_in_a_checkout_the_command_is_that_of_its_environment(tmp_path: Path) -> None:
    name = ".venv/Scripts/facepatch.exe" if sys.platform == "win32" else ".venv/bin/facepatch"
    write(tmp_path, {name: ""})
    assert bootstrap.settings_command(tmp_path / "maya_module") == (str(tmp_path / name),)
