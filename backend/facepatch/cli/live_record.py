"""The clips that a listener keeps of a stream."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from facepatch.core.data.clip import Clip, write_clip
from facepatch.core.data.pca import read_pca
from facepatch.core.protocol.messages import Frame, StreamStart
from facepatch.core.recording import Recording

WEIGHTS, CONTROLS = "live.npz", "live_controls.npz"
"""Other names than those of a run or a solve, so that a recording into their folder replaces nothing."""


class StreamRecorder:
    """Keeps every frame that comes, about 2 KB each, and writes the clips at the end."""

    def __init__(self, about: StreamStart, folder: Path) -> None:
        self.about, self._folder = about, folder
        self._recording = Recording(about.names, controls=about.controls)

    def take(self, frame: Frame) -> None:
        """A frame has come."""
        self._recording.add(
            frame.frame, frame.weights, time_s=frame.time_s, head_pose=frame.head_pose, flags=frame.flags,
            controls=frame.controls,
        )  # fmt: skip

    def write(self, models: Path) -> str:
        """Write WEIGHTS and, where the stream gave them, CONTROLS; gives a sentence about them.

        models: the stream's models folder; where its PCA is on this machine, it goes into the clip of the weights.
        Raises InputError where the frames' rate is not known and their times do not tell it.
        """
        if not len(self._recording):
            return "Nothing was recorded: no frame came."
        found = self._recording.recorded(self.about.rate, name="live")
        write_clip(self._folder / WEIGHTS, _with_pca(found.clip, models / "pca.npz"))
        written = [WEIGHTS]
        if found.controls is not None:
            write_clip(self._folder / CONTROLS, found.controls)
            written.append(CONTROLS)
        else:
            # Of an earlier recording, and not of these frames.
            (self._folder / CONTROLS).unlink(missing_ok=True)
        filled = (
            f", of which {len(found.missing)} never came and lie on straight lines" if found.missing else ""
        )
        return f"Recorded {found.clip.frame_count} frames{filled}: {' and '.join(written)} in {self._folder}."


def _with_pca(clip: Clip, path: Path) -> Clip:
    if not path.is_file():
        return clip
    pca = read_pca(path)
    return replace(clip, pca=pca) if pca.component_count == len(clip.names) else clip
