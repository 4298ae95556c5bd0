from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from facepatch.core.data.character import Character
from facepatch.core.data.landmarks import LANDMARK_NAMES, landmark_indices
from facepatch.core.errors import ConfigError, TopologyError
from facepatch.core.shape_names import ARKIT_NAMES
from facepatch.synthetic.face import (
    CARTOON_STYLE,
    PERFORMER_STYLE,
    FaceStyle,
    make_character,
    synthetic_landmarks,
)

BALD = replace(PERFORMER_STYLE.hair, volume=0.0)


@pytest.fixture(scope="module")
def performer() -> Character:
    return make_character(PERFORMER_STYLE, name="performer")


@pytest.fixture(scope="module")
def cartoon() -> Character:
    return make_character(CARTOON_STYLE, name="cartoon")


@pytest.fixture(scope="module")
def small() -> Character:
    return make_character(PERFORMER_STYLE, name="small", detail="low")


@pytest.fixture(params=["performer", "cartoon", "small"])
def any_face(request: pytest.FixtureRequest) -> Character:
    return request.getfixturevalue(request.param)


def places(character: Character, **weights: float) -> dict[str, np.ndarray]:
    """Landmark name -> place, with shapes at these weights (`eyeBlink=1` means both sides)."""
    row = np.zeros((1, len(character.shape_names)), np.float32)
    for name, value in weights.items():
        both = [name] if name in character.shape_names else [name + "Left", name + "Right"]
        for shape in both:
            row[0, character.shape_names.index(shape)] = value
    points = synthetic_landmarks(character).positions(character.vertices(row))[0]
    return dict(zip(LANDMARK_NAMES, points))


def lid_gap(at: dict[str, np.ndarray], side: str) -> float:
    return float(
        np.mean(
            [
                at[f"eye_{side}_upper_{k}"][1] - at[f"eye_{side}_lower_{k}"][1]
                for k in ("outer", "mid", "inner")
            ]
        )
    )


def mouth_gap(at: dict[str, np.ndarray]) -> float:
    return float(at["lips_inner_upper_mid"][1] - at["lips_inner_lower_mid"][1])


def test_sizes_are_those_of_the_docstring(performer: Character, cartoon: Character, small: Character) -> None:
    assert 3000 < len(performer.neutral) <= 4200
    assert len(cartoon.neutral) == len(performer.neutral)
    assert 300 < len(small.neutral) < 600


def test_every_shape_moves_something_and_has_an_arkit_name(any_face: Character) -> None:
    assert set(any_face.shape_names) == set(ARKIT_NAMES) - {"tongueOut"}
    reach = np.abs(any_face.deltas).max(axis=(1, 2))
    assert np.isfinite(any_face.deltas).all()
    assert reach.min() > 0.03, any_face.shape_names[int(reach.argmin())]
    assert reach.max() < 6.0


def test_topology_has_no_unused_vertices_and_no_flat_triangles(any_face: Character) -> None:
    triangles = any_face.topology.triangles
    assert set(triangles.reshape(-1)) == set(range(len(any_face.neutral)))
    a, b, c = (any_face.neutral[triangles[:, k]] for k in range(3))
    assert np.linalg.norm(np.cross(b - a, c - a), axis=1).min() > 1e-6


def test_meshes_tile_vertices_and_polygons(any_face: Character) -> None:
    end = (0, 0)
    for mesh in any_face.meshes:
        assert (mesh.vertex_start, mesh.polygon_start) == end
        mine = any_face.topology.triangles[mesh.polygon_start : mesh.polygon_stop]
        assert mine.min() == mesh.vertex_start
        assert mine.max() == mesh.vertex_stop - 1
        end = (mesh.vertex_stop, mesh.polygon_stop)
    assert end == (len(any_face.neutral), len(any_face.topology.triangles))


def test_face_turns_outward_and_looks_along_z(any_face: Character) -> None:
    triangles = any_face.topology.triangles[any_face.polygon_part == 0]
    a, b, c = (any_face.neutral[triangles[:, k]] for k in range(3))
    normal = np.cross(b - a, c - a)
    chest_to_front = normal[(a[:, 2] > 5.0) & (np.abs(a[:, 0]) < 3.0)]
    assert (chest_to_front[:, 2] > 0.0).mean() > 0.7
    nose, ear = any_face.neutral[:, 2].max(), any_face.neutral[np.abs(any_face.neutral[:, 0]).argmax(), 2]
    assert nose > ear + 3.0


