from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facepatch.core.errors import FormatError, InputError
from facepatch.readers.gltf_animation import read_gltf_motion


def animated(glb: Any, head: Any, times: Any, values: Any, kind: str = "LINEAR", name: str = "take") -> None:
    node = glb.mesh("Head", head.vertices / 100, head.triangles, dict(zip(head.names, head.deltas / 100)))
    sampler = {
        "input": glb.array(np.asarray(times)),
        "output": glb.array(np.asarray(values, dtype=np.float64).reshape(-1)),
        "interpolation": kind,
    }
    channel = {"sampler": 0, "target": {"node": node, "path": "weights"}}
    glb.add("animations", {"name": name, "samplers": [sampler], "channels": [channel]})


def test_keys_between_frames_are_interpolated_at_the_rate_of_the_keys(
    glb: Any, head: Any, tmp_path: Path
) -> None:
    animated(glb, head, [0.0, 10 / 24, 11 / 24], [[0, 0, 0], [1, 0.5, 0], [0, 0, 1]])
    clip = read_gltf_motion(glb.write(tmp_path / "a.glb"))
    assert clip.names == head.names
    assert clip.rate == (24, 1)
    assert clip.name == "take"
    assert clip.weights.shape == (12, 3)
    assert np.allclose(clip.weights[5], [0.5, 0.25, 0], atol=1e-5)
    assert np.allclose(clip.weights[11], [0, 0, 1], atol=1e-5)


def test_steps_hold_their_value(glb: Any, head: Any, tmp_path: Path) -> None:
    animated(glb, head, [0.0, 3 / 30, 4 / 30], [[0.2, 0, 0], [1, 0, 0], [0, 0, 0]], "STEP")
    clip = read_gltf_motion(glb.write(tmp_path / "a.glb"))
    assert clip.weights[:, 0] == pytest.approx([0.2, 0.2, 0.2, 1.0, 0.0])


def test_cubic_splines_follow_their_tangents(glb: Any, head: Any, tmp_path: Path) -> None:
    zero = [0.0, 0.0, 0.0]
    keys = [zero, zero, [3.0, 0, 0], [0.0, 0, 0], [1.0, 0, 0], zero]  # in, value, out; twice
    animated(glb, head, [0.0, 1.0], keys, "CUBICSPLINE")
    clip = read_gltf_motion(glb.write(tmp_path / "a.glb"))
    assert clip.rate == (24, 1)
    assert len(clip.weights) == 25
    assert clip.weights[12, 0] == pytest.approx(0.5 * 1.0 + 0.125 * 3.0, abs=1e-5)


def test_the_longest_of_several_animations_is_read(glb: Any, head: Any, tmp_path: Path) -> None:
    animated(glb, head, [0.0, 0.5], [[0, 0, 0], [1, 0, 0]], name="short")
    node = glb.json["animations"][0]["channels"][0]["target"]["node"]
    sampler = {"input": glb.array([0.0, 2.0]), "output": glb.array(np.zeros(6))}
    channel = {"sampler": 0, "target": {"node": node, "path": "weights"}}
    glb.add("animations", {"name": "long", "samplers": [sampler], "channels": [channel]})
    assert read_gltf_motion(glb.write(tmp_path / "a.glb")).name == "long"


def test_a_file_that_animates_no_shape_is_refused(glb: Any, head: Any, tmp_path: Path) -> None:
    glb.mesh("Head", head.vertices / 100, head.triangles, {})
    with pytest.raises(InputError, match="none of its 0 animations moves a morph target"):
        read_gltf_motion(glb.write(tmp_path / "a.glb"))


def test_samplers_with_too_few_values_are_refused(glb: Any, head: Any, tmp_path: Path) -> None:
    animated(glb, head, [0.0, 0.5], [[0, 0, 0]])
    with pytest.raises(FormatError, match="3 values for 2 keys of 3 shapes"):
        read_gltf_motion(glb.write(tmp_path / "a.glb"))
