"""When a client pings, when it gives the service up for lost, and when it greets it anew: a clock and two answers.

docs/protocol.md, "Heartbeats". Holds no socket and sends nothing: `due` says what to do next.
"""

from __future__ import annotations

from collections.abc import Callable

HEARTBEAT_S = 2.0
"""Between two pings, and between two attempts to find a lost service."""
SILENCE_S = 6.0
"""A service that says nothing for so long is lost."""

REST, PING, GREET, SEARCH = "rest", "ping", "greet", "search"
"""What is due: nothing; a ping; a hello on the same transport; a hello on a new one."""


class Lifeline:
    """The client's idea of whether the service is there. clock: seconds that never go back."""

    def __init__(self, clock: Callable[[], float], connections: int) -> None:
        self._clock = clock
        self._connections = connections
        self._pinged = self._heard = self._greeted = clock()
        self.pinging = False
        """A ping is not answered yet."""
        self.greeting = False
        """A hello is not answered yet."""
        self.lost = False
        """The service is silent."""

    def hear(self) -> None:
        """Something came."""
        self._heard = self._clock()

    def ping_answered(self) -> None:
        """The service answers."""
        self.pinging = self.lost = False

    def greeting_answered(self) -> None:
        """The service is there again."""
        self.pinging = self.greeting = self.lost = False
        self._pinged = self._clock()

    def renew(self, connections: int) -> None:
        """There is a new transport, which made `connections` so far."""
        self._connections = connections

    def greet(self) -> None:
        """A hello is sent now."""
        self.greeting = True
        self._greeted = self._clock()

    def due(self, *, open_requests: bool, connections: int) -> str:
        """REST, PING, GREET or SEARCH; a ping that is due counts as sent.

        connections: how often the transport has made a connection. A connection made anew may have swallowed replies,
        so the service is greeted again even though it never fell silent.
        """
        broken = connections > max(self._connections, 1)
        self._connections = connections
        now = self._clock()
        if not open_requests:
            self.pinging = self.greeting = False
            return REST
        if self.greeting:
            return SEARCH if now - self._greeted >= HEARTBEAT_S else REST
        if broken:
            return GREET
        if self.pinging:
            # Counted from the ping, since a host may not have polled for a long time before it.
            self.lost = now - max(self._heard, self._pinged) >= SILENCE_S - HEARTBEAT_S
            return SEARCH if self.lost else REST
        if now - self._pinged < HEARTBEAT_S:
            return REST
        self.pinging, self._pinged = True, now
        return PING
