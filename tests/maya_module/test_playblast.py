from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facepatch.core.errors import ConfigError, HostError, InputError, JobCancelledError, UnsupportedError
from facepatch.core.progress import Progress

pytestmark = pytest.mark.skipif(
    not (importlib.util.find_spec("PySide6") or importlib.util.find_spec("PySide2")),
    reason="pictures are checked with Qt",
)

COUNTS = [4] * 6
CORNERS = [0, 2, 3, 1, 4, 5, 7, 6, 0, 1, 5, 4, 2, 6, 7, 3, 0, 4, 6, 2, 1, 3, 7, 5]


def box(width: float, height: float, depth: float, *, up: float = 0.0, aside: float = 0.0) -> np.ndarray:
    x, y, z = width / 2, height / 2, depth / 2
    corners = [(a * x + aside, b * y + up, c * z) for c in (-1, 1) for b in (-1, 1) for a in (-1, 1)]
    return np.array(corners, dtype=np.float32)


@pytest.fixture
def face(maya: Any) -> str:
    """A box 10 wide, 20 high, which rises by 1 a frame from frame 1 on."""
    return str(
        maya.add_mesh(
            "face",
            box(10, 20, 4),
            COUNTS,
            CORNERS,
            animate=lambda frame: box(10, 20, 4, up=frame - 1.0),
        )
    )


@pytest.fixture
def blast(maya: Any) -> Any:
    from facepatch_maya.playblast import playblast

    return playblast


def look(picture: Path) -> np.ndarray:
    from fakemaya.draw import read_png

    return np.asarray(read_png(picture)).astype(int)


