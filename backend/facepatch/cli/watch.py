"""`facepatch watch`: the reference listener. What a stream sends, in figures and pictures; how a training goes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from facepatch.cli.console import Common, Console
from facepatch.cli.live_figures import Figures, Listener
from facepatch.core.errors import ConfigError, UnknownJobError

if TYPE_CHECKING:
    from facepatch.cli.live_pictures import Painter, Window
    from facepatch.cli.live_record import StreamRecorder
    from facepatch.core.client import Client
    from facepatch.core.protocol import Message
    from facepatch.core.protocol.messages import Frame, StreamStart
    from facepatch.core.request import Request

POLL_S = 0.02
LARGEST = 6
"""Controls that the line of each second names; programs get all."""


@dataclass(frozen=True, kw_only=True)
class Viewing(Common):
    """What a listener shows."""

    frames: Path | None = None
    """Folder for pictures: of the character, where a stream is watched; previews, where a training is."""
    window: bool = False
    """Show the character in a window. Closing it ends watching."""
    character: Path | None = None
    """The models folder with the character, where the stream's own is not on this machine."""
    size: int = 384
    """Height and width of the pictures in pixels."""
    record: Path | None = None
    """Folder for clips of what came: live.npz of the weights and, where a rig is solved, live_controls.npz."""


@dataclass(frozen=True, kw_only=True)
class Arguments(Viewing):
    """The flags of `facepatch watch`."""

    job: Annotated[str, tyro.conf.Positional] = ""
    """Id of the job, or its first digits; by default the newest that runs."""


def run(arguments: Arguments, console: Console) -> int:
    """Watch; Ctrl-C leaves, and the job goes on."""
    from facepatch.core.client import Client

    with Client.connect(name="facepatch watch") as client:
        job = chosen_job(arguments.job, client)
        console.say(f"Watching job {job}. Ctrl-C leaves it alone.")
        with Viewer(arguments, console) as viewer:
            try:
                follow(client, client.watch(job), viewer)
            except KeyboardInterrupt:
                console.say(f"Left. The job goes on: facepatch watch {job[:8]}")
    return 0


def chosen_job(start: str, client: Client) -> str:
    """The job whose id begins with `start`, or the newest that runs. Raises UnknownJobError."""
    if not start:
        running = client.jobs(states=("running",), limit=1).jobs
        if not running:
            raise UnknownJobError(
                "No job is running. Start one (facepatch stream, or run --service), or name one."
            )
        return running[0].job
    from facepatch.cli.jobs import whole_id

    return whole_id(start, [row.job for row in client.jobs().jobs])


def follow(client: Client, request: Request, viewer: Viewer) -> None:
    """Until the job has ended or the window is closed. Raises the job's error."""
    request.on_partial(viewer.take)
    while not request.done and viewer.wanted:
        client.poll(POLL_S)
        viewer.tick()
    if request.done:
        viewer.end(request.result())


