"""Many shots without a window: open each scene, retarget its take, bake, save.

    mayapy -m facepatch_maya.batch SHOTLIST

Takes are retargeted by the service, which works ahead while scenes are opened and saved here. A shot that fails is
written down with its reason, and the next one goes on. Run again, shots that are done stay as they are, and the rest is
tried anew; `--again` does all of them. The list is described in facepatch.core.shots.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Optional

from facepatch.core.errors import FacepatchError, HostError, InputError, JobCancelledError
from facepatch.core.host import Applied
from facepatch.core.progress import OnProgress, silent
from facepatch.core.shots import (
    DONE,
    FAILED,
    Shot,
    ShotResult,
    append_result,
    read_results,
    read_shots,
    results_path,
)
from facepatch_maya.backend import Backend
from facepatch_maya.job_view import JobView

log = logging.getLogger(__name__)

Say = Callable[[str], None]

ALL_DONE, SOME_FAILED, UNUSABLE, STOPPED = 0, 1, 2, 130
"""Exit codes."""

_SUFFIXES = {".ma": "mayaAscii", ".mb": "mayaBinary"}


def main(words: Optional[Sequence[str]] = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="mayapy -m facepatch_maya.batch", description="Retarget, bake and save a list of shots."
    )
    parser.add_argument("shots", type=Path, help="the list, .csv or .jsonl; see docs/maya.md")
    parser.add_argument("--only", nargs="*", default=(), metavar="NAME", help="only the shots of these names")
    parser.add_argument("--again", action="store_true", help="do shots again that are done")
    arguments = parser.parse_args(words)
    try:
        shots = chosen(read_shots(arguments.shots), arguments.only)
    except FacepatchError as error:
        say(str(error))
        return UNUSABLE
    start_maya()
    try:
        results = run_shots(shots, results_path(arguments.shots), again=arguments.again, say=say)
    except (KeyboardInterrupt, JobCancelledError):
        say("Stopped. The same command goes on from here.")
        return STOPPED
    except FacepatchError as error:
        say(str(error))
        return UNUSABLE
    failed = [result.name for result in results if result.state == FAILED]
    told = f"{len(failed)} failed: {', '.join(failed)}" if failed else "none failed"
    say(
        f"{len(results) - len(failed)} of {len(results)} shots are done, {told}. {results_path(arguments.shots)}"
    )
    return SOME_FAILED if failed else ALL_DONE


def say(line: str) -> None:
    """One line for whoever reads the log."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def chosen(shots: Sequence[Shot], names: Sequence[str]) -> list[Shot]:
    """The shots of these names, all of them where none is given. Raises InputError for a name that is not there."""
    for name in names:
        if all(shot.name != name for shot in shots):
            raise InputError(
                f"There is no shot '{name}' in the list. It has: {', '.join(shot.name for shot in shots)}."
            )
    return [shot for shot in shots if not names or shot.name in names]


def start_maya() -> None:
    """mayapy has no scene before this. Inside a Maya that runs, nothing happens."""
    try:
        from maya import standalone
    except ImportError as error:
        raise HostError(
            f"This is no Maya's Python ({error}). Run it with mayapy: mayapy -m facepatch_maya.batch SHOTLIST"
        ) from error
    with suppress(RuntimeError):
        standalone.initialize(name="python")


def run_shots(
    shots: Sequence[Shot],
    results: Path,
    *,
    again: bool = False,
    backend: Optional[Backend] = None,
    say: Say = say,
    on_progress: OnProgress = silent,
) -> list[ShotResult]:
    """Do the shots that are not done yet, in their order. Returns the result of each.

    results: the file that they are written to, and read from. backend: None to find or start a service.
    on_progress: where it raises JobCancelledError, everything stops; what is done is kept.
    """
    before = {} if again else read_results(results)
    kept = {shot.key: before[shot.key] for shot in shots if _is_done(shot, before.get(shot.key))}
    waiting = [shot for shot in shots if shot.key not in kept]
    for result in kept.values():
        say(f"{result.name}: done before, {result.save_as}")
    service = backend or Backend()
    views: dict[str, JobView] = {}
    try:
        if waiting:
            service.connect(start=True, roots=_roots(waiting))
            # All at once: the service goes on with the next while a scene is saved here.
            views = {shot.key: _begin(service, shot) for shot in waiting if _is_there(shot)}
        for shot in waiting:
            kept[shot.key] = _do(service, shot, views.get(shot.key), on_progress)
            append_result(results, kept[shot.key])
            say(_line(kept[shot.key]))
    finally:
        for view in views.values():
            if not view.ended:
                service.cancel(view)
        if backend is None:
            with suppress(FacepatchError):
                service.pump()
            service.close()
    return [kept[shot.key] for shot in shots]


def _is_done(shot: Shot, result: Optional[ShotResult]) -> bool:
    return result is not None and result.state == DONE and shot.save_as.is_file()


def _is_there(shot: Shot) -> bool:
    return shot.scene.is_file() and all(
        place.exists() for place in (shot.take, shot.models, shot.rig) if place
    )


