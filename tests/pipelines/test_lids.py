"""pipelines.lids: shut eyes shut, open eyes stay open, a wink stays on its side."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from facepatch.core.data.character import Character
from facepatch.core.data.landmarks import SurfaceLandmarks, landmark_indices
from facepatch.core.data.pca import Pca
from facepatch.metrics.face_measures import MEASURES, FaceMeasures, face_measures, measures_from_curves
from facepatch.pca.choose import PcaSettings
from facepatch.pca.fit import fit_pca
from facepatch.pipelines.lids import EyeScale, close_lids, eye_scales, tied
from facepatch.pipelines.settings import LidSettings
from facepatch.synthetic.face import CARTOON_STYLE, make_character, synthetic_landmarks
from facepatch.weights.readouts import LIDS

OPEN, SHUT, WINK_L, HALF = slice(0, 10), slice(10, 14), slice(14, 18), slice(18, 20)
BLINKS = np.zeros((20, 2), np.float32)
"""(T, 2) what the performer's left and right lids do, 0 open and 1 shut."""
BLINKS[SHUT] = 1.0
BLINKS[WINK_L, 0] = 1.0
BLINKS[HALF] = 0.5
ALL = np.ones(len(BLINKS), bool)


@dataclass(frozen=True, eq=False)
class Face:
    """The small cartoon head with a PCA of its lids, brows and mouth."""

    character: Character
    marks: SurfaceLandmarks
    pca: Pca

    @property
    def rest(self) -> np.ndarray:
        return self.pca.weights(self.character.neutral[None])[0]

    def weights(self, blinks: np.ndarray, *, jaw: float = 0.0) -> np.ndarray:
        """(T, M) of lids as shut as (T, 2) says."""
        values = np.zeros((len(blinks), len(self.character.shape_names)), np.float32)
        for column, side in enumerate(("Left", "Right")):
            values[:, self.character.shape_names.index(f"eyeBlink{side}")] = blinks[:, column]
        values[:, self.character.shape_names.index("jawOpen")] = jaw
        return self.pca.weights(self.character.vertices(values))

    def gaps(self, weights: np.ndarray) -> np.ndarray:
        """(T, 2) gap of the left and the right eye over that at rest."""
        points = self.marks.positions(self.pca.vertices(np.concatenate([weights, self.rest[None]])))
        out = []
        for side in ("l", "r"):
            upper = landmark_indices(*(pair[0] for pair in LIDS[side]))
            lower = landmark_indices(*(pair[1] for pair in LIDS[side]))
            out.append((points[:, upper, 1] - points[:, lower, 1]).mean(1))
        gaps = np.stack(out, 1)
        return gaps[:-1] / gaps[-1]


@pytest.fixture(scope="module")
def face() -> Face:
    head = make_character(CARTOON_STYLE, name="hero", detail="low")
    moving = [
        i for i, name in enumerate(head.shape_names)
        if name.startswith(("eyeBlink", "eyeSquint", "browInnerUp", "browOuterUp", "jawOpen", "mouthSmile"))
    ]  # fmt: skip
    values = np.zeros((200, len(head.shape_names)), np.float32)
    values[:, moving] = np.random.default_rng(1).uniform(0, 1, (200, len(moving)))
    return Face(head, synthetic_landmarks(head), fit_pca(head.vertices(values)))


def filmed(blinks: np.ndarray) -> FaceMeasures:
    """What the performer's landmarks say of his lids."""
    head = make_character(name="performer", detail="low")
    values = np.zeros((len(blinks), len(head.shape_names)), np.float32)
    for column, side in enumerate(("Left", "Right")):
        values[:, head.shape_names.index(f"eyeBlink{side}")] = blinks[:, column]
    return face_measures(synthetic_landmarks(head).positions(head.vertices(values)))


