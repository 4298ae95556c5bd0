"""core.client: what it asks, what it gives back, and how it finds a service that was lost. No socket, no waiting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from facepatch.core.client import Client
from facepatch.core.errors import (
    DivergedError,
    ForbiddenError,
    JobCancelledError,
    LimitError,
    ProtocolVersionError,
    ServiceError,
    TimedOutError,
    UnavailableError,
    UnknownJobError,
)
from facepatch.core.protocol import Message, decode, encode, error_message, messages
from facepatch.core.transport import DirectTransport

PICTURE = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)


class Clock:
    """Goes on only where the client waits."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds


class Service:
    """A service in a test: remembers what it was asked; its jobs are named by the id of their request."""

    def __init__(self, *, token: str = "secret", server: str = "first") -> None:
        self.token, self.server = token, server
        self.asked: list[Message] = []
        self.silent = False
        self.clock = Clock()
        self.transports: list[DirectTransport] = []
        self.ended: dict[str, Message] = {}

    def transport(self) -> DirectTransport:
        self.transports.append(DirectTransport(self.answer, idle=self.clock.wait))
        return self.transports[-1]

    def client(self, *, token: str = "secret", **options: Any) -> Client:
        return Client(self.transport(), token=token, clock=self.clock, **options)

    def answer(self, frames: Sequence[Any]) -> list[Any]:
        if self.silent:
            return []
        request = decode(frames)
        self.asked.append(request)
        if request.token != self.token:
            return [encode(error_message(ForbiddenError("The token is wrong."), request.id))]
        return [encode(reply) for reply in self.replies(request)]

    def replies(self, request: Message) -> list[Message]:
        asked = messages.read_request(request)
        if isinstance(asked, messages.Hello):
            return [messages.Welcome((1, 0), server=self.server, devices=("cpu",)).to_message(request.id)]
        if isinstance(asked, messages.Ping):
            body = {"server": self.server}
            return [Message("result", body=body, arrays=request.arrays, reply_to=request.id)]
        if isinstance(asked, messages.Submit):
            return [messages.StateChange("queued").to_message(request.id, job=request.id)]
        if isinstance(asked, messages.Watch):
            first = messages.Snapshot("running").to_message(request.id, job=asked.job)
            return [first, *([self.ended[asked.job]] if asked.job in self.ended else [])]
        if isinstance(asked, messages.Jobs):
            rows = tuple(messages.JobRecord("7", state=state) for state in asked.states)
            return [messages.JobList(rows, 9).to_message(request.id)]
        if isinstance(asked, messages.Cancel):
            return [messages.JobState("cancelled").to_message(request.id)]
        if isinstance(asked, messages.Previews):
            return [messages.PreviewList((messages.Picture("train", 5, PICTURE),)).to_message(request.id)]
        if isinstance(asked, messages.Remove):
            return [error_message(UnknownJobError("There is no such job."), request.id)]
        return [Message("result", reply_to=request.id)]

    def push(self, message: Message) -> None:
        self.transports[-1].push(encode(message))

    def types(self) -> list[str]:
        return [request.type for request in self.asked]


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def client(service: Service) -> Client:
    client = service.client()
    client.hello()
    service.asked.clear()
    return client


