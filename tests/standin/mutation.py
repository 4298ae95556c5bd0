"""Mutants: one line of a module changed in memory, to see that a check notices."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Optional

SCRIPTS = Path(__file__).resolve().parents[2] / "maya_module" / "scripts"


@dataclass(frozen=True)
class Mutant:
    """`old` replaced by `new`, once, in the source of `module`; `check` fails on it and passes without it."""

    name: str
    module: str
    old: str
    new: str
    check: Callable[..., None]
    dies_of: Any = AssertionError
    """What the check raises: a class or a tuple of them.

    Not Exception: a mutant with a typing error would count as noticed.
    """


class _MutatedLoader(importlib.machinery.SourceFileLoader):
    def __init__(self, mutant: Mutant, path: Path) -> None:
        super().__init__(mutant.module, str(path))
        self._mutant = mutant

    def get_code(self, fullname: str) -> Any:
        # Past the byte code kept on disk, in both directions.
        return self.source_to_code(self.get_data(self.path), self.path)

    def get_data(self, path: str) -> bytes:
        text = super().get_data(path).decode("utf-8")
        found = text.count(self._mutant.old)
        if found != 1:
            raise LookupError(
                f"mutant '{self._mutant.name}': its text is {found} times in {path}. Write the mutant anew."
            )
        return text.replace(self._mutant.old, self._mutant.new).encode("utf-8")


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(
        self, fullname: str, path: Optional[Sequence[str]], target: Optional[ModuleType] = None
    ) -> Optional[importlib.machinery.ModuleSpec]:
        if fullname != self._mutant.module:
            return None
        source = SCRIPTS.joinpath(*fullname.split(".")).with_suffix(".py")
        return importlib.util.spec_from_loader(fullname, _MutatedLoader(self._mutant, source))


@contextmanager
def mutated(mutant: Mutant) -> Iterator[None]:
    """Imports inside the block get the mutant. No module of `facepatch_maya` may be imported yet."""
    early = [name for name in sys.modules if name.startswith("facepatch_maya")]
    if early:
        raise RuntimeError(
            f"{', '.join(early)}: imported before the mutant; the check would run on the original."
        )
    finder = _Finder(mutant)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
