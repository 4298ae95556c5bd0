"""core.errors: the tree, its codes, and the table in docs/errors.md."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from facepatch.core import errors
from facepatch.core.errors import (
    ConfigError,
    FacepatchError,
    InputError,
    ModelError,
    NodeNotFoundError,
    NoFaceError,
    UnknownNameError,
    error_from_code,
)

CLASSES = {
    name: kind
    for name, kind in vars(errors).items()
    if inspect.isclass(kind) and issubclass(kind, FacepatchError)
}


def test_every_class_has_a_code_of_its_own() -> None:
    codes = [kind.code for kind in CLASSES.values()]
    assert len(set(codes)) == len(codes)


def test_a_code_begins_with_the_code_of_the_class_above() -> None:
    for kind in CLASSES.values():
        parent = kind.__bases__[0]
        if parent not in (Exception, FacepatchError):
            assert kind.code.startswith(parent.code + ".")


def test_the_drawn_tree_is_the_tree_of_the_classes() -> None:
    drawn = re.findall(r'^ *(\w+(?:Error))\b.*?"([\w.]+)"', errors.__doc__ or "", re.MULTILINE)
    assert dict(drawn) == {name: kind.code for name, kind in CLASSES.items()}


def test_the_table_in_the_docs_is_the_tree(root: Path) -> None:
    text = (root / "docs" / "errors.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w+Error) \| `([\w.]+)` \| ([\w, ]+) \|", text, re.MULTILINE)
    written = {name: (code, parents) for name, code, parents in rows}
    assert written == {
        name: (kind.code, ", ".join(parent.__name__ for parent in kind.__bases__))
        for name, kind in CLASSES.items()
    }


@pytest.mark.parametrize("kind", [InputError, ConfigError])
def test_bad_input_and_settings_are_value_errors(kind: type[FacepatchError]) -> None:
    assert issubclass(kind, ValueError)


def test_an_unknown_name_gives_the_nearest() -> None:
    error = UnknownNameError("shape", "jawOpne", ["jawOpen", "jawLeft", "mouthPucker"])
    assert error.nearest[0] == "jawOpen"
    assert str(error).startswith("shape: there is no 'jawOpne'. Nearest: jawOpen")


def test_an_unknown_name_among_none_says_so() -> None:
    assert "Nearest: none." in str(UnknownNameError("shape", "a", [], "Add shapes."))


def test_a_missing_node_gives_the_nearest() -> None:
    error = NodeNotFoundError("mesh", "|head|fcae", ["|head|face", "|head|eyes"], "Choose a mesh.")
    assert error.nearest[0] == "|head|face"
    assert str(error) == "mesh: there is no '|head|fcae'. Nearest: |head|face, |head|eyes. Choose a mesh."


def test_a_missing_face_names_its_frames() -> None:
    assert NoFaceError("no face.", [3, 4]).frames == (3, 4)


@pytest.mark.parametrize("kind", CLASSES.values(), ids=CLASSES)
def test_an_error_of_another_process_is_of_the_same_class(kind: type[FacepatchError]) -> None:
    error = error_from_code(kind.code, "frame 3: went wrong. Do this.")
    assert type(error) is kind
    assert str(error) == "frame 3: went wrong. Do this."
    assert error.code == kind.code


def test_an_error_of_another_process_has_all_that_its_class_has() -> None:
    unknown = error_from_code("input.name", "no such name.")
    assert isinstance(unknown, UnknownNameError)
    assert (unknown.name, unknown.nearest) == ("", ())
    node = error_from_code("host.node", "no such node.")
    assert isinstance(node, NodeNotFoundError)
    assert (node.name, node.nearest) == ("", ())
    missing = error_from_code("input.no_face", "no face.")
    assert isinstance(missing, NoFaceError)
    assert missing.frames == ()


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("model.melted", ModelError),
        ("model.melted.twice", ModelError),
        ("weather", FacepatchError),
        ("", FacepatchError),
        ("model." + ".a" * 500_000, ModelError),
    ],
)
def test_an_unknown_code_is_the_nearest_class_above(code: str, kind: type[FacepatchError]) -> None:
    assert type(error_from_code(code, "?")) is kind
