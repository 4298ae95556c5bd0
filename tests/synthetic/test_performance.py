from __future__ import annotations

import numpy as np
import pytest

from facepatch.core.data.character import Character
from facepatch.core.errors import ConfigError, InputError
from facepatch.synthetic.face import CARTOON_STYLE, make_character
from facepatch.synthetic.performance import make_performance


@pytest.fixture(scope="module")
def face() -> Character:
    return make_character(CARTOON_STYLE, name="face", detail="low")


@pytest.mark.parametrize("kind", ["conversation", "range_of_motion"])
def test_weights_are_in_range_named_as_the_shapes_and_smooth(face: Character, kind: str) -> None:
    clip = make_performance(face, seconds=20.0, kind=kind)  # type: ignore[arg-type]
    assert clip.names == face.shape_names
    assert clip.weights.shape == (600, len(face.shape_names))
    assert clip.weights.min() >= 0.0
    assert clip.weights.max() <= 1.0
    assert np.abs(np.diff(clip.weights, axis=0)).max() < 0.6  # even a blink takes more than one frame


def test_half_a_minute_holds_every_kind_of_motion(face: Character) -> None:
    clip = make_performance(face, seconds=30.0, seed=5)
    top = dict(zip(clip.names, clip.weights.max(axis=0)))
    for name in ("jawOpen", "eyeBlinkLeft", "eyeBlinkRight"):
        assert top[name] > 0.85, name
    for name in ("mouthSmileLeft", "browInnerUp", "browDownRight", "mouthPucker", "eyeWideLeft"):
        assert top[name] > 0.45, name


def test_it_blinks_often_enough_and_shuts_the_lids(face: Character) -> None:
    clip = make_performance(face, seconds=40.0, seed=2)
    lid = clip.weights[:, clip.names.index("eyeBlinkLeft")]
    shut = lid > 0.95
    blinks = int((np.diff(shut.astype(int)) == 1).sum())
    assert 6 <= blinks <= 40
    assert np.median(lid) < 0.1


def test_both_sides_move_together_in_a_conversation(face: Character) -> None:
    clip = make_performance(face, seconds=40.0, seed=1)
    left, right = (clip.weights[:, clip.names.index(f"mouthSmile{side}")] for side in ("Left", "Right"))
    assert np.corrcoef(left, right)[0, 1] > 0.8


def test_eyes_look_to_one_side_together(face: Character) -> None:
    clip = make_performance(face, seconds=40.0, seed=1)
    out_left, in_right, out_right = (
        clip.weights[:, clip.names.index(name)]
        for name in ("eyeLookOutLeft", "eyeLookInRight", "eyeLookOutRight")
    )
    assert np.corrcoef(out_left, in_right)[0, 1] > 0.9
    assert (out_left * out_right).max() < 0.1


def test_the_same_seed_gives_the_same_clip_and_another_one_another(face: Character) -> None:
    one, same, other = (make_performance(face, seconds=5.0, seed=seed).weights for seed in (7, 7, 8))
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 0.2


def test_frames_follow_the_rate(face: Character) -> None:
    assert make_performance(face, seconds=4.0, rate=(24000, 1001)).frame_count == 96


def test_no_time_and_an_unknown_kind_are_refused(face: Character) -> None:
    with pytest.raises(InputError, match="is too short"):
        make_performance(face, seconds=0.2)
    with pytest.raises(ConfigError, match="'opera' is not one of conversation, range_of_motion"):
        make_performance(face, seconds=2.0, kind="opera")  # type: ignore[arg-type]
