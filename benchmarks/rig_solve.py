"""The rig solve against what else one would use: distance, sparsity, roughness, time.

    python benchmarks/rig_solve.py [--parts synthetic real live long] [--assets DIR] [--clip OUT RIG] [--pictures DIR]

Every solver gets the same targets: meshes of a known animation, through a PCA of 99.9 % of their variance, with 1 %
noise on its weights. Linear rivals know the shapes that one control drives alone; the differentiable one knows the
correctives as well. Those with sparsity and smoothness weigh them as facepatch does. Times are those of one thread
(OMP_NUM_THREADS=1).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import osqp
import piqp
import scipy.sparse
import torch
from scipy.optimize import lsq_linear, nnls

from facepatch.core.data.clip import Clip
from facepatch.core.data.mesh import Topology
from facepatch.core.data.pca import Pca
from facepatch.core.data.rig import Driver, Rig, RigControl, RigShape, rig_from_character
from facepatch.readers import read_character, read_motion
from facepatch.solver.live import LiveSolve
from facepatch.solver.reduce import Reduced, pca_target, reduce
from facepatch.solver.settings import SolveSettings
from facepatch.solver.trajectory import Wishes, solve
from memory import PeakMemory

NOISE = 0.01
ACTIVE = 0.01
ADAM_STEPS = 300


@dataclass(frozen=True, eq=False)
class Case:
    """A rig and an animation with a known answer."""

    name: str
    rig: Rig
    truth: np.ndarray
    pca: Pca
    weights: np.ndarray
    reduced: Reduced
    settings: SolveSettings
    """Sparsity and smoothness as our solve weighs them: its rivals that have such terms get the same."""


def case(name: str, rig: Rig, truth: np.ndarray, *, seed: int = 0) -> Case:
    """Targets of `truth` (T, C) through a noisy PCA."""
    rng = np.random.default_rng(seed)
    flat = rig.vertices(truth).reshape(len(truth), -1)
    mean = flat.mean(axis=0, dtype=np.float64)
    centred = (flat - mean).astype(np.float32)
    gram = centred @ centred.T
    values, left = np.linalg.eigh(gram.astype(np.float64))
    order = np.argsort(values)[::-1]
    share = np.cumsum(values[order]) / values.sum()
    keep = order[: int(np.searchsorted(share, 0.999)) + 1]
    basis = (left[:, keep].T @ centred) / np.sqrt(values[keep])[:, None]
    weights = centred @ basis.T
    weights = weights + NOISE * weights.std(axis=0) * rng.normal(size=weights.shape)
    variance = values[keep] / len(flat)
    pca = Pca(mean.astype(np.float32), basis.astype(np.float32), variance, float(values.sum() / len(flat)))
    reduced = reduce(rig, pca_target(pca, weights, rig))
    return Case(name, rig, truth, pca, weights, reduced, solve(rig, reduced, weights=weights).settings)


def synthetic(frames: int = 300, seed: int = 0) -> Case:
    """60 shapes of which three pairs are nearly the same, 120 products of two controls, 5,000 vertices."""
    rng = np.random.default_rng(seed)
    places = rng.uniform(-10, 10, (5000, 3)).astype(np.float32)

    def bump(size: float) -> np.ndarray:
        away = ((places - rng.uniform(-10, 10, 3)) ** 2).sum(axis=1)
        soft = np.exp(-away / (2 * rng.uniform(2, 4) ** 2))
        return (soft[:, None] * rng.normal(size=3) * size).astype(np.float32)

    deltas = [bump(1.0) for _ in range(60)]
    for pair in range(3):
        deltas[2 * pair + 1] = deltas[2 * pair] + bump(0.05)
    drivers: list[tuple[Driver, ...]] = [(Driver(c),) for c in range(60)]
    for _ in range(120):
        first, second = (int(c) for c in rng.choice(60, 2, replace=False))
        drivers.append((Driver(first), Driver(second)))
        deltas.append(bump(0.4))
    rig = Rig(
        "synthetic",
        tuple(RigControl(f"c{c}") for c in range(60)),
        places,
        Topology(len(places), np.full(1, 3, np.int32), np.arange(3, dtype=np.int32)),
        tuple(RigShape(f"s{i}", d) for i, d in enumerate(drivers)),
        np.stack(deltas),
    )
    return case("synthetic, 120 correctives", rig, performance(rng, frames, 60))


def performance(rng: np.random.Generator, frames: int, controls: int) -> np.ndarray:
    """(T, C): twelve mixtures of six controls that come and go, as expressions do; about 20 at a time."""
    at = np.arange(frames)
    out = np.zeros((frames, controls))
    for _ in range(max(12, frames // 20)):
        mixture = rng.choice(controls, 6, replace=False)
        ramp = np.clip(1 - np.abs(at - rng.uniform(0, frames)) / rng.uniform(15, 40), 0, 1)
        rise = ramp * ramp * (3 - 2 * ramp)
        for control in mixture:
            out[:, control] = np.maximum(out[:, control], rng.uniform(0.2, 0.9) * rise)
    return out


def real(assets: Path) -> Iterator[Case]:
    """Rigs of the assets, played by Live Link takes that judge nothing else."""
    takes = sorted((assets / "anim-livelinkface-csv").glob("*.csv"))
    take = next(path for path in takes if "S07" in path.name)
    for place in ("char-makehuman-stylised/mh_bigeyes.npz", "char-ict-facekit", "char-facecap-heads"):
        path = assets / place
        path = path if path.is_file() else next(iter(sorted(path.glob("*.npz"))))
        character = read_character(path)
        clip = read_motion(take, character)
        assert isinstance(clip, Clip)
        truth = np.clip(clip.weights[100:400].astype(np.float64), 0, 1)
        yield case(path.stem, rig_from_character(character), truth)


# --------------------------------------------------------------------------------------------------- rivals


def plain(of: Case) -> tuple[np.ndarray, np.ndarray]:
    """Matrix (R, C) of the shapes that one control drives alone, and targets (T, R)."""
    matrix = np.zeros((of.reduced.shapes.shape[1], len(of.rig.controls)))
    for shape, row in zip(of.rig.shapes, of.reduced.shapes, strict=True):
        if len(shape.drivers) == 1:
            matrix[:, shape.drivers[0].control] += row
    return matrix, of.reduced.targets(of.weights)


def least_squares_clamped(of: Case) -> np.ndarray:
    matrix, targets = plain(of)
    return np.clip(np.linalg.lstsq(matrix, targets.T, rcond=None)[0].T, 0, 1)


def bounded(of: Case) -> np.ndarray:
    matrix, targets = plain(of)
    return np.array([lsq_linear(matrix, row, (0, 1), method="bvls").x for row in targets])


def nonnegative(of: Case) -> np.ndarray:
    matrix, targets = plain(of)
    return np.clip([nnls(matrix, row)[0] for row in targets], 0, 1)


def with_piqp(of: Case) -> np.ndarray:
    matrix, targets = plain(of)
    count = matrix.shape[1]
    quadratic = 2 * matrix.T @ matrix + 1e-9 * np.eye(count)
    solver = piqp.DenseSolver()
    out = []
    for index, row in enumerate(targets):
        slope = -2 * matrix.T @ row + of.settings.sparsity / count
        if index == 0:
            solver.setup(quadratic, slope, None, None, None, None, None, np.zeros(count), np.ones(count))
        else:
            solver.update(c=slope)
        solver.solve()
        out.append(solver.result.x.copy())
    return np.array(out)


def with_osqp(of: Case) -> np.ndarray:
    matrix, targets = plain(of)
    count = matrix.shape[1]
    quadratic = scipy.sparse.csc_matrix(np.triu(2 * matrix.T @ matrix))
    solver = osqp.OSQP()
    out = []
    for index, row in enumerate(targets):
        slope = -2 * matrix.T @ row + of.settings.sparsity / count
        if index == 0:
            solver.setup(
                quadratic, slope, scipy.sparse.eye(count, format="csc"), np.zeros(count), np.ones(count),
                verbose=False, eps_abs=1e-5, eps_rel=1e-5, max_iter=20000,
            )  # fmt: skip
        else:
            solver.update(q=slope)
        out.append(solver.solve().x.copy())
    return np.array(out)


def differentiable(of: Case) -> np.ndarray:
    """Adam over all frames, correctives included, with our own objective; values through a clamp."""
    settings = of.settings
    shapes = torch.as_tensor(of.reduced.shapes)
    targets = torch.as_tensor(of.reduced.targets(of.weights))
    u = torch.full((len(targets), len(of.rig.controls)), 0.05, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.Adam([u], lr=0.03)
    for _ in range(ADAM_STEPS):
        inside = u.clamp(0, 1)
        weights = [torch.stack([inside[:, d.control] for d in s.drivers]).prod(dim=0) for s in of.rig.shapes]
        left = targets - torch.stack(weights, 1) @ shapes
        bend = inside[2:] - 2 * inside[1:-1] + inside[:-2]
        loss = (
            (left**2).sum()
            + settings.sparsity / u.shape[1] * inside.sum()
            + settings.smoothness * (bend**2).sum()
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        with torch.no_grad():
            u.clamp_(0, 1)
    return u.detach().numpy()


def ours(of: Case) -> np.ndarray:
    return solve(of.rig, of.reduced, weights=of.weights).controls


RIVALS: dict[str, Callable[[Case], np.ndarray]] = {
    "least squares, clamped": least_squares_clamped,
    "NNLS, clipped": nonnegative,
    "SciPy lsq_linear": bounded,
    "OSQP per frame": with_osqp,
    "PIQP per frame": with_piqp,
    f"Adam, {ADAM_STEPS} steps": differentiable,
    "facepatch": ours,
}


def judge(of: Case, found: np.ndarray) -> dict[str, float]:
    """Against the true meshes and controls."""
    error = 10 * np.concatenate(
        [
            np.linalg.norm(of.rig.vertices(found[i : i + 50]) - of.rig.vertices(of.truth[i : i + 50]), axis=2)
            for i in range(0, len(found), 50)
        ]
    )

    def bend(x: np.ndarray) -> float:
        return float((np.diff(x, 2, axis=0) ** 2).mean())

    active = (found > ACTIVE).sum(axis=1).mean() / (of.truth > ACTIVE).sum(axis=1).mean()
    return {
        "mean": float(error.mean()),
        "p95": float(np.percentile(error, 95)),
        "max": float(error.max()),
        "active": float(active),
        "controls": float(np.abs(found - of.truth).mean()),
        "rough": bend(found) / bend(of.truth),
        "outside": float(max(0.0, -found.min(), found.max() - 1)),
    }


def compare(of: Case) -> None:
    """One table."""
    ours(of)  # compiled code is loaded with the first call
    bound = 10 * np.linalg.norm(
        of.pca.vertices(of.weights.astype(np.float32)) - of.rig.vertices(of.truth), axis=2
    )
    active = (of.truth > ACTIVE).sum(axis=1).mean()
    print(
        f"\n{of.name}: {len(of.rig.neutral)} vertices, {len(of.rig.controls)} controls, {len(of.truth)} frames, "
        f"{len(of.pca.basis)} components; {active:.1f} controls active; the noisy PCA itself is off by "
        f"{bound.mean():.3f} mm"
    )
    columns = (
        "solver", "mean mm", "95 %", "largest", "active / true", "control error", "roughness / true", "outside",
        "ms/frame",
    )  # fmt: skip
    print(f"| {' | '.join(columns)} |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, solver in RIVALS.items():
        began = time.perf_counter()
        found = solver(of)
        spent = 1000 * (time.perf_counter() - began) / len(found)
        m = judge(of, found)
        print(
            f"| {name} | {m['mean']:.4f} | {m['p95']:.3f} | {m['max']:.2f} | {m['active']:.2f} | {m['controls']:.4f} | "
            f"{m['rough']:.2f} | {m['outside']:.0e} | {spent:.3f} |",
            flush=True,
        )


def live_figures() -> None:
    """Milliseconds of a frame, best of many."""
    for shapes, correctives in ((100, 0), (60, 120)):
        of = synthetic() if correctives else linear_case(shapes)
        solver = LiveSolve(of.rig, of.reduced)
        spent = []
        controls = []
        for row in of.weights:
            began = time.perf_counter()
            controls.append(solver.push(row))
            spent.append(1000 * (time.perf_counter() - began))
        m = judge(of, np.array(controls))
        print(
            f"live, {shapes} controls, {correctives} correctives: median {np.median(spent[20:]):.3f} ms, "
            f"best {min(spent[20:]):.3f} ms, mean error {m['mean']:.3f} mm, controls {m['controls']:.4f}"
        )


def linear_case(shapes: int) -> Case:
    """A rig without correctives."""
    of = synthetic()
    rng = np.random.default_rng(7)
    rows = rng.choice(180, shapes, replace=False)
    rig = Rig(
        "linear",
        tuple(RigControl(f"c{c}") for c in range(shapes)),
        of.rig.neutral,
        of.rig.topology,
        tuple(RigShape(f"s{i}", (Driver(i),)) for i in range(shapes)),
        of.rig.deltas[rows],
    )
    return case("linear", rig, performance(rng, 300, shapes))


def long_take() -> None:
    """10,000 frames: memory and time; then a control is held and the rest solved again."""
    of = synthetic(frames=1000)
    weights = np.tile(of.weights, (10, 1))
    solve(of.rig, of.reduced, weights=of.weights[:50])
    with PeakMemory(0.05) as memory:
        began = time.perf_counter()
        solve(of.rig, of.reduced, weights=weights)
        spent = time.perf_counter() - began
    print(
        f"10,000 frames: {1e-1 * spent:.3f} ms/frame, {memory.peak_mb - memory.before_mb:.0f} MB more than before"
    )
    first = solve(of.rig, of.reduced, weights=of.weights)
    began = time.perf_counter()
    held = Wishes(held={"c3": 0.5})
    solve(of.rig, of.reduced, weights=of.weights, settings=first.settings, start=first.controls, wishes=held)
    print(f"hold a control, solve the rest again, 1,000 frames: {time.perf_counter() - began:.2f} s")


def clip_figures(out: Path, rig_path: Path) -> None:
    """What a retargeted clip loses on its character's own controls."""
    import tempfile

    from facepatch.pipelines.solve import SolveJob, solve_clip

    with tempfile.TemporaryDirectory() as folder:
        solved = solve_clip(SolveJob(out, rig_path), SolveSettings(), Path(folder))
    for row in solved.report.regions:
        print(
            f"{row.name}: mean {row.mean_mm:.3f} mm, 95 % within {row.p95_mm:.3f} mm = "
            f"{100 * row.p95_share:.2f} % of face height"
        )
    print("\n".join(solved.report.sentences()))


