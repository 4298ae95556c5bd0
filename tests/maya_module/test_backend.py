"""facepatch_maya.backend, job_view and launch: the service as Maya uses it. No Maya is needed for it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facepatch.core.connection import Connection, write_connection
from facepatch.core.errors import (
    ConfigError,
    InputError,
    JobCancelledError,
    StorageError,
    TimedOutError,
    UnavailableError,
)
from facepatch.core.progress import Progress
from facepatch.core.protocol import Message, encode, error_message, messages
from facepatch_maya import launch
from facepatch_maya.backend import AWAY, CONNECTING, HERE, LOST, STARTING, Backend
from facepatch_maya.job_view import CURVE_POINTS, JobView
from facepatch_maya.service_link import GREETING_S, STARTING_S
from fakeservice import PICTURE, Service


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def backend(service: Service) -> Backend:
    return Backend(open_client=service.open, start_service=service.start, clock=lambda: service.now)


@pytest.fixture
def here(backend: Backend) -> Backend:
    backend.connect()
    return backend


# ---------------------------------------------------------------------------------------------- the service


def test_a_service_that_runs_is_found_without_waiting(backend: Backend, service: Service) -> None:
    assert (backend.state, backend.jobs) == (AWAY, ())
    backend.open()
    assert backend.state == CONNECTING
    assert backend.poll()
    assert backend.poll()
    assert backend.state == HERE
    assert backend.sentence == "Service of facepatch 0.2.0 on cpu."
    assert service.now == 100.0


def test_where_none_runs_it_says_so_and_a_job_is_refused(backend: Backend, service: Service) -> None:
    service.there = False
    backend.open()
    backend.poll()
    assert backend.state == AWAY
    assert "No service of yours is running" in backend.sentence
    with pytest.raises(UnavailableError, match="Start the service first"):
        backend.submit("train", {})
    with pytest.raises(UnavailableError, match="No service of yours"):
        backend.connect()


def test_one_that_is_started_is_found_when_it_is_there_and_gets_the_jobs_that_waited(
    backend: Backend, service: Service
) -> None:
    service.there = False
    backend.start([Path("/shots")])
    assert service.starts == [[Path("/shots")]]
    view = backend.submit("train", {"out": "/o"}, label="hero")
    for _ in range(10):
        service.now += 1
        backend.poll()
    assert (backend.state, view.state, view.message) == (
        STARTING,
        "queued",
        "Waits for the service to start.",
    )
    service.there = True
    service.now += 1
    backend.poll()
    backend.poll()
    assert backend.state == HERE
    backend.poll()
    assert view.job
    assert view.message == ""
    assert service.types()[:2] == ["hello", "train"]


def test_one_that_ends_at_once_is_told_with_its_last_words(
    backend: Backend, service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEPATCH_CONNECTION", str(tmp_path / "connection.json"))
    launch.log_path().write_text("Traceback\nstate: is in use by another server.\n\n", encoding="utf-8")
    service.there = False
    backend.start()
    view = backend.submit("train", {})
    service.code = 2
    backend.poll()
    assert backend.state == AWAY
    assert "exit code 2). state: is in use by another server. Its log: " in backend.sentence
    assert (view.state, view.code) == ("failed", "service.unavailable")


def test_one_that_never_comes_is_given_up(backend: Backend, service: Service) -> None:
    service.there = False
    backend.start()
    service.now += STARTING_S + 1
    backend.poll()
    assert backend.state == AWAY


def test_a_file_left_from_one_that_was_killed_is_told(backend: Backend, service: Service) -> None:
    service.silent = True
    backend.open()
    backend.poll()
    service.now += GREETING_S + 1
    backend.poll()
    assert backend.state == AWAY
    assert "may be left from one that was killed" in backend.sentence


def test_a_script_has_one_started_where_none_runs(backend: Backend, service: Service) -> None:
    service.there = False
    start = service.start

    def started(roots: Sequence[Path]) -> Any:
        service.there = True
        return start(roots)

    backend._start_service = started
    backend.connect(start=True, roots=[Path("/shots")])
    assert backend.state == HERE
    assert service.starts == [[Path("/shots")]]
    backend.connect()
    backend.start()
    assert len(service.starts) == 1


def test_a_silent_service_is_lost_and_found_again(here: Backend, service: Service) -> None:
    view = here.submit("train", {})
    here.poll()
    service.silent = True
    for _ in range(20):
        service.now += 1
        here.poll()
    assert here.lost
    assert (here.state, view.state) == (LOST, "queued")
    assert "silent" in here.sentence
    service.silent = False
    for _ in range(5):
        service.now += 1
        here.poll()
    assert here.state == HERE
    service.end(view.job, out="/o")
    here.poll()
    assert view.state == "done"


def test_a_wrong_token_is_told(backend: Backend, service: Service) -> None:
    service.refusal = error_message(InputError("The token is wrong."), "")
    with pytest.raises(UnavailableError, match="token is wrong"):
        backend.connect()


def test_an_old_service_is_not_sent_what_it_does_not_know(here: Backend, service: Service) -> None:
    service.capabilities = ("train",)
    here.close()
    here.connect()
    view = here.submit("character", {})
    assert (view.state, view.code) == ("failed", "service.unavailable")
    assert "of facepatch 0.2.0 and cannot do 'character'" in view.error
    assert "character" not in service.types()


def test_closing_leaves_the_jobs_to_the_service(here: Backend, service: Service) -> None:
    view = here.submit("train", {})
    here.poll()
    here.close()
    here.poll()
    assert here.state == AWAY
    assert not view.ended
    assert view.request is None
    here.connect()
    assert here.watch(view).request is not None
    here.poll()
    assert view.stage == "reenactment"


# ----------------------------------------------------------------------------------------------------- jobs


def test_a_job_tells_all_that_a_tool_draws(here: Backend, service: Service) -> None:
    seen: list[str] = []
    view = here.submit("train", {"out": "/o"}, label="hero")
    view.follow(lambda changed: seen.append(changed.state))
    here.poll()
    assert (view.state, view.verb, view.label, view.out) == ("queued", "train", "hero", "/o")
    service.tell(view.job, messages.StateChange("running", 1))
    service.tell(
        view.job,
        messages.ProgressReport("reenactment", 4, 10, "iterations", "warm", {"loss": 0.5}, 2.0, 3.0),
    )
    service.tell(view.job, messages.Preview("reenactment", 4, PICTURE))
    assert here.poll()
    assert (view.state, view.stage, view.done, view.total, view.unit) == (
        "running", "reenactment", 4, 10, "iterations",
    )  # fmt: skip
    assert (view.rate, view.left_s, view.message) == (2.0, 3.0, "warm")
    assert view.curves == {("reenactment", "loss"): [(4.0, 0.5)]}
    np.testing.assert_array_equal(view.picture, PICTURE)
    assert (view.picture_iteration, view.picture_number) == (4, 1)
    assert view.progress == Progress("reenactment", 4, 10, "iterations", "warm", {"loss": 0.5})
    assert not here.poll()
    service.end(view.job, out="/o", files=["/o/clip.npz"])
    assert here.poll()
    assert (view.ended, view.error, view.code) == (True, "", "")
    assert view.result == {"out": "/o", "files": ["/o/clip.npz"]}
    assert (view.rate, view.left_s) == (0.0, None)
    assert seen == ["queued", "running", "running", "running", "done"]


def test_what_fails_has_its_sentence_and_its_code(here: Backend, service: Service) -> None:
    view = here.submit("train", {})
    here.poll()
    service.end(view.job, error=InputError("take: has no face. Film it again."))
    here.poll()
    assert (view.state, view.code, view.error) == ("failed", "input", "take: has no face. Film it again.")
    with pytest.raises(InputError, match="has no face"):
        here.wait(view)


def test_a_report_that_cannot_be_read_costs_a_sentence(here: Backend, service: Service) -> None:
    view = here.submit("train", {})
    here.poll()
    bad = Message("partial", body={"kind": "progress", "job": view.job, "done": "many"}, reply_to=view.job)
    service.transport.push(encode(bad))
    here.poll()
    assert "cannot be read" in view.message
    assert view.state == "queued"


def test_a_job_that_is_cancelled_before_it_has_a_name_is_cancelled_when_it_has_one(
    here: Backend, service: Service
) -> None:
    view = here.submit("train", {})
    here.cancel(view)
    here.poll()
    here.poll()
    assert (view.state, view.code) == ("cancelled", "cancelled")


def test_a_job_that_waits_for_the_service_is_cancelled_here(backend: Backend, service: Service) -> None:
    service.there = False
    backend.start()
    view = backend.submit("train", {})
    backend.cancel(view)
    assert view.state == "cancelled"
    service.there = True
    backend.connect()
    assert "train" not in service.types()


def test_the_jobs_of_the_service_are_listed_and_one_is_followed_and_removed(
    here: Backend, service: Service
) -> None:
    progress = {"stage": "weights", "done": 7, "total": 9, "unit": "iterations"}
    failed = {"code": "input", "message": "take: is gone."}
    service.records = [
        messages.JobRecord(
            "b" * 32, "train", "old", "running", progress=progress, created="2026-11-21T02:00:00"
        ),
        messages.JobRecord("a" * 32, "retarget", "older", "failed", error=failed, out="/o"),
    ]
    service.now += 3
    here.poll()
    assert here.poll()
    first, second = here.jobs
    assert (first.label, first.state, first.stage, first.done, first.total) == (
        "old",
        "running",
        "weights",
        7,
        9,
    )
    assert first.created == "2026-11-21T02:00:00"
    assert (second.state, second.error, second.out) == ("failed", "take: is gone.", "/o")
    assert not here.poll()
    assert here.watch("b" * 32) is first
    here.poll()
    assert (first.stage, first.done) == ("reenactment", 5)
    assert first.curves == {("reenactment", "loss"): [(1.0, 0.9), (5.0, 0.5)]}
    np.testing.assert_array_equal(first.picture, PICTURE)
    here.remove(second)
    service.records = service.records[:1]
    here.poll()
    assert here.jobs == (first,)


def test_a_job_of_ones_own_stands_first_until_the_list_has_it_and_then_once(
    here: Backend, service: Service
) -> None:
    service.records = [messages.JobRecord("a" * 32, "train", "old", "done")]
    here.refresh()
    here.poll()
    view = here.submit("train", {}, label="new")
    here.poll()
    assert [job.label for job in here.jobs] == ["new", "old"]
    service.records = [messages.JobRecord(view.job, "train", "new", "running"), *service.records]
    here.refresh()
    here.poll()
    assert [job.label for job in here.jobs] == ["new", "old"]
    # What is followed knows more than the list.
    assert here.jobs[0] is view
    assert view.state == "queued"


def test_previews_are_fetched_without_waiting(here: Backend, service: Service) -> None:
    view = here.submit("train", {})
    here.poll()
    assert here.ask_previews(view) is view
    here.poll()
    assert [(shown.stage, shown.iteration) for shown in view.pictures] == [("reenactment", 400)]


def test_a_request_that_is_refused_is_told_in_the_status_line(here: Backend, service: Service) -> None:
    view = here.submit("train", {})
    here.poll()
    service.refusal = error_message(InputError("The job is running."), "")
    here.remove(view)
    assert here.poll()
    assert here.sentence == "The job is running."


# --------------------------------------------------------------------------------------------------- waiting


def ending(service: Service, view: JobView, at: float, **result: Any) -> Callable[[float], None]:
    def idle(seconds: float) -> None:
        service.now += seconds
        if service.now >= at and not view.ended:
            service.end(view.job, **result)

    return idle


def test_a_script_waits_for_the_result_and_hears_of_the_progress(here: Backend, service: Service) -> None:
    view = here.submit("train", {})
    service.transport._idle = ending(service, view, service.now + 1, out="/o")
    heard: list[Progress] = []
    assert here.wait(view, on_progress=heard.append) == {"out": "/o"}
    assert len(heard) >= 10
    assert heard[0].stage == "queued"


def test_a_callback_that_stops_cancels_the_job(here: Backend, service: Service) -> None:
    view = here.submit("train", {})

    def stop(progress: Progress) -> None:
        raise JobCancelledError("Escape.")

    with pytest.raises(JobCancelledError, match="Escape"):
        here.wait(view, on_progress=stop)
    assert view.state == "cancelled"
    assert "cancel" in service.types()


def test_a_script_that_waits_long_enough_leaves_the_job_running(here: Backend, service: Service) -> None:
    view = here.submit("train", {})
    with pytest.raises(TimedOutError, match="is still queued after 2 s"):
        here.wait(view, timeout_s=2)
    assert "cancel" not in service.types()


def test_a_curve_is_drawn_again_from_a_checkpoint_and_thinned() -> None:
    view = JobView("a")
    for done in (1, 2, 3, 2):
        report = messages.ProgressReport("train", done, 0, values={"loss": float(done)})
        view.take(report.to_message("", job="a"))
    assert view.curves["train", "loss"] == [(1, 1), (2, 2)]
    for done in range(3, 3 * CURVE_POINTS):
        view.take(messages.ProgressReport("train", done, 0, values={"loss": 1.0}).to_message("", job="a"))
    points = view.curves["train", "loss"]
    assert CURVE_POINTS // 2 <= len(points) <= CURVE_POINTS
    assert points[0][0] == 1
    assert points[-1][0] == 3 * CURVE_POINTS - 1
    assert points == sorted(points)


# ------------------------------------------------------------------------------------------------ the command


def command_file(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


def test_the_command_is_looked_for(tmp_path: Path) -> None:
    module = tmp_path / "checkout" / "maya_module"
    module.mkdir(parents=True)
    with pytest.raises(UnavailableError, match="facepatch maya install"):
        launch.find_command({"PATH": str(tmp_path)}, module=module)
    name = "facepatch.exe" if sys.platform == "win32" else "facepatch"
    on_path = command_file(tmp_path / "bin" / name)
    places = {"PATH": str(on_path.parent)}
    assert launch.find_command(places, module=module) == [str(on_path)]
    inside = "Scripts" if sys.platform == "win32" else "bin"
    beside = command_file(module.parent / ".venv" / inside / name)
    assert launch.find_command(places, module=module) == [str(beside)]
    given = {**places, "FACEPATCH_COMMAND": f"{sys.executable} -m facepatch.cli.main"}
    assert launch.find_command(given, module=module) == [sys.executable, "-m", "facepatch.cli.main"]


def test_a_command_with_a_blank_in_its_path_is_one_word(tmp_path: Path) -> None:
    blank = command_file(tmp_path / "my tools" / "facepatch")
    assert launch.find_command({"FACEPATCH_COMMAND": str(blank)}) == [str(blank)]


@pytest.mark.skipif(os.name != "posix", reason="quotes")
def test_a_command_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ConfigError, match="is no command"):
        launch.find_command({"FACEPATCH_COMMAND": 'run "facepatch'})


def test_roots_are_home_and_those_of_the_environment() -> None:
    variables = {"FACEPATCH_ROOTS": os.pathsep.join(["/rigs", "/takes"])}
    assert launch.known_roots(variables) == [Path.home(), Path("/rigs"), Path("/takes")]
    assert launch.known_roots({}) == [Path.home()]


def test_mayas_own_python_is_kept_out_of_the_service() -> None:
    kept = launch.clean_environment(
        {"PYTHONHOME": "/maya", "PYTHONPATH": "x", "LD_LIBRARY_PATH": "y", "A": "b"}
    )
    assert kept == {"A": "b"}


def test_a_started_service_gets_its_folders_and_writes_a_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEPATCH_CONNECTION", str(tmp_path / "state" / "connection.json"))
    monkeypatch.setenv("PYTHONHOME", "/nonsense")
    told = "import sys, os; print(sys.argv[1:], 'PYTHONHOME' in os.environ)"
    process = launch.start_service([sys.executable, "-c", told], roots=[tmp_path])
    assert process.wait(60) == 0
    assert launch.last_words() == f"['serve', '--roots', {str(tmp_path)!r}] False"
    if os.name == "posix":
        asks = "import os; print(os.getsid(0) == os.getpid())"
        assert launch.start_service([sys.executable, "-c", asks]).wait(60) == 0
        assert launch.last_words() == "True"


def test_a_command_that_cannot_be_run_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEPATCH_CONNECTION", str(tmp_path / "connection.json"))
    with pytest.raises(UnavailableError, match="cannot be run"):
        launch.start_service([str(tmp_path / "nothing")])
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("FACEPATCH_CONNECTION", str(tmp_path / "file" / "connection.json"))
    with pytest.raises(StorageError, match="cannot be written"):
        launch.start_service([sys.executable])
    assert launch.last_words(tmp_path / "none") == ""


def test_without_open_and_start_of_its_own_it_takes_the_users_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEPATCH_CONNECTION", str(tmp_path / "connection.json"))
    monkeypatch.setenv("FACEPATCH_COMMAND", str(tmp_path / "nothing"))
    backend = Backend()
    with pytest.raises(UnavailableError, match="json is not there"):
        backend.connect()
    with pytest.raises(UnavailableError, match="cannot be run"):
        backend.start()
    assert backend.state == AWAY
    # One that does not answer: a port that nothing listens on.
    write_connection(Connection("tcp://127.0.0.1:9", "secret"))
    with pytest.raises(UnavailableError, match="killed"):
        backend.connect(timeout_s=0.1)


QUICK = Path(__file__).parents[1] / "service"
SERVES = (
    "import sys; from pathlib import Path; sys.path[:0] = [{quick!r}, {backend!r}]; "
    "import os; os.environ['PYTHONPATH'] = os.pathsep.join([{quick!r}, {backend!r}]); "
    "from facepatch.service.server import Server; from facepatch.service.settings import ServeSettings; "
    "server = Server(ServeSettings(state=Path({state!r}), roots=(Path({state!r}).parent,), devices=('cpu',), "
    "verbs='quick_verbs:VERBS')); server.serve()"
)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="the service needs Python 3.11")
def test_a_service_of_its_own_process_is_started_used_and_left_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEPATCH_CONNECTION", str(tmp_path / "connection.json"))
    code = SERVES.format(
        quick=str(QUICK), backend=str(QUICK.parents[1] / "backend"), state=str(tmp_path / "state")
    )
    started: list[Any] = []

    def start(roots: Sequence[Path]) -> launch.StartedService:
        started.append(launch.start_service([sys.executable, "-c", code], roots=roots))
        return started[-1]

    backend = Backend(start_service=start)
    try:
        backend.connect(start=True)
        view = backend.submit("train", {"out": str(tmp_path / "OUT")}, label="hero")
        assert backend.wait(view, timeout_s=60)["out"] == str(tmp_path / "OUT")
        assert view.stage == "count"
        backend.close()
        assert started[0].poll() is None
        # Another Maya finds the job.
        other = Backend()
        other.connect()
        while not other.jobs:
            other.pump()
        assert [(job.label, job.state) for job in other.jobs] == [("hero", "done")]
        assert other.wait(other.jobs[0], timeout_s=60)["out"] == str(tmp_path / "OUT")
        other.close()
    finally:
        for process in started:
            os.kill(process.pid, signal.SIGTERM)
            process.wait(60)
