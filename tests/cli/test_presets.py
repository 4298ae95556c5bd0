"""cli.presets: defaults < preset < flags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, cast

import pytest
import tyro

from facepatch.cli import main as cli
from facepatch.cli import presets
from facepatch.cli.console import Common, Console
from facepatch.cli.presets import chosen, preset_names, read_preset
from facepatch.core.errors import ConfigError, UnknownNameError
from facepatch.core.schema import merged


@dataclass(frozen=True)
class Settings:
    """Settings of a method."""

    iterations: int = 50_000
    """Steps of training."""
    rate: float = 5e-5


@dataclass(frozen=True, kw_only=True)
class Arguments(Common):
    """Flags of a verb with a preset."""

    take: Annotated[Path, tyro.conf.Positional]
    """The film."""
    motion: tuple[Path, ...] = ()
    preset: str = "preview"
    settings: Settings = field(default_factory=Settings)


def defaults(words: Sequence[str]) -> Arguments:
    settings = merged(Settings(), read_preset(chosen(words, "preview")), "preset")
    return Arguments(take=tyro.MISSING, settings=settings)


def run(arguments: Arguments, console: Console) -> int:
    console.result(f"{arguments.settings.iterations} {arguments.settings.rate} {arguments.take}")
    return 0


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch) -> None:
    """A verb `work` with presets."""
    module = SimpleNamespace(Arguments=Arguments, run=run, defaults=defaults)
    monkeypatch.setitem(cli.VERBS, "work", cli.Verb("facepatch.cli.work", "Work."))
    monkeypatch.setattr(cli, "load", lambda name: cast(cli.VerbModule, module))


@pytest.fixture
def quick(tmp_path: Path) -> str:
    path = tmp_path / "quick.toml"
    path.write_text("iterations = 100\n")
    return str(path)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ([], "preview"),
        (["a.mp4", "--preset", "full"], "full"),
        (["--preset=paper", "a.mp4"], "paper"),
        (["a.mp4", "--preset"], "preview"),
    ],
)
def test_the_preset_is_found_among_the_flags(words: list[str], name: str) -> None:
    assert chosen(words, "preview") == name


@pytest.mark.usefixtures("verb")
def test_flags_beat_the_preset_which_beats_the_defaults(
    quick: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["work", "a.mp4", "--preset", quick]) == 0
    assert cli.main(["work", "a.mp4", "--preset", quick, "--settings.iterations", "7"]) == 0
    assert capsys.readouterr().out.splitlines() == ["100 5e-05 a.mp4", "7 5e-05 a.mp4"]


@pytest.mark.usefixtures("verb")
def test_a_preset_that_is_not_there_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["work", "a.mp4", "--preset", "fulll"]) == 2
    assert "facepatch: preset: there is no 'fulll'" in capsys.readouterr().err


@pytest.mark.usefixtures("verb")
def test_an_unknown_key_in_a_preset_is_a_usage_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.toml").write_text("iteratoins = 100\n")
    assert cli.main(["work", "a.mp4", "--preset", str(tmp_path / "bad.toml")]) == 2
    assert "preset: unknown key 'iteratoins'. Did you mean 'iterations'?" in capsys.readouterr().err


@pytest.mark.usefixtures("verb")
def test_what_has_no_default_stays_required(quick: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(["work", "--preset", quick])
    assert end.value.code == 2
    assert "PATH" in capsys.readouterr().err


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("iterations: 100\n")
    with pytest.raises(ConfigError, match=r"bad\.toml: is no TOML"):
        read_preset(str(tmp_path / "bad.toml"))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.toml: cannot be read \(No such file"):
        read_preset(str(tmp_path / "gone.toml"))


def test_an_unknown_preset_names_the_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presets, "preset_names", lambda: ("full", "paper", "preview"))
    with pytest.raises(UnknownNameError, match=r"there is no 'preveiw'\. Nearest: preview"):
        read_preset("preveiw")


def test_every_preset_that_comes_along_can_be_read() -> None:
    for name in preset_names():
        assert read_preset(name)
