"""The stand-in's playblast has Maya's own defaults, and draws what our renderer draws."""

from __future__ import annotations

import numpy as np
import pytest

import fakemaya
from fakemaya.commands.settings import snapshot
from fakemaya.draw import Lamp, Piece, View, draw, read_png

GRID = 9


def dome():
    """A dome of quads over -5..5 in x and y, its top towards +Z."""
    x, y = np.meshgrid(np.linspace(-5, 5, GRID), np.linspace(-4, 4, GRID))
    z = 3 * np.cos(x / 5 * np.pi / 2) * np.cos(y / 4 * np.pi / 2)
    points = np.stack([x, y, z], axis=-1).reshape(-1, 3)
    corner = (np.arange(GRID - 1)[:, None] * GRID + np.arange(GRID - 1)).ravel()
    quads = np.stack([corner, corner + 1, corner + GRID + 1, corner + GRID], axis=1)
    return points, np.full(len(quads), 4), quads.ravel()


@pytest.fixture
def maya():
    with fakemaya.install() as installed:
        points, counts, corners = dome()
        installed.face = installed.add_mesh(
            "face", points, counts, corners, animate=lambda frame: points + np.array([0, 0, 0.1 * frame])
        )
        installed.other = installed.add_mesh("other", points + np.array([4, 3, -8]), counts, corners)
        yield installed


@pytest.fixture
def cmds(maya):
    from maya import cmds

    return cmds


@pytest.fixture
def panel(maya, cmds):
    camera, shape = cmds.camera(
        orthographic=True, orthographicWidth=12.0, nearClipPlane=0.01, farClipPlane=1e5
    )
    cmds.setAttr(shape + ".filmFit", 0)
    cmds.xform(camera, worldSpace=True, translation=(0, 0, 100))
    cmds.window()
    cmds.paneLayout()
    made = cmds.modelPanel(menuBarVisible=False)
    cmds.modelEditor(
        made,
        e=True,
        camera=camera,
        displayAppearance="smoothShaded",
        displayLights="default",
        allObjects=False,
        polymeshes=True,
        grid=False,
        headsUpDisplay=False,
    )
    cmds.isolateSelect(made, state=True)
    cmds.isolateSelect(made, addDagObject=maya.face)
    cmds.displayPref(displayGradient=False)
    cmds.displayRGBColor("background", 0.5, 0.5, 0.5)
    cmds.colorManagementPrefs(e=True, outputTarget="playblast", outputTransformName="Raw (sRGB)")
    return made


def blast(cmds, panel, path, **changes):
    flags = {
        "format": "image",
        "compression": "png",
        "filename": str(path / "shot"),
        "frame": [1.0],
        "widthHeight": (64, 64),
        "percent": 100,
        "viewer": False,
        "offScreen": True,
        "showOrnaments": False,
        "forceOverwrite": True,
        "editorPanelName": panel,
    }
    flags.update(changes)
    return cmds.playblast(**{name: value for name, value in flags.items() if value is not None})


def drawn(path, name="shot.0000.png"):
    picture = read_png(path / name)
    return picture, (picture != [128, 128, 128]).any(-1)


def test_the_face_is_drawn_where_the_camera_sees_it(maya, cmds, panel, tmp_path):
    assert blast(cmds, panel, tmp_path) == str(tmp_path / "shot") + ".####.png"
    picture, inside = drawn(tmp_path)
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    scale = 64 / 12
    assert (columns[0], columns[-1] + 1) == (round(32 - 5 * scale), round(32 + 5 * scale))
    assert (rows[0], rows[-1] + 1) == (round(32 - 4 * scale), round(32 + 4 * scale))
    assert (
        picture[32, 32, 0] > picture[32, columns[1], 0]
    )  # the headlight falls on the top of the dome, not on its rim


def test_defaults_are_mayas_not_ours(maya, cmds, panel, tmp_path):
    blast(cmds, panel, tmp_path, percent=None, viewer=None)
    assert drawn(tmp_path)[0].shape == (32, 32, 3)
    assert maya.state["viewers"] == [str(tmp_path / "shot.0000.png")]
    with pytest.raises(fakemaya.Gap, match="default format is a movie"):
        blast(cmds, panel, tmp_path, format=None)


