from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from facepatch.core.client import Client
from facepatch.core.errors import DivergedError, HostError, JobCancelledError
from facepatch.core.protocol import Message, decode, encode, error_message, messages
from facepatch.core.transport import DirectTransport

NAMES = ("pc_000", "pc_001")


class Service:
    """Answers nothing of its own accord; the test says what comes."""

    def __init__(self) -> None:
        self.asked: list[Message] = []
        self.transport = DirectTransport(self.answer)
        self.client = Client(self.transport, token="secret")
        self.request = self.client.submit("stream", {"source": "camera:0", "models": "/models"})
        self.tell(messages.StateChange("running"))

    def answer(self, frames: Sequence[Any]) -> list[Any]:
        self.asked.append(decode(frames))
        return []

    def tell(self, *partials: messages.Partial) -> None:
        for partial in partials:
            self.transport.push(encode(partial.to_message(self.request.id, job="job-1")))

    def frames(self, *numbers: int) -> None:
        self.tell(*(frame(number) for number in numbers))

    def end(self, error: Any = None) -> None:
        reply = (
            Message("result", body={}, reply_to=self.request.id)
            if error is None
            else error_message(error, self.request.id)
        )
        self.transport.push(encode(reply))


def frame(number: int) -> messages.Frame:
    return messages.Frame(number, number, np.full(2, number, np.float32), np.eye(4))


class Watcher:
    """What the callbacks were told."""

    def __init__(self) -> None:
        self.shown: list[int] = []
        self.every: list[int] = []
        self.started: list[tuple[str, ...]] = []
        self.ended: list[str] = []

    def follow(self, service: Service, **options: Any) -> Any:
        from facepatch_maya.stream import LiveStream

        return LiveStream(
            service.client,
            service.request,
            **{
                "on_frame": lambda one: self.shown.append(one.frame),
                "on_every": lambda one: self.every.append(one.frame),
                "on_start": lambda about: self.started.append(about.names),
                "on_end": self.ended.append,
                **options,
            },
        )


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def watcher() -> Watcher:
    return Watcher()


@pytest.fixture
def stream(maya: Any, service: Service, watcher: Watcher) -> Any:
    return watcher.follow(service)


def test_the_newest_frame_is_shown_and_every_frame_is_handed_on(
    stream: Any, service: Service, watcher: Watcher
) -> None:
    service.tell(messages.StreamStart(NAMES, (24, 1)))
    service.frames(1, 2, 3)
    stream.poll()
    service.frames(4)
    stream.poll()
    stream.poll()
    assert watcher.started == [NAMES]
    assert stream.about.rate == (24, 1)
    assert watcher.shown == [3, 4]
    assert watcher.every == [1, 2, 3, 4]
    assert (stream.shown, stream.passed_over) == (2, 2)


def test_the_end_of_the_source_is_told_once(stream: Any, service: Service, watcher: Watcher) -> None:
    service.frames(1)
    service.end()
    stream.poll()
    stream.poll()
    assert watcher.shown == [1]
    assert watcher.ended == [""]
    assert not stream.running


def test_an_error_of_the_service_is_told_as_its_sentence(
    stream: Any, service: Service, watcher: Watcher
) -> None:
    service.end(DivergedError("The camera was unplugged."))
    stream.poll()
    assert watcher.ended == ["The camera was unplugged."]


def test_a_cancelled_stream_ended_in_good_order(stream: Any, service: Service, watcher: Watcher) -> None:
    service.end(JobCancelledError("Cancelled."))
    stream.poll()
    assert watcher.ended == [""]


def test_stopping_cancels_the_job_without_waiting_and_shows_nothing_more(
    stream: Any, service: Service, watcher: Watcher
) -> None:
    stream.poll()
    service.frames(1)
    stream.stop()
    stream.poll()
    stream.stop()
    assert [message.body["job"] for message in service.asked if message.type == "cancel"] == ["job-1"]
    assert watcher.shown == []
    assert watcher.ended == [""]


def test_a_frame_that_cannot_be_shown_stops_the_stream_with_its_sentence(
    maya: Any, service: Service, watcher: Watcher
) -> None:
    def refuse(_: Any) -> None:
        raise HostError("face.pc_000 was deleted.")

    stream = watcher.follow(service, on_frame=refuse)
    service.frames(1)
    stream.poll()
    assert watcher.ended == ["face.pc_000 was deleted."]
    assert [message.type for message in service.asked][-1] == "cancel"


