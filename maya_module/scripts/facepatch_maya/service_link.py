"""The way to the service: find it, start it, notice when it falls silent. Nothing but `connect` ever waits."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Optional, Protocol

from facepatch.core.client import Client
from facepatch.core.connection import connection_path
from facepatch.core.errors import FacepatchError, UnavailableError
from facepatch.core.request import Request
from facepatch_maya import launch

log = logging.getLogger(__name__)

AWAY, STARTING, CONNECTING, HERE, LOST = "away", "starting", "connecting", "here", "lost"
"""No service; started by us and not there yet; greeted; talking; silent and looked for."""

GREETING_S = 5.0
"""A service that is there answers sooner."""
STARTING_S = 120.0
"""Importing it from a slow network disk takes this long at most."""
AGAIN_S = 0.3
SLICE_S = 0.05


class Process(Protocol):
    """What is asked of a service that was started here."""

    def poll(self) -> Optional[int]:
        """Its exit code, None while it runs."""
        ...


class ServiceLink:
    """The way to one service; `Backend` adds its jobs.

    open_client: makes a client that has not greeted yet. start_service: starts a service for the given folders.
    clock: seconds that never go back.
    """

    def __init__(
        self,
        *,
        open_client: Optional[Callable[[], Client]] = None,
        start_service: Optional[Callable[[Sequence[Path]], Process]] = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.client: Optional[Client] = None
        """For live streams; None while there is no service."""
        self.state = AWAY
        self.sentence = "Not connected to a service."
        """How it stands with the service, for the status line."""
        self._open_client = open_client or (lambda: Client.open(name="Maya"))
        self._start_service = start_service or _start
        self._clock = clock
        self._process: Optional[Process] = None
        self._until = self._next = 0.0
        self._greeting: Optional[Request] = None
        self._changes = 0

    @property
    def lost(self) -> bool:
        """Whether the service has fallen silent. It is looked for; its jobs are followed again when it is back."""
        return self.state == LOST

    def open(self) -> None:
        """Look for a running service and greet it, without waiting: `poll` does the rest."""
        if self.state == AWAY:
            self._set(CONNECTING, "Looking for the service.")
            self._until = self._clock() + GREETING_S
            self._next = self._clock()

    def start(self, roots: Sequence[Path] = ()) -> None:
        """Start a service apart from Maya and connect to it, without waiting.

        roots: folders that its jobs may use beside the home folder and those of FACEPATCH_ROOTS. Raises
        UnavailableError where the command is not known or cannot be run.
        """
        if self.state in (STARTING, HERE):
            return
        self._process = self._start_service(roots)
        if self.state != LOST:
            # One that is lost is found again by the client itself.
            self._drop_client()
            self._set(STARTING, "Starting the service.")
            self._until = self._clock() + STARTING_S
            self._next = self._clock()

    def connect(
        self, timeout_s: float = GREETING_S, *, start: bool = False, roots: Sequence[Path] = ()
    ) -> None:
        """Wait until the service is there. start: start one where none runs.

        Raises UnavailableError where there is none, and what `start` raises.
        """
        if self.state == AWAY:
            self.open()
            self._until = self._clock() + timeout_s
        self._wait_until_settled()
        if self.state == AWAY and start:
            self.start(roots)
            self._wait_until_settled()
        if self.state not in (HERE, LOST):
            raise UnavailableError(self.sentence)

    def close(self) -> None:
        """Let go of the service. Its jobs go on."""
        self._drop_client()
        self._set(AWAY, "Not connected to a service.")
        self._left("")

    def _wait_until_settled(self) -> None:
        pause = threading.Event()
        while self.state in (STARTING, CONNECTING):
            self.poll()
            if self.client is not None:
                self.client.poll(SLICE_S)
            else:
                pause.wait(SLICE_S)

    def pump(self) -> None:
        """Wait a moment for what comes, and `poll`: for the loop of a script."""
        if self.client is None:
            threading.Event().wait(SLICE_S)
        else:
            self.client.poll(SLICE_S)
        self.poll()

    def poll(self) -> bool:
        """Take in what has come and do what is due. Never waits. True where there is something new to show."""
        before = self._changes
        if self.client is None:
            if self.state in (STARTING, CONNECTING) and self._clock() >= self._next:
                self._try()
        else:
            try:
                self.client.poll(0.0)
            except FacepatchError as error:
                log.warning("%s", error)
            self._tend(self.client)
        return self._changes != before

    def _tend(self, client: Client) -> None:
        if self._greeting is not None:
            self._take_greeting(client, self._greeting)
        elif client.lost != (self.state == LOST):
            state = (
                (LOST, "The service is silent. It is looked for.") if client.lost else (HERE, self._welcome())
            )
            self._set(*state)

    def _arrived(self) -> None:
        """The service is there."""

    def _left(self, sentence: str) -> None:
        """There is no service after all, or it was let go; `sentence` says why, "" where that was wanted."""

    def _try(self) -> None:
        """Look for a service that is there, or that has been started."""
        self._next = self._clock() + AGAIN_S
        code = self._process.poll() if self.state == STARTING and self._process else None
        if code is not None:
            words = launch.last_words()
            self._give_up(
                f"The service ended at once (exit code {code}). {words} Its log: {launch.log_path()}"
            )
            return
        try:
            self.client = self._open_client()
        except UnavailableError as error:
            # While it starts, its connection file is not there yet.
            if self.state == CONNECTING or self._clock() >= self._until:
                self._give_up(str(error))
        except FacepatchError as error:
            self._give_up(str(error))
        else:
            self._greeting = self.client.greet()

    def _take_greeting(self, client: Client, greeting: Request) -> None:
        if not greeting.done:
            if self._clock() >= self._until:
                path = connection_path()
                self._give_up(
                    f"No service answers. {path} may be left from one that was killed. Start it anew."
                )
            elif self.state == STARTING and self._clock() >= self._next + GREETING_S:
                # The file was that of an older one.
                self._drop_client()
            return
        self._greeting = None
        try:
            greeting.result()
        except FacepatchError as error:
            self._give_up(str(error))
            return
        self._set(HERE, self._welcome())
        self._arrived()

    def _here(self) -> Client:
        if self.client is None:
            raise UnavailableError(f"{self.sentence} Start the service first.")
        return self.client

    def _welcome(self) -> str:
        welcome = self._here().welcome
        assert welcome is not None
        return f"Service of facepatch {welcome.facepatch} on {', '.join(welcome.devices) or 'no device'}."

    def _set(self, state: str, sentence: str) -> None:
        self.state, self.sentence = state, sentence
        self._changes += 1

    def _give_up(self, sentence: str) -> None:
        self._drop_client()
        self._set(AWAY, sentence)
        self._left(sentence)

    def _drop_client(self) -> None:
        client, self.client, self._greeting = self.client, None, None
        if client is not None:
            client.close()


def _start(roots: Sequence[Path]) -> Process:
    wanted = dict.fromkeys([*launch.known_roots(), *roots])
    return launch.start_service(launch.find_command(), roots=[root for root in wanted if root.is_dir()])