def test_the_active_panel_is_taken_where_none_is_named(maya, cmds, panel, tmp_path):
    blast(cmds, None, tmp_path)
    assert not np.array_equal(drawn(tmp_path)[0], picture_of_panel(cmds, panel, tmp_path))
    cmds.setFocus(panel)
    blast(cmds, None, tmp_path)
    assert np.array_equal(drawn(tmp_path)[0], picture_of_panel(cmds, panel, tmp_path))


def picture_of_panel(cmds, panel, tmp_path):
    (tmp_path / "own").mkdir(exist_ok=True)
    blast(cmds, panel, tmp_path / "own")
    return drawn(tmp_path / "own")[0]


def test_on_screen_pictures_are_clamped_to_the_panel(maya, cmds, panel, tmp_path):
    blast(cmds, panel, tmp_path, widthHeight=(2000, 600), offScreen=False)
    assert drawn(tmp_path)[0].shape == (540, 960, 3)


def test_frames_are_sorted_and_numbered_as_maya_numbers_them(maya, cmds, panel, tmp_path):
    blast(cmds, panel, tmp_path, frame=[30.0, 10.0])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["shot.0000.png", "shot.0001.png"]
    blast(cmds, panel, tmp_path, frame=[-3.0, 12.0], rawFrameNumbers=True, filename=str(tmp_path / "raw"))
    assert sorted(path.name for path in tmp_path.glob("raw*")) == ["raw.-2147483648.png", "raw.0012.png"]
    blast(cmds, panel, tmp_path, frame=None, startTime=7, endTime=8, filename=str(tmp_path / "range"))
    assert sorted(path.name for path in tmp_path.glob("range*")) == ["range.0007.png", "range.0008.png"]


def test_the_time_comes_back_and_each_frame_is_evaluated(maya, cmds, panel, tmp_path):
    cmds.setAttr("camera1.rotateY", 80.0)
    cmds.xform("camera1", worldSpace=True, translation=(100, 0, 17.6))
    cmds.currentTime(5)
    blast(cmds, panel, tmp_path, frame=[0.0, 40.0])
    first, second = (drawn(tmp_path, f"shot.000{k}.png")[1] for k in (0, 1))
    assert first.any()
    assert not np.array_equal(first, second)
    assert cmds.currentTime(q=True) == 5.0


def test_an_empty_isolated_set_gives_a_grey_picture(maya, cmds, panel, tmp_path):
    cmds.isolateSelect(panel, removeDagObject=maya.face)
    blast(cmds, panel, tmp_path)
    assert not drawn(tmp_path)[1].any()
    cmds.isolateSelect(panel, addDagObject=maya.face)
    cmds.select(maya.face)
    cmds.isolateSelect(panel, loadSelected=True)
    blast(cmds, panel, tmp_path)
    assert not drawn(tmp_path)[1].any()


def test_without_isolation_everything_is_drawn(maya, cmds, panel, tmp_path):
    alone = picture_of_panel(cmds, panel, tmp_path)
    cmds.isolateSelect(panel, state=False)
    blast(cmds, panel, tmp_path)
    assert not np.array_equal(drawn(tmp_path)[0], alone)
    cmds.setAttr("other.visibility", False)
    blast(cmds, panel, tmp_path)
    assert np.array_equal(drawn(tmp_path)[0], alone)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda cmds, panel: cmds.modelEditor(panel, e=True, grid=True),
        lambda cmds, panel: cmds.displayPref(displayGradient=True),
        lambda cmds, panel: cmds.colorManagementPrefs(
            e=True, outputTarget="playblast", outputTransformName="Un-tone-mapped (sRGB)"
        ),
        lambda cmds, panel: cmds.modelEditor(panel, e=True, displayLights="all"),
        lambda cmds, panel: cmds.refresh(suspend=True),
    ],
    ids=["grid", "gradient", "colour", "lights", "suspended"],
)
def test_what_is_not_neutralised_shows_in_the_picture(maya, cmds, panel, tmp_path, spoil):
    clean = picture_of_panel(cmds, panel, tmp_path)
    spoil(cmds, panel)
    blast(cmds, panel, tmp_path)
    assert not np.array_equal(drawn(tmp_path)[0], clean)


