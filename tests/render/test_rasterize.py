import numba
import numpy as np
import pytest

from facepatch.core.data.character import Part
from facepatch.core.errors import InputError, ShapeError, TopologyError
from facepatch.render.camera import box_view
from facepatch.render.kernels import cover
from facepatch.render.phong import LookSettings, prepare_look
from facepatch.render.rasterize import check_not_empty, render_views
from facepatch.render.surface import POWERS, SHADES

PLAIN = LookSettings(
    ambient=1.0, diffuse=0.0, specular=0.0, lid_line=0.0, cavity=0.0, background=(0.0, 0.0, 0.0)
)
"""What is drawn is the part's colour itself."""
SQUARE = [[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]]
WHITE = (Part("sheet", "other", (1.0, 1.0, 1.0)),)


# ------------------------------------------------------------------------------ the plain twin


def plain_cover(triangles, screen, z, high, wide):
    """Each sample by itself, against every triangle."""
    face = np.full((high, wide), -1)
    x, y = np.meshgrid(np.arange(wide) + 0.5, np.arange(high) + 0.5)
    depth = np.full((high, wide), -np.inf)
    for number, (i, j, k) in enumerate(triangles):
        a, b, c = screen[i], screen[j], screen[k]
        area = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])
        if area == 0.0:
            continue
        w0 = ((b[0] - x) * (c[1] - y) - (c[0] - x) * (b[1] - y)) / area
        w1 = ((c[0] - x) * (a[1] - y) - (a[0] - x) * (c[1] - y)) / area
        w2 = 1.0 - w0 - w1
        near = w0 * z[i] + w1 * z[j] + w2 * z[k]
        inside = (w0 >= -1e-6) & (w1 >= -1e-6) & (w2 >= -1e-6) & (near > depth)
        depth[inside], face[inside] = near[inside], number
    return face


def plain_sample(surface, screen, normals, f, place, samples):
    """Linear colour of triangle f at a place in samples."""
    if f < 0:
        return surface.background.astype(float)
    rows = surface.triangles[f]
    (ax, ay), (bx, by), (cx, cy) = screen[rows]
    area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
    x, y = place
    weights = np.array(
        [
            ((bx - x) * (cy - y) - (cx - x) * (by - y)) / area,
            ((cx - x) * (ay - y) - (ax - x) * (cy - y)) / area,
            0.0,
        ]
    )
    weights[2] = 1.0 - weights.sum()
    front = area < 0.0  # y grows downward
    normal = weights @ normals[surface.normal_group[rows]]
    normal = normal / np.linalg.norm(normal) * (1.0 if front else -1.0)
    ambient, diffuse, alike, *back = surface.materials[surface.triangle_material[f]]
    facing = normal @ surface.light
    lit = ambient + diffuse * max(facing, 0.0)
    if not front and not alike:
        return np.array(back) * lit
    color = weights @ surface.corner_color[f]
    if surface.triangle_texture[f] >= 0:
        first, high, wide = surface.levels[surface.triangle_texture[f], 0]
        u, v = weights @ surface.corner_uv[f]
        tx, ty = int(u % 1.0 * wide), int(v % 1.0 * high)
        color = color * surface.to_linear[surface.texels[first + ty * wide + tx]]
    toward = 2.0 * facing * normal[2] - surface.light[2]
    shine = 0.0
    if facing > 0.0 and toward > 0.0:
        shine = surface.specular[surface.triangle_material[f], int(min(toward, 1.0) * (POWERS - 1) + 0.5)]
    return color * lit + shine


