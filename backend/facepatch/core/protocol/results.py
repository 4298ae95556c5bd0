"""Server -> client: what the last reply to each request says (docs/protocol.md, "Results").

The results of jobs are plain objects: docs/protocol.md, "Jobs".
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

from facepatch.core.axes import UInt8
from facepatch.core.errors import FacepatchError, ProtocolError, error_from_code
from facepatch.core.protocol.fields import Body, numbered_array, read_fields
from facepatch.core.protocol.message import ERROR, RESULT, Message

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
JOB_STATES = (QUEUED, RUNNING, DONE, FAILED, CANCELLED)
ENDED_STATES = (DONE, FAILED, CANCELLED)

_Result = TypeVar("_Result", bound="Result")


class Result(Body):
    """Server -> client: the last reply to a request."""

    def to_message(self, reply_to: str) -> Message:
        """This result in reply to the request of that id."""
        return Message(RESULT, body=self.to_body(), arrays=self.to_arrays(), reply_to=reply_to)

    @classmethod
    def from_message(cls: type[_Result], message: Message) -> _Result:
        """Read the body. Raises ProtocolError on a missing key or a wrong type."""
        return read_fields(cls, message.body, message.type, cls.read_arrays(message))


@dataclass(frozen=True)
class Welcome(Result):
    """Result of `hello`."""

    protocol: tuple[int, int]
    """Major and minor version."""
    facepatch: str = ""
    """Version of the package."""
    capabilities: tuple[str, ...] = ()
    """The types of request that are understood."""
    devices: tuple[str, ...] = ()
    server: str = ""
    """A random id that is new at each start of the server."""


@dataclass(frozen=True)
class Pong(Result):
    """Result of `ping`; the arrays of the request come back beside it."""

    server: str = ""
    """As in Welcome: a client that sees it change has lost what it was following."""


@dataclass(frozen=True)
class JobRecord(Body):
    """One line of the list of jobs. Times are ISO 8601 with zone, of the server's clock, for display only."""

    job: str
    verb: str = ""
    label: str = ""
    state: str = ""
    priority: int = 0
    attempts: int = 0
    created: str = ""
    started: str = ""
    ended: str = ""
    progress: dict[str, Any] = field(default_factory=dict[str, Any])
    """The fields of the newest ProgressReport; empty before the first."""
    out: str = ""
    """The folder of the result."""
    error: dict[str, Any] = field(default_factory=dict[str, Any])
    """code and message where it failed."""


@dataclass(frozen=True)
class JobList(Result):
    """Result of `jobs`, the newest first."""

    jobs: tuple[JobRecord, ...] = ()
    total: int = 0
    """Jobs that match, of which the list may hold only the newest."""

    @classmethod
    def from_message(cls, message: Message) -> JobList:
        """Read the body. Raises ProtocolError on a missing key or a wrong type."""
        rows: Any = message.body.get("jobs", [])
        if not isinstance(rows, list):
            raise ProtocolError("jobs: needs a list.")
        jobs = tuple(read_fields(JobRecord, row, "jobs", {}) for row in cast("list[Any]", rows))
        found = read_fields(cls, {"total": message.body.get("total", len(jobs))}, "jobs", {})
        return replace(found, jobs=jobs)


@dataclass(frozen=True)
class JobState(Result):
    """Result of `cancel`: the state that the job is in now."""

    state: str


@dataclass(frozen=True, eq=False)
class Picture:
    """One preview: source | rebuilt | reenacted of each patch."""

    stage: str
    iteration: int
    picture: UInt8
    """(H, W, 3)"""


@dataclass(frozen=True, eq=False)
class PreviewList(Result):
    """Result of `previews`, the newest last."""

    pictures: tuple[Picture, ...] = ()

    def to_message(self, reply_to: str) -> Message:
        """Each picture as an array of its own."""
        rows = [{"stage": item.stage, "iteration": item.iteration} for item in self.pictures]
        arrays: dict[str, Any] = {f"preview_{i:03}": item.picture for i, item in enumerate(self.pictures)}
        return Message(RESULT, body={"previews": rows}, arrays=arrays, reply_to=reply_to)

    @classmethod
    def from_message(cls, message: Message) -> PreviewList:
        """Read the body. Raises ProtocolError on a missing key or a wrong type."""
        rows: Any = message.body.get("previews", [])
        if not isinstance(rows, list):
            raise ProtocolError("previews: needs a list.")
        pictures: list[Picture] = []
        for index, row in enumerate(cast("list[Any]", rows)):
            picture = numbered_array(message, "preview", index, "|u1", 3)
            pictures.append(read_fields(Picture, row, "previews", {"picture": picture}))
        return cls(tuple(pictures))


def error_message(error: FacepatchError, reply_to: str) -> Message:
    """The last reply to a request that failed."""
    return Message(ERROR, body={"code": error.code, "message": str(error)}, reply_to=reply_to)


def read_error(message: Message) -> FacepatchError:
    """The error of an `error` message, of the class that its code names."""
    code, text = message.body.get("code"), message.body.get("message")
    if not isinstance(code, str) or not isinstance(text, str):
        return ProtocolError("error: came without a code and a message.")
    return error_from_code(code, text)
