"""Meshes, regions and landmarks of the character."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

from facepatch.core.face_regions import REGIONS, face_region, landmark_title
from facepatch_maya.session import Session
from facepatch_maya.session.status import RUNNING
from facepatch_maya.ui.face_map import FaceMap, region_of
from facepatch_maya.ui.panel import Action, Panel
from facepatch_maya.ui.parts import Card, EmptyHint, button, column, label, row
from facepatch_maya.ui.qt import QShortcut, QtCore, QtGui, QtWidgets
from facepatch_maya.ui.style import current_theme, em

_NAME = QtCore.Qt.ItemDataRole.UserRole
_CHECK = QtCore.Qt.CheckState


class CharacterPanel(Panel):
    """Choose the meshes, tick the regions, pick or accept the landmarks."""

    title = "Character"

    def __init__(self, session: Session) -> None:
        super().__init__(session, session.character)
        self.character = session.character
        self._filling = False
        self.body.addWidget(self._make_meshes())
        self.body.addWidget(self._make_landmarks(), 1)
        self._shortcuts()
        self.refresh()

    # -------------------------------------------------------------------------------------------- making

    def _make_meshes(self) -> QtWidgets.QWidget:
        card = Card(
            "Meshes",
            "All meshes of the head: skin, eyes, teeth, tongue, lashes. The first has the landmarks.",
        )
        self.meshes = QtWidgets.QListWidget()
        self.meshes.setObjectName("meshes")
        self.meshes.setSelectionMode(QtWidgets.QAbstractItemView.SelectionMode.ExtendedSelection)
        self.meshes.setFixedHeight(em(self, 4.6))
        self.meshes.setToolTip(
            "The meshes that are the character. Landmarks are picked on the one marked 'landmarks'. "
            "Double-click another to mark it."
        )
        EmptyHint(self.meshes, "Select the face in the viewport, then add it")
        self.meshes.itemDoubleClicked.connect(lambda item: self.character.make_face(item.data(_NAME)))
        self.add = button(
            "A&dd selected",
            self.character.add_selected,
            "Adds the meshes that are selected in the viewport. Groups count with everything below them.",
            name="add_selected",
        )
        self.drop = button(
            "Remove",
            self._remove_meshes,
            "Takes the marked meshes off this list; the scene keeps them.",
            name="remove_meshes",
        )
        card.add(row(self.meshes, column(self.add, self.drop, None, spacing=0.35), stretch=0))
        return card

    def _make_landmarks(self) -> QtWidgets.QWidget:
        self.count = label("", "quiet")
        card = Card(
            "Regions and landmarks",
            "Every ticked region becomes a patch that is learned. Landmarks say where it is on the mesh.",
            aside=self.count,
        )
        self.regions = QtWidgets.QTreeWidget()
        self.regions.setObjectName("regions")
        self.regions.setHeaderHidden(True)
        self.regions.setRootIsDecorated(False)
        self.regions.setColumnCount(2)
        self.regions.setFixedWidth(em(self, 11.4))
        self.regions.setToolTip(
            "Tick what is learned as a patch of its own. Click a name to see its landmarks."
        )
        head = self.regions.header()
        head.setStretchLastSection(False)
        head.setSectionResizeMode(0, QtWidgets.QHeaderView.ResizeMode.Stretch)
        head.setSectionResizeMode(1, QtWidgets.QHeaderView.ResizeMode.ResizeToContents)
        self.regions.setHorizontalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for region in REGIONS:
            item = QtWidgets.QTreeWidgetItem([region.title, ""])
            item.setData(0, _NAME, region.name)
            item.setToolTip(0, region.hint)
            right = int(QtCore.Qt.AlignmentFlag.AlignRight | QtCore.Qt.AlignmentFlag.AlignVCenter)
            item.setData(1, QtCore.Qt.ItemDataRole.TextAlignmentRole, right)
            self.regions.addTopLevelItem(item)
        self.regions.itemChanged.connect(self._ticked)
        self.regions.currentItemChanged.connect(self._region_chosen)
        self.map = FaceMap()
        self.map.chosen.connect(self._map_chosen)
        card.add(row(self.regions, self.map, stretch=1, spacing=0.6))
        self.hint = card.add(label("", "quiet", wrap=True))
        self.list = self._make_list()
        card.add(self.list, 1)
        card.add(self._make_tools())
        return card

    def _make_list(self) -> QtWidgets.QTreeWidget:
        made = QtWidgets.QTreeWidget()
        made.setObjectName("landmarks")
        made.setHeaderLabels(["Landmark, in the order of picking", "Vertex"])
        made.setRootIsDecorated(False)
        made.setUniformRowHeights(True)
        made.setSelectionMode(QtWidgets.QAbstractItemView.SelectionMode.ExtendedSelection)
        made.setMinimumHeight(em(self, 8.5))
        made.setToolTip(
            "The next click in the viewport is for the marked landmark. Double-click to see it in the viewport; "
            "Delete removes the vertex, Backspace takes the last pick back."
        )
        head = made.header()
        head.setStretchLastSection(False)
        head.setSectionResizeMode(0, QtWidgets.QHeaderView.ResizeMode.Stretch)
        head.setSectionResizeMode(1, QtWidgets.QHeaderView.ResizeMode.ResizeToContents)
        made.currentItemChanged.connect(self._landmark_chosen)
        made.itemDoubleClicked.connect(lambda item: self.character.look_at(item.data(0, _NAME)))
        return made

    def _make_tools(self) -> QtWidgets.QLayout:
        self.pick = button(
            "&Pick",
            self._toggle_picking,
            "Click vertices in the viewport, one landmark after the other. The user's own selection mode comes back "
            "when picking ends.",
            name="pick",
        )
        self.pick.setCheckable(True)
        self.mirror = button(
            "&Mirror",
            lambda: self.character.mirror(self.character.region),
            "Gives the other side the mirror image of this region across X: the nearest vertex to each point. "
            "Pick one eye, mirror it, look at the other.",
            name="mirror",
        )
        self.remove = button(
            "Remove",
            self._remove_landmarks,
            "Takes the vertex from the marked landmarks (Delete).",
            name="remove",
        )
        self.markers = QtWidgets.QCheckBox("Mar&kers")
        self.markers.setObjectName("markers")
        self.markers.setToolTip(
            "Shows the landmarks in the viewport. Markers are never saved with the scene."
        )
        self.markers.toggled.connect(lambda on: self.character.show_markers(bool(on)))
        load = button(
            "&Load…", self._load, "Takes the landmarks from a picks file (.json).", role="link", name="load"
        )
        save = button(
            "Sa&ve…", self._save, "Writes the landmarks as a picks file (.json).", role="link", name="save"
        )
        return row(self.pick, self.mirror, self.remove, self.markers, None, load, save, spacing=0.35)

    def _shortcuts(self) -> None:
        context = QtCore.Qt.ShortcutContext.WidgetWithChildrenShortcut
        keys = QtCore.Qt.Key
        pairs = ((keys.Key_Delete, self._remove_landmarks), (keys.Key_Backspace, self.character.step_back))
        for key, call in pairs:
            shortcut = QShortcut(QtGui.QKeySequence(key), self.list)
            shortcut.setContext(context)
            shortcut.activated.connect(call)
        escape = QShortcut(QtGui.QKeySequence(keys.Key_Escape), self)
        escape.setContext(context)
        escape.activated.connect(self.character.stop)

    # -------------------------------------------------------------------------------------------- footer

    def primary(self) -> Optional[Action]:
        """The next thing to do for a character."""
        page = self.character
        if not page.meshes:
            return Action(
                "&Add selected", "Adds the meshes that are selected in the viewport.", page.add_selected
            )
        if page.picking:
            return Action("&Done picking", "Ends picking (Esc).", page.stop)
        if self.session.proposal.running:
            return Action("&Cancel", "Stops looking for landmarks.", self.session.proposal.cancel)
        if page.proposals:
            count = len(page.proposals)
            return Action(f"A&ccept {count}", "Keeps all proposed landmarks.", page.accept)
        if page.missing:
            return Action(
                "Propo&se landmarks",
                "Finds every landmark that is not picked yet, from the shape of the face and from how lids and lips "
                "move. Captures the motion first, if it is not captured yet.",
                self.session.proposal.run,
            )
        return Action(
            "&Continue to Motion", "Capture what the face can do.", lambda: self.asked_for.emit("motion")
        )

    def secondary(self) -> Optional[Action]:
        """Beside it: keep one region's proposals, or none."""
        page = self.character
        if page.proposals:
            return Action("D&ismiss", "Drops all proposals.", page.dismiss)
        return None

    # --------------------------------------------------------------------------------------------- state

    def show_state(self) -> None:
        """Show the page."""
        self._filling = True
        self._show_meshes()
        self._show_regions()
        self._show_landmarks()
        page = self.character
        self.map.show_state(page.landmarks, page.proposals, current=page.current, region=page.region)
        total = sum(page.count(region)[1] for region in REGIONS)
        proposed = f", {len(page.proposals)} proposed" if page.proposals else ""
        self.count.setText(f"{len(page.landmarks)} of {total}{proposed}")
        names = face_region(page.region).landmarks
        self.hint.setText(face_region(page.region).hint)
        has_mesh, busy = bool(page.meshes), page.status.kind == RUNNING and not page.picking
        self.pick.setEnabled(has_mesh and bool(names) and not busy)
        self.pick.setChecked(page.picking)
        self.pick.setText("Picking…" if page.picking else "&Pick")
        self.mirror.setEnabled(has_mesh and any(name in page.landmarks for name in names))
        self.remove.setEnabled(any(name in page.landmarks or name in page.proposals for name in names))
        self.markers.setChecked(page.markers)
        self.drop.setEnabled(has_mesh)
        self._filling = False

    def _show_meshes(self) -> None:
        names = list(self.character.meshes)
        if [self.meshes.item(i).data(_NAME) for i in range(self.meshes.count())] == names:
            return
        self.meshes.clear()
        for index, name in enumerate(names):
            short = name.rpartition("|")[2]
            item = QtWidgets.QListWidgetItem(f"{short}   · landmarks" if index == 0 else short)
            item.setData(_NAME, name)
            item.setToolTip(name)
            self.meshes.addItem(item)

    def _show_regions(self) -> None:
        theme, page = current_theme(), self.character
        for index, region in enumerate(REGIONS):
            item = self.regions.topLevelItem(index)
            item.setCheckState(0, _CHECK.Checked if region.name in page.ticked else _CHECK.Unchecked)
            have, of = page.count(region)
            item.setText(1, f"{have}/{of}" if of else "–")
            color = theme.good if of and have == of else theme.warn if have else theme.faint
            item.setForeground(1, QtGui.QBrush(QtGui.QColor(color)))
            if region.name == page.region and self.regions.currentItem() is not item:
                self.regions.setCurrentItem(item)

    def _show_landmarks(self) -> None:
        page, theme = self.character, current_theme()
        names = face_region(page.region).landmarks
        rows = [self.list.topLevelItem(i) for i in range(self.list.topLevelItemCount())]
        if tuple(item.data(0, _NAME) for item in rows) != names:
            self.list.clear()
            for index, name in enumerate(names):
                item = QtWidgets.QTreeWidgetItem([f"{index + 1}  {_short_title(name, page.region)}", ""])
                item.setData(0, _NAME, name)
                item.setToolTip(0, landmark_title(name).capitalize())
                self.list.addTopLevelItem(item)
            rows = [self.list.topLevelItem(i) for i in range(len(names))]
        for name, item in zip(names, rows):
            picked, proposed = page.landmarks.get(name), page.proposals.get(name)
            text = str(picked) if picked is not None else f"{proposed} ?" if proposed is not None else "–"
            item.setText(1, text)
            color = theme.text if picked is not None else theme.warn if proposed is not None else theme.faint
            item.setForeground(1, QtGui.QBrush(QtGui.QColor(color)))
            if name == page.current and self.list.currentItem() is not item:
                self.list.setCurrentItem(item)

    # -------------------------------------------------------------------------------------------- events

    def _ticked(self, item: QtWidgets.QTreeWidgetItem, column: int) -> None:
        if not self._filling and column == 0:
            self.character.tick(item.data(0, _NAME), item.checkState(0) == _CHECK.Checked)

    def _region_chosen(self, item: Optional[QtWidgets.QTreeWidgetItem], _before: object) -> None:
        if not self._filling and item is not None:
            self.character.show_region(item.data(0, _NAME))

    def _landmark_chosen(self, item: Optional[QtWidgets.QTreeWidgetItem], _before: object) -> None:
        if not self._filling and item is not None:
            self.character.make_current(item.data(0, _NAME))

    def _map_chosen(self, landmark: str) -> None:
        region = region_of(landmark)
        if region and region != self.character.region:
            self.character.show_region(region)
        self.character.make_current(landmark)

    def _toggle_picking(self) -> None:
        if self.character.picking:
            self.character.stop()
        else:
            self.character.start()
        self.refresh()

    def _remove_meshes(self) -> None:
        self.character.remove_meshes([item.data(_NAME) for item in self.meshes.selectedItems()])

    def _remove_landmarks(self) -> None:
        self.character.remove([item.data(0, _NAME) for item in self.list.selectedItems()])

    def _load(self) -> None:
        path, _ = QtWidgets.QFileDialog.getOpenFileName(
            self, "Load landmarks", str(self.session.folder), "Picks (*.json)"
        )
        if path:
            self.character.load(Path(path))

    def _save(self) -> None:
        name = f"{self.character.face.rpartition('|')[2] or 'character'}_landmarks.json"
        path, _ = QtWidgets.QFileDialog.getSaveFileName(
            self, "Save landmarks", str(self.session.folder / name), "Picks (*.json)"
        )
        if path:
            self.character.save(Path(path))


def _short_title(landmark: str, region: str) -> str:
    """Without what the region says already."""
    title = landmark_title(landmark)
    return title.rpartition(", ")[2] if len(face_region(region).elements) == 1 else title
