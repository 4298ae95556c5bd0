"""The error tree. Every message is a sentence: what happened, with which values, what to do next.

FacepatchError                         "facepatch"
  InputError (ValueError)              "input"
    ShapeError                         "input.shape"
    TopologyError                      "input.topology"
    UnknownNameError                   "input.name"      gives the nearest names
    NoFaceError                        "input.no_face"   lists the frames
    VideoError                         "input.video"
    FormatError                        "input.format"    a file that is not what its name says
    VersionError                       "input.version"   made by another version of facepatch
  ConfigError (ValueError)             "config"
  HostError                            "host"            the program with the scene refuses or fails
    NodeNotFoundError                  "host.node"       gives the nearest names
    LockedError                        "host.locked"
    UnsupportedError                   "host.unsupported"
  ModelError                           "model"
    CheckpointError                    "model.checkpoint"
    DivergedError                      "model.diverged"  says what was rolled back
  SolveError                           "solve"
  ExportError                          "export"
  StorageError                         "storage"         disk full, folder not writable
  ProtocolError                        "protocol"        a message that is not as docs/protocol.md says
    ProtocolVersionError               "protocol.version"
    LimitError                         "protocol.limit"
  ServiceError                         "service"
    UnavailableError                   "service.unavailable"
    TimedOutError                      "service.timeout"
    ForbiddenError                     "service.forbidden"
    UnknownJobError                    "service.job"
    WorkerDiedError                    "service.worker"
  JobCancelledError                    "cancelled"
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


class FacepatchError(Exception):
    """Anything that facepatch itself refuses or fails at."""

    code = "facepatch"


class InputError(FacepatchError, ValueError):
    """What the user handed in cannot be used."""

    code = "input"


class ShapeError(InputError):
    """An array has the wrong shape or type, or values that are not finite."""

    code = "input.shape"


class TopologyError(InputError):
    """Two things that must share one vertex order do not."""

    code = "input.topology"


class UnknownNameError(InputError):
    """A name that nothing here has. The message gives the nearest names."""

    code = "input.name"
    name = ""
    nearest: tuple[str, ...] = ()

    def __init__(self, what: str, name: str, known: Iterable[str], advice: str = "") -> None:
        self.name = name
        self.nearest = _nearest(name, known)
        super().__init__(_no_such(what, name, self.nearest, advice))


class NoFaceError(InputError):
    """No face where one is needed."""

    code = "input.no_face"
    frames: tuple[int, ...] = ()

    def __init__(self, message: str, frames: Sequence[int] = ()) -> None:
        super().__init__(message)
        self.frames = tuple(frames)


class VideoError(InputError):
    """A film that cannot be read."""

    code = "input.video"


class FormatError(InputError):
    """A file that is not what its name says."""

    code = "input.format"


class VersionError(InputError):
    """A file made by a version of facepatch that this one cannot read."""

    code = "input.version"


class ConfigError(FacepatchError, ValueError):
    """A setting that is unknown or out of range."""

    code = "config"


class HostError(FacepatchError):
    """The host, the program with the scene, refuses or fails."""

    code = "host"


class NodeNotFoundError(HostError):
    """A node or attribute that the scene does not have. The message gives the nearest names."""

    code = "host.node"
    name = ""
    nearest: tuple[str, ...] = ()

    def __init__(self, what: str, name: str, known: Iterable[str], advice: str = "") -> None:
        self.name = name
        self.nearest = _nearest(name, known)
        super().__init__(_no_such(what, name, self.nearest, advice))


class LockedError(HostError):
    """A node or attribute that is locked, or driven by something else."""

    code = "host.locked"


class UnsupportedError(HostError):
    """Something that this host, or this version of it, cannot do."""

    code = "host.unsupported"


class ModelError(FacepatchError):
    """A model that cannot be trained, loaded or used."""

    code = "model"


class CheckpointError(ModelError):
    """A checkpoint that is missing, damaged or of other settings."""

    code = "model.checkpoint"


class DivergedError(ModelError):
    """Training that left the finite numbers for the second time."""

    code = "model.diverged"


class SolveError(FacepatchError):
    """A rig that cannot be solved for."""

    code = "solve"


class ExportError(FacepatchError):
    """A result that a file format cannot hold."""

    code = "export"


class StorageError(FacepatchError):
    """A disk that is full or a folder that cannot be written."""

    code = "storage"


class ProtocolError(FacepatchError):
    """A message that is not as docs/protocol.md says."""

    code = "protocol"
    request_id = ""
    """The id of the message, where its header could be read: an error can then be sent in reply to it."""


class ProtocolVersionError(ProtocolError):
    """A message of another major version of the protocol."""

    code = "protocol.version"


class LimitError(ProtocolError):
    """A message that is larger than the protocol allows."""

    code = "protocol.limit"


class ServiceError(FacepatchError):
    """The service, or the way to it, failed at something that is not the job's own fault."""

    code = "service"


class UnavailableError(ServiceError):
    """There is no service to talk to."""

    code = "service.unavailable"


class TimedOutError(ServiceError):
    """No answer within the time that the caller gave."""

    code = "service.timeout"


class ForbiddenError(ServiceError):
    """A wrong token or key, or a path outside the folders that the service may use."""

    code = "service.forbidden"


class UnknownJobError(ServiceError):
    """A job that the service does not have."""

    code = "service.job"


class WorkerDiedError(ServiceError):
    """The process that did the job ended by itself, more often than is tried again."""

    code = "service.worker"


class JobCancelledError(FacepatchError):
    """The caller asked to stop; everything up to the last checkpoint is kept."""

    code = "cancelled"


def error_from_code(code: str, message: str) -> FacepatchError:
    """The error that another process named by `code`, of the same class and with the same sentence.

    A code that is not known here gives the nearest class above it: `model.new` a ModelError, `new` a FacepatchError.
    """
    classes = {kind.code: kind for kind in _descendants(FacepatchError)}
    # A stranger's code may have a million dots.
    code = code[:200]
    while code not in classes:
        code = code.rpartition(".")[0] or FacepatchError.code
    # Some classes build their sentence from parts; here it is whole already.
    return classes[code].__new__(classes[code], message)


def _nearest(name: str, known: Iterable[str]) -> tuple[str, ...]:
    names = sorted(known)
    return tuple(difflib.get_close_matches(name, names, n=3, cutoff=0.5) or names[:8])


def _no_such(what: str, name: str, nearest: Sequence[str], advice: str) -> str:
    listed = ", ".join(nearest) if nearest else "none"
    return f"{what}: there is no '{name}'. Nearest: {listed}. {advice}".rstrip()


def _descendants(kind: type[FacepatchError]) -> list[type[FacepatchError]]:
    return [kind, *(below for child in kind.__subclasses__() for below in _descendants(child))]