def plain_picture(look, vertices, view, size, samples):
    """One view of one frame, in float64, sample by sample."""
    surface = look.surface
    points = vertices - np.array([0, 0, 1]) * surface.recess[:, None]
    screen = (points[:, :2] @ view[:, :2].T.astype(float) + view[:, 2]) * samples
    corners = points[surface.triangles].astype(float)
    sums = np.zeros_like(points, dtype=float)
    flat = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    for corner in range(3):
        np.add.at(sums, surface.normal_group[surface.triangles[:, corner]], flat)
    wide, high = size
    face = plain_cover(surface.triangles, screen, points[:, 2], high * samples, wide * samples)
    image = np.zeros((high, wide, 3))
    for row in range(high):
        for column in range(wide):
            block = face[row * samples : (row + 1) * samples, column * samples : (column + 1) * samples]
            for f in np.unique(block):
                down, across = np.nonzero(block == f)
                place = column * samples + across.mean() + 0.5, row * samples + down.mean() + 0.5
                share = len(down) / samples**2
                image[row, column] += share * plain_sample(surface, screen, sums, f, place, samples)
    return surface.to_srgb[(np.minimum(image, 1.0) * (SHADES - 1) + 0.5).astype(int)]


@pytest.mark.parametrize("samples", [1, 2, 3])
def test_the_kernels_draw_what_the_plain_twin_draws(make_character, sphere, samples):
    ball, faces = sphere(7, 9)
    small, more = sphere(6, 8, centre=(0.5, 0.3, 0.7), radius=0.5)
    vertices = np.concatenate([ball, small, [[-1.5, -0.5, -0.2], [1.5, -0.4, 0.6], [0.0, 1.4, 1.2]]])
    # The last triangle runs through both balls, and is seen from its back.
    polygons = np.concatenate(
        [faces, more + len(ball), [[len(vertices) - 3, len(vertices) - 1, len(vertices) - 2]]]
    )
    parts = (Part("ball", "skin"), Part("small", "tongue", (0.2, 0.8, 0.3)), Part("sheet", "skin"))
    number = np.repeat([0, 1, 2], [len(faces), len(more), 1])
    rng = np.random.default_rng(3)
    color = rng.integers(60, 255, (len(vertices), 3)).astype(np.uint8)
    character = make_character(vertices, polygons, parts=parts, polygon_part=number, vertex_color=color)
    look = prepare_look(character, LookSettings(specular=0.2, cavity=0.0, lid_line=0.0))
    view = np.array([[9.0, 1.0, 16.2], [1.2, -8.5, 12.9]], dtype=np.float32)
    fast = render_views(look, vertices[None], to_pixels=view[None], size=(31, 25), supersample=samples)[0, 0]
    plain = plain_picture(look, character.neutral, view, (31, 25), samples)
    apart = np.abs(fast.astype(int) - plain.astype(int)).max(axis=2)
    assert (apart <= 1).mean() > 0.99  # a sample on an edge may fall to the other side in float32
    assert (plain != look.background_byte).any(axis=2).mean() > 0.3


def test_the_order_of_triangles_changes_no_pixel_of_the_depth(sphere):
    points, faces = sphere(10, 14)
    more, others = sphere(9, 13, centre=(0.3, 0.0, -0.4))
    points = np.concatenate([points, more])
    triangles = np.concatenate([faces, others + len(more) * 0 + 10 * 0 + len(points) - len(more)]).astype(
        np.int32
    )
    screen = (points[:, :2] * 20 + 32).astype(np.float32)
    results = []
    for near_count in (len(triangles), len(faces), 0):
        depth, face = np.empty((64, 64), np.float32), np.empty((64, 64), np.int32)
        cover(triangles, near_count, screen, points, depth, face)
        results.append((depth, face))
    for depth, face in results[1:]:
        assert np.array_equal(depth, results[0][0])
        assert np.array_equal(face, results[0][1])


# ------------------------------------------------------------------------------ coverage and culling


def test_a_pixel_half_covered_is_half_as_bright_in_linear_light(make_character):
    look = prepare_look(make_character(SQUARE, [[0, 1, 2, 3]], parts=WHITE), PLAIN)
    # The square's right edge cuts the third pixel in half.
    view = np.array([[[2.5 / 2, 0, 2.5 / 2], [0, -2, 2]]], dtype=np.float32)
    row = render_views(look, np.asarray([SQUARE], np.float32), to_pixels=view, size=(4, 4), supersample=2)[
        0, 0, 1
    ]
    assert row[:, 0].tolist() == [255, 255, 188, 0]  # 188 is linear 0.5


