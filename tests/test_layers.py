"""The layers are a test, not a diagram: the contracts of pyproject.toml hold."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command as run; run()",
        "--no-cache",
    ]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_imports_point_down_the_layers(root: Path) -> None:
    done = lint_imports(root)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_import_that_points_up_is_found(root: Path, tmp_path: Path) -> None:
    package = tmp_path / "facepatch"
    for name, text in {"core": "import facepatch.cli\n", "cli": ""}.items():
        (package / name).mkdir(parents=True)
        (package / name / "__init__.py").write_text(text)
    (package / "__init__.py").write_text("")
    shutil.copy(root / "pyproject.toml", tmp_path)
    done = lint_imports(tmp_path)
    assert done.returncode != 0
    assert "facepatch.core is not allowed to import facepatch.cli" in done.stdout


def test_every_package_has_a_layer_and_the_docs_draw_the_same_ones(root: Path) -> None:
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    contract = [re.findall(r"\w+", layer) for layer in layers]
    packages = {path.parent.name for path in (root / "backend" / "facepatch").glob("*/*.py")}
    assert packages <= {name for names in contract for name in names}
    text = (root / "docs" / "architecture.md").read_text(encoding="utf-8")
    drawing = text.split("```layers\n")[1].split("```")[0]
    drawn = [re.findall(r"\w+", line.split("   ")[0]) for line in drawing.splitlines()]
    assert drawn == contract
