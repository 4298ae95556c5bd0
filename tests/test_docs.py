"""The documents tell the truth: links lead somewhere, names import, commands exist, records match the code."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from facepatch.cli.main import VERBS
from facepatch.core import rig_samples, rig_start
from facepatch.core.data import character, clip, landmarks, rig

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "maya_module").rglob("*.md")])
IDS = [str(page.relative_to(ROOT)) for page in PAGES]

NAMES_OF_FILES = {"facepatch.mel", "facepatch.mod"}

RECORDS = {
    character.KIND: character.VERSION,
    clip.KIND: clip.VERSION,
    landmarks.TRACK_KIND: landmarks.TRACK_VERSION,
    rig.KIND: rig.VERSION,
    rig_samples.KIND: rig_samples.VERSION,
    rig_start.KIND: rig_start.VERSION,
}


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|mailto:|#)([^)#]+)", text_of(page))
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_dotted_names_exist(page: Path) -> None:
    absent = []
    for dotted in set(re.findall(r"`(facepatch(?:\.\w+)+)(?:\(\))?`", text_of(page))):
        if dotted not in RECORDS and dotted not in NAMES_OF_FILES and not exists(dotted):
            absent.append(dotted)
    assert absent == []


def exists(dotted: str) -> bool:
    """Whether `dotted` is a module, or a name inside one."""
    parts = dotted.split(".")
    for count in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:count]))
        except ModuleNotFoundError:
            continue
        for part in parts[count:]:
            found = getattr(found, part, None)
        return found is not None
    return False


def test_a_name_that_is_not_there_is_noticed() -> None:
    assert exists("facepatch.core.records.write_record")
    assert not exists("facepatch.core.records.write_recrod")
    assert not exists("facepatch.no_such_module")


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_commands_in_code_blocks_are_verbs(page: Path) -> None:
    blocks = re.findall(r"^```(?:sh|console)?\n(.*?)^```", text_of(page), re.MULTILINE | re.DOTALL)
    used = {word for block in blocks for word in re.findall(r"^(?:\$ )?facepatch (\w+)", block, re.MULTILINE)}
    assert used <= set(VERBS)


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_make_targets_exist(page: Path) -> None:
    targets = set(re.findall(r"^([\w-]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    assert set(re.findall(r"`make ([\w-]+)`", text_of(page))) <= targets


def test_the_records_in_the_docs_are_the_records_of_the_code() -> None:
    rows = re.findall(r"^\| `(facepatch\.\w+)` \| (\d+) \|", text_of(ROOT / "docs" / "data.md"), re.MULTILINE)
    written = {kind: int(version) for kind, version in rows}
    assert {kind: written.get(kind) for kind in RECORDS} == RECORDS


def test_the_landmarks_in_the_docs_are_the_landmarks_of_the_code() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \|", text_of(ROOT / "docs" / "data.md"), re.MULTILINE)
    assert {name: int(count) for name, count in rows} == {
        name: len(points) for name, points in landmarks.ELEMENTS.items()
    }


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = [page.name[:3] for page in sorted((ROOT / "docs" / "decisions").glob("*.md"))]
    assert numbers == [f"{number:03}" for number in range(1, len(numbers) + 1)]
