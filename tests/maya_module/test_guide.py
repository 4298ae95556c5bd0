"""docs/maya.md tells the truth: its MEL and Python are what the module has, its sentences are those of the code."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "maya.md"
CODE = [
    path
    for place in ("maya_module", "backend/facepatch/core", "backend/facepatch/service")
    for path in (ROOT / place).rglob("*.py")
]


def blocks(language: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [text for kind, text in found if kind == language]


def section(title: str) -> str:
    text = PAGE.read_text(encoding="utf-8")
    return text.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def commands(maya: Any) -> dict[str, Any]:
    from facepatch_maya.commands import COMMANDS

    return {command.NAME: command for command in COMMANDS}


def test_every_command_is_in_the_table_and_no_other(maya: Any) -> None:
    rows = re.findall(r"^\| `(facepatch[A-Z]\w+)` \|", section("For TDs"), re.MULTILINE)
    assert sorted(rows) == sorted(commands(maya))


def test_mel_on_the_page_uses_commands_and_flags_that_exist(maya: Any) -> None:
    known = commands(maya)
    used = 0
    for statement in re.split(r";|`", "".join(blocks("mel"))):
        words = re.findall(r'"[^"]*"|\S+', statement)
        if words and words[0] in known:
            used += 1
            flags = {name for flag in known[words[0]].FLAGS for name in (f"-{flag.short}", f"-{flag.long}")}
            assert {word for word in words if re.match(r"-[a-zA-Z]", word)} <= flags | {"-help"}
    assert used == 7


def test_python_on_the_page_uses_names_that_exist(maya: Any) -> None:
    import facepatch_maya

    used = {
        node.attr
        for block in blocks("python")
        for node in ast.walk(ast.parse(block))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "facepatch_maya"
    }
    assert {"capture_character", "train", "build", "retarget", "bake"} <= used
    assert [name for name in used if not hasattr(facepatch_maya, name)] == []


def test_the_columns_of_the_list_of_shots_are_those_of_the_code() -> None:
    from facepatch.core.shots import COLUMNS, read_shots

    rows = re.findall(
        r"^\| (`\w+`(?:, `\w+`)*) \|",
        section("For TDs").split("### Farm")[1].split("### On")[0],
        re.MULTILINE,
    )
    assert sorted(re.findall(r"`(\w+)`", " ".join(rows))) == sorted(COLUMNS)
    assert callable(read_shots)


def test_the_list_of_shots_on_the_page_can_be_read(tmp_path: Path) -> None:
    from facepatch.core.shots import read_shots, results_path

    (text,) = [block for block in blocks("") if block.startswith("name,scene")]
    (tmp_path / "shots.csv").write_text(text, encoding="utf-8")
    (shot,) = read_shots(tmp_path / "shots.csv")
    assert (shot.target, shot.start_frame, shot.layer) == ("hero:", 1001.0, "face_anim")
    assert f"`{results_path(tmp_path / 'shots.csv').name}`" in section("For TDs")


def test_every_variable_of_the_module_is_in_the_table() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "maya_module").rglob("*.py"))
    used = set(re.findall(r'"(FACEPATCH_[A-Z]+)"', code))
    rows = re.findall(r"^\| `(FACEPATCH_[A-Z]+)", section("For TDs"), re.MULTILINE)
    assert used <= set(rows)


def sentences() -> list[str]:
    said = section("When something goes wrong").split("\nNo sentence, but")[0]
    return re.findall(r"^\| (?!It says)(.+?) \|", said, re.MULTILINE)


def texts() -> str:
    """Every text in the code, the values in it as an ellipsis, as the page has them."""
    found = []
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                found.append(
                    "".join(
                        str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values
                    )
                )
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return "\n".join(re.sub(r"\s+", " ", text) for text in found)


def test_every_sentence_in_the_troubleshooting_is_said_by_the_code() -> None:
    said = texts()
    listed = sentences()
    assert len(listed) >= 20
    assert [one for one in listed if one.strip("…. ").replace("`", "") not in said.replace("`", "")] == []


def test_every_question_of_the_self_check_is_on_the_page(maya: Any) -> None:
    from facepatch_maya.open_questions import QUESTIONS

    rows = re.findall(
        r"^\| (.+?) \| `([\w-]+)` \|", section("What has not been run in a real Maya"), re.MULTILINE
    )
    assert {name: text for text, name in rows} == {question.name: question.text for question in QUESTIONS}


@pytest.mark.parametrize("word", ["yes", "no", "not run"])
def test_the_self_check_answers_in_the_words_of_the_page(word: str, maya: Any) -> None:
    from facepatch_maya import open_questions

    assert word in (open_questions.YES, open_questions.NO, open_questions.NOT_RUN)
