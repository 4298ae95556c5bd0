"""The card "Rig controls" of the Shot panel: which controls are used, how near the rig comes, and its keys."""

from __future__ import annotations

from functools import partial
from typing import Any

from facepatch_maya.session.rig_solve import REGIONS, RigPage
from facepatch_maya.session.status import FAILED, NO_BAR, RUNNING
from facepatch_maya.ui.parts import Card, Dot, EmptyHint, Fold, Form, button, column, label, row, set_tone
from facepatch_maya.ui.qt import QtCore, QtGui, QtWidgets
from facepatch_maya.ui.style import current_theme, em

_NAME = QtCore.Qt.ItemDataRole.UserRole
CONTROL, USE, HOLD, COST = range(4)
ROWS = 7
"""Controls that are seen without scrolling."""
MOST_FRAMES = 5


class CostDelegate(QtWidgets.QStyledItemDelegate):
    """Numbers above 0, in the last column only."""

    def createEditor(self, parent: Any, option: Any, index: Any) -> Any:
        """A field for the cost."""
        if index.column() != COST or not index.data():
            return None
        made = QtWidgets.QDoubleSpinBox(parent)
        made.setRange(0.01, 1000.0)
        made.setDecimals(2)
        made.setButtonSymbols(QtWidgets.QAbstractSpinBox.ButtonSymbols.NoButtons)
        made.setFrame(False)
        return made