def test_ornaments_are_drawn_where_the_panel_shows_them(maya, cmds, panel, tmp_path):
    clean = picture_of_panel(cmds, panel, tmp_path)
    cmds.modelEditor(panel, e=True, headsUpDisplay=True)
    blast(cmds, panel, tmp_path, showOrnaments=None)
    assert not np.array_equal(drawn(tmp_path)[0], clean)
    cmds.headsUpDisplay(layoutVisibility=False)
    blast(cmds, panel, tmp_path, showOrnaments=None)
    assert np.array_equal(drawn(tmp_path)[0], clean)


def test_a_shader_and_a_light_change_the_colour(maya, cmds, panel, tmp_path):
    shader = cmds.shadingNode("phong", asShader=True)
    group = cmds.sets(renderable=True, noSurfaceShader=True, empty=True)
    cmds.connectAttr(shader + ".outColor", group + ".surfaceShader", force=True)
    cmds.setAttr(shader + ".color", 1.0, 0.0, 0.0, type="double3")
    cmds.setAttr(shader + ".specularColor", 0.0, 0.0, 0.0, type="double3")
    cmds.sets(maya.face, e=True, forceElement=group)
    blast(cmds, panel, tmp_path)
    red = drawn(tmp_path)[0][32, 32].astype(int)
    assert red[0] > 100 > red[1] == red[2]
    light = cmds.directionalLight(rotation=(0, 0, 0), intensity=0.5)
    cmds.modelEditor(panel, e=True, displayLights="all")
    cmds.isolateSelect(panel, addDagObject=cmds.listRelatives(light, parent=True, fullPath=True)[0])
    blast(cmds, panel, tmp_path)
    assert 0.4 < drawn(tmp_path)[0][32, 32, 0] / red[0] < 0.65


def test_escape_and_a_covered_window_are_for_the_caller_to_notice(maya, cmds, panel, tmp_path):
    maya.state["playblast.escape_after"] = 1
    assert blast(cmds, panel, tmp_path, frame=[1.0, 2.0, 3.0]) is None
    assert len(list(tmp_path.iterdir())) == 1
    del maya.state["playblast.escape_after"]
    maya.state["playblast.off_screen_grey"] = True
    blast(cmds, panel, tmp_path)
    assert not drawn(tmp_path)[1].any()
    blast(cmds, panel, tmp_path, offScreen=False)
    assert drawn(tmp_path)[1].any()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"completeFilename": "/x/y.png"}, "not both"),
        ({"percent": 5}, "10 to 100"),
        ({"editorPanelName": "modelPanel99"}, "not found"),
        ({"filename": "/no/such/folder/shot"}, "does not exist"),
        ({"forceOverwrite": False}, "forceOverwrite is off"),
    ],
)
def test_what_maya_refuses(maya, cmds, panel, tmp_path, changes, message):
    (tmp_path / "shot.0000.png").write_bytes(b"")
    with pytest.raises(RuntimeError, match=message):
        blast(cmds, panel, tmp_path, **changes)


def test_in_batch_the_renderable_camera_is_taken_and_settings_are_ignored(tmp_path):
    with fakemaya.install(batch=True) as maya:
        from maya import cmds

        points, counts, corners = dome()
        maya.add_mesh("face", points, counts, corners)
        for camera in cmds.ls(type="camera"):
            cmds.setAttr(camera + ".renderable", camera == "frontShape")
        cmds.directionalLight()
        cmds.playblast(
            format="image",
            compression="png",
            filename=str(tmp_path / "shot"),
            frame=[1.0],
            widthHeight=(64, 64),
            percent=100,
            viewer=False,
            showOrnaments=False,
        )
        assert len(np.unique(read_png(tmp_path / "shot.0000.png").reshape(-1, 3), axis=0)) > 10
        with pytest.raises(RuntimeError, match="ornaments"):
            cmds.playblast(
                format="image", compression="png", filename=str(tmp_path / "two"), frame=[1.0], viewer=False
            )


