"""docs/protocol.md and core.protocol say the same, and messages of the past are read for ever."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facepatch.core import errors
from facepatch.core.errors import ProtocolError, ProtocolVersionError
from facepatch.core.protocol import MAGIC, MAJOR, MINOR, Message, decode, encode, limits, messages
from facepatch.core.protocol.codec import DTYPES

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
GOLDEN = sorted((ROOT / "tests" / "golden" / "protocol").glob("*.json"))


def words(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def rows(heading: str) -> list[list[str]]:
    """The cells of the first table after `heading`."""
    part = TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = re.findall(r"^\|(.*)\|$", part, re.MULTILINE)
    return [[cell.strip() for cell in line.split("|")] for line in lines[2:]]


def example_frames(block: str) -> list[bytes]:
    """The frames of a ```message block: blank lines part them, comments end a line, `(12 bytes)` are zeros."""
    frames = []
    for part in re.sub(r"  +//.*$", "", block, flags=re.MULTILINE).strip().split("\n\n"):
        zeros = re.fullmatch(r"\((\d+) bytes\)", part.strip())
        frames.append(bytes(int(zeros[1])) if zeros else part.strip().encode())
    return frames


EXAMPLES = [example_frames(block) for block in re.findall(r"```message\n(.*?)```", TEXT, re.DOTALL)]


# ------------------------------------------------------------------------------------------------- the text


def test_the_version_of_the_text_is_the_version_of_the_code() -> None:
    assert re.search(r"\*\*Version ([\d.]+)\*\*", TEXT)[1] == f"{MAJOR}.{MINOR}"
    assert TEXT.startswith(f"# FACEPATCH/{MAJOR}:")
    assert re.findall(r"^- \*\*([\d.]+)\*\*", TEXT, re.MULTILINE)[-1] == f"{MAJOR}.{MINOR}"
    assert f"the eleven bytes `{MAGIC.decode()}`" in TEXT
    assert len(MAGIC) == 11


def test_the_keys_of_the_header_are_those_that_are_sent() -> None:
    part = TEXT.split("Keys of the header:")[1].split("\n\n")[1]
    written = re.findall(r"^\| `(\w+)`", part, re.MULTILINE)
    assert written == list(json.loads(encode(Message("ping"))[1]))


def test_the_types_of_arrays_are_those_of_the_code() -> None:
    listed = re.search(r"`dtype` is one of (.*?)\(", TEXT, re.DOTALL)[1]
    assert tuple(words(listed)) == DTYPES


def test_the_table_of_requests_is_that_of_the_code() -> None:
    written = {kind: set(words(cells[1])) for cells in rows("Requests") for kind in words(cells[0])}
    coded = {
        kind: {field.name for field in dataclasses.fields(request)} - {"verb"}
        for kind, request in messages.REQUESTS.items()
    }
    assert written == coded


def test_the_results_of_the_table_are_those_of_the_code() -> None:
    results = {cells[0]: words(cells[2]) for cells in rows("Requests")}
    for kind, result in (
        ("hello", messages.Welcome),
        ("ping", messages.Pong),
        ("jobs", messages.JobList),
        ("cancel", messages.JobState),
    ):
        assert results[f"`{kind}`"] == [field.name for field in dataclasses.fields(result)]


def test_the_verbs_of_jobs_are_those_of_the_code() -> None:
    assert [words(cells[0])[0] for cells in rows("Jobs")] == list(messages.JOB_VERBS)


def test_the_table_of_partials_is_that_of_the_code() -> None:
    written = {words(cells[0])[0]: (set(words(cells[1])), set(words(cells[2]))) for cells in rows("Partials")}
    coded = {
        kind: (
            {field.name for field in dataclasses.fields(partial)} - set(partial.ARRAYS),
            set(partial.ARRAYS),
        )
        for kind, partial in messages.PARTIALS.items()
    }
    assert written == coded


def test_the_table_of_errors_is_that_of_the_code() -> None:
    written = {words(cells[0])[0] for cells in rows("Errors")}
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    coded = {kind.code for kind in kinds if issubclass(kind, (errors.ProtocolError, errors.ServiceError))} | {
        errors.JobCancelledError.code
    }
    assert written == coded


def test_the_limits_of_the_text_are_those_of_the_code() -> None:
    assert {cells[0]: int(cells[1]) for cells in rows("Limits")} == {
        "header": limits.HEADER_BYTES,
        "body": limits.BODY_BYTES,
        "arrays": limits.ARRAYS,
        "array bytes": limits.ARRAY_BYTES,
        "axes": limits.AXES,
        "depth": limits.DEPTH,
        "name": limits.NAME_LENGTH,
    }


def test_the_bytes_of_the_text_are_the_message_that_it_describes() -> None:
    block = re.search(r"```hexdump\n(.*?)```", TEXT, re.DOTALL)[1]
    frames: list[bytes] = []
    for line in block.splitlines():
        if line[0].isdigit():
            frames.append(b"")
        frames[-1] += bytes.fromhex(line[1:])
    found = decode(frames)
    assert (found.type, found.id, found.token) == ("ping", "0123456789abcdef" * 2, "secret")
    assert found.arrays["a"].dtype == np.float32
    assert found.arrays["a"].tolist() == [1.0, 2.0]


@pytest.mark.parametrize("frames", EXAMPLES, ids=range(len(EXAMPLES)))
def test_every_example_is_a_message_that_the_code_reads(frames: list[bytes]) -> None:
    message = decode(frames)
    if not message.is_reply:
        read: Any = messages.read_request(message)
    elif message.type == "partial":
        read = messages.read_partial(message)
    else:
        read = (messages.Welcome if "protocol" in message.body else messages.JobList).from_message(message)
    assert set(message.body) - {"kind", "seq", "job"} <= {field.name for field in dataclasses.fields(read)}


def test_there_are_examples_and_the_check_of_them_can_fail() -> None:
    assert len(EXAMPLES) >= 6
    with pytest.raises(ProtocolError):
        test_every_example_is_a_message_that_the_code_reads([*EXAMPLES[0][:2], b"[]"])


# -------------------------------------------------------------------------------------------- the golden ones


@pytest.mark.parametrize("path", GOLDEN, ids=[path.stem for path in GOLDEN])
def test_a_golden_message_decodes_for_ever(path: Path) -> None:
    kept = json.loads(path.read_text(encoding="utf-8"))
    found = decode([bytes.fromhex(frame) for frame in kept["frames"]])
    expected = kept["message"]
    for name in ("type", "id", "reply_to", "token", "minor", "body"):
        assert getattr(found, name) == expected[name]
    assert list(found.arrays) == list(expected["arrays"])
    for name, array in expected["arrays"].items():
        assert found.arrays[name].dtype.str == array["dtype"]
        assert np.array_equal(
            found.arrays[name], np.array(array["values"], array["dtype"]).reshape(array["shape"])
        )


@pytest.mark.parametrize("path", GOLDEN, ids=[path.stem for path in GOLDEN])
def test_a_golden_message_is_one_that_the_code_understands(path: Path) -> None:
    kept = json.loads(path.read_text(encoding="utf-8"))
    message = decode([bytes.fromhex(frame) for frame in kept["frames"]])
    if not message.is_reply and "unknown" not in path.stem:
        assert type(messages.read_request(message)).__name__ == kept["reads_as"]
    elif message.type == "partial":
        assert type(messages.read_partial(message)).__name__ == kept["reads_as"]
    elif message.type == "error":
        assert type(messages.read_error(message)).__name__ == kept["reads_as"]
    elif message.type == "result":
        assert getattr(messages, kept["reads_as"]).from_message(message)


def test_every_request_and_partial_of_1_0_has_a_golden_message() -> None:
    read = {json.loads(path.read_text(encoding="utf-8"))["reads_as"] for path in GOLDEN}
    coded = {kind.__name__ for kind in (*messages.REQUESTS.values(), *messages.PARTIALS.values())}
    assert coded <= read


def test_a_golden_message_of_another_major_is_refused() -> None:
    kept = json.loads(GOLDEN[0].read_text(encoding="utf-8"))
    frames = [bytes.fromhex(frame) for frame in kept["frames"]]
    with pytest.raises(ProtocolVersionError, match="version 2"):
        decode([b"FACEPATCH/2", *frames[1:]])
