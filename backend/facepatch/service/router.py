"""The server's logic without sockets, threads and processes: messages in, messages out, time handed in.

It never computes and never waits. What clients may ask is docs/protocol.md; what workers tell is in service.worker.
"""

from __future__ import annotations

import hmac
import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from facepatch import __version__
from facepatch.core.errors import FacepatchError, ForbiddenError, LimitError, ProtocolError, UnavailableError
from facepatch.core.protocol import decode, error_message, messages, new_id, read_request
from facepatch.core.protocol.limits import BODY_BYTES
from facepatch.core.protocol.message import PARTIAL, RESULT, Message
from facepatch.core.protocol.version import MAJOR, MINOR, NAME
from facepatch.service.board import Board
from facepatch.service.foreman import Crew, Foreman, Worker
from facepatch.service.job import Job
from facepatch.service.outbox import Entry, Outbox, Watch
from facepatch.service.previews import read_picture
from facepatch.service.roots import Roots
from facepatch.service.settings import ServeSettings
from facepatch.service.verbs import Verb

log = logging.getLogger(__name__)

FLUSH_EVERY_S = 1.0
WATCHES = 64
"""Requests of one client that may follow one job."""
LABEL = 200


@dataclass(eq=False)
class Stream:
    """A stream that runs."""

    start: Message
    """What its worker said first; newcomers need it, too."""
    drops_nothing: bool
    frames: int = 0
    """Frames that came from the worker."""
    acknowledged: int = 0
    """Frames that the worker knows to be handed on."""


