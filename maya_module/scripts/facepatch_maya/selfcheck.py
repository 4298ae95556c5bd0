"""Does facepatch work in this Maya? The host contract and every open question, with a verdict in about a minute.

    mayapy -m facepatch_maya.selfcheck [--json] [--out report.json] [--ma character.ma] [--usd character.usdc]

In Maya's window, `check()` does the same and more: what needs a window is asked there. It opens new scenes, so a scene
with unsaved changes is refused. Attach the JSON to an issue: it holds no names of scenes, users or folders of yours.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Optional

import facepatch
from facepatch.core.errors import FacepatchError, InputError
from facepatch.core.host_contract import CHECKS
from facepatch.core.progress import OnProgress, Progress, silent
from facepatch.core.records import write_text

KEPT, BROKEN, NOT_RUN = "yes", "no", "not run"

ALL_WELL, DIFFERS, UNUSABLE = 0, 1, 2
"""Exit codes."""

_LINES = 12
"""Of a traceback, that go into the report."""


@dataclass(frozen=True)
class Result:
    """One line of the report."""

    name: str
    group: str
    """"contract" or "question"."""
    verdict: str
    """"yes", "no" or "not run"."""
    evidence: str
    seconds: float


@dataclass(frozen=True)
class Report:
    """All of it."""

    environment: dict[str, str]
    results: tuple[Result, ...]

    @property
    def contract_holds(self) -> bool:
        """Whether everything that facepatch relies on, and that could be run, is as it should be."""
        return not any(one.group == "contract" and one.verdict == BROKEN for one in self.results)

    def to_json(self) -> str:
        """For an issue."""
        body = {"environment": self.environment, "contract_holds": self.contract_holds}
        return json.dumps({**body, "results": [asdict(one) for one in self.results]}, indent=1)

    def to_text(self) -> str:
        """For people."""
        lines = [f"{name}: {value}" for name, value in self.environment.items()]
        lines += [f"{one.verdict:8}{one.group:10}{one.name}: {one.evidence}" for one in self.results]
        counts = {
            verdict: sum(one.verdict == verdict for one in self.results)
            for verdict in (KEPT, BROKEN, NOT_RUN)
        }
        told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
        end = (
            "The contract holds." if self.contract_holds else "THE CONTRACT IS BROKEN: please open an issue."
        )
        return "\n".join([*lines, f"{told}. {end}"]) + "\n"


def check(
    *,
    maya_ascii: Optional[Path] = None,
    usd: Optional[Path] = None,
    only: str = "",
    on_progress: OnProgress = silent,
) -> Report:
    """Check this Maya. Opens new scenes.

    maya_ascii, usd: files of `facepatch run`, to be opened. only: a part of the names to be checked. Raises InputError
    where the open scene has unsaved changes.
    """
    from maya import cmds

    if cmds.file(query=True, modified=True) and not cmds.about(batch=True):
        raise InputError(
            "The scene has unsaved changes, and the self-check opens new ones. Save it, or open a new scene."
        )
    undo_was_on = bool(cmds.undoInfo(query=True, state=True))
    cmds.undoInfo(state=True)
    results: list[Result] = []
    todo = [one for one in _all(maya_ascii, usd) if only in one[1]]
    try:
        for group, name, run in todo:
            on_progress(Progress("self-check", len(results), len(todo), "checks", name))
            results.append(_timed(group, name, run))
    finally:
        cmds.file(new=True, force=True)
        cmds.undoInfo(state=undo_was_on)
    on_progress(Progress("self-check", len(results), len(todo), "checks"))
    return Report(environment(), tuple(results))


def environment() -> dict[str, str]:
    """Versions, as far as they matter."""
    import numpy as np
    from maya import cmds

    try:
        import zmq

        messages = zmq.pyzmq_version()
    except ImportError:
        messages = "missing"
    return {
        "facepatch": facepatch.__version__,
        "maya": str(cmds.about(installedVersion=True)),
        "batch": str(bool(cmds.about(batch=True))),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "pyzmq": messages,
        "qt": str(cmds.about(qtVersion=True)),
        "system": platform.platform(),
    }


def _all(
    maya_ascii: Optional[Path], usd: Optional[Path]
) -> Iterator[tuple[str, str, Callable[[], tuple[str, str]]]]:
    from facepatch_maya.contract_scene import MayaFixture
    from facepatch_maya.open_questions import QUESTIONS, Files

    fixture, files = MayaFixture(), Files(maya_ascii, usd)
    for one in CHECKS:
        yield "contract", one.name, lambda one=one: _keep(one, fixture)
    for question in QUESTIONS:
        yield "question", question.name, lambda question=question: _ask(question, files)


def _keep(one: Any, fixture: Any) -> tuple[str, str]:
    if not one.applies(fixture.host):
        lacking = ", ".join(sorted(one.needs - fixture.host.capabilities))
        return NOT_RUN, f"needs {lacking}: start it in Maya's window"
    one.run(fixture)
    return KEPT, "as promised"


def _ask(question: Any, files: Any) -> tuple[str, str]:
    from maya import cmds

    if question.needs_window and cmds.about(batch=True):
        return NOT_RUN, f"{question.text} Start it in Maya's window."
    cmds.file(new=True, force=True)
    answer = question.ask(files)
    return answer.verdict, f"{question.text} {answer.evidence}"


def _timed(group: str, name: str, run: Callable[[], tuple[str, str]]) -> Result:
    start = time.perf_counter()
    try:
        verdict, evidence = run()
    # What a check cannot foresee is what we are here to learn of; it must not keep the others from running.
    except (AssertionError, FacepatchError) as error:
        verdict, evidence = BROKEN, f"{type(error).__name__}: {error}"
    except Exception as error:  # noqa: BLE001
        shown = "".join(traceback.format_exception(type(error), error, error.__traceback__)[-_LINES:])
        verdict, evidence = BROKEN, shown.strip()
    evidence = evidence.replace(str(Path.home()), "~")
    return Result(name, group, verdict, evidence, round(time.perf_counter() - start, 3))


def main(words: Optional[Sequence[str]] = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="mayapy -m facepatch_maya.selfcheck", description="Does facepatch work in this Maya?"
    )
    parser.add_argument("--json", action="store_true", help="write JSON instead of text")
    parser.add_argument("--out", type=Path, help="write the JSON to this file as well")
    parser.add_argument("--ma", type=Path, help="a character.ma of facepatch run, to be opened")
    parser.add_argument("--usd", type=Path, help="a character.usdc of facepatch run, to be imported")
    parser.add_argument("--only", default="", help="only checks whose names contain this")
    arguments = parser.parse_args(words)
    report = check(maya_ascii=arguments.ma, usd=arguments.usd, only=arguments.only)
    if arguments.out is not None:
        write_text(arguments.out, report.to_json() + "\n")
    sys.stdout.write(report.to_json() + "\n" if arguments.json else report.to_text())
    return ALL_WELL if report.contract_holds else DIFFERS


def _in_mayapy() -> int:
    try:
        from maya import standalone
    except ImportError as error:
        sys.stderr.write(
            f"This is no Maya's Python ({error}). Run it with mayapy: mayapy -m facepatch_maya.selfcheck\n"
        )
        return UNUSABLE
    standalone.initialize(name="python")
    return main()


if __name__ == "__main__":
    code = _in_mayapy()
    sys.stdout.flush()
    sys.stderr.flush()
    # Maya often crashes while it closes, which would hide the verdict.
    os._exit(code)
