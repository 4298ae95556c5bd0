"""Server -> client: what each reply that is not the last says (docs/protocol.md, "Partials")."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Optional, TypeVar, cast

from facepatch.core.axes import Float32, Float64, UInt8
from facepatch.core.errors import ProtocolError
from facepatch.core.progress import Progress
from facepatch.core.protocol.fields import Body, numbered_array, read_fields
from facepatch.core.protocol.message import PARTIAL, Message

_Partial = TypeVar("_Partial", bound="Partial")


class Partial(Body):
    """Server -> client: a reply that is not the last. `KIND` says which."""

    KIND: ClassVar[str] = ""

    def to_message(self, reply_to: str, *, seq: int = 0, job: str = "") -> Message:
        """This partial in reply to the request of that id."""
        body = {"kind": self.KIND, "seq": seq, "job": job, **self.to_body()}
        return Message(PARTIAL, body=body, arrays=self.to_arrays(), reply_to=reply_to)

    @classmethod
    def from_message(cls: type[_Partial], message: Message) -> _Partial:
        """Read the body. Raises ProtocolError on a missing key or a wrong type."""
        return read_fields(cls, message.body, cls.KIND, cls.read_arrays(message))


@dataclass(frozen=True)
class StateChange(Partial):
    """The job went into another state. The first reply to a submission."""

    KIND: ClassVar[str] = "state"
    state: str
    attempt: int = 0
    """1 with the first worker that took it."""
    message: str = ""


@dataclass(frozen=True)
class ProgressReport(Partial):
    """`core.progress.Progress` with its rate."""

    KIND: ClassVar[str] = "progress"
    stage: str
    done: int = 0
    total: int = 0
    """0 where it is not known."""
    unit: str = "frames"
    message: str = ""
    values: dict[str, float] = field(default_factory=dict[str, float])
    """Losses and the like, finite ones only."""
    rate: float = 0.0
    """Units per second; 0 where it is not known yet."""
    left_s: Optional[float] = None
    """Seconds that the stage still needs; None where they are not known."""

    @classmethod
    def from_progress(
        cls, progress: Progress, *, rate: float = 0.0, left_s: Optional[float] = None
    ) -> ProgressReport:
        """The report of `progress`. Values that are not finite are left out, since JSON has no NaN."""
        values = {name: float(value) for name, value in progress.values.items() if math.isfinite(value)}
        return cls(
            progress.stage,
            progress.done,
            progress.total,
            progress.unit,
            progress.message,
            values,
            rate,
            left_s,
        )

    @property
    def progress(self) -> Progress:
        """As a callback of a local job would get it."""
        return Progress(self.stage, self.done, self.total, self.unit, self.message, dict(self.values))


@dataclass(frozen=True, eq=False)
class Preview(Partial):
    """A picture of what a model can do so far."""

    KIND: ClassVar[str] = "preview"
    ARRAYS: ClassVar[Mapping[str, tuple[str, str]]] = {"picture": ("|u1", "H W 3")}
    stage: str
    iteration: int
    picture: UInt8


@dataclass(frozen=True, eq=False)
class StreamStart(Partial):
    """First partial of a stream that runs: what the frames mean."""

    KIND: ClassVar[str] = "stream"
    names: tuple[str, ...]
    """(M,) of the weights."""
    rate: tuple[int, int]
    """Frames per second of the source as a fraction; (0, 1) where it is not known."""
    delay_ms: float = 0.0
    """Of the smoothing, beside the time that the computing takes."""
    models: str = ""
    """The folder of the models, on the server."""
    policy: str = "newest"
    """"newest": frames that a client is too slow for are dropped. "all": none is."""
    source: str = ""
    """Its name, for people."""
    controls: tuple[str, ...] = ()
    """(C,) of the rig, where the stream was asked for one."""
    units: tuple[str, ...] = ()
    """(C,) of the controls: "degrees", "centimetres", or "" for plain numbers."""


@dataclass(frozen=True, eq=False)
class Frame(Partial):
    """One frame of a stream."""

    KIND: ClassVar[str] = "frame"
    ARRAYS: ClassVar[Mapping[str, tuple[str, str]]] = {
        "weights": ("<f4", "M"),
        "head_pose": ("<f8", "4 4"),
        "controls": ("<f4", "C"),
    }
    frame: int
    """Of the source."""
    frame_seq: int
    """Counts the frames that the stream made, from 0 and without gaps: a gap is what was lost on the way."""
    weights: Float32
    """(M,)"""
    head_pose: Float64
    """(4, 4)"""
    time_s: float = 0.0
    """Of the frame in its source."""
    captured_s: float = 0.0
    decoded_s: float = 0.0
    sent_s: float = 0.0
    """Wall clock of the server's machine, seconds since 1970."""
    age_ms: float = 0.0
    """From decoded to sent, by a clock that never jumps."""
    flags: int = 0
    """Sum of those of core.data.clip: NO_FACE, HELD, EASED, CLOSED_LEFT, CLOSED_RIGHT."""
    dropped: int = 0
    """Frames of the source that were dropped before this one, since it was too fast."""
    controls: Optional[Float32] = None
    """(C,) values of `StreamStart.controls`; None where the stream was asked for no rig."""


