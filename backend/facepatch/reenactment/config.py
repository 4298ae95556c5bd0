"""Settings of the reenactment module."""

from __future__ import annotations

from dataclasses import dataclass, field

from facepatch.training.settings import AugmentSettings, LoopSettings


@dataclass(frozen=True)
class ReenactmentSettings:
    """Size, loss and training of the per-patch autoencoders. Choi et al. 2025, section 3.3; method 1.2, A12."""

    grey_input: bool = True
    """The encoder sees each patch as grey, freed of its mean and contrast: skin, light and make-up then tell the two
    domains apart less, and the code must carry the expression. False is the paper."""
    mean_image: bool = True
    """Each decoder starts from the mean patch of its domain and learns the change: no plateau, and rest meets rest.
    False is the paper."""
    encoder_channels: int = 48
    """Channels after the first of four halvings; they double with each."""
    latent: int = 256
    """Length of the code that performer and character share. Too short a code loses closed eyes."""
    decoder_channels: int = 32
    """Channels before the output; 2, 4 and 8 times as many at the coarser levels."""
    residual_blocks: int = 1
    """Residual blocks after each doubling of the decoder."""
    l1_weight: float = 10.0
    """Weight of the absolute difference of rebuilt and clean patch."""
    ssim_weight: float = 1.0
    """Weight of their structural dissimilarity, 1 - SSIM."""
    pair_weight: float = 0.5
    """Weight of rebuilding a partner frame of the character from the performer's patch (`reenactment.pairing`); 0 is
    the paper, which learns from unpaired frames alone."""
    mask_weight: float = 3.0
    """Extra L1 weight on lid margins and lip lines; 0 is the paper."""
    augment: AugmentSettings = field(default_factory=AugmentSettings)
    loop: LoopSettings = field(default_factory=LoopSettings)
