"""Make .venv with exactly the packages of requirements.txt and requirements-dev.txt, and facepatch itself.

    python3.11 tools/make_env.py

Does nothing where .venv is up to date already. Needs Python 3.11 or 3.12 with venv, and nothing else.

torch: a Linux machine without an NVIDIA driver gets the CPU build (0.2 GB in place of 3 GB), from PyTorch's own
index. FACEPATCH_TORCH_INDEX names another index to look in as well; set to nothing, only pip's own are asked.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
STAMP = VENV / "facepatch-stamp"
LISTS = (ROOT / "requirements.txt", ROOT / "requirements-dev.txt")
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"


def main() -> int:
    """Return 0 when .venv is ready."""
    version = sys.version_info[:2]
    if version not in ((3, 11), (3, 12)):
        return complain(
            f"This is Python {version[0]}.{version[1]}; facepatch needs 3.11 or 3.12 (mediapipe has no other wheels). "
            "Install one and run: make env PYTHON=python3.11"
        )
    wanted = fingerprint()
    if STAMP.is_file() and STAMP.read_text(encoding="utf-8") == wanted:
        return 0
    print(
        f"Making {VENV} with Python {platform.python_version()}: one to three minutes, about 2.3 GB.",
        flush=True,
    )
    try:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)
    except subprocess.CalledProcessError:
        return complain("No virtual environment can be made. On Debian and Ubuntu: apt install python3-venv")
    try:
        install()
    except subprocess.CalledProcessError as error:
        return complain(f"pip ended with code {error.returncode}. Its reason is above; then run: make env")
    STAMP.write_text(wanted, encoding="utf-8")
    return 0


def fingerprint() -> str:
    """Changes when the packages or the Python do."""
    digest = hashlib.sha256(sys.version.encode())
    for path in LISTS:
        digest.update(path.read_bytes())
    return f"{digest.hexdigest()}\n"


def install() -> None:
    """Fill .venv. Raises subprocess.CalledProcessError where pip fails."""
    lines = [line for path in LISTS for line in path.read_text(encoding="utf-8").splitlines()]
    pins = [line for line in lines if line and not line.startswith("#")]
    torch = next(pin for pin in pins if pin.startswith("torch=="))
    pip("install", "--no-deps", *(pin for pin in pins if pin != torch))
    # With its dependencies: they are in place already, except for the CUDA libraries that a GPU build brings.
    pip("install", "--constraint", str(LISTS[0]), *torch_index(), torch)
    pip("install", "--no-deps", "--no-build-isolation", "--editable", str(ROOT))


def pip(*arguments: str) -> None:
    """Run the pip of .venv."""
    python = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    options = ["--quiet", "--quiet", "--disable-pip-version-check", "--no-input"]
    subprocess.run([str(python), "-m", "pip", *arguments, *options], check=True)


def torch_index() -> list[str]:
    """The pip option for the index that has the right torch."""
    chosen = os.environ.get("FACEPATCH_TORCH_INDEX")
    if chosen is not None:
        return ["--extra-index-url", chosen] if chosen else []
    if platform.system() != "Linux" or platform.machine() != "x86_64" or shutil.which("nvidia-smi"):
        return []
    try:
        with urllib.request.urlopen(f"{TORCH_CPU_INDEX}/torch/", timeout=10):  # noqa: S310  a constant
            return ["--extra-index-url", TORCH_CPU_INDEX]
    except (urllib.error.URLError, OSError) as error:
        print(f"{TORCH_CPU_INDEX} cannot be reached ({error}); torch comes from pip's own index.", flush=True)
        return []


def complain(sentence: str) -> int:
    """Say `sentence` and return the exit code for a failure."""
    print(sentence, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
