"""Landmarks found on a made face whose openings are known, and on real characters."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facepatch.core.data.character import Character, MeshSpan, Part
from facepatch.core.data.landmarks import ELEMENTS, LANDMARK_NAMES, SurfaceLandmarks
from facepatch.core.data.mesh import Topology
from facepatch.core.errors import InputError, ShapeError
from facepatch.landmarks.front_view import SurfacePoints
from facepatch.landmarks.second_opinion import second_opinion
from facepatch.landmarks.surface import complete_landmarks, propose_landmarks
from facepatch.readers import read_character
from facepatch.synthetic.face import make_character, synthetic_landmarks

ROW = {name: index for index, name in enumerate(LANDMARK_NAMES)}

COLUMNS, ROWS = 73, 93
X = np.linspace(-9.0, 9.0, COLUMNS)
Y = np.linspace(11.5, -11.5, ROWS)
EYE_Y, MOUTH_Y, BROW_Y, TIP_Y = 2.75, -5.0, 5.0, -1.5
EYES = {"r": (-5.0, -2.0), "l": (2.0, 5.0)}
"""x of the ends of each eye."""
MOUTH = (-2.5, 2.5)
OPEN = 0.5
"""Half the height of an open eye."""


def made_face(
    *, closing: float = 1.0, small_right: float = 1.0, names: tuple[str, ...] | None = None
) -> Character:
    """A character of 8 shapes. closing: how far a blink shuts; small_right: size of the right eye's opening."""
    points, faces, upper, lower = _grid()
    x, y = points[:, 0], points[:, 1]
    z = 7.0 * np.sqrt(np.clip(1.0 - (x / 11.0) ** 2 - (y / 14.0) ** 2, 0.0, None))
    z += 1.8 * np.exp(-((x / 0.9) ** 2) - ((y - TIP_Y) / 1.3) ** 2)
    z += 0.4 * np.exp(-((x / 2.4) ** 2) - ((y - MOUTH_Y) / 0.9) ** 2)
    z -= 0.25 * np.exp(-(((y - MOUTH_Y) / 0.25) ** 2) - (x / 2.4) ** 2)
    points[:, 2] = z
    neutral = points.copy()
    blinks: dict[str, np.ndarray] = {}
    for side, ends in EYES.items():
        size = OPEN * (small_right if side == "r" else 1.0)
        lids = _parting(points, upper, lower, ends, EYE_Y, size, -size, reach=1.0)
        neutral += lids
        blinks[side] = -lids * closing
    jaw = _parting(points, upper, lower, MOUTH, MOUTH_Y, 0.0, -2.5, reach=8.0)
    jaw[:, 2] += 0.2 * jaw[:, 1]
    shapes = {
        "eyeBlinkLeft": blinks["l"],
        "eyeBlinkRight": blinks["r"],
        "jawOpen": jaw,
        "browInnerUp": _lift(points, 0.0, BROW_Y, 1.5),
        "browOuterUpLeft": _lift(points, 3.5, BROW_Y, 1.5),
        "browOuterUpRight": _lift(points, -3.5, BROW_Y, 1.5),
        "mouthSmileLeft": _pull(points, MOUTH[1], 0.6),
        "mouthSmileRight": _pull(points, MOUTH[0], -0.6),
    }
    return _character(neutral, faces, np.stack(list(shapes.values())), names or tuple(shapes))


def with_parts_before_the_eyes(face: Character) -> Character:
    """`face` with an eyeball behind each eye and a clear sheet before it, as separate parts."""
    quads: list[np.ndarray] = []
    for ends in EYES.values():
        for depth in (-1.0, 1.0):
            centre = np.array([sum(ends) / 2, EYE_Y, 6.0 + depth])
            quads.append(centre + np.array([[-2, -1, 0], [2, -1, 0], [2, 1, 0], [-2, 1, 0]]))
    count = len(face.neutral)
    faces = np.concatenate([face.topology.polygon_vertices, count + np.arange(16)]).astype(np.int32)
    topology = Topology(count + 16, np.append(face.topology.polygon_counts, [4] * 4).astype(np.int32), faces)
    deltas = np.concatenate([face.deltas, np.zeros((len(face.deltas), 16, 3), np.float32)], axis=1)
    return Character(
        name="parts", neutral=np.concatenate([face.neutral, np.concatenate(quads)]).astype(np.float32),
        topology=topology, shape_names=face.shape_names, deltas=deltas,
        meshes=(MeshSpan("all", 0, count + 16, 0, topology.polygon_counts.size),),
        parts=(Part("skin", "skin"), Part("eyeball", "eye"), Part("occlusion", "other")),
        polygon_part=np.append(face.polygon_part, [1, 2, 1, 2]).astype(np.int32),
    )  # fmt: skip


