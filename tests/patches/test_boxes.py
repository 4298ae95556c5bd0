from dataclasses import replace

import numpy as np
import pytest

from facepatch.core.data.landmarks import landmark_indices
from facepatch.geometry.affine import transform
from facepatch.patches.boxes import Box, character_box, character_view, performer_box, range_of_motion
from facepatch.patches.regions import PatchSettings, Region

MOUTH = Region("mouth", ("lips_outer", "lips_inner"))
ROWS = landmark_indices(*MOUTH.elements)
SETTINGS = PatchSettings(range_percentile=0.0)


def swinging(face, x, y, count=41):
    """(T, L, 2) the mouth moved to and fro by x and y about the neutral."""
    frames = np.repeat(face[None], count, 0)
    swing = np.linspace(-1, 1, count)[:, None, None] * np.array([x, y])
    frames[:, ROWS] += swing
    return frames


def fitted(performer, character, neutrals, settings=SETTINGS):
    box = performer_box(performer, MOUTH, settings=settings)
    similarity, other = character_box(
        performer, character, MOUTH, neutrals=neutrals, box=box, settings=settings
    )
    return box, similarity, other


def contains(box, motion, margin):
    return (
        box.left <= motion.left - margin + 1e-9
        and box.top <= motion.top - margin + 1e-9
        and box.right >= motion.right + margin - 1e-9
        and box.bottom >= motion.bottom + margin - 1e-9
    )


def test_a_box_fills_its_square_patch_on_both_axes():
    view = Box(-1.0, 2.0, 3.0, 4.0).to_pixels(64)
    corners = np.array([[-1.0, 2.0], [3.0, 4.0], [1.0, 3.0]])
    assert np.allclose(transform(view, corners), [[0, 0], [64, 64], [32, 32]])


def test_the_range_is_the_union_over_landmarks_and_frames():
    points = np.array([[[0.0, 0.0], [1.0, 1.0]], [[-2.0, 0.5], [1.0, 3.0]]])
    assert range_of_motion(points, 0.0) == Box(-2.0, 0.0, 1.0, 3.0)


def test_the_outermost_frames_do_not_count():
    points = np.random.default_rng(0).uniform(-1, 1, (1000, 2, 2))
    points[::500] = 50.0  # the detector slipped in 2 frames of 1000
    motion = range_of_motion(points, 0.5)
    assert motion.right == pytest.approx(1.0, abs=0.02)
    assert range_of_motion(points, 0.0).right == 50.0


def test_the_performers_box_is_the_range_and_a_margin_of_the_larger_side(face):
    frames = swinging(face, 0.0, 0.1)
    box = performer_box(frames, MOUTH, settings=replace(SETTINGS, margin=0.2))
    # The lips of the made face span x -0.42..0.42 and y 0.88..1.15.
    room = 0.2 * 0.84
    assert (box.left, box.right) == pytest.approx((-0.42 - room, 0.42 + room))
    assert (box.top, box.bottom) == pytest.approx((0.78 - room, 1.25 + room))
    assert box.width != pytest.approx(box.height)  # each axis its own: a square would make a small mouth tiny


def test_one_box_serves_every_frame_so_an_opening_stays_an_opening(face, opened):
    frames = opened(np.linspace(0, 0.6, 31))
    view = performer_box(frames, MOUTH, settings=SETTINGS).to_pixels(128)
    lower = transform(view, frames)[:, landmark_indices("lips_inner_lower_mid")[0], 1]
    assert np.allclose(np.diff(lower, 2), 0, atol=1e-9)
    assert lower[-1] - lower[0] > 40


def test_the_same_motion_gets_the_same_box(face):
    frames = swinging(face, 0.1, 0.2)
    box, similarity, other = fitted(frames, frames, (face, face))
    assert np.allclose(similarity, [[1, 0, 0], [0, 1, 0]], atol=1e-9)
    assert np.allclose(list(vars(other).values()), list(vars(box).values()))


def test_a_tilted_mouth_of_another_size_and_place_is_laid_on_the_performers(face):
    turn = np.deg2rad(20)
    to_character = np.array(
        [[2 * np.cos(turn), -2 * np.sin(turn), 0.3], [2 * np.sin(turn), 2 * np.cos(turn), -0.1]]
    )
    frames = swinging(face, 0.1, 0.2)
    box, similarity, other = fitted(
        frames, transform(to_character, frames), (face, transform(to_character, face))
    )
    assert np.allclose(transform(similarity, transform(to_character, face))[ROWS], face[ROWS], atol=1e-9)
    assert np.allclose(list(vars(other).values()), list(vars(box).values()))


