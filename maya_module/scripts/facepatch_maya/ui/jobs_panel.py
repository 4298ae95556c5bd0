"""Everything that the service was asked to do."""

from __future__ import annotations

from typing import Any, Optional

from facepatch_maya.backend import AWAY, CONNECTING, STARTING
from facepatch_maya.job_view import JobView
from facepatch_maya.session import Session
from facepatch_maya.session.training import clock, stage_words
from facepatch_maya.ui.panel import Action, Panel
from facepatch_maya.ui.parts import Card, EmptyHint, label
from facepatch_maya.ui.qt import QAction, QtCore, QtGui, QtWidgets
from facepatch_maya.ui.style import current_theme, em

_ID = QtCore.Qt.ItemDataRole.UserRole
_SHARE = QtCore.Qt.ItemDataRole.UserRole + 1
_COLOR = QtCore.Qt.ItemDataRole.UserRole + 2
VERBS = {
    "run": "Whole job",
    "train": "Training",
    "retarget": "Retarget",
    "stream": "Live",
    "character": "Landmarks",
    "solve_rig": "Rig solve",
}


class ProgressDelegate(QtWidgets.QStyledItemDelegate):
    """A thin bar below the text of a job that runs."""

    def paint(
        self,
        painter: QtGui.QPainter,
        option: Any,  # QStyleOptionViewItem; PySide's stubs lack its attributes
        index: QtCore.QModelIndex,
    ) -> None:
        """Text, then the bar."""
        super().paint(painter, option, index)
        share = index.data(int(_SHARE))
        if share is None:
            return
        theme = current_theme()
        line = max(2, option.fontMetrics.height() // 7)
        box = QtCore.QRectF(option.rect)
        bar = QtCore.QRectF(box.left() + 4, box.bottom() - line - 1, box.width() - 8, line)
        painter.save()
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        painter.setPen(QtCore.Qt.PenStyle.NoPen)
        painter.setBrush(QtGui.QColor(theme.line))
        painter.drawRoundedRect(bar, line / 2, line / 2)
        bar.setWidth(max(line, bar.width() * float(share)))
        painter.setBrush(QtGui.QColor(theme.accent))
        painter.drawRoundedRect(bar, line / 2, line / 2)
        painter.restore()


class JobsPanel(Panel):
    """The list, and what is known of the marked job."""

    title = "Jobs"

    def __init__(self, session: Session) -> None:
        super().__init__(session, session.jobs)
        self.jobs = session.jobs
        self._filling = False
        card = Card("Jobs", "Of all scenes. They belong to the service and go on when Maya is closed.")
        self.list = QtWidgets.QTreeWidget()
        self.list.setObjectName("jobs")
        self.list.setHeaderLabels(["What", "For", "State"])
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setMinimumHeight(em(self, 14))
        self.list.setItemDelegateForColumn(2, ProgressDelegate(self.list))
        self.list.setToolTip("Click a job to see how it stands. Right-click for what can be done with it.")
        self.list.setContextMenuPolicy(QtCore.Qt.ContextMenuPolicy.ActionsContextMenu)
        head = self.list.header()
        head.setStretchLastSection(False)
        for column, mode in enumerate(("ResizeToContents", "Stretch", "ResizeToContents")):
            head.setSectionResizeMode(column, getattr(QtWidgets.QHeaderView.ResizeMode, mode))
        EmptyHint(
            self.list,
            "Nothing yet. Landmark proposals, trainings, takes and live previews appear here, "
            "from all scenes.",
        )
        self.list.currentItemChanged.connect(self._chosen)
        card.add(self.list, 1)
        self.body.addWidget(card, 1)
        self.detail = Card("This job", "What the service told of it.")
        self.text = self.detail.add(label("", wrap=True))
        self.text.setTextInteractionFlags(QtCore.Qt.TextInteractionFlag.TextSelectableByMouse)
        self.where = self.detail.add(label("", "quiet", wrap=True))
        self.where.setTextInteractionFlags(QtCore.Qt.TextInteractionFlag.TextSelectableByMouse)
        self.body.addWidget(self.detail)
        self._make_actions()
        self.refresh()

    def _make_actions(self) -> None:
        self.stop = QAction("Stop", self.list)
        self.stop.triggered.connect(lambda *_: self.jobs.cancel())
        self.remove = QAction("Remove from the list", self.list)
        self.remove.setShortcut(QtGui.QKeySequence(QtCore.Qt.Key.Key_Delete))
        self.remove.setShortcutContext(QtCore.Qt.ShortcutContext.WidgetShortcut)
        self.remove.triggered.connect(lambda *_: self.jobs.remove())
        self.folder = QAction("Open its folder", self.list)
        self.folder.triggered.connect(lambda *_: self._open_folder())
        for action in (self.stop, self.remove, self.folder):
            self.list.addAction(action)

    # -------------------------------------------------------------------------------------------- footer

    def primary(self) -> Optional[Action]:
        """Start the service, or stop a job."""
        state, job = self.session.backend.state, self.jobs.shown
        if state in (AWAY, STARTING, CONNECTING):
            return Action(
                "&Start the service",
                "Starts facepatch beside Maya; it goes on when Maya is closed.",
                self.session.start_service,
                enabled=state == AWAY,
            )
        if job is None:
            return None
        if job.ended:
            return Action("&Remove", "Takes the job off the list. Its files stay.", self.jobs.remove)
        return Action(
            "&Stop", "Stops at a checkpoint; the same job given again goes on there.", self.jobs.cancel
        )

    def secondary(self) -> Optional[Action]:
        """Look at the files."""
        job = self.jobs.shown
        if job is not None and job.out:
            return Action("&Open folder", "Shows the job's files.", self._open_folder)
        return None

    # --------------------------------------------------------------------------------------------- state

    def show_state(self) -> None:
        """Show the page."""
        self._filling = True
        jobs = [job for job in self.jobs.jobs if job.job]
        rows = {self.list.topLevelItem(i).data(0, _ID): self.list.topLevelItem(i) for i in range(self._count)}
        if list(rows) != [job.job for job in jobs]:
            self.list.clear()
            self.list.addTopLevelItems([self._row(job) for job in jobs])
            rows = {
                self.list.topLevelItem(i).data(0, _ID): self.list.topLevelItem(i) for i in range(self._count)
            }
        for job in jobs:
            self._fill(rows[job.job], job)
        if self.jobs.at in rows and self.list.currentItem() is not rows[self.jobs.at]:
            self.list.setCurrentItem(rows[self.jobs.at])
        job = self.jobs.shown
        self.detail.setVisible(job is not None)
        if job is not None:
            self.text.setText(_story(job))
            self.where.setText(job.out)
        self.stop.setEnabled(job is not None and not job.ended)
        self.remove.setEnabled(job is not None and job.ended)
        self.folder.setEnabled(job is not None and bool(job.out))
        self._filling = False

    @property
    def _count(self) -> int:
        return self.list.topLevelItemCount()

    def _row(self, job: JobView) -> QtWidgets.QTreeWidgetItem:
        item = QtWidgets.QTreeWidgetItem()
        item.setData(0, _ID, job.job)
        return item

    def _fill(self, item: QtWidgets.QTreeWidgetItem, job: JobView) -> None:
        theme = current_theme()
        item.setText(0, VERBS.get(job.verb, job.verb))
        item.setText(1, job.label or job.job[:8])
        item.setToolTip(1, f"{job.label}\n{job.out}".strip())
        share = job.done / job.total if job.state == "running" and job.total else None
        shown = job.state if share is None else f"{100 * share:.0f} %"
        if share is not None and job.left_s is not None:
            shown += f", {clock(job.left_s)}"
        item.setText(2, shown)
        item.setData(2, int(_SHARE), share)
        colors = {"running": theme.accent, "done": theme.good, "failed": theme.bad, "queued": theme.quiet}
        item.setForeground(2, QtGui.QBrush(QtGui.QColor(colors.get(job.state, theme.faint))))

    # -------------------------------------------------------------------------------------------- events

    def _chosen(self, item: Optional[QtWidgets.QTreeWidgetItem], _before: object) -> None:
        if not self._filling and item is not None:
            self.jobs.show(item.data(0, _ID))

    def _open_folder(self) -> None:
        job = self.jobs.shown
        if job is not None and job.out:
            QtGui.QDesktopServices.openUrl(QtCore.QUrl.fromLocalFile(job.out))


def _story(job: JobView) -> str:
    if job.error:
        return job.error
    if job.state == "running":
        of = f", {job.done} of {job.total} {job.unit}" if job.total else ""
        left = f", about {clock(job.left_s)} left in this stage" if job.left_s is not None else ""
        return f"{stage_words(job)}{of}{left}."
    if job.state == "queued":
        return job.message or "Waits for the jobs before it."
    return {"done": "Done.", "cancelled": "Stopped. The same job given again goes on at its checkpoint."}.get(
        job.state, job.state.capitalize()
    )
