"""core.protocol.messages: what each message says, there and back, and what is refused."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facepatch.core.errors import ModelError, NoFaceError, ProtocolError, UnknownJobError
from facepatch.core.progress import Progress
from facepatch.core.protocol import (
    Message,
    decode,
    encode,
    error_message,
    messages,
    read_error,
    read_partial,
    read_request,
)
from facepatch.core.protocol.messages import (
    Curve,
    Frame,
    Hello,
    JobList,
    JobRecord,
    Jobs,
    JobState,
    Partial,
    Picture,
    Ping,
    Pong,
    Preview,
    PreviewList,
    ProgressReport,
    Request,
    Result,
    ServerEvent,
    Snapshot,
    StateChange,
    StreamStart,
    Submit,
    Watch,
    Welcome,
)

ID = "0123456789abcdef" * 2
PICTURE = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
REPORT = ProgressReport("reenactment", 3, 10, "iterations", "", {"loss": 0.5}, 21.5, 0.25)

REQUESTS = [
    Hello("maya", 3),
    Ping(),
    Submit("run", {"take": "/a"}, 2, "hero"),
    Watch("7"),
    Jobs(("done",), 5),
]
RESULTS = [
    Welcome((1, 4), "0.2.0", ("ping",), ("cpu",), "5d0c"),
    Pong("5d0c"),
    JobList((JobRecord("7", "run", state="failed", progress=REPORT.to_body(), error={"code": "x"}),), 9),
    JobState("done"),
    PreviewList((Picture("train", 5, PICTURE), Picture("train", 9, PICTURE[::-1]))),
]
PARTIALS = [
    StateChange("running", 1, "worker 2"),
    REPORT,
    ProgressReport("prepare"),
    Preview("train", 5, PICTURE),
    StreamStart(("a", "b"), (24000, 1001), 33.0, "/models", "all", "take.mp4"),
    Frame(9, 7, np.arange(3, dtype=np.float32), np.eye(4), 0.5, 1.0, 2.0, 3.0, 15.0, 5, 2),
    Snapshot("running", progress=(REPORT,), curves=(Curve("train", "loss", np.eye(2)),), picture=PICTURE),
    Snapshot("queued", "run", "hero"),
    ServerEvent("stopping", "It stops."),
    StreamStart(("a",), (24, 1), controls=("jaw.rx", "smile"), units=("degrees", "")),
    Frame(9, 7, np.ones(1, np.float32), np.eye(4), controls=np.float32([12.5, 0.25])),
]


def sent(message: Message) -> Message:
    """As the other side gets it."""
    return decode(encode(message))


def same(one: Any, other: Any) -> bool:
    """Equal, arrays and dataclasses inside included."""
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if hasattr(one, "__dataclass_fields__"):
        return type(one) is type(other) and all(
            same(getattr(one, field.name), getattr(other, field.name)) for field in fields(one)
        )
    return one == other


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda body: type(body).__name__)
def test_a_request_comes_back_as_it_was(request_: Request) -> None:
    message = sent(request_.to_message(token="secret", request_id=ID))
    assert (message.id, message.token, message.reply_to) == (ID, "secret", "")
    assert same(read_request(message), request_)


@pytest.mark.parametrize("result", RESULTS, ids=lambda body: type(body).__name__)
def test_a_result_comes_back_as_it_was(result: Result) -> None:
    message = sent(result.to_message(ID))
    assert (message.type, message.reply_to, message.token) == ("result", ID, "")
    assert same(type(result).from_message(message), result)


@pytest.mark.parametrize("partial", PARTIALS, ids=lambda body: type(body).__name__)
def test_a_partial_comes_back_as_it_was(partial: Partial) -> None:
    message = sent(partial.to_message(ID, seq=4, job="7"))
    assert (message.type, message.reply_to) == ("partial", ID)
    assert (message.body["kind"], message.body["seq"], message.body["job"]) == (partial.KIND, 4, "7")
    assert same(read_partial(message), partial)


def test_the_comparison_can_fail() -> None:
    assert not same(PARTIALS[6], replace(PARTIALS[6], picture=PICTURE[::-1]))
    assert not same(RESULTS[4], PreviewList())


@pytest.mark.parametrize("partial", PARTIALS, ids=lambda body: type(body).__name__)
def test_keys_and_arrays_of_a_newer_minor_are_ignored(partial: Partial) -> None:
    message = partial.to_message(ID)
    newer = replace(
        message, body={**message.body, "colour": [1]}, arrays={**message.arrays, "depth": np.zeros(3)}
    )
    assert same(read_partial(sent(newer)), partial)


def test_a_job_of_a_newer_minor_is_listed() -> None:
    rows = [{"job": "7", "state": "paused", "colour": "red"}]
    found = JobList.from_message(Message("result", body={"jobs": rows}, reply_to=ID))
    assert (found.jobs[0].state, found.total) == ("paused", 1)


def test_a_partial_of_an_unknown_kind_is_none() -> None:
    for body in ({"kind": "weather"}, {}, {"kind": None}, {"kind": ["state"]}):
        assert read_partial(Message("partial", body=body, reply_to=ID)) is None


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (Message("fly"), "no type 'fly' here. Known: .*watch"),
        (Message("watch"), "job"),
        (Message("watch", body={"job": 7}), "watch.job: needs str, got 7"),
        (Message("cancel", body={"job": ["x" * 9999]}), "cancel.job: needs str"),
        (Message("run", body={"arguments": []}), "run.arguments: needs a table"),
        (Message("run", body={"arguments": [["take", "/a"]]}), "run.arguments: needs a table"),
        (Message("run", body={"priority": 1.5}), "run.priority: needs int"),
        (Message("run", body={"priority": True}), "run.priority: needs int"),
        (Message("jobs", body={"states": "done"}), "jobs.states: needs a list"),
        (Message("jobs", body={"states": [1]}), "jobs.states: needs str"),
        (Message("hello", body={"client": None}), "hello.client: needs str"),
    ],
)  # fmt: skip
def test_a_request_with_a_wrong_body_is_refused(message: Message, told: str) -> None:
    with pytest.raises(ProtocolError, match=told) as caught:
        read_request(message)
    assert len(str(caught.value)) <= 400


WRONG_ARRAYS = [
    ({"kind": "preview", "stage": "a", "iteration": 1}, {}, "picture"),
    ({"kind": "preview", "stage": "a", "iteration": 1, "picture": [1]}, {}, "picture"),
    ({"kind": "preview", "stage": "a", "iteration": 1}, {"picture": np.zeros((2, 2, 3))}, "needs type |u1"),
    ({"kind": "preview", "stage": "a", "iteration": 1}, {"picture": PICTURE[0]}, "needs 3 axes"),
    ({"kind": "frame", "frame": 1, "frame_seq": 1}, {"weights": np.zeros(3, np.float32)}, "head_pose"),
    (
        {"kind": "frame", "frame": 1, "frame_seq": 1},
        {"weights": np.full(3, np.nan, np.float32), "head_pose": np.eye(4)},
        "not finite",
    ),
    ({"kind": "snapshot", "state": "done", "curves": [{"stage": "a", "name": "b"}]}, {}, "curve_000"),
    ({"kind": "snapshot", "state": "done", "curves": {}}, {}, "need to be lists"),
    ({"kind": "snapshot", "state": "done", "progress": [1]}, {}, "needs an object"),
    ({"kind": "progress", "stage": "a", "values": {"loss": "low"}}, {}, "needs a number"),
]


@pytest.mark.parametrize(("body", "arrays", "told"), WRONG_ARRAYS)
def test_a_partial_with_a_wrong_body_is_refused(
    body: dict[str, Any], arrays: dict[str, Any], told: str
) -> None:
    with pytest.raises(ProtocolError, match=told.replace("|", r"\|")):
        read_partial(Message("partial", body=body, arrays=arrays, reply_to=ID))


@pytest.mark.parametrize(
    "body", [{"previews": [{"stage": "a", "iteration": 1}]}, {"previews": 1}, {"previews": [1]}]
)
def test_a_list_of_previews_without_its_pictures_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError, match=r"previews|preview_000"):
        PreviewList.from_message(Message("result", body=body, reply_to=ID))


TEXT = st.text("ab\0é😀", max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(
    sorted({field.name for body in (*REQUESTS, *RESULTS, *PARTIALS) for field in fields(body)})
)


@given(
    st.sampled_from(sorted(messages.REQUESTS)),
    st.sampled_from(sorted(messages.PARTIALS)),
    st.dictionaries(KEYS, JSON, max_size=6),
)
def test_any_body_is_read_or_refused(kind: str, partial: str, body: dict[str, Any]) -> None:
    reply = Message("partial", body={**body, "kind": partial}, reply_to=ID)
    readers = [lambda: read_request(Message(kind, body=body)), lambda: read_partial(reply)]
    readers += [lambda read=type(result): read.from_message(reply) for result in RESULTS]
    for read in readers:
        try:
            read()
        except ProtocolError:
            continue


def test_progress_is_told_without_what_json_has_not() -> None:
    progress = Progress(
        "train", 3, 10, "iterations", "eye_l", {"loss": math.nan, "rate": np.float32(0.5), "x": math.inf}
    )
    report = ProgressReport.from_progress(progress, rate=2.0)
    assert sent(report.to_message(ID)).body["values"] == {"rate": 0.5}
    assert report.progress == replace(progress, values={"rate": 0.5})


def test_an_error_comes_back_as_its_class() -> None:
    error = read_error(sent(error_message(NoFaceError("no face.", [3]), ID)))
    assert type(error) is NoFaceError
    assert str(error) == "no face."
    assert type(read_error(Message("error", body={"code": "model.x", "message": "?"}))) is ModelError


@pytest.mark.parametrize("body", [{}, {"code": 1, "message": "?"}, {"code": "model"}])
def test_an_error_without_code_and_message_is_a_protocol_error(body: dict[str, Any]) -> None:
    assert type(read_error(Message("error", body=body))) is ProtocolError


def test_a_job_that_is_not_there_has_its_own_code() -> None:
    assert error_message(UnknownJobError("no."), ID).body == {"code": "service.job", "message": "no."}


def test_a_message_knows_whether_it_is_the_last() -> None:
    assert [Message(kind).ends for kind in ("partial", "result", "error", "run")] == [
        False,
        True,
        True,
        False,
    ]
    assert [Message(kind).is_reply for kind in ("partial", "result", "error", "run")] == [
        True,
        True,
        True,
        False,
    ]


def test_ids_are_random_and_tokens_are_not_shown() -> None:
    assert Message("ping").id != Message("ping").id
    assert "secret" not in repr(Message("ping", token="secret"))
