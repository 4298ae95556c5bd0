"""`facepatch evaluate EXPERIMENT`: measure the method against its rivals and against itself; a page per experiment.

An experiment is a dataclass of flags with `work`, and one line in `Arguments`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from facepatch.cli.console import Console
from facepatch.cli.job import Output, name_files, parse_settings, use_all_cores
from facepatch.core.errors import ConfigError, InputError
from facepatch.core.rate import parse_rate

if TYPE_CHECKING:
    from facepatch.evaluation.page import Table
    from facepatch.evaluation.pairs import PairJob

MethodName = Literal["product", "paper", "kim2021", "moser2021", "whole face"]
"""`evaluation.methods.METHODS`, known without loading the networks."""
ALL: tuple[MethodName, ...] = ("product", "paper", "kim2021", "moser2021")
"""`evaluation.methods.COMPARED`."""


@dataclass(frozen=True, kw_only=True)
class Sized(Output):
    """What all experiments that train share."""

    size: Literal["preview", "paper"] = "preview"
    """preview: small networks, for CPUs. paper: the papers' own sizes and iterations, for a GPU."""
    set: tuple[str, ...] = ()
    """Single settings, put over those of every method: --set weights.loop.iterations=400"""

    def values(self) -> dict[str, Any]:
        """--set, nested."""
        return parse_settings(self.set)


@dataclass(frozen=True, kw_only=True)
class Repeated(Sized):
    """What all experiments share whose result is a mean over trainings."""

    seeds: int = 3
    """Runs of everything with other random choices. More can be added later to the same --out."""
    keep: bool = False
    """Leave patches and networks of finished results on disk."""

    def __post_init__(self) -> None:
        if self.seeds < 1:
            raise ConfigError(f"--seeds: {self.seeds} is no number of runs. Give 1 or more.")
        for name in ("seconds", "iterations"):
            value = getattr(self, name, None)
            if value is not None and not value > 0:
                raise ConfigError(
                    f"--{name}: {value:g} is no length of a training. Give more than 0, or leave it out."
                )


@dataclass(frozen=True, kw_only=True)
class OnPairs(Sized):
    """Experiments with a known answer: two characters that play the same captures."""

    pair: tyro.conf.UseAppendAction[tuple[tuple[Path, Path], ...]]
    """The character that plays the performer, and the one that is retargeted to. Give it several times for several."""
    motion: tuple[Path, ...]
    """Captures to train on (Live Link Face .csv and the like); they play on both characters."""
    held_out: tuple[Path, ...] = ()
    """Captures to judge on. None: the last fifth of the motion."""
    picks: tuple[Path, ...] = ()
    """Landmarks as picked by hand; hero.json belongs to hero.npz."""
    one_way: bool = False
    """Only from the first to the second of each pair; by default both ways."""

    def jobs(self) -> list[PairJob]:
        """Every direction of every pair."""
        from facepatch.evaluation.pair import PairJob, check_names

        if not self.pair:
            raise ConfigError("--pair: give two characters, as in --pair source.npz target.npz")
        check_names(path for both in self.pair for path in both)
        picks = by_character(self.picks, [path for both in self.pair for path in both])
        jobs = [
            PairJob(
                source, target, self.motion, self.held_out, source_picks=picks.get(source.stem),
                target_picks=picks.get(target.stem),
            )
            for source, target in self.pair
        ]  # fmt: skip
        return [way for job in jobs for way in ((job,) if self.one_way else (job, job.turned()))]


@dataclass(frozen=True, kw_only=True)
class Pairs(OnPairs, Repeated):
    """Character to character against the rivals (paper 4.3, Table 3)."""

    methods: tuple[MethodName, ...] = ALL
    budget: tuple[Literal["frames", "time"], ...] = ("frames", "time")
    """frames: every network sees as many frames as that of the method paper. time: all train for as many seconds."""
    iterations: int | None = None
    """Of the first network of the method paper, for the budget of frames. Default: those of the size."""
    seconds: float | None = None
    """For the budget of time. Default: what the product takes for its iterations on this machine."""

    def work(self, console: Console) -> None:
        """Train, judge, write."""
        from facepatch.evaluation.pair_page import write_pairs
        from facepatch.evaluation.pairs import Comparison, evaluate_pairs

        comparison = Comparison(
            methods=self.methods, size=self.size, budgets=self.budget, seeds=self.seeds, iterations=self.iterations,
            seconds=self.seconds, values=self.values(), keep=self.keep,
        )  # fmt: skip
        results = evaluate_pairs(
            self.jobs(),
            comparison,
            self.out,
            on_pair=lambda: write_pairs(self.out),
            on_progress=console.progress,
        )
        show(console, self.out, "pairs", write_pairs(self.out), results)


