"""serve, jobs, and --service on run, train and retarget: the command line in front of a server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from facepatch.cli.job import JobArguments
from facepatch.cli.main import main
from facepatch.cli.remote import job_arguments, show
from facepatch.cli.serve import stopped_by_signals
from facepatch.core.client import Client
from facepatch.core.progress import Progress
from facepatch.core.protocol import Message, messages
from facepatch.service.server import Server
from facepatch.service.settings import ServeSettings

QUICK = Path(__file__).parents[1] / "service"
BACKEND = Path(__file__).parents[2] / "backend"
DEADLINE_S = 60.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """A server with quick verbs: its folder is the root."""
    folder = tmp_path_factory.mktemp("server")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(QUICK))
        patch.setenv("PYTHONPATH", os.pathsep.join((str(QUICK), str(BACKEND))))
        patch.setenv("FACEPATCH_CONNECTION", str(folder / "connection.json"))
        settings = ServeSettings(
            state=folder / "state", roots=(folder,), devices=("cpu",), verbs="quick_verbs:VERBS"
        )
        with Server(settings) as made:
            thread = threading.Thread(target=made.serve)
            thread.start()
            yield SimpleNamespace(folder=folder, connection=made.connection, server=made)
            made.stop()
            thread.join(DEADLINE_S)


def events(capsys: pytest.CaptureFixture[str], *words: Any, code: int = 0) -> list[dict[str, Any]]:
    """What a verb prints with --json."""
    capsys.readouterr()
    assert main([*map(str, words), "--json"]) == code
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def flags(folder: Path, out: str) -> list[Any]:
    take, character = folder / "take.mp4", folder / "hero.npz"
    return [take, "--character", character, "--out", folder / out]


@pytest.mark.parametrize("verb", ["run", "train"])
def test_a_job_is_sent_shown_and_named_as_if_it_were_done_here(
    server: SimpleNamespace, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    told = events(capsys, verb, *flags(server.folder, verb), "--service")
    assert [event["event"] for event in told][-1] == "result"
    assert {event["stage"] for event in told if event["event"] == "progress"} == {"count"}
    assert told[-1]["out"] == str(server.folder / verb)
    listed = events(capsys, "jobs", "list", "--states", "done")[-1]["jobs"]
    assert listed[-1]["job"] == told[-1]["job"]
    assert (listed[-1]["verb"], listed[-1]["label"]) == (verb, verb)


def test_retarget_is_sent_too(server: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
    folder = server.folder
    told = events(
        capsys, "retarget", folder / "run", folder / "take2.mp4", "--out", folder / "R", "--service",
        "--set", "smoothing=2.0",
    )  # fmt: skip
    assert told[-1]["event"] == "result"
    job = server.server.board.get(told[-1]["job"])
    assert job.arguments["settings"] == {"smoothing": 2.0}
    assert job.arguments["trained"] == str(folder / "run")


def test_a_character_is_sent_too_and_its_doubts_are_said(
    server: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = server.folder
    told = events(
        capsys,
        "character",
        folder / "hero.ma",
        "--motion",
        folder / "rom.npz",
        "--out",
        folder / "C",
        "--service",
    )
    assert (told[-1]["event"], told[-1]["out"]) == ("result", str(folder / "C"))
    job = server.server.board.get(told[-1]["job"])
    assert job.arguments == {
        "character": str(folder / "hero.ma"),
        "motion": [str(folder / "rom.npz")],
        "picks": "",
        "out": str(folder / "C"),
    }


def test_a_solve_is_sent_too_with_what_is_held(
    server: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = server.folder
    told = events(
        capsys, "solve", folder / "clip.npz", "--rig", folder / "rig.json", "--hold", "jaw.ty=0.5", "--unused",
        "tongue", "--blend", "mouth=0.5", "--set", "sparsity=1.0", "--out", folder / "S", "--service",
    )  # fmt: skip
    assert (told[-1]["event"], told[-1]["out"]) == ("result", str(folder / "S"))
    job = server.server.board.get(told[-1]["job"])
    assert job.verb == "solve_rig"
    assert job.arguments == {
        "clip": str(folder / "clip.npz"), "rig": str(folder / "rig.json"), "picks": "", "held": {"jaw.ty": 0.5},
        "unused": ["tongue"], "cost": {}, "blend": {"mouth": 0.5}, "key_tolerance": 0.005, "start_frame": None,
        "settings": {"sparsity": 1.0}, "out": str(folder / "S"),
    }  # fmt: skip


def test_the_flags_of_a_job_travel_whole_with_absolute_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = JobArguments(
        take=Path("a.mp4"), character=Path("b.npz"), motion=(Path("c.csv"),), rate="24", seed=4, out=Path("OUT"),
        set=("retarget.smoothing=1.5",), preset="my.toml", no_film=True,
    )  # fmt: skip
    assert job_arguments(arguments) == {
        "take": str(tmp_path / "a.mp4"), "character": str(tmp_path / "b.npz"), "motion": [str(tmp_path / "c.csv")],
        "picks": "", "take_motion": [], "take_picks": "", "rate": "24", "preset": str(tmp_path / "my.toml"),
        "settings": {"retarget": {"smoothing": 1.5}, "seed": 4}, "out": str(tmp_path / "OUT"), "no_film": True,
    }  # fmt: skip


def test_a_path_outside_the_roots_is_an_error_of_the_command(
    server: SimpleNamespace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = events(capsys, "run", *flags(tmp_path, "OUT"), "--service", code=1)
    assert told[-1]["code"] == "service.forbidden"
    assert str(server.folder) in told[-1]["message"]


def test_without_a_server_the_command_says_how_to_start_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FACEPATCH_CONNECTION", str(tmp_path / "none.json"))
    for words in (["jobs"], ["run", *flags(tmp_path, "OUT"), "--service"]):
        (told,) = events(capsys, *words, code=1)
        assert told["code"] == "service.unavailable"
        assert "facepatch serve" in told["message"]


def test_ctrl_c_leaves_the_job_to_the_server_and_says_how_to_find_it(
    server: SimpleNamespace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("facepatch.cli.remote.show", interrupted)
        told = events(capsys, "run", *flags(server.folder, "left"), "--service", code=130)
    assert told[-1]["code"] == "cancelled"
    assert "The job goes on: facepatch jobs watch " in told[-1]["message"]
    job = told[-1]["message"].split("jobs watch ")[1].split()[0]
    found = events(capsys, "jobs", "watch", job[:12])
    assert found[-1]["out"] == str(server.folder / "left")
    assert (server.folder / "left" / "result").exists()


def test_jobs_are_cancelled_and_removed_by_the_beginning_of_their_id(
    server: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    with Client.connect(server.connection) as client:
        job = client.submit("run", {"out": str(server.folder / "held"), "hold": 0}).wait_for_job()
        assert events(capsys, "jobs", "remove", job[:10], code=1)[-1]["code"] == "service.forbidden"
        assert events(capsys, "jobs", "cancel", job[:10])[-1]["state"] in ("running", "cancelled")
        watched = events(capsys, "jobs", "watch", job, code=130)
        assert watched[-1]["code"] == "cancelled"
        assert events(capsys, "jobs", "remove", job[:10])[-1]["job"] == job
        assert job not in {row.job for row in client.jobs().jobs}
    assert events(capsys, "jobs", "watch", job, code=1)[-1]["code"] == "service.job"
    assert events(capsys, "jobs", "cancel", code=2)[-1]["code"] == "config"
    assert events(capsys, "jobs", "cancel", "zz", code=1)[-1]["code"] == "service.job"


def test_the_list_is_a_table_for_people(server: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["jobs"]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["job", "state", "verb", "progress", "since", "out"]
    assert any("done" in row and "count 3/3" in row for row in rows)


class Seen:
    def __init__(self) -> None:
        self.told: list[Any] = []

    def progress(self, progress: Progress) -> None:
        self.told.append(progress)

    def say(self, sentence: str) -> None:
        self.told.append(sentence)


@pytest.mark.parametrize(
    ("partial", "told"),
    [
        (
            messages.ProgressReport("train", 3, 9, values={"loss": 0.5}),
            Progress("train", 3, 9, values={"loss": 0.5}),
        ),
        (messages.StateChange("queued"), "The job waits in the queue."),
        (messages.StateChange("queued", 1, "The worker ended."), "The worker ended."),
        (messages.ServerEvent("stopping", "The server stops."), "The server stops."),
    ],
)
def test_what_the_server_tells_is_shown(partial: messages.Partial, told: Any) -> None:
    console: Any = Seen()
    show(partial.to_message("a" * 32), console)
    assert console.told == [told]


def test_what_a_job_failed_of_is_left_to_the_error_that_ends_the_command() -> None:
    console: Any = Seen()
    show(messages.StateChange("failed", 1, "clip.npz: has no frames.").to_message("a" * 32), console)
    assert console.told == []


def test_a_report_that_cannot_be_read_costs_a_line() -> None:
    console: Any = Seen()
    show(Message("partial", body={"kind": "progress", "done": "many"}), console)
    show(Message("partial", body={"kind": "of the future"}), console)
    assert len(console.told) == 1
    assert "cannot be read" in console.told[0]


@pytest.mark.skipif(os.name != "posix", reason="SIGTERM")
def test_serve_says_where_it_is_and_ends_well_on_sigterm(tmp_path: Path) -> None:
    words = ["serve", "--json", "--state", tmp_path / "state", "--roots", tmp_path, "--devices", "cpu"]
    environment = {
        **os.environ, "FACEPATCH_CONNECTION": str(tmp_path / "c.json"), "PYTHONPATH": str(BACKEND),
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "facepatch.cli.main", *map(str, words)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    assert process.stdout is not None
    told = json.loads(process.stdout.readline())
    assert told["devices"] == ["cpu"]
    assert told["roots"] == [str(tmp_path.resolve())]
    assert told["connection"] == str(tmp_path / "c.json")
    with Client.connect(path=tmp_path / "c.json", timeout_s=DEADLINE_S) as client:
        assert client.ping() == {}
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0, err
    assert "goes on at the next start" in out
    assert not (tmp_path / "c.json").exists()


def test_serve_refuses_an_open_address_without_keys(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = events(capsys, "serve", "--host", "0.0.0.0", "--state", tmp_path, code=2)
    assert "Give --keys DIR" in told[-1]["message"]


@pytest.mark.skipif(os.name != "posix", reason="raises a signal")
def test_signals_stop_the_server_inside_the_block_only(monkeypatch: pytest.MonkeyPatch) -> None:
    stops: list[int] = []
    before = signal.getsignal(signal.SIGTERM)
    with stopped_by_signals(lambda: stops.append(1)):
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
    assert stops == [1, 1]
    assert signal.getsignal(signal.SIGTERM) == before