def pictures(folder: Path) -> None:
    """What smoothness and sparsity do, on the synthetic rig: docs/images/rig_solve_*.png."""
    from matplotlib.figure import Figure

    of = synthetic()
    rough = solve(
        of.rig, of.reduced, weights=of.weights, settings=SolveSettings(smoothness=0.0, slack=0.0)
    ).controls
    control = int((np.diff(rough, 2, axis=0) ** 2).sum(axis=0).argmax())
    figure = Figure((10, 3.2), layout="constrained")
    axes = figure.subplots()
    axes.plot(of.truth[:, control], color="black", linewidth=3, alpha=0.25, label="what was animated")
    for smoothness, color in ((0.0, "tab:red"), (1.0, "tab:blue"), (100.0, "tab:green")):
        found = solve(
            of.rig, of.reduced, weights=of.weights, settings=SolveSettings(smoothness=smoothness, slack=0.0)
        )
        axes.plot(found.controls[:, control], color=color, linewidth=1.1, label=f"smoothness {smoothness:g}")
    axes.set(xlabel="frame", ylabel="control", xlim=(0, len(of.truth) - 1))
    axes.legend(frameon=False, ncols=4, fontsize=8)
    figure.savefig(folder / "rig_solve_smoothness.png", dpi=110)
    figure = Figure((10, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    values = (0.0, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
    found = [
        judge(
            of,
            solve(
                of.rig, of.reduced, weights=of.weights, settings=SolveSettings(sparsity=value, slack=0.0)
            ).controls,
        )
        for value in values
    ]
    at = np.maximum(values, 0.003)
    left.semilogx(at, [row["active"] for row in found], marker="o")
    left.axhline(1.0, color="black", alpha=0.25)
    left.set(xlabel="sparsity", ylabel="controls in use / animated")
    right.semilogx(at, [row["mean"] for row in found], marker="o", label="mesh, mm")
    right.semilogx(at, [10 * row["controls"] for row in found], marker="o", label="controls, x 10")
    right.set(xlabel="sparsity", ylabel="mean error")
    right.legend(frameon=False, fontsize=8)
    for axes in (left, right):
        axes.axvline(SolveSettings().sparsity, color="black", linestyle=":", alpha=0.5)
    figure.savefig(folder / "rig_solve_sparsity.png", dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", nargs="+", default=["synthetic", "real", "live", "long"])
    parser.add_argument("--assets", type=Path, default=Path("../shared/assets"))
    parser.add_argument("--clip", nargs=2, type=Path, metavar=("OUT", "RIG"))
    parser.add_argument(
        "--pictures", type=Path, help="write the pictures of the documentation here, and no more"
    )
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.pictures:
        pictures(arguments.pictures)
        return
    if "synthetic" in arguments.parts:
        compare(synthetic())
    if "real" in arguments.parts:
        for of in real(arguments.assets):
            compare(of)
    if "live" in arguments.parts:
        live_figures()
    if "long" in arguments.parts:
        long_take()
    if arguments.clip:
        clip_figures(*arguments.clip)


if __name__ == "__main__":
    main()
