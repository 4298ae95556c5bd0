"""Core is what Maya imports: Python 3.9, NumPy, nothing that is heavy."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    "torch",
    "scipy",
    "cv2",
    "maya",
    "mediapipe",
    "numba",
    "av",
    "matplotlib",
    "onnxruntime",
    "tyro",
    "rich",
)

FILES = sorted((Path(__file__).parents[2] / "backend" / "facepatch" / "core").rglob("*.py"))


def modules() -> list[str]:
    backend = Path(__file__).parents[2] / "backend"
    return [".".join(path.relative_to(backend).with_suffix("").parts) for path in FILES]


def test_importing_core_loads_nothing_heavy(root: Path) -> None:
    names = [name.removesuffix(".__init__") for name in modules()]
    code = f"import sys, {', '.join(names)}; print(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    environment = {**os.environ, "PYTHONPATH": str(root / "backend")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_core_reads_as_python_3_9(path: Path) -> None:
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_annotations_are_never_evaluated_by_a_3_9_interpreter(path: Path) -> None:
    """`dict[str, int] | None` may stand in annotations only behind the future import."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    body = [node for node in tree.body if not isinstance(node, ast.Expr)]
    if not body:
        return
    future = isinstance(body[0], ast.ImportFrom) and body[0].module == "__future__"
    assert future, f"{path.name} needs: from __future__ import annotations"


def test_the_check_for_3_9_can_fail() -> None:
    with pytest.raises(SyntaxError):
        ast.parse("match x:\n    case 1: pass\n", feature_version=(3, 9))