class Viewer:
    """Shows the partials of one job. Use it as a context."""

    def __init__(
        self,
        arguments: Viewing,
        console: Console,
        *,
        open_window: Callable[[str, int], Window] | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """open_window: instead of tkinter's."""
        self._arguments, self._console = arguments, console
        self._clock, self._wall = clock, wall
        self._open_window = open_window
        self._listener: Listener | None = None
        self._painter: Painter | None = None
        self._window: Window | None = None
        self._recorder: StreamRecorder | None = None
        self._controls: tuple[str, ...] = ()
        self._newest: Frame | None = None

    @property
    def wanted(self) -> bool:
        """False once the user has closed the window."""
        return self._window is None or self._window.open

    def take(self, message: Message) -> None:
        """One partial."""
        from facepatch.cli.remote import show
        from facepatch.core.protocol import messages, read_partial

        kind = message.body.get("kind")
        if kind not in ("stream", "frame", "preview", "snapshot"):
            show(message, self._console)
            return
        told = read_partial(message)
        if isinstance(told, messages.Frame):
            self._frame(told)
        elif isinstance(told, messages.StreamStart):
            self._start(told)
        elif isinstance(told, messages.Preview):
            self._preview(told.stage, told.iteration, told.picture)
        elif isinstance(told, messages.Snapshot):
            show(message, self._console)
            if told.picture is not None:
                self._preview(told.stage, told.iteration, told.picture)

    def tick(self) -> None:
        """Often: the window, and a line each second."""
        if self._window is not None and self._painter is not None:
            picture = self._painter.picture()
            if picture is not None and self._window.open:
                self._window.show(picture)
            self._window.update()
        now = self._clock()
        if self._listener is not None and (figures := self._listener.due(now)):
            self._second(figures)

    def end(self, result: Message) -> None:
        """The job has ended well."""
        if self._listener is None:
            self._console.result("The job has ended.", kind="end", **result.body)
            return
        figures = self._listener.all.figures(self._clock())
        told = str(result.body.get("ended") or "The stream has ended.")
        self._console.result(f"{told} In all: {figures.sentence()}.", kind="end", **figures.values())

    def close(self) -> None:
        """Write the clips, finish the pictures, close the window."""
        try:
            if self._recorder is not None:
                recorder, self._recorder = self._recorder, None
                self._console.say(recorder.write(self._models(recorder.about)))
        finally:
            self._close_pictures()

    def _close_pictures(self) -> None:
        if self._window is not None:
            self._window.close()
        if self._painter is not None:
            self._painter.close()
            if self._arguments.frames is not None:
                self._console.say(f"{self._painter.drawn} pictures are in {self._arguments.frames}.")

    def __enter__(self) -> Viewer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self, told: object) -> None:
        from facepatch.core.protocol.messages import StreamStart

        assert isinstance(told, StreamStart)
        rate = f"{told.rate[0] / told.rate[1]:.4g} frames/s" if min(told.rate) > 0 else "a rate not known"
        every = told.policy == "all"
        controls = f" and {len(told.controls)} controls" if told.controls else ""
        self._console.say(
            f"The stream: {len(told.names)} weights{controls} at {rate}, {told.delay_ms:.0f} ms behind by its "
            "smoothing, " + ("no frame is dropped." if every else "the newest frame wins.")
        )
        self._controls = told.controls
        # A connection made anew hears the beginning again: what was recorded is kept.
        if self._arguments.record is not None and self._recorder is None:
            from facepatch.cli.live_record import StreamRecorder

            self._recorder = StreamRecorder(told, self._arguments.record)
        self._paint(self._models(told), every)

    def _frame(self, frame: object) -> None:
        from facepatch.core.protocol.messages import Frame

        assert isinstance(frame, Frame)
        self._newest = frame
        if self._recorder is not None:
            self._recorder.take(frame)
        if self._listener is None:
            self._listener = Listener(self._clock())
        self._listener.take(frame, wall_s=self._wall())
        if self._painter is not None:
            self._painter.put(frame)

    def _second(self, figures: Figures) -> None:
        """One line: the figures of the last second, and where the controls are now."""
        controls = self._newest.controls if self._newest is not None else None
        if controls is None:
            self._console.result(figures.sentence(), kind="second", **figures.values())
            return
        values = dict(zip(self._controls, controls.tolist(), strict=False))
        largest = sorted(values, key=lambda name: -abs(values[name]))[:LARGEST]
        told = ", ".join(f"{name} {values[name]:.2f}" for name in largest)
        self._console.result(
            f"{figures.sentence()}; {told}", kind="second", **figures.values(), controls=values
        )

    def _models(self, about: StreamStart) -> Path:
        """The folder of the models, where it is on this machine."""
        folder = self._arguments.character or Path(about.models)
        return folder / "models" if (folder / "models").is_dir() else folder

    def _paint(self, folder: Path, every: bool) -> None:
        arguments = self._arguments
        if self._painter is not None or not (arguments.window or arguments.frames):
            return
        from facepatch.cli.live_pictures import CharacterPictures, Painter, TkWindow

        if not (folder / "pca.npz").is_file():
            raise ConfigError(
                f"{folder}: the stream's models are not on this machine, so the character cannot be drawn. Give a "
                "copy of the models folder with --character."
            )
        pictures = CharacterPictures(folder, arguments.size)
        if arguments.window:
            self._window = (self._open_window or TkWindow)("facepatch", arguments.size)
        self._painter = Painter(
            pictures.draw, folder=arguments.frames, every=every and arguments.frames is not None
        )

    def _preview(self, stage: str, iteration: int, picture: object) -> None:
        if self._arguments.frames is None:
            return
        import numpy as np

        from facepatch.training.pictures import write_picture

        self._arguments.frames.mkdir(parents=True, exist_ok=True)
        path = self._arguments.frames / f"{stage}_{iteration:06d}.png"
        write_picture(path, np.asarray(picture))
        self._console.say(f"{stage}, iteration {iteration}: {path}")
