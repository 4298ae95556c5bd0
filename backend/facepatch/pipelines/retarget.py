"""A take and trained models -> a clip: networks, calibration, smoothing, brows, mouth, lids, lips, gaps."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from scipy.spatial.transform import Rotation

from facepatch.core.axes import Bool, Float32, Float64, UInt8
from facepatch.core.data.character import Character
from facepatch.core.data.clip import CLOSED_LEFT, CLOSED_RIGHT, EASED, HELD, NO_FACE, Clip
from facepatch.core.data.landmarks import SurfaceLandmarks
from facepatch.core.data.pca import Pca
from facepatch.core.errors import CheckpointError, NoFaceError
from facepatch.core.progress import OnProgress, silent
from facepatch.core.rate import frames_of
from facepatch.core.records import Record, read_record, write_record, write_text
from facepatch.core.schema import from_dict, to_dict
from facepatch.geometry.smoothstep import smoothstep
from facepatch.metrics.agreement import runs
from facepatch.metrics.vertex_error import inter_ocular
from facepatch.patches.plan import PatchPlan
from facepatch.pipelines.brows import brow_rest, lift_brows
from facepatch.pipelines.channel import reach_of_rest, restfulness, smooth
from facepatch.pipelines.lids import EyeScale, close_lids, eye_scales
from facepatch.pipelines.lips import LipScale, close_lips, lip_scale
from facepatch.pipelines.mouth import MouthChannel, MouthMeasures, MouthScale, mouth_scale
from facepatch.pipelines.performance import Performance, Take, tracked
from facepatch.pipelines.settings import RetargetSettings
from facepatch.pipelines.store import Store
from facepatch.render.video import constant_rate_samples

KIND = "facepatch.prediction"
VERSION = 1


class FaceModels(Protocol):
    """What retargeting needs of trained networks: ours (`pipelines.models.Models`) or a rival's."""

    @property
    def character(self) -> Character:
        """What is retargeted to."""
        ...

    @property
    def landmarks(self) -> SurfaceLandmarks:
        """Its landmarks."""
        ...

    @property
    def pca(self) -> Pca:
        """The space of the weights."""
        ...

    @property
    def plan(self) -> PatchPlan:
        """How the patches are framed."""
        ...

    @property
    def key(self) -> str:
        """Hash of the networks."""
        ...

    def predict(self, patches: UInt8) -> tuple[UInt8, Float32]:
        """Performer patches (B, P, H, W, 3) -> the character's patches, the same shape, and PCA weights (B, M)."""
        ...

    def read(self, patches: UInt8) -> Float32:
        """The character's own patches (B, P, H, W, 3) -> PCA weights (B, M)."""
        ...


def predict(
    performance: Performance, models: FaceModels, *, store: Store, on_progress: OnProgress = silent
) -> Float32:
    """Raw PCA weights (T, M) of every frame: film -> patches -> RM -> WEM, in bounded memory. Kept in its stage."""
    take, plan = performance.take, models.plan
    stage = store.stage(
        "predict", {"take": take.key, "models": models.key, "neutral": plan.performer_neutral.tolist()}
    )
    path = stage.folder / "weights.npz"
    if not stage.done:
        to_patch = plan.frame_to_patch(performance.align(plan.performer_neutral, plan.settings.align_sigma))
        weights = np.zeros((take.frame_count, models.pca.component_count), np.float32)
        blocks = performance.patches(to_patch, plan.settings.size)
        for rows, patches in tracked(blocks, "retarget", take.frame_count, on_progress):
            weights[rows] = models.predict(patches)[1]
        write_record(path, Record({"record": KIND, "version": VERSION}, {"weights": weights}))
        stage.finish()
    return read_record(path, KIND, VERSION).arrays["weights"]


@dataclass(frozen=True)
class Calibration:
    """What is constant between one performer and one character, measured on the training frames."""

    offset: tuple[float, ...]
    """(M,) added to the networks' weights, cm: whole near rest, see `calibrated`."""
    eyes: dict[str, EyeScale]
    """The performer's lid scales, by side."""
    brows: dict[str, float]
    """The performer's brow heights at rest, by side, in inter-ocular distances."""
    reach: float = 0.0
    """Distance from rest, in cm of weights, within which the offset holds; 0: everywhere."""
    lips: LipScale = LipScale()
    """The performer's lips; those of one that was never measured stay as they are."""
    mouth: MouthScale | None = None
    """What his mouth means on the character; None: the mouth is left to the networks."""
    reference: tuple[tuple[float, float], ...] = ()
    """(rigid, 2) `Take.reference`: what his measures were taken over; none where he is no film."""


FAR = 0.25
"""Share of an offset at rest that holds far from it. From the training frames of a known pair (docs/log.md)."""


