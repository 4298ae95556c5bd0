"""What waits to be sent, client by client: bounded, and the newest wins where only the newest counts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from facepatch.core.errors import ProtocolError
from facepatch.core.protocol import PARTIAL, Message, encode, error_message
from facepatch.core.protocol.codec import Frame

log = logging.getLogger(__name__)

OVERHEAD = 1000
"""Bytes that a message takes beside its arrays, roughly."""
MAX_WAITING = 20_000
"""Messages that may wait for one client."""


@dataclass(eq=False)
class Watch:
    """One request of one client that follows a job."""

    client: bytes
    request: str
    job: str
    seq: int = 0
    """Partials sent so far."""
    delivered: int = 0
    """The newest frame of a stream that was handed on, or was dropped on purpose."""


@dataclass(eq=False)
class Entry:
    """A message that waits."""

    message: Message
    watch: Watch | None = None
    frame: int = 0
    """Which frame of a stream this is."""
    slot: Hashable = None

    @property
    def size(self) -> int:
        """Bytes of memory, roughly."""
        return OVERHEAD + sum(array.nbytes for array in self.message.arrays.values())


@dataclass(eq=False)
class Box:
    """The messages for one client, in order."""

    entries: dict[int, Entry] = field(default_factory=dict)
    slots: dict[Hashable, int] = field(default_factory=dict)
    size: int = 0
    count: int = 0
    blocked: bool = False
    """The socket took no more when it was last tried."""
    moved: float = 0.0
    """When something last left, or the box was last empty."""
    encoded: list[Frame] | None = None
    """The first entry's frames, while the socket cannot take them."""


class Outbox:
    """The boxes of all clients. `limit`: bytes for one client, `clock`: any that never jumps."""

    def __init__(self, *, limit: int, clock: Callable[[], float]) -> None:
        self._limit, self._clock = limit, clock
        self._boxes: dict[bytes, Box] = {}

    def put(self, client: bytes, entry: Entry) -> bool:
        """Queue `entry`. False where the box is over its limit.

        Where the client's socket is blocked, an entry with the same slot that still waits is dropped.
        """
        box = self._boxes.setdefault(client, Box(moved=self._clock()))
        if not box.entries:
            box.moved = self._clock()
        if box.blocked and entry.slot is not None and entry.slot in box.slots:
            self._take_out(box, box.slots[entry.slot])
        box.count += 1
        box.entries[box.count] = entry
        box.size += entry.size
        if entry.slot is not None:
            box.slots[entry.slot] = box.count
        return box.size <= self._limit and len(box.entries) <= MAX_WAITING

    def waiting(self) -> list[bytes]:
        """Clients with something to send."""
        return list(self._boxes)

    def head(self, client: bytes) -> list[Frame] | None:
        """The frames to send next. The same until `sent` is called."""
        while (box := self._boxes.get(client)) is not None:
            if box.encoded is not None:
                return box.encoded
            number, entry = next(iter(box.entries.items()))
            # From now on nothing takes its place: its number in the sequence is given.
            if entry.slot is not None and box.slots.get(entry.slot) == number:
                del box.slots[entry.slot]
            message = entry.message
            try:
                if entry.watch is not None and message.type == PARTIAL:
                    message = replace(message, body={**message.body, "seq": entry.watch.seq})
                    box.encoded = encode(message)
                    entry.watch.seq += 1
                else:
                    box.encoded = encode(message)
            except ProtocolError as error:
                log.warning("A %s cannot be sent: %s", message.type, error)
                if message.type == PARTIAL:
                    self.sent(client)
                else:
                    box.encoded = encode(error_message(error, message.reply_to))
        return None

    def sent(self, client: bytes) -> None:
        """The head has left, or is given up."""
        box = self._boxes.get(client)
        if box is None:
            return
        entry = self._take_out(box, next(iter(box.entries)))
        if entry.watch is not None and entry.frame:
            entry.watch.delivered = max(entry.watch.delivered, entry.frame)
        box.encoded, box.moved, box.blocked = None, self._clock(), False
        if not box.entries:
            del self._boxes[client]

    def block(self, client: bytes) -> None:
        """The client's socket takes no more: of each slot only the newest still counts."""
        box = self._boxes.get(client)
        if box is None:
            return
        box.blocked = True
        first = next(iter(box.entries))
        for number, entry in list(box.entries.items()):
            newest = box.slots.get(entry.slot) if entry.slot is not None else None
            if newest not in (None, number) and not (number == first and box.encoded is not None):
                self._take_out(box, number)

    def drain(self, client: bytes) -> Iterator[list[Any]]:
        """Send everything to the caller: for tests and for the last moments of a server."""
        while (frames := self.head(client)) is not None:
            yield list(frames)
            self.sent(client)

    def stalled(self, client: bytes, seconds: float) -> bool:
        """Whether nothing has left for so long although something waits."""
        box = self._boxes.get(client)
        return box is not None and self._clock() - box.moved > seconds

    def drop_frames(self, client: bytes) -> None:
        """Give up the frames that wait for a client that has stalled, so that a stream need not wait for it."""
        box = self._boxes.get(client)
        if box is None:
            return
        first = next(iter(box.entries))
        for number, entry in list(box.entries.items()):
            if entry.frame and entry.watch is not None and not (number == first and box.encoded is not None):
                self._take_out(box, number)
                entry.watch.delivered = max(entry.watch.delivered, entry.frame)
        if not box.entries:
            del self._boxes[client]

    def forget(self, client: bytes) -> None:
        """Drop everything for `client`."""
        self._boxes.pop(client, None)

    def _take_out(self, box: Box, number: int) -> Entry:
        entry = box.entries.pop(number)
        box.size -= entry.size
        if entry.slot is not None and box.slots.get(entry.slot) == number:
            del box.slots[entry.slot]
        return entry