def test_neighbouring_triangles_leave_no_crack(make_character):
    rng = np.random.default_rng(5)
    y, x = np.mgrid[-1:1:13j, -1:1:13j]
    jitter = rng.uniform(-0.05, 0.05, (13, 13, 2)) * ((abs(x) < 1) & (abs(y) < 1))[..., None]
    points = np.stack([x + jitter[..., 0], y + jitter[..., 1], 0 * x], axis=-1).reshape(-1, 3)
    quads = [
        [r * 13 + c, r * 13 + c + 1, r * 13 + c + 14, r * 13 + c + 13] for r in range(12) for c in range(12)
    ]
    look = prepare_look(make_character(points, quads, parts=WHITE), PLAIN)
    image = render_views(
        look, points[None], to_pixels=box_view([-0.99, -0.99, 0.99, 0.99], (97, 97))[None], size=(97, 97)
    )
    assert (image == 255).all()


def test_what_lies_outside_a_view_is_not_drawn_and_what_sticks_in_is(make_character):
    look = prepare_look(make_character(SQUARE, [[0, 1, 2, 3]], parts=WHITE), PLAIN)
    views = np.stack(
        [box_view(box, (8, 8)) for box in ([2, 2, 3, 3], [0.5, 0.5, 1.5, 1.5], [-90, -90, -80, -80])]
    )
    images = render_views(look, np.asarray([SQUARE], np.float32), to_pixels=views, size=(8, 8))[0]
    assert images[0].max() == 0
    assert images[1, 4:, :4].min() == 255
    assert images[1, :4].max() == 0
    assert images[2].max() == 0


def test_the_nearer_triangle_hides_the_farther(make_character):
    vertices = np.array([*SQUARE, *(np.asarray(SQUARE) * 0.5 + [0, 0, 1])], dtype=np.float32)
    parts = (Part("far", "other", (1.0, 0.0, 0.0)), Part("near", "other", (0.0, 1.0, 0.0)))
    character = make_character(vertices, [[0, 1, 2, 3], [4, 5, 6, 7]], parts=parts, polygon_part=[0, 1])
    image = render_views(
        prepare_look(character, PLAIN),
        vertices[None],
        to_pixels=box_view([-1, -1, 1, 1], (8, 8))[None],
        size=(8, 8),
    )[0, 0]
    assert image[4, 4].tolist() == [0, 255, 0]
    assert image[0, 0].tolist() == [255, 0, 0]


def test_the_back_of_skin_shows_as_the_colour_of_the_mouth(make_character):
    settings = LookSettings(ambient=1.0, diffuse=0.0, specular=0.0, cavity=0.0, mouth=(0.5, 0.25, 0.25))
    look = prepare_look(make_character(SQUARE, [[3, 2, 1, 0]]), settings)
    image = render_views(
        look, np.asarray([SQUARE], np.float32), to_pixels=box_view([-1, -1, 1, 1], (4, 4))[None], size=(4, 4)
    )
    assert np.abs(image[0, 0, 2, 2].astype(int) - [128, 64, 64]).max() <= 1


# ------------------------------------------------------------------------------ frames, views, rotation


@pytest.fixture
def ball(make_character, sphere):
    points, faces = sphere()
    character = make_character(points * np.float32([1.0, 0.6, 0.8]), faces)
    return character, prepare_look(character)


def frames_of(character, count):
    swell = np.linspace(0.6, 1.0, count, dtype=np.float32)[:, None, None]
    return character.neutral[None] * swell


VIEWS = np.stack([box_view([-1.1, -1.1, 1.1, 1.1], (24, 24)), box_view([0, 0, 1, 1], (24, 24))])


@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="needs two threads")
def test_one_thread_and_two_draw_the_same_pixels(ball):
    character, look = ball
    vertices = frames_of(character, 7)
    before = numba.get_num_threads()
    results = []
    try:
        for threads in (1, 2):
            numba.set_num_threads(threads)
            results.append(render_views(look, vertices, to_pixels=VIEWS, size=(24, 24)))
    finally:
        numba.set_num_threads(before)
    assert np.array_equal(results[0], results[1])
    assert not np.array_equal(results[0][0], results[0][6])


