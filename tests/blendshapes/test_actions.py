from __future__ import annotations

import pytest

from facepatch.blendshapes.actions import ACTIONS, CONSONANTS, FOLLOWS, SCRIPT, VISEMES, VOWELS
from facepatch.core.shape_names import ARKIT_NAMES

KNOWN = {*ARKIT_NAMES, *(name[:-4] + "Both" for name in ARKIT_NAMES if name.endswith("Left"))}


def test_every_pose_uses_known_names_and_weights() -> None:
    poses = {**{name: action.pose for name, action in ACTIONS.items()}, **VISEMES}
    for name, pose in poses.items():
        assert set(pose) <= KNOWN, name
        assert all(0.0 < value <= 1.0 for value in pose.values()), name


def test_the_script_names_known_actions_and_uses_all_of_them() -> None:
    named = {step.what for step in SCRIPT if step.kind != "rest"}
    assert named == set(ACTIONS)
    assert {step.kind for step in SCRIPT} == {"act", "talk", "rest"}


def test_shares_of_sounds_add_up() -> None:
    for table in (VOWELS, CONSONANTS):
        assert sum(share for _, share in table) == pytest.approx(1.0)
        assert {name for name, _ in table} <= set(VISEMES)


def test_followers_are_known_and_follow_only_in_part() -> None:
    for leader, follower, share in FOLLOWS:
        assert {leader, follower} <= KNOWN
        assert 0.0 < share < 1.0
