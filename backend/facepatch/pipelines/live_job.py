"""A live stream as a job: a source played through trained models, frame by frame to whoever listens.

    run_stream({"source": "camera:0", "models": "/jobs/hero/models"}, emit)

`emit(kind, body, arrays)` is called once with "stream", then with "frame" for every frame. It may raise
JobCancelledError, as may `on_progress`, which is called ten times a second also while no frame comes.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from facepatch.core.data.clip import NO_FACE
from facepatch.core.progress import OnProgress, Progress, silent
from facepatch.core.rate import parse_rate
from facepatch.core.schema import from_dict, merged
from facepatch.landmarks.detector import LandmarkDetector, LandmarkSettings
from facepatch.pipelines.live import STAGES, LiveFrame, LiveRetarget
from facepatch.pipelines.models import Models, load_models
from facepatch.pipelines.retarget import Calibration, read_calibration
from facepatch.pipelines.run import kept_settings, models_folder
from facepatch.pipelines.settings import LiveSettings
from facepatch.render.live_source import LiveImage, LiveSource, SourceSettings, open_source

if TYPE_CHECKING:
    from facepatch.pipelines.live_rig import LiveRig

Emit = Callable[[str, dict[str, Any], dict[str, np.ndarray]], None]
MakeDetector = Callable[[LandmarkSettings], LandmarkDetector]

RECENT = 4096
"""Frames that latencies are taken over, so that a stream of days needs no more memory than one of a minute."""
EVERY_S = 0.1


@dataclass(frozen=True)
class StreamArguments:
    """What a stream is asked for."""

    source: str
    """A film, a folder of numbered images, a URL, or camera:0 or camera:NAME."""
    models: str
    """The models folder of a run, or its OUT folder."""
    rate: str = "own"
    """own: as it happens, the newest frame wins; max: as fast as possible, nothing is dropped."""
    fps: str = ""
    """Frames per second as 24 or 24000/1001: a folder of images needs it, a film takes it instead of its own."""
    loop: bool = False
    """A film or folder begins again at its end."""
    rig: str = ""
    """A rig as `facepatch solve` takes it, its shapes known: each frame then has the values of its controls too."""
    settings: dict[str, Any] | None = None
    """Over LiveSettings, nested."""


def run_stream(
    arguments: Mapping[str, Any],
    emit: Emit,
    on_progress: OnProgress = silent,
    *,
    detector: MakeDetector | None = None,
) -> dict[str, Any]:
    """Stream until the source ends. Returns {"frames", "dropped", "without_face", "ended", "latency_ms", "stages_ms"}.

    Raises ConfigError for arguments that do not fit, CheckpointError without models, the errors of `read_live_rig` for
    the rig, InputError or VideoError for a source that is not there or breaks off. detector: instead of the one that
    the models were trained with.
    """
    plain = {key: value for key, value in arguments.items() if key != "settings"}
    asked = from_dict(StreamArguments, plain, "stream")
    folder = models_folder(Path(asked.models))
    kept = kept_settings(folder)
    settings = merged(
        LiveSettings(retarget=kept.retarget), dict(arguments.get("settings") or {}), "stream.settings"
    )
    models, calibration = load_models(folder), read_calibration(folder / "calibration.json")
    if settings.threads and models.weights.scale.device.type == "cpu":
        torch.set_num_threads(settings.threads)
    rig = _rig(asked.rig, models, settings, on_progress)
    with ExitStack() as stack:
        source = stack.enter_context(open_source(asked.source, source_settings(asked)))
        live = stack.enter_context(_warm(models, calibration, settings, kept.landmarks, detector))
        emit("stream", described(source, live, folder, rig=rig), {})
        tally = Tally(source, on_progress, stages=(*STAGES, rig.STAGE) if rig else STAGES)
        for image in source.frames(idle=tally.idle):
            frame = live.push(image.image, image.time_s)
            tally.count(image, rig.solved(frame) if rig else frame, emit)
        return tally.result()


def source_settings(asked: StreamArguments) -> SourceSettings:
    """How the source is played. Raises ConfigError for what is no rate."""
    return SourceSettings(rate=asked.rate, fps=parse_rate(asked.fps, "fps"), loop=asked.loop)


def described(
    source: LiveSource, live: LiveRetarget, folder: Path, *, rig: LiveRig | None = None
) -> dict[str, Any]:
    """What a listener must know before the first frame. A rate of 0 is not known."""
    return {
        "source": source.name,
        "models": str(folder),
        "names": list(live.names),
        "rate": list(source.fps or (0, 1)),
        "policy": source.policy,
        "delay_ms": round(1000 * live.delay_s, 2),
        "controls": list(rig.names if rig else ()),
        "units": list(rig.units if rig else ()),
    }


def _rig(path: str, models: Models, settings: LiveSettings, on_progress: OnProgress) -> LiveRig | None:
    """The rig in `path`, if one was asked for. Streams without one need not wait for all that it imports."""
    if not path:
        return None
    from facepatch.pipelines.live_rig import LiveRig, read_live_rig

    # The first time on a machine the solver's kernels are compiled, which takes a while.
    on_progress(Progress(LiveRig.STAGE, 0, 1, "rigs"))
    rig = read_live_rig(Path(path), models, settings=settings.rig)
    on_progress(Progress(LiveRig.STAGE, 1, 1, "rigs"))
    return rig


def _warm(
    models: Models, calibration: Calibration, settings: LiveSettings, landmarks: LandmarkSettings,
    detector: MakeDetector | None,
) -> LiveRetarget:  # fmt: skip
    """The live path, its networks already run: the first call of each layer is many times slower than the rest."""
    live = LiveRetarget(
        models, calibration, settings, landmarks=landmarks, detector=detector(landmarks) if detector else None
    )
    live.warm_up()
    return live


class Tally:
    """Frames, their times, and what is told about them."""

    def __init__(
        self, source: LiveSource, on_progress: OnProgress, *, stages: tuple[str, ...] = STAGES
    ) -> None:
        """stages: those that each frame is timed by."""
        self._source, self._on_progress, self._names = source, on_progress, stages
        self._frames = self._without_face = 0
        self._ages: deque[float] = deque(maxlen=RECENT)
        self._stages: deque[tuple[float, ...]] = deque(maxlen=RECENT)
        self._told = -np.inf

    def count(self, image: LiveImage, frame: LiveFrame, emit: Emit) -> None:
        """Send one frame."""
        age = time.monotonic() - image.decoded_at
        body = {
            "frame_seq": self._frames,
            "frame": image.index,
            "time_s": image.time_s,
            "captured_s": image.captured_s,
            "decoded_s": image.decoded_s,
            "sent_s": image.decoded_s + age,
            "age_ms": 1000 * age,
            "flags": frame.flags,
            "dropped": self._source.dropped,
        }
        arrays: dict[str, np.ndarray] = {"weights": frame.weights, "head_pose": frame.head_pose}
        if frame.controls is not None:
            arrays["controls"] = frame.controls
        emit("frame", body, arrays)
        self._frames += 1
        self._without_face += bool(frame.flags & NO_FACE)
        self._ages.append(age)
        self._stages.append(tuple(frame.stage_s[stage] for stage in self._names))
        self.idle()

    def idle(self) -> None:
        """Report, ten times a second at most."""
        now = time.monotonic()
        if now - self._told >= EVERY_S:
            self._told = now
            values = {"dropped": float(self._source.dropped), "latency_ms": self._latency()["median"]}
            self._on_progress(Progress("stream", self._frames, 0, "frames", values=values))

    def result(self) -> dict[str, Any]:
        """The body of the result."""
        stages = np.median(np.array(self._stages), axis=0) if self._stages else []
        return {
            "frames": self._frames,
            "dropped": self._source.dropped,
            "without_face": self._without_face,
            "ended": f"{self._source.name}: ended after {self._frames + self._source.dropped} frames.",
            "latency_ms": self._latency(),
            "stages_ms": {name: round(1000 * float(value), 3) for name, value in zip(self._names, stages)},
        }

    def _latency(self) -> dict[str, float]:
        """From decoded to weights, of the last RECENT frames."""
        if not self._ages:
            return {"median": 0.0, "p99": 0.0}
        median, high = np.quantile(np.array(self._ages), [0.5, 0.99])
        return {"median": round(1000 * float(median), 3), "p99": round(1000 * float(high), 3)}
