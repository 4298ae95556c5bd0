"""The state behind the Character panel: meshes, regions, landmarks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Optional

from facepatch.core.data.landmarks import LANDMARK_NAMES
from facepatch.core.data.mesh import Topology
from facepatch.core.errors import InputError
from facepatch.core.face_regions import (
    REGIONS,
    USUAL,
    FaceRegion,
    face_region,
    landmark_title,
    mirror_landmarks,
    side_of,
)
from facepatch.core.host import Host, HostMesh
from facepatch.core.vertex_picks import (
    VertexPicks,
    check_picks_fit,
    read_vertex_picks,
    write_vertex_picks,
)
from facepatch_maya.session.pick_view import PickView
from facepatch_maya.session.status import DONE, EMPTY, FAILED, READY, RUNNING, Listeners, Page


class CharacterPage(Page):
    """Which meshes are the character, which regions become patches, and where its landmarks are."""

    name = "character"

    def __init__(self, listeners: Listeners, host: Host, view: PickView) -> None:
        super().__init__(listeners)
        self._host = host
        self._view = view
        self.meshes: list[str] = []
        """All meshes of the head. The landmarks are on the first."""
        self.uuids: list[str] = []
        self.ticked: list[str] = list(USUAL)
        self.region = USUAL[0]
        """Whose landmarks are shown."""
        self.landmarks: dict[str, int] = {}
        self.proposals: dict[str, int] = {}
        """Proposed, not accepted yet."""
        self.current = ""
        """The landmark that the next click gives a vertex."""
        self.picking = False
        self.markers = True
        self._mesh: Optional[HostMesh] = None
        self._picked: list[str] = []
        """Landmarks in the order of being picked, for stepping back."""
        self.invite()

    # ------------------------------------------------------------------------------------------ what there is

    @property
    def face(self) -> str:
        """The mesh that carries the landmarks; "" before one is chosen."""
        return self.meshes[0] if self.meshes else ""

    @property
    def mesh(self) -> HostMesh:
        """The face mesh. Raises InputError before one is chosen, and what the host raises where it is gone."""
        if not self.face:
            raise InputError("No mesh is chosen yet. Select the face in the viewport and press Add selected.")
        if self._mesh is None:
            self._mesh = self._host.read_mesh(self.face)
        return self._mesh

    def count(self, region: FaceRegion) -> tuple[int, int]:
        """Picked landmarks of a region, and how many it has."""
        return sum(name in self.landmarks for name in region.landmarks), len(region.landmarks)

    @property
    def missing(self) -> tuple[str, ...]:
        """Landmarks of the ticked regions that are not picked; the backend proposes them by itself."""
        return tuple(
            name
            for region in REGIONS
            if region.name in self.ticked
            for name in region.landmarks
            if name not in self.landmarks
        )

    def next_missing(self, after: str = "") -> str:
        """The next landmark of the shown region that has no vertex; "" where all have one."""
        names = face_region(self.region).landmarks
        start = names.index(after) + 1 if after in names else 0
        for name in (*names[start:], *names[:start]):
            if name not in self.landmarks:
                return name
        return ""

    # ---------------------------------------------------------------------------------------------- meshes

    def add_selected(self) -> None:
        """Take the meshes that are selected in the viewport."""
        with self.reporting("Adding meshes"):
            chosen = self._view.selected_meshes()
            if not chosen:
                raise InputError(
                    "No mesh is selected. Click the face in the viewport (Shift-click for eyes, teeth and tongue), "
                    "then press Add selected again."
                )
            self.choose([*self.meshes, *(mesh for mesh in chosen if mesh not in self.meshes)])

    def choose(self, meshes: Sequence[str]) -> None:
        """Make `meshes` the character; the first carries the landmarks."""
        with self.reporting("Choosing meshes"):
            self.stop()
            read = [self._host.read_mesh(mesh) for mesh in meshes]
            self.meshes = [mesh.name for mesh in read]
            self.uuids = [mesh.uuid for mesh in read]
            self._mesh = read[0] if read else None
            # Before they are read: those of another mesh may not stay where reading fails.
            self.landmarks, self.proposals, self._picked = {}, {}, []
            if read:
                self.landmarks = self._host.load_landmarks(self.face)
            self.current = self.next_missing()
            self.invite()
        self._draw()

    def remove_meshes(self, meshes: Iterable[str]) -> None:
        """Take meshes out of the character; their landmarks stay in the scene."""
        gone = set(meshes)
        self.choose([mesh for mesh in self.meshes if mesh not in gone])

    def make_face(self, mesh: str) -> None:
        """Let `mesh` carry the landmarks."""
        self.choose([mesh, *(other for other in self.meshes if other != mesh)])

    # --------------------------------------------------------------------------------------------- regions

    def tick(self, region: str, on: bool) -> None:
        """Whether `region` becomes a patch."""
        order = [known.name for known in REGIONS]
        ticked = {*self.ticked, region} if on else set(self.ticked) - {region}
        self.ticked = sorted(ticked, key=order.index)
        self.invite()

    def show_region(self, region: str) -> None:
        """Show the landmarks of `region`."""
        self.region = face_region(region).name
        self.current = self.next_missing()
        self._draw()
        self.changed()

    def make_current(self, landmark: str) -> None:
        """The next click in the viewport is for `landmark`."""
        self.current = landmark
        self._draw()
        self.changed()

    # --------------------------------------------------------------------------------------------- picking

    def start(self) -> None:
        """Clicks in the viewport give vertices to the landmarks of the shown region, one after the other."""
        with self.reporting("Picking"):
            names = face_region(self.region).landmarks
            if not names:
                raise InputError(
                    f"{face_region(self.region).title} has no points of its own: its patch hangs on those of its "
                    "neighbours. Choose another region to pick."
                )
            self.current = self.current if self.current in names else self.next_missing() or names[0]
            self._view.start_picking(self.mesh.name, self.take)
            self.picking = True
            self._invite_pick()
        self._draw()

    def stop(self) -> None:
        """Back to the user's own selection mode."""
        if self.picking:
            self.picking = False
            self._view.stop_picking()
            self.invite()
            self._draw()

    def take(self, vertices: Sequence[int]) -> None:
        """Vertices were clicked, in this order: each goes to the current landmark, which moves on."""
        for vertex in vertices:
            if self.current:
                self.place(self.current, vertex)
        if self.picking and self.current:
            self._invite_pick()

    def place(self, landmark: str, vertex: int) -> None:
        """Put `landmark` on `vertex`."""
        with self.reporting("Picking"):
            count = self.mesh.topology.vertex_count
            if not 0 <= vertex < count:
                raise InputError(
                    f"Vertex {vertex} lies outside {self.face}, which has 0 to {count - 1}. Pick on this mesh."
                )
            self.landmarks[landmark] = vertex
            self.proposals.pop(landmark, None)
            self._picked = [name for name in self._picked if name != landmark] + [landmark]
            self.current = self.next_missing(landmark)
            self._keep()
            if self.picking and not self.current:
                self.stop()

    def step_back(self) -> None:
        """Take the last pick away and pick it again."""
        if self._picked:
            landmark = self._picked.pop()
            self.remove([landmark])
            self.make_current(landmark)

    def remove(self, landmarks: Iterable[str]) -> None:
        """Take vertices from landmarks."""
        with self.reporting("Removing landmarks"):
            for name in landmarks:
                self.landmarks.pop(name, None)
                self.proposals.pop(name, None)
            self.current = self.next_missing()
            self._keep()

    def mirror(self, region: str = "") -> None:
        """Give the other side of the region (of the whole face where none is given) the mirror image of this one."""
        with self.reporting("Mirroring"):
            names = face_region(region).landmarks if region else LANDMARK_NAMES
            # The region's own side; where it has both, the character's left.
            side = "l" if any(side_of(name) == "l" for name in names) else "r"
            chosen = [name for name in names if side_of(name) == side]
            found = mirror_landmarks(self.landmarks, self.mesh.points, names=chosen)
            if not found:
                raise InputError(
                    "There is nothing to mirror yet: pick the points of one side first. Lips and nose are mirrored "
                    "from the character's left to its right."
                )
            self.landmarks.update(found)
            self._keep()
            self.say(
                DONE, f"{len(found)} points mirrored across X. Look at them in the viewport before going on."
            )

    def look_at(self, landmark: str) -> None:
        """Frame the landmark in the viewport."""
        vertex = self.landmarks.get(landmark, self.proposals.get(landmark))
        if vertex is not None:
            with self.reporting("Framing"):
                self._view.look_at(self.mesh.name, vertex)

    def show_markers(self, on: bool) -> None:
        """Whether landmarks are drawn in the viewport."""
        self.markers = on
        self._draw()
        self.changed()

    # ------------------------------------------------------------------------------------------- proposals

    def offer(self, picks: VertexPicks, doubts: Sequence[str] = ()) -> None:
        """Proposals of the backend, for the landmarks that are not picked. doubts: sentences of what is unsure."""
        self.proposals = {n: v for n, v in picks.landmarks.items() if n not in self.landmarks}
        count = len(self.proposals)
        if count:
            text = f"{count} landmarks proposed (hollow dots). Look at them, then accept or dismiss them."
            text = " ".join([text, *doubts[:2]])
        else:
            text = "Every landmark is picked already. Remove those that you want proposed anew."
        self._draw()
        self.say(READY, text)

    def accept(self, landmarks: Iterable[str] = ()) -> None:
        """Keep the named proposals; all of them where none is named."""
        with self.reporting("Accepting"):
            names = [name for name in (tuple(landmarks) or tuple(self.proposals)) if name in self.proposals]
            for name in names:
                self.landmarks[name] = self.proposals.pop(name)
            self.current = self.next_missing()
            self._keep()

    def dismiss(self) -> None:
        """Drop all proposals."""
        self.proposals = {}
        self._draw()
        self.invite()

    # ------------------------------------------------------------------------------------------------ files

    def load(self, path: Path) -> None:
        """Take the landmarks of a picks file."""
        with self.reporting("Loading picks"):
            picks = read_vertex_picks(path)
            topology = self.mesh.topology
            check_picks_fit(
                path,
                picks,
                mesh=self.face,
                vertex_count=topology.vertex_count,
                topology_id=topology.topology_id,
            )
            self.landmarks = dict(picks.landmarks)
            self.proposals = {}
            self.current = self.next_missing()
            self._keep()
            moved = (
                f" {len(picks.between)} lay between vertices and were moved to the nearest."
                if picks.between
                else ""
            )
            self.say(DONE, f"{len(picks.landmarks)} landmarks loaded from {path.name}.{moved}")

    def save(self, path: Path) -> None:
        """Write the landmarks as a picks file."""
        with self.reporting("Saving picks"):
            if not self.landmarks:
                raise InputError("There are no landmarks to save yet. Pick some, or have them proposed.")
            write_vertex_picks(path, self.picks(), note=f"Picked on {self.face} in {self._host.name}.")
            self.say(DONE, f"{len(self.landmarks)} landmarks saved to {path}.")

    def picks(self) -> VertexPicks:
        """The landmarks on the face mesh's own vertices."""
        topology: Topology = self.mesh.topology
        return VertexPicks(
            dict(self.landmarks), topology.vertex_count, topology.topology_id, self.face.rpartition("|")[2]
        )

    # ---------------------------------------------------------------------------------------------- helpers

    def refresh(self) -> None:
        """The scene was changed or replaced: meshes by their uuid, landmarks as the scene has them."""
        names = [self._view.name_of(uuid) for uuid in self.uuids]
        self.choose([name for name in names if name])
        gone = len(names) - len(self.meshes)
        if gone and self.status.kind != FAILED:
            self.say(FAILED, f"{gone} meshes of the character are no longer in the scene. Add them again.")

    def reread(self) -> None:
        """Undo or redo may have changed what the scene keeps: take the landmarks from there."""
        with self.reporting("Reading the landmarks"):
            kept = self._host.load_landmarks(self.mesh.name)
            if kept != self.landmarks:
                self.landmarks = kept
                self.current = self.next_missing()
                self._draw()
                self.invite()

    def hide(self) -> None:
        """Take the markers out of the viewport."""
        with self.reporting("Removing the markers"):
            self._view.hide_markers()

    def invite(self) -> None:
        """Say what can be done now."""
        if not self.meshes:
            return self.say(EMPTY, "Select the face mesh in the viewport and add it.")
        if not self.ticked:
            return self.say(READY, "Tick at least one region: each becomes a patch that is learned.")
        missing = len(self.missing)
        if missing and not self.landmarks:
            text = "No landmarks yet. Have them proposed, or pick them region by region."
        elif missing:
            text = f"{missing} landmarks of the ticked regions are not picked. What stays open is proposed in training."
        else:
            return self.say(DONE, "All landmarks of the ticked regions are picked and kept in the scene.")
        return self.say(READY, text)

    def _invite_pick(self) -> None:
        names = face_region(self.region).landmarks
        at = names.index(self.current) + 1 if self.current in names else 0
        self.say(
            RUNNING,
            f"Click the vertex for {landmark_title(self.current)} ({at} of {len(names)}). "
            "Backspace takes the last one back, Esc ends picking.",
            sum(name in self.landmarks for name in names),
            len(names),
        )

    def _keep(self) -> None:
        """Write the landmarks into the scene."""
        self._host.save_landmarks(self.mesh.name, self.landmarks)
        self._draw()
        self.invite()

    def _draw(self) -> None:
        """Markers are a help: where they cannot be drawn the panel says so and goes on."""
        with self.reporting("Drawing the markers"):
            if self.markers and self.face:
                self._view.show_markers(self.face, self.landmarks, self.proposals, self.current)
            else:
                self._view.hide_markers()
