import numpy as np
import pytest

from facepatch.core.data.character import Part
from facepatch.core.errors import ConfigError, InputError
from facepatch.render.camera import box_view, front_view
from facepatch.render.phong import LookSettings, prepare_look
from facepatch.render.rasterize import render_views

SQUARE = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], dtype=np.float32)
VIEW = box_view([-1, -1, 1, 1], (8, 8))[None]
CORNERS = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=np.float32)


def draw(character, settings, size=(8, 8), view=VIEW, vertices=None):
    points = character.neutral if vertices is None else vertices
    return render_views(prepare_look(character, settings), points[None], to_pixels=view, size=size)[0, 0]


def to_srgb(linear):
    return 255.0 * (1.055 * linear ** (1 / 2.4) - 0.055)


def test_a_square_facing_the_camera_has_the_colour_worked_out_by_hand(make_character):
    # n = (0, 0, 1), l = (0, 0.6, 0.8): n.l = 0.8; r = 1.6 n - l = (0, -0.6, 0.8): r.v = 0.8.
    # Linear base of sRGB 0.5 is 0.21404: 0.21404 * (0.3 + 0.7 * 0.8) + 0.1 * 0.8 ** 2 = 0.24807.
    settings = LookSettings(
        ambient=0.3, diffuse=0.7, specular=0.1, shininess=2.0, light=(0.0, 0.6, 0.8), cavity=0.0
    )
    character = make_character(SQUARE, [[0, 1, 2, 3]], parts=(Part("head", "skin", (0.5, 0.5, 0.5)),))
    image = draw(character, settings)
    assert np.abs(image.astype(float) - to_srgb(0.24807)).max() <= 1.0


def test_a_square_turned_from_the_lamp_has_ambient_light_only(make_character):
    settings = LookSettings(ambient=0.25, diffuse=0.7, specular=0.5, light=(0.0, 0.0, -1.0), cavity=0.0)
    character = make_character(SQUARE, [[0, 1, 2, 3]], parts=(Part("head", "skin", (1.0, 1.0, 1.0)),))
    assert np.abs(draw(character, settings).astype(float) - to_srgb(0.25)).max() <= 1.0


FLAT = LookSettings(ambient=1.0, diffuse=0.0, specular=0.0, cavity=0.0, lid_line=0.0)


def test_a_texture_lies_the_right_way_up_and_is_multiplied_by_the_colour(make_character):
    texture = np.zeros((2, 2, 3), dtype=np.uint8)
    texture[0, 0], texture[0, 1], texture[1, 0], texture[1, 1] = (255, 0, 0), (0, 255, 0), (0, 0, 255), 255
    texture = texture.repeat(4, axis=0).repeat(4, axis=1)
    part = Part("head", "skin", (1.0, 1.0, 0.0), texture=0)
    character = make_character(SQUARE, [[0, 1, 2, 3]], parts=(part,), corner_uv=CORNERS, textures=(texture,))
    image = draw(character, FLAT)
    assert image[1, 1].tolist() == [255, 0, 0]
    assert image[1, 6].tolist() == [0, 255, 0]
    assert image[6, 1].tolist() == [0, 0, 0]
    assert image[6, 6].tolist() == [255, 255, 0]


def test_a_fine_texture_far_away_becomes_its_mean_in_linear_light(make_character):
    texture = np.zeros((256, 256, 3), dtype=np.uint8)
    texture[::2, ::2] = texture[1::2, 1::2] = 255
    part = Part("head", "skin", (1.0, 1.0, 1.0), texture=0)
    character = make_character(SQUARE, [[0, 1, 2, 3]], parts=(part,), corner_uv=CORNERS, textures=(texture,))
    assert np.abs(draw(character, FLAT).astype(int) - 188).max() <= 1


def test_texture_coordinates_beyond_one_repeat(make_character):
    texture = np.zeros((4, 4, 3), dtype=np.uint8)
    texture[:, :2] = 255
    part = Part("head", "skin", (1.0, 1.0, 1.0), texture=0)
    character = make_character(
        SQUARE, [[0, 1, 2, 3]], parts=(part,), corner_uv=CORNERS * 2.0 - 3.0, textures=(texture,)
    )
    row = draw(character, FLAT, size=(32, 32), view=box_view([-1, -1, 1, 1], (32, 32))[None])[16, :, 0]
    assert row[[4, 12, 20, 28]].tolist() == [255, 0, 255, 0]


