"""pipelines.mouth: a mouth that the networks missed goes to the performer's, one that they have right stays."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from facepatch.core.data.character import Character
from facepatch.core.data.landmarks import SurfaceLandmarks, landmark_indices
from facepatch.core.data.pca import Pca
from facepatch.core.errors import ConfigError
from facepatch.metrics.face_measures import FaceMeasures, face_measures
from facepatch.metrics.vertex_error import inter_ocular
from facepatch.pca.fit import fit_pca
from facepatch.pipelines.lips import LipScale
from facepatch.pipelines.mouth import MouthChannel, MouthMeasures, MouthScale, mouth_scale
from facepatch.pipelines.settings import MouthSettings
from facepatch.synthetic.face import make_character, synthetic_landmarks

FRAMES = 60
REST, ROUND, WIDE = slice(0, 20), slice(20, 40), slice(40, 60)
WHOLE = MouthSettings(allowance=0.0, smoothing=0.0)
ALL = np.arange(FRAMES, dtype=np.int32)


@dataclass(frozen=True, eq=False)
class Face:
    """The face of `mouthing`, and what is asked of it."""

    character: Character
    marks: SurfaceLandmarks
    pca: Pca

    @property
    def rest(self) -> np.ndarray:
        return self.pca.weights(self.character.neutral[None])[0]

    @property
    def unit(self) -> float:
        return inter_ocular(self.marks, self.character.neutral)

    @property
    def mouth(self) -> MouthMeasures:
        return MouthMeasures(self.pca, self.marks, neutral_weights=self.rest, inter_ocular_cm=self.unit)

    def playing(self, amount: float = 1.0) -> np.ndarray:
        return self.pca.weights(self.character.vertices(amount * played(self.character)))

    def idle(self) -> np.ndarray:
        return np.repeat(self.rest[None], FRAMES, axis=0)

    def moved(
        self, weights: np.ndarray, filmed: FaceMeasures, scale: MouthScale | None,
        settings: MouthSettings = WHOLE, *, found: np.ndarray | None = None,
    ) -> np.ndarray:  # fmt: skip
        channel = MouthChannel(
            self.pca, self.marks, neutral_weights=self.rest, inter_ocular_cm=self.unit, settings=settings
        )
        return channel(weights, filmed, scale, found=np.ones(FRAMES, bool) if found is None else found)

    def scale(self, weights: np.ndarray, filmed: FaceMeasures) -> MouthScale:
        return mouth_scale(weights, filmed, character=self.mouth, rest=np.arange(20), rows=ALL)


def played(head: Character) -> np.ndarray:
    """Rest, then a rounded open mouth that comes and goes, then a smile that does."""
    values = np.zeros((FRAMES, len(head.shape_names)), np.float32)
    bump = np.sin(np.linspace(0, np.pi, 20)).astype(np.float32)
    for name, frames, size in (
        ("jawOpen", ROUND, 0.6), ("mouthPucker", ROUND, 0.8),
        ("mouthSmileLeft", WIDE, 0.8), ("mouthSmileRight", WIDE, 0.8),
    ):  # fmt: skip
        values[frames, head.shape_names.index(name)] = size * bump
    return values


@pytest.fixture(scope="module")
def face(mouthing: tuple[Character, SurfaceLandmarks, Pca]) -> Face:
    return Face(*mouthing)


@pytest.fixture(scope="module")
def filmed() -> FaceMeasures:
    """What the performer's landmarks say of his mouth."""
    head = make_character(name="performer", detail="low")
    return face_measures(synthetic_landmarks(head).positions(head.vertices(played(head))))


def test_the_linear_measures_are_those_of_the_mesh(face: Face) -> None:
    weights = face.playing()
    measured = face_measures(face.marks.positions(face.pca.vertices(weights)))
    scale = measured.inter_ocular / face.unit
    np.testing.assert_allclose(face.mouth(weights)[:, 0], measured.mouth_open * scale, atol=0.01)
    np.testing.assert_allclose(face.mouth(weights)[:, 1], measured.mouth_width * scale, atol=0.02)


def test_a_mouth_that_the_networks_missed_opens_rounds_and_widens(face: Face, filmed: FaceMeasures) -> None:
    scale = face.scale(face.idle(), filmed)
    after = face.mouth(face.moved(face.idle(), filmed, scale)) - face.mouth.rest
    wanted = np.array(scale.gain) * (
        np.stack([filmed.mouth_open, filmed.mouth_width], 1) - np.array(scale.rest)
    )
    assert wanted[ROUND, 1].min() < -0.05 < 0.05 < wanted[WIDE, 1].max()
    assert np.abs(after[REST]).max() < 0.005
    for column in range(2):
        assert np.corrcoef(after[:, column], wanted[:, column])[0, 1] > 0.98
        assert 0.7 < after[:, column].std() / wanted[:, column].std() < 1.1


