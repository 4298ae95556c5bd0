"""How each system's FFmpeg opens a camera, by its number or by its name."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

import av
import av.error

from facepatch.core.errors import InputError

VIDEO4LINUX = Path("/sys/class/video4linux")
DEVICES = Path("/dev")


@dataclass(frozen=True)
class CameraInput:
    """The arguments of av.open."""

    file: str
    format: str
    options: dict[str, str] = field(default_factory=dict[str, str])


def camera_input(camera: str, *, platform: str = sys.platform, rate: str = "") -> CameraInput:
    """The camera of a number, counting from 0, or of a name or a part of one. rate: frames per second to ask for.

    Raises InputError where there is none such, with the names of those there are.
    """
    options = {"framerate": rate} if rate else {}
    if platform == "win32":
        return CameraInput(f"video={_named(camera, _listed('dshow'))}", "dshow", options)
    if platform == "darwin":
        # Without a rate avfoundation asks for 29.97, which hardly a camera has.
        options.setdefault("framerate", "30")
        return CameraInput(f"{_named(camera, _listed('avfoundation'))}:none", "avfoundation", options)
    return CameraInput(_video4linux(camera), "v4l2", options)


def _video4linux(camera: str) -> str:
    names: dict[str, str] = {}
    for file in sorted(
        VIDEO4LINUX.glob("video*/name"), key=lambda file: int(file.parent.name.removeprefix("video"))
    ):
        # One camera has several nodes, the first of which gives the pictures.
        names.setdefault(file.read_text(encoding="utf-8", errors="replace").strip(), file.parent.name)
    if camera.isdigit():
        node = DEVICES / f"video{int(camera)}"
        if not node.exists():
            raise InputError(f"camera {camera}: there is no {node}. {_there_are(list(names))}")
        return str(node)
    return str(DEVICES / names[_named(camera, list(names))])


def _listed(kind: str) -> list[str]:
    """Names of the cameras that FFmpeg finds, in its order."""
    try:
        found = av.enumerate_input_devices(kind)
    except (av.error.FFmpegError, ValueError, OSError):
        return []
    return [one.description or one.name for one in found if "audio" not in (one.media_types or [])]


def _named(camera: str, names: list[str]) -> str:
    if camera.isdigit():
        if int(camera) < len(names):
            return names[int(camera)]
    else:
        wanted = camera.casefold()
        for matches in (
            [name for name in names if name.casefold() == wanted],
            [name for name in names if wanted in name.casefold()],
        ):
            if len(matches) == 1:
                return matches[0]
    raise InputError(f"camera {camera}: there is none such. {_there_are(names)}")


def _there_are(names: list[str]) -> str:
    if not names:
        return "No camera is found at all: plug one in, and allow this program to use it."
    return f"There are: {', '.join(f'{index} ({name})' for index, name in enumerate(names))}."
