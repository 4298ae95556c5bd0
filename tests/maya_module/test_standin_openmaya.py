"""The stand-in's OpenMaya behaves like Maya's in the ways that our code depends on."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest

from fakemaya import Gap, vertices
from small_meshes import grid


@pytest.fixture
def face(maya: Any) -> str:
    """A grid that stands 10 cm to the side, turned by 90 degrees about y."""
    from maya import cmds

    path = maya.add_mesh("face", *grid())
    cmds.setAttr("face.translateX", 10.0)
    cmds.setAttr("face.rotateY", 90.0)
    return path


def dag(name: str) -> Any:
    import maya.api.OpenMaya as om

    return om.MSelectionList().add(name).getDagPath(0)


def node(name: str) -> Any:
    import maya.api.OpenMaya as om

    return om.MSelectionList().add(name).getDependNode(0)


def plug(name: str) -> Any:
    import maya.api.OpenMaya as om

    return om.MSelectionList().add(name).getPlug(0)


# ------------------------------------------------------------------------------------------------ values


@pytest.mark.parametrize("value", [np.float32(1.0), np.float64(1.0), np.int64(1)])
def test_numpy_numbers_are_refused(maya: Any, face: str, value: Any) -> None:
    import maya.api.OpenMaya as om

    attempts = (
        lambda: om.MPoint(value, 0.0, 0.0),
        lambda: om.MDoubleArray([value]),
        lambda: om.MTime(value, om.MTime.kFilm),
        lambda: plug("face.translateX").setDouble(value),
        lambda: om.MPointArray([[value, 0.0, 0.0]]),
        lambda: om.MMatrix([value] * 16),
    )
    for attempt in attempts:
        with pytest.raises(TypeError, match="plain"):
            attempt()


def test_arrays_of_numpy_are_refused_and_lists_are_not(maya: Any) -> None:
    import maya.api.OpenMaya as om

    with pytest.raises(TypeError, match="tolist"):
        om.MPointArray(np.zeros((2, 3)))
    made = om.MPointArray([(1, 2, 3), (4.0, 5.0, 6.0)])
    assert list(made[1]) == [4.0, 5.0, 6.0, 1.0]
    assert np.array(om.MFloatPointArray(made)).shape == (2, 4)
    made.append(om.MPoint(7, 8, 9))
    assert len(made) == 3
    with pytest.raises(TypeError):
        om.MIntArray([1.5])


@pytest.mark.parametrize("order", range(6))
def test_euler_matrix_and_quaternion_agree(maya: Any, order: int) -> None:
    import maya.api.OpenMaya as om

    turned = om.MEulerRotation(0.4, -0.9, 1.3, order)
    assert turned.asQuaternion().asMatrix().isEquivalent(turned.asMatrix(), 1e-12)
    again = om.MTransformationMatrix(turned.asMatrix()).rotation(asQuaternion=False).reorder(order)
    assert again.isEquivalent(turned, 1e-9)
    whole = om.MEulerRotation(0.4 + 2 * np.pi, -0.9, 1.3, order)
    assert turned.closestSolution(whole).isEquivalent(whole, 1e-9)


def test_time_is_kept_in_whole_ticks(maya: Any) -> None:
    import maya.api.OpenMaya as om
    from maya import cmds

    assert om.MTime(24.0, om.MTime.kFilm).asUnits(om.MTime.kSeconds) == 1.0
    cmds.currentUnit(time="ntsc")
    assert om.MTime.uiUnit() == om.MTime.kNTSCFrame
    assert om.MTime(1001, om.MTime.k23_976FPS).asUnits(om.MTime.kFilm) == pytest.approx(1002.001)
    assert om.MTime(7.0).unit == om.MTime.kNTSCFrame


# ------------------------------------------------------------------------------------------------ nodes and plugs


def test_a_missing_name_and_a_name_that_is_not_one(maya: Any, face: str) -> None:
    import maya.api.OpenMaya as om

    with pytest.raises(RuntimeError, match="Object does not exist"):
        om.MSelectionList().add("nobody")
    with pytest.raises(TypeError, match="not a DAG path"):
        dag("initialShadingGroup")
    with pytest.raises(IndexError):
        om.MSelectionList().getDependNode(0)
    fn = om.MFnDependencyNode(node("face"))
    assert fn.attribute("nothing").isNull()
    with pytest.raises(RuntimeError, match="kFailure"):
        fn.findPlug("nothing", False)
    with pytest.raises(TypeError, match="wantNetworkedPlug"):
        fn.findPlug("translateX")


def test_plugs_are_in_internal_units(maya: Any, face: str) -> None:
    from maya import cmds

    cmds.currentUnit(linear="m")
    assert cmds.getAttr("face.translateX") == 0.1
    assert plug("face.translateX").asDouble() == 10.0
    assert plug("face.rotateY").asDouble() == pytest.approx(np.pi / 2)
    plug("face.translateX").setDouble(250.0)
    assert cmds.getAttr("face.translateX") == 2.5


def test_writing_to_a_locked_or_driven_plug_fails_and_is_never_recorded(maya: Any, face: str) -> None:
    from maya import cmds

    steps = len(maya.scene.queue.done)
    plug("face.scaleX").setDouble(2.0)
    assert len(maya.scene.queue.done) == steps
    cmds.setAttr("face.translateY", lock=True)
    cmds.createNode("transform", name="a")
    cmds.connectAttr("a.translateZ", "face.translateZ")
    for name in ("translateY", "translateZ"):
        with pytest.raises(RuntimeError, match="kFailure"):
            plug(f"face.{name}").setDouble(1.0)
    import maya.api.OpenMaya as om

    assert plug("face.translateZ").isFreeToChange() == om.MPlug.kNotFreeToChange
    assert plug("face.translate").isFreeToChange() == om.MPlug.kChildrenNotFreeToChange
    assert plug("face.translateX").isFreeToChange() == om.MPlug.kFreeToChange
    assert plug("face.translateZ").source().name() == "a.translateZ"
    assert [p.name() for p in plug("a.translateZ").destinations()] == ["face.translateZ"]
    assert plug("face.translateX").source().isNull


def test_an_element_needs_every_index_above_it(maya: Any, face: str) -> None:
    import maya.api.OpenMaya as om
    from maya import cmds

    cmds.blendShape(face, name="bs")
    fn = om.MFnDependencyNode(node("bs"))
    at = om.MPlug(node("bs"), fn.attribute("inputPointsTarget"))
    at.selectAncestorLogicalIndex(0, fn.attribute("inputTarget"))
    at.selectAncestorLogicalIndex(4, fn.attribute("inputTargetGroup"))
    with pytest.raises(RuntimeError, match="selectAncestorLogicalIndex"):
        at.name()
    at.selectAncestorLogicalIndex(6000, fn.attribute("inputTargetItem"))
    assert at.name() == "bs.inputTarget[0].inputTargetGroup[4].inputTargetItem[6000].inputPointsTarget"
    assert at.partialName(useLongNames=False) == "it[0].itg[4].iti[6000].ipt"
    with pytest.raises(RuntimeError, match="no array above"):
        at.selectAncestorLogicalIndex(0, fn.attribute("weight"))


def test_data_goes_only_where_it_belongs(maya: Any, face: str) -> None:
    import maya.api.OpenMaya as om
    from maya import cmds

    cmds.blendShape(face, name="bs", origin="local")
    target = plug("bs.inputTarget[0].inputTargetGroup[0].inputTargetItem[6000].inputPointsTarget")
    parts = om.MFnSingleIndexedComponent()
    made = parts.create(om.MFn.kMeshVertComponent)
    parts.addElements([9, 2, 5, 2])
    assert list(parts.getElements()) == [2, 5, 9]
    listed = om.MFnComponentListData()
    data = listed.create()
    listed.add(made)
    with pytest.raises(RuntimeError, match="kComponentListData into pointArray"):
        target.setMObject(data)
    points = om.MFnPointArrayData().create(om.MPointArray([(1, 0, 0)] * 3))
    target.setMObject(points)
    om.MFnPointArrayData(points).set(om.MPointArray())
    assert len(om.MFnPointArrayData(target.asMObject()).array()) == 3
    whole = om.MFnSingleIndexedComponent()
    whole.create(om.MFn.kMeshVertComponent)
    whole.setCompleteData(12)
    assert (whole.isComplete, whole.getCompleteData()) == (True, 12)
    with pytest.raises(RuntimeError, match="complete"):
        whole.getElements()


def test_an_alias_from_the_api_says_no_instead_of_raising(maya: Any, face: str) -> None:
    import maya.api.OpenMaya as om
    from maya import cmds

    cmds.blendShape(face, name="bs")
    fn = om.MFnDependencyNode(node("bs"))
    weight = fn.findPlug("weight", False)
    assert fn.setAlias("a", "weight[0]", weight.elementByLogicalIndex(0), True)
    assert not fn.setAlias("a", "weight[1]", weight.elementByLogicalIndex(1), True)
    assert not fn.setAlias("envelope", "weight[1]", weight.elementByLogicalIndex(1), True)
    assert fn.getAliasList() == (("a", "weight[0]"),)
    assert list(weight.getExistingArrayAttributeIndices()) == [0, 1]


def test_a_handle_knows_when_its_node_is_gone_and_back(maya: Any, face: str) -> None:
    import maya.api.OpenMaya as om
    from maya import cmds

    handle = om.MObjectHandle(node("face"))
    path = dag("face")
    cmds.delete("face")
    assert not handle.isValid()
    assert not path.isValid()
    with pytest.raises(RuntimeError, match="does not exist"):
        om.MFnDependencyNode(handle.object()).name()
    cmds.undo()
    assert handle.isValid()


def test_what_maya_does_not_have_is_an_attribute_error_and_what_we_lack_a_gap(maya: Any, face: str) -> None:
    import maya.api.OpenMaya as om

    for missing in ("MFnBlendShapeDeformer", "MQtUtil", "MFnNothing"):
        with pytest.raises(AttributeError):
            getattr(om, missing)
    fn = om.MFnMesh(dag("face"))
    with pytest.raises(AttributeError):
        fn.getRawPoints  # noqa: B018 - API 1 only
    with pytest.raises(Gap, match="booleanOps"):
        fn.booleanOps  # noqa: B018


# ------------------------------------------------------------------------------------------------ meshes


def test_a_space_by_position_is_ignored(maya: Any, face: str) -> None:
    """The trap of maya.api: pass space= by name."""
    import maya.api.OpenMaya as om

    fn = om.MFnMesh(dag(face))
    np.testing.assert_array_equal(np.array(fn.getPoints(om.MSpace.kWorld))[:, :3], grid()[0])
    world = np.array(fn.getPoints(space=om.MSpace.kWorld))[:, :3]
    np.testing.assert_allclose(world[1], [10.0, 0.0, -1.0], atol=1e-6)
    fn.setPoints(om.MPointArray(world.tolist()), space=om.MSpace.kWorld)
    np.testing.assert_allclose(vertices(maya, face), grid()[0], atol=1e-5)


def test_world_space_needs_a_path(maya: Any, face: str) -> None:
    import maya.api.OpenMaya as om

    with pytest.raises(RuntimeError, match="MDagPath"):
        om.MFnMesh(node("faceShape")).getPoints(space=om.MSpace.kWorld)
    with pytest.raises(ValueError, match="incompatible"):
        om.MFnMesh(node("face"))
    with pytest.raises(RuntimeError, match="number of points"):
        om.MFnMesh(dag(face)).setPoints(om.MPointArray([(0, 0, 0)]))


def test_raw_points_are_spoilt_when_the_mesh_changes(maya: Any, face: str) -> None:
    import maya.OpenMaya as om1
    from maya import cmds

    selection, path = om1.MSelectionList(), om1.MDagPath()
    selection.add(face)
    selection.getDagPath(0, path)
    fn = om1.MFnMesh(path)
    count = fn.numVertices()
    memory = np.ctypeslib.as_array((ctypes.c_float * (3 * count)).from_address(int(fn.getRawPoints())))
    np.testing.assert_array_equal(memory.reshape(-1, 3), grid()[0])
    cmds.xform("face.vtx[0]", translation=(5.0, 0.0, 0.0))
    fn.getRawPoints()
    assert np.isnan(memory).all()


def test_points_that_are_set_below_history_do_not_last(maya: Any, face: str) -> None:
    import maya.api.OpenMaya as om
    from maya import cmds

    cmds.blendShape(face, name="bs")
    before = vertices(maya, face)
    om.MFnMesh(dag(face)).setPoints(om.MPointArray([(0, 0, 0)] * 12), space=om.MSpace.kObject)
    np.testing.assert_array_equal(vertices(maya, face), before)


def test_a_mesh_is_made_and_copied(maya: Any, face: str) -> None:
    import maya.api.OpenMaya as om
    from maya import cmds

    points, counts, corners = grid()
    fn = om.MFnMesh()
    transform = fn.create(om.MPointArray(points.tolist()), om.MIntArray(counts), om.MIntArray(corners))
    assert transform.hasFn(om.MFn.kTransform)
    assert (fn.numVertices, fn.numPolygons, fn.numEdges) == (12, 6, 17)
    assert [list(a) for a in fn.getVertices()] == [counts, corners]
    copy = om.MFnMesh().copy(node("faceShape"), transform)
    assert copy.hasFn(om.MFn.kMesh)
    assert cmds.polyEvaluate(face, vertex=True, face=True) == {"vertex": 12, "face": 6}
    # A mesh of the API is in no shading group and in no undo queue.
    groups, _ = om.MFnMesh(copy).getConnectedShaders(0)
    assert len(groups) == 0
    assert len(om.MFnMesh(dag(face)).getConnectedShaders(0)[0]) == 1


def test_the_nearest_point_lies_on_the_surface(maya: Any) -> None:
    import maya.api.OpenMaya as om

    maya.add_mesh("flat", [(0, 0, 0), (4, 0, 0), (4, 4, 0), (0, 4, 0)], [4], [0, 1, 2, 3])
    fn = om.MFnMesh(dag("flat"))
    inside, face = fn.getClosestPoint(om.MPoint(1, 3, 5), space=om.MSpace.kObject)
    assert (list(inside)[:3], face) == ([1, 3, 0], 0)
    outside, _ = fn.getClosestPoint(om.MPoint(-2, 6, 1), space=om.MSpace.kObject)
    assert list(outside)[:3] == [0, 4, 0]


def test_another_time_is_evaluated_without_going_there(maya: Any) -> None:
    import maya.api.OpenMaya as om
    from maya import cmds
    from maya.api.MDGContextGuard import MDGContextGuard

    points = grid()[0]
    maya.add_mesh("face", *grid(), animate=lambda frame: points + np.array([frame, 0.0, 0.0]))
    with MDGContextGuard(om.MDGContext(om.MTime(8.0, om.MTime.uiUnit()))):
        later = np.array(om.MFnMesh(plug("faceShape.outMesh").asMObject()).getPoints())
    np.testing.assert_allclose(later[:, 0] - points[:, 0], 8.0)
    assert cmds.currentTime(query=True) == 1.0
    np.testing.assert_allclose(vertices(maya, "face")[:, 0] - points[:, 0], 1.0)


# ------------------------------------------------------------------------------------------------ modifiers


def test_a_modifier_does_undoes_and_does_again_with_the_same_node(maya: Any, face: str) -> None:
    import maya.api.OpenMaya as om
    from maya import cmds

    steps = len(maya.scene.queue.done)
    modifier = om.MDGModifier()
    made = modifier.createNode("network")
    modifier.renameNode(made, "notes")
    modifier.newPlugValueDouble(plug("face.translateX"), 3.0)
    assert not cmds.objExists("notes")
    modifier.doIt()
    uuid = cmds.ls("notes", uuid=True)
    assert cmds.getAttr("face.translateX") == 3.0
    modifier.undoIt()
    assert not cmds.objExists("notes")
    assert cmds.getAttr("face.translateX") == 10.0
    modifier.doIt()
    assert cmds.ls("notes", uuid=True) == uuid
    assert om.MFnDependencyNode(made).name() == "notes"
    assert len(maya.scene.queue.done) == steps


def test_a_modifier_runs_mel_and_fails_as_a_whole(maya: Any, face: str) -> None:
    import maya.api.OpenMaya as om
    from maya import cmds

    modifier = om.MDGModifier()
    modifier.commandToExecute('blendShape -name "bs" -origin "local" -frontOfChain "|face"')
    modifier.doIt()
    assert cmds.getAttr("bs.origin") == 1
    modifier.undoIt()
    assert not cmds.objExists("bs")
    failing = om.MDGModifier()
    failing.createNode("network")
    failing.connect(plug("persp.translateX"), plug("face.worldMatrix[0]"))
    count = len(maya.scene.nodes)
    with pytest.raises(RuntimeError, match="not writable"):
        failing.doIt()
    assert len(maya.scene.nodes) == count


def test_a_modifier_does_not_force_a_connection(maya: Any, face: str) -> None:
    import maya.api.OpenMaya as om
    from maya import cmds

    cmds.connectAttr("persp.translateX", "face.translateX")
    modifier = om.MDGModifier()
    modifier.connect(plug("top.translateX"), plug("face.translateX"))
    with pytest.raises(RuntimeError, match="is connected"):
        modifier.doIt()
    modifier = om.MDGModifier()
    modifier.disconnect(plug("persp.translateX"), plug("face.translateX"))
    modifier.doIt()
    assert not cmds.listConnections("face.translateX")


# ------------------------------------------------------------------------------------------------ plug-in commands


def registered(maya: Any, kind: Any, syntax: Any = None, name: str = "facepatchTest") -> None:
    import maya.api.OpenMaya as om

    om.MFnPlugin(None).registerCommand(name, kind, *([syntax] if syntax else []))


def test_a_plugin_command_is_one_step_and_is_redone_by_itself(maya: Any, face: str) -> None:
    import maya.api.OpenMaya as om
    from maya import cmds

    class Raise(om.MPxCommand):
        def doIt(self, args: Any) -> None:
            self.by = args.asDouble(0)
            self.redoIt()
            self.setResult(["face"])

        def redoIt(self) -> None:
            plug("face.translateY").setDouble(self.by)

        def undoIt(self) -> None:
            plug("face.translateY").setDouble(0.0)

        def isUndoable(self) -> bool:
            return True

    registered(maya, Raise)
    assert cmds.facepatchTest(4.0) == ["face"]
    cmds.undo()
    assert cmds.getAttr("face.translateY") == 0.0
    cmds.redo()
    assert cmds.getAttr("face.translateY") == 4.0
    with pytest.raises(TypeError, match="Invalid flag"):
        cmds.facepatchTest(1.0, height=2.0)


def test_a_plugin_command_that_raises_tells_its_caller_nothing(maya: Any) -> None:
    import maya.api.OpenMaya as om
    from maya import cmds

    class Fails(om.MPxCommand):
        def doIt(self, args: Any) -> None:
            cmds.createNode("network", name="half")
            raise ValueError("the reason")

    registered(maya, Fails)
    with pytest.raises(RuntimeError) as caught:
        cmds.facepatchTest()
    assert str(caught.value) == ""
    assert "the reason" in maya.state["messages"][-1][1]
    assert not cmds.objExists("half")


def test_flags_are_read_by_the_syntax(maya: Any) -> None:
    import maya.api.OpenMaya as om
    from maya import cmds

    seen: list[Any] = []

    def syntax() -> Any:
        made = om.MSyntax()
        made.addFlag("-s", "-size", om.MSyntax.kLong)
        made.addFlag("-r", "-range", om.MSyntax.kDouble, om.MSyntax.kDouble)
        made.addFlag("-n", "-names", om.MSyntax.kString)
        made.makeFlagMultiUse("-n")
        made.setObjectType(om.MSyntax.kStringObjects, 1, 2)
        made.enableQuery = True
        return made

    class Reads(om.MPxCommand):
        def doIt(self, args: Any) -> None:
            data = om.MArgDatabase(syntax(), args)
            names = [
                data.getFlagArgumentList("-n", i).asString(0) for i in range(data.numberOfFlagUses("-n"))
            ]
            size = data.flagArgumentInt("-size", 0) if data.isFlagSet("-s") else None
            seen.append((data.isQuery, size, names, data.getObjectStrings()))

    registered(maya, Reads, syntax)
    cmds.facepatchTest("a", size=3, names=["x", "y"])
    cmds.facepatchTest("a", "b", q=True)
    assert seen == [(False, 3, ["x", "y"], ("a",)), (True, None, [], ("a", "b"))]
    for arguments, flags in (
        (("a",), {"sise": 1}),
        (("a",), {"size": 1.5}),
        (("a",), {"range": 1.0}),
        (("a",), {"s": 1, "size": 1}),
    ):
        with pytest.raises(TypeError):
            cmds.facepatchTest(*arguments, **flags)
    for objects in ((), ("a", "b", "c")):
        with pytest.raises(RuntimeError, match="objects"):
            cmds.facepatchTest(*objects)


# ------------------------------------------------------------------------------------------------ messages


def test_callbacks_come_until_they_are_removed(maya: Any, face: str) -> None:
    import maya.api.OpenMaya as om
    from maya import cmds

    seen: list[str] = []
    ids = [
        om.MEventMessage.addEventCallback("SelectionChanged", lambda data: seen.append("selected")),
        om.MSceneMessage.addCallback(om.MSceneMessage.kBeforeNew, lambda data: seen.append("new")),
        om.MNodeMessage.addNameChangedCallback(node("face"), lambda held, before, data: seen.append(before)),
    ]
    cmds.select("persp")
    cmds.rename("face", "head")
    assert seen == ["selected", "face"]
    om.MMessage.removeCallbacks(ids[:1])
    cmds.select("persp", "top")
    cmds.file(newFile=True, force=True)
    assert seen == ["selected", "face", "new"]
    with pytest.raises(RuntimeError, match="no such callback"):
        om.MMessage.removeCallback(ids[0])
    with pytest.raises(RuntimeError, match="no event"):
        om.MEventMessage.addEventCallback("Selected", print)


def test_a_callback_that_raises_stops_nothing(maya: Any) -> None:
    import maya.api.OpenMaya as om
    from maya import cmds

    def bad(data: Any) -> None:
        raise ValueError("oops")

    om.MEventMessage.addEventCallback("SelectionChanged", bad)
    cmds.select("persp")
    assert "oops" in maya.state["messages"][-1][1]


# ------------------------------------------------------------------------------------------------ selection


def test_soft_selection_has_weights_and_nothing_selected_raises(maya: Any) -> None:
    import maya.api.OpenMaya as om
    from maya import cmds

    face = maya.add_mesh("face", *grid())
    cmds.select(clear=True)
    with pytest.raises(RuntimeError, match="nothing is selected"):
        om.MGlobal.getRichSelection()
    cmds.softSelect(edit=True, softSelectEnabled=1, softSelectDistance=1.5)
    cmds.select(f"{face}.vtx[0]")
    _, parts = om.MGlobal.getRichSelection().getSelection().getComponent(0)
    fn = om.MFnSingleIndexedComponent(parts)
    assert fn.hasWeights
    assert fn.weight(0).influence == 1.0
    assert 0.0 < fn.weight(1).influence < 1.0
    assert fn.elementCount > 1


def test_every_node_type_and_attribute_has_a_type_that_maya_knows(maya: Any) -> None:
    import maya.api.OpenMaya as om

    from fakemaya.node import new_node
    from fakemaya.openmaya.bridge import mobject
    from fakemaya.schema import TYPES

    for name in TYPES:
        made = mobject(new_node(name, "probe"))
        assert made.hasFn(om.MFn.kDependencyNode), name
        assert made.apiType() == getattr(om.MFn, made.apiTypeStr)
        for root in TYPES[name].roots.values():
            assert om.MObject._of(root).hasFn(om.MFn.kAttribute), (name, root.name)
            assert isinstance(om.MObject._of(root).apiType(), int)