def idle(service: Service, client: Client, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
    """Poll for so long by the clock of the test."""
    end = service.clock.now + seconds
    while service.clock.now < end and not until():
        client.poll(0.25)


def test_a_host_that_must_not_wait_greets_and_polls(service: Service) -> None:
    client = service.client(name="maya")
    greeting = client.greet()
    assert (greeting.done, client.welcome) == (False, None)
    client.poll()
    assert greeting.done
    assert client.welcome is not None
    assert client.welcome.server == "first"
    # From here on a pong of the same service is no surprise.
    client.submit("run", {})
    idle(service, client, 5.0)
    assert service.types().count("hello") == 1


def test_a_greeting_that_is_refused_says_why(service: Service) -> None:
    client = service.client(token="wrong")
    greeting = client.greet()
    client.poll()
    with pytest.raises(ForbiddenError, match="token is wrong"):
        greeting.result()
    assert client.welcome is None


def test_a_transport_without_a_socket_has_no_descriptor(client: Client) -> None:
    assert client.descriptor is None


# ------------------------------------------------------------------------------------------ asking, answering


def test_hello_says_who_serves(service: Service) -> None:
    client = service.client(name="maya")
    assert client.welcome is None
    assert client.hello().devices == ("cpu",)
    assert client.welcome is not None
    assert client.welcome.protocol == (1, 0)
    assert service.asked[0].body["client"] == "maya"


def test_ping_brings_its_arrays_back(client: Client) -> None:
    back = client.ping({"a": np.arange(3.0)})
    assert back["a"].tolist() == [0.0, 1.0, 2.0]


def test_every_request_carries_the_token_and_its_arguments(service: Service, client: Client) -> None:
    assert client.jobs(states=("done",), limit=3).jobs[0].state == "done"
    assert client.cancel("7") == "cancelled"
    assert client.previews("7")[0].picture.tolist() == PICTURE.tolist()
    client.submit("run", {"take": "/a.mp4"}, priority=2, label="hero")
    assert {request.token for request in service.asked} == {"secret"}
    assert [request.body for request in service.asked] == [
        {"states": ["done"], "limit": 3},
        {"job": "7"},
        {"job": "7"},
        {"arguments": {"take": "/a.mp4"}, "priority": 2, "label": "hero"},
    ]


def test_a_job_is_followed_to_its_result(service: Service, client: Client) -> None:
    request = client.submit("train", {})
    assert (request.job, request.state, request.done) == ("", "", False)
    assert request.wait_for_job() == request.id
    assert request.state == "queued"
    seen: list[Any] = []
    request.on_partial(lambda message: seen.append(messages.read_partial(message)))
    service.push(messages.StateChange("running", 1).to_message(request.id, job=request.job))
    service.push(messages.ProgressReport("train", 3, 10).to_message(request.id, job=request.job))
    assert client.poll() == 2
    assert request.state == "running"
    assert seen[1].progress.done == 3
    service.push(Message("result", body={"out": "/out"}, reply_to=request.id))
    assert request.wait().body == {"out": "/out"}
    assert request.done
    assert request.state == "done"


def test_partials_of_a_kind_from_the_future_reach_the_callback(service: Service, client: Client) -> None:
    request = client.watch("7")
    seen: list[Any] = []
    request.on_partial(lambda message: seen.append((message.body["kind"], messages.read_partial(message))))
    service.push(Message("partial", body={"kind": "weather", "job": "7"}, reply_to=request.id))
    client.poll()
    assert seen[1] == ("weather", None)


def test_two_requests_at_once_get_each_its_own(service: Service, client: Client) -> None:
    first, second = client.submit("run", {}), client.watch("7")
    counts = {"first": 0, "second": 0}
    first.on_partial(lambda _: counts.update(first=counts["first"] + 1))
    second.on_partial(lambda _: counts.update(second=counts["second"] + 1))
    client.poll()
    for request in (first, second, first):
        service.push(messages.StateChange("running").to_message(request.id, job=request.job))
    service.push(Message("result", body={"n": 2}, reply_to=second.id))
    # A call that is answered at once lets the others go on meanwhile.
    assert client.jobs().total == 9
    assert counts == {"first": 3, "second": 2}
    assert second.result().body == {"n": 2}
    assert not first.done


def test_on_partial_of_wait_is_called_only_while_it_waits(service: Service, client: Client) -> None:
    request = client.watch("7")
    seen: list[Message] = []
    with pytest.raises(TimedOutError):
        request.wait(1.0, on_partial=seen.append)
    service.push(messages.StateChange("running").to_message(request.id, job="7"))
    client.poll()
    assert len(seen) == 1


def test_a_callback_that_raises_stops_the_wait_and_not_the_client(service: Service, client: Client) -> None:
    request = client.watch("7")

    def stop(_: Message) -> None:
        raise JobCancelledError("enough.")

    with pytest.raises(JobCancelledError, match="enough"):
        request.wait(on_partial=stop)
    service.push(Message("result", body={"out": "/out"}, reply_to=request.id))
    assert request.wait().body == {"out": "/out"}


@pytest.mark.parametrize(
    ("code", "kind", "state"),
    [
        ("model.diverged", DivergedError, "failed"),
        ("cancelled", JobCancelledError, "cancelled"),
        ("service.job.gone", UnknownJobError, "failed"),
    ],
)
def test_an_error_comes_back_as_its_class(
    service: Service, client: Client, code: str, kind: type[Exception], state: str
) -> None:
    request = client.submit("train", {})
    body = {"code": code, "message": "It went wrong. Do this."}
    service.push(Message("error", body=body, reply_to=request.id))
    with pytest.raises(kind, match=r"^It went wrong\. Do this\.$"):
        request.wait()
    with pytest.raises(kind):
        request.result()
    assert request.state == state


def test_an_error_of_a_call_is_raised_by_the_call(client: Client) -> None:
    with pytest.raises(UnknownJobError, match="no such job"):
        client.remove("7")


def test_a_result_that_is_not_there_yet_is_refused(client: Client) -> None:
    with pytest.raises(ServiceError, match="watch 7: has no result yet"):
        client.watch("7").result()


def test_unwatch_ends_what_followed_the_job(service: Service, client: Client) -> None:
    mine, other = client.watch("7"), client.watch("8")
    client.unwatch("7")
    with pytest.raises(ServiceError, match="no longer watched"):
        mine.wait()
    assert not other.done


def test_what_is_too_large_is_refused_here(client: Client) -> None:
    with pytest.raises(LimitError, match="body"):
        client.submit("run", {"take": "x" * 2_000_000})


def test_what_cannot_be_read_and_what_nobody_asked_for_is_dropped(
    service: Service, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    request = client.watch("7")
    client.poll()
    service.transports[-1].push([b"FACEPATCH/1", b"?", b"{}"])
    service.push(Message("result", body={"out": "/x"}, reply_to="f" * 32))
    service.push(Message("hello"))
    service.push(error_message(LimitError("header: too much."), ""))
    assert client.poll() == 0
    assert not request.done
    assert "cannot be read" in caplog.text
    assert "header: too much." in caplog.text


def test_a_service_of_another_major_version_ends_everything(service: Service, client: Client) -> None:
    request = client.watch("7")
    service.transports[-1].push([b"FACEPATCH/2", b"{}", b"{}"])
    with pytest.raises(ProtocolVersionError, match="version 2"):
        request.wait(5.0)


# ------------------------------------------------------------------------------------------------- timeouts


def test_a_call_that_is_not_answered_times_out_by_the_clock(service: Service, client: Client) -> None:
    service.silent = True
    before = service.clock.now
    with pytest.raises(TimedOutError, match="jobs: no answer within 3 s"):
        client.jobs(timeout_s=3.0)
    assert service.clock.now == pytest.approx(before + 3.0)


def test_a_wait_that_times_out_leaves_the_request_open(service: Service, client: Client) -> None:
    request = client.watch("7")
    with pytest.raises(TimedOutError, match="watch 7"):
        request.wait(1.0)
    service.push(Message("result", reply_to=request.id))
    assert request.wait(1.0).type == "result"


def test_poll_waits_no_longer_than_it_may(service: Service, client: Client) -> None:
    before = service.clock.now
    assert client.poll(1.0) == 0
    assert service.clock.now == pytest.approx(before + 1.0)
    assert client.poll() == 0
    assert service.clock.now == pytest.approx(before + 1.0)


# ----------------------------------------------------------------------------------------------- reliability


def test_a_client_with_nothing_open_is_quiet(service: Service, client: Client) -> None:
    idle(service, client, 60.0)
    assert service.types() == []


def test_an_open_request_is_kept_alive_by_pings(service: Service, client: Client) -> None:
    client.watch("7")
    idle(service, client, 10.0)
    assert 4 <= service.types().count("ping") <= 5
    assert not client.lost


def test_a_silent_service_is_lost_and_found_again(service: Service, client: Client) -> None:
    request = client.submit("run", {"take": "/a.mp4"})
    request.wait_for_job()
    service.silent = True
    idle(service, client, 5.0)
    assert not client.lost
    idle(service, client, 3.0)
    assert client.lost
    service.asked.clear()
    service.silent = False
    idle(service, client, 3.0)
    assert not client.lost
    assert service.types()[:2] == ["hello", "watch"]
    # The conversation goes on under its own id.
    assert (service.asked[1].id, service.asked[1].body) == (request.id, {"job": request.job})
    assert request.state == "running"


def test_a_submission_that_was_never_answered_is_sent_again_under_its_id(
    service: Service, client: Client
) -> None:
    service.silent = True
    request = client.submit("run", {"take": "/a.mp4"}, label="hero")
    idle(service, client, 8.0)
    service.silent = False
    assert request.wait_for_job() == request.id
    sent = [asked for asked in service.asked if asked.type == "run"]
    assert [asked.id for asked in sent] == [request.id]
    assert sent[0].body == {"arguments": {"take": "/a.mp4"}, "priority": 0, "label": "hero"}


def test_a_service_that_was_started_again_between_two_pings_is_noticed(
    service: Service, client: Client
) -> None:
    request = client.watch("7")
    idle(service, client, 3.0)
    service.asked.clear()
    service.server = "second"
    service.ended["7"] = Message("result", body={"out": "/out"}, reply_to=request.id)
    assert request.wait(10.0).body == {"out": "/out"}
    assert service.types() == ["ping", "hello", "watch"]
    assert client.welcome is not None
    assert client.welcome.server == "second"


def test_a_connection_made_anew_may_have_swallowed_the_result(service: Service, client: Client) -> None:
    request = client.watch("7")
    client.poll()
    service.ended["7"] = Message("result", body={"out": "/out"}, reply_to=request.id)
    service.transports[-1].connections += 1
    assert request.wait(1.0).body == {"out": "/out"}


def test_a_host_that_did_not_poll_for_a_minute_has_lost_nothing(service: Service, client: Client) -> None:
    request = client.watch("7")
    idle(service, client, 3.0)
    service.clock.now += 60.0
    service.push(messages.StateChange("running", 2).to_message(request.id, job="7"))
    assert client.poll() == 1
    idle(service, client, 3.0)
    assert not client.lost
    assert "hello" not in service.types()


def test_a_new_connection_file_is_read_where_the_service_was_lost(service: Service) -> None:
    tokens = ["secret", "secret"]
    opened: list[str] = []

    def reopen() -> tuple[DirectTransport, str]:
        if service.silent:
            raise UnavailableError("There is no connection file.")
        opened.append(tokens[-1])
        return service.transport(), tokens[-1]

    client = service.client(reopen=reopen)
    client.hello()
    request = client.watch("7")
    service.silent = True
    idle(service, client, 20.0)
    assert client.lost
    service.silent, service.server, service.token = False, "second", "new"
    tokens.append("new")
    service.ended["7"] = Message("result", reply_to=request.id)
    assert request.wait(5.0).type == "result"
    assert opened == ["new"]


def test_a_token_that_changed_unnoticed_is_read_again(service: Service) -> None:
    client = service.client(reopen=lambda: (service.transport(), service.token))
    client.hello()
    service.token, service.server = "new", "second"
    assert client.jobs().total == 9


def test_a_token_that_stays_wrong_is_an_error(service: Service) -> None:
    client = service.client(token="wrong", reopen=lambda: (service.transport(), "wrong"))
    with pytest.raises(ForbiddenError, match="token is wrong"):
        client.hello()


def test_a_service_that_refuses_us_after_it_was_lost_ends_everything(
    service: Service, client: Client
) -> None:
    request = client.watch("7")
    client.poll()
    service.token = "another"
    with pytest.raises(ForbiddenError, match="token is wrong"):
        request.wait(30.0)


def test_a_full_queue_is_as_a_message_lost(
    service: Service, client: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(service.transports[-1], "send", lambda frames: False)
        request = client.submit("run", {})
        idle(service, client, 5.0)
    assert "dropped" in caplog.text
    assert request.wait_for_job(30.0) == request.id


def test_a_service_that_was_lost_while_nothing_was_open_is_there_again(
    service: Service, client: Client
) -> None:
    service.silent = True
    with pytest.raises(TimedOutError):
        client.jobs(timeout_s=20.0)
    assert client.lost
    service.silent = False
    client.watch("7")
    idle(service, client, 3.0)
    assert not client.lost


def test_nonsense_in_answer_to_a_heartbeat_does_not_end_the_client(
    service: Service, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    request = client.watch("7")
    service.server = 5  # type: ignore[assignment]
    idle(service, client, 3.0)
    assert "nonsense" in caplog.text
    service.push(Message("result", reply_to=request.id))
    assert request.wait(1.0).type == "result"


def test_a_closed_client_ends_its_requests_and_takes_no_more(service: Service) -> None:
    with service.client() as client:
        client.hello()
        request = client.submit("train", {})
    with pytest.raises(ServiceError, match="Its jobs go on"):
        request.wait()
    with pytest.raises(ServiceError, match="this client is closed"):
        client.jobs()
    assert client.poll() == 0
    client.close()


def test_a_callback_may_close_the_client(service: Service, client: Client) -> None:
    request = client.watch("7")
    request.on_partial(lambda _: client.close())
    with pytest.raises(ServiceError, match="was closed"):
        request.wait()


def test_a_hello_that_is_said_again_keeps_its_id(service: Service, client: Client) -> None:
    said: list[Message] = []
    client.watch("7")
    service.silent = True
    keep = service.transports[-1].send
    service.transports[-1].send = lambda frames: bool(said.append(decode(frames))) or keep(frames)  # type: ignore[method-assign]
    idle(service, client, 12.0)
    hellos = [message.id for message in said if message.type == "hello"]
    assert len(hellos) >= 2
    assert len(set(hellos)) == 1


def test_a_service_that_goes_on_refusing_the_token_of_its_file_ends_everything(service: Service) -> None:
    client = service.client(reopen=lambda: (service.transport(), "stale"))
    client.hello()
    request = client.watch("7")
    client.poll()
    service.asked.clear()
    service.token = "another"
    with pytest.raises(ForbiddenError, match="token is wrong"):
        request.wait(60.0)
    assert service.types().count("hello") == 3
