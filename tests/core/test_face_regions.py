from __future__ import annotations

import numpy as np
import pytest

from facepatch.core.data.landmarks import LANDMARK_NAMES
from facepatch.core.errors import UnknownNameError
from facepatch.core.face_regions import (
    REGIONS,
    face_region,
    landmark_title,
    mirror_landmarks,
    mirrored_name,
    patch_settings,
    side_of,
)
from facepatch.core.schema import merged
from facepatch.patches.regions import PatchSettings


def test_mirroring_a_name_twice_gives_it_back_and_every_mirrored_name_is_a_landmark():
    assert all(mirrored_name(mirrored_name(name)) == name for name in LANDMARK_NAMES)
    assert {mirrored_name(name) for name in LANDMARK_NAMES} == set(LANDMARK_NAMES)
    assert mirrored_name("lips_outer_upper_l2") == "lips_outer_upper_r2"
    assert mirrored_name("lips_inner_lower_mid") == "lips_inner_lower_mid"


def test_a_name_that_is_no_landmark_is_refused_with_the_nearest():
    with pytest.raises(UnknownNameError, match="eye_l_outer"):
        mirrored_name("eye_l_outr")


def test_sides_are_the_characters_own_and_lower_is_not_left():
    assert (side_of("eye_l_lower_mid"), side_of("lips_outer_lower_mid"), side_of("lips_outer_upper_r3")) == (
        "l",
        "",
        "r",
    )


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("eye_l_upper_mid", "left eye, upper mid"),
        ("lips_outer_upper_r2", "outer lips, upper right 2"),
        ("lips_inner_corner_l", "inner lips, corner left"),
        ("nose_bridge_top", "nose bridge, top"),
        ("chin", "chin"),
    ],
)
def test_landmarks_have_titles_that_people_read(name: str, title: str):
    assert landmark_title(name) == title


def test_every_landmark_belongs_to_exactly_one_region():
    owned = [name for region in REGIONS for name in region.landmarks]
    assert sorted(owned) == sorted(LANDMARK_NAMES)


def test_the_settings_of_all_regions_are_accepted_by_the_backend():
    settings = patch_settings(region.name for region in REGIONS)
    assert merged(PatchSettings(), settings["patches"]).names == tuple(region.name for region in REGIONS)


def test_an_eye_shows_its_brow_until_the_brow_has_a_patch_of_its_own():
    alone = patch_settings(["eye_l"])["patches"]["regions"]
    both = patch_settings(["eye_l", "brow_l"])["patches"]["regions"]
    assert alone == [{"name": "eye_l", "elements": ["eye_l", "brow_l"]}]
    assert both[0] == {"name": "eye_l", "elements": ["eye_l"]}


def test_the_usual_regions_are_those_of_the_backend():
    ours = {
        r["name"]: tuple(r["elements"])
        for r in patch_settings(["eye_l", "eye_r", "mouth"])["patches"]["regions"]
    }
    assert ours == {region.name: region.elements for region in PatchSettings().regions}


def test_an_unknown_region_is_refused():
    with pytest.raises(UnknownNameError, match="no 'ear'"):
        face_region("ear")


def test_mirrored_landmarks_lie_on_the_vertex_nearest_to_the_mirror_image():
    points = np.array([[2.0, 1, 0], [-2.1, 1, 0], [5, 0, 0], [-5, 0, 0], [0.0, -3, 0]])
    found = mirror_landmarks(
        {"eye_l_outer": 0, "chin": 4}, points, names=["eye_l_outer", "chin", "eye_l_inner"]
    )
    assert found == {"eye_r_outer": 1}


def test_the_mirror_stands_where_the_midline_was_picked():
    points = np.array([[12.0, 1, 0], [8.0, 1, 0], [10.0, -3, 0], [-40.0, 0, 0]])
    assert mirror_landmarks({"eye_l_outer": 0, "chin": 2}, points, names=["eye_l_outer"]) == {
        "eye_r_outer": 1
    }
