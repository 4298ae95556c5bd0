"""core.lifeline: when to ping, when the service is lost. A clock that the test turns."""

from __future__ import annotations

import pytest

from facepatch.core.lifeline import GREET, HEARTBEAT_S, PING, REST, SEARCH, SILENCE_S, Lifeline


class Turned:
    """A clock and a lifeline, with requests open and one connection unless said otherwise."""

    def __init__(self) -> None:
        self.now = 0.0
        self.line = Lifeline(lambda: self.now, connections=0)

    def at(self, seconds: float, *, open_requests: bool = True, connections: int = 1) -> str:
        self.now = seconds
        return self.line.due(open_requests=open_requests, connections=connections)


@pytest.fixture
def turned() -> Turned:
    return Turned()


def test_a_ping_is_due_at_every_heartbeat(turned: Turned) -> None:
    assert turned.at(HEARTBEAT_S - 0.1) == REST
    assert turned.at(HEARTBEAT_S) == PING
    turned.line.ping_answered()
    assert turned.at(2 * HEARTBEAT_S) == PING


def test_nothing_is_due_while_nothing_is_open(turned: Turned) -> None:
    assert turned.at(100.0, open_requests=False) == REST
    assert turned.at(100.0) == PING


def test_silence_after_a_ping_is_a_loss(turned: Turned) -> None:
    assert turned.at(2.0) == PING
    assert turned.at(5.9) == REST
    assert turned.at(6.0) == SEARCH
    assert turned.line.lost
    assert SILENCE_S == 6.0


def test_a_service_that_says_other_things_is_not_lost(turned: Turned) -> None:
    turned.at(2.0)
    turned.now = 5.0
    turned.line.hear()
    assert turned.at(6.0) == REST
    assert turned.at(9.0) == SEARCH


def test_silence_counts_from_the_ping_and_not_from_before_a_pause(turned: Turned) -> None:
    assert turned.at(60.0) == PING
    assert turned.at(61.0) == REST
    assert not turned.line.lost


def test_a_hello_is_said_again_until_it_is_answered(turned: Turned) -> None:
    turned.at(2.0)
    assert turned.at(6.0) == SEARCH
    turned.line.greet()
    assert turned.at(7.0) == REST
    assert turned.at(8.0) == SEARCH
    turned.line.greet()
    turned.line.greeting_answered()
    assert not turned.line.lost
    assert turned.at(8.5) == REST


def test_only_a_connection_after_the_first_is_news(turned: Turned) -> None:
    assert turned.at(0.1, connections=0) == REST
    assert turned.at(0.2, connections=1) == REST
    assert turned.at(0.3, connections=2) == GREET
    assert turned.at(0.4, connections=2) == REST


def test_the_first_connection_of_a_new_transport_is_no_news(turned: Turned) -> None:
    turned.at(0.2, connections=3)
    turned.line.renew(0)
    assert turned.at(0.3, connections=1) == REST
    assert turned.at(0.4, connections=2) == GREET