def covered(picture: Path) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what is not background, in pixels, stops exclusive."""
    pixels = look(picture)
    rows, columns = np.nonzero(np.abs(pixels - pixels[0, 0]).max(axis=2) > 8)
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


def state(maya: Any) -> Any:
    """All that a playblast must leave as it was."""
    from maya import cmds

    from fakemaya.commands.settings import snapshot

    # The stand-in makes these when they are first asked for.
    cmds.playbackOptions(query=True, minTime=True)
    cmds.getPanel(type="modelPanel")
    return {
        "settings": snapshot(maya),
        "nodes": sorted(cmds.ls(long=True)),
        "time": cmds.currentTime(query=True),
        "selection": cmds.ls(selection=True, long=True),
        "focus": cmds.getPanel(withFocus=True),
        "modified": cmds.file(query=True, modified=True),
        "undo": cmds.undoInfo(query=True, undoName=True),
        "groups": {each: cmds.sets(each, query=True) for each in cmds.ls(type="shadingEngine")},
        "look": [
            cmds.getAttr(f"hardwareRenderingGlobals.{name}") for name in ("ssaoEnable", "multiSampleEnable")
        ]
        if cmds.objExists("hardwareRenderingGlobals")
        else [],
    }


def test_pictures_are_named_by_their_frames_and_of_the_size(blast: Any, face: str, tmp_path: Path) -> None:
    found = blast([face], [1001, 1003, 1002], tmp_path / "out", size=96)
    assert [path.name for path in found] == ["frame.1001.png", "frame.1002.png", "frame.1003.png"]
    assert all(look(path).shape == (96, 96, 3) for path in found)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [path.name for path in found]


def test_all_frames_are_framed_alike_and_hold_the_whole_range(blast: Any, face: str, tmp_path: Path) -> None:
    first, last = blast([face], [1, 21], tmp_path, size=120)
    # 20 high, and 20 up over the range: 40 cm are 84 % of the picture, so 1 cm is 2.52 pixels.
    scale = 120 * 0.84 / 40
    assert covered(first) == pytest.approx((60 - 5 * scale, 60, 60 + 5 * scale, 60 + 20 * scale), abs=1.5)
    assert covered(last) == pytest.approx((60 - 5 * scale, 60 - 20 * scale, 60 + 5 * scale, 60), abs=1.5)


def test_the_characters_left_is_at_the_right_of_the_picture(maya: Any, blast: Any, tmp_path: Path) -> None:
    wide = maya.add_mesh("wide", box(20, 20, 1), COUNTS, CORNERS)
    left = maya.add_mesh("left", box(2, 2, 10, aside=6), COUNTS, CORNERS)
    from maya import cmds

    colour(cmds, left, (0.0, 0.0, 0.0))
    (picture,) = blast([wide, left], [1], tmp_path, size=100)
    dark = np.argwhere(look(picture).max(axis=2) < 60)
    assert dark[:, 1].min() > 55


def colour(cmds: Any, mesh: str, rgb: tuple[float, float, float]) -> None:
    shader = cmds.shadingNode("lambert", asShader=True)
    group = cmds.sets(renderable=True, noSurfaceShader=True, empty=True)
    cmds.connectAttr(f"{shader}.outColor", f"{group}.surfaceShader", force=True)
    cmds.setAttr(f"{shader}.color", *rgb, type="double3")
    cmds.sets(mesh, edit=True, forceElement=group)


def test_each_mesh_keeps_its_colour_and_its_own_shading_is_not_touched(
    maya: Any, blast: Any, face: str, tmp_path: Path
) -> None:
    from maya import cmds

    colour(cmds, face, (1.0, 0.0, 0.0))
    before = state(maya)
    (picture,) = blast([face], [1], tmp_path, size=64)
    middle = look(picture)[32, 32]
    assert middle[0] > 120
    assert middle[1] < 60
    assert state(maya) == before


def test_other_meshes_and_lights_of_the_scene_do_not_show(
    maya: Any, blast: Any, face: str, tmp_path: Path
) -> None:
    (alone,) = blast([face], [1], tmp_path / "a", size=64)
    maya.add_mesh("hair", box(30, 30, 30), COUNTS, CORNERS)
    from maya import cmds

    cmds.directionalLight(intensity=5.0)
    (again,) = blast([face], [1], tmp_path / "b", size=64)
    np.testing.assert_array_equal(look(alone), look(again))


def test_a_face_of_a_z_up_scene_is_seen_from_the_front(maya: Any, blast: Any, tmp_path: Path) -> None:
    from maya import cmds

    cmds.upAxis(axis="z")
    # 4 wide, 2 deep, 10 high along z.
    name = maya.add_mesh("face", box(4, 2, 10), COUNTS, CORNERS)
    (picture,) = blast([name], [1], tmp_path, size=100)
    left, top, right, bottom = covered(picture)
    assert (bottom - top) / (right - left) == pytest.approx(2.5, rel=0.05)


@pytest.mark.parametrize("unit", ["m", "in"])
def test_the_scenes_unit_does_not_matter(maya: Any, blast: Any, face: str, tmp_path: Path, unit: str) -> None:
    (in_cm,) = blast([face], [1], tmp_path / "cm", size=64)
    from maya import cmds

    cmds.currentUnit(linear=unit)
    (other,) = blast([face], [1], tmp_path / unit, size=64)
    np.testing.assert_array_equal(look(in_cm), look(other))


def test_scene_and_preferences_are_as_before(maya: Any, blast: Any, face: str, tmp_path: Path) -> None:
    from maya import cmds

    cmds.currentTime(7)
    cmds.select(face)
    cmds.setAttr(f"{face}.visibility", False)
    before = state(maya)
    blast([face], [1, 2], tmp_path, size=64)
    assert state(maya) == before
    assert not maya.state.get("viewers")


def test_escape_leaves_nothing_behind(maya: Any, blast: Any, face: str, tmp_path: Path) -> None:
    before = state(maya)
    maya.state["playblast.escape_after"] = 3
    with pytest.raises(JobCancelledError, match="stopped after"):
        blast([face], list(range(1, 9)), tmp_path / "out", size=64)
    assert state(maya) == before
    assert list((tmp_path / "out").iterdir()) == []


def test_a_caller_who_stops_leaves_nothing_behind(maya: Any, blast: Any, face: str, tmp_path: Path) -> None:
    before = state(maya)

    def stop(progress: Progress) -> None:
        if progress.done:
            raise JobCancelledError("enough")

    with pytest.raises(JobCancelledError, match="enough"):
        blast([face], list(range(1, 60)), tmp_path / "out", size=32, on_progress=stop)
    assert state(maya) == before
    assert list((tmp_path / "out").iterdir()) == []


def test_progress_counts_pictures(blast: Any, face: str, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    blast([face], list(range(30)), tmp_path, size=16, on_progress=lambda p: seen.append((p.done, p.total)))
    assert seen == [(0, 30), (25, 30), (30, 30)]


def test_grey_off_screen_pictures_are_made_again_on_screen(
    maya: Any, blast: Any, face: str, tmp_path: Path
) -> None:
    maya.state["playblast.off_screen_grey"] = True
    before = state(maya)
    (picture,) = blast([face], [1], tmp_path, size=64)
    assert covered(picture)[2] > 32
    assert state(maya) == before


def test_on_a_screen_that_is_too_small_the_wrong_size_is_refused(
    maya: Any, blast: Any, face: str, tmp_path: Path
) -> None:
    maya.state["playblast.off_screen_grey"] = True
    with pytest.raises(HostError, match="instead of 600 x 600"):
        blast([face], [1], tmp_path, size=600)


def test_empty_pictures_are_refused(maya: Any, blast: Any, tmp_path: Path) -> None:
    gone = maya.add_mesh(
        "face",
        box(10, 20, 4),
        COUNTS,
        CORNERS,
        animate=lambda frame: box(10, 20, 4) if frame < 5 else box(10, 20, 4) * 1e-6,
    )
    before = state(maya)
    with pytest.raises(HostError, match="the picture of frame 5 shows nothing but background"):
        blast([gone], [1, 5], tmp_path / "out", size=64)
    assert list((tmp_path / "out").iterdir()) == []
    assert state(maya) == before


def test_a_maya_that_draws_nothing_at_all_is_refused(
    maya: Any, blast: Any, face: str, tmp_path: Path
) -> None:
    from maya import cmds

    cmds.ogs(pause=True)
    with pytest.raises(HostError, match="draws nothing but background, off screen and on"):
        blast([face], [1], tmp_path, size=64)


def test_what_maya_refuses_is_told(maya: Any, blast: Any, face: str, tmp_path: Path) -> None:
    maya.state["no_graphics"] = True
    before = state(maya)
    with pytest.raises(HostError, match=r"Maya refuses at frames 1 to 1 \(.*no graphics device"):
        blast([face], [1], tmp_path / "out", size=64)
    assert state(maya) == before


def test_a_locked_colour_policy_is_no_error(
    maya: Any, blast: Any, face: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    maya.state["color_policy_locked"] = True
    before = state(maya)
    blast([face], [1], tmp_path, size=64)
    assert "colour management of this Maya is locked" in caplog.text
    assert state(maya) == before


@pytest.mark.parametrize("frame", [-3, 2.5])
def test_frames_that_cannot_be_numbers_are_refused(
    blast: Any, face: str, tmp_path: Path, frame: float
) -> None:
    with pytest.raises(InputError, match=f"frame {frame:g} cannot be the number"):
        blast([face], [1, frame], tmp_path)


def test_no_meshes_are_refused(blast: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no meshes or no frames"):
        blast([], [1], tmp_path)


def test_a_face_that_looks_up_is_refused(blast: Any, face: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot look along"):
        blast([face], [1], tmp_path, facing="+y")


def test_in_batch_the_user_is_sent_to_the_backends_renderer(tmp_path: Path) -> None:
    import fakemaya

    with fakemaya.install(version=2025, batch=True):
        from facepatch_maya.playblast import playblast

        with pytest.raises(UnsupportedError, match="Capture the vertices instead"):
            playblast(["face"], [1], tmp_path)
