"""A clip on its character as a binary USD scene (UsdSkel blend shapes) for Maya, Blender, Houdini and
usdview.

    /<character>               SkelRoot, default prim
      /head_pose               Xform, the head pose over time
        /<mesh>                Mesh with one BlendShape per component
      /skeleton                Skeleton with one still joint: Maya's importer asks for one
        /animation             SkelAnimation: all weights, in the same order as the targets of every mesh
      /materials               a flat UsdPreviewSurface per part

Nothing newer than USD 21.11 is used. Traps for readers of the file: Maya's importer leaves
supportNegativeWeights off (switch it on on the blendShape nodes), and Blender clamps shape keys to 0..1 until
their range is widened.
"""

# USD ships no type stubs:
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from pxr import Gf, Sdf, Tf, Usd, UsdGeom, UsdShade, UsdSkel, Vt

from facepatch.core.axes import Float64
from facepatch.core.data.character import Character
from facepatch.core.data.clip import Clip
from facepatch.core.errors import ExportError
from facepatch.core.records import atomic_write, storage_error
from facepatch.export.scene import Scene, SceneMesh, build_scene, linear
from facepatch.export.timing import key_frames


def write_usd(clip: Clip, path: Path, *, character: Character) -> None:
    """Write `clip` on `character` as a `.usdc` scene: centimetres, Y up, one time code per frame of the
    clip's rate.

    Raises the errors of `build_scene`, ExportError where USD itself refuses, and StorageError where `path`
    cannot be written.
    """
    if path.suffix != ".usdc":
        raise ExportError(f"{path.name}: binary USD files end in .usdc. Choose such a name.")
    scene = build_scene(clip, character=character)
    stage = _stage(scene, clip, character)
    with atomic_write(path) as stream:
        stream.write(_crate_bytes(stage, path))


def _crate_bytes(stage: Usd.Stage, path: Path) -> bytes:
    """The stage as the bytes of a `.usdc` file. USD writes files only, so through one beside `path`."""
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".usd_") as folder:
            file = Path(folder) / "scene.usdc"
            if not stage.GetRootLayer().Export(str(file)):
                raise ExportError(f"{path}: USD could not write the scene. Is there space left on the disk?")
            return file.read_bytes()
    except OSError as error:
        raise storage_error(path, error) from error
    except Tf.ErrorException as error:
        raise ExportError(f"{path}: USD could not write the scene ({error}).") from error


def _stage(scene: Scene, clip: Clip, character: Character) -> Usd.Stage:
    stage = Usd.Stage.CreateInMemory()
    frames = key_frames(clip)
    UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.y)
    UsdGeom.SetStageMetersPerUnit(stage, 0.01)
    stage.SetTimeCodesPerSecond(clip.rate[0] / clip.rate[1])
    stage.SetFramesPerSecond(clip.rate[0] / clip.rate[1])
    stage.SetStartTimeCode(float(frames[0]))
    stage.SetEndTimeCode(float(frames[-1]))
    info = {"rate": f"{clip.rate[0]}/{clip.rate[1]}", "timecode": clip.timecode, "clip": clip.name}
    stage.GetRootLayer().customLayerData = {"facepatch": {key: value for key, value in info.items() if value}}
    root = UsdSkel.Root.Define(stage, f"/{scene.name}")
    stage.SetDefaultPrim(root.GetPrim())
    Usd.ModelAPI(root).SetKind("component")
    _head_pose(stage, scene, frames)
    skeleton = _skeleton(stage, scene, frames)
    UsdSkel.BindingAPI.Apply(root.GetPrim()).CreateSkeletonRel().SetTargets([skeleton.GetPath()])
    materials = _materials(stage, scene)
    for mesh, span in zip(scene.meshes, _spans(scene)):
        prim = _mesh(stage, scene, mesh, skeleton)
        _color(prim, mesh, scene, character, span)
        _bind(prim, mesh, materials)
    box = [point for mesh in scene.meshes for point in _extent(mesh.points)]
    root.CreateExtentAttr(_vectors(np.stack([np.min(box, axis=0), np.max(box, axis=0)])))
    return stage


def _spans(scene: Scene) -> list[slice]:
    """Rows of the character's vertices of each mesh."""
    stops = np.cumsum([len(mesh.points) for mesh in scene.meshes]).tolist()
    return [slice(stop - len(mesh.points), stop) for mesh, stop in zip(scene.meshes, stops)]


def _head_pose(stage: Usd.Stage, scene: Scene, frames: Float64) -> None:
    group = UsdGeom.Xform.Define(stage, f"/{scene.name}/head_pose")
    if scene.head_pose is None:
        return
    operation = group.AddTransformOp()
    for frame, matrix in zip(frames.tolist(), scene.head_pose):
        operation.Set(Gf.Matrix4d(matrix.T.tolist()), frame)


