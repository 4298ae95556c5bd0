"""A clip on its character as a Maya ASCII scene that opens in Maya 2022 and later without facepatch.

Only nodes that every Maya has: mesh, blendShape, animCurve, lambert. One blendShape node per mesh; one curve
per component drives the weight of the same number on all of them. The connections are those that Maya 2022
writes itself:

    <mesh>ShapeOrig.w -> (groupParts ->) blendShape.ip[0].ig      <mesh>ShapeOrig.o -> blendShape.orggeom[0]
    curve.o -> blendShape.w[k]                                    blendShape.og[0] -> <mesh>Shape.i

`supportNegativeWeights` is on: PCA weights are signed, and Maya clamps negative ones at zero without it. The
scene is in centimetres and degrees whatever the unit of the character's own file.

Known weakness: no real Maya has opened these files yet. The tests evaluate them with an independent reader.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from facepatch.core.axes import Float64
from facepatch.core.data.character import Character
from facepatch.core.data.clip import Clip
from facepatch.core.records import atomic_write
from facepatch.export.maya_text import (
    alias_list,
    array_statements,
    component_list,
    connect,
    curve_statements,
    mesh_statements,
    numbers,
    quoted,
    statement_bytes,
)
from facepatch.export.names import NameTable
from facepatch.export.rotation import unwrapped_euler
from facepatch.export.scene import Scene, SceneMesh, build_scene
from facepatch.export.timing import key_frames, maya_unit

FULL_WEIGHT_ITEM = 6000
"""Maya keeps the target for weight w at item 5000 + 1000 w."""

BLENDSHAPE_ATTRIBUTES = (
    "weight w icon icn inputTarget it origin or baseOrigin bo targetOrigin to parallelBlender pb "
    "supportNegativeWeights sn paintWeights ptw offsetDeformer ofm localVertexFrame lvf midLayerId mlid "
    "midLayerParent mlpr nextNode nn parentDirectory pndr nextTarget nt targetVisibility tgvs "
    "targetParentVisibility tpvs targetDirectory tgdt deformationOrder dfo symmetryEdge sye "
    "topologyCheck tc useTargetCompWeights utcw inbetweenInfoGroup ibig envelope en input ip "
    "outputGeometry og originalGeometry orggeom function fchild map64BitIndices message msg caching cch "
    "frozen fzn isHistoricallyInteresting ihi nodeState nds binMembership bnm attributeAliasList aal "
    "cacheSetup csp weightList wl blockGPU bgp"
)
"""Names that an alias of a weight must not take."""


TAKEN = (
    "head_pose persp top front side perspShape topShape frontShape sideShape time1 lambert1 "
    "standardSurface1 particleCloud1 shaderGlow1 initialShadingGroup initialParticleSE "
    "initialMaterialInfo renderPartition shapeEditorManager poseInterpolatorManager layerManager "
    "defaultLayer renderLayerManager defaultRenderLayer lightLinker1 sceneConfigurationScriptNode "
    "uiConfigurationScriptNode"
)
"""Nodes that every Maya scene has."""


class MeshNodes(NamedTuple):
    """Names of the nodes that one mesh becomes."""

    shape: str
    """The visible shape, which the deformer fills."""
    original: str
    """The intermediate shape that holds the mesh."""
    blend: str


def write_maya_ascii(clip: Clip, path: Path, *, character: Character) -> None:
    """Write `clip` on `character` as a `.ma` scene.

    The time unit is Maya's for the clip's rate; a rate that Maya lacks takes the nearest unit with keys at
    their real time (`timing.maya_unit`), the first one at `start_frame`. Raises the errors of `build_scene`,
    and StorageError where `path` cannot be written.
    """
    scene = build_scene(clip, character=character)
    with atomic_write(path) as stream:
        for piece in statement_bytes(_statements(scene, clip, path.name)):
            stream.write(piece)


def _statements(scene: Scene, clip: Clip, file_name: str) -> Iterator[str]:
    unit, unit_name = maya_unit(clip.rate)
    frames = key_frames(clip, unit)
    materials = (name for m in scene.materials for name in (m.name, f"{m.name}SG", f"{m.name}SG_info"))
    nodes = NameTable(
        name.lower()
        for name in (scene.name, *(mesh.name for mesh in scene.meshes), *materials, *TAKEN.split())
    )
    curves = [nodes.claim(f"{scene.name}_{name}") for name in scene.target_names]
    groups = [f"{material.name}SG" for material in scene.materials]
    yield from _header(clip, file_name, unit_name)
    yield from _transforms(scene)
    connections: list[str] = []
    for number, mesh in enumerate(scene.meshes):
        own = MeshNodes(*(nodes.claim(f"{mesh.name}{end}") for end in ("Shape", "ShapeOrig", "_blendShape")))
        yield from _mesh(mesh, own)
        yield from _blend_shape(mesh, own.blend, scene)
        connections += _blend_connections(own, number, curves)
        yield from _assignment(mesh, own, groups, nodes, connections)
    for k, curve in enumerate(curves):
        yield from curve_statements("TU", curve, frames=frames, values=scene.weights[:, k])
    if scene.head_pose is not None:
        yield from _head_curves(scene.head_pose, frames, nodes, connections)
    yield from _materials(scene, groups, connections)
    yield from _footer(scene, frames, groups)
    yield from connections
    yield f"// End of {file_name}\n"


def _header(clip: Clip, file_name: str, unit_name: str) -> Iterator[str]:
    yield "//Maya ASCII 2022 scene\n"
    yield f"//Name: {file_name}\n//Codeset: UTF-8\n"
    yield 'requires maya "2022";\n'
    yield f"currentUnit -l centimeter -a degree -t {unit_name};\n"
    yield 'fileInfo "application" "facepatch";\n'
    yield f'fileInfo "facepatch_rate" "{clip.rate[0]}/{clip.rate[1]}";\n'
    yield f'fileInfo "facepatch_start_frame" "{clip.start_frame}";\n'
    for key, value in (("facepatch_timecode", clip.timecode), ("facepatch_clip", clip.name)):
        if value:
            yield f'fileInfo "{key}" {quoted(value)};\n'


def _transforms(scene: Scene) -> Iterator[str]:
    yield f'createNode transform -n "{scene.name}";\n'
    yield f'createNode transform -n "head_pose" -p "{scene.name}";\n'
    for mesh in scene.meshes:
        yield f'createNode transform -n "{mesh.name}" -p "head_pose";\n'


def _mesh(mesh: SceneMesh, own: MeshNodes) -> Iterator[str]:
    """Both shapes; the mesh data lies in the intermediate one."""
    uv = mesh.uv if mesh.uv is not None and len(mesh.uv) else None
    for shape in (own.shape, own.original):
        yield f'createNode mesh -n "{shape}" -p "{mesh.name}";\n\tsetAttr -k off ".v";\n'
        if shape == own.original:
            yield '\tsetAttr ".io" yes;\n'
        elif len(mesh.parts) > 1:
            yield f'\tsetAttr -s {len(mesh.parts)} ".iog[0].og";\n'
        yield '\tsetAttr ".vir" yes;\n\tsetAttr ".vif" yes;\n'
        yield '\tsetAttr ".uvst[0].uvsn" -type "string" "map1";\n\tsetAttr ".cuvs" -type "string" "map1";\n'
        yield '\tsetAttr ".dcc" -type "string" "Ambient+Diffuse";\n'
    yield from mesh_statements(
        mesh.points, mesh.polygon_counts, mesh.polygon_vertices, uv=uv, uv_indices=mesh.uv_indices
    )


def _blend_shape(mesh: SceneMesh, node: str, scene: Scene) -> Iterator[str]:
    names, count = scene.target_names, len(scene.target_names)
    table = NameTable(name.lower() for name in BLENDSHAPE_ATTRIBUTES.split())
    aliases = [table.claim(name) for name in names]
    yield f'createNode blendShape -n "{node}";\n'
    yield '\taddAttr -ci true -h true -sn "aal" -ln "attributeAliasList" -dt "attributeAlias";\n'
    yield '\tsetAttr ".tc" no;\n'
    yield from array_statements(".w", scene.weights[0], step=count)
    yield f'\tsetAttr -s {count} ".it[0].itg";\n'
    for k, target in enumerate(mesh.targets):
        item = f".it[0].itg[{k}].iti[{FULL_WEIGHT_ITEM}]"
        points = np.concatenate([target.offsets, np.ones((len(target.offsets), 1), np.float32)], axis=1)
        yield f'\tsetAttr "{item}.ipt" -type "pointArray" {len(points)} {numbers(points)} ;\n'
        yield f'\tsetAttr "{item}.ict" -type "componentList" {component_list(target.indices, "vtx")};\n'
    yield '\tsetAttr ".sn" yes;\n\tsetAttr ".mlid" 0;\n\tsetAttr ".mlpr" 0;\n'
    yield from array_statements(".pndr", np.zeros(count, np.int32), step=count)
    yield f'\tsetAttr ".tgdt[0].cid" -type "Int32Array" {count} {numbers(np.arange(count))} ;\n'
    yield f'\tsetAttr ".aal" -type "attributeAlias" {alias_list(aliases)} ;\n'


def _blend_connections(own: MeshNodes, number: int, curves: list[str]) -> list[str]:
    return [
        connect(f"{own.blend}.og[0]", f"{own.shape}.i"),
        connect(f"{own.original}.o", f"{own.blend}.orggeom[0]"),
        *(connect(f"{curve}.o", f"{own.blend}.w[{k}]") for k, curve in enumerate(curves)),
        connect(f"{own.blend}.mlpr", f"shapeEditorManager.bspr[{number}]"),
        connect(f"shapeEditorManager.obsv[{number}]", f"{own.blend}.tgdt[0].dpvs"),
    ]


def _assignment(
    mesh: SceneMesh, own: MeshNodes, groups: list[str], nodes: NameTable, connections: list[str]
) -> Iterator[str]:
    """Give the mesh its materials: as a whole where it has one, else per face.

    Faces of a mesh with history belong to a set through a groupId and a groupParts node before the deformer.
    """
    shape, source, target = own.shape, f"{own.original}.w", f"{own.blend}.ip[0].ig"
    if len(mesh.parts) <= 1:
        group = groups[mesh.parts[0].material] if mesh.parts else ":initialShadingGroup"
        connections += [connect(source, target), connect(f"{shape}.iog", f"{group}.dsm", next_free=True)]
        return
    for number, part in enumerate(mesh.parts):
        group_id = nodes.claim(f"{mesh.name}_groupId{number + 1}")
        group_parts = nodes.claim(f"{mesh.name}_groupParts{number + 1}")
        yield f'createNode groupId -n "{group_id}";\n\tsetAttr ".ihi" 0;\n'
        yield f'createNode groupParts -n "{group_parts}";\n\tsetAttr ".ihi" 0;\n'
        yield f'\tsetAttr ".ic" -type "componentList" {component_list(part.polygons, "f")};\n'
        group = groups[part.material]
        connections += [
            connect(source, f"{group_parts}.ig"),
            connect(f"{group_id}.id", f"{group_parts}.gi"),
            connect(f"{group_id}.id", f"{shape}.iog.og[{number}].gid"),
            connect(f"{group}.mwc", f"{shape}.iog.og[{number}].gco"),
            connect(f"{shape}.iog.og[{number}]", f"{group}.dsm", next_free=True),
            connect(f"{group_id}.msg", f"{group}.gn", next_free=True),
        ]
        source = f"{group_parts}.og"
    connections.append(connect(source, target))


def _head_curves(pose: Float64, frames: Float64, nodes: NameTable, connections: list[str]) -> Iterator[str]:
    """Translate and rotate (order xyz) of the group above the meshes."""
    channels = {"translate": pose[:, :3, 3], "rotate": np.degrees(unwrapped_euler(pose[:, :3, :3]))}
    for channel, values in channels.items():
        for axis, letter in enumerate("XYZ"):
            curve = nodes.claim(f"head_pose_{channel}{letter}")
            kind = "TL" if channel == "translate" else "TA"
            yield from curve_statements(kind, curve, frames=frames, values=values[:, axis])
            connections.append(connect(f"{curve}.o", f"head_pose.{channel[0]}{letter.lower()}"))


def _materials(scene: Scene, groups: list[str], connections: list[str]) -> Iterator[str]:
    for material, group in zip(scene.materials, groups):
        red, green, blue = material.color
        yield f'createNode lambert -n "{material.name}";\n'
        yield f'\tsetAttr ".c" -type "float3" {red:.6g} {green:.6g} {blue:.6g} ;\n'
        yield f'createNode shadingEngine -n "{group}";\n\tsetAttr ".ihi" 0;\n\tsetAttr ".ro" yes;\n'
        yield f'createNode materialInfo -n "{group}_info";\n'
        connections += [
            connect(f"{material.name}.oc", f"{group}.ss"),
            connect(f"{group}.msg", f"{group}_info.sg"),
            connect(f"{material.name}.msg", f"{group}_info.m"),
            connect(f"{group}.pa", ":renderPartition.st", next_free=True),
            connect(f"{material.name}.msg", ":defaultShaderList1.s", next_free=True),
        ]


def _footer(scene: Scene, frames: Float64, groups: list[str]) -> Iterator[str]:
    """Shape editor, light links, playback range and current time."""
    yield 'createNode shapeEditorManager -n "shapeEditorManager";\n'
    if len(scene.meshes) > 1:
        yield f'\tsetAttr -s {len(scene.meshes)} ".bspr";\n\tsetAttr -s {len(scene.meshes)} ".obsv";\n'
    members = numbers(np.arange(len(scene.meshes)))
    yield f'\tsetAttr ".bsdt[0].bscd" -type "Int32Array" {len(scene.meshes)} {members} ;\n'
    yield 'createNode lightLinker -s -n "lightLinker1";\n'
    start, end = f"{frames[0]:.9g}", f"{frames[-1]:.9g}"
    yield 'createNode script -n "sceneConfigurationScriptNode";\n'
    yield (
        f'\tsetAttr ".b" -type "string" "playbackOptions -min {start} -max {end} -ast {start} -aet {end} ";\n'
        '\tsetAttr ".st" 6;\n'
    )
    yield f'select -ne :time1;\n\tsetAttr ".o" {start};\n\tsetAttr ".unw" {start};\n'
    for kind in ("link", "shadowLink"):
        for group in (":initialShadingGroup", ":initialParticleSE", *groups):
            yield f'relationship "{kind}" ":lightLinker1" "{group}.message" ":defaultLightSet.message";\n'
