"""A small report with something in every section."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from facepatch.report.data import (
    Agreement,
    Blink,
    Coverage,
    Curve,
    Figure,
    Jitter,
    PatchRow,
    Quality,
    ReportData,
)


def picture(value: int, height: int = 24, width: int = 32) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


@pytest.fixture
def data() -> ReportData:
    """Everything as it should be: the verdict is good."""
    rng = np.random.default_rng(0)
    opening = rng.random(600).astype(np.float32)
    return ReportData(
        title="take 7 → Bob",
        take="take7.mp4",
        character="Bob",
        when="2025-11-20 12:00 UTC",
        frame_count=600,
        rate=(24000, 1001),
        start_frame=1001,
        held_out_start=480,
        versions={"facepatch": "0.1.0", "torch": "2.13.0"},
        settings={"seed": 7, "weights": {"dropout": 0.1, "layers": [1, 2]}},
        timings={"landmarks": 12.5, "training": 100.25},
        rates={"retargeting, frames/s": 84.125},
        files={"character.ma": "open it in Maya"},
        film_strip=(Figure(picture(10), "frame 1001"), Figure(picture(200), "frame 1201")),
        patches=(PatchRow("eye_r", 5, picture(50), picture(60), None),),
        overlays=(Figure(picture(90), "landmarks on frame 1001"),),
        agreement=(
            Agreement("mouth opening", opening, opening * 3, 0.95, 0.991, 0.973, 480, 120),
            Agreement("brow height", opening[::-1].copy(), opening, 0.7, 0.81, 0.7254321, 480, 120),
        ),
        blinks=(Blink("left", 40, 0.95, 500, 0.05), Blink("right", 41, 0.92, 510, 0.0625)),
        coverage=(Coverage("mouth width", 0.875, "Covered."),),
        jitter=Jitter(312, 0.052, 0.131, "eye_l_upper_mid"),
        training={"loss": Curve(np.arange(5), np.array([1.0, 0.5, 0.2, 0.1, 0.09]))},
        quality={
            "reenactment": Quality(
                "How far the character follows.",
                Curve(np.array([100, 200, 300]), np.array([0.4, 0.9312, 0.91])),
                200,
                {"mouth opening": 0.9712, "brow height": 0.75},
                "Best after 200 of 300 iterations (quality .93).",
            )
        },
        metrics={"PCA error at the lids, mm": 0.0213},
        no_face=(3, 4, 5, 9),
        held=(3, 4),
    )


@pytest.fixture
def changed():
    """`dataclasses.replace`."""
    return replace
