"""The stand-in refuses what real Maya refuses: commands, flags, modes, types, API names and arguments."""

from __future__ import annotations

import ast
import inspect
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import fakemaya
from fakemaya import allowances, api_contract, calls, strict

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def cmds():
    with fakemaya.install():
        from maya import cmds

        yield cmds


check = calls.checked_flags


BAD = [
    ("blendShape", ("m",), {"nmae": "x"}, "Invalid flag 'nmae'"),
    ("createNode", ("transform",), {"skipSelects": True}, "Invalid flag 'skipSelects'"),
    ("playblast", (), {"widthHeight": (512,)}, r"Expected \(int, int\)"),
    ("playblast", (), {"percent": 50.0}, "'percent' of playblast. Expected int"),
    ("playblast", (), {"q": True, "viewer": True}, "cannot be used in query mode"),
    ("modelPanel", ("p",), {"camera": "c"}, "cannot be used in create mode"),
    ("blendShape", ("b",), {"e": True, "origin": "local"}, "cannot be used in edit mode"),
    ("setKeyframe", ("a.tx",), {"t": 1, "time": 2}, "passed twice"),
    ("setKeyframe", ("a.tx",), {"time": 1, "value": np.float32(2)}, "numpy.float32"),
    ("setAttr", ("a.tx", np.float64(2)), {}, "numpy.float64"),
    ("setAttr", ("a.t", [1.0, np.float64(2), 3.0]), {"type": "double3"}, "numpy.float64"),
    ("currentTime", (1,), {"q": True, "e": True}, "cannot be given together"),
    ("camera", ("c",), {"q": True, "orthographicWidth": 12.0}, "must be passed a boolean argument"),
    ("ls", (), {"type": 3}, "'type' of ls. Expected str"),
    ("window", (), {"title": None}, "None"),
    ("displayRGBColor", ("background",), {"query": True, "alpha": True}, "only in Maya 2024, 2025"),
    ("polyCube", (), {"frozen": True}, "no longer has it after Maya 2025"),
]


@pytest.mark.parametrize(
    ("name", "args", "flags", "message"), BAD, ids=[f"{b[0]}-{i}" for i, b in enumerate(BAD)]
)
def test_a_call_that_some_maya_refuses_is_refused(name, args, flags, message):
    with pytest.raises(TypeError, match=message):
        check(name, args, flags)


GOOD = [
    (
        "playblast",
        (),
        {
            "format": "image",
            "compression": "png",
            "filename": "f",
            "frame": [1.0, 2.0],
            "widthHeight": (512, 512),
            "percent": 100,
            "viewer": False,
            "offScreen": True,
            "showOrnaments": False,
        },
    ),
    ("playblast", (), {"cf": "f", "fr": 1, "fo": True, "epn": "p", "toe": True, "qlt": 100, "fp": 4}),
    (
        "modelEditor",
        ("p",),
        {
            "e": True,
            "camera": "c",
            "rendererName": "vp2Renderer",
            "displayAppearance": "smoothShaded",
            "allObjects": False,
            "polymeshes": True,
            "displayLights": "all",
            "grid": False,
        },
    ),
    ("isolateSelect", ("p",), {"state": True}),
    ("isolateSelect", ("p",), {"addDagObject": "m"}),
    ("currentTime", (3.0,), {"e": True, "update": True}),
    ("camera", (), {"orthographic": True, "orthographicWidth": 12.5, "nearClipPlane": 0.01}),
    ("colorManagementPrefs", (), {"e": True, "outputTarget": "playblast", "outputTransformName": "Raw"}),
    ("displayPref", (), {"displayGradient": False}),
    ("grid", (), {"toggle": False}),
    ("keyframe", ("a.tx",), {"q": True, "time": (1, 10), "valueChange": True}),
    (
        "setKeyframe",
        ("a",),
        {
            "attribute": "tx",
            "time": [1, 2, 3],
            "value": 1,
            "inTangentType": "linear",
            "outTangentType": "linear",
        },
    ),
    ("cutKey", ("a",), {"time": (1.0, 5.0), "clear": True}),
    ("animLayer", ("L",), {"q": True, "layeredPlug": "a.tx"}),
    ("undoInfo", (), {"openChunk": True, "chunkName": "x"}),
    ("evaluator", (), {"name": "cache", "q": True, "enable": True}),
    (
        "workspaceControl",
        ("w",),
        {"label": "L", "uiScript": "pass", "retain": False, "floating": True, "loadImmediately": True},
    ),
    ("scriptJob", (), {"event": ("SelectionChanged", lambda: None)}),
    ("sets", ("m",), {"e": True, "forceElement": "sg"}),
    ("optionVar", (), {"stringValue": ("a", "b")}),
    ("menuItem", (), {"label": "x", "parent": "m", "command": lambda *_: None}),
]


