"""pipelines.retarget: calibration, gaps, and the constant rate of a clip."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from facepatch.core.data.clip import CLOSED_LEFT, EASED, HELD, NO_FACE, Clip
from facepatch.core.data.landmarks import LANDMARK_NAMES
from facepatch.core.data.pca import Pca
from facepatch.core.errors import CheckpointError, NoFaceError
from facepatch.metrics.face_measures import MEASURES, FaceMeasures, measures_from_curves
from facepatch.pipelines.channel import smooth
from facepatch.pipelines.lids import EyeScale
from facepatch.pipelines.lips import LipScale
from facepatch.pipelines.models import Models, load_models
from facepatch.pipelines.mouth import MouthScale
from facepatch.pipelines.performance import Take
from facepatch.pipelines.retarget import (
    FAR,
    Calibration,
    bridge_gaps,
    calibrate,
    calibrated,
    constant_rate,
    finish_clip,
    neutral_weights,
    read_calibration,
    without_channels,
    write_calibration,
)
from facepatch.pipelines.settings import BrowSettings, LidSettings, RetargetSettings

RATE = (10, 1)
HOLD_3_EASE_4 = RetargetSettings(hold_s=0.3, ease_s=0.4)
REST = np.array([-1.0, 5.0], np.float32)


def found_but(frames: int, *lost: slice) -> np.ndarray:
    found = np.ones(frames, bool)
    for part in lost:
        found[part] = False
    return found


def bridged(weights: Any, found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    flags = np.zeros(len(found), np.uint8)
    weights = np.asarray(weights, np.float32)
    out = bridge_gaps(weights, found, rest=REST, rate=RATE, flags=flags, settings=HOLD_3_EASE_4)
    np.testing.assert_array_equal(out[found], weights[found])
    return out, flags


# Gaps


def test_a_short_gap_is_bridged_between_its_ends() -> None:
    weights = np.zeros((10, 2), np.float32)
    weights[6:] = [2.0, -4.0]
    weights[3:6] = 99.0
    out, flags = bridged(weights, found_but(10, slice(3, 6)))
    # smoothstep at 1/4, 2/4, 3/4
    np.testing.assert_allclose(out[3:6], np.outer([0.15625, 0.5, 0.84375], [2.0, -4.0]), atol=1e-6)
    assert flags.tolist() == [0, 0, 0, *[NO_FACE | EASED] * 3, 0, 0, 0, 0]


def test_in_a_long_gap_the_pose_is_held_then_eased_to_neutral_then_to_the_next() -> None:
    weights = np.full((40, 2), 99.0, np.float32)
    weights[:5], weights[35:] = [3.0, 3.0], [7.0, 1.0]
    out, flags = bridged(weights, found_but(40, slice(5, 35)))
    np.testing.assert_array_equal(out[5:8], np.tile([3.0, 3.0], (3, 1)))
    np.testing.assert_allclose(
        out[8:12], np.array([3, 3]) + np.outer([0.15625, 0.5, 0.84375, 1.0], REST - [3, 3]), atol=1e-6
    )
    np.testing.assert_allclose(out[12:31], np.tile(REST, (19, 1)), atol=1e-6)
    assert flags[5:8].tolist() == [NO_FACE | HELD] * 3
    assert flags[8:35].tolist() == [NO_FACE | EASED] * 27
    assert not flags[:5].any()
    assert not flags[35:].any()


@pytest.mark.parametrize("length", range(1, 25))
def test_no_gap_makes_a_jump(length: int) -> None:
    weights = np.full((length + 10, 1), 99.0, np.float32)
    weights[:5], weights[-5:] = 0.0, 1.0
    found = found_but(length + 10, slice(5, 5 + length))
    flags = np.zeros(len(found), np.uint8)
    rest = np.array([0.5], np.float32)
    out = bridge_gaps(weights, found, rest=rest, rate=RATE, flags=flags, settings=HOLD_3_EASE_4)
    steepest = 1.5 / min(length + 1, 4)
    assert np.abs(np.diff(out[:, 0])).max() <= steepest + 1e-6
    assert ((flags & NO_FACE) > 0).tolist() == (~found).tolist()
    assert (((flags & HELD) > 0) ^ ((flags & EASED) > 0)).tolist() == (~found).tolist()


def test_before_the_first_face_and_after_the_last_one_there_is_neutral() -> None:
    weights = np.full((30, 2), 99.0, np.float32)
    weights[12:15] = [3.0, 3.0]
    out, flags = bridged(weights, found_but(30, slice(0, 12), slice(15, 30)))
    np.testing.assert_allclose(out[:8], np.tile(REST, (8, 1)), atol=1e-6)
    np.testing.assert_allclose(out[22:], np.tile(REST, (8, 1)), atol=1e-6)
    np.testing.assert_array_equal(out[15:18], np.tile([3.0, 3.0], (3, 1)))
    assert np.abs(np.diff(out[:, 1])).max() < 1.0
    assert flags[0] == flags[29] == NO_FACE | EASED
    assert flags[15] == NO_FACE | HELD


def test_without_gaps_nothing_is_touched() -> None:
    weights = np.random.default_rng(0).standard_normal((8, 2)).astype(np.float32)
    _, flags = bridged(weights, np.ones(8, bool))
    assert not flags.any()


# Calibration


def flat_models() -> Models:
    """PCA weights are the first two coordinates of the one vertex, about (10, 20, 0); its neutral is (12, 17, 0)."""
    basis = np.array([[1, 0, 0], [0, 1, 0]], np.float32)
    pca = Pca(np.array([10.0, 20.0, 0.0], np.float32), basis, np.array([2.0, 1.0]), 3.0)
    apart = np.linspace(0.5, 1.5, len(LANDMARK_NAMES), dtype=np.float32)[:, None]
    marks = SimpleNamespace(positions=lambda vertices: vertices * apart)
    character = SimpleNamespace(neutral=np.array([[12, 17, 0]], np.float32))
    return SimpleNamespace(pca=pca, landmarks=marks, character=character)  # pyright: ignore[reportReturnType]


def flat_take(frames: int, rest: list[int], gap: Any = None) -> Take:
    curves = {name: np.linspace(0, 1, frames, dtype=np.float32) for name in MEASURES}
    if gap is not None:
        curves["eye_open_l"] = np.asarray(gap, np.float32)
    return SimpleNamespace(  # pyright: ignore[reportReturnType]
        rest=np.array(rest),
        frame_count=frames,
        measures=measures_from_curves(curves, 1.0),
        at_rest=None,
        reference=None,
    )


@pytest.mark.parametrize(
    ("kind", "offset"),
    [
        # rest frames 0 and 2 give a median of (2, 20); neutral is (2, -3) in PCA weights
        ("neutral", (0.0, -23.0)),
        # mean over the rows 0..3 is (2.5, 25); the character's mean is (1, 1)
        ("mean", (-1.5, -24.0)),
        ("none", (0.0, 0.0)),
    ],
)
def test_the_offset_between_the_domains(kind: Any, offset: tuple[float, float]) -> None:
    raw = np.array([[1, 10], [2, 20], [3, 30], [4, 40], [1000, 1000]], np.float32)
    found = calibrate(
        raw, flat_take(5, [0, 2, 4]), np.arange(4), models=flat_models(),
        character_mean=np.array([1, 1], np.float32), settings=RetargetSettings(calibration=kind),
    )  # fmt: skip
    np.testing.assert_allclose(neutral_weights(flat_models()), [2.0, -3.0])
    np.testing.assert_allclose(found.offset, offset, atol=1e-6)
    assert (found.reach > 0) == (kind == "neutral")


def test_rest_frames_outside_the_training_frames_are_better_than_none() -> None:
    raw = np.array([[1, 10], [2, 20], [3, 30], [4, 40], [6, 60]], np.float32)
    found = calibrate(
        raw, flat_take(5, [4]), np.arange(3), models=flat_models(), character_mean=np.zeros(2, np.float32),
        settings=RetargetSettings(),
    )  # fmt: skip
    np.testing.assert_allclose(found.offset, (-4.0, -63.0))


def test_the_lid_scale_is_of_the_training_frames_only() -> None:
    gap = [0.2] * 20 + [0.0] * 5
    take = flat_take(25, [0], gap)
    raw = np.zeros((25, 2), np.float32)
    options: Any = {"models": flat_models(), "character_mean": np.zeros(2), "settings": RetargetSettings()}
    assert not calibrate(raw, take, np.arange(20), **options).eyes["l"].ever_shut
    assert calibrate(raw, take, np.arange(25), **options).eyes["l"].ever_shut


def test_a_calibration_that_was_written_is_read_back(tmp_path: Path) -> None:
    eyes = {"l": EyeScale(0.01, 0.2, True), "r": EyeScale(0.02, 0.25, False)}
    calibration = Calibration(
        (0.1, -1e-9), eyes, {"l": 0.31, "r": 0.3}, 2.5, LipScale(0.01, 0.8, True),
        MouthScale((0.02, 0.8), 0.9, (1.1, 0.7), -0.01, 0.4, (0.01, 0.03)),
    )  # fmt: skip
    write_calibration(tmp_path / "calibration.json", calibration)
    assert read_calibration(tmp_path / "calibration.json") == calibration


def test_a_calibration_from_before_the_lip_and_mouth_channels_leaves_both_alone(tmp_path: Path) -> None:
    write_calibration(
        tmp_path / "calibration.json", Calibration((0.0,), {}, {}, 0.0, LipScale(0.0, 0.8, True))
    )
    values = json.loads((tmp_path / "calibration.json").read_text())
    values["mouth"] = {"rest": [0.02, 0.8], "size": 0.9, "gain": [1.1, 0.7]}
    (tmp_path / "calibration.json").write_text(json.dumps(values))
    assert read_calibration(tmp_path / "calibration.json").mouth == MouthScale((0.02, 0.8), 0.9, (1.1, 0.7))
    del values["lips"], values["mouth"]
    (tmp_path / "calibration.json").write_text(json.dumps(values))
    found = read_calibration(tmp_path / "calibration.json")
    assert not found.lips.ever_touch
    assert found.mouth is None


@pytest.mark.parametrize(
    "text", [None, "", "{}", '{"record": "facepatch.calibration", "version": 1, "offset": 3}']
)
def test_a_damaged_calibration_is_refused(text: str | None, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "calibration.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"calibration\.json: is no whole calibration .*Train again"):
        read_calibration(tmp_path / "calibration.json")


# The clip


@pytest.fixture(scope="module")
def models(tiny_run: SimpleNamespace) -> Models:
    return load_models(tiny_run.out / "models")


@pytest.fixture
def take(models: Models) -> Take:
    """48 frames at 24/s of a performer who blinks once."""
    curves = {name: np.zeros(48, np.float32) for name in MEASURES}
    for side in ("l", "r"):
        curves[f"eye_open_{side}"] = np.full(48, 0.2, np.float32)
        curves[f"eye_open_{side}"][20:24] = 0.0
    points = np.zeros((48, 56, 2))
    return Take(
        name="take", key="", rate=(24, 1), times=np.arange(48) / 24, found=np.ones(48, bool), points=points,
        measures=FaceMeasures(**curves, inter_ocular=1.0), rest=np.arange(5), neutral=points[0],
        head_pose=np.eye(4)[None] + np.arange(48)[:, None, None] * np.eye(4, k=3),
    )  # fmt: skip


def finished(take: Take, models: Models, raw: np.ndarray | None = None, **settings: Any) -> Clip:
    count = models.pca.component_count
    if raw is None:
        raw = np.linspace(0, 1, take.frame_count * count, dtype=np.float32).reshape(take.frame_count, count)
    offset = tuple(np.arange(count) / 4)
    off: Any = {"smoothing": 0.0, "lids": LidSettings(strength=0.0), "brows": BrowSettings(strength=0.0)}
    scale = EyeScale(0.0, 0.2, True)
    calibration = Calibration(offset, {"l": scale, "r": scale}, {"l": 0.0, "r": 0.0})
    return finish_clip(
        raw, take, calibration, models=models, settings=RetargetSettings(**{**off, **settings})
    )


def test_an_offset_measured_at_rest_holds_at_rest_and_less_of_it_elsewhere() -> None:
    calibration = Calibration((1.0, 0.0), {}, {}, reach=0.5)
    rest = np.array([0.0, 2.0], np.float32)
    raw = np.array([[-1.0, 2.0], [-1.0, 2.5], [-1.0, 9.0]], np.float32)
    shares = calibrated(raw, calibration, rest)[:, 0] + 1.0
    np.testing.assert_allclose(shares, [1.0, FAR + (1 - FAR) * np.exp(-0.5), FAR], rtol=1e-5)
    everywhere = calibrated(raw, replace(calibration, reach=0.0), rest)
    np.testing.assert_allclose(everywhere[:, 0], 0.0, atol=1e-6)


def test_a_clip_is_the_networks_weights_and_the_offset(take: Take, models: Models) -> None:
    raw = np.random.default_rng(0).standard_normal((48, models.pca.component_count)).astype(np.float32)
    clip = finished(take, models, raw)
    np.testing.assert_allclose(clip.weights, raw + np.arange(raw.shape[1]) / 4, atol=1e-6)
    assert clip.rate == (24, 1)
    assert clip.pca is models.pca
    assert clip.valid is not None
    assert clip.valid.all()
    assert clip.flags is not None
    assert not clip.flags.any()
    np.testing.assert_array_equal(clip.times, take.times)
    np.testing.assert_array_equal(clip.head_pose, take.head_pose)


@pytest.mark.parametrize(
    ("rate", "sigma"), [((24, 1), 1.5), ((60, 1), 3.75), ((30000, 1001), 1.5 * 30000 / 1001 / 24)]
)
def test_smoothing_lasts_as_long_at_every_rate(
    rate: tuple[int, int], sigma: float, take: Take, models: Models
) -> None:
    raw = np.random.default_rng(0).standard_normal((48, models.pca.component_count)).astype(np.float32)
    times = np.arange(48) * rate[1] / rate[0]
    clip = finished(replace(take, rate=rate, times=times), models, raw, smoothing=1.5)
    wanted = smooth(raw + np.arange(raw.shape[1], dtype=np.float32) / 4, take.found, sigma)
    np.testing.assert_allclose(clip.weights, wanted, atol=1e-5)


def test_a_take_without_any_face_is_refused(take: Take, models: Models) -> None:
    with pytest.raises(NoFaceError, match="take: no frame has a face, so there is nothing to retarget"):
        finished(replace(take, found=np.zeros(48, bool)), models)


def test_frames_without_a_face_are_held_and_eased_to_the_neutral(take: Take, models: Models) -> None:
    raw = np.full((48, models.pca.component_count), 2.0, np.float32)
    lost = found_but(48, slice(10, 48))
    raw[~lost] = 1e6
    clip = finished(replace(take, found=lost), models, raw, smoothing=2.0)
    assert clip.flags is not None
    np.testing.assert_allclose(
        clip.weights[:10], 2.0 + np.arange(raw.shape[1]) / 4 + np.zeros((10, 1)), atol=1e-5
    )
    np.testing.assert_array_equal(clip.weights[10], clip.weights[9])
    np.testing.assert_allclose(clip.weights[-1], neutral_weights(models), atol=1e-4)
    assert clip.flags[10] == NO_FACE | HELD
    assert clip.flags[-1] == NO_FACE | EASED
    assert not clip.valid[10:].any()  # pyright: ignore[reportOptionalSubscript]


def test_the_head_is_eased_over_frames_without_a_face(take: Take, models: Models) -> None:
    angle = np.where(np.arange(48) < 10, -45.0, 45.0)
    turned = Rotation.from_rotvec(np.outer(angle, [0.0, 1.0, 0.0]), degrees=True)
    pose = np.tile(np.eye(4), (48, 1, 1))
    pose[:, :3, :3] = turned.as_matrix()
    pose[:, 0, 3] = np.where(np.arange(48) < 10, -3.0, 3.0)
    clip = finished(replace(take, found=found_but(48, slice(10, 40)), head_pose=pose), models)
    assert clip.head_pose is not None
    angles = Rotation.from_matrix(clip.head_pose[:, :3, :3]).as_euler("yxz", degrees=True)[:, 0]
    assert angles[[0, 9, 40, 47]] == pytest.approx([-45, -45, 45, 45], abs=1e-3)
    assert np.abs(np.diff(angles)).max() < 12
    assert np.abs(np.diff(clip.head_pose[:, 0, 3])).max() < 1


def test_shut_eyes_are_flagged_where_there_is_a_face(take: Take, models: Models) -> None:
    seen = found_but(48, slice(23, 24))
    clip = finished(replace(take, found=seen), models, lids=LidSettings())
    assert clip.flags is not None
    assert np.flatnonzero(clip.flags & CLOSED_LEFT).tolist() == [20, 21, 22]


def test_frames_without_a_face_have_no_say_in_the_others(take: Take, models: Models) -> None:
    seen = found_but(48, slice(30, 35))
    results = []
    for junk in (0.0, 1e3):
        curves = {name: curve.copy() for name, curve in take.measures.curves().items()}
        raw = np.ones((48, models.pca.component_count), np.float32)
        raw[~seen] = junk
        for curve in curves.values():
            curve[~seen] = junk
        junked = replace(take, found=seen, measures=measures_from_curves(curves, 1.0))
        results.append(
            finished(
                junked, models, raw, smoothing=2.0, lids=LidSettings(), brows=BrowSettings(smoothing=3.0)
            )
        )
    np.testing.assert_allclose(results[0].weights, results[1].weights, atol=1e-5)
    np.testing.assert_array_equal(results[0].flags, results[1].flags)


def test_without_channels_only_the_networks_speak() -> None:
    settings = RetargetSettings(smoothing=3.0, hold_s=0.1)
    bare = without_channels(settings)
    own = {name: getattr(settings, name) for name in ("lids", "brows", "mouth", "lips")}
    assert [getattr(bare, name).strength for name in own] == [0.0] * 4
    assert replace(bare, **own) == settings


def test_a_variable_rate_becomes_a_constant_one(take: Take, models: Models) -> None:
    # 24 frames a second for a second, then 12 for two seconds
    times = np.concatenate([np.arange(24) / 24, 1 + np.arange(24) / 12])
    raw = np.repeat(times[:, None], models.pca.component_count, 1).astype(np.float32)
    seen = found_but(48, slice(36, 37))
    clip = finished(replace(take, times=times, found=seen), models, raw, hold_s=0.0, ease_s=0.2)
    assert clip.frame_count == round(times[-1] * 24) + 1
    np.testing.assert_allclose(clip.times, np.arange(clip.frame_count) / 24)
    inside = clip.flags == 0
    assert inside.sum() > 60
    np.testing.assert_allclose(clip.weights[inside, 0], np.arange(clip.frame_count)[inside] / 24, atol=0.03)
    lost = np.flatnonzero(~clip.valid)  # pyright: ignore[reportOperatorIssue, reportCallIssue, reportArgumentType]
    assert abs(lost.mean() / 24 - times[36]) < 1 / 24
    assert clip.head_pose is not None
    assert clip.head_pose.shape == (clip.frame_count, 4, 4)


def test_a_constant_rate_is_left_as_it_is(take: Take, models: Models) -> None:
    clip = finished(take, models)
    assert constant_rate(clip) is clip
