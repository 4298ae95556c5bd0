"""facepatch_maya.batch: a list of shots in mayapy, with a service in this process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import fakemaya
import fakeservice
import fakesolve
import scene_rigs
from facepatch.core.client import Client
from facepatch.core.data.clip import write_clip
from facepatch.core.errors import InputError, JobCancelledError
from facepatch.core.progress import Progress
from facepatch.core.shots import read_results, read_shots, results_path

POINTS = np.array([[x, y, 0.1 * x * y] for y in range(8) for x in range(8)], np.float32)
CORNERS = [
    v for y in range(7) for x in range(7) for v in (8 * y + x, 8 * y + x + 1, 8 * y + x + 9, 8 * y + x + 8)
]


def moved(frame: float) -> np.ndarray:
    points = POINTS.copy()
    points[:32, 2] += np.sin(frame)
    points[16:48, 1] += 0.5 * np.cos(0.7 * frame)
    return points


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> fakeservice.Service:
    made = fakeservice.Service()
    made.work.update(train=fakeservice.train, retarget=fakeservice.retarget)
    monkeypatch.setattr(Client, "open", made.open)
    monkeypatch.setenv("FACEPATCH_COMMAND", str(tmp_path / "no facepatch here"))
    return made


@pytest.fixture
def farm(service: fakeservice.Service, tmp_path: Path) -> Iterator[Any]:
    """A mayapy with a saved scene that has the blendShape, and a list of shots: .write(), .run(), .results()."""
    with fakemaya.install(version=2025, batch=True) as maya:
        maya.state["app_dir"] = tmp_path / "app"
        from maya import cmds

        from facepatch_maya import batch, steps

        face = maya.add_mesh("face", POINTS, [4] * 49, CORNERS, animate=moved)
        cmds.currentUnit(time="film")
        cmds.playbackOptions(minTime=1, maxTime=12)
        take = tmp_path / "take.mp4"
        take.write_bytes(b"film")
        steps.capture_character([face], tmp_path / "hero")
        steps.train(tmp_path / "hero", take, out=tmp_path / "trained")
        steps.build(tmp_path / "trained", tmp_path / "hero")
        scene = tmp_path / "anim.ma"
        cmds.file(rename=scene.as_posix())
        cmds.file(save=True, type="mayaAscii")
        cmds.file(new=True, force=True)
        service.asked.clear()
        yield Farm(tmp_path, cmds, batch, maya)


class Farm:
    def __init__(self, folder: Path, cmds: Any, batch: Any, maya: Any) -> None:
        self.folder, self.cmds, self.batch, self.maya = folder, cmds, batch, maya
        self.list = folder / "shots.csv"

    def write(self, *rows: str) -> None:
        """Rows of name,scene,take,target,start_frame,layer,save_as; models are those of the fixture."""
        heading = "name,scene,take,target,start_frame,layer,save_as,models"
        self.list.write_text("\n".join([heading, *(f"{row},trained" for row in rows)]), encoding="utf-8")

    def run(self, *words: str) -> int:
        return self.batch.main([str(self.list), *words])

    def results(self) -> list[SimpleNamespace]:
        kept = read_results(results_path(self.list))
        return [SimpleNamespace(**vars(kept[shot.key])) for shot in read_shots(self.list) if shot.key in kept]

    def keys(self, scene: str, attribute: str = "facepatch.pc_000") -> Any:
        self.cmds.file((self.folder / scene).as_posix(), open=True, force=True)
        return self.cmds.keyframe(attribute, query=True, timeChange=True)


def test_shots_are_retargeted_baked_and_saved_with_a_line_for_each(
    farm: Farm, capsys: pytest.CaptureFixture[str]
) -> None:
    farm.write(
        "010,anim.ma,take.mp4,facepatch,101,,out/010.ma", "020,anim.ma,take.mp4,:,,faceLayer,out/020.mb"
    )
    assert farm.run() == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("010: done, 36 keys, ")
    assert lines[0].endswith(str(farm.folder / "out" / "010.ma"))
    assert lines[-1].startswith("2 of 2 shots are done, none failed.")
    assert [(r.state, r.keys, r.error) for r in farm.results()] == [("done", 36, ""), ("done", 36, "")]
    assert farm.keys("out/010.ma") == [101.0 + row for row in range(12)]
    farm.keys("out/020.mb")
    assert farm.cmds.animLayer("faceLayer", query=True, exists=True)
    # What was opened is as it was.
    assert not farm.keys("anim.ma")


def test_a_shot_that_fails_does_not_stop_the_others_and_is_tried_again(
    farm: Farm, service: fakeservice.Service, capsys: pytest.CaptureFixture[str]
) -> None:
    (farm.folder / "bad.mp4").write_bytes(b"")
    (farm.folder / "broken.ma").write_text("no scene", encoding="utf-8")
    farm.write(
        "010,anim.ma,bad.mp4,facepatch,1,,010.ma",
        "020,gone.ma,take.mp4,facepatch,1,,020.ma",
        "030,anim.ma,take.mp4,facepach,1,,030.ma",
        "040,broken.ma,take.mp4,facepatch,1,,040.ma",
        "050,anim.ma,take.mp4,facepatch,1,,050.txt",
        "060,anim.ma,take.mp4,facepatch,1,,060.ma",
    )
    assert farm.run() == 1
    out = capsys.readouterr().out
    assert "010: FAILED, bad.mp4: no face was found in it. Film it again." in out
    assert "column scene: " in out
    assert "1 of 6 shots are done, 5 failed: 010, 020, 030, 040, 050." in out
    results = farm.results()
    assert [result.state for result in results] == ["failed"] * 5 + ["done"]
    assert [result.code for result in results[:3]] == ["input", "input", "host.node"]
    assert "cannot be opened" in results[3].error
    assert "has to end in .ma or .mb" in results[4].error
    assert not (farm.folder / "030.ma").exists()

    # The reason is mended; what is done stays as it is.
    (farm.folder / "bad.mp4").unlink()
    (farm.folder / "bad.mp4").mkdir()
    service.work["retarget"] = lambda arguments: fakeservice.retarget({**arguments, "take": "take.mp4"})
    service.asked.clear()
    assert farm.run("--only", "010", "060") == 0
    assert [Path(asked["out"]).name for asked in service.jobs("retarget")] == ["010_retarget"]
    assert "060: done before" in capsys.readouterr().out
    assert [result.state for result in farm.results()] == ["done", *["failed"] * 4, "done"]


def test_a_shot_is_done_again_where_its_scene_is_gone_its_row_changed_or_that_is_asked_for(
    farm: Farm, service: fakeservice.Service
) -> None:
    rows = ["010,anim.ma,take.mp4,facepatch,1,,010.ma", "020,anim.ma,take.mp4,facepatch,1,,020.ma"]
    farm.write(*rows)
    assert farm.run() == 0

    def again(*words: str) -> int:
        service.asked.clear()
        assert farm.run(*words) == 0
        return len(service.jobs("retarget"))

    assert again() == 0
    # Nothing to do needs no service.
    assert service.types() == []
    (farm.folder / "010.ma").unlink()
    assert again() == 1
    farm.write(rows[0], rows[1].replace(",1,", ",5,"))
    assert again() == 1
    assert again("--again") == 2


def test_what_is_left_alone_is_kept_and_a_target_that_takes_nothing_fails(farm: Farm) -> None:
    farm.keys("anim.ma")
    farm.cmds.setAttr("facepatch.pc_001", lock=True)
    farm.cmds.file(rename=(farm.folder / "locked.ma").as_posix())
    farm.cmds.file(save=True, type="mayaAscii")
    (farm.folder / "map.json").write_text(json.dumps({"pc_000": "gone.tx"}), encoding="utf-8")
    farm.write("010,locked.ma,take.mp4,facepatch,1,,010.ma", "020,anim.ma,take.mp4,map.json,1,,020.ma")
    assert farm.run() == 1
    first, second = farm.results()
    assert first.keys == 24
    assert first.left_alone[0].startswith("facepatch.pc_001: ")
    assert "no attribute took keys. gone.tx: " in second.error


def test_a_job_that_somebody_cancels_is_one_shot_and_a_stop_is_all_of_them(
    farm: Farm, service: fakeservice.Service
) -> None:
    farm.write("010,anim.ma,take.mp4,facepatch,1,,010.ma", "020,anim.ma,take.mp4,facepatch,1,,020.ma")

    def cancelled(arguments: dict[str, Any]) -> dict[str, Any]:
        if arguments["out"].endswith("010_retarget"):
            raise JobCancelledError("Cancelled by somebody.")
        return fakeservice.retarget(arguments)

    service.work["retarget"] = cancelled
    assert farm.run() == 1
    assert [(result.state, result.code) for result in farm.results()] == [
        ("failed", "cancelled"),
        ("done", ""),
    ]

    del service.work["retarget"]

    def stop(progress: Progress) -> None:
        raise JobCancelledError("Stop.")

    shots = read_shots(farm.list)
    with pytest.raises(JobCancelledError, match="Stop"):
        farm.batch.run_shots(
            shots, results_path(farm.list), again=True, say=lambda line: None, on_progress=stop
        )
    # Both jobs are cancelled; what was done before stays written down.
    assert service.types().count("cancel") == 2
    assert [result.state for result in farm.results()] == ["failed", "done"]


def test_ctrl_c_ends_the_command_with_its_own_code(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    farm.write("010,anim.ma,take.mp4,facepatch,1,,010.ma")
    monkeypatch.setattr(farm.batch, "run_shots", interrupted)
    assert farm.run() == 130


def test_whatever_a_scene_does_the_other_shots_go_on(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    farm.write("010,anim.ma,take.mp4,facepatch,1,,010.ma", "020,anim.ma,take.mp4,facepatch,1,,020.ma")
    apply = farm.batch.apply_to_scene

    def crashes(shot: Any, **options: Any) -> Any:
        if shot.name == "010":
            raise ZeroDivisionError("division by zero")
        return apply(shot, **options)

    monkeypatch.setattr(farm.batch, "apply_to_scene", crashes)
    assert farm.run() == 1
    assert [(r.code, r.error) for r in farm.results()] == [
        ("unexpected", "ZeroDivisionError: division by zero"),
        ("", ""),
    ]


def test_a_list_that_cannot_be_used_and_a_missing_service_end_at_once(
    farm: Farm, service: fakeservice.Service, capsys: pytest.CaptureFixture[str]
) -> None:
    farm.write("010,,take.mp4,facepatch,1,,010.ma")
    assert farm.run() == 2
    assert "line 2, column scene: is empty" in capsys.readouterr().out
    farm.write("010,anim.ma,take.mp4,facepatch,1,,010.ma")
    assert farm.run("--only", "011") == 2
    assert "no shot '011' in the list. It has: 010" in capsys.readouterr().out
    service.there = False
    assert farm.run() == 2
    assert "cannot be run" in capsys.readouterr().out


def test_outside_of_mayapy_it_says_how_to_run_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from facepatch.core.errors import HostError
    from facepatch_maya import batch

    with pytest.raises(HostError, match="Run it with mayapy"):
        batch.start_maya()


# ------------------------------------------------------------------------------------------- onto rig controls


@pytest.fixture
def rigged(farm: Farm, service: fakeservice.Service) -> Farm:
    """The farm, with a saved scene of a rig whose controls were read, and takes that this rig can play."""
    from facepatch_maya import steps

    def retarget(arguments: dict[str, Any]) -> dict[str, Any]:
        out = Path(arguments["out"])
        write_clip(
            out / "clip.npz", fakesolve.exact_clip(scene_rigs.shape_meshes(scene_rigs.shape_controls()))
        )
        return {"out": str(out), "files": [str(out / "clip.npz")]}

    service.capabilities = (*fakeservice.VERBS, "solve_rig")
    service.work.update(retarget=retarget, solve_rig=fakesolve.solve_rig)
    face = scene_rigs.shape_rig(farm.maya)
    farm.cmds.playbackOptions(minTime=1, maxTime=3)
    steps.capture_character([face], farm.folder / "rigged")
    steps.read_rig(farm.folder / "rigged")
    farm.cmds.file(rename=(farm.folder / "rig.ma").as_posix())
    farm.cmds.file(save=True, type="mayaAscii")
    farm.cmds.file(new=True, force=True)
    return farm


def rows_with_rig(farm: Farm, *rows: str) -> None:
    heading = "name,scene,take,target,start_frame,layer,save_as,rig,models"
    farm.list.write_text("\n".join([heading, *(f"{row},trained" for row in rows)]), encoding="utf-8")


def test_a_shot_with_a_rig_gets_keys_on_its_controls(
    rigged: Farm, service: fakeservice.Service, capsys: pytest.CaptureFixture[str]
) -> None:
    rows_with_rig(
        rigged,
        "010,rig.ma,take.mp4,:,101,,out/010.ma,rigged",
        "020,anim.ma,take.mp4,facepatch,101,,out/020.ma,",
    )
    service.work["retarget"] = by_name(rigged, service)
    assert rigged.run() == 0, capsys.readouterr().out
    times = rigged.keys("out/010.ma", "jaw_ctrl.translateY")
    assert (times[0], times[-1]) == (101.0, 140.0)
    middle = scene_rigs.shape_controls()[20]
    assert rigged.cmds.getAttr("jaw_ctrl.translateY", time=121) == pytest.approx(middle[1], abs=1e-3)
    assert rigged.cmds.getAttr("smile_ctrl.left", time=121) == pytest.approx(middle[0], abs=1e-3)
    assert rigged.keys("out/020.ma")
    assert len(service.jobs("solve_rig")) == 1


def by_name(farm: Farm, service: fakeservice.Service) -> Any:
    solved = service.work["retarget"]
    return lambda arguments: (solved if "010" in arguments["out"] else fakeservice.retarget)(arguments)


def test_a_shot_whose_rig_is_missing_says_so(rigged: Farm, capsys: pytest.CaptureFixture[str]) -> None:
    rows_with_rig(rigged, "010,rig.ma,take.mp4,:,101,,out/010.ma,nowhere")
    assert rigged.run() == 1
    assert "column rig:" in capsys.readouterr().out


def test_a_target_that_is_no_namespace_is_refused_with_a_rig(rigged: Farm) -> None:
    rows_with_rig(rigged, "010,rig.ma,take.mp4,facepatch,101,,out/010.ma,rigged")
    with pytest.raises(InputError, match=r"column target: 'facepatch' has to be the namespace of the rig"):
        read_shots(rigged.list)