def test_vertex_colours_are_blended_over_the_polygon(make_character):
    color = np.array([[255, 0, 0], [0, 0, 0], [0, 0, 0], [255, 0, 0]], dtype=np.uint8)
    part = Part("head", "skin", (1.0, 1.0, 1.0))
    row = draw(make_character(SQUARE, [[0, 1, 2, 3]], parts=(part,), vertex_color=color), FLAT)[4, :, 0]
    assert (np.diff(row.astype(int)) < 0).all()


def test_a_part_that_names_a_missing_texture_is_refused(make_character):
    part = Part("head", "skin", texture=2)
    character = make_character(SQUARE, [[0, 1, 2, 3]], parts=(part,), corner_uv=CORNERS)
    with pytest.raises(InputError, match="uses texture 2, but there are 0"):
        prepare_look(character)


def test_a_character_of_which_nothing_is_drawn_is_refused(make_character):
    character = make_character(SQUARE, [[0, 1, 2, 3]], parts=(Part("eye_occlusion", "other"),))
    with pytest.raises(InputError, match="no polygon that can be drawn"):
        prepare_look(character)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"ambient": -0.1}, "look.ambient: is -0.1"),
        ({"shininess": 0.0}, "look.shininess: is 0.0"),
        ({"light": (0.0, 0.0, 0.0)}, "look.light"),
    ],
)
def test_settings_out_of_range_are_refused(values, sentence):
    with pytest.raises(ConfigError, match=sentence):
        LookSettings(**values)


# ------------------------------------------------------------------------------ a face with eyes


def face_with_eyes(make_character, sphere, **parts):
    """A wall with a round hole, lids at its rim, and an eyeball behind; shape 0 turns the eyeball to +X."""
    angle = np.arange(32) * 2 * np.pi / 32
    rings = [
        np.stack([r * np.cos(angle), r * np.sin(angle), np.full(32, z)], axis=1)
        for r, z in ((0.8, 0.55), (1.0, 0.6), (1.3, 0.6), (3.0, 0.2))
    ]
    wall = np.concatenate(rings)
    here, after = np.arange(32), (np.arange(32) + 1) % 32
    quads = np.concatenate(
        [
            np.stack([a * 32 + here, (a + 1) * 32 + here, (a + 1) * 32 + after, a * 32 + after], 1)
            for a in range(3)
        ]
    )
    ball, faces = sphere(16, 24)
    padded = np.pad(faces + len(wall), ((0, 0), (0, 1)), constant_values=-1)
    vertices = np.concatenate([wall, ball]).astype(np.float32)
    turn = np.array([[0.8, 0, 0.6], [0, 1, 0], [-0.6, 0, 0.8]])
    delta = np.concatenate([np.zeros_like(wall), ball @ turn.T - ball]).astype(np.float32)
    return make_character(
        vertices,
        np.concatenate([quads, padded]),
        parts=(Part("head", "skin"), Part("eye", "eye")),
        polygon_part=np.repeat([0, 1], [len(quads), len(padded)]),
        deltas=delta[None],
    )


def darkest(image):
    """Column and row of the middle of the pupil."""
    rows, columns = np.nonzero(image.sum(axis=2) < 25)
    return columns.mean(), rows.mean()


def test_an_eyeball_without_a_texture_gets_an_iris_in_the_middle_that_follows_its_vertices(
    make_character, sphere
):
    character = face_with_eyes(make_character, sphere)
    settings = LookSettings(lid_line=0.0, specular=0.0)
    view = box_view([-1, -1, 1, 1], (96, 96))[None]
    ahead = draw(character, settings, (96, 96), view)
    assert np.allclose(darkest(ahead), [47.5, 47.5], atol=1.0)
    assert ahead[48, 14].min() > 180  # white of the eye
    aside = draw(character, settings, (96, 96), view, character.vertices([[1.0]])[0])
    assert darkest(aside)[0] == pytest.approx(47.5 + 0.6 * 48, abs=2.5)
    assert darkest(aside)[1] == pytest.approx(47.5, abs=1.0)


