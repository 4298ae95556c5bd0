"""Jobs on disk: SQLite with a write-ahead log, so that a job is kept when its submission is answered.

One process per file: the database stays locked while it is open, and the lock ends with the process.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from facepatch.core.errors import ConfigError, FormatError, StorageError, VersionError
from facepatch.service.job import Job, job_from, record_of, reports_of

log = logging.getLogger(__name__)

NAME = "jobs.sqlite"
VERSION = 1

TABLES = """
CREATE TABLE IF NOT EXISTS jobs (id TEXT PRIMARY KEY, number INTEGER, record TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS reports (id TEXT PRIMARY KEY, record TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class Store:
    """The jobs of the state folder `folder`.

    Every method that writes raises StorageError where the disk is full or the folder cannot be written; what was
    kept before stays whole.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if sys.platform != "win32":
                folder.chmod(0o700)
        except OSError as error:
            raise StorageError(
                f"{folder}: cannot be made ({error.strerror}). Choose another --state."
            ) from error
        self._database = self._open()

    def _open(self) -> sqlite3.Connection:
        # One thread at a time uses it, but a server may be made in one and serve in another.
        database = sqlite3.connect(self.path, timeout=0.2, isolation_level=None, check_same_thread=False)
        try:
            database.execute("PRAGMA locking_mode=EXCLUSIVE")
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=NORMAL")
            found = int(database.execute("PRAGMA user_version").fetchone()[0])
            if found > VERSION:
                raise VersionError(
                    f"{self.path}: is version {found}; this facepatch reads up to {VERSION}. Update facepatch, or "
                    "choose another --state."
                )
            database.executescript(f"BEGIN IMMEDIATE; {TABLES} PRAGMA user_version={VERSION}; COMMIT;")
        except sqlite3.Error as error:
            database.close()
            raise self._sentence(error) from error
        except VersionError:
            database.close()
            raise
        return database

    def _sentence(self, error: sqlite3.Error) -> Exception:
        text = str(error)
        if "locked" in text:
            return ConfigError(
                f"{self.path}: another server is using this state folder. Stop it, or choose another --state."
            )
        if "full" in text:
            return StorageError(
                f"{self.path}: the disk is full. Free some space: the server goes on by itself."
            )
        if isinstance(error, sqlite3.DatabaseError) and ("malformed" in text or "not a database" in text):
            return FormatError(f"{self.path}: is damaged ({text}). Move it away to start with no jobs.")
        return StorageError(f"{self.path}: cannot be written ({text}). Make its folder writable.")

    def jobs(self) -> list[Job]:
        """All jobs, in the order of their arrival. A record that cannot be read is left out, and logged."""
        query = "SELECT jobs.record, reports.record FROM jobs LEFT JOIN reports USING (id) ORDER BY number"
        found: list[Job] = []
        for record, reports in self._database.execute(query):
            try:
                found.append(job_from(json.loads(record), json.loads(reports or "{}")))
            except (FormatError, ValueError) as error:
                log.warning("%s: a job is left out: %s", self.path, error)
        return found

    def save(self, jobs: Iterable[Job], reports: Iterable[Job] = ()) -> None:
        """Keep the records of `jobs` and the progress and curves of `reports`: all of them or none."""
        records = [(job.id, job.number, json.dumps(record_of(job))) for job in jobs]
        told = [(job.id, json.dumps(reports_of(job))) for job in reports]
        self._transaction(
            [("INSERT OR REPLACE INTO jobs VALUES (?, ?, ?)", records),
             ("INSERT OR REPLACE INTO reports VALUES (?, ?)", told)]
        )  # fmt: skip

    def remove(self, ids: Iterable[str]) -> None:
        """Forget jobs."""
        rows = [(name,) for name in ids]
        self._transaction(
            [("DELETE FROM jobs WHERE id = ?", rows), ("DELETE FROM reports WHERE id = ?", rows)]
        )

    def fact(self, name: str) -> str:
        """What `keep_fact` kept, or ""."""
        row = self._database.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def keep_fact(self, name: str, value: str) -> None:
        """Keep one thing that the next start needs: the token, the port."""
        self._transaction([("INSERT OR REPLACE INTO facts VALUES (?, ?)", [(name, value)])])

    def _transaction(self, statements: Sequence[tuple[str, Sequence[tuple[object, ...]]]]) -> None:
        try:
            self._database.execute("BEGIN IMMEDIATE")
            for statement, rows in statements:
                self._database.executemany(statement, rows)
            self._database.execute("COMMIT")
        except sqlite3.Error as error:
            if self._database.in_transaction:
                try:
                    self._database.execute("ROLLBACK")
                except sqlite3.Error:
                    log.debug("%s: nothing to roll back", self.path)
            raise self._sentence(error) from error

    def close(self) -> None:
        """Let another server have the folder."""
        self._database.close()
