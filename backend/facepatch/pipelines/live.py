"""Retargeting while the performer acts: one frame in, the character's weights out, from the past alone.

Detector -> choice of face -> alignment -> patches -> networks -> calibration -> One-Euro -> brow and lid channels ->
hold and ease. docs/methods/live.md has the formulas, what it costs, and how far behind it is.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from types import TracebackType

import numpy as np

from facepatch.core.axes import Axes, Float32, Float64, UInt8
from facepatch.core.data.clip import CLOSED_LEFT, CLOSED_RIGHT
from facepatch.core.errors import InputError
from facepatch.landmarks.detect import make_detector
from facepatch.landmarks.detector import LandmarkDetector, LandmarkSettings
from facepatch.metrics.face_measures import FaceMeasures, align_face
from facepatch.metrics.vertex_error import inter_ocular
from facepatch.patches.extract import cut_patches
from facepatch.pipelines.brows import BrowChannel
from facepatch.pipelines.lids import LidChannel
from facepatch.pipelines.lips import LipChannel
from facepatch.pipelines.live_face import Alignment, FaceChoice, HeadPose, Measures, pose_matrix
from facepatch.pipelines.live_gap import Gap
from facepatch.pipelines.live_networks import LiveNetworks
from facepatch.pipelines.models import Models
from facepatch.pipelines.mouth import MouthChannel
from facepatch.pipelines.one_euro import OneEuro
from facepatch.pipelines.retarget import Calibration, calibrated, neutral_weights
from facepatch.pipelines.settings import LiveSettings

STAGES = ("landmarks", "alignment", "patches", "networks", "channels")
"""What the time of a frame is spent on, in order."""
MOTION = 0.09
"""Speed for which the filter's formula gives the delay that cross-correlation finds on a talking face (live.md); in
the unit of LiveSettings.weights."""


@dataclass(frozen=True, eq=False)
class LiveFrame:
    """What one picture gives."""

    time_s: float
    """Of the picture, as handed in."""
    weights: Float32
    """(M,) PCA weights, cm"""
    head_pose: Float64
    """(4, 4) head -> camera relative to neutral, cm"""
    flags: int
    """Of core.data.clip: NO_FACE, HELD, EASED, CLOSED_LEFT, CLOSED_RIGHT."""
    raw: Float32 | None
    """(M,) the networks' weights alone, before calibration, filter and channels; None without a face."""
    stage_s: dict[str, float]
    """Seconds spent on each of STAGES."""
    controls: Float32 | None = None
    """(C,) of the rig; None where no rig is solved (pipelines.live_rig)."""