@dataclass(frozen=True, kw_only=True)
class Time(OnPairs):
    """Training and inference time of all methods in one run (paper 4.1, Table 2), on the data of the first pair."""

    methods: tuple[MethodName, ...] = ALL

    def work(self, console: Console) -> None:
        """Measure."""
        from facepatch.evaluation.speed import TimeTrial, evaluate_time, time_table

        trial = TimeTrial(methods=self.methods, size=self.size, values=self.values())
        results = evaluate_time(self.jobs()[0], trial, self.out, on_progress=console.progress)
        show(console, self.out, "time", [time_table(results)], results)


@dataclass(frozen=True, kw_only=True)
class Ablation(OnPairs, Repeated):
    """Variants of one method at equal time."""

    base: tuple[Literal["product", "paper"], ...] = ("product",)
    """What is varied."""
    seconds: float | None = None
    """Of training. Default: what the base takes for its iterations on this machine."""

    def vary(self, name: str, console: Console) -> None:
        """Run the ablation `name`."""
        from facepatch.evaluation import inputs, motion, patches, regions
        from facepatch.evaluation.ablation import Trials, ablation_tables

        evaluate, ablation = {
            "patches": (patches.evaluate_patches, patches.PATCHES),
            "input": (inputs.evaluate_inputs, inputs.INPUTS),
            "regions": (regions.evaluate_regions, regions.REGIONS),
            "motion": (motion.evaluate_motion, motion.STATISTICS),
        }[name]
        trials = Trials(
            size=self.size, seeds=self.seeds, bases=self.base, seconds=self.seconds, values=self.values(),
            keep=self.keep,
        )  # fmt: skip
        results = evaluate(self.jobs(), trials, self.out, on_progress=console.progress)
        show(console, self.out, name, ablation_tables(ablation, results), results)


@dataclass(frozen=True, kw_only=True)
class Patches(Ablation):
    """Local patches, one of the whole face, or both (paper 4.7)."""

    def work(self, console: Console) -> None:
        """Local, global, both."""
        self.vary("patches", console)


@dataclass(frozen=True, kw_only=True)
class Input(Ablation):
    """Weights read from the image or from the latent code (paper 3.4, Fig. 5)."""

    def work(self, console: Console) -> None:
        """Image, latent."""
        self.vary("input", console)


@dataclass(frozen=True, kw_only=True)
class Regions(Ablation):
    """Three patches or five."""

    def work(self, console: Console) -> None:
        """3, 5."""
        self.vary("regions", console)


@dataclass(frozen=True, kw_only=True)
class Motion(Ablation):
    """What it costs when the character's training motion is not like the performer's."""

    def work(self, console: Console) -> None:
        """Matched, generated, random."""
        self.vary("motion", console)


@dataclass(frozen=True, kw_only=True)
class Cyclic(Output):
    """Take -> character -> the performer's patches -> character: what drifts (paper 4.4). Trains nothing.

    Frames that the run was trained on are left out where it left any (train_share below 1)."""

    take: Annotated[Path, tyro.conf.Positional]
    """A film, or a character that acts as the performer."""
    trained: Path
    """The --out folder of a finished facepatch run with this performer."""
    take_motion: tuple[Path, ...] = ()
    """Motion of the take, where the take is a character."""
    take_picks: Path | None = None
    rate: str = ""
    """Frame rate of the take, where it does not say it itself."""
    frames: int = 600
    """How many frames are sent round, spread over them."""

    def work(self, console: Console) -> None:
        """Once round."""
        from facepatch.evaluation.cyclic import CYCLE, evaluate_cyclic
        from facepatch.evaluation.cyclic_page import cyclic_tables
        from facepatch.pipelines.run import Job

        job = Job(
            take=self.take, character=self.trained, take_motion=self.take_motion, take_picks=self.take_picks,
            rate=parse_rate(self.rate, "--rate"), side_by_side=False,
        )  # fmt: skip
        result = evaluate_cyclic(
            self.trained, job, self.out, frames=self.frames, on_progress=console.progress
        )
        show(console, self.out, "cyclic", cyclic_tables(result, cycle=CYCLE), [result])