@pytest.mark.parametrize(("name", "args", "flags"), GOOD, ids=[f"{g[0]}-{i}" for i, g in enumerate(GOOD)])
def test_a_call_known_to_be_good_passes(name, args, flags):
    check(name, args, flags)


def test_flags_reach_the_implementation_by_their_long_names(cmds):
    cmds.window("w", t="Title")
    assert cmds.window("w", q=True, title=True) == "Title"
    assert fakemaya.active().calls[-1] == calls.Call("window", ("w",), {"query": True, "title": True})


def test_an_unknown_command_is_an_attribute_error_that_names_the_nearest(cmds):
    with pytest.raises(AttributeError, match="playblast"):
        cmds.playblasts()


def test_a_command_of_maya_that_the_stand_in_lacks_is_a_gap_that_no_handler_swallows(cmds):
    with pytest.raises(fakemaya.Gap, match="polyUnite exists"):
        try:
            cmds.polyUnite("a", "b")
        except Exception:  # noqa: BLE001 - the point: this does not catch it
            pytest.fail("swallowed")


def test_a_flag_of_maya_that_the_stand_in_lacks_is_a_gap(cmds):
    with pytest.raises(fakemaya.Gap, match="loadPluginPrefs"):
        cmds.pluginInfo(loadPluginPrefs=True)


def test_in_batch_the_commands_of_the_user_interface_fail():
    with fakemaya.install(batch=True):
        from maya import cmds

        assert cmds.about(batch=True) is True
        with pytest.raises(RuntimeError, match="no user interface"):
            cmds.window()
        with pytest.raises(RuntimeError, match="no user interface"):
            cmds.modelPanel()


def test_outside_of_install_there_is_no_maya():
    with pytest.raises(ImportError):
        import maya.cmds  # noqa: F401


def test_api_names_that_maya_lacks_are_attribute_errors_and_others_gaps(cmds):
    from maya import OpenMaya as om1
    from maya.api import OpenMaya as om
    from maya.api import OpenMayaAnim as oma

    with pytest.raises(AttributeError, match="MFnBlendShapeDeformer"):
        oma.MFnBlendShapeDeformer  # noqa: B018
    with pytest.raises(AttributeError, match="getRawPoints"):
        om.MFnMesh.getRawPoints  # noqa: B018
    assert om1.MFnMesh.getRawPoints
    with pytest.raises(fakemaya.Gap):
        om.MFnNurbsSurface  # noqa: B018
    assert (om.MFn.kAnimCurve, om.MSpace.kWorld, oma.MFnAnimCurve.kAnimCurveTU) == (7, 4, 3)


def test_api_arguments_are_held_to_the_documented_forms(cmds):
    from maya.api import OpenMaya as om

    mesh = om.MFnMesh()
    with pytest.raises(TypeError, match="getPoints takes"):
        mesh.getPoints(spaces=om.MSpace.kWorld)
    with pytest.raises(TypeError, match="setPoints takes"):
        mesh.setPoints()


def test_a_class_with_a_name_that_maya_lacks_cannot_be_registered():
    def make():
        class MFnMesh:
            def vertexList(self):
                return []

        return MFnMesh

    with pytest.raises(AttributeError, match="no vertexList in real Maya"):
        api_contract.api("maya.api.OpenMaya")(make())
    with pytest.raises(AttributeError, match="no class MFnFace"):
        api_contract.api("maya.api.OpenMaya")(type("MFnFace", (), {}))


def test_every_implemented_command_and_every_allowance_is_in_the_tables():
    with fakemaya.install():
        known = calls.command_tables()["commands"]
        assert sorted(set(strict.IMPLEMENTATIONS) - set(known)) == []
    for (name, flag), allowed in allowances.COMMAND_FLAGS.items():
        assert flag in known[name]["flags"], (name, flag)
        assert allowed.reason


def test_every_flag_that_an_implementation_names_exists():
    with fakemaya.install():
        tables = calls.command_tables()["commands"]
        for name, implementation in strict.IMPLEMENTATIONS.items():
            flags = set(tables[name]["flags"]) | set(tables[name]["partial"])
            named = inspect.signature(implementation.run).parameters.values()
            assert {each.name for each in named if each.kind is each.KEYWORD_ONLY} <= flags, name


