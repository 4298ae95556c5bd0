"""service.outbox: bounded boxes in which the newest wins where only the newest counts. See also test_router."""

from __future__ import annotations

from facepatch.core.protocol import Message, decode
from facepatch.service.outbox import Entry, Outbox, Watch

REQUEST = "a" * 32


def partial(number: int) -> Message:
    return Message("partial", body={"kind": "x", "number": number}, reply_to=REQUEST)


def sent(box: Outbox) -> list[tuple[int, int]]:
    bodies = [decode(frames).body for frames in box.drain(b"ann")]
    return [(body["seq"], body["number"]) for body in bodies]


def test_while_the_socket_takes_what_comes_nothing_is_replaced() -> None:
    box, watch = Outbox(limit=10**6, clock=lambda: 0.0), Watch(b"ann", REQUEST, "job")
    for number in range(3):
        box.put(b"ann", Entry(partial(number), watch, slot="frame"))
    assert sent(box) == [(0, 0), (1, 1), (2, 2)]


def test_the_newest_of_a_slot_takes_the_place_of_what_is_blocked_and_numbers_have_no_gaps() -> None:
    box, watch = Outbox(limit=10**6, clock=lambda: 0.0), Watch(b"ann", REQUEST, "job")
    for number in range(10):
        box.put(b"ann", Entry(partial(number), watch, slot="even" if number % 2 == 0 else None))
        if number == 4:
            box.block(b"ann")
    assert sent(box) == [(0, 1), (1, 3), (2, 5), (3, 7), (4, 8), (5, 9)]
    assert box.waiting() == []


def test_what_is_being_sent_is_not_replaced() -> None:
    box, watch = Outbox(limit=10**6, clock=lambda: 0.0), Watch(b"ann", REQUEST, "job")
    box.put(b"ann", Entry(partial(1), watch, slot="frame"))
    first = box.head(b"ann")
    box.block(b"ann")
    box.put(b"ann", Entry(partial(2), watch, slot="frame"))
    assert box.head(b"ann") is first
    assert sent(box) == [(0, 1), (1, 2)]


def test_a_box_over_its_limit_says_so() -> None:
    box = Outbox(limit=5000, clock=lambda: 0.0)
    assert [box.put(b"ann", Entry(partial(number))) for number in range(6)] == [True] * 5 + [False]
    box.forget(b"ann")
    assert box.head(b"ann") is None


def test_a_partial_that_cannot_be_said_is_left_out_and_a_result_becomes_its_error() -> None:
    box, watch = Outbox(limit=10**6, clock=lambda: 0.0), Watch(b"ann", REQUEST, "job")
    box.put(b"ann", Entry(Message("partial", body={"kind": float("nan")}, reply_to=REQUEST), watch))
    box.put(b"ann", Entry(partial(2), watch))
    box.put(b"ann", Entry(Message("result", body={"files": {1, 2}}, reply_to=REQUEST), watch))
    replies = [decode(frames) for frames in box.drain(b"ann")]
    assert [reply.type for reply in replies] == ["partial", "error"]
    assert replies[0].body["seq"] == 0
    assert replies[1].body["code"] == "protocol"


def test_a_client_stalls_when_nothing_leaves_although_something_waits() -> None:
    now = [0.0]
    box, watch = Outbox(limit=10**6, clock=lambda: now[0]), Watch(b"ann", REQUEST, "job")
    assert not box.stalled(b"ann", 5)
    box.put(b"ann", Entry(partial(1), watch, frame=1))
    box.put(b"ann", Entry(partial(2), watch))
    now[0] = 6.0
    assert box.stalled(b"ann", 5)
    box.drop_frames(b"ann")
    assert watch.delivered == 1
    assert sent(box) == [(0, 2)]
    assert not box.stalled(b"ann", 5)
