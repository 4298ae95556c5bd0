import numpy as np
import pytest

from facepatch.core.data.landmarks import RIGID, landmark_indices
from facepatch.core.errors import NoFaceError
from facepatch.geometry.affine import compose, inverse, transform
from facepatch.patches.align import align_character, align_performer, eye_frame, rest_frames, rest_shape

EYES = (("eye_r_outer", "eye_r_inner"), ("eye_l_inner", "eye_l_outer"))


def similarity(degrees, size, x, y):
    """(2, 3), or (T, 2, 3) of arrays: size * rotation, then a shift."""
    turn, size, x, y = np.broadcast_arrays(np.deg2rad(degrees), size, x, y)
    cos, sin = size * np.cos(turn), size * np.sin(turn)
    return np.stack([np.stack([cos, -sin, x], -1), np.stack([sin, cos, y], -1)], -2).astype(np.float64)


def moving_head(count=60):
    """(T, 2, 3) aligned plane -> frame pixels of a head that rolls, comes closer and wanders."""
    t = np.linspace(0, 2 * np.pi, count)
    return similarity(25 * np.sin(t), 90 + 30 * np.cos(t), 320 + 40 * np.sin(2 * t), 200 + 20 * t)


def aligned_of(frames, found, neutral, sigma=0.0):
    points = frames.astype(np.float32)
    return align_performer(points, found, neutral=neutral, sigma=sigma)


@pytest.mark.parametrize(("degrees", "size"), [(0, 1), (30, 80), (-170, 3), (90, 400)])
def test_the_eye_frame_puts_the_eyes_one_unit_apart_about_the_origin(face, degrees, size):
    points = transform(similarity(degrees, size, 100, 50), face)
    placed = transform(eye_frame(points), points)
    right, left = (placed[landmark_indices(*names)].mean(0) for names in EYES)
    assert np.allclose(right, (-0.5, 0), atol=1e-9)
    assert np.allclose(left, (0.5, 0), atol=1e-9)
    assert placed[landmark_indices("chin")][0, 1] > 1  # a turn, no mirror image: the chin stays below


def test_known_rotation_scale_and_translation_are_found_again(face):
    frame_from_aligned = moving_head()
    frames = transform(frame_from_aligned, face)
    found = np.ones(len(frames), bool)
    assert np.allclose(aligned_of(frames, found, face), inverse(frame_from_aligned), atol=2e-4)


def test_roll_size_and_place_are_gone_after_alignment(face):
    frames = transform(moving_head(), face)
    placed = transform(aligned_of(frames, np.ones(len(frames), bool), face), frames)
    assert np.ptp(frames, axis=0).max() > 50
    assert np.abs(placed - face).max() < 1e-4


def test_an_opening_jaw_is_kept_because_only_rigid_points_are_fitted(face, opened):
    amounts = np.linspace(0, 0.8, 60)
    faces = opened(amounts)
    faces[:, landmark_indices("brow_r", "brow_l"), 1] -= 0.2 * amounts[:, None]
    head = moving_head()
    found = np.ones(60, bool)
    affine = aligned_of(transform(head, faces), found, face)
    assert np.allclose(
        affine, aligned_of(transform(head, np.repeat(face[None], 60, 0)), found, face), atol=1e-6
    )
    placed = transform(affine, transform(head, faces))
    lower = int(landmark_indices("lips_inner_lower_mid")[0])
    assert np.allclose(placed[:, lower, 1] - face[lower, 1], amounts, atol=1e-3)


def test_a_moved_rigid_point_does_change_the_fit(face):
    shifted = face.copy()
    shifted[landmark_indices(*RIGID)] += (0, 0.3)
    found = np.ones(1, bool)
    moved = aligned_of(100 * shifted[None], found, face)[0]
    assert moved[1, 2] == pytest.approx(-0.3, abs=1e-6)


def test_frames_without_a_face_lie_between_their_neighbours(face):
    # The head grows from 50 to 200 px while nobody is found: half-way it is 100, and its middle half-way too.
    head = similarity([0, 0, 0, 0, 0], [50, 1, 1, 1, 200], [100, 0, 0, 0, 300], [80, 0, 0, 0, 40])
    frames = transform(head, face)
    frames[1:4] = 7.0
    placed = inverse(aligned_of(frames, np.array([True, False, False, False, True]), face))
    assert np.allclose(placed[2], similarity(0, 100, 200, 60), atol=1e-3)
    assert np.allclose(placed[[0, 4]], head[[0, 4]], atol=1e-3)


