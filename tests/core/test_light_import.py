"""The client in an interpreter that has NumPy and pyzmq and nothing else, as in Maya."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

LOADED = """
import json, sys, time
began = time.perf_counter()
import numpy
numpy_s = time.perf_counter() - began
before = set(sys.modules)
began = time.perf_counter()
import facepatch.core.client
own_s = time.perf_counter() - began
new = sorted({name.partition(".")[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names
             if hasattr(sys, "stdlib_module_names") else ()))
print(json.dumps({"modules": new, "numpy_s": numpy_s, "own_s": own_s, "all": sorted(sys.modules)}))
"""

USED = """
import numpy as np
from facepatch.core.connection import Connection
from facepatch.core.protocol import decode, encode, read_partial
from facepatch.core.protocol.messages import *
from facepatch.core.client import Client
from facepatch.core.transport import DirectTransport, SocketTransport

def answer(frames):
    request = read_request(decode(frames))
    asked = decode(frames).id
    if isinstance(request, Hello):
        return [encode(Welcome((1, 0), server="1").to_message(asked))]
    if isinstance(request, Jobs):
        return [encode(JobList((JobRecord("7", state="done"),), 1).to_message(asked))]
    frame = Frame(1, 2, np.ones(3, np.float32), np.eye(4)).to_message(asked, job=asked)
    return [encode(frame), encode(JobState("done").to_message(asked))]

client = Client(DirectTransport(answer), token="secret")
assert client.hello().protocol == (1, 0)
assert client.jobs().jobs[0].state == "done"
seen = []
assert client.submit("stream", {}).wait(1.0, on_partial=lambda m: seen.append(read_partial(m))).body
assert seen[0].weights.tolist() == [1.0, 1.0, 1.0]
socket = SocketTransport("tcp://127.0.0.1:9")
assert socket.send([b"x"]) and socket.receive(0.0) is None and socket.connections == 0
socket.close()
print("used")
"""

HEAVY = {"torch", "scipy", "cv2", "mediapipe", "numba", "av", "pxr", "PIL", "tyro", "rich", "zmq", "asyncio"}


@pytest.fixture
def bare(root: Path, tmp_path: Path) -> list[str]:
    """This interpreter with `facepatch`, NumPy and pyzmq to be found, and no other package."""
    for name in ("numpy", "numpy.libs", "zmq", "pyzmq.libs"):
        spec = importlib.util.find_spec(name.partition(".")[0].removeprefix("py"))
        assert spec is not None
        assert spec.origin is not None
        folder = Path(spec.origin).parents[1] / name
        if folder.is_dir():
            try:
                (tmp_path / name).symlink_to(folder, target_is_directory=True)
            except OSError:
                pytest.skip("this system makes no symbolic links")
    (tmp_path / "facepatch").symlink_to(root / "backend" / "facepatch", target_is_directory=True)
    return [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"]


def run(command: list[str], code: str) -> str:
    done = subprocess.run([*command[:-1], command[-1] + code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_the_client_loads_numpy_and_nothing_else(
    bare: list[str], record_property: Callable[[str, object], None]
) -> None:
    found = json.loads(run(bare, LOADED))
    # numpy.typing is not among what NumPy loads by itself.
    assert set(found["modules"]) <= {"facepatch", "numpy"}
    assert not HEAVY & set(found["all"])
    record_property("import_s", found["own_s"])


def test_the_client_works_with_numpy_and_pyzmq_alone(bare: list[str]) -> None:
    assert run(bare, USED) == "used\n"


def test_the_bare_interpreter_has_nothing_else(bare: list[str]) -> None:
    with pytest.raises(AssertionError, match="No module named 'scipy'"):
        run(bare, "import scipy")


@pytest.mark.parametrize("version", ["3.9", "3.10", "3.11", "3.13"])
def test_the_client_works_in_every_python_that_is_here(version: str, root: Path) -> None:
    python = shutil.which(f"python{version}")
    look = [str(python), "-c", "import numpy, zmq, sys; print(sys.version_info[:2])"]
    if python is None or subprocess.run(look, capture_output=True).returncode:
        pytest.skip(f"no Python {version} with NumPy and pyzmq here")
    command = [python, "-c", f"import sys; sys.path.insert(0, {str(root / 'backend')!r})\n"]
    found = json.loads(run(command, LOADED))
    assert not HEAVY & set(found["all"])
    assert run(command, USED) == "used\n"