def calibrate(
    raw: Float32,
    take: Take,
    rows: np.ndarray,
    *,
    models: FaceModels,
    character_mean: Float32,
    settings: RetargetSettings,
) -> Calibration:
    """Measure the offset between the domains (method 10). raw: (T, M); rows: the training frames.

    neutral: the median output over the performer's rest frames becomes the character's neutral. It does not care
    whether the ranges of motion match. mean: the mean output becomes the mean of the training motion.
    """
    common = np.intersect1d(take.rest, rows)
    rest = common if common.size else take.rest
    reach = 0.0
    if settings.calibration == "neutral":
        offset = neutral_weights(models) - np.median(raw[rest], axis=0)
        reach = reach_of_rest(raw[rows], raw[rest], models.pca)
    elif settings.calibration == "mean":
        offset = character_mean - raw[rows].mean(axis=0)
    else:
        offset = np.zeros(raw.shape[1])
    valid = np.zeros(take.frame_count, bool)
    valid[rows] = True
    found = Calibration(
        tuple(float(x) for x in offset),
        eye_scales(take.measures, valid, at_rest=take.at_rest),
        brow_rest(take.measures, rest, at_rest=take.at_rest),
        reach,
        lip_scale(take.measures, valid, at_rest=take.at_rest),
        reference=() if take.reference is None else tuple((float(x), float(y)) for x, y in take.reference),
    )
    neutral = neutral_weights(models)
    character = MouthMeasures(
        models.pca, models.landmarks, neutral_weights=neutral,
        inter_ocular_cm=inter_ocular(models.landmarks, models.character.neutral),
    )  # fmt: skip
    mouth = mouth_scale(
        calibrated(raw, found, neutral), take.measures, character=character, rest=rest, rows=rows,
        lips=found.lips, at_rest=take.at_rest,
    )  # fmt: skip
    return replace(found, mouth=mouth)


def calibrated(raw: Float32, calibration: Calibration, rest: Float32) -> Float32:
    """Raw weights (T, M) with the offset taken out. rest: (M,) the character's neutral.

    An offset that was measured at rest makes rest exact; of other expressions it says less, and there less of it is
    taken: `FAR` of it beyond `calibration.reach`, with a bell between.
    """
    offset = np.asarray(calibration.offset, np.float32)
    if calibration.reach <= 0:
        return raw + offset
    near = restfulness(raw + offset, rest, calibration.reach)[:, None]
    return (raw + (FAR + (1 - FAR) * near) * offset).astype(np.float32)


def neutral_weights(models: FaceModels) -> Float32:
    """(M,) the character's neutral in PCA weights."""
    return models.pca.weights(models.character.neutral[None])[0]


def finish_clip(
    raw: Float32, take: Take, calibration: Calibration, *, models: FaceModels, settings: RetargetSettings
) -> Clip:
    """Raw weights (T, M) of a take -> the clip at a constant rate."""
    if not take.found.any():
        raise NoFaceError(f"{take.name}: no frame has a face, so there is nothing to retarget.")
    flags = np.zeros(take.frame_count, np.uint8)
    rest = neutral_weights(models)
    weights = calibrated(raw, calibration, rest)
    if settings.smoothing > 0:
        weights = smooth(weights, take.found, frames_of(settings.smoothing, take.rate))
    brows = replace(settings.brows, smoothing=frames_of(settings.brows.smoothing, take.rate))
    mouth = replace(settings.mouth, smoothing=frames_of(settings.mouth.smoothing, take.rate))
    inter_ocular_cm = inter_ocular(models.landmarks, models.character.neutral)
    weights = lift_brows(
        weights, take.measures, calibration.brows, found=take.found, pca=models.pca, landmarks=models.landmarks,
        neutral_weights=rest, inter_ocular_cm=inter_ocular_cm, settings=brows,
    )  # fmt: skip
    move_mouth = MouthChannel(
        models.pca,
        models.landmarks,
        neutral_weights=rest,
        inter_ocular_cm=inter_ocular_cm,
        settings=mouth,
    )
    weights = move_mouth(weights, take.measures, calibration.mouth, found=take.found)
    weights, shut = close_lids(
        weights, take.measures, calibration.eyes, pca=models.pca, landmarks=models.landmarks,
        neutral_weights=rest, settings=settings.lids,
    )  # fmt: skip
    weights = close_lips(
        weights, take.measures, calibration.lips, pca=models.pca, landmarks=models.landmarks,
        neutral_weights=rest, settings=settings.lips,
    )  # fmt: skip
    flags[shut["l"] & take.found] |= CLOSED_LEFT
    flags[shut["r"] & take.found] |= CLOSED_RIGHT
    weights = bridge_gaps(weights, take.found, rest=rest, rate=take.rate, flags=flags, settings=settings)
    pose = take.head_pose
    if pose is not None:
        pose = bridged_pose(pose, take.found, rate=take.rate, settings=settings)
    return constant_rate(Clip(
        names=tuple(f"pc_{index:03d}" for index in range(weights.shape[1])),
        weights=weights,
        rate=take.rate,
        valid=take.found,
        flags=flags,
        times=take.times,
        head_pose=pose,
        pca=models.pca,
        name=take.name,
    ))  # fmt: skip


