"""Performers and their training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Optional

from facepatch.core.progress import QUALITY
from facepatch_maya.session import Session
from facepatch_maya.session.training import FILMS, PRESETS, clock, judged_stage
from facepatch_maya.ui.curve_plot import CurvePlot
from facepatch_maya.ui.panel import Action, Panel
from facepatch_maya.ui.parts import Card, EmptyHint, button, column, dropped_paths, label, row, set_tone
from facepatch_maya.ui.picture_strip import PictureStrip
from facepatch_maya.ui.qt import QtCore, QtGui, QtWidgets, Signal
from facepatch_maya.ui.style import current_theme, em

_STATES = {"idle": "", "running": "training", "paused": "paused", "done": "trained", "failed": "failed"}


class DropList(QtWidgets.QTreeWidget):
    """A list that takes films from the desktop."""

    dropped = Signal(list)

    def __init__(self) -> None:
        super().__init__()
        self.setAcceptDrops(True)

    def dragEnterEvent(self, event: QtGui.QDragEnterEvent) -> None:
        """Take files."""
        if dropped_paths(event.mimeData()):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QtGui.QDragMoveEvent) -> None:
        """Anywhere on the list."""
        event.acceptProposedAction()

    def dropEvent(self, event: QtGui.QDropEvent) -> None:
        """Files were dropped."""
        event.acceptProposedAction()
        self.dropped.emit(dropped_paths(event.mimeData()))


class TrainPanel(Panel):
    """Choose the performer's film and a preset; watch it learn."""

    title = "Train"

    def __init__(self, session: Session) -> None:
        super().__init__(session, session.train)
        self.train = session.train
        self._filling = False
        self._job: object = None
        self.body.addWidget(self._make_performers())
        self.body.addWidget(self._make_presets())
        self.body.addWidget(self._make_progress())
        self.body.addStretch(1)
        self.refresh()

    # -------------------------------------------------------------------------------------------- making

    def _make_performers(self) -> QtWidgets.QWidget:
        card = Card("Performers", "One training per performer: networks know the face they were trained on.")
        self.performers = DropList()
        self.performers.setObjectName("performers")
        self.performers.setHeaderHidden(True)
        self.performers.setRootIsDecorated(False)
        self.performers.setColumnCount(2)
        self.performers.setFixedHeight(em(self, 4.6))
        self.performers.setToolTip(
            "Films of one face each, well lit, looking at the camera. A few minutes with a range of motion, blinks and "
            "speech are plenty. Drop files here."
        )
        head = self.performers.header()
        head.setStretchLastSection(False)
        head.setSectionResizeMode(0, QtWidgets.QHeaderView.ResizeMode.Stretch)
        head.setSectionResizeMode(1, QtWidgets.QHeaderView.ResizeMode.ResizeToContents)
        EmptyHint(self.performers, "Drop films of the performer here")
        self.performers.currentItemChanged.connect(self._chosen)
        self.performers.dropped.connect(lambda paths: self.train.add([Path(path) for path in paths]))
        self.add = button(
            "A&dd films…",
            self._browse,
            "Choose films of performers. Dropping them works as well.",
            name="add_films",
        )
        self.drop = button(
            "Remove",
            lambda: self.train.remove(self.train.at),
            "Takes the performer off the list. What is trained stays on disk.",
            name="remove_film",
        )
        card.add(row(self.performers, column(self.add, self.drop, None, spacing=0.35), stretch=0))
        return card

    def _make_presets(self) -> QtWidgets.QWidget:
        card = Card("Quality", "How large the networks are and how long they learn.")
        self.presets: dict[str, QtWidgets.QPushButton] = {}
        group = QtWidgets.QButtonGroup(card)
        for name, (title, meaning) in PRESETS.items():
            made = button(title, lambda name=name: self.train.choose(name), meaning, name=f"preset_{name}")
            made.setCheckable(True)
            made.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed)
            group.addButton(made)
            self.presets[name] = made
        card.add(row(*self.presets.values(), spacing=0.3))
        self.meaning = card.add(label("", "quiet", wrap=True))
        return card

    def _make_progress(self) -> QtWidgets.QWidget:
        self.left = label("", "quiet")
        self.card = Card("Progress", "What the service is doing now.", aside=self.left)
        self.stage = self.card.add(label("", wrap=True))
        self.plot = CurvePlot()
        self.plot.setToolTip(
            "Losses of the stage that runs. What matters is that they fall and settle, not their height."
        )
        self.card.add(self.plot)
        self.quality_plot = CurvePlot(name="quality_plot", lines=6.0, top=1.0)
        self.quality_plot.setToolTip(
            "How well the character follows the performer on frames that are not learned from. The best networks are "
            "kept, so a fall at the end does no harm."
        )
        self.card.add(self.quality_plot)
        self.pictures = self.card.add(PictureStrip())
        self.quality = QtWidgets.QWidget()
        self.tiles: list[tuple[QtWidgets.QLabel, QtWidgets.QLabel, QtWidgets.QLabel]] = []
        tiles = []
        for _ in range(2):
            title, value, said = label("", "faint"), label("", "figure"), label("", "quiet", wrap=True)
            self.tiles.append((title, value, said))
            tiles.append(column(title, value, said, None, spacing=0.1))
        beside = row(*tiles, spacing=0.8)
        beside.setStretch(0, 1)
        beside.setStretch(1, 1)
        self.quality.setLayout(beside)
        self.card.add(self.quality)
        self.verdict = self.card.add(label("", wrap=True))
        self.verdict.setObjectName("verdict")
        return self.card

    # -------------------------------------------------------------------------------------------- footer

    def primary(self) -> Optional[Action]:
        """Train, resume, or go on."""
        performer, status = self.train.shown, self.train.status.kind
        if performer is None:
            return Action("&Add films…", "Choose films of performers.", self._browse)
        if performer.state == "running":
            return Action(
                "&Pause",
                "Stops at a checkpoint. Resume goes on from there, also tomorrow.",
                self.train.pause,
                enabled=not performer.paused,
            )
        if performer.state == "done" and status == "done":
            return Action(
                "&Continue to Shot", "Put a take onto the character.", lambda: self.asked_for.emit("shot")
            )
        if self.session.motion.capture is None:
            return Action(
                "&Back to Motion", "The motion is not captured yet.", lambda: self.asked_for.emit("motion")
            )
        word = (
            "&Resume"
            if performer.state == "paused"
            else "&Train again"
            if performer.state == "failed"
            else "&Train"
        )
        return Action(
            word, "Hands the training over to the service. It goes on when Maya is closed.", self.train.run
        )

    def secondary(self) -> Optional[Action]:
        """Once more, with other settings."""
        performer = self.train.shown
        if performer is not None and performer.state == "done" and self.session.motion.capture is not None:
            return Action(
                "Train a&gain", "Trains anew where motion, regions or preset changed.", self.train.run
            )
        return None

    # --------------------------------------------------------------------------------------------- state

    def show_state(self) -> None:
        """Show the page."""
        self._filling = True
        self._show_performers()
        running = self.train.shown is not None and self.train.shown.state == "running"
        for name, made in self.presets.items():
            made.setChecked(name == self.train.preset)
            made.setEnabled(not running)
        self.meaning.setText(PRESETS.get(self.train.preset, ("", ""))[1])
        self.drop.setEnabled(self.train.shown is not None)
        self._show_job()
        self._filling = False

    def _show_performers(self) -> None:
        theme = current_theme()
        known = [str(performer.take) for performer in self.train.performers]
        rows = [self.performers.topLevelItem(i) for i in range(self.performers.topLevelItemCount())]
        if [item.toolTip(0) for item in rows] != known:
            self.performers.clear()
            for performer in self.train.performers:
                item = QtWidgets.QTreeWidgetItem([performer.take.name, ""])
                item.setToolTip(0, str(performer.take))
                self.performers.addTopLevelItem(item)
            rows = [self.performers.topLevelItem(i) for i in range(len(known))]
        colors = {"running": theme.accent, "paused": theme.warn, "done": theme.good, "failed": theme.bad}
        for index, (performer, item) in enumerate(zip(self.train.performers, rows)):
            item.setText(1, _STATES[performer.state])
            item.setForeground(1, QtGui.QBrush(QtGui.QColor(colors.get(performer.state, theme.faint))))
            if index == self.train.at and self.performers.currentItem() is not item:
                self.performers.setCurrentItem(item)

    def _show_job(self) -> None:
        job = self.train.job
        if job is not self._job:
            self._job = job
            self.pictures.clear()
        self.card.setVisible(self.train.shown is not None)
        if job is None:
            self.left.setText("")
            self.stage.setText("Losses and pictures appear here while it learns.")
            set_tone(self.stage, "quiet")
            self.plot.setVisible(False)
            for widget in (self.pictures, self.quality, self.quality_plot, self.verdict):
                widget.setVisible(False)
            return
        speed = f"{job.rate:.3g} {job.unit} per second" if job.rate and job.unit else ""
        left = f"about {clock(job.left_s)} left" if job.left_s is not None else ""
        self.left.setText(left)
        of = f"{job.done:,} of {job.total:,} {job.unit}".replace(",", " ") if job.total else ""
        self.stage.setText(
            "  ·  ".join(word for word in (of, speed) if word) or job.message or job.state.capitalize()
        )
        set_tone(self.stage, "")
        stage = job.stage if any(key[0] == job.stage for key in job.curves) else _last_stage(job.curves)
        curves = {
            name: points
            for (at, name), points in job.curves.items()
            if at == stage and name != "rate" and name.partition(":")[0] != QUALITY
        }
        self.plot.show_curves(
            dict(list(curves.items())[:4]), empty="Losses appear when the networks start to learn."
        )
        self.plot.setVisible(True)
        self.pictures.setVisible(True)
        self.pictures.show_empty("The first preview comes with the first checkpoint.")
        if job.picture is not None:
            key = (job.picture_stage, job.picture_iteration)
            self.pictures.add(key, job.picture, f"Iteration {job.picture_iteration:,}".replace(",", " "))
        judged = job.curves.get((judged_stage(job), QUALITY), [])
        self.quality_plot.show_curves({QUALITY: judged})
        self.quality_plot.setVisible(bool(judged))
        self.verdict.setText(self.train.verdict)
        self.verdict.setVisible(bool(self.train.verdict))
        quality = self.train.quality()
        self.quality.setVisible(bool(quality))
        for index, widgets in enumerate(self.tiles):
            found = quality[index] if index < len(quality) else ("", "", "")
            for widget, text in zip(widgets, found):
                widget.setText(text)

    # -------------------------------------------------------------------------------------------- events

    def _chosen(self, item: Optional[QtWidgets.QTreeWidgetItem], _before: object) -> None:
        if not self._filling and item is not None:
            self.train.show(self.performers.indexOfTopLevelItem(item))

    def _browse(self) -> None:
        kinds = " ".join(f"*{kind}" for kind in FILMS)
        paths, _ = QtWidgets.QFileDialog.getOpenFileNames(
            self, "Add films of performers", QtCore.QDir.homePath(), f"Films ({kinds})"
        )
        if paths:
            self.train.add([Path(path) for path in paths])


def _last_stage(curves: Mapping[tuple[str, str], object]) -> str:
    return next(reversed(list(curves)), ("", ""))[0]