def test_a_fault_of_ours_stops_the_stream_and_comes_out(
    maya: Any, service: Service, watcher: Watcher
) -> None:
    def break_down(_: Any) -> None:
        raise ZeroDivisionError

    stream = watcher.follow(service, on_frame=break_down)
    service.frames(1)
    with pytest.raises(ZeroDivisionError):
        stream.poll()
    assert watcher.ended == [""]
    assert not stream.running


def test_a_callback_that_lets_the_timer_call_again_does_not_nest(
    maya: Any, service: Service, watcher: Watcher
) -> None:
    def opens_a_dialog(one: Any) -> None:
        watcher.shown.append(one.frame)
        service.frames(one.frame + 1)
        stream.poll()

    stream = watcher.follow(service, on_frame=opens_a_dialog)
    service.frames(1)
    stream.poll()
    assert watcher.shown == [1]
    stream.poll()
    assert watcher.shown == [1, 2]


@pytest.mark.parametrize("change", ["new", "exit"])
def test_another_scene_and_the_end_of_maya_stop_it(
    maya: Any, stream: Any, service: Service, watcher: Watcher, change: str
) -> None:
    from maya import cmds

    pytest.importorskip("PySide6" if _has("PySide6") else "PySide2")
    application()
    stream.poll()
    stream.start()
    if change == "new":
        cmds.file(new=True, force=True)
    else:
        from fakemaya.openmaya import events

        events.scene_message(maya, "kMayaExiting")
    assert watcher.ended == [""]
    assert not stream.running


def test_in_batch_it_is_polled_by_hand(service: Service, watcher: Watcher) -> None:
    import fakemaya

    with fakemaya.install(version=2025, batch=True):
        stream = watcher.follow(service)
        stream.start()
        service.frames(1)
        stream.poll()
        stream.stop()
    assert watcher.shown == [1]


# ------------------------------------------------------------------------------------------------ with real sockets


def _has(name: str) -> bool:
    import importlib.util

    return importlib.util.find_spec(name) is not None


def application() -> Any:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from facepatch_maya.ui.qt import QtCore, QtWidgets

    assert QtCore is not None
    return QtWidgets.QApplication.instance() or QtWidgets.QApplication([])


class SocketService:
    """A ROUTER in this thread."""

    def __init__(self) -> None:
        import zmq

        self.context = zmq.Context()
        self.router = self.context.socket(zmq.ROUTER)
        port = self.router.bind_to_random_port("tcp://127.0.0.1")
        self.address = f"tcp://127.0.0.1:{port}"
        self.peer = b""

    def hear(self) -> Message:
        assert self.router.poll(5000)
        self.peer, *frames = self.router.recv_multipart()
        return decode(frames)

    def say(self, message: Message) -> None:
        self.router.send_multipart([self.peer, *encode(message)])

    def close(self) -> None:
        self.context.destroy(linger=0)


@pytest.mark.skipif(not (_has("PySide6") or _has("PySide2")), reason="no Qt here")
def test_a_socket_wakes_maya_without_the_timer(
    maya: Any, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    from facepatch.core.transport import SocketTransport
    from facepatch_maya import stream as module

    monkeypatch.setattr(module, "TICK_MS", 600_000)
    app = application()
    service = SocketService()
    client = Client(SocketTransport(service.address), token="secret")
    try:
        request = client.submit("stream", {})
        assert service.hear().type == "stream"
        stream = module.LiveStream(
            client, request, lambda one: watcher.shown.append(one.frame), on_end=watcher.ended.append
        )
        stream.start()
        end = time.monotonic() + 10
        for number in range(1, 31):
            service.say(frame(number).to_message(request.id, job="j"))
            if number % 10 == 0:
                while time.monotonic() < end and (not watcher.shown or watcher.shown[-1] < number):
                    app.processEvents()
        assert watcher.shown[-1] == 30
        assert stream.shown + stream.passed_over == 30
        stream.stop()
        assert watcher.ended == [""]
    finally:
        client.close()
        service.close()
