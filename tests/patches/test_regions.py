import pytest

from facepatch.core.data.landmarks import landmark_indices
from facepatch.core.errors import ConfigError, UnknownNameError
from facepatch.core.schema import from_dict, to_dict
from facepatch.patches.regions import FIVE, THREE, WHOLE, PatchSettings, Region


def test_three_patches_hold_each_eye_with_its_brow_and_the_mouth():
    assert [region.name for region in THREE] == ["eye_r", "eye_l", "mouth"]
    assert set(THREE[0].elements) == {"eye_r", "brow_r"}
    assert set(THREE[1].elements) == {"eye_l", "brow_l"}
    assert set(THREE[2].elements) == {"lips_outer", "lips_inner"}


def test_five_patches_part_the_brows_from_the_eyes():
    assert [region.name for region in FIVE] == ["eye_r", "eye_l", "brow_r", "brow_l", "mouth"]
    together = {element for region in THREE for element in region.elements}
    assert {element for region in FIVE for element in region.elements} == together


def test_the_whole_face_is_one_region_around_all_that_moves():
    assert len(WHOLE) == 1
    assert {element for region in FIVE for element in region.elements} < set(WHOLE[0].elements)


@pytest.mark.parametrize("regions", [THREE, FIVE, WHOLE])
def test_every_set_makes_settings(regions):
    assert PatchSettings(regions=regions).names == tuple(region.name for region in regions)


def test_regions_of_elements_and_of_single_landmarks_come_from_a_settings_file():
    table = {"size": 64, "regions": [{"name": "nose", "elements": ["nose_base", "nose_tip"]}]}
    settings = from_dict(PatchSettings, table, "patches")
    assert settings.regions == (Region("nose", ("nose_base", "nose_tip")),)
    assert len(landmark_indices(*settings.regions[0].elements)) == 6
    assert from_dict(PatchSettings, to_dict(settings), "patches") == settings


def test_two_regions_of_one_name_are_refused():
    twice = (Region("mouth", ("lips_outer",)), Region("mouth", ("lips_inner",)))
    with pytest.raises(ConfigError, match=r"each with its own name; got \['mouth', 'mouth'\]"):
        PatchSettings(regions=twice)


def test_no_region_at_all_is_refused():
    with pytest.raises(ConfigError, match="at least one region"):
        PatchSettings(regions=())


def test_an_unknown_element_is_refused_with_the_nearest():
    with pytest.raises(UnknownNameError, match=r"there is no 'lips_outr'. Nearest: lips_outer"):
        PatchSettings(regions=(Region("mouth", ("lips_outr",)),))


@pytest.mark.parametrize("name", ["mouth.upper", "", "upper lip", "1st"])
def test_a_name_that_no_network_can_bear_is_refused(name):
    with pytest.raises(ConfigError, match=f"'{name}' is no name. Use letters, digits and _"):
        PatchSettings(regions=(Region(name, ("lips_outer",)),))


@pytest.mark.parametrize("size", [0, 16, 60, 100])
def test_a_size_that_the_networks_cannot_halve_is_refused(size):
    with pytest.raises(ConfigError, match=f"{size} is not a multiple of 16 of at least 32"):
        PatchSettings(size=size)
