"""evaluation.motions: motions that are not the performer's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from facepatch.core.errors import InputError, UnknownNameError
from facepatch.evaluation.motions import (
    ACTIVE,
    GENERATED,
    MATCHED,
    MOTIONS,
    RANDOM,
    random_motion,
    with_motion,
)
from facepatch.pca.sources import character_frames
from facepatch.pipelines.subject import Subject
from facepatch.synthetic.face import make_character, synthetic_landmarks
from facepatch.synthetic.performance import make_performance

RATE = (30, 1)


@pytest.fixture(scope="module")
def subject() -> Subject:
    character = make_character(detail="low")
    clip = make_performance(character, seconds=4.0, rate=RATE, seed=1)
    return Subject(character, synthetic_landmarks(character), character_frames(character, clip), RATE, "key")


def test_random_poses_are_sparse_and_the_ways_between_them_smooth(subject: Subject) -> None:
    clip = random_motion(subject.character, frames=600, rate=RATE, seed=3)
    assert clip.names == subject.character.shape_names
    assert clip.weights.shape == (600, len(clip.names))
    assert clip.weights.min() >= 0.0
    assert clip.weights.max() <= 1.0
    # Never more than two poses' worth of shapes at a time.
    assert (clip.weights > 0).sum(axis=1).max() <= 2 * ACTIVE[1]
    assert np.abs(np.diff(clip.weights, axis=0)).max() < 0.3
    assert (clip.weights > 0.2).any(axis=0).mean() > 0.7, "most shapes come up"


def test_the_same_seed_gives_the_same_motion_and_another_another(subject: Subject) -> None:
    first, again, other = (
        random_motion(subject.character, frames=90, rate=RATE, seed=seed).weights for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.1


def test_every_motion_has_as_many_frames(subject: Subject) -> None:
    made = {kind: with_motion(kind, subject, seed=0) for kind in MOTIONS}
    assert made[MATCHED] is subject
    assert {one.frames.frame_count for one in made.values()} == {subject.frames.frame_count}
    assert len({one.key for one in made.values()}) == 3
    assert with_motion(RANDOM, subject, seed=1).key != made[RANDOM].key
    for kind in (GENERATED, RANDOM):
        moved = made[kind].frames.block(0, subject.frames.frame_count)
        assert np.ptp(moved, axis=0).max() > 0.05, "cm"


def test_a_motion_that_nobody_knows_is_refused(subject: Subject) -> None:
    with pytest.raises(UnknownNameError, match="matched"):
        with_motion("matchd", subject, seed=0)


def test_a_character_without_shapes_is_refused(subject: Subject) -> None:
    bare = replace(
        subject.character, shape_names=(), deltas=np.zeros((0, *subject.character.neutral.shape), np.float32)
    )
    with pytest.raises(InputError, match="no blendshapes that could be activated"):
        random_motion(bare, frames=10, rate=RATE, seed=0)
