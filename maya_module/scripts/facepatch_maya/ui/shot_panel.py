"""A take onto the character: as keys, or live."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

from facepatch_maya.session import Session
from facepatch_maya.session.status import EMPTY, RUNNING
from facepatch_maya.session.training import FILMS, clock
from facepatch_maya.ui.panel import Action, Panel
from facepatch_maya.ui.parts import Card, Dot, Fold, Form, PathField, button, column, label, row
from facepatch_maya.ui.qt import QShortcut, QtCore, QtGui, QtWidgets
from facepatch_maya.ui.rig_card import RigCard
from facepatch_maya.ui.style import current_theme, em

_FILMS = f"Films ({' '.join(f'*{kind}' for kind in FILMS)});;All files (*)"


class ShotPanel(Panel):
    """Choose the performer's networks and a take; look at it live; bake it."""

    title = "Shot"

    def __init__(self, session: Session) -> None:
        super().__init__(session, session.shot)
        self.shot = session.shot
        self._filling = True
        self.cards = (self._make_take(), self._make_keys(), self._make_live())
        for card in self.cards:
            self.body.addWidget(card)
        self.rig = RigCard(session.rig)
        self.body.addWidget(self.rig)
        self.body.addWidget(self._make_report())
        self.body.addStretch(1)
        escape = QShortcut(QtGui.QKeySequence(QtCore.Qt.Key.Key_Escape), self)
        escape.setContext(QtCore.Qt.ShortcutContext.WidgetWithChildrenShortcut)
        escape.activated.connect(self._escape)
        self.refresh()

    # -------------------------------------------------------------------------------------------- making

    def _make_take(self) -> QtWidgets.QWidget:
        card = Card(
            "Take", "Any film of a performer whose networks are trained; no training is needed for it."
        )
        form = Form()
        self.trained = QtWidgets.QComboBox()
        self.trained.setObjectName("trained")
        self.trained.setSizeAdjustPolicy(
            QtWidgets.QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.trained.activated.connect(self._trained_chosen)
        other = button(
            "Other…", self._browse_trained, "Choose a folder with trained networks, from another scene."
        )
        form.field(
            "Per&former",
            row(self.trained, other, stretch=0, spacing=0.35),
            "Whose networks read the take.",
            buddy=self.trained,
        )
        self.take = PathField(
            lambda path: self.shot.set(take=path),
            name="take",
            hint="film of the shot",
            folder=False,
            kinds=_FILMS,
        )
        form.field("&Take", self.take, "The film that the character is to follow.", buddy=self.take.edit)
        card.add(form)
        return card

    def _make_keys(self) -> QtWidgets.QWidget:
        card = Card("Keys", "Where and how the take is written. One Ctrl+Z takes it back.")
        form = Form()
        self.start = QtWidgets.QDoubleSpinBox()
        self.start.setObjectName("start_frame")
        self.start.setDecimals(2)
        self.start.setRange(-100000, 1000000)
        self.start.setKeyboardTracking(False)
        self.start.setButtonSymbols(QtWidgets.QAbstractSpinBox.ButtonSymbols.NoButtons)
        self.start.valueChanged.connect(lambda value: self._set(start_frame=float(value)))
        self.here = button(
            "Current frame",
            self.shot.start_here,
            "The take starts at the scene's current frame.",
            name="start_here",
        )
        form.field(
            "&Start at",
            row(self.start, self.here, None, spacing=0.35),
            "The scene frame of the take's first frame; earlier or later shifts the whole take.",
            buddy=self.start,
        )
        self.layer = QtWidgets.QLineEdit()
        self.layer.setObjectName("layer")
        self.layer.setPlaceholderText("none: keys on the attributes themselves")
        self.layer.editingFinished.connect(lambda: self._set(layer=self.layer.text().strip()))
        form.field(
            "La&yer",
            self.layer,
            "An animation layer, made if it is not there: the take can then be muted, "
            "weighted and animated over.",
        )
        self.head = QtWidgets.QLineEdit()
        self.head.setObjectName("shot_head")
        self.head.setPlaceholderText("none: the face only")
        self.head.editingFinished.connect(lambda: self._set(head=self.head.text().strip()))
        use = button(
            "Use selected",
            self.shot.use_selected_head,
            "Takes the joint or control that is selected in the viewport.",
            name="use_shot_head",
        )
        form.field(
            "&Head",
            row(self.head, use, stretch=0, spacing=0.35),
            "A joint or control that turns as the performer's head does, from its own rest pose on.",
            buddy=self.head,
        )
        self.eyes = QtWidgets.QLineEdit()
        self.eyes.setObjectName("shot_eyes")
        self.eyes.setPlaceholderText("none: the eyes keep their keys")
        self.eyes.editingFinished.connect(
            lambda: self._set(eyes=[name for name in self.eyes.text().replace(",", " ").split() if name])
        )
        use_eyes = button(
            "Use selected",
            self.shot.use_selected_eyes,
            "Takes the two eye controls that are selected: first the character's left one, then its right one.",
            name="use_shot_eyes",
        )
        form.field(
            "&Eyes",
            row(self.eyes, use_eyes, stretch=0, spacing=0.35),
            "Two controls that turn with the gaze: the character's left eye, then its right eye.",
            buddy=self.eyes,
        )
        self.tolerance = QtWidgets.QDoubleSpinBox()
        self.tolerance.setObjectName("tolerance")
        self.tolerance.setDecimals(3)
        self.tolerance.setRange(0.0, 10.0)
        self.tolerance.setSingleStep(0.005)
        self.tolerance.setButtonSymbols(QtWidgets.QAbstractSpinBox.ButtonSymbols.NoButtons)
        self.tolerance.setMinimumWidth(em(self, 9))
        self.tolerance.setSpecialValueText("key every frame")
        self.tolerance.setKeyboardTracking(False)
        self.tolerance.valueChanged.connect(lambda value: self._set(tolerance=float(value)))
        form.field(
            "Th&in curves",
            row(self.tolerance, None),
            "Fewer keys, for curves that can be edited by hand: no "
            "curve is off by more than this, in weights. 0 keys every frame.",
            buddy=self.tolerance,
        )
        card.add(form)
        self.whole = QtWidgets.QCheckBox("On &whole frames of the scene")
        self.whole.setObjectName("whole_frames")
        self.whole.setToolTip(
            "The take keeps its own length in seconds. Ticked, it is resampled onto the scene's frames; otherwise each "
            "frame of the film is keyed exactly where it was filmed, between the scene's frames."
        )
        self.whole.toggled.connect(lambda on: self._set(whole_frames=bool(on)))
        card.add(self.whole)
        card.add(self._make_target())
        self.rates = card.add(label("", "quiet", wrap=True))
        return card

    def _make_target(self) -> QtWidgets.QWidget:
        self.duplicate = QtWidgets.QCheckBox("On a &duplicate of the meshes")
        self.duplicate.setObjectName("duplicate")
        self.duplicate.setToolTip(
            "The blendShape is put on a copy; the rig stays as it is. Otherwise it is added to the meshes themselves."
        )
        self.duplicate.toggled.connect(lambda on: self._set(duplicate=bool(on)))
        self.build = button(
            "B&uild blendShape",
            self.shot.build,
            "Makes one target per component of the motion, driven by one set of weights. Baking and live preview build "
            "it by themselves if it is not there.",
            name="build",
        )
        self.built = label("", "quiet", wrap=True)
        inside = QtWidgets.QWidget()
        inside.setLayout(column(row(self.duplicate, None, self.build), self.built, spacing=0.3))
        return Fold("BlendShape", inside, tip="What the keys go to.")

    def _make_live(self) -> QtWidgets.QWidget:
        self.latency = label("", "quiet")
        card = Card(
            "Live preview",
            "The character follows a film or camera at once, without keys.",
            aside=self.latency,
        )
        self.source = PathField(
            lambda path: self._set(source=path),
            name="source",
            hint="camera:0, or a film",
            folder=False,
            kinds=_FILMS,
        )
        form = Form()
        form.field(
            "S&ource",
            self.source,
            "camera:0 is the first camera of this machine. A film plays at its own rate.",
            buddy=self.source.edit,
        )
        card.add(form)
        self.live = button(
            "&Live",
            self._toggle_live,
            "Starts and stops the live preview. At the end everything is as before.",
            name="live",
        )
        self.live.setCheckable(True)
        self.record = button(
            "&Record",
            lambda: self.shot.record(not self.shot.recording),
            "Keeps what is seen. Pressed again, it becomes keys from the start frame on, without gaps.",
            name="record",
        )
        self.record.setCheckable(True)
        self.beat = Dot()
        self.said = label("", "quiet", wrap=True)
        card.add(row(self.live, self.record, self.beat, self.said, stretch=3, spacing=0.45))
        return card

    def _make_report(self) -> QtWidgets.QWidget:
        self.report = Card(
            "Left alone", "Attributes that were not keyed, and why. Nothing is skipped in silence."
        )
        self.left_alone = QtWidgets.QTreeWidget()
        self.left_alone.setObjectName("left_alone")
        self.left_alone.setHeaderHidden(True)
        self.left_alone.setRootIsDecorated(False)
        self.left_alone.setWordWrap(True)
        self.left_alone.setColumnCount(1)
        self.report.add(self.left_alone)
        return self.report

    # -------------------------------------------------------------------------------------------- footer

    def primary(self) -> Optional[Action]:
        """Retarget and bake."""
        shot = self.shot
        if self.session.rig.reading:
            return Action("&Cancel", "Stops (Esc); the scene is as before.", self.session.rig.cancel)
        if shot.live is not None:
            return Action("&Stop live", "Ends the live preview (Esc).", shot.stop_live)
        if shot.job is not None:
            return Action("&Cancel", "Stops; what was finished is kept for the next time.", shot.cancel)
        if not shot.choices:
            return Action(
                "&Back to Train", "No networks are trained yet.", lambda: self.asked_for.emit("train")
            )
        return Action(
            "Retarget and &bake",
            "Reads the take in the service, then writes the keys.",
            shot.run,
            enabled=shot.status.kind not in (EMPTY, RUNNING) or bool(shot.take),
        )

    def secondary(self) -> Optional[Action]:
        """Write the same take once more."""
        shot = self.shot
        idle = shot.job is None and shot.live is None and not self.session.rig.reading
        if shot.clip is not None and idle:
            return Action(
                "Bake a&gain", "Writes the retargeted take again, with the choices above.", shot.bake
            )
        return None

    # --------------------------------------------------------------------------------------------- state

    def show_state(self) -> None:
        """Show the page."""
        shot = self.shot
        self._filling = True
        choices = [str(choice) for choice in shot.choices]
        if [self.trained.itemData(i) for i in range(self.trained.count())] != choices:
            self.trained.clear()
            for choice in choices:
                self.trained.addItem(Path(choice).name, choice)
                self.trained.setItemData(self.trained.count() - 1, choice, QtCore.Qt.ItemDataRole.ToolTipRole)
        self.trained.setEnabled(bool(choices))
        self.trained.setCurrentIndex(max(0, choices.index(shot.trained)) if shot.trained in choices else 0)
        self.take.show_path(shot.take)
        self.source.show_path(shot.source)
        for box, value in ((self.start, shot.start_frame), (self.tolerance, shot.tolerance)):
            if not box.hasFocus():
                box.setValue(value)
        for edit, text in (
            (self.layer, shot.layer),
            (self.head, shot.head),
            (self.eyes, ", ".join(shot.eyes)),
        ):
            if not edit.hasFocus():
                edit.setText(text)
        self.whole.setChecked(shot.whole_frames)
        self.duplicate.setChecked(shot.duplicate)
        built = shot.built
        self.built.setText(
            f"{len(built.weights)} targets on {', '.join(built.nodes)}." if built else "Not built yet."
        )
        self.rates.setText(shot.rates)
        self.rates.setVisible(bool(shot.rates))
        self._show_live()
        for card in self.cards:
            card.setEnabled(not self.session.rig.reading)
        self.rig.show_state()
        self._show_report()
        self._filling = False

    def _show_live(self) -> None:
        shot, theme = self.shot, current_theme()
        on = shot.live is not None
        self.live.setChecked(on)
        self.live.setText("Stop &live" if on else "&Live")
        self.live.setEnabled(on or (bool(shot.choices) and shot.job is None))
        self.record.setEnabled(on)
        self.record.setChecked(shot.recording)
        self.record.setText("Stop and &key" if shot.recording else "&Record")
        self.beat.setVisible(on)
        self.beat.paint_as(theme.bad if shot.recording else theme.good)
        self.latency.setText(f"{shot.live.shown} frames shown" if shot.live is not None else "")
        self.said.setText(f"{shot.recorded} frames recorded" if shot.recording else "")
        left = shot.job.left_s if shot.job is not None else None
        if left is not None and not on:
            self.said.setText(f"about {clock(left)} left")

    def _show_report(self) -> None:
        done = (self.shot.applied, self.session.rig.applied)
        left_alone = tuple(left for applied in done if applied for left in applied.left_alone)
        self.report.setVisible(bool(left_alone))
        known = [(item.name, item.reason) for item in left_alone]
        rows = [self.left_alone.topLevelItem(i) for i in range(self.left_alone.topLevelItemCount())]
        if [(item.toolTip(0), item.data(0, QtCore.Qt.ItemDataRole.UserRole)) for item in rows] == known:
            return
        self.left_alone.clear()
        for name, reason in known:
            item = QtWidgets.QTreeWidgetItem([f"{name.rpartition('|')[2]}: {reason}"])
            item.setToolTip(0, name)
            item.setData(0, QtCore.Qt.ItemDataRole.UserRole, reason)
            self.left_alone.addTopLevelItem(item)
        self.left_alone.setFixedHeight(round(em(self, 3.0) * max(1, min(len(known), 4)) + em(self, 0.5)))

    # -------------------------------------------------------------------------------------------- events

    def _set(self, **choices: object) -> None:
        if not self._filling:
            self.shot.set(**choices)

    def _trained_chosen(self, index: int) -> None:
        self._set(trained=self.trained.itemData(index))

    def _browse_trained(self) -> None:
        path = QtWidgets.QFileDialog.getExistingDirectory(
            self, "Folder with trained networks", str(self.session.folder)
        )
        if path:
            self.shot.set(trained=path)

    def _escape(self) -> None:
        if self.session.rig.reading:
            self.session.rig.cancel()
        else:
            self.shot.stop_live()

    def _toggle_live(self) -> None:
        if self.shot.live is None:
            self.shot.start_live()
        else:
            self.shot.stop_live()
        self.refresh()
