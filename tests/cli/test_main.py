"""cli.main: verbs, flags and exit codes."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, cast, get_args, get_origin

import pytest

from facepatch import __version__
from facepatch.cli import main as cli
from facepatch.cli.console import Common, Console
from facepatch.core.errors import ConfigError, FacepatchError, JobCancelledError, NoFaceError
from facepatch.core.progress import Progress, track

HEAVY = ("torch", "mediapipe", "cv2", "scipy", "numba", "av", "matplotlib", "onnxruntime", "pxr")


@dataclass(frozen=True, kw_only=True)
class Arguments(Common):
    """Flags of a verb that the tests make up."""

    out: Path = Path("out")
    frames: int = 3


def verb(run: Any) -> cli.VerbModule:
    return cast(cli.VerbModule, SimpleNamespace(Arguments=Arguments, run=run))


def raising(error: BaseException) -> cli.VerbModule:
    def run(arguments: Arguments, console: Console) -> int:
        raise error

    return verb(run)


def lines_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def in_a_fresh_process(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("name", list(cli.VERBS))
def test_reading_the_flags_of_a_verb_loads_nothing_heavy(name: str) -> None:
    code = (
        "import sys\n"
        "from facepatch.cli import main as cli\n"
        f"try: cli.main([{name!r}, '--help'])\n"
        "except SystemExit as end: assert end.code == 0, end.code\n"
        f"print('loaded:', *sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    assert in_a_fresh_process(code).splitlines()[-1] == "loaded:"


def test_help_loads_nothing_heavy_and_names_every_verb() -> None:
    code = (
        "import sys\n"
        "from facepatch.cli import main as cli\n"
        "assert cli.main(['--help']) == 0\n"
        f"print('loaded:', *sorted({{*{HEAVY!r}, 'tyro'}} & set(sys.modules)))"
    )
    printed = in_a_fresh_process(code)
    assert printed.splitlines()[-1] == "loaded:"
    for name, entry in cli.VERBS.items():
        assert f"{name} " in printed
        assert entry.summary in printed


@pytest.mark.parametrize("name", list(cli.VERBS))
def test_every_verb_follows_the_pattern(name: str) -> None:
    module = cli.load(name)
    # One class of flags, or one for each of several sub-commands.
    parts = get_args(module.Arguments) or (module.Arguments,)
    for flags in [get_args(part)[0] if get_origin(part) is Annotated else part for part in parts]:
        assert issubclass(flags, Common)
    assert callable(module.run)
    assert cli.VERBS[name].summary.endswith(".")


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"facepatch {__version__}\n"


def test_no_verb_prints_the_help_and_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 2
    assert "usage: facepatch VERB" in capsys.readouterr().out


def test_an_unknown_verb_is_a_usage_error_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doktor"]) == 2
    assert "facepatch: verb: there is no 'doktor'. Nearest: doctor." in capsys.readouterr().err


def test_an_unknown_flag_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(["doctor", "--owt", "here"])
    assert end.value.code == 2
    assert "--owt" in capsys.readouterr().err


def test_flags_become_the_arguments_of_the_verb() -> None:
    arguments = cli.parse(verb(None), "doctor", ["--frames", "7", "--json", "--out", "there"])
    assert arguments == Arguments(json=True, frames=7, out=Path("there"))


def test_what_a_verb_returns_is_the_exit_code() -> None:
    assert cli.run(verb(lambda arguments, console: 0), Arguments()) == 0
    assert cli.run(verb(lambda arguments, console: 1), Arguments()) == 1


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (NoFaceError("No face in 300 frames."), 1, "facepatch: No face in 300 frames."),
        (FacepatchError("It failed."), 1, "facepatch: It failed."),
        (ConfigError("settings: unknown key 'a'."), 2, "facepatch: settings: unknown key 'a'."),
        (JobCancelledError("Stopped at 40 %."), 130, "facepatch: Stopped at 40 %."),
        (KeyboardInterrupt(), 130, "facepatch: Stopped. What was finished is kept: the same command goes on"),
    ],
)
def test_every_ending_is_a_sentence_and_a_code(
    error: BaseException, code: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(raising(error), Arguments()) == code
    printed = capsys.readouterr()
    assert sentence in printed.err
    assert "Traceback" not in printed.err
    assert printed.out == ""


def test_with_json_an_error_is_an_object_with_its_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(raising(NoFaceError("No face.")), Arguments(json=True)) == 1
    assert lines_of(capsys.readouterr().out) == [
        {"event": "error", "code": "input.no_face", "message": "No face."}
    ]


def test_with_debug_the_trace_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    cli.run(raising(NoFaceError("No face.")), Arguments(debug=True))
    assert "Traceback" in capsys.readouterr().err


def test_an_error_of_our_own_leaves_its_trace_beside_the_results(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(raising(ZeroDivisionError("division by zero")), Arguments(out=tmp_path)) == 1
    printed = capsys.readouterr().err
    assert f"(ZeroDivisionError: division by zero). Report it with {tmp_path / 'error.log'}." in printed
    assert "Traceback" not in printed
    kept = (tmp_path / "error.log").read_text(encoding="utf-8")
    assert "Traceback" in kept
    assert f"facepatch {__version__}" in kept


def test_without_an_output_folder_the_trace_goes_to_the_temporary_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert cli.run(raising(ZeroDivisionError()), Arguments(out=tmp_path / "absent")) == 1
    (kept,) = tmp_path.glob("facepatch-*.log")
    assert str(kept) in capsys.readouterr().err


def test_warnings_of_the_library_reach_the_user_and_its_chatter_does_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def run(arguments: Arguments, console: Console) -> int:
        log = logging.getLogger("facepatch.landmarks")
        log.warning("12 frames have no face.")
        log.info("loading")
        return 0

    cli.run(verb(run), Arguments())
    assert capsys.readouterr().err == "12 frames have no face.\n"
    assert not logging.getLogger("facepatch").handlers


def test_with_debug_the_chatter_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    def run(arguments: Arguments, console: Console) -> int:
        logging.getLogger("facepatch.landmarks").info("loading")
        return 0

    cli.run(verb(run), Arguments(debug=True))
    assert capsys.readouterr().err == "info: loading\n"


def test_with_json_progress_and_results_are_objects_one_per_line(capsys: pytest.CaptureFixture[str]) -> None:
    def run(arguments: Arguments, console: Console) -> int:
        for _ in track(range(3), "patches", total=3, on_progress=console.progress):
            pass
        console.progress(Progress("train", 1, 2, "steps", values={"loss": float("nan")}))
        console.result("Done.", out=arguments.out)
        return 0

    assert cli.run(verb(run), Arguments(json=True)) == 0
    events = lines_of(capsys.readouterr().out)
    assert [event["event"] for event in events] == ["progress"] * (len(events) - 1) + ["result"]
    assert (events[0]["stage"], events[0]["done"], events[0]["total"]) == ("patches", 0, 3)
    assert events[-2]["values"] == {"loss": None}
    assert events[-1]["out"] == "out"


def test_ctrl_c_ends_the_process_with_130(tmp_path: Path) -> None:
    code = (
        "import _thread, signal, sys, threading\n"
        "from facepatch.cli import main as cli, doctor\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a parent may have it ignored
        "def run(arguments, console):\n"
        "    _thread.interrupt_main()\n"
        "    threading.Event().wait(30)\n"
        "    return 0\n"
        "doctor.run = run\n"
        "sys.exit(cli.main(['doctor']))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 130
    assert done.stderr == (
        "facepatch: Stopped. What was finished is kept: the same command goes on from there.\n"
    )
