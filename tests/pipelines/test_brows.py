"""pipelines.brows: the performer's brows lift the character's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from facepatch.core.data.character import Character
from facepatch.core.data.pca import Pca
from facepatch.metrics.face_measures import FaceMeasures, face_measures
from facepatch.metrics.vertex_error import inter_ocular
from facepatch.pca.choose import PcaSettings
from facepatch.pca.fit import fit_pca
from facepatch.pipelines.brows import EVEN, brow_rest, lift_brows
from facepatch.pipelines.settings import BrowSettings
from facepatch.synthetic.face import CARTOON_STYLE, make_character, synthetic_landmarks

REST, UP = slice(0, 15), slice(15, 30)


@pytest.fixture(scope="module")
def hero() -> tuple[Character, Pca]:
    head = make_character(CARTOON_STYLE, name="hero", detail="low")
    values = np.zeros((150, len(head.shape_names)), np.float32)
    moving = [
        i for i, name in enumerate(head.shape_names) if name.startswith(("brow", "eyeBlink", "jawOpen"))
    ]
    values[:, moving] = np.random.default_rng(1).uniform(0, 1, (150, len(moving)))
    return head, fit_pca(head.vertices(values))


def filmed() -> FaceMeasures:
    """A performer who raises both brows half-way through."""
    head = make_character(name="performer", detail="low")
    values = np.zeros((30, len(head.shape_names)), np.float32)
    for name in ("browInnerUp", "browOuterUpLeft", "browOuterUpRight"):
        values[UP, head.shape_names.index(name)] = 0.5
    return face_measures(synthetic_landmarks(head).positions(head.vertices(values)))


def lifted(
    hero: tuple[Character, Pca], measures: FaceMeasures, *, seen: FaceMeasures | None = None,
    found: np.ndarray | None = None, **settings: Any,
) -> FaceMeasures:  # fmt: skip
    """Measures of the character, whose networks see nothing of the brows, or all of those of `seen`."""
    head, pca = hero
    marks = synthetic_landmarks(head)
    neutral = pca.weights(head.neutral[None])[0]
    weights = np.repeat(neutral[None], 30, 0)
    for filmed in (measures,) if seen is None else (seen, measures):
        weights = lift_brows(
            weights, filmed, brow_rest(filmed, np.arange(10)),
            found=np.ones(30, bool) if found is None else found, pca=pca, landmarks=marks, neutral_weights=neutral,
            inter_ocular_cm=inter_ocular(marks, head.neutral),
            settings=replace(BrowSettings(strength=1.0, smoothing=0.0), **settings),
        )  # fmt: skip
    return face_measures(marks.positions(pca.vertices(weights)))


def rise(measures: FaceMeasures) -> float:
    return float(measures.brow[UP].mean() - measures.brow[REST].mean())


def test_raised_brows_raise_the_characters_and_resting_ones_rest(hero: tuple[Character, Pca]) -> None:
    performer = filmed()
    character = lifted(hero, performer)
    assert rise(performer) > 0.02
    assert 0.6 * rise(performer) < rise(character) < 1.1 * rise(performer)
    at_rest = float(np.ptp(character.brow[REST]))
    assert at_rest < 0.02 * rise(character)


def tied_hero() -> tuple[Character, Pca]:
    """The character in a motion that hardly raises one brow without the other, and then with the jaw."""
    head = make_character(CARTOON_STYLE, name="hero", detail="low")
    rng = np.random.default_rng(1)
    jaw, up, down = rng.uniform(0, 1, (3, 150))
    values = np.zeros((150, len(head.shape_names)), np.float32)
    for side, sign in (("Left", 1), ("Right", -1)):
        uneven = sign * (0.03 * (jaw - 0.5) + 0.003 * rng.normal(size=150))
        values[:, head.shape_names.index(f"browOuterUp{side}")] = up + uneven
        values[:, head.shape_names.index(f"browDown{side}")] = down
    values[:, head.shape_names.index("jawOpen")] = jaw
    return head, fit_pca(head.vertices(values), PcaSettings(variance=1.0))


def uneven(performer: FaceMeasures, by: float) -> FaceMeasures:
    """The performer with the left brow raised and the right one lowered by half of `by`."""
    shift = np.zeros(30, np.float32)
    shift[UP] = by / 2
    return replace(performer, brow_l=performer.brow_l + shift, brow_r=performer.brow_r - shift)


def test_a_brow_rises_alone_where_the_motion_hardly_has_it_and_moves_no_mouth() -> None:
    hero, performer = tied_hero(), filmed()
    even, apart = lifted(hero, performer), lifted(hero, uneven(performer, 0.1 + EVEN))
    difference = (apart.brow_l - apart.brow_r)[UP].mean() - (even.brow_l - even.brow_r)[UP].mean()
    assert difference == pytest.approx(0.1, abs=0.02)  # less what a turned head may show
    assert rise(apart) == pytest.approx(rise(even), rel=0.1)
    np.testing.assert_allclose(apart.mouth_open, even.mouth_open, atol=0.01)


def test_brows_that_differ_by_no_more_than_a_turned_head_shows_stay_even() -> None:
    hero, performer = tied_hero(), filmed()
    even, apart = lifted(hero, performer), lifted(hero, uneven(performer, 0.8 * EVEN))
    np.testing.assert_allclose(apart.brow_l, even.brow_l, atol=1e-4)
    np.testing.assert_allclose(apart.brow_r, even.brow_r, atol=1e-4)


@pytest.mark.parametrize(("seen", "kept"), [(0.03, 0.03), (0.05, 0.04), (0.0, 0.04 - EVEN)])
def test_of_a_difference_that_may_be_the_turned_heads_the_networks_are_believed(
    seen: float, kept: float
) -> None:
    hero, performer = tied_hero(), filmed()
    known = uneven(performer, seen + EVEN)  # of which the channel leaves `seen`
    even = lifted(hero, performer)
    apart = lifted(hero, uneven(performer, 0.04), seen=known if seen else performer)
    difference = (apart.brow_l - apart.brow_r)[UP].mean() - (even.brow_l - even.brow_r)[UP].mean()
    assert difference == pytest.approx(kept, rel=0.15)


def test_gain_and_strength_scale_the_rise(hero: tuple[Character, Pca]) -> None:
    performer = filmed()
    whole = rise(lifted(hero, performer))
    assert rise(lifted(hero, performer, gain=2.0)) == pytest.approx(2 * whole, rel=0.05)
    assert rise(lifted(hero, performer, strength=0.5)) == pytest.approx(whole / 2, rel=0.05)
    assert rise(lifted(hero, performer, strength=0.0)) == 0.0


def test_mouth_and_lids_keep_still(hero: tuple[Character, Pca]) -> None:
    character = lifted(hero, filmed())
    for name in ("mouth_open", "mouth_width", "eye_open_l", "eye_open_r"):
        assert float(np.ptp(character.curves()[name])) < 0.25 * rise(character)


def test_smoothing_takes_the_tremble_and_leaves_no_lag(hero: tuple[Character, Pca]) -> None:
    performer = filmed()
    noise = 0.01 * np.random.default_rng(0).standard_normal(30).astype(np.float32)
    shaking = replace(performer, brow_l=performer.brow_l + noise, brow_r=performer.brow_r + noise)
    rough, smooth = (lifted(hero, shaking, smoothing=sigma).brow for sigma in (0.0, 2.0))
    assert np.diff(smooth[REST]).std() < 0.4 * np.diff(rough[REST]).std()
    clean = lifted(hero, performer, smoothing=2.0).brow
    np.testing.assert_allclose(clean + clean[::-1], clean[0] + clean[-1], atol=0.1 * np.ptp(clean))


def test_frames_without_a_face_are_not_mixed_in(hero: tuple[Character, Pca]) -> None:
    performer = filmed()
    found = np.ones(30, bool)
    found[5:8] = False
    junk = replace(performer, brow_l=performer.brow_l.copy(), brow_r=performer.brow_r.copy())
    junk.brow_l[5:8] = junk.brow_r[5:8] = 0.5
    kept, same = (lifted(hero, measures, found=found, smoothing=3.0).brow for measures in (performer, junk))
    np.testing.assert_allclose(same[found], kept[found], atol=0.02 * np.ptp(kept))


def test_the_rest_is_the_median_of_the_resting_frames() -> None:
    performer = filmed()
    assert brow_rest(performer, np.arange(5)) == pytest.approx(
        {"l": float(np.median(performer.brow_l[:5])), "r": float(np.median(performer.brow_r[:5]))}
    )
