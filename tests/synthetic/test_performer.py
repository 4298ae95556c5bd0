from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from facepatch.core.data.clip import Clip
from facepatch.core.data.landmarks import LANDMARK_NAMES
from facepatch.core.errors import StorageError
from facepatch.synthetic.face import PERFORMER_STYLE, make_character
from facepatch.synthetic.performer import SyntheticTake, head_motion, performer_frames, write_performer_film

POSES = (
    {},
    {"jawOpen": 0.9},
    {"eyeBlink": 1.0},
    {"mouthSmile": 1.0},
    {"browInnerUp": 1.0, "browOuterUp": 1.0},
)


@pytest.fixture(scope="module")
def take(tmp_path_factory: pytest.TempPathFactory) -> SyntheticTake:
    """Five poses, six frames each."""
    names = make_character(PERFORMER_STYLE, detail="low").shape_names
    weights = np.zeros((len(POSES) * 6, len(names)), np.float32)
    for index, pose in enumerate(POSES):
        for name, value in pose.items():
            for shape in [name] if name in names else [name + "Left", name + "Right"]:
                weights[index * 6 : index * 6 + 6, names.index(shape)] = value
    path = tmp_path_factory.mktemp("film") / "performer.mp4"
    return write_performer_film(path, clip=Clip(names, weights, (30, 1)), size=(400, 360))


@pytest.fixture(scope="module")
def frames(take: SyntheticTake) -> list[np.ndarray]:
    with av.open(str(take.film)) as film:
        return [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]


def test_film_has_the_frames_rate_and_size_asked_for(take: SyntheticTake, frames: list[np.ndarray]) -> None:
    assert len(frames) == take.clip.frame_count == 30
    assert frames[0].shape == (360, 400, 3)
    assert take.size == (400, 360)
    with av.open(str(take.film)) as film:
        assert film.streams.video[0].average_rate == 30


def test_true_landmarks_lie_in_the_picture_and_follow_the_mouth(take: SyntheticTake) -> None:
    assert take.landmarks.shape == (30, len(LANDMARK_NAMES), 2)
    assert take.landmarks.min() > 0.0
    assert (take.landmarks < take.size).all()
    upper, lower = (LANDMARK_NAMES.index(f"lips_inner_{lip}_mid") for lip in ("upper", "lower"))
    gap = take.landmarks[:, lower, 1] - take.landmarks[:, upper, 1]
    assert gap[:6].max() < 3.0
    assert gap[6:12].min() > 15.0


def test_head_pose_is_that_of_the_picture(take: SyntheticTake) -> None:
    pose = take.clip.head_pose
    assert pose is not None
    assert pose.shape == (30, 4, 4)
    left, right = (LANDMARK_NAMES.index(f"eye_{side}_outer") for side in "lr")
    axis = take.landmarks[:, left] - take.landmarks[:, right]
    roll = np.arctan2(-axis[:, 1], axis[:, 0])
    assert np.abs(roll - np.arctan2(pose[:, 1, 0], pose[:, 0, 0])).max() < np.radians(2.0)


def test_mediapipe_finds_the_face_and_its_expressions(take: SyntheticTake, frames: list[np.ndarray]) -> None:
    from mediapipe.python.solutions.face_mesh import FaceMesh

    points = []
    with FaceMesh(static_image_mode=True, refine_landmarks=True) as mesh:
        for image in frames[3::6]:
            found = mesh.process(image).multi_face_landmarks
            assert found
            points.append([(p.x * image.shape[1], p.y * image.shape[0]) for p in found[0].landmark])
    at = np.array(points)
    true = take.landmarks[3::6]
    for name, number in (
        ("eye_l_outer", 263),
        ("eye_r_outer", 33),
        ("lips_outer_corner_l", 291),
        ("nose_tip", 1),
    ):
        distance = np.linalg.norm(at[:, number] - true[:, LANDMARK_NAMES.index(name)], axis=1)
        assert distance.max() < 12.0, name
    mouth = np.linalg.norm(at[:, 13] - at[:, 14], axis=1)
    eye = np.linalg.norm(at[:, 386] - at[:, 374], axis=1)
    width = np.linalg.norm(at[:, 61] - at[:, 291], axis=1)
    brow = at[:, 362, 1] - at[:, 334, 1]
    assert mouth[1] > 5.0 * mouth[0]
    assert eye[2] < 0.45 * eye[0]
    assert width[3] > 1.1 * width[0]
    assert brow[4] > brow[0] + 3.0


def test_the_same_seed_gives_the_same_pixels_and_another_one_other_noise(take: SyntheticTake) -> None:
    clip = replace(take.clip, weights=take.clip.weights[4:8], head_pose=None)
    one, same, other = (
        list(performer_frames(take.character, clip, size=(160, 160), seed=seed)) for seed in (0, 0, 1)
    )
    assert len(one) == 4
    np.testing.assert_array_equal(one, same)
    assert (np.array(one) != np.array(other)).any()


def test_head_motion_is_small_smooth_and_rigid() -> None:
    pose = head_motion(600, 30.0, np.random.default_rng(0))
    turns = pose[:, :3, :3]
    np.testing.assert_allclose(turns @ turns.transpose(0, 2, 1), np.tile(np.eye(3), (600, 1, 1)), atol=1e-9)
    degrees = np.degrees(np.arccos(np.clip((np.trace(turns, axis1=1, axis2=2) - 1.0) / 2.0, -1.0, 1.0)))
    assert 2.0 < degrees.max() < 16.0
    assert np.abs(np.diff(pose, axis=0)).max() < 0.2


def test_a_path_that_cannot_be_written_is_refused(take: SyntheticTake, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be written"):
        write_performer_film(tmp_path / "file" / "film.mp4", clip=take.clip, size=take.size)