@dataclass(frozen=True, eq=False)
class Curve:
    """A number over the course of a stage, thinned."""

    stage: str
    name: str
    points: Float64
    """(points, 2): done, value"""


@dataclass(frozen=True, eq=False)
class Snapshot(Partial):
    """First reply to `watch`: all that a newcomer needs."""

    KIND: ClassVar[str] = "snapshot"
    ARRAYS: ClassVar[Mapping[str, tuple[str, str]]] = {"picture": ("|u1", "H W 3")}
    state: str
    verb: str = ""
    label: str = ""
    attempt: int = 0
    message: str = ""
    progress: tuple[ProgressReport, ...] = ()
    """The newest of each stage."""
    curves: tuple[Curve, ...] = ()
    stage: str = ""
    iteration: int = 0
    picture: Optional[UInt8] = None
    """The newest preview, of `stage` at `iteration`."""

    def to_body(self) -> dict[str, Any]:
        """The points of the curves travel as arrays."""
        curves = [{"stage": curve.stage, "name": curve.name} for curve in self.curves]
        kept = {name: value for name, value in vars(self).items() if name not in ("picture", "progress")}
        return {**kept, "progress": [report.to_body() for report in self.progress], "curves": curves}

    def to_arrays(self) -> dict[str, Any]:
        """The picture, and one array for each curve."""
        return {**super().to_arrays(), **{f"curve_{i:03}": c.points for i, c in enumerate(self.curves)}}

    @classmethod
    def from_message(cls, message: Message) -> Snapshot:
        """Read the body. Raises ProtocolError on a missing key or a wrong type."""
        body = dict(message.body)
        rows: Any = body.pop("progress", [])
        names: Any = body.pop("curves", [])
        if not isinstance(rows, list) or not isinstance(names, list):
            raise ProtocolError("snapshot: progress and curves need to be lists.")
        reports = tuple(read_fields(ProgressReport, row, "snapshot", {}) for row in cast("list[Any]", rows))
        curves: list[Curve] = []
        for index, row in enumerate(cast("list[Any]", names)):
            points = numbered_array(message, "curve", index, "<f8", 2)
            curves.append(read_fields(Curve, row, "snapshot", {"points": points}))
        found = read_fields(cls, body, "snapshot", cls.read_arrays(message))
        return replace(found, progress=reports, curves=tuple(curves))


@dataclass(frozen=True)
class ServerEvent(Partial):
    """Something about the server itself, sent to everyone who follows a job."""

    KIND: ClassVar[str] = "server"
    event: str
    """"stopping": it ends in good order; its jobs go on when it is started again."""
    message: str = ""


PARTIALS: dict[str, type[Partial]] = {
    kind.KIND: kind
    for kind in (StateChange, ProgressReport, Preview, StreamStart, Frame, Snapshot, ServerEvent)
}
"""Kind -> what it says."""


def read_partial(message: Message) -> Optional[Partial]:
    """The dataclass of a partial; None for a kind that is not known. Raises ProtocolError on a wrong body."""
    kind = PARTIALS.get(str(message.body.get("kind")))
    return kind.from_message(message) if kind else None
