"""Run the Maya module's tests with the Python and Qt of each Maya: the twins.

    python3.11 tools/maya_twins.py [pytest arguments]

Makes one environment per Maya under .twins/ (or FACEPATCH_TWINS), with the very versions of Python and
PySide that Autodesk ships, NumPy and pyzmq, and nothing of the backend; then runs tests/maya_module in each. A twin
whose Python is not on this machine is left out and named at the end. Ends with 1 when a test failed, when nothing could
be run, or, with CI=true, when fewer than three twins could be.

The Pythons are looked for on PATH (python3.9 ...), in pyenv and in uv's folder: pyenv install 3.9 3.10 3.11 3.13, or
uv python install 3.9 3.10 3.11 3.13.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENOUGH = 3


@dataclass(frozen=True)
class Twin:
    """One Maya as far as Python sees it."""

    name: str
    python: str
    """Major and minor version."""
    packages: tuple[str, ...]


COMMON = ("pyzmq==27.3.0",)
TWINS = (
    Twin("maya2023", "3.9", ("PySide2==5.15.2.1", "numpy==1.26.4", "pytest==8.4.2", *COMMON)),
    Twin("maya2024", "3.10", ("PySide2==5.15.2.1", "numpy==1.26.4", "pytest==9.2.0", *COMMON)),
    Twin("maya2025", "3.11", ("PySide6-Essentials==6.5.3", "numpy==1.26.4", "pytest==9.2.0", *COMMON)),
    Twin("maya2027", "3.13", ("PySide6-Essentials==6.8.3", "numpy==2.2.6", "pytest==9.2.0", *COMMON)),
)
"""2026 has the Python and Qt of 2025. NumPy 1 up to 2026: PySide of that time prints warnings with NumPy 2."""


def main(arguments: Sequence[str]) -> int:
    """Make what is missing, run all, say how each ended."""
    folder = Path(os.environ.get("FACEPATCH_TWINS") or ROOT / ".twins")
    ended: dict[str, str] = {}
    failed = False
    for twin in TWINS:
        python = make(twin, folder)
        if python is None:
            ended[twin.name] = f"left out: no Python {twin.python} here"
            continue
        print(f"--- {twin.name}: {describe(python)}", flush=True)
        begun = time.monotonic()
        code = run_tests(python, arguments)
        failed = failed or code != 0
        ended[twin.name] = f"{'ok' if code == 0 else f'FAILED ({code})'} in {time.monotonic() - begun:.0f} s"
    for name, how in ended.items():
        print(f"{name}: {how}")
    ran = sum(not how.startswith("left out") for how in ended.values())
    wanted = ENOUGH if os.environ.get("CI", "").lower() == "true" else 1
    if ran < wanted:
        print(
            f"{ran} of {len(TWINS)} twins could be run, {wanted} are wanted. See the top of {__file__}.",
            file=sys.stderr,
        )
    return int(failed or ran < wanted)


def make(twin: Twin, folder: Path) -> "Path | None":
    """The twin's Python, with its packages; None where this machine has no such Python."""
    home = folder / twin.name
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp, wanted = home / "facepatch-stamp", hashlib.sha256(repr(twin).encode()).hexdigest()
    if python.is_file() and stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return python
    base = find_python(twin.python)
    if base is None:
        return None
    print(f"Making {home}: a minute, about 0.4 GB.", flush=True)
    subprocess.run([str(base), "-m", "venv", "--clear", str(home)], check=True)
    quiet = ["--quiet", "--quiet", "--disable-pip-version-check", "--no-input"]
    subprocess.run([str(python), "-m", "pip", "install", *quiet, *twin.packages], check=True)
    stamp.write_text(wanted, encoding="utf-8")
    return python


def find_python(version: str) -> "Path | None":
    """An interpreter of that major and minor version that can make environments."""
    for path in candidates(version):
        code = f"import sys, venv; sys.exit(sys.version_info[:2] != ({version.replace('.', ', ')}))"
        try:
            if subprocess.run([str(path), "-c", code], capture_output=True, check=False).returncode == 0:
                return path
        except OSError:
            continue
    return None


def candidates(version: str) -> Iterator[Path]:
    """Where a Python may be."""
    found = shutil.which(f"python{version}")
    if found:
        yield Path(found)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(pyenv.glob(f"versions/{version}.*/bin/python"), reverse=True)
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    yield from sorted(data.glob(f"uv/python/cpython-{version}.*/bin/python{version}"), reverse=True)


def describe(python: Path) -> str:
    """Versions of Python, Qt and NumPy."""
    code = (
        "import sys, numpy\n"
        "try:\n    import PySide6 as p\nexcept ImportError:\n    import PySide2 as p\n"
        "print(f'Python {sys.version.split()[0]}, {p.__name__} {p.__version__}, NumPy {numpy.__version__}')"
    )
    return subprocess.run(
        [str(python), "-c", code], capture_output=True, text=True, check=False
    ).stdout.strip()


def run_tests(python: Path, arguments: Sequence[str]) -> int:
    """pytest's exit code. No setting of the checkout holds: its pytest plug-ins are not here."""
    tests = ROOT / "tests" / "maya_module"
    paths = (ROOT / "backend", ROOT / "maya_module" / "scripts", ROOT / "tests" / "standin")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(str(path) for path in paths),
        "PYTHONDONTWRITEBYTECODE": "1",
        "QT_QPA_PLATFORM": "offscreen",
    }
    options = [
        "-c",
        os.devnull,
        "--rootdir",
        str(tests),
        "--confcutdir",
        str(tests),
        "--import-mode=importlib",
    ]
    more = ["-p", "no:cacheprovider", "--quiet", *(arguments or [str(tests)])]
    return subprocess.run(
        [str(python), "-m", "pytest", *options, *more], env=environment, cwd=ROOT, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