def test_networks_that_know_nothing_leave_the_gain_to_the_sizes_of_the_mouths(
    face: Face, filmed: FaceMeasures
) -> None:
    scale = face.scale(face.idle(), filmed)
    size = face.mouth.rest[1] / float(np.median(filmed.mouth_width[REST]))
    assert scale.gain == pytest.approx((size, size), rel=1e-3)
    assert scale.wider == pytest.approx(0.0, abs=1e-6)


def test_a_mouth_opens_from_lips_that_touch_even_if_it_rests_with_them_apart(
    face: Face, filmed: FaceMeasures
) -> None:
    resting = replace(filmed, mouth_open=filmed.mouth_open + np.float32(0.06))
    seen = mouth_scale(
        face.playing(),
        resting,
        character=face.mouth,
        rest=np.arange(20),
        rows=ALL,
        lips=LipScale(0.0, 0.8, True),
    )
    assert seen.rest[0] == 0.0
    after = face.mouth(face.moved(face.idle(), resting, seen)) - face.mouth.rest
    assert after[REST, 0].min() > 0.02
    unknown = face.scale(face.playing(), resting)
    assert unknown.rest[0] == pytest.approx(0.06, abs=0.01)


@pytest.mark.parametrize("amount", [0.6, 1.0, 1.5])
def test_networks_that_follow_keep_their_own_gain(face: Face, filmed: FaceMeasures, amount: float) -> None:
    weights = face.playing(amount)
    scale = face.scale(weights, filmed)
    spread = face.mouth(weights).std(axis=0)
    own = spread / np.array([filmed.mouth_open.std(), filmed.mouth_width.std()])
    np.testing.assert_allclose(scale.gain, own, rtol=0.12)
    after = face.moved(weights, filmed, scale)
    assert (np.abs(face.mouth(after) - face.mouth(weights)).mean(axis=0) < 0.25 * spread).all()


def test_frames_that_well_trained_networks_missed_get_the_size_of_their_own(
    face: Face, filmed: FaceMeasures
) -> None:
    weights = face.playing()
    scale = face.scale(weights, filmed)
    missed = weights.copy()
    missed[45:55] = face.rest
    after = face.mouth(face.moved(missed, filmed, scale))
    truth, rest = face.mouth(weights), face.mouth.rest
    assert np.abs(after[45:55, 1] - truth[45:55, 1]).max() < 0.4 * (truth[45:55, 1] - rest[1]).max()


def test_what_is_wider_away_from_rest_leaves_rest_alone(face: Face, filmed: FaceMeasures) -> None:
    scale = MouthScale((0.0, 0.0), 0.0, (0.0, 0.0), wider=0.05, reach=0.5)
    weights = face.idle()
    weights[WIDE] = face.playing(1.5)[50]
    assert (face.mouth(weights) - face.mouth.rest)[WIDE, 1].min() > 0.1
    after = face.mouth(face.moved(weights, filmed, scale)) - face.mouth.rest
    assert np.abs(after[REST]).max() < 0.002
    assert after[WIDE, 1].mean() == pytest.approx(0.05, abs=0.02)


def test_between_the_two_gains_the_networks_have_the_say(face: Face, filmed: FaceMeasures) -> None:
    weights = face.playing(0.5)
    scale = face.scale(face.playing(), filmed)
    half = np.array(scale.gain) / 2
    between = replace(scale, size=0.0, wider=0.0, rest=scale.rest)
    untouched = face.moved(weights, filmed, between)
    assert np.abs(face.mouth(untouched) - face.mouth(weights)).max() < 0.03
    beyond = replace(between, size=float(2 * half.max()), gain=(2 * float(half[0]), 2 * float(half[1])))
    raised = face.mouth(face.moved(weights, filmed, beyond)) - face.mouth.rest
    assert raised[ROUND, 0].max() > 1.4 * (face.mouth(weights) - face.mouth.rest)[ROUND, 0].max()


def test_eyes_and_brows_keep_still(face: Face, filmed: FaceMeasures) -> None:
    before = face.idle()
    after = face.moved(before, filmed, face.scale(before, filmed))
    moved = np.abs(
        face.marks.positions(face.pca.vertices(after)) - face.marks.positions(face.pca.vertices(before))
    ).max(axis=(0, 2))
    others = landmark_indices("eye_l", "eye_r", "brow_l", "brow_r", "nose_base")
    assert moved[others].max() < 0.15 * moved[landmark_indices("lips_outer")].max()


