"""Measures of faces and of how well an animation follows a performance. NumPy in, plain numbers out."""

from facepatch.metrics.agreement import (
    Agreement,
    BlinkAgreement,
    EyeStates,
    MeasureAgreement,
    agreement,
    blink_agreement,
    eye_states,
    pearson,
)
from facepatch.metrics.coverage import CoverageReport, FeatureCoverage, coverage
from facepatch.metrics.face_measures import (
    MEASURES,
    AlignedFace,
    FaceMeasures,
    align_face,
    face_measures,
    measures_from_curves,
)
from facepatch.metrics.jitter import Jitter, jitter, still_frames
from facepatch.metrics.selection import (
    FrameChoice,
    MatchedSelection,
    SelectionSettings,
    farthest_points,
    matched_selection,
)
from facepatch.metrics.vertex_error import RegionError, face_height, face_regions, inter_ocular, vertex_error

__all__ = [
    "MEASURES",
    "Agreement",
    "AlignedFace",
    "BlinkAgreement",
    "CoverageReport",
    "EyeStates",
    "FaceMeasures",
    "FeatureCoverage",
    "FrameChoice",
    "Jitter",
    "MatchedSelection",
    "MeasureAgreement",
    "RegionError",
    "SelectionSettings",
    "agreement",
    "align_face",
    "blink_agreement",
    "coverage",
    "eye_states",
    "face_height",
    "face_measures",
    "face_regions",
    "farthest_points",
    "inter_ocular",
    "jitter",
    "matched_selection",
    "measures_from_curves",
    "pearson",
    "still_frames",
    "vertex_error",
]
