from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from facepatch.core.errors import ConfigError, JobCancelledError, NoFaceError
from facepatch.core.progress import Progress
from facepatch.landmarks.detect import detect_landmarks
from facepatch.landmarks.detector import LandmarkSettings


def test_landmarks_of_every_frame_come_out_as_detected(made: SimpleNamespace) -> None:
    script = [[made.face_at(200 + t, 200, 200)] for t in range(20)]
    track = detect_landmarks(made.Film(frame_count=20), detector=made.Detector(script))
    np.testing.assert_array_equal(track.points, [faces[0].points for faces in script])
    np.testing.assert_allclose(track.times, np.arange(20) / 24)
    assert track.found.all()
    assert (track.image_size, track.rate, track.detector, track.warnings) == (
        (640, 480),
        (24, 1),
        "scripted",
        (),
    )
    assert track.head_pose is not None
    assert track.head_pose.shape == (20, 4, 4)


def test_a_face_lost_for_a_second_is_held_and_told(made: SimpleNamespace) -> None:
    script = [[made.face_at(200 + t, 200, 200)] for t in range(72)]
    script[24:48] = [[]] * 24
    script[60] = []
    track = detect_landmarks(made.Film(frame_count=72), detector=made.Detector(script))
    assert track.found.tolist() == [bool(faces) for faces in script]
    assert not track.confidence[~track.found].any()
    np.testing.assert_array_equal(track.points[24:48], np.tile(track.points[23], (24, 1, 1)))
    assert track.warnings == ("made.mp4: the face is not found in 25 of 72 frames: 24-47, 60.",)


def test_before_the_first_face_its_points_are_held(made: SimpleNamespace) -> None:
    script = [[]] * 5 + [[made.face_at(200, 200, 200)]] * 5
    track = detect_landmarks(made.Film(frame_count=10), detector=made.Detector(script))
    np.testing.assert_array_equal(track.points[:5], np.tile(track.points[5], (5, 1, 1)))


def test_two_faces_the_chosen_one_is_kept(made: SimpleNamespace) -> None:
    left, right = made.face_at(150, 200, 200), made.face_at(450, 200, 190)
    script = [[left, right]] * 30 + [[right]] * 10 + [[right, left]] * 30
    settings = LandmarkSettings(face="left")
    track = detect_landmarks(made.Film(frame_count=70), settings, detector=made.Detector(script))
    assert track.found.tolist() == [True] * 30 + [False] * 10 + [True] * 30
    assert (track.points[track.found] == left.points).all()


def test_a_film_without_any_face_is_refused(made: SimpleNamespace) -> None:
    detector = made.Detector([[]] * 6)
    with pytest.raises(NoFaceError, match=r"made\.mp4: no face was found in any of its 6 frames") as caught:
        detect_landmarks(made.Film(frame_count=6), detector=detector)
    assert caught.value.frames == tuple(range(6))
    assert detector.closed


def test_a_small_face_is_told(made: SimpleNamespace) -> None:
    script = [[made.face_at(200, 200, 60)]] * 3
    track = detect_landmarks(made.Film(frame_count=3), detector=made.Detector(script))
    assert track.warnings == (
        "made.mp4: the face is only about 60 pixels high, less than a patch; its patches will be soft.",
    )


def test_what_is_wrong_with_the_film_is_passed_on(made: SimpleNamespace) -> None:
    film = made.Film(frame_count=3, warnings=("is interlaced",), damage="frame 2 is damaged")
    track = detect_landmarks(film, detector=made.Detector([[made.face_at(200, 200, 200)]] * 3))
    assert track.warnings == ("is interlaced", "frame 2 is damaged")


def test_progress_is_reported_and_can_cancel(made: SimpleNamespace) -> None:
    reports: list[Progress] = []
    script = [[made.face_at(200, 200, 200)]] * 40
    detect_landmarks(made.Film(frame_count=40), detector=made.Detector(script), on_progress=reports.append)
    assert (reports[-1].stage, reports[-1].done, reports[-1].total) == ("landmarks", 40, 40)

    def cancel(progress: Progress) -> None:
        if progress.done > 3:
            raise JobCancelledError("stop")

    detector = made.Detector(script)
    film = made.Film(frame_count=40)
    with pytest.raises(JobCancelledError):
        detect_landmarks(film, detector=detector, on_progress=cancel)
    assert detector.closed


def test_an_unknown_choice_is_refused_before_anything_is_read(made: SimpleNamespace) -> None:
    film = made.Film(frame_count=40)
    with pytest.raises(ConfigError, match="'tallest' is no choice"):
        detect_landmarks(film, LandmarkSettings(face="tallest"), detector=made.Detector([]))
    assert film.read == []


def test_detectors_without_their_model_are_refused(made: SimpleNamespace) -> None:
    film = made.Film(frame_count=1)
    with pytest.raises(ConfigError, match="detector onnx: needs the file of a network"):
        detect_landmarks(film, LandmarkSettings(detector="onnx"))
    with pytest.raises(ConfigError, match=r"nope\.pth'\. Nothing is downloaded: get 2DFAN4"):
        detect_landmarks(film, LandmarkSettings(detector="face-alignment", model="nope.pth"))