@pytest.mark.parametrize(("x", "y"), [(2.0, 1.0), (1.0, 1.6), (0.5, 1.4)])
def test_each_side_grows_by_the_ratio_of_the_ranges_on_its_own_axis(face, x, y):
    ours, theirs = swinging(face, 0.1, 0.2), swinging(face, 0.1 * x, 0.2 * y)
    box, _, other = fitted(ours, theirs, (face, face))
    assert other.width / box.width == pytest.approx((0.84 + 0.2 * x) / (0.84 + 0.2))
    assert other.height / box.height == pytest.approx((0.27 + 0.4 * y) / (0.27 + 0.4))


def test_the_neutral_lies_at_the_same_relative_place_in_both_boxes(face, opened):
    # Jaws go down only and these mouths to one side only, so the neutral is not in the middle of its box.
    def aside(amounts, gain):
        frames = opened(gain * amounts)
        frames[:, ROWS, 0] += 0.5 * gain * amounts[:, None]
        return frames

    amounts = np.linspace(0, 0.3, 31)
    character = face.copy()
    character[ROWS] = face[ROWS] * 1.5 - (0.2, 0.4)
    theirs = aside(amounts, 1.4)
    theirs[:, ROWS] = theirs[:, ROWS] * 1.5 - (0.2, 0.4)
    box, similarity, other = fitted(aside(amounts, 1.0), theirs, (face, character))
    here, there = face[ROWS].mean(0), transform(similarity, character[ROWS]).mean(0)
    assert (there[0] - other.left) / other.width == pytest.approx((here[0] - box.left) / box.width)
    assert (there[1] - other.top) / other.height == pytest.approx((here[1] - box.top) / box.height)
    assert (here[0] - box.left) / box.width < 0.47
    assert (here[1] - box.top) / box.height < 0.45


def test_a_character_that_hardly_moves_keeps_a_box_of_the_lower_limit(face):
    # Ranges 0.84 + 0.02 over 0.84 + 1.4: a ratio of 0.38, held at 0.6.
    ours, theirs = swinging(face, 0.7, 0.2), swinging(face, 0.01, 0.2)
    settings = replace(SETTINGS, ratio_limits=(0.6, 1.8))
    box, _, other = fitted(ours, theirs, (face, face), settings)
    assert other.width / box.width == pytest.approx(0.6)
    assert other.height / box.height == pytest.approx(1.0)


def test_a_ratio_above_the_upper_limit_is_held_there(face):
    ours, theirs = swinging(face, 0.1, 0.2), swinging(face, 0.2, 0.2)
    settings = replace(SETTINGS, margin=0.5, ratio_limits=(0.9, 1.1))
    box, _, other = fitted(ours, theirs, (face, face), settings)
    assert other.width / box.width == pytest.approx(1.1)  # not (0.84 + 0.4) / (0.84 + 0.2) = 1.19


@pytest.mark.parametrize(("x", "y"), [(1.5, 0.2), (0.1, 1.2), (1.0, 1.0), (0.0, 0.0)])
def test_the_characters_whole_range_is_always_inside_with_a_tenth_of_room(face, x, y):
    theirs = swinging(face, x, y)
    _, similarity, other = fitted(swinging(face, 0.1, 0.1), theirs, (face, face))
    motion = range_of_motion(transform(similarity, theirs[:, ROWS]), 0.0)
    assert contains(other, motion, 0.1 * max(motion.width, motion.height))


def test_the_containment_is_what_holds_a_range_beyond_the_limits(face):
    theirs = swinging(face, 0.1, 1.2)
    _, _, other = fitted(swinging(face, 0.1, 0.1), theirs, (face, face))
    motion = range_of_motion(theirs[:, ROWS], 0.0)
    assert not contains(other, motion, 0.2 * motion.height)


def test_the_amplitude_makes_the_characters_box_larger_about_the_neutral(face):
    frames = swinging(face, 0.1, 0.2)
    box, _, other = fitted(frames, frames, (face, face), replace(SETTINGS, amplitude=1.25))
    assert other.width / box.width == pytest.approx(1.25)
    assert other.height / box.height == pytest.approx(1.25)
    centre = face[ROWS].mean(0)
    assert (centre[0] - other.left) / other.width == pytest.approx((centre[0] - box.left) / box.width)


def test_a_mouth_that_never_moves_still_has_a_box(face):
    box, _, other = fitted(np.repeat(face[None], 5, 0), swinging(face, 0.1, 0.1), (face, face))
    assert min(box.width, box.height, other.width, other.height) > 0.3


def test_the_view_takes_head_centimetres_to_patch_pixels_in_one_step(face):
    to_aligned = np.array([[0.2, 0.0, -1.0], [0.0, -0.2, 3.0]])
    similarity = np.array([[0.0, 2.0, 1.0], [-2.0, 0.0, 0.5]])
    box = Box(-1.0, -2.0, 4.0, 1.0)
    points = np.array([[3.0, 20.0], [0.0, 10.0]])
    by_steps = transform(box.to_pixels(96), transform(similarity, transform(to_aligned, points)))
    assert np.allclose(transform(character_view(to_aligned, similarity, box, size=96), points), by_steps)