@pytest.mark.parametrize("side", ["l", "r"])
def test_lids_close_at_full_blink(any_face: Character, side: str) -> None:
    opened = lid_gap(places(any_face), side)
    closed = lid_gap(places(any_face, eyeBlink=1.0), side)
    assert opened > 0.5
    assert abs(closed) < 0.12 * opened


def test_only_the_left_lid_closes_at_a_left_blink(any_face: Character) -> None:
    rest, wink = places(any_face), places(any_face, eyeBlinkLeft=1.0)
    assert lid_gap(wink, "l") < 0.12 * lid_gap(rest, "l")
    assert lid_gap(wink, "r") > 0.95 * lid_gap(rest, "r")


def test_mouth_is_shut_at_rest_and_opens_with_the_jaw(any_face: Character) -> None:
    assert abs(mouth_gap(places(any_face))) < 0.1
    assert mouth_gap(places(any_face, jawOpen=1.0)) > 1.5


def test_mouth_close_shuts_the_lips_of_an_open_jaw(any_face: Character) -> None:
    shut = mouth_gap(places(any_face, jawOpen=0.5, mouthClose=0.5))
    assert abs(shut) < 0.35 * mouth_gap(places(any_face, jawOpen=0.5))


def test_smile_widens_and_pucker_narrows_the_mouth(any_face: Character) -> None:
    def width(**weights: float) -> float:
        at = places(any_face, **weights)
        return float(at["lips_outer_corner_l"][0] - at["lips_outer_corner_r"][0])

    assert width(mouthSmile=1.0) > 1.1 * width()
    assert width(mouthPucker=1.0) < 0.87 * width()


def test_brows_go_up_and_down(any_face: Character) -> None:
    def height(**weights: float) -> float:
        return float(places(any_face, **weights)["brow_l_inner"][1])

    assert height(browInnerUp=1.0) > height() + 0.3
    assert height(browDown=1.0) < height() - 0.2


def test_eyeballs_turn_about_their_centre(performer: Character) -> None:
    mesh = next(mesh for mesh in performer.meshes if mesh.name == "eye_left")
    ball = performer.neutral[mesh.vertex_start : mesh.vertex_stop]
    turned = (
        ball
        + performer.deltas[
            performer.shape_names.index("eyeLookOutLeft"), mesh.vertex_start : mesh.vertex_stop
        ]
    )
    pupil, moved = ball[0], turned[0]
    assert moved[0] > pupil[0] + 0.5  # to the character's left
    center = (ball.min(axis=0) + ball.max(axis=0)) / 2.0
    radius = np.ptp(ball[:, 0]) / 2.0
    assert np.linalg.norm(moved[:2] - center[:2]) < radius
    assert np.ptp(turned[:, 1]) == pytest.approx(np.ptp(ball[:, 1]), rel=0.05)


def test_eyeballs_stay_behind_the_lids(any_face: Character) -> None:
    """No eyeball vertex in front of a shut lid: seen from the front, the lid landmarks lie nearer."""
    at = places(any_face, eyeBlink=1.0)
    mesh = next(mesh for mesh in any_face.meshes if mesh.name == "eye_left")
    ball = any_face.neutral[mesh.vertex_start : mesh.vertex_stop]
    lid = at["eye_l_upper_mid"]
    near = ball[np.linalg.norm(ball[:, :2] - lid[:2], axis=1) < 0.6]
    assert len(near) == 0 or near[:, 2].max() < lid[2] + 0.12