def with_a_seam(face: Character) -> Character:
    """`face` cut in two along the middle, as an unwelded GLB is: right and left half share no vertex."""
    faces = face.topology.polygon_vertices.reshape(-1, 4).copy()
    middle = face.neutral[faces][:, :, 0].mean(axis=1) > 0
    right, left = np.unique(faces[~middle]), np.unique(faces[middle])
    doubled = np.intersect1d(right, left)
    renumber = np.arange(len(face.neutral) + len(doubled), dtype=np.int32)
    renumber[doubled] = len(face.neutral) + np.arange(len(doubled))
    faces[middle] = renumber[faces[middle]]
    source = np.concatenate([np.arange(len(face.neutral)), doubled])
    return _character(face.neutral[source], faces, face.deltas[:, source], face.shape_names)


def with_hair_before_the_right_eye(face: Character) -> Character:
    """`face` with a sheet before the outer half of its right eye, joined to the skin beside it."""
    quad = np.array([[-5.6, 1.0, 9.0], [-3.2, 1.0, 9.0], [-3.2, 4.5, 9.0], [-5.6, 4.5, 9.0]], np.float32)
    hold = int(np.linalg.norm(face.neutral[:, :2] - (-7.0, 3.0), axis=1).argmin())
    count = len(face.neutral)
    bridge = [hold, count, count + 3, hold + COLUMNS]
    corners = np.concatenate([face.topology.polygon_vertices, count + np.arange(4), bridge]).astype(np.int32)
    deltas = np.concatenate([face.deltas, np.zeros((len(face.deltas), 4, 3), np.float32)], axis=1)
    return _character(np.concatenate([face.neutral, quad]), corners.reshape(-1, 4), deltas, face.shape_names)


