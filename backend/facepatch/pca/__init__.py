"""Linear spaces of head shapes, fitted without holding all frames in memory."""

from facepatch.pca.choose import Choice, PcaSettings, choose_components
from facepatch.pca.fit import PcaFit, fit_pca, fit_pca_with_report
from facepatch.pca.sources import ArrayFrames, BlendshapeFrames, FrameBlocks, ShapeSource, character_frames

__all__ = [
    "ArrayFrames",
    "BlendshapeFrames",
    "Choice",
    "FrameBlocks",
    "PcaFit",
    "PcaSettings",
    "ShapeSource",
    "character_frames",
    "choose_components",
    "fit_pca",
    "fit_pca_with_report",
]
