"""MFnMesh."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np

from fakemaya import matrices, membership, meshes, naming
from fakemaya.active import active
from fakemaya.api_contract import api
from fakemaya.evaluate import world_of
from fakemaya.node import MeshData, Node, Plug, mesh_data
from fakemaya.openmaya.depend import MFnDagNode, unrecorded
from fakemaya.openmaya.objects import Data, MObject, MObjectArray, living
from fakemaya.openmaya.values import (
    MODULE,
    MFloatArray,
    MFloatPointArray,
    MFloatVectorArray,
    MIntArray,
    MPoint,
    MPointArray,
    MVector,
    plain,
)

OBJECT, WORLD = 2, 4


@api(MODULE)
class MFnMesh(MFnDagNode):
    """A mesh node or mesh data.

    A space that is passed by POSITION is ignored and means object space: in real Maya the integer picks a wrong
    overload without a word. Pass space= by name.
    """

    _fits = ("kMesh", "kMeshData")

    def setObject(self, thing: Any) -> Any:
        if isinstance(thing, MObject) and isinstance(thing._thing, Data):
            self._held, self._path = thing, None
            return self
        return super().setObject(thing)

    @property
    def _mesh(self) -> MeshData:
        thing = self.object()._thing
        if isinstance(thing, Data):
            return thing.value if thing.value is not None else mesh_data(np.zeros((0, 3)), [], [])
        return meshes.of(active().scene, living(self.object()))

    def _matrix(self, space: Optional[int]) -> Any:
        """Object to the space; RuntimeError for world space without a path."""
        if space != WORLD:
            return None
        if getattr(self, "_path", None) is None:
            raise RuntimeError(
                "(kInvalidParameter): world space needs a function set that was made from a MDagPath"
            )
        return world_of(active().scene, self._node)

    def _points(self, space: Optional[int]) -> Any:
        m = self._matrix(space)
        points = self._mesh.points
        return points if m is None else matrices.transform_points(points.astype(np.float64), m)

    def getPoints(self, *by_position: Any, space: Optional[int] = None) -> MPointArray:
        return MPointArray._of(self._points(space))

    def getFloatPoints(self, *by_position: Any, space: Optional[int] = None) -> MFloatPointArray:
        return MFloatPointArray._of(self._points(space))

    def getPoint(self, vertexId: int, *by_position: Any, space: Optional[int] = None) -> MPoint:
        return MPoint(*map(float, self._points(space)[plain(vertexId, (int,))]))

    def setPoints(self, points: Any, *by_position: Any, space: Optional[int] = None) -> Any:
        if not isinstance(points, (MPointArray, MFloatPointArray)):
            points = MPointArray(points)
        if len(points) != len(self._mesh.points):
            raise RuntimeError("(kInvalidParameter): the number of points is not that of the vertices")
        rows = points._rows[:, :3]
        m = self._matrix(space)
        self._put(rows if m is None else matrices.transform_points(rows, np.linalg.inv(m)))
        return self

    def setPoint(self, vertexId: int, point: MPoint, *by_position: Any, space: Optional[int] = None) -> Any:
        rows = self._mesh.points.copy()
        m = self._matrix(space)
        row = np.array([list(point)[:3]])
        rows[vertexId] = (row if m is None else matrices.transform_points(row, np.linalg.inv(m)))[0]
        self._put(rows)
        return self

    def _put(self, rows: Any) -> None:
        thing = self.object()._thing
        if isinstance(thing, Data):
            thing.value = self._mesh.with_points(rows)
            return
        # Below history the next evaluation brings the old points back: only the cache is written.
        active().scene.put(Plug(thing, thing.type.by_name["cachedInMesh"]), self._mesh.with_points(rows))

    def updateSurface(self) -> Any:
        active().scene.dirty()
        return self

    @property
    def numVertices(self) -> int:
        return len(self._mesh.points)

    @property
    def numPolygons(self) -> int:
        return len(self._mesh.counts)

    @property
    def numEdges(self) -> int:
        return len(meshes.edges(self._mesh))

    @property
    def numFaceVertices(self) -> int:
        return len(self._mesh.corners)

    def getVertices(self) -> tuple[MIntArray, MIntArray]:
        return MIntArray._of(self._mesh.counts), MIntArray._of(self._mesh.corners)

    def getPolygonVertices(self, polygonId: int) -> MIntArray:
        start = int(self._mesh.counts[:polygonId].sum())
        return MIntArray._of(self._mesh.corners[start : start + int(self._mesh.counts[polygonId])])

    def polygonVertexCount(self, faceId: int) -> int:
        return int(self._mesh.counts[faceId])

    def getTriangles(self) -> tuple[MIntArray, MIntArray]:
        counts, tris = meshes.triangles(self._mesh)
        return MIntArray._of(counts), MIntArray._of(tris.ravel())

    def getEdgeVertices(self, edgeId: int) -> tuple[int, int]:
        a, b = meshes.edges(self._mesh)[edgeId]
        return int(a), int(b)

    def getVertexNormals(
        self, angleWeighted: bool, *by_position: Any, space: Optional[int] = None
    ) -> MFloatVectorArray:
        normals = meshes.vertex_normals(self._mesh)
        m = self._matrix(space)
        if m is not None:
            normals = normals @ np.linalg.inv(m[:3, :3]).T
            normals = normals / np.linalg.norm(normals, axis=1, keepdims=True)
        return MFloatVectorArray._of(normals)

    def getVertexNormal(
        self, vertexId: int, angleWeighted: bool, *by_position: Any, space: Optional[int] = None
    ) -> MVector:
        return MVector(*map(float, self.getVertexNormals(angleWeighted, space=space)._rows[vertexId]))

    def getClosestPoint(
        self, point: MPoint, *by_position: Any, space: Optional[int] = None
    ) -> tuple[MPoint, int]:
        points, (counts, tris) = np.asarray(self._points(space), np.float64), meshes.triangles(self._mesh)
        nearest, face = closest_on_triangles(points[tris], np.array(list(point)[:3]))
        return MPoint(*map(float, nearest)), int(np.repeat(np.arange(len(counts)), counts)[face])

    def getUVs(self, uvSet: str = "") -> tuple[MFloatArray, MFloatArray]:
        uvs = self._mesh.uvs
        return (MFloatArray._of(uvs[0]), MFloatArray._of(uvs[1])) if uvs else (MFloatArray(), MFloatArray())

    def numUVs(self, uvSet: str = "") -> int:
        return len(self._mesh.uvs[0]) if self._mesh.uvs else 0

    def getAssignedUVs(self, uvSet: str = "") -> tuple[MIntArray, MIntArray]:
        uvs = self._mesh.uvs
        return (
            (MIntArray._of(uvs[2]), MIntArray._of(uvs[3]))
            if uvs
            else (MIntArray._of(np.zeros(len(self._mesh.counts))), MIntArray())
        )

    def setUVs(self, uValues: Any, vValues: Any, uvSet: str = "") -> Any:
        uvs = self._mesh.uvs or (
            None,
            None,
            np.zeros(len(self._mesh.counts), np.int32),
            np.zeros(0, np.int32),
        )
        self._keep_uvs((MFloatArray(uValues)._rows[:, 0], MFloatArray(vValues)._rows[:, 0], uvs[2], uvs[3]))
        return self

    def assignUVs(self, uvCounts: Any, uvIds: Any, uvSet: str = "") -> Any:
        uvs = self._mesh.uvs
        if uvs is None:
            raise RuntimeError("(kInvalidParameter): set the uvs first")
        self._keep_uvs((uvs[0], uvs[1], MIntArray(uvCounts)._rows[:, 0], MIntArray(uvIds)._rows[:, 0]))
        return self

    def _keep_uvs(self, uvs: Any) -> None:
        mesh = self._mesh
        fresh = MeshData(mesh.points, mesh.counts, mesh.corners, uvs)
        thing = self.object()._thing
        if isinstance(thing, Data):
            thing.value = fresh
        else:
            active().scene.put(Plug(thing, thing.type.by_name["cachedInMesh"]), fresh)

    def getUVSetNames(self) -> tuple[str, ...]:
        return ("map1",)

    def getConnectedShaders(self, instance: int) -> tuple[MObjectArray, MIntArray]:
        groups = membership.shading_groups(active().scene, self._node)
        faces = np.full(self.numPolygons, -1)
        for index, (_, elements) in enumerate(groups):
            faces[slice(None) if elements is None else elements] = index
        return MObjectArray([MObject._of(g) for g, _ in groups]), MIntArray._of(faces)

    def create(
        self,
        vertices: Any,
        polygonCounts: Any,
        polygonConnects: Any,
        uValues: Any = None,
        vValues: Any = None,
        parent: Any = None,
    ) -> MObject:
        if not isinstance(vertices, (MPointArray, MFloatPointArray)):
            vertices = MPointArray(vertices)
        mesh = mesh_data(
            vertices._rows[:, :3], MIntArray(polygonCounts)._rows, MIntArray(polygonConnects)._rows
        )
        return self._make(mesh, parent, "polySurface1")

    def _make(self, mesh: MeshData, parent: Any, name: str) -> MObject:
        if parent is not None and isinstance(parent._thing, Data):
            parent._thing.value = mesh
            self._held, self._path = parent, None
            return parent
        with unrecorded() as scene:
            above: Optional[Node] = living(parent) if parent is not None and not parent.isNull() else None
            transform = above or scene.create("transform", name)
            shape = scene.create("mesh", f"{transform.full_name}Shape", parent=transform)
            scene.put(Plug(shape, shape.type.by_name["cachedInMesh"]), mesh)
        self._held, self._path = MObject._of(shape), None
        return MObject._of(shape if above else transform)

    def copy(self, source: MObject, parent: Any = None) -> MObject:
        thing = source._thing
        if isinstance(thing, Data):
            mesh, name = thing.value, "polySurface1"
        else:
            node = living(source)
            shape = naming.visible_shape(node, "mesh")
            if shape is None:
                raise RuntimeError("(kInvalidParameter): not a mesh")
            mesh, name = meshes.of(active().scene, shape), "polySurface1"
        return self._make(mesh.with_points(mesh.points.copy()), parent, name)


def closest_on_triangles(triangles: Any, point: Any) -> tuple[Any, int]:
    """The nearest point on (F, 3, 3) triangles and which triangle it lies on."""
    a, b, c = triangles[:, 0], triangles[:, 1], triangles[:, 2]
    normal = np.cross(b - a, c - a)
    area = np.einsum("ij,ij->i", normal, normal)
    area = np.where(area, area, 1.0)
    on_plane = point - normal * (np.einsum("ij,ij->i", point - a, normal) / area)[:, None]
    inside = np.ones(len(a), bool)
    best = on_plane.copy()
    distance = np.full(len(a), np.inf)
    for start, end in ((a, b), (b, c), (c, a)):
        edge = end - start
        inside &= np.einsum("ij,ij->i", np.cross(edge, on_plane - start), normal) >= 0
        length = np.einsum("ij,ij->i", edge, edge)
        share = np.clip(np.einsum("ij,ij->i", point - start, edge) / np.where(length, length, 1.0), 0, 1)
        candidate = start + share[:, None] * edge
        far = ((candidate - point) ** 2).sum(1)
        closer = far < distance
        best[closer], distance[closer] = candidate[closer], far[closer]
    best[inside], distance[inside] = on_plane[inside], ((on_plane - point) ** 2).sum(1)[inside]
    winner = int(np.argmin(distance))
    return best[winner], winner
