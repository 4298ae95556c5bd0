from __future__ import annotations

import numpy as np
import pytest

from facepatch.core.errors import InputError, ShapeError
from facepatch.core.recording import Recording

NAMES = ("pc_000", "pc_001")


def recording_of(frames: list[int], *, step_s: float = 0.04) -> Recording:
    recording = Recording(NAMES)
    for frame in frames:
        recording.add(frame, [float(frame), -2.0 * frame], time_s=frame * step_s)
    return recording


def test_frames_that_were_not_received_lie_on_a_line_and_are_named() -> None:
    found = recording_of([10, 11, 14, 16]).recorded((25, 1))
    np.testing.assert_allclose(found.clip.weights[:, 0], [10, 11, 12, 13, 14, 15, 16])
    assert found.missing == (12, 13, 15)
    assert found.clip.valid is not None
    assert found.clip.valid.tolist() == [True, True, False, False, True, False, True]
    assert (found.clip.start_frame, found.clip.rate) == (10, (25, 1))


def test_frames_may_come_late_and_twice() -> None:
    recording = recording_of([3, 1])
    recording.add(2, [0.0, 0.0])
    recording.add(2, [7.0, 8.0])
    found = recording.recorded((25, 1))
    np.testing.assert_allclose(found.clip.weights, [[1, -2], [7, 8], [3, -6]])
    assert found.missing == ()


def test_without_a_rate_the_frames_own_times_give_it() -> None:
    # A camera that promises nothing: numbers without gaps, one frame twice as late.
    recording = Recording(NAMES)
    for number, time_s in enumerate((0.0, 0.04, 0.08, 0.16, 0.2)):
        recording.add(number, [time_s, 0.0], time_s=time_s)
    found = recording.recorded((0, 1))
    assert found.clip.rate == (25000, 1000)
    np.testing.assert_allclose(found.clip.weights[:, 0], [0.0, 0.04, 0.08, 0.12, 0.16, 0.2], atol=1e-6)
    assert found.missing == (3,)


def test_head_poses_between_frames_are_rigid() -> None:
    recording = Recording(NAMES)
    quarter = np.eye(4)
    quarter[:2, :2] = [[0.0, -1.0], [1.0, 0.0]]
    quarter[0, 3] = 2.0
    recording.add(0, [0, 0], head_pose=np.eye(4))
    recording.add(2, [0, 0], head_pose=quarter)
    pose = recording.recorded((24, 1)).clip.head_pose
    assert pose is not None
    np.testing.assert_allclose(pose[1, :3, :3] @ pose[1, :3, :3].T, np.eye(3), atol=1e-12)
    half = np.sqrt(0.5)
    np.testing.assert_allclose(pose[1, :2, :2], [[half, -half], [half, half]], atol=1e-12)
    assert pose[1, 0, 3] == pytest.approx(1.0)


def test_flags_come_with_their_frames() -> None:
    recording = Recording(NAMES)
    recording.add(5, [0, 0], flags=2)
    recording.add(6, [0, 0])
    flags = recording.recorded((24, 1)).clip.flags
    assert flags is not None
    assert flags.tolist() == [2, 0]


def test_values_are_copied_out_of_the_message() -> None:
    recording, values = Recording(NAMES), np.zeros(2, np.float32)
    recording.add(0, values)
    values += 9
    np.testing.assert_allclose(recording.recorded((24, 1)).clip.weights, [[0, 0]])


def test_controls_are_a_clip_beside_that_of_the_weights() -> None:
    recording = Recording(NAMES, controls=("jaw.rx", "smile", "blink"))
    for frame in (4, 6):
        recording.add(frame, [1, 2], head_pose=np.eye(4), flags=2, controls=[frame, 0.5, -frame])
    found = recording.recorded((24, 1), name="live")
    assert found.controls is not None
    assert found.controls.names == ("jaw.rx", "smile", "blink")
    np.testing.assert_allclose(found.controls.weights, [[4, 0.5, -4], [5, 0.5, -5], [6, 0.5, -6]])
    assert (found.controls.start_frame, found.controls.rate, found.controls.name) == (4, (24, 1), "live")
    np.testing.assert_array_equal(found.controls.valid, found.clip.valid)
    np.testing.assert_array_equal(found.controls.head_pose, found.clip.head_pose)
    assert found.clip.names == NAMES


def test_controls_that_some_frame_lacks_make_no_clip() -> None:
    recording = Recording(NAMES, controls=("jaw",))
    recording.add(0, [0, 0], controls=[0.5])
    recording.add(1, [0, 0])
    assert recording.recorded((24, 1)).controls is None


def test_a_recording_of_weights_alone_passes_controls_over() -> None:
    recording = recording_of([0])
    recording.add(1, [0, 0], controls=[0.5])
    assert recording.recorded((24, 1)).controls is None


def test_controls_of_another_number_are_refused() -> None:
    with pytest.raises(ShapeError, match="axis C is 2"):
        Recording(NAMES, controls=("jaw",)).add(0, [1.0, 2.0], controls=[1.0, 2.0])


def test_an_empty_recording_is_refused() -> None:
    recording = recording_of([1])
    recording.clear()
    with pytest.raises(InputError, match="The recording is empty"):
        recording.recorded((24, 1))


def test_frames_without_times_and_without_rate_are_refused() -> None:
    with pytest.raises(InputError, match="Give the stream a rate"):
        recording_of([1, 2], step_s=0.0).recorded((0, 1))


def test_weights_of_another_number_are_refused() -> None:
    with pytest.raises(ShapeError, match="axis K is 3"):
        Recording(NAMES).add(0, [1.0, 2.0, 3.0])
