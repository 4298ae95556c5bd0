"""cli.watch, cli.stream and cli.live_pictures: what a listener sees, with a client and a window that are made up."""

from __future__ import annotations

import builtins
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from facepatch.cli import stream, watch
from facepatch.cli.live_pictures import CharacterPictures, Painter, TkWindow
from facepatch.cli.watch import Arguments, Viewer
from facepatch.core import client as client_module
from facepatch.core.data.clip import read_clip
from facepatch.core.errors import ConfigError, JobCancelledError, UnknownJobError, VideoError
from facepatch.core.protocol import RESULT, Message
from facepatch.core.protocol.messages import (
    Frame,
    JobList,
    JobRecord,
    Partial,
    Preview,
    ProgressReport,
    Snapshot,
    StreamStart,
)
from facepatch.pipelines.models import load_models
from facepatch.pipelines.retarget import neutral_weights

JOB = "0123456789abcdef0123456789abcdef"


class Told:
    """A console that keeps what it is told."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.results: list[tuple[str, dict[str, Any]]] = []
        self.reports: list[Any] = []

    def progress(self, progress: Any) -> None:
        self.reports.append(progress)

    def say(self, sentence: str) -> None:
        self.said.append(sentence)

    def result(self, sentence: str, **values: Any) -> None:
        self.results.append((sentence, values))

    def error(self, code: str, sentence: str) -> None:
        raise AssertionError(sentence)

    def close(self) -> None:
        """Nothing."""


class FakeRequest:
    """Gives its partials one by one, then its end."""

    def __init__(self, partials: list[Partial], end: Message | Exception | None) -> None:
        self._messages = [partial.to_message("r", job=JOB) for partial in partials]
        self._end = end
        self._callbacks: list[Callable[[Message], None]] = []
        self.done = False
        self.job = JOB

    def on_partial(self, callback: Callable[[Message], None]) -> None:
        self._callbacks.append(callback)

    def wait_for_job(self) -> str:
        return self.job

    def step(self) -> None:
        if self._messages:
            message = self._messages.pop(0)
            for callback in self._callbacks:
                callback(message)
        elif self._end is None:
            raise KeyboardInterrupt
        else:
            self.done = True

    def result(self) -> Message:
        if isinstance(self._end, Exception):
            raise self._end
        assert self._end is not None
        return self._end


class FakeClient:
    """The service, as far as watch and stream need it."""

    def __init__(self, request: FakeRequest, jobs: tuple[JobRecord, ...] = ()) -> None:
        self.request, self._jobs = request, jobs
        self.submitted: dict[str, Any] = {}
        self.watched = ""
        self.cancelled: list[str] = []

    def submit(self, verb: str, arguments: dict[str, Any], *, label: str = "") -> FakeRequest:
        self.submitted = {"verb": verb, "label": label, **arguments}
        return self.request

    def watch(self, job: str) -> FakeRequest:
        self.watched = job
        return self.request

    def jobs(self, *, states: tuple[str, ...] = (), limit: int = 0) -> JobList:
        return JobList(tuple(job for job in self._jobs if not states or job.state in states))

    def cancel(self, job: str) -> str:
        self.cancelled.append(job)
        return "cancelled"

    def poll(self, timeout_s: float) -> int:
        self.request.step()
        return 1

    def __enter__(self) -> FakeClient:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""


class FakeWindow:
    """Keeps what is shown; closed by its user after `patience` updates."""

    def __init__(self, patience: int = 10**9) -> None:
        self.shown: list[np.ndarray] = []
        self.open, self._patience = True, patience

    def show(self, image: np.ndarray) -> None:
        self.shown.append(image)

    def update(self) -> None:
        self._patience -= 1
        self.open = self.open and self._patience > 0

    def close(self) -> None:
        self.open = False


def use(monkeypatch: pytest.MonkeyPatch, client: FakeClient) -> None:
    monkeypatch.setattr(client_module.Client, "connect", classmethod(lambda cls, **options: client))


@pytest.fixture(scope="module")
def models(tiny_run: SimpleNamespace) -> SimpleNamespace:
    loaded = load_models(tiny_run.out / "models")
    return SimpleNamespace(folder=tiny_run.out / "models", neutral=neutral_weights(loaded), pca=loaded.pca)


def frames_of(models: SimpleNamespace, count: int) -> list[Frame]:
    spread = np.sqrt(models.pca.variance)
    return [
        Frame(frame=i, frame_seq=i, weights=(models.neutral + spread * np.sin(i)).astype(np.float32),
              head_pose=np.eye(4), sent_s=1.0)
        for i in range(count)
    ]  # fmt: skip


def start(models: SimpleNamespace, policy: str = "newest") -> StreamStart:
    names = tuple(f"pc_{i:03}" for i in range(len(models.neutral)))
    return StreamStart(names, (30, 1), delay_ms=12.4, models=str(models.folder), policy=policy)


ENDED = Message(
    RESULT, body={"frames": 3, "dropped": 0, "ended": "take.mp4: ended after 3 frames."}, reply_to="r"
)


# ------------------------------------------------------------------------------------------------ the listener


def test_a_stream_is_told_second_by_second_and_in_all(models: SimpleNamespace) -> None:
    told, now = Told(), iter(range(100))
    request = FakeRequest([start(models), *frames_of(models, 3)], ENDED)
    with Viewer(Arguments(), told, clock=lambda: float(next(now)), wall=lambda: 1.002) as viewer:  # type: ignore[arg-type]
        watch.follow(FakeClient(request), request, viewer)  # type: ignore[arg-type]
    assert "30 frames/s" in told.said[0]
    assert "12 ms behind" in told.said[0]
    sentence, values = told.results[0]
    assert values["kind"] == "second"
    assert values["sent_ms"]["median"] == pytest.approx(2.0)
    assert "frames/s" in sentence
    sentence, values = told.results[-1]
    assert sentence.startswith("take.mp4: ended after 3 frames. In all:")
    assert (values["kind"], values["frames"], values["lost"]) == ("end", 3, 0)


def test_the_newest_job_that_runs_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = (
        JobRecord("b" * 32, state="queued"),
        JobRecord(JOB, state="running"),
        JobRecord("c" * 32, state="done"),
    )
    client = FakeClient(FakeRequest([], ENDED), jobs)
    use(monkeypatch, client)
    assert watch.run(Arguments(), Told()) == 0
    assert client.watched == JOB
    assert watch.run(Arguments(job="cc"), Told()) == 0
    assert client.watched == "c" * 32


def test_without_a_running_job_there_is_nothing_to_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, FakeClient(FakeRequest([], ENDED)))
    with pytest.raises(UnknownJobError, match="No job is running"):
        watch.run(Arguments(), Told())


def test_leaving_leaves_the_job_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    client = FakeClient(FakeRequest([], None), (JobRecord(JOB, state="running"),))
    use(monkeypatch, client)
    told = Told()
    assert watch.run(Arguments(), told) == 0
    assert not client.cancelled
    assert "The job goes on" in told.said[-1]


def test_the_error_of_the_job_comes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = FakeRequest([], VideoError("camera:0: broke off after 12 frames."))
    use(monkeypatch, FakeClient(broken, (JobRecord(JOB, state="running"),)))
    with pytest.raises(VideoError, match="broke off"):
        watch.run(Arguments(), Told())


def test_a_training_tells_its_losses_and_leaves_its_previews(tmp_path: Path) -> None:
    picture = np.full((4, 6, 3), 80, np.uint8)
    partials = [
        Snapshot("running", verb="train", progress=(ProgressReport("reenactment", 10, 100, values={"loss": 0.5}),),
                 stage="reenactment", iteration=8, picture=picture),
        ProgressReport("reenactment", 20, 100, "iterations", values={"loss": 0.25}),
        Preview("weights", 40, picture),
    ]  # fmt: skip
    told, folder = Told(), tmp_path / "pictures"
    request = FakeRequest(partials, Message(RESULT, body={"out": "/jobs/a"}, reply_to="r"))
    with Viewer(Arguments(frames=folder), told) as viewer:
        watch.follow(FakeClient(request), request, viewer)  # type: ignore[arg-type]
    assert [report.values["loss"] for report in told.reports] == [0.5, 0.25]
    assert {file.name for file in folder.iterdir()} == {"reenactment_000008.png", "weights_000040.png"}
    assert told.results == [("The job has ended.", {"kind": "end", "out": "/jobs/a"})]


# ------------------------------------------------------------------------------------------------ the controls


CONTROLS = ("jaw_ctrl.rx", "smile", "blink")


def with_controls(models: SimpleNamespace, count: int) -> list[Partial]:
    about = replace(start(models), controls=CONTROLS, units=("degrees", "", ""))
    values = [np.float32([i, 0.25 * i, 0]) for i in range(count)]
    return [
        about,
        *(replace(frame, controls=row) for frame, row in zip(frames_of(models, count), values, strict=True)),
    ]


def watched(partials: list[Partial], arguments: Arguments, told: Told) -> None:
    request, now = FakeRequest(partials, ENDED), iter(range(1000))
    with Viewer(arguments, told, clock=lambda: float(next(now)), wall=lambda: 1.0) as viewer:  # type: ignore[arg-type]
        watch.follow(FakeClient(request), request, viewer)  # type: ignore[arg-type]


def test_each_second_says_where_the_controls_are(models: SimpleNamespace) -> None:
    told = Told()
    watched(with_controls(models, 3), Arguments(), told)
    assert "weights and 3 controls at 30 frames/s" in told.said[0]
    seconds = [(sentence, values) for sentence, values in told.results if values["kind"] == "second"]
    sentence, values = seconds[-1]
    assert sentence.endswith("; jaw_ctrl.rx 2.00, smile 0.50, blink 0.00")
    assert values["controls"] == {"jaw_ctrl.rx": 2.0, "smile": 0.5, "blink": 0.0}


def test_a_recording_has_a_clip_of_controls_beside_that_of_the_weights(
    models: SimpleNamespace, tmp_path: Path
) -> None:
    told, (about, *frames) = Told(), with_controls(models, 4)
    # The third was lost on the way, and a connection made anew hears the beginning again.
    watched([about, frames[0], about, frames[1], frames[3]], Arguments(record=tmp_path / "rec"), told)
    weights, controls = (read_clip(tmp_path / "rec" / name) for name in ("live.npz", "live_controls.npz"))
    assert controls.names == CONTROLS
    np.testing.assert_allclose(controls.weights, [[0, 0, 0], [1, 0.25, 0], [2, 0.5, 0], [3, 0.75, 0]])
    assert weights.pca is not None
    assert weights.pca.component_count == len(weights.names)
    assert weights.rate == controls.rate == (30, 1)
    np.testing.assert_array_equal(weights.valid, [True, True, False, True])
    assert "Recorded 4 frames, of which 1 never came" in told.said[-1]
    assert "live.npz and live_controls.npz" in told.said[-1]


def test_a_recording_without_a_rig_leaves_no_controls_of_an_earlier_one(
    models: SimpleNamespace, tmp_path: Path
) -> None:
    watched(with_controls(models, 2), Arguments(record=tmp_path), Told())
    away = replace(start(models), models="/on/the/server")
    watched([away, *frames_of(models, 2)], Arguments(record=tmp_path), Told())
    assert [file.name for file in tmp_path.iterdir()] == ["live.npz"]
    # Without the models there is no PCA to go with the weights.
    assert read_clip(tmp_path / "live.npz").pca is None


def test_a_recording_of_nothing_says_so(models: SimpleNamespace, tmp_path: Path) -> None:
    told = Told()
    watched([start(models)], Arguments(record=tmp_path), told)
    assert told.said[-1] == "Nothing was recorded: no frame came."
    assert not list(tmp_path.iterdir())


def test_what_came_is_recorded_when_the_listener_is_stopped(
    models: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    client = FakeClient(FakeRequest(with_controls(models, 3), None))
    use(monkeypatch, client)
    with pytest.raises(JobCancelledError, match="the stream has ended"):
        stream.run(flags(tmp_path, "camera:0", record=tmp_path / "rec"), Told())
    assert read_clip(tmp_path / "rec" / "live_controls.npz").frame_count == 3


# ------------------------------------------------------------------------------------------------ the pictures


def test_every_frame_of_a_stream_that_drops_none_is_written(models: SimpleNamespace, tmp_path: Path) -> None:
    request = FakeRequest([start(models, "all"), *frames_of(models, 12)], ENDED)
    with Viewer(Arguments(frames=tmp_path / "out", size=64), Told()) as viewer:
        watch.follow(FakeClient(request), request, viewer)  # type: ignore[arg-type]
    written = sorted((tmp_path / "out").iterdir())
    assert [file.name for file in written] == [f"frame_{i:06}.png" for i in range(12)]
    images = [cv2.imread(str(file)) for file in written]
    assert images[0].shape == (64, 64, 3)
    assert images[0].std() > 5
    assert (images[1] != images[2]).any()


def test_the_window_shows_the_character_and_closing_it_ends_watching(models: SimpleNamespace) -> None:
    window = FakeWindow(patience=40)
    drawn = threading.Event()

    def patient(client: FakeClient) -> Callable[[float], int]:
        def poll(timeout_s: float) -> int:
            if client.request._messages:
                client.request.step()
            else:
                drawn.wait(0.01)
            return 1

        return poll

    client = FakeClient(FakeRequest([start(models), *frames_of(models, 3)], None))
    client.poll = patient(client)  # type: ignore[method-assign]
    with Viewer(Arguments(window=True, size=48), Told(), open_window=lambda title, size: window) as viewer:
        watch.follow(client, client.request, viewer)  # type: ignore[arg-type]
    assert not window.open
    assert window.shown
    assert window.shown[-1].shape == (48, 48, 3)


def test_a_character_that_is_not_on_this_machine_is_asked_for(
    models: SimpleNamespace, tmp_path: Path
) -> None:
    away = StreamStart(("pc_000",), (30, 1), models="/on/the/server")
    with pytest.raises(ConfigError, match="--character"):
        Viewer(Arguments(frames=tmp_path), Told()).take(away.to_message("r"))
    viewer = Viewer(Arguments(frames=tmp_path, character=models.folder.parent, size=32), Told())
    viewer.take(away.to_message("r"))
    viewer.close()


def test_what_goes_wrong_in_drawing_is_raised(models: SimpleNamespace) -> None:
    def fail(frame: Frame) -> Any:
        raise ConfigError("cannot draw")

    painter = Painter(fail, folder=None, every=True)
    painter.put(frames_of(models, 1)[0])
    with pytest.raises(ConfigError, match="cannot draw"):
        painter.close()


def test_neutral_is_drawn_as_the_renderer_draws_it(models: SimpleNamespace) -> None:
    pictures = CharacterPictures(models.folder, 96)
    frame = Frame(frame=0, frame_seq=0, weights=models.neutral, head_pose=np.eye(4))
    image = pictures.draw(frame)
    assert image.shape == (96, 96, 3)
    assert len(np.unique(image.reshape(-1, 3), axis=0)) > 50


def test_a_python_without_tkinter_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **options: Any) -> Any:
        if name == "tkinter":
            raise ImportError("No module named '_tkinter'")
        return real(name, *args, **options)

    monkeypatch.delitem(sys.modules, "tkinter", raising=False)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigError, match="comes without tkinter"):
        TkWindow("facepatch", 64)


def fake_tkinter(monkeypatch: pytest.MonkeyPatch, *, screen: bool) -> dict[str, Any]:
    kept: dict[str, Any] = {"photos": []}

    class TclError(Exception):
        pass

    class Root:
        def title(self, text: str) -> None:
            kept["title"] = text

        def protocol(self, name: str, call: Any) -> None:
            kept["close"] = call

        def update(self) -> None:
            kept["updates"] = kept.get("updates", 0) + 1

        def destroy(self) -> None:
            kept["destroyed"] = True

    def root() -> Root:
        if not screen:
            raise TclError("no display name and no $DISPLAY environment variable")
        return Root()

    label = SimpleNamespace(pack=lambda: None, configure=lambda image: kept["photos"].append(image))

    def photo(**picture: Any) -> tuple[Any, Any]:
        return picture["data"], picture["format"]

    module = ModuleType("tkinter")
    vars(module).update(TclError=TclError, Tk=root, Label=lambda *a, **o: label, PhotoImage=photo)
    monkeypatch.setitem(sys.modules, "tkinter", module)
    return kept


def test_the_window_shows_pictures_until_it_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = fake_tkinter(monkeypatch, screen=True)
    window = TkWindow("facepatch", 8)
    window.show(np.full((2, 3, 3), 7, np.uint8))
    window.update()
    assert kept["photos"] == [(b"P6 3 2 255\n" + bytes([7] * 18), "PPM")]
    kept["close"]()
    assert not window.open
    window.update()
    window.close()
    assert kept["updates"] == 1


def test_a_machine_without_a_screen_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_tkinter(monkeypatch, screen=False)
    with pytest.raises(ConfigError, match="there is no screen"):
        TkWindow("facepatch", 8)


# -------------------------------------------------------------------------------------------------- the stream


def flags(tmp_path: Path, source: str, **options: Any) -> stream.Arguments:
    return stream.Arguments(source=source, model=tmp_path / "OUT", **options)


def test_a_stream_is_submitted_with_whole_paths(
    models: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    client = FakeClient(FakeRequest([start(models), *frames_of(models, 2)], ENDED))
    use(monkeypatch, client)
    monkeypatch.chdir(tmp_path)
    told = Told()
    assert stream.run(stream.Arguments(source="take.mp4", model=Path("OUT"), rate="max", fps="24", loop=True,
                                       set=("weights.cutoff=4.0",)), told) == 0  # fmt: skip
    assert client.submitted == {
        "verb": "stream", "label": "take.mp4", "source": str(tmp_path / "take.mp4"), "models": str(tmp_path / "OUT"),
        "rate": "max", "fps": "24", "loop": True, "settings": {"weights": {"cutoff": 4.0}},
    }  # fmt: skip
    assert f"facepatch watch {JOB[:8]}" in told.said[0]
    assert not client.cancelled


def test_a_rig_is_submitted_as_a_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = stream.stream_arguments(flags(tmp_path, "camera:0", rig=Path("rig.json")))
    assert found["rig"] == str(tmp_path / "rig.json")


@pytest.mark.parametrize("source", ["camera:0", "camera:Face Cam", "rtsp://host/live", "https://host/a.mp4"])
def test_cameras_and_addresses_are_sent_as_they_are(tmp_path: Path, source: str) -> None:
    assert stream.stream_arguments(flags(tmp_path, source))["source"] == source


def test_stopping_the_listener_ends_the_stream(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    client = FakeClient(FakeRequest([], None))
    use(monkeypatch, client)
    with pytest.raises(JobCancelledError, match="the stream has ended"):
        stream.run(flags(tmp_path, "camera:0"), Told())
    assert client.cancelled == [JOB]
