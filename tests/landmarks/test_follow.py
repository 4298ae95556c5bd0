from __future__ import annotations

from types import SimpleNamespace

import pytest

from facepatch.core.errors import ConfigError
from facepatch.landmarks.detector import DetectedFace
from facepatch.landmarks.follow import follow

FPS = 24


def places(script: list[list[DetectedFace]], face: str = "largest") -> list[float | None]:
    timed = ((index / FPS, faces) for index, faces in enumerate(script))
    return [
        None if chosen is None else round((chosen.box[0] + chosen.box[2]) / 2, 3)
        for chosen in follow(timed, face=face)
    ]


def test_one_face_is_followed_as_it_moves_and_grows(made: SimpleNamespace) -> None:
    script = [[made.face_at(100 + 8 * t, 200, 80 + t)] for t in range(60)]
    assert places(script) == [100 + 8 * t for t in range(60)]


@pytest.mark.parametrize(
    ("face", "x"), [("largest", 500), ("left", 100), ("right", 500), ("320,240", 300), ("90, 200", 100)]
)
def test_of_several_faces_the_chosen_one_is_taken(made: SimpleNamespace, face: str, x: float) -> None:
    faces = [made.face_at(300, 200, 90), made.face_at(500, 200, 120), made.face_at(100, 200, 100)]
    assert places([faces] * 30, face) == [x] * 30


def test_the_order_of_the_detector_does_not_matter(made: SimpleNamespace) -> None:
    script = [
        [made.face_at(200, 200, 100), made.face_at(400, 200, 98)][:: 1 if t % 2 else -1] for t in range(40)
    ]
    assert places(script, "left") == [200] * 40


def test_another_person_is_not_taken_when_the_chosen_one_is_lost(made: SimpleNamespace) -> None:
    left, right = made.face_at(200, 200, 100), made.face_at(330, 200, 100)
    script = [[left, right]] * 30 + [[right]] * 60 + [[left, right]] * 10
    assert places(script, "left") == [200] * 30 + [None] * 60 + [200] * 10


def test_a_larger_person_who_walks_in_front_is_not_taken(made: SimpleNamespace) -> None:
    performer = made.face_at(300, 200, 100)
    script = [[performer]] * 30
    script += [[performer, made.face_at(600 - 15 * t, 230, 180)] for t in range(30)]
    assert places(script) == [300] * 60


def test_people_who_pass_each_other_are_not_exchanged(made: SimpleNamespace) -> None:
    script = [[made.face_at(100 + 6 * t, 150, 100), made.face_at(400 - 6 * t, 300, 110)] for t in range(50)]
    assert places(script, "left") == [100 + 6 * t for t in range(50)]


def test_the_chosen_one_is_found_again_where_it_may_have_gone(made: SimpleNamespace) -> None:
    script = [[made.face_at(100, 200)]] * 10 + [[]] * 24 + [[made.face_at(260, 210)]] * 5
    assert places(script) == [100] * 10 + [None] * 24 + [260] * 5


def test_a_face_that_appears_far_away_at_once_is_someone_else(made: SimpleNamespace) -> None:
    script = [[made.face_at(100, 200)]] * 10 + [[made.face_at(500, 200)]] * 5
    assert places(script) == [100] * 10 + [None] * 5


def test_a_face_of_other_size_is_someone_else(made: SimpleNamespace) -> None:
    script = [[made.face_at(100, 200, 100)]] * 10 + [[]] * 5 + [[made.face_at(110, 200, 30)]] * 5
    assert places(script) == [100] * 10 + [None] * 10


def test_after_a_cut_to_another_framing_the_only_face_is_the_performer(made: SimpleNamespace) -> None:
    script = [[made.face_at(100, 200, 100)]] * 48 + [[made.face_at(300, 250, 330)]] * 96
    lost = 48  # two seconds after the last frame in which the performer was seen as he was
    assert places(script) == [100] * 48 + [None] * lost + [300] * (96 - lost)


def test_who_was_there_before_is_not_the_performer_who_left(made: SimpleNamespace) -> None:
    other = made.face_at(500, 200, 60)
    script = [[made.face_at(100, 200, 100), other]] * 24 + [[other]] * 96
    assert places(script) == [100] * 24 + [None] * 96
    both = [made.face_at(300, 200, 200), made.face_at(600, 200, 210)]
    assert places([[made.face_at(100, 200, 100)]] * 48 + [both] * 96) == [100] * 48 + [None] * 96


def test_a_bystander_found_a_few_frames_earlier_is_not_taken(made: SimpleNamespace) -> None:
    bystander, performer = made.face_at(500, 100, 60), made.face_at(200, 200, 150)
    script = [[]] * 3 + [[bystander]] * 6 + [[bystander, performer]] * 40
    assert places(script) == [None] * 9 + [200] * 40


def test_the_choice_is_followed_back_to_before_it_was_made(made: SimpleNamespace) -> None:
    other = made.face_at(450, 300, 90)
    script = [[made.face_at(100 + 5 * t, 200, 150)] + ([other] if t >= 8 else []) for t in range(40)]
    assert places(script) == [100 + 5 * t for t in range(40)]


def test_films_shorter_than_the_settling_and_without_faces(made: SimpleNamespace) -> None:
    assert places([[made.face_at(100, 200)]]) == [100]
    assert places([[], []]) == [None, None]
    assert places([]) == []


@pytest.mark.parametrize("face", ["biggest", "1,2,3", "", "12"])
def test_an_unknown_choice_is_refused(face: str) -> None:
    with pytest.raises(ConfigError, match=r"is no choice\. Say largest, left or right"):
        list(follow([], face=face))
