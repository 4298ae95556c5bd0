"""The range of motion that the character is learned from."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

from facepatch_maya.session import Session
from facepatch_maya.session.status import EMPTY, RUNNING
from facepatch_maya.ui.panel import Action, Panel
from facepatch_maya.ui.parts import Card, EmptyHint, Form, PathField, button, counted, label, row
from facepatch_maya.ui.qt import QtCore, QtGui, QtWidgets
from facepatch_maya.ui.range_bars import RangeBars
from facepatch_maya.ui.style import current_theme, em

_NAME = QtCore.Qt.ItemDataRole.UserRole
_CHECK = QtCore.Qt.CheckState


class MotionPanel(Panel):
    """Which frames and meshes are captured; what the face does in them."""

    title = "Motion"

    def __init__(self, session: Session) -> None:
        super().__init__(session, session.motion)
        self.motion = session.motion
        self._filling = True
        self.body.addWidget(self._make_range())
        self.body.addWidget(self._make_meshes())
        self.body.addWidget(self._make_coverage())
        self.body.addWidget(self._make_files())
        self.body.addStretch(1)
        self.refresh()

    # -------------------------------------------------------------------------------------------- making

    def _make_range(self) -> QtWidgets.QWidget:
        card = Card("Range of motion", "The frames that show everything this face can do.")
        card.add(
            label(
                "Animate or import a range of motion: open and shut mouth, wide and narrow, every brow and lid, some "
                "speech. What the motion does not do is not learned.",
                "quiet",
                wrap=True,
            )
        )
        self.start, self.end, self.step = (QtWidgets.QSpinBox() for _ in range(3))
        for box, name in ((self.start, "start"), (self.end, "end"), (self.step, "step")):
            box.setObjectName(name)
            box.setRange(-100000, 1000000)
            box.setToolTip("First and last frame that are captured, in the scene's frames.")
            box.setKeyboardTracking(False)
            box.setFixedWidth(em(self, 5.2 if box is not self.step else 3.2))
            box.setButtonSymbols(QtWidgets.QAbstractSpinBox.ButtonSymbols.NoButtons)
            box.valueChanged.connect(self._range_changed)
        self.step.setRange(1, 100)
        self.slider = button(
            "&Time slider",
            self.motion.use_playback_range,
            "Takes the range of the scene's time slider.",
            name="time_slider",
        )
        form = Form()
        form.field(
            "&Frames",
            row(self.start, label("to", "quiet"), self.end, self.slider, None, spacing=0.35),
            "First and last frame, in the scene's frames.",
            buddy=self.start,
        )
        form.field(
            "&Every",
            row(self.step, label("frames", "quiet"), None, spacing=0.35),
            "1 takes every frame. More saves time where the motion is slow.",
            buddy=self.step,
        )
        self.head = QtWidgets.QLineEdit()
        self.head.setObjectName("head")
        self.head.setPlaceholderText("none: the head stands still")
        self.head.editingFinished.connect(lambda: self.motion.set_head(self.head.text().strip()))
        self.use_head = button(
            "Use selected",
            self.motion.use_selected_head,
            "Takes the joint or control that is selected in the viewport.",
            name="use_head",
        )
        form.field(
            "&Head",
            row(self.head, self.use_head, stretch=0, spacing=0.35),
            "A joint or control that moves with the skull. Its motion is taken out, so that only the face is left.",
            buddy=self.head,
        )
        self.facing = QtWidgets.QComboBox()
        self.facing.setObjectName("facing")
        self.facing.currentIndexChanged.connect(self._facing_changed)
        form.field(
            "F&acing",
            row(self.facing, None),
            "The axis of the scene along which the face looks at rest.",
            buddy=self.facing,
        )
        self.neutral = QtWidgets.QLineEdit()
        self.neutral.setObjectName("neutral")
        self.neutral.setValidator(
            QtGui.QRegularExpressionValidator(QtCore.QRegularExpression("-?[0-9]{0,6}"), self.neutral)
        )
        self.neutral.setPlaceholderText("the first frame")
        self.neutral.editingFinished.connect(self._neutral_changed)
        self.use_current = button(
            "Current frame",
            self.motion.use_current_as_neutral,
            "Takes the frame at which the scene stands.",
            name="use_current",
        )
        form.field(
            "&Neutral",
            row(self.neutral, self.use_current, stretch=0, spacing=0.35),
            "A frame at which the face is at rest: mouth shut, eyes open. All else is measured from it.",
            buddy=self.neutral,
        )
        card.add(form)
        return card

    def _make_meshes(self) -> QtWidgets.QWidget:
        card = Card(
            "Meshes that move", "Untick what has nothing to do with the face, such as hair and clothes."
        )
        self.meshes = QtWidgets.QTreeWidget()
        self.meshes.setObjectName("moving")
        self.meshes.setHeaderHidden(True)
        self.meshes.setRootIsDecorated(False)
        self.meshes.setColumnCount(2)
        self.meshes.setToolTip("Ticked meshes are captured. After a capture each says how far it moves.")
        head = self.meshes.header()
        head.setStretchLastSection(False)
        head.setSectionResizeMode(0, QtWidgets.QHeaderView.ResizeMode.Stretch)
        head.setSectionResizeMode(1, QtWidgets.QHeaderView.ResizeMode.ResizeToContents)
        self.meshes.itemChanged.connect(self._mesh_ticked)
        EmptyHint(self.meshes, "The meshes of the Character panel")
        card.add(self.meshes)
        return card

    def _make_coverage(self) -> QtWidgets.QWidget:
        card = Card(
            "Coverage", "Told from the picked landmarks, before training, which cannot mend what is missing."
        )
        self.bars = card.add(RangeBars())
        self.advice = card.add(label("", "quiet", wrap=True))
        return card

    def _make_files(self) -> QtWidgets.QWidget:
        card = Card("Files", "Where captures, trained networks and clips of this scene go.")
        self.folder = PathField(
            lambda path: self.session.choose_folder(Path(path)),
            name="folder",
            hint="beside the scene",
            folder=True,
        )
        form = Form()
        form.field("F&older", self.folder, "Where captures, trained networks and clips of this scene go.")
        card.add(form)
        return card

    # -------------------------------------------------------------------------------------------- footer

    def primary(self) -> Optional[Action]:
        """Capture, or go on."""
        status = self.motion.status.kind
        if status == RUNNING:
            return Action("&Cancel", "Stops at the next frame; nothing is kept.", self.motion.cancel)
        if self.motion.capture is not None and status == "done":
            return Action("&Continue to Train", "Train on a performer.", lambda: self.asked_for.emit("train"))
        count = len(self.motion.frames)
        return Action(
            f"&Capture {counted(count, 'frame')}" if count else "&Capture",
            "Reads every vertex of the ticked meshes at every frame. The scene stays as it is.",
            self.motion.run,
            enabled=status != EMPTY,
        )

    def secondary(self) -> Optional[Action]:
        """Capture once more."""
        if self.motion.capture is not None and self.motion.status.kind == "done":
            return Action("Capture a&gain", "Reads the motion anew, after it was changed.", self.motion.run)
        return None

    # --------------------------------------------------------------------------------------------- state

    def show_state(self) -> None:
        """Show the page."""
        motion = self.motion
        self._filling = True
        busy = motion.status.kind == RUNNING
        for box, value in ((self.start, motion.start), (self.end, motion.end), (self.step, motion.step)):
            if not box.hasFocus() or box.value() == value:
                box.setValue(value)
            box.setEnabled(not busy)
        if not self.head.hasFocus():
            self.head.setText(motion.head)
        if not self.neutral.hasFocus():
            self.neutral.setText("" if motion.neutral is None else str(motion.neutral))
        axes = motion.facings
        if [self.facing.itemData(i) for i in range(self.facing.count())] != list(axes):
            self.facing.clear()
            for axis in axes:
                self.facing.addItem(f"{axis[0]} {axis[1].upper()}", axis)
        self.facing.setCurrentIndex(axes.index(motion.facing) if motion.facing in axes else 0)
        for widget in (
            self.head,
            self.facing,
            self.neutral,
            self.use_current,
            self.slider,
            self.use_head,
            self.meshes,
            self.folder,
        ):
            widget.setEnabled(not busy)
        self._show_meshes()
        self.bars.show_ranges(motion.ranges)
        self.bars.setVisible(bool(motion.ranges))
        poor = [one for one in motion.ranges if one.verdict != "good"]
        if not motion.ranges:
            self.advice.setText(
                "Capture the motion to see whether it opens the mouth, shuts the eyes, moves the brows."
            )
        else:
            more = f"\nAnd {len(poor) - 3} more: point at the bars." if len(poor) > 3 else ""
            told = "\n".join(one.sentence for one in poor[:3])
            self.advice.setText(f"{told}{more}" if poor else "Everything that is measured moves enough.")
        self.folder.show_path(str(self.session.folder))
        self._filling = False

    def _show_meshes(self) -> None:
        names, theme = list(self.session.character.meshes), current_theme()
        rows = [self.meshes.topLevelItem(i) for i in range(self.meshes.topLevelItemCount())]
        if [item.data(0, _NAME) for item in rows] != names:
            self.meshes.clear()
            for name in names:
                item = QtWidgets.QTreeWidgetItem([name.rpartition("|")[2], ""])
                item.setData(0, _NAME, name)
                item.setToolTip(0, name)
                right = int(QtCore.Qt.AlignmentFlag.AlignRight | QtCore.Qt.AlignmentFlag.AlignVCenter)
                item.setData(1, QtCore.Qt.ItemDataRole.TextAlignmentRole, right)
                self.meshes.addTopLevelItem(item)
            self.meshes.setFixedHeight(round(em(self, 1.55) * max(1.4, min(len(names), 4)) + em(self, 0.5)))
            rows = [self.meshes.topLevelItem(i) for i in range(len(names))]
        for name, item in zip(names, rows):
            item.setCheckState(0, _CHECK.Unchecked if name in self.motion.left_out else _CHECK.Checked)
            moves = self.motion.moves.get(name)
            item.setText(
                1, "" if moves is None else f"moves {moves:.2g} cm" if moves > 1e-3 else "stands still"
            )
            item.setForeground(1, QtGui.QBrush(QtGui.QColor(theme.quiet)))

    # -------------------------------------------------------------------------------------------- events

    def _range_changed(self, _value: int) -> None:
        if not self._filling:
            self.motion.set_range(self.start.value(), self.end.value(), self.step.value())

    def _facing_changed(self, index: int) -> None:
        if not self._filling:
            self.motion.set_facing(self.facing.itemData(index))

    def _neutral_changed(self) -> None:
        text = self.neutral.text().strip()
        self.motion.set_neutral(int(text) if text.strip("-") else None)

    def _mesh_ticked(self, item: QtWidgets.QTreeWidgetItem, column: int) -> None:
        if not self._filling and column == 0:
            self.motion.leave_out(item.data(0, _NAME), item.checkState(0) != _CHECK.Checked)
