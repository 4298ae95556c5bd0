"""The command `facepatch`: find the verb, read its flags, run it, and turn every ending into an exit code.

A verb is one module of this package, named in VERBS, with

    class Arguments(Common): ...                                  a frozen dataclass; tyro makes flags of it
    def run(arguments: Arguments, console: Console) -> int: ...   0 when all is well

`doctor` is the example to follow. A verb's module imports torch, mediapipe, OpenCV and everything else that is slow to
load inside `run`, so that `--help` answers at once. cli.job has the flags that verbs share, presets among them.

Exit codes: 0 done, 1 failed, 2 the command was wrong (flags, settings), 130 stopped by the user.
"""

from __future__ import annotations

import importlib
import logging
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol, cast

from facepatch import __version__
from facepatch.cli.console import Common, Console, ConsoleLog, open_console
from facepatch.core.errors import ConfigError, FacepatchError, JobCancelledError, UnknownNameError

DONE, FAILED, USAGE, CANCELLED = 0, 1, 2, 130


class Verb(NamedTuple):
    """Where a verb's code is, and its line in `facepatch --help`."""

    module: str
    summary: str


VERBS: dict[str, Verb] = {
    "run": Verb("facepatch.cli.run", "Film + character + motion -> animation, scenes, film and report."),
    "retarget": Verb("facepatch.cli.retarget", "Another take, with the models of an earlier run."),
    "demo": Verb(
        "facepatch.cli.demo", "The main job on a performer and a character that facepatch generates."
    ),
    "character": Verb("facepatch.cli.character", "Read a character; propose and draw its landmarks."),
    "landmarks": Verb("facepatch.cli.landmarks", "Find the landmarks of a film."),
    "patches": Verb("facepatch.cli.patches", "Make the training patches of performer and character."),
    "train": Verb("facepatch.cli.train", "Train the networks, and stop there."),
    "render": Verb("facepatch.cli.render", "A clip on its character, as a film."),
    "solve": Verb("facepatch.cli.solve", "A clip as curves of the controls of a rig."),
    "export": Verb("facepatch.cli.export", "A clip on its character, as .ma, .usdc and .csv."),
    "evaluate": Verb("facepatch.cli.evaluate", "Measure the method where the answer is known."),
    "serve": Verb("facepatch.cli.serve", "The server: takes jobs from other programs, keeps and does them."),
    "jobs": Verb("facepatch.cli.jobs", "What the server has to do: list, watch, cancel, remove."),
    "stream": Verb("facepatch.cli.stream", "A film or camera -> weights, frame by frame, by the server."),
    "watch": Verb("facepatch.cli.watch", "Listen to a stream, or look at a training: figures and pictures."),
    "maya": Verb(
        "facepatch.cli.maya", "Install the Maya module, for this user or on a shared drive; or remove it."
    ),
    "doctor": Verb(
        "facepatch.cli.doctor", "Say what is installed, what is missing, and what to do about it."
    ),
}
"""In the order of the help."""


class VerbModule(Protocol):
    """What main needs of a verb's module."""

    Arguments: type[Common]

    def run(self, arguments: Common, console: Console) -> int:
        """Do the work; 0 when all is well."""
        ...


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (default: the process's own) and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] in ("-h", "--help", "help"):
        sys.stdout.write(help_text())
        return DONE if words else USAGE
    if words[0] in ("-V", "--version"):
        sys.stdout.write(f"facepatch {__version__}\n")
        return DONE
    name = words[0]
    if name not in VERBS:
        error = UnknownNameError("verb", name, VERBS, "See: facepatch --help")
        open_console(Common(json="--json" in words)).error(error.code, str(error))
        return USAGE
    module = load(name)
    try:
        arguments = parse(module, name, words[1:])
    except FacepatchError as error:
        open_console(Common(json="--json" in words)).error(error.code, str(error))
        return USAGE
    return run(module, arguments)


def load(name: str) -> VerbModule:
    """The module of the verb `name`."""
    module: VerbModule = importlib.import_module(VERBS[name].module)  # pyright: ignore[reportAssignmentType]
    return module


def parse(module: VerbModule, name: str, words: Sequence[str]) -> Common:
    """The flags `words` as the verb's Arguments. Ends the process with code 2 where they are wrong."""
    import tyro

    arguments = tyro.cli(
        module.Arguments,
        args=list(words),
        prog=f"facepatch {name}",
        description=VERBS[name].summary,
        config=(tyro.conf.FlagCreatePairsOff,),
    )
    return cast(Common, arguments)


def run(module: VerbModule, arguments: Common) -> int:
    """Run a verb; say how it ended and return the exit code."""
    console = open_console(arguments)
    log = logging.getLogger("facepatch")
    handler = ConsoleLog(console)
    log.addHandler(handler)
    level = log.level
    log.setLevel(logging.DEBUG if arguments.debug else logging.WARNING)
    try:
        return module.run(arguments, console)
    except (KeyboardInterrupt, JobCancelledError) as stop:
        reason = str(stop) or "Stopped. What was finished is kept: the same command goes on from there."
        console.error("cancelled", reason)
        return CANCELLED
    except FacepatchError as error:
        console.error(error.code, str(error))
        if arguments.debug:
            traceback.print_exc()
        return USAGE if isinstance(error, ConfigError) else FAILED
    except Exception as error:  # noqa: BLE001  the last stop: whatever it is, the user gets a sentence
        kept = keep_trace(arguments)
        what = f"{type(error).__name__}: {error}".rstrip(": ")
        console.error("unexpected", f"facepatch failed where it should not ({what}). Report it with {kept}.")
        if arguments.debug:
            traceback.print_exc()
        return FAILED
    finally:
        console.close()
        log.removeHandler(handler)
        log.setLevel(level)


def keep_trace(arguments: Common) -> Path:
    """Write the trace of the exception at hand, in the output folder where there is one. Returns the file."""
    text = f"facepatch {__version__}, Python {sys.version}\n{arguments}\n\n{traceback.format_exc()}"
    out = getattr(arguments, "out", None)
    if isinstance(out, Path) and out.is_dir():
        path = out / "error.log"
        try:
            path.write_text(text, encoding="utf-8")
            return path
        except OSError:
            pass  # A full or read-only disk may be the very reason; the temporary folder is often elsewhere.
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", prefix="facepatch-", suffix=".log", delete=False
    ) as stream:
        stream.write(text)
    return Path(stream.name)


def help_text() -> str:
    """What `facepatch --help` prints."""
    width = max(len(name) for name in VERBS)
    lines = [
        "usage: facepatch VERB [...]       facepatch VERB --help       facepatch --version",
        "",
        "Turns a video of a performer's face into animation on your own character.",
        "",
        *(f"  {name:<{width}}  {verb.summary}" for name, verb in VERBS.items()),
        "",
        "Every verb takes --json (one object per line) and --debug (traces, and what the library logs).",
        "Exit codes: 0 done, 1 failed, 2 the command was wrong, 130 stopped.",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
