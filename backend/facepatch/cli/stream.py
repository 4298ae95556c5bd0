"""`facepatch stream`: a film or a camera -> weights, frame by frame, by the running server."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from facepatch.cli.console import Console
from facepatch.cli.job import parse_settings
from facepatch.cli.watch import Viewer, Viewing, follow
from facepatch.core.errors import JobCancelledError


@dataclass(frozen=True, kw_only=True)
class Arguments(Viewing):
    """The flags of `facepatch stream`."""

    source: Annotated[str, tyro.conf.Positional]
    """A film, a folder of numbered images, a URL (http, rtsp, ...), camera:0, or camera:NAME."""
    model: Path
    """The --out folder of a finished facepatch run, or its models folder."""
    rate: Literal["own", "max"] = "own"
    """own: as it happens, the newest frame wins. max: as fast as possible, no frame is dropped."""
    fps: str = ""
    """Frames per second as 24 or 24000/1001: a folder of images needs it, a film takes it instead of its own."""
    loop: bool = False
    """A film or folder begins again at its end."""
    rig: Path | None = None
    """Solve each frame for the controls of this rig as well: a rig.json, a rig record, or a character whose shapes are
    its controls; a rig that was only sampled needs facepatch solve."""
    set: tuple[str, ...] = ()
    """Settings of the live path: --set weights.cutoff=4 retarget.lids.strength=0.5 rig.follow=0.2"""


def run(arguments: Arguments, console: Console) -> int:
    """Have the server stream, and listen. Ctrl-C ends the stream."""
    from facepatch.core.client import Client

    with Client.connect(name="facepatch stream") as client:
        request = client.submit("stream", stream_arguments(arguments), label=arguments.source)
        job = request.wait_for_job()
        console.say(f"Streaming as job {job}. Others may listen: facepatch watch {job[:8]}")
        with Viewer(arguments, console) as viewer:
            try:
                follow(client, request, viewer)
            except KeyboardInterrupt:
                client.cancel(job)
                raise JobCancelledError("Stopped; the stream has ended.") from None
            if not request.done:
                client.cancel(job)
    return 0


def stream_arguments(arguments: Arguments) -> dict[str, Any]:
    """The flags as the protocol has them; paths are made absolute here."""
    named = ":" in arguments.source and not Path(arguments.source).exists()
    # Left out where there is none: a server of before 1.1 knows no rig.
    rig = {"rig": str(arguments.rig.absolute())} if arguments.rig else {}
    return {
        "source": arguments.source if named else str(Path(arguments.source).absolute()),
        "models": str(arguments.model.absolute()),
        "rate": arguments.rate,
        "fps": arguments.fps,
        "loop": arguments.loop,
        "settings": parse_settings(arguments.set),
        **rig,
    }
