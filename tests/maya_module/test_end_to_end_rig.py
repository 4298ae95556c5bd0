"""From a rig in the scene to keys on its controls, with a real service and its real solver. Maya is the stand-in."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import fakesolve
from facepatch.core.data.character import read_character_record
from facepatch.core.data.clip import write_clip

pytestmark = [
    pytest.mark.skipif(find_spec("torch") is None, reason="the service is not in this environment"),
    pytest.mark.skipif(os.name != "posix", reason="ends the service by a signal"),
]

START = 101
CLOSE_CM = 0.03
"""Mean distance that is good enough for a clip with noise, on a face of 20 cm."""


@pytest.fixture
def hero(tiny: SimpleNamespace, maya: Any, shared: Path) -> SimpleNamespace:
    """The generated character as blendShapes below a head that is turned and lifted, captured; and a clip for it."""
    from maya import cmds

    from facepatch_maya import steps

    character = read_character_record(tiny.hero)
    cmds.currentUnit(time="film")
    cmds.playbackOptions(minTime=1, maxTime=3)
    head = cmds.ls(cmds.createNode("transform", name="head_grp"), long=True)[0]
    cmds.setAttr(f"{head}.rotateY", 90)
    cmds.setAttr(f"{head}.translateY", 150)
    topology = character.topology
    corner = np.concatenate([[0], np.cumsum(topology.polygon_counts)])
    meshes = []
    for span in character.meshes:
        counts = topology.polygon_counts[span.polygon_start : span.polygon_stop].tolist()
        corners = topology.polygon_vertices[corner[span.polygon_start] : corner[span.polygon_stop]]
        shape = counts, (corners - span.vertex_start).tolist()
        rows = slice(span.vertex_start, span.vertex_stop)
        meshes.append(maya.add_mesh(span.name, character.neutral[rows], *shape, parent=head))
        moved = [k for k in range(len(character.deltas)) if np.abs(character.deltas[k, rows]).max() > 1e-4]
        targets = [
            maya.add_mesh(
                character.shape_names[k], (character.neutral + character.deltas[k])[rows], *shape, parent=head
            )
            for k in moved
        ]
        if targets:
            cmds.blendShape(*targets, meshes[-1], name=f"{span.name}_bs", origin="local")
            cmds.delete(*targets)
    folder = shared / f"rig_{os.urandom(4).hex()}" / "hero"
    found = steps.capture_character(meshes, folder, head=head, facing="+x")
    with np.load(tiny.motion) as motion:
        order = [list(motion["names"]).index(name) for name in character.shape_names]
        weights = motion["weights"][:, order]
    clip = folder.parent / "clip.npz"
    write_clip(clip, fakesolve.exact_clip(found.character().vertices(weights), rate=(30, 1)))
    return SimpleNamespace(
        cmds=cmds, head=head, meshes=meshes, folder=folder, clip=clip, out=folder.parent / "controls",
        wanted=found.character().vertices(weights), captured=found,
    )  # fmt: skip


def shown(hero: SimpleNamespace) -> Any:
    """(T, V, 3) what the scene shows at the take's frames, head space: 30 frames a second at 24."""
    from facepatch_maya.host import MayaHost

    places = [START + row * 24 / 30 for row in range(len(hero.wanted))]
    back = np.asarray(hero.captured.meshes[0].object_to_head)
    rows = []
    for frame in MayaHost().read_motion(list(hero.meshes), places):
        points = np.concatenate(frame.points)
        head_from_world = back @ np.linalg.inv(frame.object_to_world[0])
        rows.append(points @ head_from_world[:3, :3].T + head_from_world[:3, 3])
    return np.asarray(rows)


def read_points(hero: SimpleNamespace, controls: list[str], values: Any) -> Any:
    """(S, V, 3) what the rig makes of values of its controls, head space."""
    from facepatch_maya.rig_controls import sample
    from facepatch_maya.solve_rig import at_rest, head_from_world

    with at_rest(hero.captured):
        to_head = head_from_world(hero.captured)
        points = sample(controls, values, list(hero.meshes))
    return points @ to_head[:3, :3].T + to_head[:3, 3]


def distance(hero: SimpleNamespace) -> float:
    return float(np.linalg.norm(shown(hero) - hero.wanted, axis=2).mean())


def test_a_take_on_the_weights_of_a_head_of_several_meshes(hero: SimpleNamespace) -> None:
    from facepatch_maya import steps

    cmds = hero.cmds
    rig = steps.read_rig(hero.folder)
    assert not rig.sampled
    assert rig.attributes_of("head_bs.jawOpen") == (
        "head_bs.jawOpen",
        "tongue_bs.jawOpen",
        "teeth_bs.jawOpen",
    )
    # A key before the take, far from what the take begins with: the curve comes from there.
    cmds.setKeyframe("head_bs.browInnerUp", time=START - 20, value=0.9)
    solved = steps.solve(hero.clip, rig, out=hero.out, start_frame=START)
    assert "The rig makes this clip" in solved.sentences[0]
    assert all(START <= frame <= START + 24 for frame in solved.worst)
    assert "browInnerUp" in (solved.out / "controls.csv").read_text(encoding="utf-8")
    applied = steps.bake_controls(solved.out, rig=rig, start_frame=START)
    assert applied.left_alone == ()
    assert distance(hero) < CLOSE_CM
    assert cmds.getAttr("head_bs.browInnerUp", time=START - 20) == pytest.approx(0.9)
    assert cmds.getAttr("tongue_bs.jawOpen", time=START + 8) == cmds.getAttr(
        "head_bs.jawOpen", time=START + 8
    )

    # Hold one and solve again: it keeps its animation, and the rest makes up for it.
    opened = [cmds.getAttr("head_bs.jawOpen", time=START + row) for row in range(24)]
    steps.solve(
        hero.clip,
        rig,
        out=hero.out,
        start_frame=START,
        hold={"head_bs.jawOpen": None},
        unused=["head_bs.jawForward"],
    )
    again = steps.bake_controls(hero.out, rig=rig, start_frame=START, keep=["head_bs.jawOpen"])
    assert "head_bs.jawOpen" not in again.attributes
    # It had keys from before: an unused control stays at its default in the take.
    assert [cmds.getAttr("head_bs.jawForward", time=START + row) for row in (0, 12, 22)] == [0.0] * 3
    np.testing.assert_allclose(
        [cmds.getAttr("head_bs.jawOpen", time=START + row) for row in range(24)], opened, atol=1e-6
    )
    assert distance(hero) < 2 * CLOSE_CM


def test_a_take_on_a_rig_that_was_sampled_ends_on_the_rig_itself(hero: SimpleNamespace) -> None:
    from facepatch_maya import steps

    controls = [f"head_bs.{name}" for name in ("jawOpen", "browInnerUp", "eyeBlinkLeft", "mouthSmileLeft")]
    values = 0.5 - 0.5 * np.cos(np.linspace(0, [6, 5, 12, 7], 30))
    points = read_points(hero, controls, values)
    write_clip(hero.clip, fakesolve.exact_clip(points, rate=(30, 1)))
    rig = steps.read_rig(hero.folder, sampled=True, sparse=20, controls=controls)
    solved = steps.solve(hero.clip, rig, out=hero.out, start_frame=START)
    assert solved.sentences[-1].startswith("On the rig itself, asked ")
    assert not [sentence for sentence in solved.sentences if "was not asked" in sentence]
    steps.bake_controls(solved.out, rig=rig, start_frame=START)
    hero.wanted = points
    assert distance(hero) < CLOSE_CM