def test_the_rim_of_the_lids_is_dark_and_the_cheek_is_not(make_character, sphere):
    character = face_with_eyes(make_character, sphere)
    view = box_view([-1.6, -1.6, 1.6, 1.6], (128, 128))[None]
    with_line = draw(character, LookSettings(), (128, 128), view).astype(int)
    without = draw(character, LookSettings(lid_line=0.0), (128, 128), view).astype(int)
    apart = (without - with_line).sum(axis=2)
    y, x = np.mgrid[0:128, 0:128]
    radius = np.hypot(x - 63.5, y - 63.5) / 40.0
    assert apart[(radius > 0.84) & (radius < 0.88)].min() > 100
    assert apart[radius > 1.05].max() == 0
    assert apart[radius < 0.75].max() == 0


def test_a_head_with_empty_eye_holes_gets_eyeballs_that_lids_can_cover(make_character):
    character = head_with_holes(make_character)
    look = prepare_look(character)
    view = front_view(character.neutral, size=(128, 128))[None]
    image = render_views(look, character.neutral[None], to_pixels=view, size=(128, 128))[0, 0]
    white = image.min(axis=2) > 200
    left, right = white[:, :64].sum(), white[:, 64:].sum()
    assert left > 20
    assert abs(int(left) - int(right)) <= 4
    moved = character.neutral + np.array([1.0, 2.0, 0.0], dtype=np.float32)
    shifted = render_views(
        look, moved[None], to_pixels=front_view(moved, size=(128, 128))[None], size=(128, 128)
    )[0, 0]
    assert np.abs(shifted.astype(int) - image.astype(int)).mean() < 1.0  # the eyeballs came along


def head_with_holes(make_character):
    """A curved wall of 40 x 40 squares with two holes where eyes would be."""
    y, x = np.mgrid[0:41, 0:41]
    u, v = x / 40.0 - 0.5, y / 40.0 - 0.5
    points = np.stack([20 * u, 24 * v, 8 * np.cos(3 * u) * np.cos(2 * v)], axis=-1).reshape(-1, 3)
    hole = ((abs(u[:-1, :-1] + 0.0125 - 0.2) < 0.1) | (abs(u[:-1, :-1] + 0.0125 + 0.2) < 0.1)) & (
        abs(v[:-1, :-1] - 0.1) < 0.04
    )
    quads = [
        [r * 41 + c, r * 41 + c + 1, r * 41 + c + 42, r * 41 + c + 41]
        for r in range(40)
        for c in range(40)
        if not hole[r, c]
    ]
    return make_character(points, quads)


def test_the_inside_of_a_shut_box_takes_the_colour_of_the_mouth(make_character, sphere):
    outer, faces = sphere(16, 24, radius=3.0)
    inner, more = sphere(12, 16, radius=1.5)
    vertices = np.concatenate([outer, inner])
    character = make_character(vertices, np.concatenate([faces, more + len(outer)]))
    opened = vertices.copy()
    opened[len(outer) :] += [0, 0, 9]  # bring the inner ball out, as a jaw opens
    settings = LookSettings(ambient=1.0, diffuse=0.0, specular=0.0, mouth=(0.3, 0.1, 0.1))
    view = box_view([-1, -1, 1, 1], (16, 16))[None]
    look = prepare_look(character, settings)
    outside = render_views(look, vertices[None], to_pixels=view, size=(16, 16))[0, 0, 8, 8]
    inside = render_views(look, opened[None], to_pixels=view, size=(16, 16))[0, 0, 8, 8]
    assert np.abs(inside.astype(int) - [76, 26, 26]).max() <= 2
    assert outside.astype(int).sum() > 400


@pytest.mark.assets
def test_a_blink_of_a_real_character_hides_its_eyes(assets):
    from facepatch.readers import read_character

    character = read_character(assets / "char-facecap-heads" / "facecap_head_generic.npz")
    look = prepare_look(character)
    weights = np.zeros((2, len(character.shape_names)), dtype=np.float32)
    for name in ("eyeBlink_L", "eyeBlink_R"):
        weights[1, character.shape_names.index(name)] = 1.0
    images = render_views(
        look,
        character.vertices(weights),
        to_pixels=front_view(character.neutral, size=(256, 256))[None],
        size=(256, 256),
    )[:, 0]
    white = (images.min(axis=3) > 190).sum(axis=(1, 2))
    assert white[0] > 60
    assert white[1] < 0.05 * white[0]
