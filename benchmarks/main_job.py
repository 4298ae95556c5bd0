"""The main job on real films and characters: agreement, blinks, errors with a known answer, time and memory.

    python benchmarks/main_job.py --assets ../shared/assets --out /tmp/bench [--parts film pair speed] [--seeds 3]

Prints tables in Markdown and writes `main_job.json`. Parts that are done are kept in --out and not run again.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

os.environ.setdefault("GOMP_SPINCOUNT", "0")

import numpy as np

from facepatch.core.progress import Progress
from facepatch.evaluation.pairs import Comparison, PairJob, evaluate_pairs
from facepatch.metrics.agreement import agreement
from facepatch.pipelines.models import load_models
from facepatch.pipelines.outputs import mesh_measures
from facepatch.pipelines.prepare import train_rows
from facepatch.pipelines.retarget import calibrate, finish_clip, predict, read_calibration, without_channels
from facepatch.pipelines.run import Job, make_performance, retarget, run
from facepatch.pipelines.settings import RunSettings, read_settings
from facepatch.pipelines.store import Store
from memory import PeakMemory

MEASURES = ("mouth_open", "mouth_width", "eye_open_l", "eye_open_r", "brow")


def main() -> int:
    """Run the parts and print their tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--assets", type=Path, default=Path(os.environ.get("FACEPATCH_ASSETS", "../shared/assets"))
    )
    parser.add_argument("--out", type=Path, default=Path("bench"))
    parser.add_argument(
        "--parts", nargs="+", default=["film", "pair", "speed"], choices=["film", "pair", "speed"]
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--preset", default="preview")
    arguments = parser.parse_args()
    parts: dict[str, Callable[..., dict[str, Any]]] = {"film": film, "pair": pair, "speed": speed}
    kept = arguments.out / "main_job.json"
    results: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    results |= {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "preset": arguments.preset,
    }
    for part in arguments.parts:
        results[part] = parts[part](arguments)
        arguments.out.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(results, indent=1), encoding="utf-8")
    say(f"\n{results['date']}, {results['machine']}, preset {results['preset']}")
    return 0


def say(text: str) -> None:
    """One line of a table."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def machine() -> str:
    """What it ran on."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = [
            line.split(":", 1)[1].strip()
            for line in info.read_text().splitlines()
            if line.startswith("model name")
        ]
        name = names[0] if names else name
    return f"{name}, {os.cpu_count()} CPUs, Python {platform.python_version()}"


def progress(report: Progress) -> None:
    """A line on stderr now and then."""
    if report.done == report.total or report.done % 500 == 0:
        sys.stderr.write(f"{report.stage}: {report.done}/{report.total}\n")


def settings_for(arguments: argparse.Namespace, seed: int, **values: Any) -> RunSettings:
    """The preset with a seed."""
    return read_settings(arguments.preset, {"seed": seed, **values})


def films(assets: Path) -> Job:
    """franck on mh_bigeyes, with two captures."""
    captures = assets / "anim-livelinkface-csv"
    return Job(
        take=assets / "perf-fgnet-talking-face" / "franck.mp4",
        character=assets / "char-makehuman-stylised" / "mh_bigeyes.npz",
        motion=(captures / "alex_rom_3.csv", captures / "S07-001.csv"),
    )


def film(arguments: argparse.Namespace) -> dict[str, Any]:
    """Train on the first 80 % of franck, judge on the last 20 %; beside it the same networks without reenactment."""
    job = films(arguments.assets)
    rows: list[dict[str, Any]] = []
    for seed in range(arguments.seeds):
        settings = settings_for(arguments, seed, train_share=0.8)
        out = arguments.out / f"film-{seed}"
        started = time.monotonic()
        with PeakMemory() as memory:
            run(replace(job, side_by_side=seed == 0), settings, out, on_progress=progress)
        spent = time.monotonic() - started
        row = {
            "seed": seed,
            "seconds": round(spent, 1),
            "memory_mb": memory.peak_mb,
            **judged(job, settings, out),
        }
        row["timings"] = json.loads((out / "timings.json").read_text(encoding="utf-8"))
        rows.append(row)
    say(f"\ntraining, peak own memory: {max(row['memory_mb'] for row in rows):.0f} MB")
    say("\n| seed | variant | " + " | ".join(MEASURES) + " | shut l / r | open error l / r |")
    say("|---|---|" + "---|" * (len(MEASURES) + 2))
    for row in rows:
        for variant in ("product", "networks alone", "without RM"):
            found = row[variant]
            r = " | ".join(f"{found[name]:.3f}" for name in MEASURES)
            shut = " / ".join(f"{found[f'shut_{side}']:.2f}" for side in "lr")
            opened = " / ".join(f"{found[f'open_{side}']:.3f}" for side in "lr")
            say(f"| {row['seed']} | {variant} | {r} | {shut} | {opened} |")
    return {"seeds": rows}