class RigCard(Card):
    """Shows a RigPage."""

    def __init__(self, page: RigPage) -> None:
        self.read = button(
            "Re&ad rig",
            page.read,
            "Finds the controls that drive the captured blendShapes, directly, by driven keys or as combinations.",
            name="read_rig",
        )
        super().__init__(
            "Rig controls", "The take on the animator's own controls, with few keys.", aside=self.read
        )
        self.page = page
        self._filling = False
        self.selected = button(
            "Use selected",
            lambda: page.read(selected=True),
            "Takes the selected controls, or a set of them. A rig that is more than blendShapes is sampled: "
            "the scene is moved through some hundred poses and put back.",
            name="use_selected_controls",
        )
        self.add(self._make_table())
        self._show_rows(0)
        self.summary = label("", "quiet", wrap=True)
        self.add(row(self.summary, self.selected, stretch=0, spacing=0.35))
        self.add(self._make_more())
        self.add(self._make_status())

    def _make_table(self) -> QtWidgets.QTreeWidget:
        table = self.table = QtWidgets.QTreeWidget()
        table.setObjectName("rig_controls")
        table.setHeaderLabels(["Control", "Use", "Hold", "Cost"])
        table.setRootIsDecorated(False)
        table.setUniformRowHeights(True)
        table.setEditTriggers(
            QtWidgets.QAbstractItemView.EditTrigger.DoubleClicked
            | QtWidgets.QAbstractItemView.EditTrigger.EditKeyPressed
        )
        table.setItemDelegateForColumn(COST, CostDelegate(table))
        table.setToolTip(
            "Use: a solve may move it. Hold: it keeps its animation, and the rest is solved around it. "
            "Cost: above 1 it is used less, below 1 more; double-click to change it."
        )
        head = table.header()
        head.setStretchLastSection(False)
        head.setSectionResizeMode(CONTROL, QtWidgets.QHeaderView.ResizeMode.Stretch)
        for at in (USE, HOLD, COST):
            head.setSectionResizeMode(at, QtWidgets.QHeaderView.ResizeMode.ResizeToContents)
        EmptyHint(table, "No rig is read yet.")
        table.itemChanged.connect(self._changed)
        return table

    def _make_more(self) -> QtWidgets.QWidget:
        form = Form()
        self.shares: dict[str, Any] = {}
        for region in REGIONS:
            box = self.shares[region] = QtWidgets.QSpinBox()
            box.setObjectName(f"blend_{region}")
            box.setRange(0, 100)
            box.setValue(100)
            box.setSuffix(" %")
            box.setButtonSymbols(QtWidgets.QAbstractSpinBox.ButtonSymbols.NoButtons)
            box.setKeyboardTracking(False)
            box.valueChanged.connect(partial(self._share_changed, region))
            form.field(
                region.capitalize(), row(box, None), "How much of the solve this region takes.", buddy=box
            )
        self.join = QtWidgets.QCheckBox("Meet the keys before and after the take")
        self.join.setObjectName("join_keys")
        self.join.setToolTip("The curves begin and end so that they join what is keyed around the take.")
        self.join.toggled.connect(lambda on: setattr(self.page, "join", bool(on)))
        inside = QtWidgets.QWidget()
        inside.setLayout(column(form, self.join, spacing=0.4))
        return Fold(
            "Regions and ends", inside, tip="How much of the solve each region takes, and how it joins."
        )

    def _make_status(self) -> QtWidgets.QLayout:
        self.dot = Dot()
        self.text = label("", wrap=True)
        self.text.setObjectName("rig_status")
        self.text.setTextInteractionFlags(QtCore.Qt.TextInteractionFlag.TextSelectableByMouse)
        self.progress = QtWidgets.QProgressBar()
        self.progress.setTextVisible(False)
        self.frames = QtWidgets.QWidget()
        self._frame_row = row(None, spacing=0.4)
        self.frames.setLayout(self._frame_row)
        self.solve = button(
            "Sol&ve", self._solve, "Solves the retargeted take for these controls.", name="solve_rig"
        )
        self.bake = button(
            "Bake to co&ntrols",
            self.page.bake,
            "Writes the curves onto the controls, from the start frame above on. One Ctrl+Z takes them back.",
            name="bake_rig",
        )
        dot = column(self.dot, None)
        dot.setContentsMargins(0, em(self, 0.25), 0, 0)
        words = row(dot, self.text, stretch=1, spacing=0.45)
        return column(words, self.progress, self.frames, row(None, self.bake, self.solve), spacing=0.4)

    # --------------------------------------------------------------------------------------------- state

    def show_state(self) -> None:
        """Show the page."""
        page, theme = self.page, current_theme()
        self._filling = True
        self._show_table()
        running = page.status.kind == RUNNING
        left = len(page.rig.left_out) if page.rig else 0
        how = ("sampled" if page.rig.sampled else "blendShapes") if page.rig else ""
        said = (
            f"{len(page.controls)} controls ({how})" if page.rig else "What may be used comes from the scene."
        )
        self.summary.setText(f"{said}, {left} left out: see the grey rows." if left else said)
        self.dot.paint_as(
            theme.of(page.status.kind), hollow=page.status.kind not in (FAILED, RUNNING, "done")
        )
        self.text.setText(page.status.text)
        set_tone(self.text, "bad" if page.status.kind == FAILED else "")
        self.progress.setVisible(running and page.status.total != NO_BAR)
        self.progress.setRange(0, max(0, page.status.total))
        self.progress.setValue(page.status.done)
        self._show_frames()
        self.solve.setText("Cancel" if running else "Sol&ve")
        self.solve.setToolTip(
            "Stops; the scene is as before (Esc)."
            if running
            else "Solves the retargeted take for these controls."
        )
        self.solve.setEnabled(running or page.rig is not None)
        self.bake.setEnabled(page.solved is not None and not running)
        for one in (self.read, self.selected):
            one.setEnabled(not running)
        for region, box in self.shares.items():
            if not box.hasFocus():
                box.setValue(round(100 * page.blend.get(region, 1.0)))
        self.join.setChecked(page.join)
        self._filling = False

    def _show_table(self) -> None:
        page = self.page
        free = page.controls
        left = page.rig.left_out if page.rig else ()
        wanted = [*free, *(one.name for one in left)]
        known = [
            self.table.topLevelItem(i).data(CONTROL, _NAME) for i in range(self.table.topLevelItemCount())
        ]
        if known != wanted:
            self.table.clear()
            for name in wanted:
                item = QtWidgets.QTreeWidgetItem([name.rpartition("|")[2], "", "", ""])
                item.setData(CONTROL, _NAME, name)
                item.setToolTip(CONTROL, name)
                self.table.addTopLevelItem(item)
            self._show_rows(len(wanted))
        for index in range(self.table.topLevelItemCount()):
            item = self.table.topLevelItem(index)
            if index < len(free):
                self._show_control(item, free[index])
            else:
                faint = QtGui.QBrush(QtGui.QColor(current_theme().faint))
                item.setForeground(CONTROL, faint)
                item.setToolTip(CONTROL, left[index - len(free)].reason)

    def _show_rows(self, count: int) -> None:
        """As high as it needs to be: an empty one leaves the room to what says how it is filled."""
        self.table.setFixedHeight(round(em(self, 2.1) * (1 + max(2, min(ROWS, count)))))

    def _show_control(self, item: Any, name: str) -> None:
        page, state = self.page, QtCore.Qt.CheckState
        item.setFlags(
            item.flags() | QtCore.Qt.ItemFlag.ItemIsEditable | QtCore.Qt.ItemFlag.ItemIsUserCheckable
        )
        item.setCheckState(USE, state.Unchecked if name in page.unused else state.Checked)
        item.setCheckState(HOLD, state.Checked if name in page.held else state.Unchecked)
        item.setText(COST, f"{page.cost.get(name, 1.0):g}")

    def _show_frames(self) -> None:
        solved = self.page.solved
        while self._frame_row.count() > 1:
            gone = self._frame_row.takeAt(0).widget()
            if gone is not None:
                gone.deleteLater()
        self.frames.setVisible(solved is not None)
        if solved is None:
            return
        made: list[QtWidgets.QWidget] = [label("Farthest off:", "quiet")] if solved.worst else []
        for frame in solved.worst[:MOST_FRAMES]:
            tip = "Goes to this frame, one of those that the rig misses most."
            made.append(button(str(frame), partial(self.page.show_frame, float(frame)), tip, role="link"))
        tip = "Opens solve.html, which shows them."
        made.append(button("Pictures", self._open_page, tip, role="link", name="solve_page"))
        for index, widget in enumerate(made):
            self._frame_row.insertWidget(index, widget)

    # -------------------------------------------------------------------------------------------- events

    def _changed(self, item: Any, at: int) -> None:
        if self._filling:
            return
        name, checked = item.data(CONTROL, _NAME), item.checkState(at) == QtCore.Qt.CheckState.Checked
        if at == USE:
            self.page.use(name, checked)
        elif at == HOLD:
            self.page.hold(name, checked)
        elif at == COST:
            self.page.price(name, float(item.data(COST, QtCore.Qt.ItemDataRole.EditRole) or 1.0))

    def _share_changed(self, region: str, percent: int) -> None:
        if not self._filling:
            self.page.take(region, percent / 100.0)

    def _solve(self) -> None:
        if self.page.status.kind == RUNNING:
            self.page.cancel()
        else:
            self.page.run()

    def _open_page(self) -> None:
        if self.page.solved is not None:
            QtGui.QDesktopServices.openUrl(QtCore.QUrl.fromLocalFile(str(self.page.solved.page)))
