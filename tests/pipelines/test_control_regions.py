"""Controls are sorted by what they move."""

from __future__ import annotations

from facepatch.core.data.rig import rig_from_character
from facepatch.pipelines.control_regions import control_regions
from facepatch.synthetic.face import make_character, synthetic_landmarks


def test_controls_of_a_face_fall_into_its_regions() -> None:
    character = make_character(name="hero", detail="low")
    rig = rig_from_character(character)
    found = dict(
        zip([c.name for c in rig.controls], control_regions(rig, synthetic_landmarks(character)), strict=True)
    )
    assert found["jawOpen"] == found["mouthSmileLeft"] == "mouth"
    assert found["eyeBlinkRight"] == "eyes"
    assert found["browInnerUp"] == "brows"