def without_channels(settings: RetargetSettings) -> RetargetSettings:
    """What the networks do alone: no lid, no brow, no mouth and no lip channel."""
    return replace(
        settings,
        lids=replace(settings.lids, strength=0.0),
        brows=replace(settings.brows, strength=0.0),
        mouth=replace(settings.mouth, strength=0.0),
        lips=replace(settings.lips, strength=0.0),
    )


def bridge_gaps(
    weights: Float32,
    found: Bool,
    *,
    rest: Float32,
    rate: tuple[int, int],
    flags: UInt8,
    settings: RetargetSettings,
) -> Float32:
    """Fill frames without a face: short gaps are bridged, in long ones the last pose is held, then eased to neutral,
    and eased from there to the next. Sets NO_FACE, HELD and EASED in `flags`."""
    fps = rate[0] / rate[1]
    hold, ease = round(settings.hold_s * fps), max(1, round(settings.ease_s * fps))
    out = weights.copy()
    for start, stop in runs(~found):
        left = weights[start - 1] if start > 0 else rest
        right = weights[stop] if stop < len(weights) else rest
        length = stop - start
        flags[start:stop] |= NO_FACE
        steps = np.arange(length)[:, None]
        if start > 0 and stop < len(weights) and length <= hold + ease:
            out[start:stop] = left + (right - left) * smoothstep((steps + 1) / (length + 1))
            flags[start:stop] |= EASED
            continue
        away = smoothstep((steps + 1 - (hold if start > 0 else 0)) / ease)
        back = (
            smoothstep((steps + 1 - (length - ease)) / (ease + 1))
            if stop < len(weights)
            else np.zeros((length, 1))
        )
        pose = left + (rest - left) * away
        out[start:stop] = pose + (right - pose) * back
        held = (away == 0) & (back == 0)
        flags[start:stop][held[:, 0]] |= HELD
        flags[start:stop][~held[:, 0]] |= EASED
    return out.astype(np.float32)


def bridged_pose(pose: Float64, found: Bool, *, rate: tuple[int, int], settings: RetargetSettings) -> Float64:
    """(T, 4, 4) with frames without a face filled as `bridge_gaps` fills the weights, neutral being the identity."""
    values = np.concatenate([Rotation.from_matrix(pose[:, :3, :3]).as_rotvec(), pose[:, :3, 3]], axis=1)
    flags = np.zeros(len(pose), np.uint8)
    filled = bridge_gaps(
        values.astype(np.float32),
        found,
        rest=np.zeros(6, np.float32),
        rate=rate,
        flags=flags,
        settings=settings,
    )
    out = pose.copy()
    out[~found, :3, :3] = Rotation.from_rotvec(filled[~found, :3].astype(np.float64)).as_matrix()
    out[~found, :3, 3] = filled[~found, 3:]
    return out


def constant_rate(clip: Clip) -> Clip:
    """A clip of a film with a variable rate, resampled to its nominal rate; any other as it is."""
    assert clip.times is not None
    assert clip.flags is not None
    assert clip.valid is not None
    rows, share = constant_rate_samples(clip.times, clip.rate)
    if len(rows) == clip.frame_count and not share.any():
        return clip
    after = np.minimum(rows + 1, clip.frame_count - 1)
    near = nearest_rows(clip.times, clip.rate)
    mixed = (1 - share[:, None]) * clip.weights[rows] + share[:, None] * clip.weights[after]
    return Clip(
        names=clip.names,
        weights=mixed.astype(np.float32),
        rate=clip.rate,
        valid=clip.valid[near],
        flags=clip.flags[near],
        times=np.arange(len(rows)) * clip.rate[1] / clip.rate[0],
        head_pose=None if clip.head_pose is None else clip.head_pose[near],
        pca=clip.pca,
        name=clip.name,
    )


def nearest_rows(times: Float64, rate: tuple[int, int]) -> np.ndarray:
    """(S,) the frame of a film that each frame at its constant rate shows; of two that are as near, the earlier."""
    rows, share = constant_rate_samples(times, rate)
    # A little over a half, so that rounding does not send some of the half-way instants to the other side.
    return np.minimum(rows + (share > 0.5 + 1e-6), len(times) - 1)


def write_calibration(path: Path, calibration: Calibration) -> None:
    """Write as JSON."""
    write_text(
        path, json.dumps({"record": "facepatch.calibration", "version": 1, **to_dict(calibration)}, indent=1)
    )


def read_calibration(path: Path) -> Calibration:
    """Read what `write_calibration` wrote."""
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        values.pop("record")
        values.pop("version")
        return from_dict(Calibration, values, str(path))
    except (OSError, ValueError, KeyError) as error:
        raise CheckpointError(f"{path}: is no whole calibration ({error}). Train again.") from error