def _skeleton(stage: Usd.Stage, scene: Scene, frames: Float64) -> UsdSkel.Skeleton:
    """A skeleton of one still joint, and the animation of all targets bound to it."""
    skeleton = UsdSkel.Skeleton.Define(stage, f"/{scene.name}/skeleton")
    still = Vt.Matrix4dArray([Gf.Matrix4d(1)])
    skeleton.CreateJointsAttr(["head"])
    skeleton.CreateBindTransformsAttr(still)
    skeleton.CreateRestTransformsAttr(still)
    animation = UsdSkel.Animation.Define(stage, f"/{scene.name}/skeleton/animation")
    animation.CreateJointsAttr(["head"])
    animation.CreateTranslationsAttr([Gf.Vec3f(0)])
    animation.CreateRotationsAttr([Gf.Quatf(1)])
    animation.CreateScalesAttr([Gf.Vec3h(1)])
    animation.CreateBlendShapesAttr(list(scene.target_names))
    weights = animation.CreateBlendShapeWeightsAttr()
    layer, path = stage.GetRootLayer(), weights.GetPath()
    with Sdf.ChangeBlock():
        for frame, row in zip(frames.tolist(), scene.weights):
            layer.SetTimeSample(path, frame, Vt.FloatArray.FromNumpy(row))
    binding = UsdSkel.BindingAPI.Apply(skeleton.GetPrim())
    binding.CreateAnimationSourceRel().SetTargets([animation.GetPath()])
    return skeleton


def _mesh(stage: Usd.Stage, scene: Scene, mesh: SceneMesh, skeleton: UsdSkel.Skeleton) -> UsdGeom.Mesh:
    prim = UsdGeom.Mesh.Define(stage, f"/{scene.name}/head_pose/{mesh.name}")
    prim.CreatePointsAttr(_vectors(mesh.points))
    prim.CreateFaceVertexCountsAttr(Vt.IntArray.FromNumpy(mesh.polygon_counts))
    prim.CreateFaceVertexIndicesAttr(Vt.IntArray.FromNumpy(mesh.polygon_vertices))
    prim.CreateExtentAttr(_vectors(_extent(mesh.points)))
    if mesh.uv is not None and len(mesh.uv):
        uv = UsdGeom.PrimvarsAPI(prim).CreatePrimvar(
            "st", Sdf.ValueTypeNames.TexCoord2fArray, UsdGeom.Tokens.faceVarying
        )
        uv.Set(Vt.Vec2fArray.FromNumpy(np.ascontiguousarray(mesh.uv)))
        uv.SetIndices(Vt.IntArray.FromNumpy(mesh.uv_indices))
    targets: list[Sdf.Path] = []
    for name, target in zip(scene.target_names, mesh.targets):
        shape = UsdSkel.BlendShape.Define(stage, prim.GetPath().AppendChild(name))
        shape.CreateOffsetsAttr(_vectors(target.offsets))
        shape.CreatePointIndicesAttr(Vt.IntArray.FromNumpy(target.indices))
        targets.append(shape.GetPath())
    binding = UsdSkel.BindingAPI.Apply(prim.GetPrim())
    binding.CreateSkeletonRel().SetTargets([skeleton.GetPath()])
    binding.CreateBlendShapesAttr(list(scene.target_names))
    binding.CreateBlendShapeTargetsRel().SetTargets(targets)
    return prim


def _color(prim: UsdGeom.Mesh, mesh: SceneMesh, scene: Scene, character: Character, span: slice) -> None:
    """displayColor: the character's vertex colours where it has them, else the colour of each part."""
    if character.vertex_color is not None:
        values, where = linear(character.vertex_color[span] / 255.0), UsdGeom.Tokens.vertex
    elif mesh.parts and sum(part.polygons.size for part in mesh.parts) == mesh.polygon_counts.size:
        values, where = np.empty((mesh.polygon_counts.size, 3)), UsdGeom.Tokens.uniform
        for part in mesh.parts:
            values[part.polygons] = scene.materials[part.material].color
        if len(mesh.parts) == 1:
            values, where = values[:1], UsdGeom.Tokens.constant
    else:
        return
    prim.CreateDisplayColorPrimvar(where).Set(_vectors(values.astype(np.float32)))


def _materials(stage: Usd.Stage, scene: Scene) -> list[UsdShade.Material]:
    out: list[UsdShade.Material] = []
    UsdGeom.Scope.Define(stage, f"/{scene.name}/materials")
    for material in scene.materials:
        path = f"/{scene.name}/materials/{material.name}"
        prim = UsdShade.Material.Define(stage, path)
        shader = UsdShade.Shader.Define(stage, f"{path}/surface")
        shader.CreateIdAttr("UsdPreviewSurface")
        shader.CreateInput("diffuseColor", Sdf.ValueTypeNames.Color3f).Set(Gf.Vec3f(*material.color))
        shader.CreateInput("roughness", Sdf.ValueTypeNames.Float).Set(0.6)
        prim.CreateSurfaceOutput().ConnectToSource(shader.ConnectableAPI(), "surface")
        out.append(prim)
    return out


def _bind(prim: UsdGeom.Mesh, mesh: SceneMesh, materials: list[UsdShade.Material]) -> None:
    """Bind the mesh to its material, or each of its parts to theirs by face subsets."""
    binding = UsdShade.MaterialBindingAPI.Apply(prim.GetPrim())
    if len(mesh.parts) == 1:
        binding.Bind(materials[mesh.parts[0].material])
        return
    for part in mesh.parts:
        material = materials[part.material]
        subset = binding.CreateMaterialBindSubset(
            f"{material.GetPrim().GetName()}_faces", Vt.IntArray.FromNumpy(part.polygons)
        )
        UsdShade.MaterialBindingAPI.Apply(subset.GetPrim()).Bind(material)


def _extent(points: np.ndarray) -> np.ndarray:
    """(2, 3) lowest and highest corner."""
    return np.stack([points.min(axis=0), points.max(axis=0)]) if len(points) else np.zeros((2, 3), np.float32)


def _vectors(values: np.ndarray) -> Vt.Vec3fArray:
    return Vt.Vec3fArray.FromNumpy(np.ascontiguousarray(values, dtype=np.float32))
