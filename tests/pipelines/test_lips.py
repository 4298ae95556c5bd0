"""pipelines.lips: lips that touch meet, parted ones are left alone, and nothing else moves."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from facepatch.core.data.character import Character
from facepatch.core.data.landmarks import SurfaceLandmarks, landmark_indices
from facepatch.core.data.pca import Pca
from facepatch.metrics.face_measures import FaceMeasures, face_measures
from facepatch.pipelines.lips import LipScale, close_lips, contact_gaps, lip_scale
from facepatch.pipelines.settings import LipSettings
from facepatch.synthetic.face import make_character, synthetic_landmarks

OPEN, SHUT, SMILE, TEETH = slice(0, 8), slice(8, 14), slice(14, 18), slice(18, 22)
JAW = np.zeros(22, np.float32)
JAW[OPEN] = np.linspace(0.3, 1.0, 8)
JAW[TEETH] = 0.25
SMILING = np.zeros(22, np.float32)
SMILING[SMILE] = SMILING[TEETH] = 0.8


@dataclass(frozen=True, eq=False)
class Face:
    """The face of `mouthing`, and what is asked of it."""

    character: Character
    marks: SurfaceLandmarks
    pca: Pca

    @property
    def rest(self) -> np.ndarray:
        return self.pca.weights(self.character.neutral[None])[0]

    def weights(self, jaw: np.ndarray, smile: np.ndarray, *, blink: float = 0.0) -> np.ndarray:
        return self.pca.weights(self.character.vertices(values_of(self.character, jaw, smile, blink)))

    def points(self, weights: np.ndarray) -> np.ndarray:
        return self.marks.positions(self.pca.vertices(weights))

    def gaps(self, weights: np.ndarray) -> np.ndarray:
        """(T,) lip gap over the width of the mouth."""
        measured = face_measures(np.concatenate([self.points(weights), self.points(self.rest[None])]))
        return (measured.mouth_open / measured.mouth_width)[:-1]


def values_of(head: Character, jaw: np.ndarray, smile: np.ndarray, blink: float = 0.0) -> np.ndarray:
    values = np.zeros((len(jaw), len(head.shape_names)), np.float32)
    for name, amount in (("jawOpen", jaw), ("mouthSmileLeft", smile), ("mouthSmileRight", smile)):
        values[:, head.shape_names.index(name)] = amount
    for side in ("Left", "Right"):
        values[:, head.shape_names.index(f"eyeBlink{side}")] = blink
    return values


@pytest.fixture(scope="module")
def face(mouthing: tuple[Character, SurfaceLandmarks, Pca]) -> Face:
    return Face(*mouthing)


@pytest.fixture(scope="module")
def filmed() -> FaceMeasures:
    """What the performer's landmarks say of his lips."""
    head = make_character(name="performer", detail="low")
    return face_measures(synthetic_landmarks(head).positions(head.vertices(values_of(head, JAW, SMILING))))


def closed(
    face: Face, weights: np.ndarray, filmed: FaceMeasures, settings: LipSettings = LipSettings()
) -> np.ndarray:
    return close_lips(
        weights, filmed, lip_scale(filmed, np.ones(22, bool)), pca=face.pca, landmarks=face.marks,
        neutral_weights=face.rest, settings=settings,
    )  # fmt: skip


def test_lips_that_the_networks_leave_apart_meet(face: Face, filmed: FaceMeasures) -> None:
    slack = face.weights(np.maximum(JAW, 0.25), SMILING)
    assert face.gaps(slack)[SHUT].min() > 0.06
    after = face.gaps(closed(face, slack, filmed))
    assert after[SHUT].max() < 0.03
    assert after[SMILE].max() < 0.03
    assert after.min() > -0.03


def test_a_smile_with_closed_lips_stays_a_smile(face: Face, filmed: FaceMeasures) -> None:
    slack = face.weights(np.maximum(JAW, 0.25), SMILING)
    corners = landmark_indices("lips_outer_corner_r", "lips_outer_corner_l")
    before, after = (face.points(w)[SMILE][:, corners] for w in (slack, closed(face, slack, filmed)))
    width = np.linalg.norm(before[:, 1] - before[:, 0], axis=1).mean()
    assert np.abs(after - before).max() < 0.03 * width


