"""service.router: what clients ask and get, without sockets, processes and waiting."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facepatch.core.errors import StorageError
from facepatch.core.protocol import MAJOR, MINOR, Message, decode, encode, messages, new_id

Desk = Any  # tests/service/conftest.py
TOKEN = "the token"


def kinds(replies: list[Message]) -> list[str]:
    return [reply.body.get("kind", reply.type) for reply in replies]


def test_hello_says_what_the_server_can_do(desk: Desk) -> None:
    welcome = messages.Welcome.from_message(desk.ask("ann", "hello", client="tests", minor=0))
    assert welcome.protocol == (MAJOR, MINOR)
    assert {"hello", "ping", "jobs", "run", "stream"} <= set(welcome.capabilities)
    assert welcome.devices == ("cpu",)
    assert welcome.server == desk.router.server_id


def test_a_newer_client_with_keys_that_are_not_known_is_understood(desk: Desk) -> None:
    assert desk.ask("ann", "hello", client="tests", minor=7, colour="blue").type == "result"
    assert desk.ask("ann", "jobs", shade=3).type == "result"


def test_an_older_client_that_sends_only_what_it_must_is_understood(desk: Desk) -> None:
    job = desk.send("ann", "run")
    assert desk.got("ann")[0].body["job"] == job
    assert desk.ask("ann", "hello").type == "result"


def test_ping_gives_back_its_arrays_without_a_copy(desk: Desk) -> None:
    vertices = np.arange(90000, dtype=np.float32).reshape(-1, 3)
    frames = encode(Message("ping", arrays={"v": vertices}, token=TOKEN))
    desk.router.receive(b"ann", frames)
    answer = desk.router.outbox.head(b"ann")
    assert answer is not None
    assert np.shares_memory(np.frombuffer(answer[3], np.float32), vertices)
    (pong,) = desk.got("ann")
    np.testing.assert_array_equal(pong.arrays["v"], vertices)
    assert pong.body["server"] == desk.router.server_id


def test_a_job_is_told_from_its_queue_to_its_end(desk: Desk) -> None:
    job = desk.send("ann", "run", arguments={"total": 2}, label="shot 7")
    desk.tick()
    assert desk.hands.sent == [
        ("worker1", {"command": "job", "job": job, "verb": "run", "arguments": {"total": 2}})
    ]
    report = messages.ProgressReport("train", 1, 2, values={"loss": 0.5}).to_body()
    desk.tell(job, "partial", kind="progress", **report)
    desk.finish(job, out="here")
    replies = desk.got("ann")
    assert kinds(replies) == ["state", "state", "progress", "state", "result"]
    assert [reply.body["seq"] for reply in replies[:-1]] == [0, 1, 2, 3]
    assert [reply.body["state"] for reply in replies if "state" in reply.body] == [
        "queued",
        "running",
        "done",
    ]
    assert {reply.reply_to for reply in replies} == {job}
    assert replies[-1].body == {"out": "here", "job": job}
    (row,) = messages.JobList.from_message(desk.ask("bob", "jobs")).jobs
    assert (row.job, row.label, row.state, row.progress["done"], row.attempts) == (
        job,
        "shot 7",
        "done",
        1,
        1,
    )
    assert row.created
    assert row.ended


def test_a_watcher_that_comes_late_gets_the_whole_picture_and_then_the_rest(desk: Desk) -> None:
    job = desk.submit()
    desk.tick()
    for done in range(3):
        report = messages.ProgressReport("train", done, 9, values={"loss": 1.0 - done / 10}).to_body()
        desk.tell(job, "partial", kind="progress", **report)
    picture = np.full((4, 6, 3), 7, np.uint8)
    desk.tell(job, "partial", {"picture": picture}, kind="preview", stage="train", iteration=2)
    desk.send("bob", "watch", job=job)
    (first,) = desk.got("bob")
    snapshot = messages.Snapshot.from_message(first)
    assert (snapshot.state, snapshot.verb, snapshot.iteration) == ("running", "run", 2)
    assert snapshot.progress[0].done == 2
    np.testing.assert_array_equal(snapshot.curves[0].points, [[0, 1.0], [1, 0.9], [2, 0.8]])
    assert snapshot.picture is not None
    np.testing.assert_array_equal(snapshot.picture, picture)
    desk.finish(job)
    assert kinds(desk.got("bob")) == ["state", "result"]
    desk.send("eve", "watch", job=job)
    assert kinds(desk.got("eve")) == ["snapshot", "result"]


def test_previews_can_be_looked_at_again(desk: Desk) -> None:
    job = desk.submit()
    desk.tick()
    for iteration in range(60):
        picture = np.full((2, 2, 3), iteration, np.uint8)
        desk.tell(job, "partial", {"picture": picture}, kind="preview", stage="train", iteration=iteration)
    pictures = messages.PreviewList.from_message(desk.ask("ann", "previews", job=job)).pictures
    assert [item.iteration for item in pictures] == list(range(10, 60))
    assert int(pictures[-1].picture[0, 0, 0]) == 59


def test_a_client_that_unwatches_hears_no_more_and_the_job_goes_on(desk: Desk) -> None:
    job = desk.submit()
    desk.tick()
    desk.got("ann")
    assert desk.ask("ann", "unwatch", job=job).body["state"] == "running"
    desk.finish(job)
    assert desk.got("ann") == []
    assert desk.state(job) == "done"


def test_a_submission_that_is_sent_again_is_the_same_job(desk: Desk) -> None:
    job = desk.submit(arguments={"total": 1})
    desk.send("ann", "run", identity=job, arguments={"total": 1})
    assert [reply.body["job"] for reply in desk.got("ann")] == [job]
    assert len(desk.board.jobs) == 1
    desk.tick()
    desk.finish(job)
    desk.got("ann")
    desk.send("another socket", "run", identity=job, arguments={"total": 1})
    assert kinds(desk.got("another socket")) == ["state", "result"]
    assert len(desk.hands.commands("job")) == 1


def test_priority_goes_first_then_arrival(desk: Desk) -> None:
    first = desk.submit()
    desk.tick()
    jobs = [desk.submit(priority=priority) for priority in (0, 5, 0, 5)]
    desk.finish(first)
    for _ in jobs:
        desk.tick()
        desk.finish(desk.hands.commands("job")[-1])
    assert desk.hands.commands("job") == [first, jobs[1], jobs[3], jobs[0], jobs[2]]
    assert desk.hands.started == 1


def test_every_device_has_one_worker(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(devices=("cuda:0", "cpu", "cpu"))
    jobs = [desk.submit() for _ in range(5)]
    desk.tick()
    assert desk.hands.commands("job") == jobs[:3]
    desk.finish(jobs[1])
    desk.tick()
    assert desk.hands.commands("job") == jobs[:4]
    assert desk.hands.started == 3


def test_two_jobs_never_write_in_one_folder_at_a_time(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(devices=("cpu", "cpu"))
    out = str(desk.folder / "OUT")
    link = desk.folder / "link"
    (desk.folder / "OUT").mkdir()
    link.symlink_to(out)
    first = desk.submit(arguments={"out": out})
    second = desk.submit(arguments={"out": str(link / ".")})
    third = desk.submit(arguments={"out": str(desk.folder / "other")})
    desk.tick()
    assert desk.hands.commands("job") == [first, third]
    desk.finish(third)
    desk.tick()
    assert desk.state(second) == "queued"
    desk.finish(first)
    desk.tick()
    assert desk.hands.commands("job")[-1] == second


# ------------------------------------------------------------------------------------------------ cancel


def test_a_queued_job_is_cancelled_at_once(desk: Desk) -> None:
    desk.submit()
    desk.tick()
    job = desk.submit("bob")
    assert desk.ask("ann", "cancel", job=job).body["state"] == "cancelled"
    state, end = desk.got("bob")
    assert state.body["state"] == "cancelled"
    assert (end.type, end.body["code"]) == ("error", "cancelled")


def test_a_running_job_is_asked_first_and_killed_when_it_does_not_listen(desk: Desk) -> None:
    job = desk.submit()
    desk.tick()
    desk.got("ann")
    worker = desk.worker_of(job)
    desk.send("ann", "cancel", job=job)
    assert desk.hands.commands("cancel") == [job]
    desk.tick(0.65)
    assert desk.hands.killed == []
    desk.tick(0.06)
    assert desk.hands.killed == [worker]
    desk.router.worker_died(worker, "it was killed by SIGKILL")
    assert desk.state(job) == "cancelled"
    assert kinds(desk.got("ann")) == ["result", "state", "error"]


def test_a_job_that_stops_when_asked_keeps_its_worker(desk: Desk) -> None:
    job, after = desk.submit(), desk.submit()
    desk.tick()
    desk.send("ann", "cancel", job=job)
    desk.tell(job, "error", code="cancelled", message="Stopped at 4.")
    desk.tick(5.0)
    assert desk.hands.killed == []
    assert desk.hands.started == 1
    assert desk.hands.commands("job") == [job, after]
    assert desk.board.get(job).error == {"code": "cancelled", "message": "Stopped at 4."}


def test_two_clients_cancelling_one_job_cancel_it_once(desk: Desk) -> None:
    job = desk.submit()
    desk.tick()
    states = [desk.ask(client, "cancel", job=job).body["state"] for client in ("bob", "eve", "bob")]
    assert states == ["running"] * 3
    assert desk.hands.commands("cancel") == [job]
    desk.tell(job, "error", code="cancelled", message="")
    assert desk.ask("eve", "cancel", job=job).body["state"] == "cancelled"


def test_a_job_that_is_done_before_it_hears_of_its_cancelling_is_done(desk: Desk) -> None:
    job = desk.submit()
    desk.tick()
    desk.send("ann", "cancel", job=job)
    desk.finish(job)
    assert desk.state(job) == "done"
    assert desk.ask("ann", "cancel", job=job).body["state"] == "done"
    desk.tick(5.0)
    assert desk.hands.killed == []


# ----------------------------------------------------------------------------------------------- deaths


def test_a_job_whose_worker_died_goes_on_first_on_a_new_one(desk: Desk) -> None:
    job = desk.submit()
    desk.submit(priority=9)
    desk.board.get(job).priority = 0
    desk.tick()
    worker = desk.worker_of(running := desk.hands.commands("job")[0])
    desk.router.worker_died(worker, "it was killed by SIGKILL")
    assert desk.state(running) == "queued"
    desk.tick()
    assert desk.hands.commands("job") == [running, running]
    assert desk.hands.started == 2
    assert desk.board.get(running).attempts == 2


def test_after_three_deaths_a_job_has_failed_with_the_reason(desk: Desk) -> None:
    job = desk.submit()
    for _ in range(3):
        desk.tick()
        desk.router.worker_died(desk.worker_of(job), "it was killed by SIGSEGV")
    desk.tick()
    assert desk.state(job) == "failed"
    end = desk.got("ann")[-1]
    assert end.body["code"] == "service.worker"
    assert "ended 3 times, the last time: it was killed by SIGSEGV" in end.body["message"]
    assert len(desk.hands.commands("job")) == 3


def test_a_worker_that_dies_with_nothing_to_do_is_replaced_when_it_is_needed(desk: Desk) -> None:
    job = desk.submit()
    desk.tick()
    worker = desk.worker_of(job)
    desk.finish(job)
    desk.router.worker_died(worker, "it ended with code 1")
    desk.tick()
    assert desk.hands.started == 1
    desk.submit()
    desk.tick()
    assert desk.hands.started == 2


def test_where_no_worker_can_be_started_the_job_fails_with_the_reason(desk: Desk) -> None:
    desk.hands.broken = True
    job = desk.submit()
    desk.tick()
    assert desk.state(job) == "failed"
    assert "no worker could be started (no more processes)" in desk.got("ann")[-1].body["message"]


def test_what_a_worker_says_of_a_job_that_it_no_longer_has_is_not_heard(desk: Desk) -> None:
    job, other = desk.submit(), desk.submit()
    desk.tick()
    worker = desk.worker_of(job)
    desk.finish(job)
    desk.tick()
    desk.router.receive_worker(worker, Message("result", body={"job": job, "result": {}}))
    desk.router.receive_worker("a stranger", Message("result", body={"job": other, "result": {}}))
    assert desk.state(other) == "running"


# ---------------------------------------------------------------------------------------- start and stop


def test_a_new_server_on_the_folder_of_one_that_was_killed_finds_its_jobs(desk: Desk) -> None:
    ended, running, queued = desk.submit(), desk.submit(), desk.submit(priority=5, label="urgent")
    stream = desk.submit(verb="stream")
    desk.board.get(queued).priority = -1
    desk.tick()
    desk.finish(ended, out="here")
    desk.tick()
    report = messages.ProgressReport("train", 8, 12, values={"loss": 0.25}).to_body()
    desk.tell(running, "partial", kind="progress", **report)
    desk.tick(1.1)
    desk.board.get(stream).state = "running"
    desk.board.store.save([desk.board.get(stream)])
    desk.start_again()
    assert [desk.state(job) for job in (ended, running, queued)] == ["done", "queued", "queued"]
    assert desk.state(stream) == "cancelled"
    desk.send("ann", "watch", job=ended)
    assert desk.got("ann")[-1].body == {"out": "here", "job": ended}
    desk.send("ann", "watch", job=running)
    snapshot = messages.Snapshot.from_message(desk.got("ann")[0])
    assert snapshot.progress[0].done == 8
    assert snapshot.curves[0].points.tolist() == [[8.0, 0.25]]
    desk.tick()
    assert desk.hands.commands("job") == [running]
    assert desk.board.get(queued).label == "urgent"


def test_a_stopping_server_tells_its_clients_and_keeps_what_was_running(desk: Desk) -> None:
    job, waiting = desk.submit(), desk.submit("bob")
    desk.tick()
    desk.got("ann")
    desk.router.stop()
    assert not desk.router.stopped
    assert desk.hands.commands("stop") == [job]
    assert [reply.body["event"] for reply in (*desk.got("ann"), *desk.got("bob"))] == ["stopping"] * 2
    assert desk.ask("eve", "run", arguments={}).body["code"] == "service.unavailable"
    desk.tell(job, "error", code="cancelled", message="Stopped.")
    assert desk.router.stopped
    state = desk.got("ann")[-1]
    assert (state.body["kind"], state.body["state"]) == ("state", "queued")
    desk.tick()
    assert desk.hands.commands("job") == [job]
    desk.start_again()
    desk.tick()
    assert desk.hands.commands("job") == [job]
    assert desk.state(waiting) == "queued"
    assert desk.board.get(job).deaths == 0


def test_a_worker_that_does_not_stop_with_its_server_is_killed_and_its_job_kept(desk: Desk) -> None:
    job = desk.submit()
    desk.tick()
    worker = desk.worker_of(job)
    desk.router.stop()
    desk.tick(desk.settings.stop_s + 0.1)
    assert desk.hands.killed == [worker]
    desk.router.worker_died(worker, "it was killed by SIGKILL")
    assert desk.router.stopped
    assert desk.state(job) == "queued"


# ---------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("token", ["", "the toke", "the token ", "ключ"])
def test_a_wrong_token_is_refused_whatever_is_asked(desk: Desk, token: str) -> None:
    for kind in ("hello", "ping", "run", "jobs", "nonsense"):
        desk.send("eve", kind, token=token)
        (reply,) = desk.got("eve")
        assert (reply.type, reply.body["code"]) == ("error", "service.forbidden")
    assert desk.board.jobs == {}


def test_another_major_version_is_answered_with_its_error(desk: Desk) -> None:
    frames = encode(Message("hello", token=TOKEN))
    desk.router.receive(b"ann", [b"FACEPATCH/2", *frames[1:]])
    (reply,) = desk.got("ann")
    assert reply.body["code"] == "protocol.version"


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda frames: frames[:2], "protocol"),
        (lambda frames: [frames[0], b"{", frames[2]], "protocol"),
        (lambda frames: [frames[0], frames[1], b"x" * (2**20 + 1)], "protocol.limit"),
        (lambda frames: [frames[0], b" " * (2**16 + 1), frames[2]], "protocol.limit"),
        (lambda frames: [*frames, *[b""] * 300], "protocol.limit"),
        (lambda frames: [frames[0], frames[1], b'{"a":' * 200 + b"1" + b"}" * 200], "protocol"),
    ],
)
def test_a_message_that_is_wrong_is_answered_with_its_error(
    desk: Desk, spoil: Callable[[list[Any]], list[Any]], code: str
) -> None:
    desk.router.receive(b"ann", spoil(encode(Message("hello", token=TOKEN))))
    (reply,) = desk.got("ann")
    assert reply.type == "error"
    assert reply.body["code"].startswith(code)


def test_an_array_that_claims_to_be_larger_than_allowed_is_refused(desk: Desk) -> None:
    header = (
        b'{"type":"ping","id":"%s","arrays":[{"name":"a","dtype":"<f8","shape":[1000000,1000000]}]}'
        % new_id().encode()
    )
    desk.router.receive(b"ann", [b"FACEPATCH/1", header, b"{}", b""])
    assert desk.got("ann")[0].body["code"] == "protocol.limit"


def test_what_does_not_even_begin_like_the_protocol_gets_no_answer(desk: Desk) -> None:
    for frames in ([], [b""], [b"GET / HTTP/1.1"], [b"\x00" * 100, b"x"]):
        desk.router.receive(b"eve", frames)
    assert desk.got("eve") == []


def test_requests_that_cannot_be_met_are_errors(desk: Desk) -> None:
    def code(kind: str, **body: Any) -> str:
        return desk.ask("ann", kind, **body).body["code"]

    assert code("dance") == "protocol"
    assert code("watch") == "protocol"
    assert code("watch", job=3) == "protocol"
    assert code("run", arguments=[1]) == "protocol"
    assert code("run", priority="high") == "protocol"
    for kind in ("watch", "cancel", "remove", "previews", "unwatch"):
        assert code(kind, job="f" * 32) == "service.job"
    job = desk.submit()
    assert code("remove", job=job) == "service.forbidden"


def test_paths_outside_the_roots_are_refused_and_the_roots_named(desk: Desk) -> None:
    outside = desk.folder.parent / "elsewhere"
    (desk.folder / "link").symlink_to(outside)
    for path in (outside, desk.folder / "link" / "a", desk.folder / ".." / "a", desk.folder / "state" / "x"):
        reply = desk.ask("eve", "run", arguments={"out": str(path)})
        assert reply.body["code"] == "service.forbidden"
    reply = desk.ask("eve", "run", arguments={"out": str(outside)})
    assert str(desk.folder) in reply.body["message"]
    assert desk.ask("eve", "run", arguments={"out": "relative"}).body["code"] == "input"
    assert desk.board.jobs == {}


def test_a_removed_job_is_forgotten_and_its_files_stay(desk: Desk) -> None:
    out = desk.folder / "OUT"
    out.mkdir()
    job = desk.submit(arguments={"out": str(out)})
    desk.tick()
    picture = np.zeros((2, 2, 3), np.uint8)
    desk.tell(job, "partial", {"picture": picture}, kind="preview", stage="train", iteration=1)
    assert list((desk.settings.state / "previews").rglob("*.npy"))
    desk.finish(job)
    assert desk.ask("ann", "remove", job=job).type == "result"
    assert desk.ask("ann", "jobs").body["jobs"] == []
    assert not list((desk.settings.state / "previews").rglob("*.npy"))
    assert out.is_dir()
    desk.start_again()
    assert desk.board.jobs == {}


# ------------------------------------------------------------------------------------- clients that lag


def frame(desk: Desk, job: str, number: int) -> None:
    desk.tell(
        job, "partial", {"weights": np.zeros(20, np.float32)}, kind="frame", frame=number, frame_seq=number
    )


def begin_stream(desk: Desk, policy: str) -> str:
    job = desk.submit(verb="stream")
    desk.tick()
    desk.got("ann")
    desk.tell(job, "partial", kind="stream", names=["a"], rate=[60, 1], policy=policy)
    desk.got("ann")
    return job


def test_a_client_paused_for_a_minute_costs_one_frame_of_memory_and_sees_the_gap(desk: Desk) -> None:
    job = begin_stream(desk, "newest")
    for number in range(3600):
        frame(desk, job, number)
        desk.router.outbox.block(b"ann")
        desk.tick(1 / 60)
    (only,) = desk.got("ann")
    assert only.body["frame_seq"] == 3599
    frame(desk, job, 3600)
    (after,) = desk.got("ann")
    assert after.body["seq"] == only.body["seq"] + 1


def test_progress_and_previews_that_nobody_reads_do_not_pile_up_and_states_are_never_lost(desk: Desk) -> None:
    job = desk.submit()
    desk.tick()
    picture = np.zeros((200, 200, 3), np.uint8)
    for done in range(2000):
        report = messages.ProgressReport("train", done, 2000).to_body()
        desk.tell(job, "partial", kind="progress", **report)
        desk.router.outbox.block(b"ann")
        if done % 20 == 0:
            desk.tell(job, "partial", {"picture": picture}, kind="preview", stage="train", iteration=done)
    desk.finish(job)
    replies = desk.got("ann")
    assert kinds(replies) == ["state", "preview", "progress", "state", "result"]
    assert replies[2].body["done"] == 1999


def test_a_stream_that_drops_nothing_is_acknowledged_as_far_as_every_client_has_taken_it(desk: Desk) -> None:
    job = begin_stream(desk, "all")
    desk.send("bob", "watch", job=job)
    assert kinds(desk.got("bob")) == ["snapshot", "stream"]
    for number in range(10):
        frame(desk, job, number)

    def acknowledged() -> int:
        desk.tick()
        told = [command["frames"] for _, command in desk.hands.sent if command["command"] == "acknowledge"]
        return told[-1] if told else 0

    assert acknowledged() == 0
    assert len(desk.got("ann")) == 10
    assert acknowledged() == 0
    desk.router.outbox.head(b"bob")
    desk.router.outbox.sent(b"bob")
    assert acknowledged() == 1
    assert len(desk.got("bob")) == 9
    assert acknowledged() == 10


def test_a_client_that_stalls_does_not_hold_up_the_others_for_ever(desk: Desk) -> None:
    job = begin_stream(desk, "all")
    for number in range(64):
        frame(desk, job, number)
    desk.tick(desk.settings.stall_s + 0.1)
    assert ("worker1", {"command": "acknowledge", "job": job, "frames": 64}) in desk.hands.sent
    frame(desk, job, 64)
    assert [reply.body["frame_seq"] for reply in desk.got("ann")] == [64]


def test_a_stream_without_listeners_goes_on(desk: Desk) -> None:
    job = begin_stream(desk, "all")
    desk.router.client_gone(b"ann")
    for number in range(100):
        frame(desk, job, number)
    desk.tick()
    assert desk.hands.sent[-1][1] == {"command": "acknowledge", "job": job, "frames": 100}


def test_a_client_that_is_gone_leaves_its_job_to_go_on_and_can_find_it_again(desk: Desk) -> None:
    job = desk.submit()
    desk.tick()
    desk.router.client_gone(b"ann")
    desk.finish(job)
    assert desk.router.outbox.waiting() == []
    desk.send("ann, back", "watch", job=job, identity=job)
    assert kinds(desk.got("ann, back")) == ["snapshot", "result"]


def test_a_client_that_never_reads_is_forgotten_before_it_takes_all_the_memory(
    make_desk: Callable[..., Desk],
) -> None:
    desk = make_desk(outbox_mb=1)
    block = np.zeros(100_000, np.uint8)
    frames = encode(Message("ping", arrays={"a": block}, token=TOKEN))
    for _ in range(100):
        desk.router.receive(b"greedy", frames)
    assert len(desk.got("greedy")) <= 11


# -------------------------------------------------------------------------------------- disk, clock, size


def test_a_full_disk_under_the_server_refuses_new_jobs_and_keeps_answering(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = desk.submit()
    desk.tick()

    def full(*_: Any) -> None:
        raise StorageError("jobs.sqlite: the disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(desk.store, "_transaction", full)
        assert desk.ask("bob", "run", arguments={}).body["code"] == "storage"
        report = messages.ProgressReport("train", 1, 2).to_body()
        desk.tell(job, "partial", kind="progress", **report)
        desk.tick(1.1)
        desk.finish(job, out="here")
        assert desk.got("ann")[-1].body["out"] == "here"
        assert desk.ask("bob", "ping").type == "result"
        assert [row["state"] for row in desk.ask("bob", "jobs").body["jobs"]] == ["done"]
    desk.tick(1.1)
    desk.start_again()
    assert desk.state(job) == "done"
    assert desk.board.get(job).stages["train"]["done"] == 1


def test_a_wall_clock_that_is_set_back_changes_nothing_but_what_is_shown(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    wall = {"now": 2e9}
    desk.board._wall = lambda: wall["now"]
    first = desk.submit()
    wall["now"] -= 86400 * 365
    monkeypatch.setattr(time, "time", lambda: wall["now"])
    second = desk.submit()
    desk.tick()
    assert desk.hands.commands("job") == [first]
    desk.send("ann", "cancel", job=first)
    desk.tick(0.71)
    assert desk.hands.killed == ["worker1"]
    desk.router.worker_died("worker1", "it was killed by SIGKILL")
    desk.tick()
    assert desk.hands.commands("job") == [first, second]
    desk.finish(second)
    desk.start_again()
    assert [row["job"] for row in desk.ask("ann", "jobs").body["jobs"]] == [second, first]


def test_a_thousand_jobs_are_listed_and_more_than_a_message_holds_are_cut(
    make_desk: Callable[..., Desk],
) -> None:
    desk = make_desk(max_jobs=6000)
    out = str(desk.folder / ("long" * 20))
    for _ in range(1000):
        desk.submit(arguments={"out": out})
    listed = messages.JobList.from_message(desk.ask("ann", "jobs"))
    assert (len(listed.jobs), listed.total) == (1000, 1000)
    for _ in range(4000):
        desk.submit(arguments={"out": out}, label="ü" * 200)
    listed = messages.JobList.from_message(desk.ask("ann", "jobs"))
    assert listed.total == 5000
    assert 1000 < len(listed.jobs) < 5000
    assert listed.jobs[0].job == list(desk.board.jobs)[-1]
    assert len(messages.JobList.from_message(desk.ask("ann", "jobs", limit=3, states=["queued"])).jobs) == 3


def test_old_jobs_make_room_for_new_ones_and_a_full_queue_refuses(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(max_jobs=3)
    first = desk.submit()
    desk.tick()
    desk.finish(first)
    jobs = [desk.submit() for _ in range(3)]
    assert list(desk.board.jobs) == jobs
    assert desk.ask("ann", "run", arguments={}).body["code"] == "protocol.limit"


def test_messages_of_a_worker_that_are_wrong_do_not_hurt(desk: Desk) -> None:
    job = desk.submit()
    desk.tick()
    desk.got("ann")
    desk.tell(job, "partial", kind="frame", frame=float("nan"))
    assert desk.got("ann") == []
    desk.finish(job, much="x" * 2**20)
    state, end = desk.got("ann")
    assert state.body["state"] == "done"
    assert end.body["code"] == "protocol.limit"
    assert decode(encode(end)).body == end.body


def test_the_state_folder_is_private(desk: Desk, tmp_path: Path) -> None:
    assert (tmp_path / "state").stat().st_mode & 0o077 == 0
