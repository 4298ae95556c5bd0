import json
from dataclasses import replace

import numpy as np
import pytest

from facepatch.core.data.landmarks import landmark_indices
from facepatch.core.errors import FormatError
from facepatch.core.schema import to_dict
from facepatch.geometry.affine import transform
from facepatch.patches.plan import make_plan, read_plan, write_plan
from facepatch.patches.regions import FIVE, THREE, WHOLE, PatchSettings, Region

SETTINGS = PatchSettings(size=64, range_percentile=0.0)
NOSE = (Region("nose", ("nose_base", "nose_tip")), Region("chin_and_lips", ("chin", "lips_outer")))


def head_plane(points):
    """The aligned plane in the character's own: 7 cm between the eyes, y up."""
    return (points * (7, -7) + (1, 150)).astype(np.float32)


@pytest.fixture
def made(face, opened):
    """Settings -> the plan of a performer and a character that move alike."""
    frames = opened(np.linspace(0, 0.5, 26))

    def plan(settings=SETTINGS, other=None):
        return make_plan(
            frames,
            head_plane(frames if other is None else other),
            performer_neutral=face,
            character_neutral=head_plane(face),
            settings=settings,
        )

    return plan


@pytest.mark.parametrize("regions", [THREE, FIVE, WHOLE, NOSE], ids=["three", "five", "whole", "own"])
def test_any_regions_get_a_box_a_view_and_a_ratio_each(made, regions):
    plan = made(replace(SETTINGS, regions=regions))
    assert len(plan.boxes) == len(plan.views) == len(plan.range_ratios) == len(regions)
    assert plan.views.shape[1:] == (2, 3)


@pytest.mark.parametrize("regions", [THREE, FIVE, WHOLE, NOSE], ids=["three", "five", "whole", "own"])
def test_faces_that_move_alike_lie_on_the_same_pixels_of_their_patches(made, face, opened, regions):
    plan = made(replace(SETTINGS, regions=regions))
    frames = opened(np.array([0.0, 0.2, 0.5]))
    still = np.broadcast_to(np.array([[1.0, 0, 0], [0, 1.0, 0]]), (3, 2, 3))
    performer = plan.region_points(frames, plan.frame_to_patch(still))
    character = plan.region_points(head_plane(frames).astype(np.float64), plan.views)
    for region, ours, theirs in zip(regions, performer, character, strict=True):
        assert ours.shape == (3, len(landmark_indices(*region.elements)), 2)
        assert np.abs(ours - theirs).max() < 0.05
        assert ours.min() > 0
        assert ours.max() < 64


def test_faces_that_move_alike_have_ratios_of_one(made):
    assert np.allclose(made().range_ratios, 1.0, atol=1e-4)


def test_the_ratios_are_the_boxes_and_grow_with_the_characters_range(made, opened):
    eye_r, eye_l, mouth = made(other=opened(np.linspace(0, 0.7, 26))).range_ratios
    assert np.allclose([eye_r, eye_l], 1.0, atol=1e-4)
    assert mouth[0] == pytest.approx(1.0, abs=1e-4)
    assert mouth[1] == pytest.approx((0.27 + 0.7) / (0.27 + 0.5), abs=1e-4)


def test_a_take_is_framed_by_the_alignment_and_then_the_box(made, face):
    plan = made()
    frame_from_aligned = np.array([[100.0, 0.0, 300.0], [0.0, 100.0, 200.0]])
    aligned_from_frame = np.array([[[0.01, 0.0, -3.0], [0.0, 0.01, -2.0]]])
    pixels = plan.region_points(
        transform(frame_from_aligned, face)[None], plan.frame_to_patch(aligned_from_frame)
    )
    box = plan.boxes[2]
    wanted = face[landmark_indices("lips_outer", "lips_inner")] - (box.left, box.top)
    assert np.allclose(pixels[2][0], wanted * (64 / box.width, 64 / box.height), atol=1e-4)


def test_a_plan_comes_back_from_disk_as_it_was(made, tmp_path):
    plan = made(replace(SETTINGS, regions=NOSE, amplitude=1.1))
    write_plan(tmp_path / "plan.json", plan)
    again = read_plan(tmp_path / "plan.json")
    assert again.settings == plan.settings
    assert again.boxes == plan.boxes
    assert again.range_ratios == plan.range_ratios
    for name in ("views", "performer_neutral", "character_neutral"):
        assert np.array_equal(getattr(again, name), getattr(plan, name))


def without(name):
    return lambda text: json.dumps({key: value for key, value in json.loads(text).items() if key != name})


def with_value(name, value):
    return lambda text: json.dumps({**json.loads(text), name: value})


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda text: text[: len(text) // 2], "is no whole patch plan"),
        (lambda text: "", "is no whole patch plan"),
        (lambda text: "[1, 2]", "is no whole patch plan"),
        (without("boxes"), r"is no whole patch plan \('boxes'\)"),
        (with_value("boxes", [{"left": 0.0}]), "is no whole patch plan"),
        (with_value("settings", {**to_dict(PatchSettings()), "sise": 3}), "unknown key 'sise'"),
        (with_value("version", 99), r"plan.json: is no patch plan of version 1. Train again.$"),
        (with_value("record", "facepatch.clip"), r"plan.json: is no patch plan of version 1. Train again.$"),
    ],
)
def test_a_damaged_plan_is_refused_with_what_to_do(made, tmp_path, damage, said):
    path = tmp_path / "plan.json"
    write_plan(path, made())
    path.write_text(damage(path.read_text()))
    with pytest.raises(FormatError, match=said) as refusal:
        read_plan(path)
    assert str(path) in str(refusal.value)
    assert str(refusal.value).endswith("Train again.")


def test_a_plan_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(FormatError, match=r"plan.json: is no whole patch plan"):
        read_plan(tmp_path / "plan.json")
