from dataclasses import replace

import numpy as np
import pytest

from facepatch.core.data.character import Character, MeshSpan, Part
from facepatch.core.data.landmarks import landmark_indices
from facepatch.core.data.mesh import Topology
from facepatch.patches.makeup import MakeupSettings, apply_makeup, wears_makeup

SKIN = (205, 170, 150)
SIZE = 192
VIEW = np.array([[[60.0, 0.0, 96.0], [0.0, -60.0, 60.0]]])
"""Head plane (y up) -> pixels: 60 px between the eyes."""


def character(**looks):
    triangle = Topology(3, np.array([3], np.int32), np.array([0, 1, 2], np.int32))
    return Character(
        name="bare",
        neutral=np.eye(3, dtype=np.float32),
        topology=triangle,
        shape_names=(),
        deltas=np.zeros((0, 3, 3), np.float32),
        meshes=(MeshSpan("head", 0, 3, 0, 1),),
        parts=(Part("skin", "skin"),),
        polygon_part=np.zeros(1, np.int32),
        **looks,
    )


def made_up(faces, settings=None, view=VIEW):
    """Aligned faces (T, L, 2) -> (T, H, W, 3) skin with strokes. The head plane has y up."""
    images = np.full((len(faces), 1, SIZE, SIZE, 3), SKIN, np.uint8)
    apply_makeup(images, faces * (1, -1), views=view, settings=settings or MakeupSettings())
    return images[:, 0]


def pixel(image, place):
    x, y = np.asarray(place) * 60 + (96, 60)
    return image[int(y), int(x)].astype(int)


def near(color, wanted, tolerance=12):
    return np.abs(np.asarray(color, int) - np.asarray(wanted, int)).max() <= tolerance


def mixed(color, strength, under=SKIN):
    return strength * np.array(color) + (1 - strength) * np.array(under)


def test_a_bare_sculpt_is_made_up_and_a_painted_character_is_not():
    auto = MakeupSettings()
    assert wears_makeup(character(), auto)
    assert not wears_makeup(character(textures=(np.zeros((2, 2, 3), np.uint8),)), auto)
    assert not wears_makeup(character(vertex_color=np.zeros((3, 3), np.uint8)), auto)


def test_the_user_may_decide():
    painted = character(vertex_color=np.zeros((3, 3), np.uint8))
    assert wears_makeup(painted, MakeupSettings(use="on"))
    assert not wears_makeup(character(), MakeupSettings(use="off"))


def test_lips_brows_and_lids_get_their_colours_and_skin_stays_skin(face, opened):
    settings = MakeupSettings()
    image = made_up(opened(np.array([0.4])), settings)[0]
    assert near(pixel(image, (0.0, 0.94)), mixed(settings.lip_color, settings.lip_strength))
    assert near(pixel(image, face[landmark_indices("brow_r_mid")[0]]), settings.brow_color)
    assert near(pixel(image, face[landmark_indices("eye_l_upper_mid")[0]]), settings.lid_color, 60)
    assert near(pixel(image, (0.0, 0.3)), SKIN, 0)
    assert near(pixel(image, (0.0, 1.8)), SKIN, 0)


def test_an_open_mouth_is_dark_inside_and_a_closed_one_is_a_line(opened):
    settings = MakeupSettings()
    closed, wide = made_up(opened(np.array([0.0, 0.4])), settings)
    inside = mixed(settings.mouth_color, settings.mouth_strength)
    dark = [int((np.abs(image[80:170].astype(int) - inside).max(-1) <= 12).sum()) for image in (closed, wide)]
    assert near(pixel(wide, (0.0, 1.2)), inside)
    assert dark[1] > 300
    assert dark[0] < 40
    assert pixel(closed, (0.0, 1.0)).sum() < pixel(closed, (0.0, 0.93)).sum() - 100


def test_lips_that_overlap_leave_no_hole(opened):
    settings = MakeupSettings(brow_width=0.0, lid_width=0.0)
    overlapping = made_up(opened(np.array([-0.2])), settings)[0].astype(int)
    # The lower lip lies 12 px above the upper: between them is a line of one or two pixels and no shadow.
    dark = (overlapping[:, 96].sum(-1) < 250).sum()
    assert 1 <= dark <= 4


def test_strokes_move_with_the_landmarks(face):
    raised = face.copy()
    raised[landmark_indices("brow_r")] -= (0, 0.25)
    before, after = made_up(np.stack([face, raised]))
    brow = face[landmark_indices("brow_r_mid")[0]]
    assert near(pixel(before, brow), MakeupSettings().brow_color)
    assert near(pixel(after, brow), SKIN, 0)
    assert near(pixel(after, brow - (0, 0.25)), MakeupSettings().brow_color)


def test_the_width_of_a_stroke_follows_the_size_of_the_face(face):
    settings = MakeupSettings(lip_strength=0.0, lid_width=0.0)
    small = np.array([[[30.0, 0.0, 96.0], [0.0, -30.0, 60.0]]])
    dark = [int((made_up(face[None], settings, view)[0].sum(-1) < 300).sum()) for view in (VIEW, small)]
    assert dark[0] / dark[1] == pytest.approx(4.0, rel=0.35)


def test_each_stroke_can_be_left_out(face):
    nothing = MakeupSettings(brow_width=0.0, lip_strength=0.0, lid_width=0.0)
    assert (made_up(face[None], nothing) == SKIN).all()
    lips_only = made_up(face[None], replace(nothing, lip_strength=0.75))[0]
    assert (lips_only[:80] == SKIN).all()
    assert (lips_only[80:] != SKIN).any()


def test_landmarks_outside_a_patch_leave_it_alone(face):
    away = np.array([[[60.0, 0.0, 2000.0], [0.0, -60.0, 60.0]]])
    assert (made_up(face[None], view=away) == SKIN).all()
