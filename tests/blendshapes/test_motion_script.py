from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from facepatch.blendshapes.motion_script import arkit_motion, generated_motion
from facepatch.core.data.character import Character, MeshSpan, Part
from facepatch.core.data.mesh import topology_from_padded
from facepatch.core.errors import InputError
from facepatch.core.shape_names import ARKIT_NAMES
from facepatch.readers.livelink import read_live_link_csv

COLUMN = {name: index for index, name in enumerate(ARKIT_NAMES)}


def made(names: tuple[str, ...], deltas: np.ndarray | None = None) -> Character:
    """A grid of 3 x 3 vertices that has the shapes `names`."""
    x, y = np.meshgrid([-8.0, 0.0, 8.0], [-8.0, 0.0, 8.0])
    vertices = np.stack([x, y, np.zeros((3, 3))], axis=-1).reshape(-1, 3)
    rows = np.arange(9).reshape(3, 3)
    polys = np.stack([rows[:-1, :-1], rows[:-1, 1:], rows[1:, 1:], rows[1:, :-1]], axis=-1).reshape(-1, 4)
    return Character(
        name="made", neutral=vertices.astype(np.float32), topology=topology_from_padded(9, polys), shape_names=names,
        deltas=(np.zeros((len(names), 9, 3)) if deltas is None else deltas).astype(np.float32),
        meshes=(MeshSpan("made", 0, 9, 0, 4),), parts=(Part("made", "skin"),), polygon_part=np.zeros(4, np.int32),
    )  # fmt: skip


@pytest.fixture(scope="module")
def played() -> np.ndarray:
    return arkit_motion(frames=7200, rate=(30, 1), rng=np.random.default_rng(0))


def correlations(weights: np.ndarray) -> np.ndarray:
    """Upper triangle of the correlation matrix of what rises above rest."""
    above = np.clip(weights - np.percentile(weights, 10, axis=0), 0, None)
    above = above + 1e-6 * np.random.default_rng(0).normal(size=above.shape)
    return np.corrcoef(above.T)[np.triu_indices(above.shape[1], 1)]


def test_the_same_seed_gives_the_same_motion() -> None:
    one, same, other = (
        generated_motion(made(ARKIT_NAMES), seed=seed, minutes=0.3).weights for seed in (1, 1, 2)
    )
    assert np.array_equal(one, same)
    assert not np.allclose(one, other)


@pytest.mark.parametrize(("minutes", "rate"), [(0.1, (30, 1)), (1.0, (24, 1)), (5.5, (24000, 1001))])
def test_length_and_rate_are_kept(minutes: float, rate: tuple[int, int]) -> None:
    clip = generated_motion(made(ARKIT_NAMES), minutes=minutes, rate=rate)
    assert clip.frame_count == round(minutes * 60 * rate[0] / rate[1])
    assert clip.rate == rate
    assert clip.names == ARKIT_NAMES
    assert clip.weights.min() >= 0.0
    assert clip.weights.max() <= 1.0


def test_every_shape_reaches_its_extreme(played: np.ndarray) -> None:
    reached = played.max(axis=0)
    assert {name for name in ARKIT_NAMES if reached[COLUMN[name]] < 0.6} <= {"mouthClose"}
    assert reached[COLUMN["jawOpen"]] > 0.95
    assert reached[COLUMN["eyeBlinkLeft"]] > 0.95


def test_blinks_come_at_a_natural_rate_and_eyes_are_also_held_shut(played: np.ndarray) -> None:
    shut = played[:, COLUMN["eyeBlinkLeft"]] > 0.5
    assert 8 < (np.diff(shut.astype(int)) == 1).sum() / 4.0 < 25
    assert 0.04 < (played[:, COLUMN["eyeBlinkLeft"]] > 0.7).mean() < 0.15
    talking = played[:, COLUMN["jawOpen"]] > 0.15
    assert (shut & talking).any()


def test_sides_move_together_and_sometimes_alone(played: np.ndarray) -> None:
    left, right = played[:, COLUMN["mouthSmileLeft"]], played[:, COLUMN["mouthSmileRight"]]
    assert np.corrcoef(left, right)[0, 1] > 0.85
    assert np.abs(left - right).max() > 0.3


def test_lips_follow_the_jaw_and_never_close_further_than_it_opens(played: np.ndarray) -> None:
    jaw = played[:, COLUMN["jawOpen"]]
    assert np.corrcoef(jaw, played[:, COLUMN["mouthLowerDownLeft"]])[0, 1] > 0.6
    assert (played[:, COLUMN["mouthClose"]] <= jaw + 1e-6).all()


def test_movement_is_smooth_and_rests_are_rests(played: np.ndarray) -> None:
    mouth = [index for name, index in COLUMN.items() if name.startswith(("mouth", "jaw"))]
    assert np.abs(np.diff(played[:, mouth], axis=0)).max() < 0.45
    still = (played[:, [i for n, i in COLUMN.items() if "eye" not in n]] < 0.2).all(axis=1).mean()
    assert 0.2 < still < 0.6


def test_a_character_of_another_convention_is_driven_by_its_table() -> None:
    names = ("smileRight", "smileLeft", "eyeBrowLeftDown", "eyeBrowRightDown", "eyeBrowLeftUp", "eyeBrowRightUp",
             "mouthOpen", "mouthRound", "eyeRightClose", "eyeLeftClose", "mouthNasty")  # fmt: skip
    clip = generated_motion(made(names), minutes=4.0)
    assert (clip.weights.max(axis=0) > 0.5).all()


def test_names_that_tell_nothing_are_exercised_alone_and_with_their_mirror(
    caplog: pytest.LogCaptureFixture,
) -> None:
    deltas = np.zeros((3, 9, 3))
    deltas[0, 6], deltas[1, 8], deltas[2, 1] = (0, 1, 0), (0, 1, 0), (0, -1, 0)
    with caplog.at_level(logging.WARNING):
        clip = generated_motion(made(("t0", "t1", "t2"), deltas), minutes=0.2)
    assert "tell nothing about a face" in caplog.text
    on = clip.weights > 0.3
    patterns = {tuple(row) for row in on.tolist()}
    assert patterns == {
        (False,) * 3,
        (True, False, False),
        (False, True, False),
        (False, False, True),
        (True, True, False),
    }


def test_what_cannot_be_generated_is_refused() -> None:
    with pytest.raises(InputError, match="made: has no blendshapes"):
        generated_motion(made(()))
    with pytest.raises(InputError, match="is no motion"):
        generated_motion(made(ARKIT_NAMES), minutes=0.0)


@pytest.mark.assets
def test_it_resembles_real_captures_where_random_activations_do_not(assets: Path, played: np.ndarray) -> None:
    """Correlation between the correlation matrices of the 52 weights. Real takes among each other: 0.48 to 0.93."""
    real = []
    for name in ("alex_rom_3", "apfel"):
        take = read_live_link_csv(assets / "anim-livelinkface-csv" / f"{name}.csv")
        order = [[column.lower() for column in take.columns].index(n.lower()) for n in ARKIT_NAMES]
        real.append(take.weights[take.valid][:, order])
    rng = np.random.default_rng(1)
    random = np.zeros_like(played)
    for start in range(0, len(random), 30):
        random[start : start + 30, rng.choice(52, 4, replace=False)] = rng.random(4) * np.hanning(30)[:, None]
    for take in real:
        assert np.corrcoef(correlations(played), correlations(take))[0, 1] > 0.45
        assert np.corrcoef(correlations(random), correlations(take))[0, 1] < 0.1
