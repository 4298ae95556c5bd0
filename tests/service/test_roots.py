"""service.roots and service.settings: which files clients may name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from facepatch.core.errors import ConfigError, ForbiddenError, InputError
from facepatch.service.crew import devices, ending, environment
from facepatch.service.roots import Roots
from facepatch.service.settings import ServeSettings, state_folder
from facepatch.service.verbs import VERBS, load_verbs


@pytest.fixture
def roots(tmp_path: Path) -> Roots:
    (tmp_path / "a" / "state").mkdir(parents=True)
    (tmp_path / "b").mkdir()
    return Roots.of([tmp_path / "a"], [tmp_path / "a" / "state"])


def test_paths_below_a_root_are_given_back_with_links_followed(roots: Roots, tmp_path: Path) -> None:
    (tmp_path / "a" / "real").mkdir()
    (tmp_path / "a" / "link").symlink_to(tmp_path / "a" / "real")
    assert roots.confined(str(tmp_path / "a" / "link" / "x.mp4"), "take") == str(
        tmp_path / "a" / "real" / "x.mp4"
    )
    assert roots.confined(str(tmp_path / "a"), "take") == str(tmp_path / "a")


@pytest.mark.parametrize("name", ["b/x", "a/../b/x", "ab/x", "a/out/x", "a/state/jobs.sqlite", "a/state"])
def test_paths_outside_are_refused(roots: Roots, tmp_path: Path, name: str) -> None:
    (tmp_path / "a" / "out").symlink_to(tmp_path / "b")
    with pytest.raises(ForbiddenError, match=r"take: .*(lies outside the folders|belongs to the server)"):
        roots.confined(str(tmp_path / name), "take")


@pytest.mark.parametrize(
    "value", ["x.mp4", "", "./x", "file:///etc/passwd", "concat:/a|/b", "/a\0b", 7, None, ["/a"]]
)
def test_what_is_no_absolute_path_is_refused(roots: Roots, value: Any) -> None:
    with pytest.raises(InputError, match="is no absolute path"):
        roots.confined(value, "take")


def test_every_path_of_every_verb_is_confined(roots: Roots) -> None:
    for name, verb in VERBS.items():
        for argument, kind in verb.paths.items():
            value: Any = ["/etc/passwd"] if kind == "paths" else "/etc/passwd.toml"
            with pytest.raises(ForbiddenError, match=f"^{argument}: "):
                roots.arguments({argument: value}, verb.paths)
        assert "out" in verb.paths or name == "stream"


@pytest.mark.parametrize(
    "source", ["camera:0", "camera:Logitech BRIO", "rtsp://a/b", "https://a/b.m3u8", "udp://@:5004"]
)
def test_cameras_and_addresses_are_no_paths(roots: Roots, source: str) -> None:
    assert roots.arguments({"source": source}, {"source": "source"}) == {"source": source}


@pytest.mark.parametrize(
    "source", ["file:///etc/passwd", "concat:a|b", "subfile,,start,0:/etc/passwd", "x://y", 0]
)
def test_other_sources_are_taken_for_paths(roots: Roots, source: Any) -> None:
    with pytest.raises(InputError, match=r"source: .* is no absolute path"):
        roots.arguments({"source": source}, {"source": "source"})


def test_a_preset_is_a_name_or_a_confined_file(roots: Roots, tmp_path: Path) -> None:
    assert roots.arguments({"preset": "preview"}, {"preset": "preset"}) == {"preset": "preview"}
    with pytest.raises(ForbiddenError, match="preset: "):
        roots.arguments({"preset": str(tmp_path / "b" / "x.toml")}, {"preset": "preset"})
    with pytest.raises(InputError, match="preset: "):
        roots.arguments({"preset": "../x.toml"}, {"preset": "preset"})


def test_a_list_of_paths_must_be_one(roots: Roots) -> None:
    with pytest.raises(InputError, match="motion: needs a list"):
        roots.arguments({"motion": "/a"}, {"motion": "paths"})


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"workers": 0}, "workers: 0 is less"),
        ({"cancel_s": -1.0}, "cancel_s: -1.0 is neg"),
        ({"port": 70000}, "port"),
    ],
)
def test_settings_that_cannot_be_are_refused(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        ServeSettings(**values)


def test_the_state_folder_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FACEPATCH_STATE", str(tmp_path))
    assert ServeSettings().state == tmp_path
    monkeypatch.delenv("FACEPATCH_STATE")
    assert state_folder().name == "facepatch"


def test_a_table_of_verbs_that_is_none_is_refused() -> None:
    assert load_verbs("facepatch.service.verbs:VERBS") is VERBS
    with pytest.raises(ConfigError, match="cannot be imported"):
        load_verbs("no.such:thing")
    with pytest.raises(ConfigError, match="is no table of verbs"):
        load_verbs("facepatch.service.verbs:TAKE")


def test_devices_are_those_that_are_asked_for_else_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert devices() == ("cpu",)
    assert devices(workers=3) == ("cpu", "cpu", "cpu")
    assert devices(("cuda:1", "cpu"), 2) == ("cuda:1", "cpu", "cpu")


def test_a_worker_sees_its_own_device_and_its_share_of_the_cores() -> None:
    assert environment("cpu", 1, {})["CUDA_VISIBLE_DEVICES"] == "-1"
    assert "OMP_NUM_THREADS" not in environment("cpu", 1, {})
    assert int(environment("cpu", 2, {})["OMP_NUM_THREADS"]) >= 1
    assert environment("cuda:1", 1, {})["CUDA_VISIBLE_DEVICES"] == "1"
    assert environment("cuda:1", 1, {"CUDA_VISIBLE_DEVICES": "4,6"})["CUDA_VISIBLE_DEVICES"] == "6"


def test_how_a_process_ended_is_said_in_words() -> None:
    assert ending(3) == "it ended with code 3"
    assert ending(-9) in ("it was killed by SIGKILL", "it was killed by signal 9")
    assert ending(-200) == "it was killed by signal 200"