class NotWritten:
    """A value that is computed where the call is: its type is not known before it runs."""


def written(node):
    """A literal's value, a function, or NotWritten."""
    if isinstance(node, ast.Lambda):
        return lambda: None
    try:
        return ast.literal_eval(node)
    except ValueError:
        return NotWritten


def calls_of_commands():
    for path in sorted((ROOT / "maya_module").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and ast.unparse(node.func.value) == "cmds"
            ):
                flags = {each.arg: written(each.value) for each in node.keywords if each.arg is not None}
                yield f"{path.name}:{node.lineno}", node.func.attr, flags


def problem_of(name, flags):
    """What Maya would say to a call as it is written, "" where nothing."""
    if name.startswith("facepatch"):
        return ""  # our own plug-in's
    if name not in calls.command_tables()["commands"]:
        return f"{name} is in no table"
    known = {flag: value for flag, value in flags.items() if value is not NotWritten}
    try:
        calls.checked_flags(name, (), known)
        table = calls.command_tables()["commands"][name]
        mode = calls.mode_of(
            name, {calls.long_name(name, table, flag): value for flag, value in known.items()}
        )
        for flag in set(flags) - set(known):
            long = calls.long_name(name, table, flag)
            allowed = allowances.COMMAND_FLAGS.get((name, long))
            modes = table["flags"][long]["modes"] + (allowed.modes if allowed else "")
            if modes.strip("mv") and mode not in modes:
                return f"{name}: {long} in mode {mode}"
    except TypeError as error:
        return str(error)
    return ""


def test_every_call_of_a_command_as_it_is_written_is_one_that_maya_takes():
    found = list(calls_of_commands())
    assert len(found) > 100
    problems = {place: problem_of(name, flags) for place, name, flags in found}
    assert {place: problem for place, problem in problems.items() if problem} == {}


def test_a_wrong_call_is_seen_as_it_is_written():
    assert problem_of("playblasts", {}) == "playblasts is in no table"
    assert "Invalid flag" in problem_of("playblast", {"viewr": NotWritten})
    assert "cannot be used in query mode" in problem_of("playblast", {"query": True, "viewer": True})
    assert "in mode q" in problem_of("playblast", {"query": True, "viewer": NotWritten})
    assert "Expected int" in problem_of("playblast", {"percent": 12.5})


needs_wheels = pytest.mark.skipif(
    "FACEPATCH_WHEELS" not in os.environ,
    reason="FACEPATCH_WHEELS names no folder with the wheels of pymel, maya-stubs and types-maya",
)


@needs_wheels
def test_the_tables_are_those_that_the_wheels_give():
    command = [
        sys.executable,
        str(ROOT / "tools" / "derive_maya_tables.py"),
        "--wheels",
        os.environ["FACEPATCH_WHEELS"],
        "--check",
    ]
    assert subprocess.run(command, check=False).returncode == 0


def example_calls(text):
    """The calls of commands in an example of Maya's documentation whose arguments are all plain values."""
    for line in [text, *text.splitlines()]:
        try:
            tree = ast.parse(line.strip())
        except SyntaxError:
            continue
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and ast.unparse(node.func.value) == "cmds"
            ):
                args = [written(each) for each in node.args]
                flags = {each.arg: written(each.value) for each in node.keywords}
                if (
                    node.func.attr in calls.command_tables()["commands"]
                    and NotWritten not in [*args, *flags.values()]
                    and None not in flags
                ):
                    yield node.func.attr, tuple(args), flags
        if line is text:
            return


@needs_wheels
def test_nearly_all_examples_of_autodesks_documentation_pass_the_front():
    """A measure of how often the front is wrongly strict; docs/testing-without-maya.md says what the rest is."""
    (wheel,) = Path(os.environ["FACEPATCH_WHEELS"]).glob("pymel-1.5.0-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read("pymel/cache/mayaCmdsExamples2025.py").decode("utf-8")
    (examples,) = [
        ast.literal_eval(node.value)
        for node in ast.parse(text).body
        if getattr(getattr(node, "targets", [None])[0], "id", "") == "data"
    ]
    found = [call for example in examples.values() for call in example_calls(example)]
    refused = []
    for name, args, flags in found:
        try:
            calls.checked_flags(name, args, flags)
        except TypeError as error:
            refused.append(str(error))
    assert len(found) > 2000
    assert len(refused) < 0.02 * len(found), refused