class Router:
    """Answers clients, forwards what workers tell, and drives the foreman."""

    def __init__(
        self, settings: ServeSettings, board: Board, crew: Crew, *, verbs: dict[str, Verb], roots: Roots,
        token: str, clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.settings, self.board, self.verbs, self.roots = settings, board, verbs, roots
        self.server_id = new_id()
        self.outbox = Outbox(limit=settings.outbox_mb * 2**20, clock=clock)
        self.foreman = Foreman(board, crew, settings, clock=clock, told=self._told)
        self._token, self._crew, self._clock = token.encode(), crew, clock
        self._watches: dict[str, list[Watch]] = {}
        self._streams: dict[str, Stream] = {}
        self._flushed = clock()
        board.take_up(lambda verb: verb in verbs and verbs[verb].resumes)

    # ------------------------------------------------------------------------------------------ clients

    def receive(self, client: bytes, frames: Sequence[Any]) -> None:
        """Take in what `client` sent, whatever it is."""
        try:
            request = decode(frames)
        except ProtocolError as error:
            # What does not even begin like the protocol is not worth an answer.
            if frames and bytes(memoryview(frames[0])[: len(NAME)]) == NAME:
                self._send(client, error_message(error, error.request_id))
            return
        if request.is_reply:
            return
        try:
            if not hmac.compare_digest(request.token.encode(), self._token):
                raise ForbiddenError("The token is wrong. Read the connection file of this server again.")
            self._answer(client, request)
        except FacepatchError as error:
            self._send(client, error_message(error, request.id))
        except Exception as error:
            log.exception("facepatch failed where it should not, at a request; the server goes on")
            sentence = (
                f"The server failed where it should not ({type(error).__name__}). Its log has the trace."
            )
            self._send(client, error_message(FacepatchError(sentence), request.id))

    def _answer(self, client: bytes, request: Message) -> None:
        if request.type == "ping":
            body = messages.Pong(self.server_id).to_body()
            self._send(client, Message(RESULT, body=body, arrays=request.arrays, reply_to=request.id))
            return
        if request.type in self.verbs:
            self._submit(client, request.id, messages.Submit.from_message(request))
            return
        asked = read_request(request)
        if isinstance(asked, messages.Watch):
            self._watch(client, request.id, self.board.get(asked.job))
            return
        answer = self._result(client, asked)
        if answer is None:
            raise ProtocolError(f"request: '{request.type}' is not known to this server.")
        self._send(client, answer.to_message(request.id))

    def _result(self, client: bytes, asked: messages.Request) -> messages.Result | None:
        if isinstance(asked, messages.Hello):
            types = (*(name for name in messages.REQUESTS if name not in messages.JOB_VERBS), *self.verbs)
            return messages.Welcome((MAJOR, MINOR), __version__, types, self._crew.devices, self.server_id)
        if isinstance(asked, messages.Jobs):
            return self._list(asked)
        if isinstance(asked, messages.Cancel):
            return messages.JobState(self.foreman.cancel(self.board.get(asked.job)))
        if isinstance(asked, messages.Unwatch):
            job = self.board.get(asked.job)
            self._drop_watches(lambda watch: watch.client == client and watch.job == job.id)
            return messages.JobState(job.state)
        if isinstance(asked, messages.Remove):
            job = self.board.get(asked.job)
            if not job.has_ended:
                raise ForbiddenError(f"The job is {job.state}. Cancel it before it is removed.")
            self.board.remove(job)
            return messages.JobState(job.state)
        if isinstance(asked, messages.Previews):
            return self._previews(self.board.get(asked.job))
        return None

    def _list(self, asked: messages.Jobs) -> messages.JobList:
        chosen = [job for job in self.board.jobs.values() if not asked.states or job.state in asked.states]
        rows: list[messages.JobRecord] = []
        room = BODY_BYTES - 1000
        for job in reversed(chosen[-asked.limit :] if asked.limit > 0 else chosen):
            row = job.described()
            room -= len(json.dumps(row.to_body(), ensure_ascii=False).encode()) + 1
            if room < 0:
                break
            rows.append(row)
        return messages.JobList(tuple(rows), len(chosen))

    def _previews(self, job: Job) -> messages.PreviewList:
        kept = [(preview, read_picture(preview)) for preview in self.board.previews.of(job.id)]
        return messages.PreviewList(
            tuple(
                messages.Picture(preview.stage, preview.iteration, picture)
                for preview, picture in kept
                if picture is not None
            )
        )

    def _submit(self, client: bytes, request: str, asked: messages.Submit) -> None:
        # A request that is sent again, since its answer was lost, is the same job.
        job = self.board.jobs.get(request)
        if job is None:
            if self.foreman.stopping:
                raise UnavailableError("The server is stopping. Send the job again when it is back.")
            verb = self.verbs[asked.verb]
            arguments = self.roots.arguments(asked.arguments, verb.paths)
            job = Job(
                request, asked.verb, arguments, 0, label=asked.label[:LABEL], priority=asked.priority,
                out=str(arguments.get("out") or ""),
            )  # fmt: skip
            self.board.add(job)
            self.foreman.submitted()
        watch = self._follow(client, request, job)
        self._partial(watch, messages.StateChange(job.state, job.attempts))
        if job.has_ended:
            self._finish(job, [watch])

    def _watch(self, client: bytes, request: str, job: Job) -> None:
        watch = self._follow(client, request, job)
        newest = self.board.previews.of(job.id)[-1:]
        picture = read_picture(newest[0]) if newest else None
        snapshot = (
            job.snapshot(picture=picture, stage=newest[0].stage, iteration=newest[0].iteration)
            if newest and picture is not None
            else job.snapshot()
        )
        self._partial(watch, snapshot)
        if job.id in self._streams:
            self._forward(watch, self._streams[job.id].start)
        if job.has_ended:
            self._finish(job, [watch])

    # ---------------------------------------------------------------------------------------- followers

    def _follow(self, client: bytes, request: str, job: Job) -> Watch:
        watches = self._watches.setdefault(job.id, [])
        for watch in watches:
            if watch.client == client and watch.request == request:
                return watch
        if sum(watch.client == client for watch in watches) >= WATCHES:
            raise LimitError(f"This client follows the job {WATCHES} times already. Unwatch it first.")
        stream = self._streams.get(job.id)
        watch = Watch(client, request, job.id, delivered=stream.frames if stream else 0)
        watches.append(watch)
        return watch

    def _drop_watches(self, gone: Callable[[Watch], bool]) -> None:
        for job, watches in list(self._watches.items()):
            kept = [watch for watch in watches if not gone(watch)]
            if kept:
                self._watches[job] = kept
            else:
                del self._watches[job]

    def client_gone(self, client: bytes) -> None:
        """Nobody is there any more, or reads so little that nothing more is kept for it. Its jobs go on."""
        self.outbox.forget(client)
        self._drop_watches(lambda watch: watch.client == client)

    def followers(self, job: str) -> list[Watch]:
        """Who follows a job."""
        return self._watches.get(job, [])

    def _told(self, job: Job, message: str) -> None:
        """The foreman has changed the state of `job`."""
        watches = list(self.followers(job.id))
        for watch in watches:
            self._partial(watch, messages.StateChange(job.state, job.attempts, message))
        if job.state != messages.RUNNING:
            self._streams.pop(job.id, None)
            for watch in watches:
                watch.delivered = 0
        if job.has_ended:
            self._finish(job, watches)

    def _finish(self, job: Job, watches: list[Watch]) -> None:
        for watch in watches:
            if job.state == messages.DONE:
                end = Message(RESULT, body={**(job.result or {}), "job": job.id}, reply_to=watch.request)
            else:
                end = Message("error", body={**(job.error or {}), "job": job.id}, reply_to=watch.request)
            self._put(watch.client, Entry(end, watch))
        over = {id(watch) for watch in watches}
        self._drop_watches(lambda watch: id(watch) in over)

    def _partial(self, watch: Watch, partial: messages.Partial, slot: str = "") -> None:
        message = partial.to_message(watch.request, job=watch.job)
        self._put(watch.client, Entry(message, watch, slot=(watch.request, slot) if slot else None))

    def _forward(self, watch: Watch, event: Message, *, slot: str = "", frame: int = 0) -> None:
        body = {**event.body, "job": watch.job}
        message = Message(PARTIAL, body=body, arrays=event.arrays, reply_to=watch.request)
        self._put(watch.client, Entry(message, watch, frame, (watch.request, slot) if slot else None))

    def _send(self, client: bytes, message: Message) -> None:
        self._put(client, Entry(message))

    def _put(self, client: bytes, entry: Entry) -> None:
        if not self.outbox.put(client, entry):
            log.warning("A client leaves too much unread and is forgotten.")
            self.client_gone(client)

    # ------------------------------------------------------------------------------------------ workers

    def receive_worker(self, name: str, event: Message) -> None:
        """Take in what worker `name` tells of its job."""
        worker = self.foreman.workers.get(name)
        job = worker.job if worker is not None else None
        if worker is None or job is None or event.body.get("job") != job.id:
            return
        if event.type == RESULT:
            self.foreman.done(worker, event.body.get("result") or {})
        elif event.type == "error":
            self.foreman.failed(worker, str(event.body.get("code")), str(event.body.get("message")))
        elif event.type == PARTIAL:
            self._tell(worker, job, event)

    def _tell(self, worker: Worker, job: Job, event: Message) -> None:
        kind = event.body.get("kind")
        slot, frame = "", 0
        if kind == "progress":
            progress = messages.ProgressReport.from_message(event)
            self.board.report(job, progress.to_body())
            slot = f"progress {progress.stage}"
        elif kind == "preview":
            shown = messages.Preview.from_message(event)
            self.board.previews.add(job.id, shown.picture, iteration=shown.iteration, stage=shown.stage)
            slot = "preview"
        elif kind == "stream":
            self._streams[job.id] = Stream(event, event.body.get("policy") == "all")
        elif kind == "frame" and job.id in self._streams:
            stream = self._streams[job.id]
            stream.frames += 1
            frame, slot = stream.frames, "" if stream.drops_nothing else "frame"
        for watch in list(self.followers(job.id)):
            self._forward(watch, event, slot=slot, frame=frame)

    def worker_died(self, name: str, reason: str) -> None:
        """The process of worker `name` has ended."""
        self.foreman.died(name, reason)

    # --------------------------------------------------------------------------------------------- time

    def tick(self) -> None:
        """Call often: every 20 ms while something runs."""
        self.foreman.tick()
        self.acknowledge()
        now = self._clock()
        if now - self._flushed >= FLUSH_EVERY_S:
            self._flushed = now
            self.board.flush()

    def acknowledge(self) -> None:
        """Tell the workers of streams that drop nothing how far their frames have been handed on."""
        for job, stream in self._streams.items():
            if not stream.drops_nothing:
                continue
            for watch in self.followers(job):
                behind = watch.delivered < stream.frames
                if behind and self.outbox.stalled(watch.client, self.settings.stall_s):
                    self.outbox.drop_frames(watch.client)
            handed_on = min((watch.delivered for watch in self.followers(job)), default=stream.frames)
            worker = self.foreman.worker_of(self.board.jobs[job])
            if worker is not None and handed_on > stream.acknowledged:
                stream.acknowledged = handed_on
                self._crew.send(worker.name, {"command": "acknowledge", "job": job, "frames": handed_on})

    def stop(self) -> None:
        """Tell everyone who follows a job, and bring the workers to their next checkpoint."""
        sentence = "The server stops. Its jobs go on when it is started again."
        for watches in list(self._watches.values()):
            for watch in list(watches):
                self._partial(watch, messages.ServerEvent("stopping", sentence))
        self.foreman.stop()

    @property
    def stopped(self) -> bool:
        """Whether a stopping server has nothing more to wait for."""
        return self.foreman.stopping and not self.foreman.busy