def _roots(shots: Sequence[Shot]) -> list[Path]:
    from facepatch_maya.steps import roots_of

    return roots_of(*(place for shot in shots for place in (shot.take, shot.models, shot.out, shot.rig)))


def _begin(service: Backend, shot: Shot) -> JobView:
    from facepatch_maya.steps import begin_retarget

    return begin_retarget(service, shot.models, shot.take, out=shot.out, film=False, label=shot.name)


def _do(service: Backend, shot: Shot, view: Optional[JobView], on_progress: OnProgress) -> ShotResult:
    """One shot, whatever becomes of it."""
    begun = time.monotonic()
    code, sentence = "", ""
    applied = Applied(0, (), ())
    try:
        if view is None:
            raise InputError(_missing(shot))
        service.wait(view, on_progress=on_progress)
        applied = apply_to_scene(shot, service=service, on_progress=on_progress)
    except FacepatchError as error:
        # A job that somebody cancelled in the service is one shot; a stop of `on_progress` is all of them.
        if isinstance(error, JobCancelledError) and (view is None or view.failure is not error):
            raise
        code, sentence = error.code, str(error)
    except Exception as error:
        # Whatever a scene does, the other shots go on.
        log.exception("shot %s", shot.name)
        code, sentence = "unexpected", f"{type(error).__name__}: {error}".strip()
    return ShotResult(
        key=shot.key,
        name=shot.name,
        state=FAILED if code else DONE,
        save_as="" if code else str(shot.save_as),
        keys=0 if code else applied.keys,
        left_alone=[f"{left.name}: {left.reason}" for left in applied.left_alone],
        seconds=round(time.monotonic() - begun, 2),
        code=code,
        error=sentence,
    )


def _missing(shot: Shot) -> str:
    for name in ("scene", "take", "models", "rig"):
        place = getattr(shot, name)
        if place is not None and not place.exists():
            return f"line {shot.line}, column {name}: {place} does not exist. Correct the list."
    return f"line {shot.line}, column scene: {shot.scene} is no file. Correct the list."


def apply_to_scene(
    shot: Shot, *, service: Optional[Backend] = None, on_progress: OnProgress = silent
) -> Applied:
    """Open the scene, bake the clip that lies in `shot.out`, and save it under its new name.

    A shot with a rig is solved for its controls first, by the service, between opening and baking.

    Raises HostError where Maya cannot open or save it, or where no attribute took keys.
    """
    from maya import cmds

    from facepatch_maya import steps

    kind = _SUFFIXES.get(shot.save_as.suffix.lower())
    if kind is None:
        raise InputError(f"{shot.save_as}: has to end in .ma or .mb.")
    try:
        cmds.file(shot.scene.as_posix(), open=True, force=True, prompt=False, ignoreVersion=True)
    except RuntimeError as error:
        raise HostError(f"{shot.scene}: cannot be opened ({str(error).strip()}).") from error
    if shot.rig is not None:
        applied = _solve_in_scene(shot, service, on_progress)
    else:
        applied = steps.bake(
            shot.out / "clip.npz",
            shot.target,
            start_frame=shot.start_frame,
            layer=shot.layer,
            tolerance=shot.tolerance,
        )
    if not applied.keys:
        reasons = " ".join(f"{left.name}: {left.reason}" for left in applied.left_alone[:3])
        raise HostError(f"{shot.target}: no attribute took keys. {reasons}".strip())
    shot.save_as.parent.mkdir(parents=True, exist_ok=True)
    try:
        cmds.file(rename=shot.save_as.as_posix())
        cmds.file(save=True, force=True, type=kind)
    except RuntimeError as error:
        raise HostError(f"{shot.save_as}: cannot be saved ({str(error).strip()}).") from error
    return applied


def _solve_in_scene(shot: Shot, service: Optional[Backend], on_progress: OnProgress) -> Applied:
    from facepatch_maya import steps

    assert shot.rig is not None
    where: dict[str, Any] = {"start_frame": shot.start_frame, "namespace": shot.target}
    # The column's tolerance is in weights; on controls it is a share of their ranges.
    thin: dict[str, Any] = {"key_tolerance": shot.tolerance} if shot.tolerance else {}
    out = shot.out / "controls"
    clip = shot.out / "clip.npz"
    steps.solve(clip, shot.rig, out=out, backend=service, on_progress=on_progress, **where, **thin)
    return steps.bake_controls(out, rig=shot.rig, layer=shot.layer, **where, **thin)


def _line(result: ShotResult) -> str:
    if result.state == FAILED:
        return f"{result.name}: FAILED, {result.error}"
    alone = f", {len(result.left_alone)} left alone" if result.left_alone else ""
    return f"{result.name}: done, {result.keys} keys{alone}, {result.seconds:.1f} s, {result.save_as}"


def leave(code: int) -> None:
    """End the process. Maya's own way out crashes often enough to change the exit code."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    leave(main())