@dataclass(frozen=True, kw_only=True)
class Film(Repeated):
    """Agreement of filmed performers with the characters that they drive, on frames not trained on."""

    performers: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Films."""
    characters: tuple[Path, ...] = ()
    motion: tuple[Path, ...] = ()
    """Motion of the characters. None: a generated range of motion."""
    picks: tuple[Path, ...] = ()
    """Landmarks of the characters as picked by hand; hero.json belongs to hero.npz."""
    trained: Path | None = None
    """Judge the models of this finished run, as it calibrates and finishes its clips, instead of training any."""
    methods: tuple[MethodName, ...] = ("product",)

    def work(self, console: Console) -> None:
        """Train on a part of each film, judge on the rest."""
        from facepatch.evaluation.film import FilmJob, evaluate_films
        from facepatch.evaluation.film_table import film_tables

        if bool(self.characters) == (self.trained is not None):
            raise ConfigError("film: give either --characters to train for, or --trained OUT.")
        given = [f"--{name}" for name in ("methods", "size", "set", "keep", "motion", "picks")
                 if getattr(self, name) != Film.__dataclass_fields__[name].default]  # fmt: skip
        if self.trained and given:
            raise ConfigError(
                f"film: {', '.join(given)}: of trainings, and --trained trains none. Leave one or the other out."
            )
        job = FilmJob(
            performers=self.performers, characters=self.characters, motion=self.motion,
            picks=by_character(self.picks, self.characters), trained=self.trained,
        )  # fmt: skip
        seeds = range(1 if self.trained else self.seeds)
        results = evaluate_films(
            job, self.out, size=self.size, seeds=seeds, methods=self.methods, values=self.values(),
            keep=self.keep, on_progress=console.progress,
        )  # fmt: skip
        show(console, self.out, "film", film_tables(results), results)


@dataclass(frozen=True, kw_only=True)
class Light(Repeated):
    """What another light costs, with and without colour augmentation (paper 4.6)."""

    performer: Annotated[Path, tyro.conf.Positional]
    """A film; its light is changed."""
    character: Path
    motion: tuple[Path, ...] = ()
    """Motion of the character. None: a generated range of motion."""
    picks: Path | None = None
    second_take: Path | None = None
    """A film of the same person on another day."""
    methods: tuple[MethodName, ...] = ("product",)

    def work(self, console: Console) -> None:
        """Train under one light, judge under others."""
        from facepatch.evaluation.film_table import light_tables
        from facepatch.evaluation.light import LightJob, evaluate_light

        job = LightJob(
            performer=self.performer, character=self.character, motion=self.motion, picks=self.picks,
            second_take=self.second_take,
        )  # fmt: skip
        results = evaluate_light(
            job, self.out, size=self.size, seeds=range(self.seeds), methods=self.methods, values=self.values(),
            keep=self.keep, on_progress=console.progress,
        )  # fmt: skip
        show(console, self.out, "light", light_tables(results), results)


Experiment = Pairs | Time | Cyclic | Light | Patches | Input | Regions | Film | Motion
Arguments = (
    Annotated[Pairs, tyro.conf.subcommand("pairs")]
    | Annotated[Time, tyro.conf.subcommand("time")]
    | Annotated[Cyclic, tyro.conf.subcommand("cyclic")]
    | Annotated[Light, tyro.conf.subcommand("light")]
    | Annotated[Patches, tyro.conf.subcommand("patches")]
    | Annotated[Input, tyro.conf.subcommand("input")]
    | Annotated[Regions, tyro.conf.subcommand("regions")]
    | Annotated[Film, tyro.conf.subcommand("film")]
    | Annotated[Motion, tyro.conf.subcommand("motion")]
)
"""The flags of `facepatch evaluate`, one experiment each."""


def run(arguments: Experiment, console: Console) -> int:
    """Do the experiment, or what is left of it."""
    use_all_cores()
    arguments.work(console)
    return 0


def by_character(picks: Iterable[Path], characters: Iterable[Path]) -> dict[str, Path]:
    """Picks files by the name of their character. Raises InputError for those of none."""
    named = {path.stem: path for path in picks}
    unused = set(named) - {path.stem for path in characters}
    if unused:
        raise InputError(
            f"--picks: no character is called {', '.join(sorted(unused))}. Name a picks file as its character."
        )
    return named


def show(
    console: Console, out: Path, name: str, tables: Iterable[Table], results: Iterable[dict[str, Any]]
) -> None:
    """The tables, then the files to open."""
    console.result("\n\n".join(table.text() for table in tables), experiment=name, results=list(results))
    names = {f"{name}.html": "tables and pictures", f"results/{name}": "a JSON file per result"}
    name_files(console, out, names)
