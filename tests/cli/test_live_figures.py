"""cli.live_figures: rate, latency and gaps as a listener counts them."""

from __future__ import annotations

import numpy as np
import pytest

from facepatch.cli.live_figures import Listener
from facepatch.core.data.clip import NO_FACE
from facepatch.core.protocol.messages import Frame


def frame(seq: int, *, sent_s: float = 0.0, dropped: int = 0, flags: int = 0) -> Frame:
    return Frame(
        frame=seq + dropped, frame_seq=seq, weights=np.zeros(3, np.float32), head_pose=np.eye(4),
        captured_s=sent_s - 0.02, decoded_s=sent_s - 0.01, sent_s=sent_s, dropped=dropped, flags=flags,
    )  # fmt: skip


def test_rate_latency_and_gaps_of_a_second() -> None:
    listener = Listener(100.0)
    for seq in (0, 1, 4, 5):
        listener.take(frame(seq, sent_s=50.0 + seq, dropped=seq // 4, flags=NO_FACE if seq == 5 else 0),
                      wall_s=50.003 + seq)  # fmt: skip
    assert listener.due(100.9) is None
    figures = listener.due(102.0)
    assert figures is not None
    assert (figures.frames, figures.rate, figures.lost, figures.dropped, figures.without_face) == (
        4,
        2.0,
        2,
        1,
        1,
    )
    assert figures.sent_ms[0] == pytest.approx(3.0, abs=1e-6)
    assert figures.decoded_ms[0] == pytest.approx(13.0, abs=1e-6)
    assert figures.captured_ms[0] == pytest.approx(23.0, abs=1e-6)
    for part in ("2.0 frames/s", "2 lost", "1 dropped at the source", "1 without a face", "(p99 3.0)"):
        assert part in figures.sentence()
    assert figures.values()["sent_ms"] == {"median": 3.0, "p99": 3.0}


def test_each_second_begins_anew_and_all_is_kept() -> None:
    listener = Listener(0.0)
    listener.take(frame(0), wall_s=0.0)
    assert listener.due(1.0) is not None
    listener.take(frame(2), wall_s=0.0)
    second = listener.due(2.0)
    assert second is not None
    assert (second.frames, second.lost) == (1, 1)
    whole = listener.all.figures(2.0)
    assert (whole.frames, whole.rate, whole.lost) == (2, 1.0, 1)


def test_a_listener_that_comes_late_has_lost_nothing() -> None:
    listener = Listener(0.0)
    listener.take(frame(5000, dropped=70), wall_s=0.0)
    figures = listener.all.figures(1.0)
    assert (figures.lost, figures.dropped) == (0, 0)


def test_a_second_without_frames_has_figures_too() -> None:
    figures = Listener(0.0).due(1.5)
    assert figures is not None
    assert (figures.rate, figures.sent_ms) == (0.0, (0.0, 0.0))