def judged(job: Job, settings: RunSettings, out: Path) -> dict[str, dict[str, float]]:
    """Agreement on the frames that were not trained on, of the product, its networks alone, and without RM."""
    store = Store(out)
    performance = make_performance(job, settings, store)
    models, calibration = load_models(out / "models"), read_calibration(out / "models" / "calibration.json")
    take = performance.take
    raw = predict(performance, models, store=store)
    bare = replace(without_channels(settings.retarget), smoothing=0.0)
    to_patch = models.plan.frame_to_patch(
        performance.align(models.plan.performer_neutral, models.plan.settings.align_sigma)
    )
    unreenacted = np.concatenate(
        [models.read(p) for _, p in performance.patches(to_patch, models.plan.settings.size)]
    )
    own = calibrate(
        unreenacted, take, train_rows(performance, settings.train_share), models=models,
        character_mean=np.zeros(raw.shape[1], np.float32), settings=bare,
    )  # fmt: skip
    clips = {
        "product": finish_clip(raw, take, calibration, models=models, settings=settings.retarget),
        "networks alone": finish_clip(raw, take, calibration, models=models, settings=bare),
        "without RM": finish_clip(unreenacted, take, own, models=models, settings=bare),
    }
    rows = np.arange(round(settings.train_share * take.frame_count), take.frame_count)
    table: dict[str, dict[str, float]] = {}
    for name, clip in clips.items():
        _, measured, at_rest = mesh_measures(clip, models)
        found = agreement(
            take.measures.select(rows),
            measured.select(rows),
            character_open={side: at_rest[f"eye_open_{side}"] for side in ("l", "r")},
            valid=take.found[rows],
        )
        table[name] = {measure: found.measures[measure].r for measure in MEASURES}
        for side, blink in found.blinks.items():
            table[name][f"shut_{side}"] = -1.0 if blink.closed_recall is None else blink.closed_recall
            table[name][f"shut_frames_{side}"] = blink.closed_frames
            table[name][f"open_{side}"] = -1.0 if blink.open_error is None else blink.open_error
    return table


def pair(arguments: argparse.Namespace) -> dict[str, Any]:
    """facecap_head_generic to mh_bigeyes, S07-001 held out: three patches against one of the whole face, equal cost."""
    assets = arguments.assets
    captures = assets / "anim-livelinkface-csv"
    job = PairJob(
        source=assets / "char-facecap-heads" / "facecap_head_generic.npz",
        target=assets / "char-makehuman-stylised" / "mh_bigeyes.npz",
        motion=(captures / "alex_rom_3.csv",),
        held_out=(captures / "S07-001.csv",),
    )
    comparison = Comparison(methods=("product", "whole face"), budgets=("frames",), seeds=1)
    say("\n| method | row | mean mm | p95 mm | % IOD | fraction of mean expression | lids | lips |")
    say("|---|---|---|---|---|---|---|---|")
    results: dict[str, Any] = {}
    for one in evaluate_pairs([job], comparison, arguments.out / "pairs", on_progress=progress):
        results[one["method"]] = one["rows"]
        for row, found in one["rows"].items():
            e = found["all"]
            shares = " | ".join(
                f"{found[region]['fraction_of_mean_expression'] or 0:.3f}"
                for region in ("all", "lids", "lips")
            )
            say(
                f"| {one['method']} | {row} | {e['mean_mm']:.3f} | {e['p95_mm']:.3f} | {e['mean_percent_iod']:.2f} "
                f"| {shares} |"
            )
    return results


def speed(arguments: argparse.Namespace) -> dict[str, Any]:
    """Film to weights on another take, landmarks included, and how much memory it takes."""
    job = replace(films(arguments.assets), side_by_side=False)
    trained, out = arguments.out / "film-0", arguments.out / f"speed-{int(time.time())}"
    with PeakMemory() as memory:
        retarget(trained, job, out, on_progress=progress)
    seconds = json.loads((out / "timings.json").read_text(encoding="utf-8"))
    frames = 4800
    found = {
        "film to weights, frames/s": frames / (seconds["landmarks"] + seconds["retarget"]),
        "landmarks, frames/s": frames / seconds["landmarks"],
        "patches and networks, frames/s": frames / seconds["retarget"],
        "retargeting, peak memory, MB": memory.peak_mb,
    }
    for name, value in found.items():
        say(f"{name}: {value:.0f}")
    return found


if __name__ == "__main__":
    sys.exit(main())
