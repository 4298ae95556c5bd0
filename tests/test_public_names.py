"""What a package says is public exists, once; ruff (RUF022) sees to the order."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

BACKEND = Path(__file__).parents[1] / "backend"
FILES = sorted((BACKEND / "facepatch").rglob("*.py"))
FORBIDDEN = ("Manager", "Helper", "Utils", "Util", "Base", "Wrapper", "Handler")


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(BACKEND).with_suffix("").parts).removesuffix(".__init__")


def all_of(path: Path) -> list[str] | None:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and any(getattr(t, "id", "") == "__all__" for t in node.targets):
            return list(ast.literal_eval(node.value))
    return None


LISTS = [(module_name(path), names) for path in FILES if (names := all_of(path)) is not None]


@pytest.mark.parametrize(("module", "names"), LISTS, ids=[module for module, _ in LISTS])
def test_public_names_exist_and_stand_once(module: str, names: list[str]) -> None:
    assert len(names) == len(set(names))
    loaded = importlib.import_module(module)
    assert [name for name in names if not hasattr(loaded, name)] == []


@pytest.mark.parametrize("path", FILES, ids=[module_name(path) for path in FILES])
def test_every_file_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_every_folder_of_modules_is_a_package() -> None:
    folders = {path.parent for path in FILES}
    assert [str(folder) for folder in sorted(folders) if not (folder / "__init__.py").is_file()] == []


def test_no_name_says_nothing() -> None:
    vague = []
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and node.name.endswith(FORBIDDEN):
                vague.append(f"{module_name(path)}.{node.name}")
    assert vague == []
