"""Measures of faces and of how well an animation follows a performance. NumPy in, plain numbers out."""

from facepatch.metrics.agreement import (
    Agreement,
    BlinkAgreement,
    BlinkEvents,
    EyeStates,
    MeasureAgreement,
    agreement,
    blink_agreement,
    blink_events,
    eye_states,
    pearson,
    runs,
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
from facepatch.metrics.lips import LipAgreement, LipStates, lip_agreement, lip_states
from facepatch.metrics.selection import (
    FrameChoice,
    MatchedSelection,
    SelectionSettings,
    farthest_points,
    matched_selection,
)
from facepatch.metrics.vertex_error import (
    RegionError,
    brow_regions,
    face_height,
    face_regions,
    inter_ocular,
    vertex_error,
)

__all__ = [
    "MEASURES",
    "Agreement",
    "AlignedFace",
    "BlinkAgreement",
    "BlinkEvents",
    "CoverageReport",
    "EyeStates",
    "FaceMeasures",
    "FeatureCoverage",
    "FrameChoice",
    "Jitter",
    "LipAgreement",
    "LipStates",
    "MatchedSelection",
    "MeasureAgreement",
    "RegionError",
    "SelectionSettings",
    "agreement",
    "align_face",
    "blink_agreement",
    "blink_events",
    "brow_regions",
    "coverage",
    "eye_states",
    "face_height",
    "face_measures",
    "face_regions",
    "farthest_points",
    "inter_ocular",
    "jitter",
    "lip_agreement",
    "lip_states",
    "matched_selection",
    "measures_from_curves",
    "pearson",
    "runs",
    "still_frames",
    "vertex_error",
]
