"""Nothing that a stranger sends ends the server or makes it grow."""

from __future__ import annotations

import gc
import json
import random
import tracemalloc
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from facepatch.core.errors import ProtocolError
from facepatch.core.protocol import Message, decode, encode

Desk = Any  # tests/service/conftest.py
TOKEN = "the token"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
TYPES = [
    "hello",
    "ping",
    "run",
    "stream",
    "watch",
    "unwatch",
    "jobs",
    "cancel",
    "remove",
    "previews",
    "result",
    "x",
]
KEYS = ["job", "states", "limit", "arguments", "priority", "label", "client", "minor", "kind", "seq"]


@settings(max_examples=400)
@given(frames=st.lists(st.binary(max_size=80) | st.just(b"FACEPATCH/1") | st.just(b"{}"), max_size=6))
def test_frames_of_any_bytes_are_answered_or_dropped(desk_of_module: Desk, frames: list[bytes]) -> None:
    desk = desk_of_module
    desk.router.receive(b"eve", frames)
    assert all(reply.type == "error" for reply in desk.got("eve"))


@settings(max_examples=600)
@given(kind=st.sampled_from(TYPES), body=st.dictionaries(st.sampled_from(KEYS), json_values, max_size=5))
def test_a_request_with_any_body_gets_a_reply_that_can_be_read(
    desk_of_module: Desk, kind: str, body: dict[str, Any]
) -> None:
    desk = desk_of_module
    header = {"type": kind, "id": "a" * 32, "token": TOKEN}
    try:
        frames = [b"FACEPATCH/1", json.dumps(header).encode(), json.dumps(body).encode()]
    except UnicodeEncodeError:
        return
    desk.router.receive(b"eve", frames)
    replies = desk.got("eve")
    assert all(reply.reply_to in ("", "a" * 32) for reply in replies)
    assert bool(replies) == (kind != "result" or not readable(frames))
    desk.router.client_gone(b"eve")
    for job in list(desk.board.jobs.values()):
        desk.router.foreman.cancel(job)
        desk.board.remove(job)


def readable(frames: list[bytes]) -> bool:
    try:
        decode(frames)
    except ProtocolError:
        return False
    return True


def test_a_hundred_thousand_spoiled_messages_leave_the_memory_flat(desk_of_module: Desk) -> None:
    desk = desk_of_module
    chance = random.Random(3)
    whole = [bytes(frame) for frame in encode(Message("jobs", body={"states": ["done"]}, token=TOKEN))]

    def flood(count: int) -> None:
        for index in range(count):
            frames = [bytearray(frame) for frame in whole]
            for _ in range(chance.randrange(1, 4)):
                frame = frames[chance.randrange(3)]
                frame[chance.randrange(len(frame))] = chance.randrange(256)
            if not index % 7:
                frames = [
                    bytearray(chance.randbytes(chance.randrange(1, 40))) for _ in range(chance.randrange(5))
                ]
            desk.router.receive(b"eve%d" % (index % 50), frames)
            if not index % 50:
                desk.router.tick()
                for number in range(50):
                    desk.router.client_gone(b"eve%d" % number)

    flood(59_000)
    tracemalloc.start()
    try:
        flood(1_000)
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        flood(40_000)
        gc.collect()
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    # Less than three bytes a message: names that the JSON reader keeps for itself.
    assert after - before < 100_000
    assert desk.ask("ann", "ping").type == "result"
