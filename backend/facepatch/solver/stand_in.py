"""A differentiable stand-in for a rig: controls -> reduced coordinates, learned from samples.

After Gustafson et al. 2020: only the start of a solve comes from here; the last steps are made on the rig itself
(`core.rig_refine`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from facepatch.core.axes import Bool, Float64
from facepatch.core.progress import OnProgress, Progress, silent

LEAK = 0.1
"""Slope of the network's units below zero."""
FRAMES = 256
"""Frames whose Jacobians are in memory at once."""


@dataclass(frozen=True)
class StandInSettings:
    """The network and its training."""

    hidden: int = 256
    """Units of each of the two hidden layers."""
    iterations: int = 1500
    """Of Adam, over all samples at once."""
    learning_rate: float = 2e-3
    """Falls to a hundredth along a half cosine."""
    newton_steps: int = 12
    """Of the start of each frame."""
    seed: int = 0
    """Of the first weights."""


class StandIn(nn.Module):
    """A linear part, taken from the samples that move one control, and a network for the rest of it."""

    linear: Tensor
    rest: Tensor
    scale: Tensor

    def __init__(self, linear: Tensor, rest: Tensor, scale: Tensor, hidden: int) -> None:
        super().__init__()
        controls, size = linear.shape
        self.register_buffer("linear", linear)
        self.register_buffer("rest", rest)
        self.register_buffer("scale", scale)
        self.network = nn.Sequential(
            nn.Linear(controls, hidden), nn.LeakyReLU(LEAK),
            nn.Linear(hidden, hidden), nn.LeakyReLU(LEAK),
            nn.Linear(hidden, size),
        )  # fmt: skip

    def forward(self, shares: Tensor) -> Tensor:
        """(B, C) shares -> (B, R) mm."""
        away = shares - self.rest
        curved = self.network(away) - self.network(torch.zeros_like(away[:1]))
        return away @ self.linear + curved * self.scale

    def jacobian(self, shares: Tensor) -> Tensor:
        """(B, C) shares -> (B, R, C) mm per range, written out: three matrices and two slopes."""
        out = shares - self.rest
        chain: Tensor | None = None
        for layer in self.network:
            if isinstance(layer, nn.Linear):
                chain = layer.weight.expand(len(out), -1, -1) if chain is None else layer.weight @ chain
            elif chain is not None:
                chain = torch.where(out > 0, 1.0, LEAK)[..., None] * chain
            out = layer(out)
        assert chain is not None
        return self.linear.T + self.scale[:, None] * chain


def learn_stand_in(
    shares: Float64,
    reduced: Float64,
    *,
    settings: StandInSettings | None = None,
    on_progress: OnProgress = silent,
) -> StandIn:
    """shares (S, C) of the samples, row 0 the defaults; reduced (S, R) mm, from the mesh of row 0."""
    settings = settings or StandInSettings()
    torch.manual_seed(settings.seed)
    inputs, outputs = (torch.as_tensor(a, dtype=torch.float32) for a in (shares, reduced - reduced[0]))
    linear = _one_at_a_time(shares, reduced)
    left = outputs - (inputs - inputs[:1]) @ linear
    scale = left.std(dim=0).clamp_min(1e-3)
    model = StandIn(linear, inputs[0], scale, settings.hidden)
    optimiser = torch.optim.Adam(model.network.parameters(), lr=settings.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(
        optimiser, settings.iterations, settings.learning_rate / 100
    )
    for iteration in range(settings.iterations):
        loss = ((model(inputs) - outputs) / scale.mean()).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if iteration % 50 == 49:
            on_progress(
                Progress(
                    "stand-in",
                    iteration + 1,
                    settings.iterations,
                    unit="iterations",
                    values={"loss": loss.item()},
                )
            )
    return model.eval()


def _one_at_a_time(shares: Float64, reduced: Float64) -> Tensor:
    """(C, R) mean motion per range of each control that was moved alone."""
    away = shares - shares[0]
    alone = (np.abs(away) > 0).sum(axis=1) == 1
    out = np.zeros((shares.shape[1], reduced.shape[1]))
    for c in range(shares.shape[1]):
        rows = alone & (np.abs(away[:, c]) > 0)
        if rows.any():
            out[c] = (away[rows, c] @ (reduced[rows] - reduced[0])) / (away[rows, c] ** 2).sum()
    return torch.as_tensor(out, dtype=torch.float32)


def start_with(
    model: StandIn,
    targets: Float64,
    *,
    free: Bool,
    sparsity: float,
    first: Float64 | None = None,
    settings: StandInSettings | None = None,
) -> Float64:
    """(T, C) shares whose stand-in meshes are near targets (T, R): damped Gauss-Newton, the same steps for all frames.

    first: (T, C) where to begin, by default at rest; controls that are not free stay there.
    """
    settings = settings or StandInSettings()
    found = [
        _newton(
            model,
            targets[at : at + FRAMES],
            None if first is None else first[at : at + FRAMES],
            free,
            sparsity,
            settings,
        )
        for at in range(0, len(targets), FRAMES)
    ]
    return np.concatenate(found)


def _newton(
    model: StandIn,
    targets: Float64,
    first: Float64 | None,
    free: Bool,
    sparsity: float,
    settings: StandInSettings,
) -> Float64:
    wanted = torch.as_tensor(targets, dtype=torch.float32)
    u = model.rest.expand(len(wanted), -1).clone()
    if first is not None:
        u = torch.as_tensor(first, dtype=torch.float32).clone()
    movable = torch.as_tensor(free, dtype=torch.float32)
    damping = torch.full((len(wanted), 1, 1), 1e-2)
    with torch.no_grad():
        cost = (wanted - model(u)).square().sum(1)
        for _ in range(settings.newton_steps):
            left = wanted - model(u)
            jacobian = model.jacobian(u) * movable
            hessian = jacobian.mT @ jacobian
            diagonal = torch.diagonal(hessian, dim1=1, dim2=2)
            ridge = damping[:, 0] * diagonal.clamp_min(1e-3 * float(diagonal.max())) + 0.5 * sparsity
            pull = (jacobian.mT @ left[..., None])[..., 0]
            step = torch.linalg.solve(hessian + torch.diag_embed(ridge), pull) * movable
            new = (u + step).clamp(0, 1)
            found = (wanted - model(new)).square().sum(1)
            better = found < cost
            u = torch.where(better[:, None], new, u)
            cost = torch.where(better, found, cost)
            damping = torch.where(better[:, None, None], damping / 3, damping * 5).clamp(1e-6, 1e4)
    return u.numpy().astype(np.float64)