def _grid() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Points, quads, and whether a point lies above or below (not beside) a slit; slits are doubled points."""
    across, down = np.meshgrid(X, Y)
    points = np.stack([across.ravel(), down.ravel(), np.zeros(across.size)], axis=1)
    number = np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS)
    below = number.copy()
    extra: list[np.ndarray] = []
    for ends, height in ((EYES["r"], EYE_Y), (EYES["l"], EYE_Y), (MOUTH, MOUTH_Y)):
        row = int(np.abs(Y - height).argmin())
        for column in np.flatnonzero((ends[0] < X - 1e-6) & (ends[1] > X + 1e-6)):
            below[row, column] = len(points) + len(extra)
            extra.append(points[number[row, column]])
    points = np.concatenate([points, np.stack(extra)])
    quads = np.stack([below[:-1, :-1], number[1:, :-1], number[1:, 1:], below[:-1, 1:]], axis=-1)
    lower = np.arange(len(points)) >= number.size
    upper = np.zeros(len(points), bool)
    upper[number[below != number]] = True
    return points, quads.reshape(-1, 4).astype(np.int32), upper, lower


def _parting(
    points: np.ndarray, upper: np.ndarray, lower: np.ndarray, ends: tuple[float, float], height: float,
    up: float, down: float, *, reach: float,
) -> np.ndarray:  # fmt: skip
    """Offsets that open the slit between `ends` to a lens and carry the skin around it along."""
    row = Y[np.abs(Y - height).argmin()]
    share = np.clip((points[:, 0] - ends[0]) / (ends[1] - ends[0]), 0.0, 1.0)
    lens = 4.0 * share * (1.0 - share)
    away = points[:, 1] - row
    on_slit = np.abs(away) < 1e-6
    above = np.where(on_slit, upper, away > 0)
    under = np.where(on_slit, lower, away < 0)
    fade = np.exp(-((away / reach) ** 2)) * lens
    offset = np.zeros_like(points)
    offset[:, 1] = np.where(above, up * fade, np.where(under, down * fade, 0.0))
    return offset


def _lift(points: np.ndarray, x: float, y: float, size: float) -> np.ndarray:
    offset = np.zeros_like(points)
    offset[:, 1] = 0.6 * np.exp(-(((points[:, 0] - x) / size) ** 2) - ((points[:, 1] - y) / 0.8) ** 2)
    return offset


def _pull(points: np.ndarray, x: float, by: float) -> np.ndarray:
    offset = np.zeros_like(points)
    offset[:, 0] = by * np.exp(-(((points[:, 0] - x) / 1.5) ** 2) - ((points[:, 1] - MOUTH_Y) / 1.5) ** 2)
    return offset


def _character(
    neutral: np.ndarray, quads: np.ndarray, deltas: np.ndarray, names: tuple[str, ...]
) -> Character:
    topology = Topology(len(neutral), np.full(len(quads), 4, np.int32), quads.reshape(-1).astype(np.int32))
    return Character(
        name="made", neutral=neutral.astype(np.float32), topology=topology, shape_names=names,
        deltas=deltas.astype(np.float32), meshes=(MeshSpan("face", 0, len(neutral), 0, len(quads)),),
        parts=(Part("skin", "skin"),), polygon_part=np.zeros(len(quads), np.int32),
    )  # fmt: skip


def proposal(character: Character, **options: object) -> SurfaceLandmarks:
    return propose_landmarks(character, ask_detector=False, **options)  # type: ignore[arg-type]


def places(landmarks: SurfaceLandmarks, shape: np.ndarray) -> dict[str, np.ndarray]:
    return dict(zip(LANDMARK_NAMES, landmarks.positions(shape[None])[0], strict=True))


def posed(character: Character, *names: str) -> np.ndarray:
    return character.neutral + character.deltas[[character.shape_names.index(name) for name in names]].sum(
        axis=0
    )


def gap(at: dict[str, np.ndarray], upper: str) -> float:
    return float(np.linalg.norm(at[upper] - at[upper.replace("upper", "lower")]))


LIDS = [f"eye_{side}_upper_{place}" for side in "rl" for place in ("outer", "mid", "inner")]


@pytest.fixture(scope="module")
def face() -> Character:
    return made_face()


@pytest.fixture(scope="module")
def found(face: Character) -> SurfaceLandmarks:
    return proposal(face)


def test_lid_pairs_meet_in_a_blink_and_are_the_opening_apart_at_rest(
    face: Character, found: SurfaceLandmarks
) -> None:
    rest = places(found, face.neutral)
    shut = places(found, posed(face, "eyeBlinkLeft", "eyeBlinkRight"))
    for upper in LIDS:
        assert gap(shut, upper) < 0.05 * gap(rest, upper)
    assert gap(rest, "eye_l_upper_mid") == pytest.approx(2 * OPEN, rel=0.05)


def test_corners_lie_at_the_ends_of_the_openings(face: Character, found: SurfaceLandmarks) -> None:
    at = places(found, face.neutral)
    for name, x, y in (
        ("eye_r_outer", -5, EYE_Y), ("eye_r_inner", -2, EYE_Y), ("eye_l_inner", 2, EYE_Y), ("eye_l_outer", 5, EYE_Y),
        ("lips_inner_corner_r", -2.5, MOUTH_Y), ("lips_inner_corner_l", 2.5, MOUTH_Y),
    ):  # fmt: skip
        assert at[name][:2] == pytest.approx((x, y), abs=0.12), name


def test_inner_lips_touch_at_rest_and_part_with_the_jaw(face: Character, found: SurfaceLandmarks) -> None:
    assert gap(places(found, face.neutral), "lips_inner_upper_mid") < 0.05
    assert gap(places(found, posed(face, "jawOpen")), "lips_inner_upper_mid") == pytest.approx(2.5, rel=0.1)


def test_nose_brows_chin_and_outer_lips_lie_where_they_belong(
    face: Character, found: SurfaceLandmarks
) -> None:
    at = places(found, face.neutral)
    assert at["nose_tip"][:2] == pytest.approx((0, TIP_Y), abs=0.25)
    assert at["nose_tip"][1] > at["nose_base_mid"][1] > at["lips_outer_upper_mid"][1]
    assert at["lips_outer_upper_mid"][1] > MOUTH_Y > at["lips_outer_lower_mid"][1] > at["chin"][1]
    heights = [at[name][1] for name in ELEMENTS["brow_l"] + ELEMENTS["brow_r"]]
    assert heights == pytest.approx([BROW_Y] * 10, abs=0.3)


def test_sides_are_the_characters_own_and_mirror_each_other(face: Character, found: SurfaceLandmarks) -> None:
    at = places(found, face.neutral)
    for element in ("eye", "brow"):
        for right, left in zip(ELEMENTS[f"{element}_r"], ELEMENTS[f"{element}_l"], strict=True):
            assert at[right][0] < 0 < at[left][0]
            assert at[right] * (-1, 1, 1) == pytest.approx(at[left], abs=0.12)


def test_eyeballs_and_clear_sheets_before_the_eyes_change_nothing(
    face: Character, found: SurfaceLandmarks
) -> None:
    dressed = with_parts_before_the_eyes(face)
    again = proposal(dressed).positions(dressed.neutral[None])
    assert again == pytest.approx(found.positions(face.neutral[None]), abs=1e-4)


def test_a_mesh_that_is_split_along_a_seam_is_still_one_face(
    face: Character, found: SurfaceLandmarks
) -> None:
    cut = with_a_seam(face)
    assert proposal(cut).positions(cut.neutral[None]) == pytest.approx(
        found.positions(face.neutral[None]), abs=0.05
    )


def test_shapes_are_found_by_what_they_do_where_their_names_say_nothing(
    face: Character, found: SurfaceLandmarks
) -> None:
    unnamed = made_face(names=tuple(f"target{i:03d}" for i in range(8)))
    assert proposal(unnamed).positions(face.neutral[None]) == pytest.approx(
        found.positions(face.neutral[None]), abs=0.4
    )


def test_motion_does_for_a_character_without_shapes(face: Character, found: SurfaceLandmarks) -> None:
    chance = np.random.default_rng(3)
    weights = chance.uniform(size=(20, 8)) * (chance.uniform(size=(20, 8)) < 0.4)
    weights[10, :3] = (1.0, 1.0, 0.0)
    weights[11, :3] = (0.0, 0.0, 1.0)
    motion = face.vertices(weights)
    bare = replace(face, shape_names=(), deltas=face.deltas[:0])
    at = places(proposal(bare, sample_shapes=motion), face.neutral)
    named = places(found, face.neutral)
    for name in (*LIDS, *ELEMENTS["lips_inner"]):
        assert at[name] == pytest.approx(named[name], abs=0.3), name


def test_a_character_without_shapes_and_motion_is_refused(face: Character) -> None:
    with pytest.raises(InputError, match="has no shapes"):
        proposal(replace(face, shape_names=(), deltas=face.deltas[:0]))


def test_motion_of_another_mesh_is_refused(face: Character) -> None:
    with pytest.raises(ShapeError, match="sample_shapes: axis V is 7"):
        proposal(face, sample_shapes=np.zeros((4, 7, 3)))


def test_elements_that_cannot_be_found_are_named(face: Character) -> None:
    keep = [row for row, name in enumerate(face.shape_names) if name != "jawOpen"]
    mute = replace(face, shape_names=tuple(face.shape_names[row] for row in keep), deltas=face.deltas[keep])
    with pytest.raises(InputError, match=r"no landmarks could be found for .*lips_inner.*Give a picks file"):
        proposal(mute)


def test_a_blink_that_does_not_close_is_a_doubt(found: SurfaceLandmarks) -> None:
    assert not [doubt for doubt in found.doubts if "lids" in doubt]
    doubts = proposal(made_face(closing=0.6)).doubts
    assert [doubt for doubt in doubts if "right lids stay open by 4" in doubt]
    assert [doubt for doubt in doubts if "left lids stay open by 4" in doubt]


def test_an_eye_that_hardly_shows_is_a_doubt(found: SurfaceLandmarks) -> None:
    assert not [doubt for doubt in found.doubts if "shows much less" in doubt]
    assert [d for d in proposal(made_face(small_right=0.4)).doubts if "right eye shows much less" in d]


def test_the_hidden_eye_of_a_symmetric_face_is_the_mirror_image_of_the_other(face: Character) -> None:
    curtain = with_hair_before_the_right_eye(face)
    landmarks = proposal(curtain)
    assert [doubt for doubt in landmarks.doubts if "mirrored" in doubt]
    at = places(landmarks, curtain.neutral)
    for right, left in zip(ELEMENTS["eye_r"], ELEMENTS["eye_l"], strict=True):
        assert at[right] * (-1, 1, 1) == pytest.approx(at[left], abs=1e-3)


def test_what_is_given_stays_and_guides_the_rest(face: Character, found: SurfaceLandmarks) -> None:
    vertex = int(np.linalg.norm(face.neutral - (0.0, -9.0, 5.0), axis=1).argmin())
    here = SurfacePoints(np.full((1, 3), vertex, np.int32), np.asarray([[1.0, 0.0, 0.0]]))
    lower = complete_landmarks(face, {"nose_tip": here}, ask_detector=False)
    assert places(lower, face.neutral)["nose_tip"] == pytest.approx(face.neutral[vertex])
    others = [row for name, row in ROW.items() if name != "nose_tip"]
    assert lower.positions(face.neutral[None])[0, others] == pytest.approx(
        found.positions(face.neutral[None])[0, others]
    )


def test_made_characters_have_the_landmarks_that_they_were_made_with() -> None:
    face = make_character(detail="low")
    rest = places(proposal(face), face.neutral)
    true = places(synthetic_landmarks(face), face.neutral)
    eyes = np.linalg.norm(true["eye_l_outer"] - true["eye_r_outer"])
    off = {
        element: float(np.mean([np.linalg.norm(rest[name] - true[name]) for name in names]) / eyes)
        for element, names in ELEMENTS.items()
    }
    assert (
        max(off[element] for element in ("eye_r", "eye_l", "lips_inner", "lips_outer", "nose_bridge")) < 0.05
    )
    assert max(off.values()) < 0.15


def test_a_detector_of_human_faces_doubts_what_is_elsewhere() -> None:
    face = make_character()
    landmarks = synthetic_landmarks(face)
    assert second_opinion(face, landmarks) == []
    moved = landmarks.triangle.copy()
    moved[ROW["chin"]] = moved[ROW["nose_tip"]]
    doubts = second_opinion(face, replace(landmarks, triangle=moved))
    assert len(doubts) == 1
    assert "sees chin" in doubts[0]


def test_a_detector_of_human_faces_says_nothing_where_it_sees_none(
    face: Character, found: SurfaceLandmarks
) -> None:
    squashed = replace(face, neutral=face.neutral * np.asarray([1.0, 0.1, 1.0], np.float32))
    assert second_opinion(squashed, found) == []


REAL = {
    "char-makehuman-stylised/mh_bigeyes.npz": ("eyeBlinkLeft", "eyeBlinkRight"),
    "char-facecap-heads/facecap_head_generic.npz": ("eyeBlink_L", "eyeBlink_R"),
    "char-facecap-heads/facecap_livemode_head.npz": ("eyeBlink_L", "eyeBlink_R"),
    "char-ict-facekit/ict_facekit_expressions.npz": ("eyeBlink_L", "eyeBlink_R"),
    "char-valid-avatars/valid_Asian_F_1.npz": ("LeyeClose_h", "ReyeClose_h"),
    "char-jeeliz-animals/jeeliz_lama.npz": ("eyeLeftClose", "eyeRightClose"),
    "char-jeeliz-animals/jeeliz_tiger.npz": ("eyeLeftClose", "eyeRightClose"),
    "rig-maya-facecap-example/maya_facecap_facescan.npz": ("eyeBlink_L", "eyeBlink_R"),
}


@pytest.mark.assets
@pytest.mark.parametrize("file", REAL)
def test_lids_of_real_characters_close_and_their_lips_part(assets: Path, file: str) -> None:
    character = read_character(assets / file)
    landmarks = proposal(character)
    rest = places(landmarks, character.neutral)
    shut = places(landmarks, posed(character, *REAL[file]))
    for upper in ("eye_r_upper_mid", "eye_l_upper_mid"):
        assert gap(shut, upper) < 0.15 * gap(rest, upper)
    jaw = next(name for name in ("jawOpen", "MouthOpen_h", "mouthOpen") if name in character.shape_names)
    width = np.linalg.norm(rest["lips_inner_corner_l"] - rest["lips_inner_corner_r"])
    assert gap(rest, "lips_inner_upper_mid") < 0.12 * width
    assert gap(places(landmarks, posed(character, jaw)), "lips_inner_upper_mid") > 0.25 * width
    smile = places(landmarks, posed(character, *(n for n in character.shape_names if "smile" in n.lower())))
    assert np.linalg.norm(smile["lips_inner_corner_l"] - smile["lips_inner_corner_r"]) > 1.15 * width
    assert rest["eye_r_outer"][0] < rest["eye_r_inner"][0] < rest["eye_l_inner"][0] < rest["eye_l_outer"][0]
