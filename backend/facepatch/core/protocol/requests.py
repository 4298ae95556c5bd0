"""Client -> server: what each request says (docs/protocol.md, "Requests")."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from facepatch.core.errors import ProtocolError
from facepatch.core.protocol.fields import Body, read_fields
from facepatch.core.protocol.message import Message, new_id
from facepatch.core.protocol.version import MINOR

JOB_VERBS = ("character", "run", "train", "retarget", "solve_rig", "stream")
"""Requests that make a job."""

_Request = TypeVar("_Request", bound="Request")


class Request(Body):
    """Client -> server. The type of the message is `TYPE`."""

    TYPE: ClassVar[str] = ""

    def to_message(self, *, token: str = "", request_id: str = "") -> Message:
        """This request as a message, under a new id unless one is given."""
        return Message(
            self.TYPE, request_id or new_id(), body=self.to_body(), arrays=self.to_arrays(), token=token
        )

    @classmethod
    def from_message(cls: type[_Request], message: Message) -> _Request:
        """Read the body. Raises ProtocolError on a missing key or a wrong type."""
        return read_fields(cls, message.body, message.type, cls.read_arrays(message))


@dataclass(frozen=True)
class Hello(Request):
    """First of all: who asks, and which minor version it speaks."""

    TYPE: ClassVar[str] = "hello"
    client: str = ""
    """A name for logs."""
    minor: int = MINOR


@dataclass(frozen=True)
class Ping(Request):
    """Answered at once, with the arrays that came with it. Also the heartbeat."""

    TYPE: ClassVar[str] = "ping"


@dataclass(frozen=True)
class Submit(Request):
    """Makes a job. The type of the message is the verb."""

    verb: str
    arguments: dict[str, Any] = field(default_factory=dict[str, Any])
    priority: int = 0
    """Higher goes first."""
    label: str = ""
    """A name for people."""

    def to_body(self) -> dict[str, Any]:
        """The verb stands in the header."""
        return {"arguments": self.arguments, "priority": self.priority, "label": self.label}

    def to_message(self, *, token: str = "", request_id: str = "") -> Message:
        """This request as a message, under a new id unless one is given."""
        return Message(self.verb, request_id or new_id(), body=self.to_body(), token=token)

    @classmethod
    def from_message(cls, message: Message) -> Submit:
        """Read the body. Raises ProtocolError on a missing key or a wrong type."""
        return read_fields(cls, {**message.body, "verb": message.type}, message.type, {})


@dataclass(frozen=True)
class Watch(Request):
    """Follows a job from now on: a snapshot, partials, and the job's result or error."""

    TYPE: ClassVar[str] = "watch"
    job: str


@dataclass(frozen=True)
class Unwatch(Request):
    """Ends what `watch` and the submission began for this client. The job goes on."""

    TYPE: ClassVar[str] = "unwatch"
    job: str


@dataclass(frozen=True)
class Jobs(Request):
    """Lists jobs, the newest first."""

    TYPE: ClassVar[str] = "jobs"
    states: tuple[str, ...] = ()
    """Only these; empty for all."""
    limit: int = 0
    """At most so many; 0 for as many as one message holds."""


@dataclass(frozen=True)
class Cancel(Request):
    """Stops a job."""

    TYPE: ClassVar[str] = "cancel"
    job: str


@dataclass(frozen=True)
class Remove(Request):
    """Forgets a job that has ended, and its previews; never its files."""

    TYPE: ClassVar[str] = "remove"
    job: str


@dataclass(frozen=True)
class Previews(Request):
    """The last preview pictures of a job."""

    TYPE: ClassVar[str] = "previews"
    job: str


REQUESTS: dict[str, type[Request]] = {
    kind.TYPE: kind for kind in (Hello, Ping, Watch, Unwatch, Jobs, Cancel, Remove, Previews)
}
"""Type -> what it says; every verb of JOB_VERBS is a Submit."""
REQUESTS.update(dict.fromkeys(JOB_VERBS, Submit))


def read_request(message: Message) -> Request:
    """The dataclass of a request. Raises ProtocolError on an unknown type and on a wrong body."""
    if message.type not in REQUESTS:
        raise ProtocolError(
            f"request: there is no type '{message.type[:40]}' here. Known: {', '.join(sorted(REQUESTS))}."
        )
    return REQUESTS[message.type].from_message(message)
