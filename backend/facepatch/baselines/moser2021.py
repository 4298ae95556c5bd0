"""Moser et al. 2021, "Semi-supervised video-driven facial animation transfer for production" (ACM TOG 40(6)).

Image to image translation without labels gives performer and character a common code; a linear map, learned from the
character's own renders, goes from the code to the animation; at run time the performer's frame goes through the same
encoder and that map. The whole face is one image.

What is known (the full text could not be had; facts from its abstract, and from Choi et al. 2025 who compare with it):

- unsupervised common code, supervised linear map from the encoded *character* image to the coefficients [abstract];
- the autoencoder is the one of Choi et al.: one encoder, one decoder per identity [Choi 3.3], trained with the same
  random rotation, shift and scale of the input [Choi 3.3]; the regression reads the code, not an image [Choi 3.4].

What is open, and how it is settled here:

- Layers, code length, losses: those of `facepatch.reenactment` in the preset `paper` with one region, so that the
  two methods differ in patches and in what reads the weights, and in nothing else. Where its settings ask for a grey
  encoder, mean-image decoders, masks or partners, which are ours and not Moser's, they are switched off.
- The linear map: codes standardised on the character's frames, then ridge regression, its penalty chosen by
  cross-validation over contiguous blocks of frames; shuffled frames would put neighbours of the test frames into the
  training set. It learns from all frames of the motion, not augmented.
- Coefficients: the PCA weights that all methods here give.
- Initial weights: He's. With PyTorch's default such an autoencoder may sit on the mean image for ever. This favours
  the rival.
- Nothing of its solver onto the rig's shapes is reproduced: calibration and clean-up are the same for all methods.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from facepatch.core.axes import Axes, Float32, Float64, UInt8
from facepatch.core.errors import InputError
from facepatch.core.records import Record, read_record, write_record
from facepatch.core.schema import from_dict
from facepatch.reenactment.config import ReenactmentSettings
from facepatch.reenactment.model import ReenactmentModel
from facepatch.reenactment.train import ReenactmentTraining
from facepatch.training.checkpoint import load_into, read_model
from facepatch.training.data import PatchSet
from facepatch.training.precision import on_device

KIND = "facepatch.moser2021_regression"
VERSION = 1
REGIONS = ("face",)
BATCH = 128


@dataclass(frozen=True)
class RegressionSettings:
    """The linear map from codes to weights."""

    penalties: tuple[float, ...] = (1e-4, 1e-3, 1e-2, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 100.0)
    """Tried, per frame: the ridge is penalty x frames."""
    blocks: int = 5
    """Contiguous blocks of the cross-validation."""


@dataclass(frozen=True, eq=False)
class Regression:
    """weights = (code - mean) / scale @ matrix + intercept."""

    mean: Float32
    """(D,)"""
    scale: Float32
    """(D,)"""
    matrix: Float32
    """(D, M)"""
    intercept: Float32
    """(M,) cm"""
    penalty: float
    errors: tuple[float, ...]
    """Root mean square error of the weights on held-out blocks, cm, of each penalty tried."""

    def __call__(self, codes: Float32) -> Float32:
        """(B, D) -> (B, M)"""
        return ((codes - self.mean) / self.scale @ self.matrix + self.intercept).astype(np.float32)


def autoencoder_settings(settings: ReenactmentSettings) -> ReenactmentSettings:
    """`settings` without what Choi et al. and we have added since."""
    return replace(settings, grey_input=False, mean_image=False, pair_weight=0.0, mask_weight=0.0)


def autoencoder_training(
    settings: ReenactmentSettings, performer: PatchSet, character: PatchSet
) -> ReenactmentTraining:
    """The trainee of the autoencoder on whole-face images (T, 1, H, H, 3)."""
    return ReenactmentTraining(autoencoder_settings(settings), performer, character, regions=REGIONS)


def fit_regression(
    codes: Float32, weights: Float32, settings: RegressionSettings = RegressionSettings()
) -> Regression:
    """Ridge regression with the penalty that errs least on contiguous blocks which it has not seen.

    codes: (T, D) of the character's frames in order; weights: (T, M). Raises InputError for fewer than two frames per
    block.
    """
    check = Axes()
    found = check("codes", codes, "T D", np.float64)
    wanted = check("weights", weights, "T M", np.float64)
    if len(found) < 2 * settings.blocks:
        raise InputError(
            f"regression: {len(found)} frames do not make {settings.blocks} blocks of two or more. Give more frames."
        )
    mean, scale = found.mean(0), found.std(0)
    # A number of the code that never moves tells nothing, and must not become huge.
    scale[scale <= 1e-6 * np.abs(mean) + 1e-12] = 1.0
    standard = (found - mean) / scale
    squared = np.zeros(len(settings.penalties))
    for test in np.array_split(np.arange(len(found)), settings.blocks):
        train = np.setdiff1d(np.arange(len(found)), test)
        for index, solved in enumerate(_ridges(standard[train], wanted[train], settings.penalties)):
            squared[index] += ((solved[0][None] + standard[test] @ solved[1] - wanted[test]) ** 2).sum()
    penalty = settings.penalties[int(np.argmin(squared))]
    intercept, matrix = _ridges(standard, wanted, (penalty,))[0]
    return Regression(
        *(array.astype(np.float32) for array in (mean, scale, matrix, intercept)),
        penalty=penalty,
        errors=tuple(float(np.sqrt(value / wanted.size)) for value in squared),
    )


def _ridges(inputs: Float64, outputs: Float64, penalties: Sequence[float]) -> list[tuple[Float64, Float64]]:
    """Intercept (M,) and matrix (D, M) of each penalty, from one decomposition."""
    centre, level = inputs.mean(0), outputs.mean(0)
    moved = inputs - centre
    values, vectors = np.linalg.eigh(moved.T @ moved)
    turned = vectors.T @ (moved.T @ (outputs - level))
    solved: list[tuple[Float64, Float64]] = []
    for penalty in penalties:
        matrix = vectors @ (turned / (values.clip(0) + penalty * len(inputs))[:, None])
        solved.append((level - centre @ matrix, matrix))
    return solved


def write_regression(path: Path, regression: Regression) -> None:
    """Write as a record."""
    header = {
        "record": KIND,
        "version": VERSION,
        "penalty": regression.penalty,
        "errors": list(regression.errors),
    }
    names = ("mean", "scale", "matrix", "intercept")
    write_record(path, Record(header, {name: getattr(regression, name) for name in names}))


def read_regression(path: Path) -> Regression:
    """Read what `write_regression` wrote."""
    header, arrays = read_record(path, KIND, VERSION)
    return Regression(**arrays, penalty=float(header["penalty"]), errors=tuple(header["errors"]))


@dataclass(frozen=True, eq=False)
class Moser2021:
    """The trained method."""

    autoencoder: ReenactmentModel
    regression: Regression | None
    """None until it is fitted."""

    @torch.no_grad()
    def codes(self, images: UInt8) -> Float32:
        """(T, 1, H, H, 3), memory-mapped or not -> (T, D), in batches."""
        encoder = self.autoencoder.encoders[REGIONS[0]]
        device = next(encoder.parameters()).device
        found: list[Float32] = []
        for start in range(0, len(images), BATCH):
            block = torch.from_numpy(np.array(images[start : start + BATCH, 0])).to(device)
            found.append(encoder.code(block.permute(0, 3, 1, 2).float() / 255).float().cpu().numpy())  # pyright: ignore[reportCallIssue]
        return np.concatenate(found)

    def predict(self, patches: UInt8) -> tuple[UInt8, Float32]:
        """Performer images (B, 1, H, H, 3) -> the same, since no image of the character is made, and weights (B, M)."""
        return patches, self.read(patches)

    def read(self, patches: UInt8) -> Float32:
        """Images of either face (B, 1, H, H, 3) -> weights (B, M)."""
        assert self.regression is not None
        return self.regression(self.codes(patches))


def load_autoencoder(folder: Path, device: torch.device) -> ReenactmentModel:
    """The autoencoder that a training left in `folder`."""
    tensors, about = read_model(folder)
    model = ReenactmentModel(
        from_dict(ReenactmentSettings, about["settings"], "reenactment"),
        regions=REGIONS,
        size=int(about["size"]),
    )
    load_into(model, tensors, "", folder)
    return on_device(model, device).eval()