def closed(
    face: Face, weights: np.ndarray, blinks: np.ndarray = BLINKS, settings: LidSettings = LidSettings()
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    measures = filmed(blinks)
    scales = eye_scales(measures, np.ones(len(blinks), bool))
    return close_lids(
        weights,
        measures,
        scales,
        pca=face.pca,
        landmarks=face.marks,
        neutral_weights=face.rest,
        settings=settings,
    )


def test_an_openness_of_0_is_shut_and_of_1_is_open() -> None:
    scale = EyeScale(shut=0.02, open=0.22, ever_shut=True)
    np.testing.assert_allclose(
        scale.openness(np.array([0.02, 0.12, 0.22], np.float32)), [0.0, 0.5, 1.0], atol=1e-6
    )


def test_a_slit_that_the_networks_leave_is_shut(face: Face) -> None:
    slit = face.weights(0.7 * BLINKS)
    assert face.gaps(slit)[SHUT].min() > 0.2
    weights, shut = closed(face, slit)
    assert face.gaps(weights)[SHUT].max() < 0.15
    assert shut["l"][SHUT].all()
    assert shut["r"][SHUT].all()


def test_open_eyes_stay_as_open_as_they_are(face: Face) -> None:
    weights, shut = closed(face, face.weights(BLINKS))
    np.testing.assert_allclose(face.gaps(weights)[OPEN], 1.0, atol=0.1)
    assert not shut["l"][OPEN].any()
    assert not shut["r"][OPEN].any()


def test_open_eyes_that_the_networks_narrow_are_opened_half_the_way(face: Face) -> None:
    narrow = face.weights(BLINKS + 0.15 * (BLINKS == 0))
    missing = 1 - face.gaps(narrow)[OPEN]
    weights, _ = closed(face, narrow)
    np.testing.assert_allclose(1 - face.gaps(weights)[OPEN], 0.5 * missing, atol=0.01)
    assert np.abs(1 - face.gaps(weights)[OPEN]).max() < 0.1


def test_an_open_eye_that_the_networks_all_but_shut_is_open(face: Face) -> None:
    winking = BLINKS.copy()
    winking[OPEN, 0] = 0.9
    before = face.weights(winking)
    assert face.gaps(before)[OPEN, 0].max() < 0.2
    gaps = face.gaps(closed(face, before)[0])[OPEN]
    np.testing.assert_allclose(gaps[:, 0], 0.875, atol=0.05)
    np.testing.assert_allclose(gaps[:, 1], 1.0, atol=0.05)


def test_narrow_eyes_that_widen_open_the_characters_half_as_far_beyond_its_own(face: Face) -> None:
    performer = filmed(BLINKS)
    scales = {
        side: EyeScale(shut=0.0, open=float(getattr(performer, f"eye_open_{side}")[0]) / 1.7, ever_shut=True)
        for side in ("l", "r")
    }
    weights, _ = close_lids(
        face.weights(0.0 * BLINKS), performer, scales, pca=face.pca, landmarks=face.marks,
        neutral_weights=face.rest, settings=LidSettings(overshoot=0.0),
    )  # fmt: skip
    np.testing.assert_allclose(face.gaps(weights)[OPEN], 1.35, atol=0.05)


def test_a_wink_shuts_one_eye_and_leaves_the_other(face: Face) -> None:
    weights, shut = closed(face, face.weights(0.7 * BLINKS))
    gaps = face.gaps(weights)[WINK_L]
    assert gaps[:, 0].max() < 0.15
    np.testing.assert_allclose(gaps[:, 1], 1.0, atol=0.1)
    assert shut["l"][WINK_L].all()
    assert not shut["r"][WINK_L].any()


def test_the_rest_of_the_face_keeps_still(face: Face) -> None:
    before = face.weights(0.7 * BLINKS, jaw=0.5)
    after, _ = closed(face, before)
    moved = np.abs(
        face.marks.positions(face.pca.vertices(after)) - face.marks.positions(face.pca.vertices(before))
    ).max(axis=(0, 2))
    lips = landmark_indices("lips_outer", "lips_inner", "chin")
    assert moved[lips].max() < 0.15 * moved[landmark_indices("eye_l", "eye_r")].max()


def test_lids_that_are_right_already_are_hardly_touched(face: Face) -> None:
    weights = face.weights(BLINKS)
    after, _ = closed(face, weights, settings=LidSettings(overshoot=0.0))
    np.testing.assert_allclose(face.gaps(after), face.gaps(weights), atol=0.1)


def test_strength_0_changes_nothing(face: Face) -> None:
    weights = face.weights(0.7 * BLINKS)
    after, shut = closed(face, weights, settings=LidSettings(strength=0.0))
    assert after is weights
    assert not shut["l"].any()
    assert not shut["r"].any()


def test_half_the_strength_goes_half_the_way(face: Face) -> None:
    weights = face.weights(0.7 * BLINKS)
    whole, _ = closed(face, weights)
    half, _ = closed(face, weights, settings=replace(LidSettings(), strength=0.5))
    np.testing.assert_allclose(half, (weights + whole) / 2, atol=1e-5)


def test_an_eye_that_is_never_seen_shut_is_never_called_shut_and_stays_open(face: Face) -> None:
    blinks = BLINKS.copy()
    blinks[:, 1] = 0.0
    scales = eye_scales(filmed(blinks), ALL)
    assert scales["l"].ever_shut
    assert not scales["r"].ever_shut
    assert scales["r"].shut == pytest.approx(0.2 * scales["r"].open)
    weights, shut = closed(face, face.weights(0.7 * blinks), blinks)
    assert shut["l"].any()
    assert not shut["r"].any()
    np.testing.assert_allclose(face.gaps(weights)[:, 1], 1.0, atol=0.1)


def test_frames_without_a_face_do_not_set_the_scale() -> None:
    blinks = BLINKS.copy()
    measures = filmed(blinks)
    valid = ALL.copy()
    valid[SHUT] = valid[WINK_L] = valid[HALF] = False
    assert not eye_scales(measures, valid)["l"].ever_shut
    assert eye_scales(measures, ALL)["l"].ever_shut


def test_a_known_neutral_says_how_far_an_open_eye_is_open() -> None:
    gap = np.tile(np.float32([0.15, 0.15, 0.15, 0.0]), 20)
    curves = {name: np.full(80, 0.3, np.float32) for name in MEASURES} | {
        "eye_open_l": gap,
        "eye_open_r": gap,
    }
    known = eye_scales(
        measures_from_curves(curves, 1.0), np.ones(80, bool), at_rest={"eye_open_l": 0.2, "eye_open_r": 0.2}
    )
    guessed = eye_scales(measures_from_curves(curves, 1.0), np.ones(80, bool))
    assert known["l"].open == pytest.approx(0.2)
    assert guessed["l"].open == pytest.approx(0.15, abs=0.01)


def without(face: Face, *names: str) -> Face:
    """The head in a motion that never uses the shapes that begin like this."""
    head = face.character
    moving = [
        i for i, name in enumerate(head.shape_names)
        if name.startswith(("eyeBlink", "browInnerUp", "browOuterUp", "jawOpen", "mouthSmile"))
        and not name.startswith(names)
    ]  # fmt: skip
    values = np.zeros((200, len(head.shape_names)), np.float32)
    values[:, moving] = np.random.default_rng(1).uniform(0, 1, (200, len(moving)))
    return replace(face, pca=fit_pca(head.vertices(values)))


def test_a_character_that_cannot_blink_makes_no_grimace_instead(face: Face) -> None:
    staring = without(face, "eyeBlink")
    rest = np.tile(staring.rest, (len(BLINKS), 1))
    after, _ = closed(staring, rest)
    np.testing.assert_array_equal(after, rest)


def test_lids_that_a_motion_hardly_parts_wink_all_the_same_and_move_no_mouth(face: Face) -> None:
    head = face.character
    rng = np.random.default_rng(1)
    jaw, blink = rng.uniform(0, 1, (2, 200))
    values = np.zeros((200, len(head.shape_names)), np.float32)
    # What little difference there is goes with the jaw, so that the likeliest wink opens the mouth.
    values[:, head.shape_names.index("eyeBlinkLeft")] = blink
    values[:, head.shape_names.index("eyeBlinkRight")] = (
        blink + 0.05 * (jaw - 0.5) + 0.005 * rng.normal(size=200)
    )
    values[:, head.shape_names.index("jawOpen")] = jaw
    coupled = replace(face, pca=fit_pca(head.vertices(values), PcaSettings(variance=1.0)))
    after, _ = closed(coupled, np.tile(coupled.rest, (len(BLINKS), 1)))
    gaps = coupled.gaps(after)[WINK_L]
    assert gaps[:, 0].max() < 0.15
    np.testing.assert_allclose(gaps[:, 1], 1.0, atol=0.1)
    mouth = landmark_indices("lips_outer", "lips_inner")
    points = coupled.marks.positions(coupled.pca.vertices(np.concatenate([after, coupled.rest[None]])))
    assert np.abs(points[:-1, mouth] - points[-1, mouth]).max() < 0.02 * np.ptp(points[-1, :, 0])


def test_lids_that_only_move_together_close_together_and_leave_a_wink(face: Face) -> None:
    head = face.character
    values = np.zeros((200, len(head.shape_names)), np.float32)
    rng = np.random.default_rng(1)
    for name in ("eyeBlinkLeft", "eyeBlinkRight"):
        values[:, head.shape_names.index(name)] = np.linspace(0, 1, 200)
    values[:, head.shape_names.index("jawOpen")] = rng.uniform(0, 1, 200)
    values[:, head.shape_names.index("mouthSmileLeft")] = rng.uniform(0, 1, 200)
    coupled = replace(face, pca=fit_pca(head.vertices(values)))
    after, _ = closed(coupled, np.tile(coupled.rest, (len(BLINKS), 1)))
    gaps = coupled.gaps(after)
    assert gaps[SHUT].max() < 0.15
    np.testing.assert_allclose(gaps[WINK_L].mean(), 0.5, atol=0.1)
    mouth = landmark_indices("lips_outer", "lips_inner")
    points = coupled.marks.positions(coupled.pca.vertices(np.concatenate([after, coupled.rest[None]])))
    assert np.abs(points[:-1, mouth] - points[-1, mouth]).max() < 0.02 * np.ptp(points[-1, :, 0])


def test_eyes_that_a_motion_never_parts_blink_as_the_one_that_is_further_shut(face: Face) -> None:
    head = face.character
    values = np.zeros((200, len(head.shape_names)), np.float32)
    for name in ("eyeBlinkLeft", "eyeBlinkRight"):
        values[:, head.shape_names.index(name)] = np.linspace(0, 1, 200)
    values[:, head.shape_names.index("jawOpen")] = np.random.default_rng(1).uniform(0, 1, 200)
    coupled = replace(face, pca=fit_pca(head.vertices(values)))
    uneven = np.zeros((20, 2), np.float32)
    uneven[5:10] = 1.0
    uneven[12:15] = 1.0, 0.7
    after, _ = closed(coupled, np.tile(coupled.rest, (20, 1)), uneven)
    assert coupled.gaps(after)[12:15].max() < 0.15


@pytest.mark.parametrize(("lowest", "share"), [(0.44, 0.44), (0.56, 0.2)])
def test_whether_an_eye_was_seen_shut_is_no_cliff(lowest: float, share: float) -> None:
    def scale(low: float) -> EyeScale:
        curves = {name: np.full(100, 0.2, np.float32) for name in MEASURES}
        for side in ("l", "r"):
            curves[f"eye_open_{side}"][40:50] = 0.2 * low
        return eye_scales(measures_from_curves(curves, 1.0), np.ones(100, bool))["l"]

    assert scale(lowest).shut == pytest.approx(share * 0.2, abs=1e-4)
    steps = [scale(low).shut for low in np.arange(0.40, 0.60, 0.005)]
    assert np.abs(np.diff(steps)).max() < 0.01


def test_tied_eyes_are_as_shut_as_the_one_that_is_further_shut_but_not_in_a_wink() -> None:
    openness = np.array([[0.0, 0.3], [0.1, 0.4], [0.0, 1.0], [0.8, 1.0]])
    np.testing.assert_allclose(
        tied(openness, 1.0), [[0.0, 0.0], [0.1, 0.1], [0.0, 1.0], [0.8, 1.0]], atol=1e-9
    )
    np.testing.assert_array_equal(tied(openness, 0.0), openness)
    np.testing.assert_allclose(tied(openness, 0.5)[0], [0.0, 0.15], atol=1e-9)