class LiveRetarget:
    """The live path of one performer and one character. Use from one thread; close it, or use it as a context."""

    def __init__(
        self,
        models: Models,
        calibration: Calibration,
        settings: LiveSettings,
        *,
        landmarks: LandmarkSettings = LandmarkSettings(),
        detector: LandmarkDetector | None = None,
    ) -> None:
        """landmarks: those that the models were trained with. detector: instead of the one that they name."""
        self.names = tuple(f"pc_{index:03d}" for index in range(models.pca.component_count))
        self._models, self._calibration, self._settings = models, calibration, settings
        self._detector = detector or make_detector(landmarks)
        self._choice = FaceChoice(landmarks.face)
        plan = models.plan
        self._to_patch = np.stack([box.to_pixels(plan.settings.size) for box in plan.boxes])
        self._alignment = Alignment(plan.performer_neutral, settings.head)
        reference = (
            np.array(calibration.reference)
            if calibration.reference
            else align_face(plan.performer_neutral[None]).reference
        )
        self._measures = Measures(reference, settings.points)
        self._head_pose = HeadPose(settings.head_pose, settings.neutral_s)
        self.neutral = neutral_weights(models)
        iod_cm = inter_ocular(models.landmarks, models.character.neutral)
        self._unit = iod_cm * float(np.sqrt(len(models.character.neutral)))
        self._filter = OneEuro(settings.weights)
        self._networks = LiveNetworks(models)
        gap = settings.retarget
        self._gap = Gap(
            np.concatenate([self.neutral.astype(np.float64), np.zeros(6)]),
            hold_s=gap.hold_s,
            ease_s=gap.ease_s,
        )
        # The filters of the points have steadied brows and mouth already.
        self._lift_brows = BrowChannel(
            models.pca, models.landmarks, neutral_weights=self.neutral, inter_ocular_cm=iod_cm,
            settings=replace(gap.brows, smoothing=0.0),
        )  # fmt: skip
        self._move_mouth = MouthChannel(
            models.pca, models.landmarks, neutral_weights=self.neutral, inter_ocular_cm=iod_cm,
            settings=replace(gap.mouth, smoothing=0.0),
        )  # fmt: skip
        self._close_lids = LidChannel(
            models.pca, models.landmarks, neutral_weights=self.neutral, settings=gap.lids
        )
        self._close_lips = LipChannel(
            models.pca, models.landmarks, neutral_weights=self.neutral, settings=gap.lips
        )
        self._patches = np.empty((len(plan.boxes), plan.settings.size, plan.settings.size, 3), np.uint8)
        self._time_s: float | None = None

    @property
    def delay_s(self) -> float:
        """How far the weights of a face in motion are behind by their filter. Slower motion is further behind."""
        return self._settings.weights.delay_s(MOTION)

    def push(self, image: UInt8, time_s: float) -> LiveFrame:
        """The next picture, (H, W, 3) RGB, taken at `time_s` of its source. Raises InputError where time stands still.

        Without a face the frame says so (flags), and the last pose is held, then eased to neutral.
        """
        image = Axes()("image", image, "H W 3", np.uint8)
        if self._time_s is not None and time_s <= self._time_s:
            raise InputError(
                f"live: a picture of {time_s} s comes after one of {self._time_s} s. Times must ascend."
            )
        self._time_s = time_s
        laps = _Laps()
        face = self._choice.choose(self._detector.detect(image, time_s), time_s)
        laps.lap("landmarks")
        if face is None:
            shown, flags = self._gap.without(time_s)
            return self._frame(shown, flags, None, laps)
        if self._gap.long:
            self._reset()
        points = face.points.astype(np.float64)
        aligned = self._alignment.push(points, time_s)
        pose = self._head_pose.push(face, image_size=(image.shape[1], image.shape[0]), time_s=time_s)
        measures = self._measures.push(points, self._head_pose.pose, time_s)
        laps.lap("alignment")
        cut_patches(image, self._patch_maps(aligned), size=self._patches.shape[1], out=self._patches)
        laps.lap("patches")
        raw = self._networks(self._patches)
        laps.lap("networks")
        weights = calibrated(raw[None], self._calibration, self.neutral)
        weights, flags = self._channels(self._smooth(weights, time_s), measures)
        shown, more = self._gap.seen(np.concatenate([weights.astype(np.float64), pose]), time_s)
        return self._frame(shown, flags | more, raw, laps)

    def warm_up(self) -> None:
        """Run the networks a few times on nothing: their first calls take many times as long as the later ones."""
        self._patches[:] = 0
        for _ in range(5):
            self._networks(self._patches)

    def close(self) -> None:
        """Give back what the detector holds."""
        self._detector.close()

    def __enter__(self) -> LiveRetarget:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _patch_maps(self, aligned: Float64) -> Float64:
        linear = self._to_patch[:, :, :2] @ aligned[:, :2]
        return np.concatenate(
            [linear, self._to_patch[:, :, :2] @ aligned[:, 2:] + self._to_patch[:, :, 2:]], axis=2
        )

    def _smooth(self, weights: Float32, time_s: float) -> Float32:
        return self._filter(weights.astype(np.float64), time_s, unit=self._unit).astype(np.float32)

    def _channels(self, weights: Float32, measures: FaceMeasures) -> tuple[Float32, int]:
        rows = self._lift_brows(weights, measures, self._calibration.brows, found=np.ones(1, bool))
        rows = self._move_mouth(rows, measures, self._calibration.mouth, found=np.ones(1, bool))
        rows, shut = self._close_lids(rows, measures, self._calibration.eyes)
        rows = self._close_lips(rows, measures, self._calibration.lips)
        flags = (CLOSED_LEFT if shut["l"][0] else 0) | (CLOSED_RIGHT if shut["r"][0] else 0)
        return rows[0], flags

    def _frame(self, shown: Float64, flags: int, raw: Float32 | None, laps: _Laps) -> LiveFrame:
        assert self._time_s is not None
        laps.lap("channels")
        weights = shown[:-6].astype(np.float32)
        return LiveFrame(self._time_s, weights, pose_matrix(shown[-6:]), flags, raw, laps.seconds)

    def _reset(self) -> None:
        """What was before a long gap says nothing about what comes after it."""
        for part in (self._alignment, self._measures, self._head_pose, self._filter):
            part.reset()


class _Laps:
    """Seconds of each stage of a frame."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = dict.fromkeys(STAGES, 0.0)
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        """The stage ends here."""
        now = time.perf_counter()
        self.seconds[stage] = now - self._last
        self._last = now
