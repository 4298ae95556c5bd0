"""The undo queue: steps of (do, undo) closures, chunks, and the two ways to switch it off."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Callable

Action = Callable[[], None]


@dataclass(eq=False)
class Step:
    """What one undo takes back."""

    name: str
    actions: list[tuple[Action, Action]] = field(default_factory=list)

    def undo(self) -> None:
        for _, back in reversed(self.actions):
            back()

    def redo(self) -> None:
        for do, _ in self.actions:
            do()


class UndoQueue:
    """Maya's queue. Nothing is recorded while it is off, nor while a step is being undone or redone."""

    def __init__(self) -> None:
        self.done: list[Step] = []
        self.undone: list[Step] = []
        self.on = True
        self.infinity = True
        self.length = 50
        self.depth = 0
        """Open chunks, those of the user and those of running commands."""
        self.chunks = 0
        """Open chunks of the user (undoInfo openChunk)."""
        self._open = Step("")
        self._replaying = False

    @property
    def chunk_name(self) -> str:
        return self._open.name

    @property
    def recording(self) -> bool:
        return self.on and not self._replaying

    def record(self, do: Action, undo: Action) -> None:
        """Run `do` and keep the pair in the open step."""
        do()
        self.keep(do, undo)

    def keep(self, do: Action, undo: Action) -> None:
        """Keep a pair that has been done already."""
        if not self.recording:
            return
        if self.depth:
            self._open.actions.append((do, undo))
        else:
            self._push(Step("", [(do, undo)]))

    def open(self, name: str) -> int:
        """Begin a step; steps inside join the outermost one. Returns a mark for `roll_back`."""
        if self.depth == 0:
            self._open = Step(name)
        self.depth += 1
        return len(self._open.actions)

    def close(self) -> None:
        """End what `open` began; an empty step leaves no trace. Closing what is not open is ignored, as in Maya."""
        if self.depth == 0:
            return
        self.depth -= 1
        if self.depth == 0:
            step, self._open = self._open, Step("")
            if step.actions:
                self._push(step)

    def roll_back(self, mark: int) -> None:
        """Take back what was recorded in the open step since `mark`: a command that failed leaves nothing."""
        late, self._open.actions = self._open.actions[mark:], self._open.actions[:mark]
        self._replay(Step("", late).undo)

    def undo(self) -> str:
        """Take back the last step; RuntimeError where there is none."""
        if not self.done:
            raise RuntimeError("There are no more commands to undo.")
        step = self.done.pop()
        self._replay(step.undo)
        self.undone.append(step)
        return step.name

    def redo(self) -> str:
        """Do the last undone step again; RuntimeError where there is none."""
        if not self.undone:
            raise RuntimeError("There are no more commands to redo.")
        step = self.undone.pop()
        self._replay(step.redo)
        self.done.append(step)
        return step.name

    def flush(self) -> None:
        """Forget everything."""
        self.done.clear()
        self.undone.clear()

    def _push(self, step: Step) -> None:
        self.done.append(step)
        self.undone.clear()
        if not self.infinity:
            del self.done[: -self.length or None]

    def _replay(self, run: Action) -> None:
        before, self._replaying = self._replaying, True
        try:
            run()
        finally:
            self._replaying = before