def test_views_per_frame_equal_the_same_views_for_all(ball):
    character, look = ball
    vertices = frames_of(character, 3)
    shared = render_views(look, vertices, to_pixels=VIEWS, size=(24, 24))
    each = render_views(look, vertices, to_pixels=np.stack([VIEWS, VIEWS[::-1], VIEWS]), size=(24, 24))
    assert np.array_equal(each[0], shared[0])
    assert np.array_equal(each[1], shared[1, ::-1])


def test_a_rotation_turns_the_head_and_the_light_stays(ball):
    character, look = ball
    quarter = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]], dtype=np.float32)[None]
    turned = render_views(look, character.neutral[None], to_pixels=VIEWS, size=(24, 24), rotation=quarter)
    by_hand = render_views(look, (character.neutral @ quarter[0].T)[None], to_pixels=VIEWS, size=(24, 24))
    straight = render_views(look, character.neutral[None], to_pixels=VIEWS, size=(24, 24))
    assert np.array_equal(turned, by_hand)
    assert not np.array_equal(turned, straight)


def test_a_read_only_memory_map_is_drawn_in_blocks_like_an_array(ball, tmp_path, monkeypatch):
    character, look = ball
    vertices = frames_of(character, 5)
    np.save(tmp_path / "take.npy", vertices)
    expected = render_views(look, vertices, to_pixels=VIEWS, size=(24, 24))
    monkeypatch.setattr("facepatch.render.rasterize.BLOCK_BYTES", 2 * vertices[0].nbytes)
    out = np.zeros((5, 2, 24, 24, 3), dtype=np.uint8)
    given = render_views(
        look, np.load(tmp_path / "take.npy", mmap_mode="r"), to_pixels=VIEWS, size=(24, 24), out=out
    )
    assert given is out
    assert np.array_equal(out, expected)


# ------------------------------------------------------------------------------ refusals


def test_another_number_of_vertices_is_refused(ball):
    character, look = ball
    with pytest.raises(TopologyError, match=f"have 5 vertices, but sample has {len(character.neutral)}"):
        render_views(look, character.neutral[None, :5], to_pixels=VIEWS, size=(8, 8))


def test_vertices_that_are_not_finite_are_refused_with_their_frame(ball):
    character, look = ball
    vertices = frames_of(character, 3).copy()
    vertices[2, 4, 1] = np.nan
    with pytest.raises(ShapeError, match=r"frames 0 to 2.*not finite, the first at index \(2, 4, 1\)"):
        render_views(look, vertices, to_pixels=VIEWS, size=(8, 8))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"to_pixels": np.zeros((2, 2, 2))}, "to_pixels"),
        ({"to_pixels": np.zeros((4, 2, 2, 3))}, "is for 4 frames, but vertices have 3"),
        ({"rotation": np.eye(3)[None]}, "is for 1 frames, but vertices have 3"),
        ({"size": (0, 8)}, "sizes start at 1"),
        ({"supersample": 0}, "supersample is 1 to 16"),
        ({"out": np.zeros((3, 2, 8, 8, 3))}, "uint8, got"),
        ({"out": np.zeros((3, 1, 8, 8, 3), np.uint8)}, r"out: needs \(3, 2, 8, 8, 3\)"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(ball, change, sentence):
    character, look = ball
    with pytest.raises(ShapeError, match=sentence):
        render_views(look, frames_of(character, 3), **{"to_pixels": VIEWS, "size": (8, 8), **change})


def test_vertices_of_one_frame_without_a_frame_axis_are_refused(ball):
    character, look = ball
    with pytest.raises(ShapeError, match="T V 3"):
        render_views(look, character.neutral, to_pixels=VIEWS, size=(8, 8))


def test_an_empty_picture_is_refused_and_says_which(ball):
    character, look = ball
    views = np.stack([VIEWS[0], box_view([50, 50, 60, 60], (24, 24))])
    images = render_views(look, frames_of(character, 2), to_pixels=views, size=(24, 24))
    check_not_empty(images[:, 0], look)
    with pytest.raises(InputError, match=r"sample: 2 of 4 images are empty, the first at index \(0, 1\)"):
        check_not_empty(images, look)