def test_open_mouths_and_teeth_are_left_alone_to_the_bit(face: Face, filmed: FaceMeasures) -> None:
    weights = face.weights(JAW + 0.1, SMILING)
    after = closed(face, weights, filmed)
    for frames in (OPEN, TEETH):
        np.testing.assert_array_equal(after[frames], weights[frames])


def test_it_never_opens_lips(face: Face, filmed: FaceMeasures) -> None:
    shut = face.weights(0 * JAW, SMILING)
    after = closed(face, shut, filmed)
    assert (face.gaps(after) - face.gaps(shut)).max() < 2e-3


def test_the_rest_of_the_face_keeps_still(face: Face, filmed: FaceMeasures) -> None:
    before = face.weights(np.maximum(JAW, 0.25), SMILING, blink=0.4)
    after = closed(face, before, filmed)
    moved = np.abs(face.points(after) - face.points(before)).max(axis=(0, 2))
    others = landmark_indices("eye_l", "eye_r", "brow_l", "brow_r", "nose_base", "chin")
    assert moved[others].max() < 0.15 * moved[landmark_indices("lips_inner")].max()


def test_strength_0_and_an_unknown_mouth_change_nothing(face: Face, filmed: FaceMeasures) -> None:
    weights = face.weights(JAW + 0.2, SMILING)
    assert closed(face, weights, filmed, LipSettings(strength=0.0)) is weights
    unknown = close_lips(
        weights, filmed, LipScale(), pca=face.pca, landmarks=face.marks, neutral_weights=face.rest,
        settings=LipSettings(),
    )  # fmt: skip
    assert unknown is weights


def test_half_the_strength_goes_half_the_way(face: Face, filmed: FaceMeasures) -> None:
    weights = face.weights(np.maximum(JAW, 0.25), SMILING)
    whole = closed(face, weights, filmed)
    half = closed(face, weights, filmed, replace(LipSettings(), strength=0.5))
    np.testing.assert_allclose(half, (weights + whole) / 2, atol=1e-4)


def test_between_touching_and_parted_the_lips_part_without_a_step(face: Face, filmed: FaceMeasures) -> None:
    width = float(np.median(filmed.mouth_width))
    gaps = np.linspace(0.0, 0.06, 22, dtype=np.float32) * width
    parting = replace(filmed, mouth_open=gaps)
    scale = LipScale(0.0, width, True)
    weights = np.repeat(face.weights(np.array([0.3]), np.array([0.0])), 22, axis=0)
    after = face.gaps(
        close_lips(weights, parting, scale, pca=face.pca, landmarks=face.marks, neutral_weights=face.rest,
                   settings=LipSettings())
    )  # fmt: skip
    assert (np.diff(after) >= -1e-4).all()
    assert np.diff(after).max() < 0.25 * (after[-1] - after[0])
    assert after[-1] == pytest.approx(face.gaps(weights)[-1], abs=1e-5)


def test_the_scale_is_the_performers(filmed: FaceMeasures) -> None:
    scale = lip_scale(filmed, np.ones(22, bool))
    assert scale.ever_touch
    assert scale.width == pytest.approx(float(np.median(filmed.mouth_width)))
    assert np.abs(scale.gap(filmed.mouth_open)[SHUT]).max() < 0.015
    gaping = lip_scale(filmed, np.arange(22) < 8)
    assert not gaping.ever_touch


def test_lips_meet_where_they_touch_at_rest_and_at_no_gap_where_they_do_not() -> None:
    np.testing.assert_allclose(contact_gaps(np.array([0.01, -0.01, 0.1]), 5.0), [0.01, -0.01, 0.075])
    np.testing.assert_array_equal(contact_gaps(np.array([0.2, 0.3, 0.2]), 5.0), np.zeros(3))