def test_a_snapshot_of_the_settings_sees_every_change(maya, cmds, panel):
    before = snapshot(maya)
    changes = [
        lambda: cmds.autoKeyframe(state=True),
        lambda: cmds.evaluationManager(mode="off"),
        lambda: cmds.evaluator(name="cache", enable=False),
        lambda: cmds.ogs(pause=True),
        lambda: cmds.grid(toggle=False),
        lambda: cmds.window(),
        lambda: cmds.modelEditor("modelPanel4", e=True, camera="top"),
        lambda: cmds.isolateSelect("modelPanel4", state=True),
    ]
    for change in changes:
        assert snapshot(maya) == before
        change()
        after = snapshot(maya)
        assert after != before
        before = after


def test_a_perspective_makes_what_is_near_larger():
    triangle = np.array([[0, 1, 2]])
    shape = np.array([[-1.0, -1, 0], [1, -1, 0], [0, 1, 0]])
    view = View(np.eye(4), 0.0, (1.0, 1.0), 0.1, 100.0)
    counts = []
    for depth in (5.0, 10.0):
        piece = Piece(shape - [0, 0, depth], triangle, (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), 1.0)
        picture = draw(
            [piece],
            view,
            (100, 100),
            background=np.zeros((100, 100, 3)),
            lamps=[Lamp(np.array([0, 0, -1.0]), np.ones(3))],
        )
        counts.append((picture > 0).any(-1).sum())
    assert counts[0] == pytest.approx(4 * counts[1], rel=0.1)


def test_what_is_nearer_hides_what_is_behind_in_any_order():
    shape = np.array([[-1.0, -1, 0], [1, -1, 0], [0, 1, 0]])
    near = Piece(shape - [0, 0, 5], np.array([[0, 1, 2]]), (1.0, 0.0, 0.0), (0.0, 0.0, 0.0), 1.0)
    far = Piece(shape - [0, 0, 6], np.array([[0, 1, 2]]), (0.0, 1.0, 0.0), (0.0, 0.0, 0.0), 1.0)
    view = View(np.eye(4), 3.0, (0.0, 0.0), 0.1, 100.0)
    for pieces in ([near, far], [far, near]):
        picture = draw(pieces, view, (20, 20), background=np.zeros((20, 20, 3)), lamps=[], ambient=1.0)
        assert tuple(picture[10, 10]) == (255, 0, 0)


def test_outlines_are_those_of_our_renderer():
    pytest.importorskip("numba")
    from facepatch.core.data.character import Character, MeshSpan, Part
    from facepatch.core.data.mesh import Topology
    from facepatch.render.phong import prepare_look
    from facepatch.render.rasterize import render_views

    points, counts, corners = dome()
    topology = Topology(len(points), counts.astype(np.int32), corners.astype(np.int32))
    whole = MeshSpan("dome", 0, len(points), 0, len(counts))
    nothing = np.zeros((0, len(points), 3), np.float32)
    dome_character = Character(
        "dome",
        points.astype(np.float32),
        topology,
        (),
        nothing,
        (whole,),
        (Part("dome", "other"),),
        np.zeros(len(counts), np.int32),
    )
    look = prepare_look(dome_character)
    to_pixels = np.array([[[8.0, 0.0, 50.0], [0.0, -8.0, 50.0]]], np.float32)
    ours = (
        render_views(
            look, points[None].astype(np.float32), to_pixels=to_pixels, size=(100, 100), supersample=1
        )[0, 0]
        != look.background_byte
    ).any(-1)
    view = View(
        np.array([[1.0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, -100], [0, 0, 0, 1]]), 12.5, (0.0, 0.0), 0.1, 1000.0
    )
    piece = Piece(points, topology.triangles, (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), 1.0)
    theirs = (
        draw([piece], view, (100, 100), background=np.zeros((100, 100, 3)), lamps=[], ambient=1.0) > 0
    ).any(-1)
    assert ours.any()
    assert (ours != theirs).sum() == 0