def test_a_gap_in_a_roll_over_the_half_turn_takes_the_short_way(face):
    head = similarity([170, 0, 190], 60, 100, 100)
    placed = inverse(aligned_of(transform(head, face), np.array([True, False, True]), face))
    assert np.allclose(placed[1], similarity(180, 60, 100, 100), atol=1e-3)


def test_gaps_at_the_ends_take_the_nearest_frame(face):
    head = similarity([9, 5, -5, 9], [70, 80, 90, 70], 100, 100)
    found = np.array([False, True, True, False])
    placed = inverse(aligned_of(transform(head, face), found, face))
    assert np.allclose(placed[0], head[1], atol=1e-3)
    assert np.allclose(placed[3], head[2], atol=1e-3)


def test_smoothing_takes_the_detectors_jitter_out_and_nothing_from_a_still_head(face):
    rng = np.random.default_rng(0)
    still = np.repeat(transform(similarity(10, 80, 200, 150), face)[None], 80, 0)
    found = np.ones(80, bool)
    noisy = still + rng.normal(0, 1, still.shape)
    raw, smooth = (aligned_of(noisy, found, face, sigma) for sigma in (0.0, 2.0))
    assert smooth[:, 0, 2].std() < 0.5 * raw[:, 0, 2].std()
    assert np.allclose(aligned_of(still, found, face, 2.0), aligned_of(still, found, face), atol=1e-9)


def test_a_take_without_any_face_is_refused(face):
    frames, nobody = np.zeros((3, 56, 2), np.float32), np.zeros(3, bool)
    with pytest.raises(NoFaceError, match="No frame has a face, so nothing can be aligned"):
        align_performer(frames, nobody, neutral=face, sigma=2.0)
    with pytest.raises(NoFaceError, match="no neutral expression to start from"):
        rest_shape(frames, nobody)


def expressive_take(face, opened):
    """200 frames of a talking face with blinks and brows; the first 30 rest. Last ones: nobody, closed lips."""
    amounts = np.concatenate([np.zeros(30), 0.3 + 0.2 * np.sin(np.arange(150)), np.zeros(20)])
    faces = opened(amounts)
    faces[30:180, landmark_indices("brow_r", "brow_l"), 1] -= 0.05 * np.cos(np.arange(150) / 3)[:, None]
    upper = landmark_indices("eye_r_upper_mid", "eye_l_upper_mid")
    faces[60:180:20, upper, 1] = 0.06
    head = moving_head(200)
    frames = transform(head, faces)
    found = np.arange(200) < 180
    frames[180:] = 0.0
    return frames, found


def test_the_frames_at_rest_are_those_with_closed_lips_and_open_eyes(face, opened):
    frames, found = expressive_take(face, opened)
    rows = rest_frames(frames, found)
    assert len(rows) == 18
    assert rows.max() < 30
    assert np.abs(rest_shape(frames, found) - face).max() < 1e-6


def test_a_take_that_never_rests_gives_its_quietest_frames(face, opened):
    frames = transform(moving_head(50), opened(np.linspace(0.5, 0.1, 50)))
    assert rest_frames(frames, np.ones(50, bool)).min() >= 40


def test_the_characters_plane_is_turned_upside_down_and_scaled_to_its_eyes(face):
    # Head plane: cm, y up. The same face, 6 cm between the eyes, at an odd place.
    head_plane = face * (6, -6) + (2, 160)
    affine = align_character(head_plane.astype(np.float32))
    assert np.allclose(transform(affine, head_plane), face, atol=1e-4)
    assert np.linalg.det(affine[:, :2]) < 0
    assert transform(affine, np.array([[2.0, 150.0]]))[0, 1] > 0  # below the eyes is +y


def test_a_tilted_character_is_set_upright(face):
    tilted = transform(compose(similarity(20, 6, 0, 0), np.array([[1.0, 0, 0], [0, -1.0, 0]])), face)
    assert np.allclose(transform(align_character(tilted.astype(np.float32)), tilted), face, atol=1e-4)