@pytest.mark.parametrize("allowance", [0.0, 0.5])
def test_half_the_strength_goes_half_the_way(face: Face, filmed: FaceMeasures, allowance: float) -> None:
    weights = face.playing(0.3)
    scale = replace(face.scale(face.playing(), filmed), scatter=(0.04, 0.04))
    settings = replace(WHOLE, allowance=allowance)
    whole = face.moved(weights, filmed, scale, settings)
    half = face.moved(weights, filmed, scale, replace(settings, strength=0.5))
    np.testing.assert_allclose(half, (weights + whole) / 2, atol=1e-3)


def test_the_scatter_is_what_followers_usually_miss(face: Face, filmed: FaceMeasures) -> None:
    weights = face.playing()
    weights[::4] = face.playing(1.6)[::4]
    weights[WIDE][1::4] = face.rest
    scale = face.scale(weights, filmed)
    missing = face.mouth(face.moved(weights, filmed, scale)) - face.mouth(weights)
    curves = np.stack([filmed.mouth_open, filmed.mouth_width], 1)
    shown = face.mouth(weights)
    follows = np.array([np.corrcoef(curves[:, i], shown[:, i])[0, 1] for i in range(2)]) ** 2
    usual = follows * np.sqrt((missing**2).mean(axis=0))
    np.testing.assert_allclose(scale.scatter, usual, rtol=0.15)
    assert max(usual) > 1.5 * min(usual)


def test_networks_that_do_not_follow_are_allowed_nothing(face: Face, filmed: FaceMeasures) -> None:
    assert face.scale(face.idle(), filmed).scatter == pytest.approx((0.0, 0.0), abs=1e-6)


def test_a_share_of_what_networks_usually_miss_is_left_to_them(face: Face, filmed: FaceMeasures) -> None:
    known = face.scale(face.playing(), filmed)
    failed = face.playing()
    failed[25:35] = failed[45:55] = face.rest
    half = replace(WHOLE, allowance=0.5)

    def left(scale: MouthScale) -> np.ndarray:
        whole = face.mouth(face.moved(failed, filmed, scale))
        return np.abs(whole - face.mouth(face.moved(failed, filmed, scale, half)))

    usual = replace(known, scatter=(0.08, 0.04))
    np.testing.assert_allclose(left(usual)[28:32, 0], 0.04, atol=0.01)
    np.testing.assert_allclose(left(usual)[45:55, 1], 0.02, atol=0.005)
    assert left(known)[45:55].max() < 0.01
    always = replace(known, scatter=(1.0, 1.0))
    np.testing.assert_array_equal(face.moved(failed, filmed, always, half), failed)


def test_a_negative_allowance_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"retarget\.mouth.*allowance.*-0\.5"):
        MouthSettings(allowance=-0.5)


def test_strength_0_and_an_unknown_mouth_change_nothing(face: Face, filmed: FaceMeasures) -> None:
    weights = face.playing()
    assert face.moved(weights, filmed, face.scale(weights, filmed), replace(WHOLE, strength=0.0)) is weights
    assert face.moved(weights, filmed, None) is weights


def test_frames_without_a_face_are_not_mixed_in(face: Face, filmed: FaceMeasures) -> None:
    found = np.ones(FRAMES, bool)
    found[25:28] = False
    junk = replace(filmed, mouth_width=filmed.mouth_width.copy(), mouth_open=filmed.mouth_open.copy())
    junk.mouth_width[25:28] = junk.mouth_open[25:28] = 5.0
    scale = face.scale(face.idle(), filmed)
    kept, same = (
        face.moved(face.idle(), measures, scale, replace(WHOLE, smoothing=3.0), found=found)
        for measures in (filmed, junk)
    )
    np.testing.assert_allclose(same[found], kept[found], atol=1e-4)


def test_a_mouth_that_never_moves_in_the_film_or_in_the_motion_breaks_nothing(
    face: Face, filmed: FaceMeasures
) -> None:
    still = replace(
        filmed,
        mouth_open=np.zeros(FRAMES, np.float32),
        mouth_width=np.full(FRAMES, 0.8, np.float32),
    )
    scale = face.scale(face.playing(), still)
    assert np.isfinite(scale.gain).all()
    lids = np.zeros((40, len(face.character.shape_names)), np.float32)
    lids[:, face.character.shape_names.index("eyeBlinkLeft")] = np.linspace(0, 1, 40)
    blinking = replace(face, pca=fit_pca(face.character.vertices(lids)))
    idle = blinking.idle()
    np.testing.assert_array_equal(
        blinking.moved(idle, filmed, blinking.scale(idle, filmed)), idle.astype(np.float32)
    )