def test_landmarks_are_vertices_of_the_face_in_their_order(any_face: Character) -> None:
    points = synthetic_landmarks(any_face)
    assert points.topology_id == any_face.topology.topology_id
    np.testing.assert_array_equal(points.barycentric.sum(axis=1), 1.0)
    np.testing.assert_array_equal(points.barycentric.max(axis=1), 1.0)
    at = places(any_face)
    assert len({tuple(place) for place in at.values()}) == len(LANDMARK_NAMES)
    for side, sign in (("l", 1.0), ("r", -1.0)):
        assert sign * at[f"eye_{side}_outer"][0] > sign * at[f"eye_{side}_inner"][0] > 0.0
        assert sign * at[f"brow_{side}_outer"][0] > sign * at[f"brow_{side}_inner"][0] > 0.0
        assert at[f"brow_{side}_mid"][1] > at[f"eye_{side}_upper_mid"][1] > at[f"eye_{side}_lower_mid"][1]
    assert at["lips_outer_corner_l"][0] > 0.0 > at["lips_outer_corner_r"][0]
    assert at["lips_outer_upper_l2"][0] > 0.0 > at["lips_outer_lower_r3"][0]
    heights = [at[name][1] for name in ("nose_bridge_top", "nose_tip", "nose_base_mid", "lips_outer_upper_mid",
                                        "lips_outer_lower_mid", "chin")]  # fmt: skip
    assert heights == sorted(heights, reverse=True)


def test_landmarks_of_both_sides_mirror_each_other(any_face: Character) -> None:
    at = places(any_face)
    for name in LANDMARK_NAMES:
        if "_l_" in name:
            np.testing.assert_allclose(at[name], at[name.replace("_l_", "_r_")] * [-1, 1, 1], atol=1e-4)
    middle = landmark_indices("nose_bridge", "chin")
    assert np.abs(np.array(list(at.values()))[middle, 0]).max() < 1e-4


def test_landmarks_of_another_mesh_are_refused(small: Character) -> None:
    stranger = replace(
        small, topology=replace(small.topology, polygon_vertices=small.topology.polygon_vertices[::-1])
    )
    with pytest.raises(TopologyError, match="is no face of make_character"):
        synthetic_landmarks(stranger)


def test_styles_differ_where_they_say(performer: Character, cartoon: Character) -> None:
    real, toon = places(performer), places(cartoon)
    assert lid_gap(toon, "l") > 1.6 * lid_gap(real, "l")

    def width(at: dict[str, np.ndarray], name: str) -> float:
        return float(at[f"{name}_l"][0] - at[f"{name}_r"][0])

    assert width(toon, "lips_outer_corner") < width(real, "lips_outer_corner")
    assert width(toon, "nose_base") < 0.8 * width(real, "nose_base")


def test_the_same_seed_gives_the_same_face_and_another_one_other_skin() -> None:
    style = replace(PERFORMER_STYLE, hair=BALD)
    one, same, other = (make_character(style, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.deltas, same.deltas)
    np.testing.assert_array_equal(one.textures[0], same.textures[0])
    assert (one.textures[0] != other.textures[0]).any()
    assert "hair" not in [mesh.name for mesh in one.meshes]


def test_texture_shows_skin_lips_and_shirt_where_they_belong(performer: Character) -> None:
    image = performer.textures[0].astype(float)
    rows, columns = image.shape[:2]
    cheek = image[int(rows * 0.47), int(columns * 0.60)]
    lips = image[int(rows * 0.541), columns // 2]
    shirt = image[int(rows * 0.95), columns // 2]
    assert lips[0] - lips[1] > cheek[0] - cheek[1] + 10.0  # redder
    assert shirt[2] > shirt[0]  # blue
    assert performer.corner_uv is not None
    assert performer.corner_uv.min() >= 0.0
    assert performer.corner_uv[: 3 * performer.meshes[0].polygon_stop].max() <= 1.0


def test_small_face_has_no_texture_and_quickly_made(small: Character) -> None:
    assert small.textures == ()
    assert small.corner_uv is None
    assert {part.kind for part in small.parts} >= {"skin", "eye", "mouth", "teeth"}


def test_an_unknown_detail_is_refused() -> None:
    with pytest.raises(ConfigError, match="detail: 'huge' is not one of full, low"):
        make_character(PERFORMER_STYLE, detail="huge")  # type: ignore[arg-type]


def test_a_ratio_or_colour_out_of_range_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"eye_size is 9\.0"):
        FaceStyle(eye_size=9.0)
    with pytest.raises(ConfigError, match="skin is"):
        FaceStyle(skin=(200.0, 150.0, 120.0))
