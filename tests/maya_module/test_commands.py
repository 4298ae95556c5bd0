"""The commands of the plug-in, called as MEL and Python call them, with a service in this process."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import fakeservice
from facepatch.core.client import Client
from facepatch.core.errors import InputError
from facepatch.core.protocol import encode, messages

PLUGIN = Path(__file__).parents[2] / "maya_module" / "plug-ins" / "facepatch_plugin.py"
POINTS = np.array([[x, y, 0.1 * x * y] for y in range(8) for x in range(8)], np.float32)
CORNERS = [
    v for y in range(7) for x in range(7) for v in (8 * y + x, 8 * y + x + 1, 8 * y + x + 9, 8 * y + x + 8)
]


def moved(frame: float) -> np.ndarray:
    points = POINTS.copy()
    points[:32, 2] += np.sin(frame)
    points[16:48, 1] += 0.5 * np.cos(0.7 * frame)
    points[32:, 0] += 0.3 * np.sin(1.3 * frame)
    return points


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> fakeservice.Service:
    made = fakeservice.Service()
    made.work.update(character=fakeservice.character, train=fakeservice.train, retarget=fakeservice.retarget)
    monkeypatch.setattr(Client, "open", made.open)
    monkeypatch.setenv("FACEPATCH_COMMAND", str(tmp_path / "no facepatch here"))
    return made


@pytest.fixture
def scene(maya: Any, service: fakeservice.Service, tmp_path: Path) -> Any:
    """.cmds with the plug-in loaded, .face, .folder, .trained, .take."""
    from maya import cmds

    cmds.loadPlugin(str(PLUGIN))
    face = maya.add_mesh("face", POINTS, [4] * 49, CORNERS, animate=moved)
    cmds.currentUnit(time="film")
    cmds.playbackOptions(minTime=1, maxTime=12)
    take = tmp_path / "take.mp4"
    take.write_bytes(b"film")
    return SimpleNamespace(
        maya=maya, cmds=cmds, face=face, out=tmp_path, take=str(take), folder=str(tmp_path / "hero"),
        trained=str(tmp_path / "trained"),
    )  # fmt: skip


@pytest.fixture
def trained(scene: Any) -> Any:
    """The scene with a captured and trained character."""
    scene.cmds.facepatchCapture(scene.face, outFolder=scene.folder)
    assert scene.cmds.facepatchTrain(scene.folder, take=scene.take, outFolder=scene.trained) == scene.trained
    return scene


def told(scene: Any, kind: str) -> str:
    return "\n".join(text for of, text in scene.maya.state["messages"] if of == kind)


def refused(scene: Any, match: str) -> Any:
    """The command fails, and Maya shows the sentence."""

    class Refused:
        def __enter__(self) -> None:
            self.raises = pytest.raises(RuntimeError)
            self.raises.__enter__()

        def __exit__(self, *what: Any) -> bool:
            swallowed = bool(self.raises.__exit__(*what))
            assert match in told(scene, "error"), told(scene, "error")
            return swallowed

    return Refused()


# -------------------------------------------------------------------------------------------------- the plug-in


def test_the_plug_in_brings_its_commands_and_takes_them_away(maya: Any) -> None:
    from maya import cmds

    names = {
        "facepatchCapture", "facepatchPropose", "facepatchTrain", "facepatchRetarget", "facepatchBuild",
        "facepatchBake", "facepatchSolve", "facepatchPlayblast", "facepatchLive", "facepatchTool", "facepatchDo",
    }  # fmt: skip
    assert not names & set(maya.plugin_commands)
    cmds.loadPlugin(str(PLUGIN))
    assert names == set(maya.plugin_commands)
    cmds.unloadPlugin("facepatch_plugin")
    assert not names & set(maya.plugin_commands)


def test_every_command_helps_and_its_flags_are_names_that_maya_takes(scene: Any) -> None:
    from facepatch_maya.command import HELP
    from facepatch_maya.commands import COMMANDS

    for command in COMMANDS:
        text = getattr(scene.cmds, command.NAME)(help=True)
        assert text.startswith(f"{command.NAME} [flags]")
        flags = (HELP, *command.FLAGS)
        assert all(flag.long in text for flag in command.FLAGS)
        assert all(flag.text in text for flag in command.FLAGS)
        # Maya refuses short names over three letters and long ones under four.
        assert all(1 <= len(flag.short) <= 3 and len(flag.long) >= 4 for flag in flags)
        # -q and -e are Maya's own, and every name is there once.
        names = [name for flag in flags for name in (flag.short, flag.long)]
        assert len(names) == len(set(names))
        assert not {"q", "query", "edit"} & set(names)
        assert not any(flag.short == "e" for flag in flags)
        assert text in told(scene, "info")


def test_mel_calls_them_too_and_gets_string_arrays(scene: Any) -> None:
    from maya import mel

    files = mel.eval(f'facepatchCapture -outFolder "{Path(scene.folder).as_posix()}" "{scene.face}"')
    assert [Path(name).name for name in files] == ["character.npz", "motion.npy", "capture.json"]
    assert mel.eval(f'facepatchCapture -query -meshes "{Path(scene.folder).as_posix()}"') == [scene.face]


# ------------------------------------------------------------------------------------------------- in the scene


def test_capture_takes_the_selection_and_a_range(scene: Any) -> None:
    cmds = scene.cmds
    cmds.select(scene.face)
    cmds.facepatchCapture(outFolder=scene.folder, startFrame=3, endFrame=9, byFrame=2)
    assert np.load(Path(scene.folder) / "motion.npy").shape == (4, 64, 3)
    assert cmds.facepatchCapture(scene.folder, query=True, frameRange=True) == [3, 9]
    assert cmds.facepatchCapture(scene.folder, query=True, meshes=True) == [scene.face]


def test_capture_refuses_what_cannot_be_captured(scene: Any) -> None:
    cmds = scene.cmds
    cmds.select(clear=True)
    with refused(scene, "No mesh is given or selected"):
        cmds.facepatchCapture(outFolder=scene.folder)
    with refused(scene, "-outFolder is missing: the folder to write to"):
        cmds.facepatchCapture(scene.face)
    with refused(scene, "has no frames. Give a later -endFrame"):
        cmds.facepatchCapture(scene.face, outFolder=scene.folder, startFrame=9, endFrame=2)
    with refused(scene, "A query asks for one flag"):
        cmds.facepatchCapture(scene.folder, query=True)
    with refused(scene, "there is no 'fase'"):
        cmds.facepatchCapture("fase", outFolder=scene.folder)


def test_escape_stops_a_capture_and_nothing_is_left(scene: Any) -> None:
    scene.maya.state["escape"] = True
    with refused(scene, "Capture: stopped by Escape"):
        scene.cmds.facepatchCapture(scene.face, outFolder=scene.folder)
    assert not Path(scene.folder).exists()


def test_build_is_undone_and_done_again_as_one_step(trained: Any) -> None:
    cmds = trained.cmds
    nodes = cmds.facepatchBuild(trained.folder, models=trained.trained, name="faceShapes")
    assert nodes == ["faceShapes"]
    weights = cmds.facepatchBuild("faceShapes", query=True, weights=True)
    assert weights == ["faceShapes.pc_000", "faceShapes.pc_001", "faceShapes.pc_002"]
    assert len(cmds.facepatchBuild("faceShapes", query=True, meshes=True)) == 1
    cmds.undo()
    assert not cmds.objExists("faceShapes")
    assert len(cmds.ls(type="mesh", noIntermediate=True)) == 1
    cmds.redo()
    assert cmds.facepatchBuild("faceShapes", query=True, weights=True) == weights
    with refused(trained, "there is no 'faceShaped'. Nearest: faceShapes"):
        cmds.facepatchBuild("faceShaped", query=True, weights=True)
    with refused(trained, "Give one captured folder, got 0"):
        cmds.facepatchBuild(models=trained.trained)


def test_build_on_the_mesh_itself(trained: Any) -> None:
    trained.cmds.facepatchBuild(trained.folder, models=trained.trained, duplicate=False)
    assert len(trained.cmds.ls(type="mesh", noIntermediate=True)) == 1


def test_bake_returns_what_got_keys_is_one_step_and_tells_what_was_left_alone(trained: Any) -> None:
    cmds = trained.cmds
    cmds.facepatchBuild(trained.folder, models=trained.trained)
    clip = cmds.facepatchRetarget(trained.trained, take=trained.take, outFolder=str(trained.out / "010"))
    assert clip == str(trained.out / "010" / "clip.npz")
    cmds.setAttr("facepatch.pc_001", lock=True)
    assert cmds.facepatchBake(clip, target="facepatch", startFrame=101) == [
        "facepatch.pc_000",
        "facepatch.pc_002",
    ]
    assert "facepatch.pc_001" in told(trained, "warning")
    assert cmds.keyframe("facepatch.pc_000", query=True, timeChange=True)[0] == 101
    cmds.undo()
    assert not cmds.keyframe("facepatch.pc_000", query=True, timeChange=True)
    cmds.redo()
    assert len(cmds.keyframe("facepatch.pc_002", query=True, timeChange=True)) == 12
    (reason,) = cmds.facepatchBake(clip, target="facepatch", leftAlone=True)
    assert "locked" in reason
    with refused(trained, "-target is missing"):
        cmds.facepatchBake(clip)


def test_bake_thins_and_takes_layers_and_the_head(trained: Any) -> None:
    cmds = trained.cmds
    cmds.facepatchBuild(trained.folder, models=trained.trained)
    clip = cmds.facepatchRetarget(trained.trained, take=trained.take, outFolder=str(trained.out / "010"))
    cmds.createNode("transform", name="head_ctrl")
    cmds.facepatchBake(clip, target=":", tolerance=100.0, layer="faceLayer", head="head_ctrl", offset=10.0)
    assert cmds.animLayer("faceLayer", query=True, exists=True)
    assert "no head pose" in told(trained, "warning")
    curves = cmds.ls(type="animCurveTU")
    assert [cmds.keyframe(curve, query=True, timeChange=True) for curve in curves] == [[11, 22]] * 3


# --------------------------------------------------------------------------------------------- with the service


def test_proposals_are_told_returned_and_kept_where_that_is_asked_for(trained: Any) -> None:
    cmds = trained.cmds
    (path,) = cmds.facepatchPropose(trained.folder)
    assert path == str(Path(trained.folder) / "landmarks" / "landmarks.json")
    assert "chin: lies low" in told(trained, "warning")
    assert "never moves brow" in told(trained, "warning")
    from facepatch_maya.host import MayaHost

    assert MayaHost().load_landmarks(trained.face) == {}
    cmds.facepatchPropose(trained.folder, accept=True)
    assert len(MayaHost().load_landmarks(trained.face)) == 56


def test_training_takes_regions_and_settings(trained: Any, service: fakeservice.Service) -> None:
    cmds = trained.cmds
    cmds.facepatchTrain(
        trained.folder, take=trained.take, outFolder=trained.trained, preset="full", region=["eye_l", "chin"],
        settings='{"seed": 4}',
    )  # fmt: skip
    asked = service.jobs("train")[-1]
    assert asked["preset"] == "full"
    assert asked["settings"]["seed"] == 4
    assert [region["name"] for region in asked["settings"]["patches"]["regions"]] == ["eye_l", "chin"]
    with refused(trained, "-settings: is no JSON"):
        cmds.facepatchTrain(trained.folder, take=trained.take, outFolder=trained.trained, settings="{")
    with refused(trained, "-settings: needs one object"):
        cmds.facepatchTrain(trained.folder, take=trained.take, outFolder=trained.trained, settings="[]")
    with refused(trained, "region: there is no 'ear'"):
        cmds.facepatchTrain(trained.folder, take=trained.take, outFolder=trained.trained, region=["ear"])


def test_a_job_that_is_not_waited_for_is_asked_for_and_cancelled_by_its_id(
    trained: Any, service: fakeservice.Service
) -> None:
    cmds = trained.cmds
    job = cmds.facepatchRetarget(
        trained.trained, take=trained.take, outFolder=str(trained.out / "1"), wait=False
    )
    assert len(job) == 32
    assert cmds.facepatchRetarget(job, query=True, state=True) == "done"
    assert cmds.facepatchRetarget(job, query=True, result=True) == [str(trained.out / "1" / "clip.npz")]
    del service.work["retarget"]
    job = cmds.facepatchRetarget(
        trained.trained, take=trained.take, outFolder=str(trained.out / "2"), wait=False
    )
    assert cmds.facepatchRetarget(job, query=True, state=True) == "running"
    assert cmds.facepatchRetarget(job, query=True, progress=True) == ["reenactment", "5", "10", "iterations"]
    cmds.facepatchRetarget(job, cancel=True)
    assert cmds.facepatchRetarget(job, query=True, error=True) == "Cancelled."
    assert cmds.facepatchRetarget(job, query=True, state=True) == "cancelled"


def test_what_fails_in_the_service_is_told(trained: Any) -> None:
    bad = trained.out / "bad.mp4"
    bad.write_bytes(b"")
    with refused(trained, "facepatchRetarget: bad.mp4: no face was found in it. Film it again."):
        trained.cmds.facepatchRetarget(trained.trained, take=str(bad), outFolder=str(trained.out / "x"))


def test_escape_cancels_the_job_that_is_waited_for(trained: Any, service: fakeservice.Service) -> None:
    del service.work["retarget"]
    trained.maya.state["escape"] = True
    with refused(trained, "Retarget: stopped by Escape"):
        trained.cmds.facepatchRetarget(trained.trained, take=trained.take, outFolder=str(trained.out / "x"))
    assert "cancel" in service.types()


def test_without_a_service_and_without_facepatch_the_sentence_says_what_to_do(
    trained: Any, service: fakeservice.Service
) -> None:
    service.there = False
    with refused(trained, "cannot be run"):
        trained.cmds.facepatchTrain(trained.folder, take=trained.take, outFolder=trained.trained)


# ---------------------------------------------------------------------------------------------------------- live


def test_a_live_session_is_begun_recorded_written_and_stopped(
    trained: Any, service: fakeservice.Service
) -> None:
    cmds = trained.cmds
    cmds.facepatchBuild(trained.folder, models=trained.trained)
    assert cmds.facepatchLive(query=True, running=True) is False
    assert cmds.facepatchLive(query=True, sentence=True) == "No live session."
    with refused(trained, "No live session. Begin one"):
        cmds.facepatchLive(stop=True)
    cmds.facepatchLive(
        models=trained.trained, source="camera:0", target="facepatch", record=True, startFrame=5
    )
    from facepatch_maya.live_commands import FacepatchLive

    session: Any = FacepatchLive._session
    request = session.view.request
    for partial in (
        messages.StreamStart(("pc_000", "pc_001", "pc_002"), (24, 1), source="camera 0"),
        messages.Frame(3, 0, np.float32([1, 2, 3]), np.eye(4)),
        messages.Frame(4, 1, np.float32([2, 3, 4]), np.eye(4)),
    ):
        service.transport.push(encode(partial.to_message(request.id, job=session.view.job)))
    session.poll()
    assert cmds.facepatchLive(query=True, running=True) is True
    assert cmds.facepatchLive(query=True, recorded=True) == 2
    with refused(trained, "Nothing to do"):
        cmds.facepatchLive(layer="x")
    assert cmds.facepatchLive(write=True, stop=True) == [f"facepatch.pc_00{i}" for i in range(3)]
    assert cmds.keyframe("facepatch.pc_000", query=True, timeChange=True) == [5, 6]
    assert cmds.facepatchLive(query=True, running=True) is False
    assert service.types()[-1] == "cancel"
    cmds.undo()
    assert not cmds.keyframe("facepatch.pc_000", query=True, timeChange=True)


def test_a_film_is_followed_to_its_end_and_keyed(
    trained: Any, service: fakeservice.Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    cmds = trained.cmds
    cmds.facepatchBuild(trained.folder, models=trained.trained)
    told_before = service.replies

    def replies(message: Any) -> list[Any]:
        if message.type != "stream":
            return told_before(message)
        partials = [
            messages.StateChange("running", 1),
            messages.StreamStart(("pc_000", "pc_001", "pc_002"), (24, 1), policy="all"),
            *(messages.Frame(n, n, np.float32([n, -n, 0]), np.eye(4)) for n in range(5)),
        ]
        end = fakeservice.Message("result", body={"frames": 5, "job": message.id}, reply_to=message.id)
        return [*(one.to_message(message.id, job=message.id) for one in partials), end]

    monkeypatch.setattr(service, "replies", replies)
    names = cmds.facepatchLive(
        models=trained.trained, source=trained.take, target="facepatch", rate="max", record=True, startFrame=1,
        wait=True,
    )  # fmt: skip
    assert len(names) == 3
    assert cmds.keyframe("facepatch.pc_001", query=True, valueChange=True) == pytest.approx(
        [0, -1, -2, -3, -4]
    )
    assert cmds.facepatchLive(query=True, running=True) is False


def test_a_live_session_that_fails_is_told(trained: Any, service: fakeservice.Service) -> None:
    def fails(arguments: Any) -> Any:
        raise InputError("camera:0: is used by another program.")

    service.work["stream"] = fails
    trained.cmds.facepatchBuild(trained.folder, models=trained.trained)
    with refused(trained, "camera:0: is used by another program"):
        trained.cmds.facepatchLive(models=trained.trained, source="camera:0", target="facepatch", wait=True)


# ------------------------------------------------------------------------------------------------ tool, playblast


def test_the_tool_and_the_playblast_are_called(trained: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import facepatch_maya
    from facepatch_maya import playblast

    opened: list[Any] = []
    monkeypatch.setattr(facepatch_maya, "show", opened.append)
    trained.cmds.facepatchTool(panel="shot")
    trained.cmds.facepatchTool()
    assert opened == ["shot", ""]

    def render(meshes: Any, frames: Any, out: Path, *, size: int, on_progress: Any) -> Any:
        opened.append((tuple(meshes), list(frames), out, size))
        return (out / "0.png",)

    monkeypatch.setattr(playblast, "playblast", render)
    names = trained.cmds.facepatchPlayblast(trained.face, outFolder=trained.folder, endFrame=2, size=64)
    assert names == [str(Path(trained.folder) / "0.png")]
    assert opened[-1] == ((trained.face,), [1.0, 2.0], Path(trained.folder), 64)


def test_settings_travel_as_they_are(trained: Any, service: fakeservice.Service) -> None:
    given = {"smoothing": 1.5, "calibration": "mean"}
    trained.cmds.facepatchRetarget(
        trained.trained, take=trained.take, outFolder=str(trained.out / "s"), settings=json.dumps(given), film=False,
        rate="24000/1001",
    )  # fmt: skip
    asked = service.jobs("retarget")[-1]
    assert (asked["settings"], asked["no_film"], asked["rate"]) == (given, True, "24000/1001")
