"""Make .venv-blender with Blender as a Python module, for make test-blender.

    python3.11 tools/make_blender_env.py

Does nothing where it is up to date already. Blender's module is built for one version of Python, 3.11, and pins its
own NumPy, so it has an environment of its own. Blender's releases are also at https://download.blender.org/pypi/.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv-blender"
STAMP = VENV / "facepatch-stamp"
LIST = ROOT / "tests" / "blender" / "requirements.txt"


def main() -> int:
    """Return 0 when .venv-blender is ready."""
    version = sys.version_info[:2]
    if version != (3, 11):
        return complain(
            f"This is Python {version[0]}.{version[1]}; Blender's module needs 3.11. "
            "Install one and run: make test-blender PYTHON=python3.11"
        )
    wanted = LIST.read_text(encoding="utf-8")
    if STAMP.is_file() and STAMP.read_text(encoding="utf-8") == wanted:
        return 0
    print(f"Making {VENV}: one to three minutes, about 1 GB.", flush=True)
    python = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    install = [
        str(python),
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-input",
        "-r",
        str(LIST),
    ]
    try:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)
        subprocess.run(install, check=True)
    except subprocess.CalledProcessError as error:
        return complain(
            f"Ended with code {error.returncode}; the reason is above. Where pip finds no bpy, run with "
            "PIP_EXTRA_INDEX_URL=https://download.blender.org/pypi/"
        )
    STAMP.write_text(wanted, encoding="utf-8")
    return 0


def complain(sentence: str) -> int:
    """Say `sentence` and return the exit code for a failure."""
    print(sentence, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
