"""core.deploy.wheels: pip fetches for another Python and system; wheels are unpacked and nothing else."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import pytest

from facepatch.core.deploy.mayas import tags
from facepatch.core.deploy.wheels import command_by_hand, fetch_wheels, make_vendor, unpack_wheels
from facepatch.core.errors import FormatError, UnavailableError
from wheel_index import write_wheel

(LINUX_311,) = tags(["2025"], ["linux"])
(LINUX_313,) = tags(["2027"], ["linux"])
(WINDOWS_311,) = tags(["2025"], ["win64"])
PIP = (sys.executable,)


def test_pip_takes_numpy_1_for_pythons_of_maya_2026_and_before(index: Path, tmp_path: Path) -> None:
    found = fetch_wheels(LINUX_311, tmp_path / "got", python=PIP, wheels=index)
    assert [path.name.split("-")[:3] for path in found] == [
        ["numpy", "1.26.4", "cp311"],
        ["pyzmq", "27.0.0", "cp311"],
    ]


def test_pip_takes_numpy_2_and_the_stable_abi_for_python_3_13(index: Path, tmp_path: Path) -> None:
    found = fetch_wheels(LINUX_313, tmp_path / "got", python=PIP, wheels=index)
    assert [path.name.split("-")[1:4] for path in found] == [
        ["2.2.6", "cp313", "cp313"],
        ["27.0.0", "cp312", "abi3"],
    ]


def test_wheels_that_are_not_there_are_a_sentence_with_pips_reason(index: Path, tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="No matching distribution found for pyzmq"):
        fetch_wheels(WINDOWS_311, tmp_path / "got", python=PIP, wheels=index)


def test_an_interpreter_that_cannot_be_run_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="mayapy: cannot be run"):
        fetch_wheels(LINUX_311, tmp_path, python=(str(tmp_path / "mayapy"),))


def test_an_index_that_cannot_be_reached_is_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    # Nothing listens on port 9 of this machine.
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(UnavailableError, match=r"^pip cannot reach its package index$"):
        fetch_wheels(LINUX_311, tmp_path, python=PIP)


def test_packages_are_unpacked_side_by_side(index: Path, tmp_path: Path) -> None:
    versions = unpack_wheels(
        sorted(index.glob("*1.26.4-cp311*")) + sorted(index.glob("*27.0.0-cp311*")), tmp_path / "v"
    )
    assert versions == {"numpy": "1.26.4", "pyzmq": "27.0.0"}
    assert (tmp_path / "v" / "zmq" / "_zmq.so").is_file()
    assert (tmp_path / "v" / "numpy.libs" / "libblas.so").read_text() == "blas"


def test_of_a_wheels_data_only_what_is_imported_is_unpacked(tmp_path: Path) -> None:
    files = {
        "zmq/__init__.py": "",
        "numpy-1.0.data/platlib/numpy/__init__.py": "",
        "numpy-1.0.data/scripts/f2py": "script",
    }
    unpack_wheels([write_wheel(tmp_path, "numpy", "1.0", "py3-none-any", files)], tmp_path / "v")
    assert (tmp_path / "v" / "numpy" / "__init__.py").is_file()
    assert not list((tmp_path / "v").rglob("f2py"))


@pytest.mark.parametrize(
    "name", ["../evil.py", "/etc/evil.py", "zmq/../../evil.py", "C:/evil.py", "zmq\\..\\evil.py"]
)
def test_a_wheel_that_reaches_outside_is_refused(name: str, tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path / "a" / "b", "numpy", "1.0", "py3-none-any", {name: "bad"})
    with pytest.raises(FormatError, match="lies outside of the folder"):
        unpack_wheels([wheel], tmp_path / "a" / "v")
    assert not list(tmp_path.rglob("evil.py"))


def test_a_damaged_wheel_is_refused(tmp_path: Path) -> None:
    wheel = tmp_path / "numpy-1.0-py3-none-any.whl"
    wheel.write_bytes(b"half a download")
    with pytest.raises(FormatError, match=r"numpy-1.0-py3-none-any\.whl: cannot be unpacked"):
        unpack_wheels([wheel], tmp_path / "v")


def test_wheels_without_the_packages_are_refused_and_leave_nothing(index: Path, tmp_path: Path) -> None:
    for path in index.glob("pyzmq-27.0.0-cp311*"):
        path.unlink()
    write_wheel(index, "pyzmq", "27.1.0", "cp311-cp311-manylinux2014_x86_64", {"other/__init__.py": ""})
    with pytest.raises(FormatError, match="without the folder zmq"):
        make_vendor(LINUX_311, tmp_path / "v", python=PIP, wheels=index)
    assert not (tmp_path / "v").exists()


def test_the_command_by_hand_is_one_that_pip_understands(tmp_path: Path) -> None:
    words = shlex.split(command_by_hand(WINDOWS_311, tmp_path / "a folder"))
    assert words[:6] == ["python", "-m", "pip", "install", "--target", str(tmp_path / "a folder")]
    assert words[-2:] == ["pyzmq>=26,<28", "numpy<2"]
    from pip._internal.commands import create_command

    options, names = create_command("install").parse_args(words[4:])
    assert names == ["pyzmq>=26,<28", "numpy<2"]
    assert (options.platforms, options.python_version) == (["win_amd64"], (3, 11))
