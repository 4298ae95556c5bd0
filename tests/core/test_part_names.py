from __future__ import annotations

import pytest

from facepatch.core.part_names import default_part, part_kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("EyeLeft", "eye"), ("Wolf3D_Teeth", "teeth"), ("eyelashes_L", "lash"), ("gums_tongue", "tongue"),
        ("mouth_socket", "mouth"), ("eye_socket_R", "skin"), ("Wolf3D_Hair", "hair"), ("h_L_gland", "other"),
        ("eyeocclusion_L", "other"), ("BrowCards", "brow"), ("head_and_neck", "skin"), ("polySurface12", "skin"),
        ("innerMouth", "mouth"), ("EyeBrows", "brow"), ("upperEyelid", "skin"),
    ],
)  # fmt: skip
def test_kinds_are_told_from_names(name: str, kind: str) -> None:
    assert part_kind(name) == kind


def test_eyes_are_nearly_white_and_lashes_nearly_black() -> None:
    assert min(default_part("eye_L").color) > 0.9
    assert max(default_part("lashes").color) < 0.2
