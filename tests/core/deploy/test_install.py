"""core.deploy.install and uninstall: what is written, what is taken away again, and what survives an accident."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from facepatch.core.deploy import install as module
from facepatch.core.deploy import manifest as lists
from facepatch.core.deploy.install import InstallSettings, install, read_commands, version_of
from facepatch.core.deploy.mayas import this_platform
from facepatch.core.deploy.uninstall import uninstall
from facepatch.core.errors import ConfigError, FormatError, JobCancelledError, StorageError, VersionError
from facepatch.core.progress import Progress
from wheel_index import write_checkout, write_wheel

Make = Callable[..., InstallSettings]
TAG = "cp311-manylinux_x86_64"


def below(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def dest_of(settings: InstallSettings) -> Path:
    assert settings.dest is not None
    return settings.dest


def without_wheels(settings: InstallSettings, tmp_path: Path) -> InstallSettings:
    empty = tmp_path / "empty"
    empty.mkdir(exist_ok=True)
    return InstallSettings(**{**settings.__dict__, "wheels": empty})


def test_the_module_the_light_package_and_the_packages_of_maya_are_there(
    checkout: Path, settings: Make
) -> None:
    done = install(settings(checkout))
    there = set(below(done.mod.parent))
    assert {
        "facepatch.mod",
        "facepatch/LICENSE",
        "facepatch/facepatch.json",
        "facepatch/install.json",
        "facepatch/python/facepatch/__init__.py",
        "facepatch/python/facepatch/core/errors.py",
        "facepatch/scripts/facepatch.mel",
        "facepatch/scripts/facepatch_maya/__init__.py",
        f"facepatch/vendor/{TAG}/zmq/__init__.py",
        f"facepatch/vendor/{TAG}/numpy.libs/libblas.so",
    } <= there
    assert (
        done.mod.read_text() == "+ facepatch 1.0 facepatch\nPYTHONPATH+:=python\nMAYA_SHELF_PATH+:=shelves\n"
    )


def test_what_maya_has_no_use_for_stays_behind(checkout: Path, settings: Make) -> None:
    names = set(below(install(settings(checkout)).mod.parent))
    assert [name for name in names if "pipelines" in name or name.endswith((".pyc", "README.md"))] == []
    assert "facepatch/install.py" not in names


def test_the_guide_comes_along_with_its_pictures(tmp_path: Path, settings: Make) -> None:
    texts = {
        "docs/maya.md": "guide\n",
        "docs/images/maya_shot.png": "picture\n",
        "docs/data.md": "not for Maya\n",
    }
    names = set(below(install(settings(write_checkout(tmp_path / "three", "1.0", texts))).mod.parent))
    assert {"facepatch/docs/maya.md", "facepatch/docs/images/maya_shot.png"} <= names
    assert "facepatch/docs/data.md" not in names


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")
def test_sources_that_only_their_owner_may_read_become_files_for_all(checkout: Path, settings: Make) -> None:
    for path in checkout.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o400)
    done = install(settings(checkout))
    fresh = done.mod.stat().st_mode & 0o777
    assert {path.stat().st_mode & 0o777 for path in done.module.rglob("*") if path.is_file()} == {fresh}
    assert fresh & 0o200


def test_it_says_what_it_did(checkout: Path, settings: Make) -> None:
    done = install(settings(checkout))
    text = "\n".join(done.sentences())
    assert f"facepatch 1.0 is installed in {done.module}:" in text
    assert f"{done.files} files" in text
    assert "Maya 2025 and 2026, manylinux_x86_64: numpy 1.26.4, pyzmq 27.0.0 fetched." in text
    assert "Maya starts the service by: /opt/facepatch here" in text
    assert done.files == len(below(done.mod.parent)) - 1  # the list itself is not in the list


def test_it_says_where_no_command_is_known(checkout: Path, settings: Make) -> None:
    text = "\n".join(install(settings(checkout, command=())).sentences())
    assert "No command for the service is known. Set FACEPATCH_COMMAND" in text


def test_taking_it_away_leaves_the_disk_as_it_was(checkout: Path, settings: Make, tmp_path: Path) -> None:
    before = below(tmp_path)
    done = install(settings(checkout))
    removed = uninstall(done.mod.parent)
    assert below(tmp_path) == before
    assert not (tmp_path / "maya").exists()
    assert removed.files == done.files
    assert removed.sentences() == [f"facepatch is taken out of {done.mod.parent}: {done.files} files."]


def test_other_modules_stay(checkout: Path, settings: Make) -> None:
    dest = dest_of(settings(checkout))
    dest.mkdir(parents=True)
    (dest / "other.mod").write_text("+ other 1.0 other\n")
    install(settings(checkout))
    uninstall(dest)
    assert below(dest) == {"other.mod": b"+ other 1.0 other\n"}


def test_what_python_compiled_goes_with_its_source(checkout: Path, settings: Make, tmp_path: Path) -> None:
    done = install(settings(checkout))
    cache = done.module / "scripts" / "facepatch_maya" / "__pycache__"
    cache.mkdir()
    (cache / "__init__.cpython-311.pyc").write_text("compiled")
    uninstall(done.mod.parent)
    assert not (tmp_path / "maya").exists()


def test_what_the_user_changed_or_added_is_kept_and_named(checkout: Path, settings: Make) -> None:
    done = install(settings(checkout))
    (done.module / "scripts" / "facepatch.mel").write_text("mine")
    (done.module / "notes.txt").write_text("mine too")
    removed = uninstall(done.mod.parent)
    assert removed.changed == ("facepatch/scripts/facepatch.mel",)
    assert removed.strangers == ("facepatch/notes.txt",)
    assert set(below(done.mod.parent)) == {*removed.changed, *removed.strangers}
    assert removed.sentences()[1:] == [
        "facepatch/scripts/facepatch.mel was changed since the installation and is kept.",
        "facepatch/notes.txt was not written by the installation and is kept.",
    ]


def test_an_older_version_makes_place(checkout: Path, newer: Path, settings: Make) -> None:
    first = install(settings(checkout))
    before = below(first.module / "vendor")
    done = install(settings(newer))
    assert (done.replaced, done.version) == ("1.0", "2.0")
    assert not (done.module / "scripts" / "old.py").exists()
    assert (done.module / "scripts" / "new.py").is_file()
    assert (done.module / "scripts" / "facepatch_maya" / "__init__.py").read_text() == "# 2.0\n"
    assert done.mod.read_text().startswith("+ facepatch 2.0 ")
    assert [vendor.state for vendor in done.vendors] == ["kept"]
    assert below(done.module / "vendor") == before
    assert "in place of 1.0" in done.sentences()[0]


def test_after_an_update_everything_can_be_taken_away(
    checkout: Path, newer: Path, settings: Make, tmp_path: Path
) -> None:
    install(settings(checkout))
    done = install(settings(newer))
    uninstall(done.mod.parent)
    assert not (tmp_path / "maya").exists()


def test_an_update_puts_changed_files_aside_and_names_them(
    checkout: Path, newer: Path, settings: Make
) -> None:
    done = install(settings(checkout))
    ours = done.module / "scripts" / "facepatch_maya" / "__init__.py"
    ours.write_text("mine")
    old = done.module / "scripts" / "old.py"
    old.write_text("mine")
    updated = install(settings(newer))
    aside = "facepatch/scripts/facepatch_maya/__init__.py.yours"
    assert set(updated.yours) == {aside, "facepatch/scripts/old.py"}
    assert ours.read_text() == "# 2.0\n"
    assert (done.mod.parent / aside).read_text() == old.read_text() == "mine"
    assert f"{aside} had been changed and is kept." in updated.sentences()


def test_the_command_that_the_user_wrote_survives_updates(
    checkout: Path, newer: Path, settings: Make
) -> None:
    done = install(settings(checkout))
    mine = json.dumps({"commands": {this_platform(): ["/mine"]}})
    path = done.module / "facepatch.json"
    path.write_text(mine)
    install(settings(newer))
    install(settings(newer, command=()))
    assert path.read_text() == mine
    assert uninstall(done.mod.parent).changed == ("facepatch/facepatch.json",)


def test_commands_of_other_systems_in_the_same_folder_stay(checkout: Path, settings: Make) -> None:
    done = install(settings(checkout))
    path = done.module / "facepatch.json"
    path.write_text(path.read_text().replace(this_platform(), "other"))
    listed = lists.read_manifest(done.module / "install.json")
    listed.files["facepatch/facepatch.json"] = lists.digest_of(path)
    lists.write_manifest(done.module / "install.json", listed)
    install(settings(checkout, command=("/here",)))
    assert read_commands(path) == {"other": ("/opt/facepatch", "here"), this_platform(): ("/here",)}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"commands": 3}', '{"commands": {"linux": 3}}'])
def test_a_damaged_file_of_commands_is_as_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "facepatch.json").write_text(text)
    assert read_commands(tmp_path / "facepatch.json") == {}


def test_packages_for_another_maya_are_added_to_those_there(checkout: Path, settings: Make) -> None:
    install(settings(checkout))
    done = install(settings(checkout, mayas=("2023",)))
    assert {vendor.tag.name: vendor.state for vendor in done.vendors} == {
        "cp39-manylinux_x86_64": "fetched",
        TAG: "kept",
    }


def test_damaged_packages_are_fetched_anew(checkout: Path, settings: Make) -> None:
    done = install(settings(checkout))
    (done.module / "vendor" / TAG / "zmq" / "__init__.py").unlink()
    assert [vendor.state for vendor in install(settings(checkout)).vendors] == ["fetched"]
    assert (done.module / "vendor" / TAG / "zmq" / "__init__.py").is_file()


def test_packages_of_other_requirements_are_fetched_anew(
    checkout: Path, settings: Make, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = install(settings(checkout))
    write_wheel(index, "pyzmq", "28.1.0", "cp311-cp311-manylinux2014_x86_64", {"zmq/__init__.py": ""})
    monkeypatch.setattr("facepatch.core.deploy.mayas.PYZMQ", "pyzmq>=28")
    (vendor,) = install(settings(checkout)).vendors
    assert (vendor.state, vendor.packages["pyzmq"]) == ("fetched", "28.1.0")
    assert not (done.module / "vendor" / TAG / "pyzmq-27.0.0.dist-info").exists()


def test_without_a_network_the_rest_is_installed_and_the_sentence_has_the_command(
    checkout: Path, settings: Make, tmp_path: Path
) -> None:
    done = install(without_wheels(settings(checkout), tmp_path))
    assert done.mod.is_file()
    (vendor,) = done.vendors
    assert vendor.state == "missing"
    missing, advice, command = done.sentences()[1:4]
    assert missing.startswith(
        "Maya 2025 and 2026, manylinux_x86_64: pyzmq and numpy are missing (No matching distribution"
    )
    assert advice.startswith(
        "Everything else is in place. Install again where a package index can be reached"
    )
    assert command.startswith(
        f"python -m pip install --target {done.module / 'vendor' / TAG} --no-deps --only-binary"
    )
    assert command.endswith('"pyzmq>=26,<28" "numpy<2"')
    assert not (done.module / "vendor").exists()


def test_later_with_a_network_the_packages_come(checkout: Path, settings: Make, tmp_path: Path) -> None:
    install(without_wheels(settings(checkout), tmp_path))
    assert [vendor.state for vendor in install(settings(checkout)).vendors] == ["fetched"]


def test_packages_put_there_by_hand_are_not_touched(checkout: Path, settings: Make, tmp_path: Path) -> None:
    done = install(without_wheels(settings(checkout), tmp_path))
    by_hand = done.module / "vendor" / TAG / "zmq" / "__init__.py"
    by_hand.parent.mkdir(parents=True)
    by_hand.write_text("by hand")
    install(without_wheels(settings(checkout), tmp_path))
    assert uninstall(done.mod.parent).strangers == (f"facepatch/vendor/{TAG}/zmq/__init__.py",)


def cut_short(at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the power fail when the file `at` is about to be moved."""
    replace = Path.replace

    def fail(self: Path, target: Path) -> Path:
        if Path(target).name == at and module.STAGING in str(self):
            raise KeyboardInterrupt
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fail)


@pytest.mark.parametrize("at", ["__init__.py", "new.py", "facepatch.mod"])
def test_an_update_that_was_cut_short_shows_maya_nothing_and_is_finished_by_the_next(
    at: str, checkout: Path, newer: Path, settings: Make, tmp_path: Path
) -> None:
    done = install(settings(checkout))
    with pytest.MonkeyPatch.context() as patch:
        cut_short(at, patch)
        with pytest.raises(KeyboardInterrupt):
            install(settings(newer))
    assert not done.mod.exists()
    assert not (done.mod.parent / module.STAGING).exists()
    finished = install(settings(newer))
    assert finished.resumed is (at != "facepatch.mod")
    assert finished.yours == ()
    assert finished.mod.is_file()
    assert not (done.module / "scripts" / "old.py").exists()
    uninstall(done.mod.parent)
    assert not (tmp_path / "maya").exists()


def test_an_update_that_was_cut_short_can_be_taken_away(
    checkout: Path, newer: Path, settings: Make, tmp_path: Path
) -> None:
    done = install(settings(checkout))
    with pytest.MonkeyPatch.context() as patch:
        cut_short("new.py", patch)
        with pytest.raises(KeyboardInterrupt):
            install(settings(newer))
    assert uninstall(done.mod.parent).changed == ()
    assert not (tmp_path / "maya").exists()


def test_stopped_while_fetching_nothing_is_left(checkout: Path, settings: Make, tmp_path: Path) -> None:
    def stop(progress: Progress) -> None:
        raise JobCancelledError("Stopped.")

    with pytest.raises(JobCancelledError):
        install(settings(checkout), on_progress=stop)
    assert not (tmp_path / "maya").exists()


def test_what_a_killed_installation_left_is_cleared(checkout: Path, settings: Make) -> None:
    dest = dest_of(settings(checkout))
    (dest / module.STAGING / "facepatch").mkdir(parents=True)
    (dest / module.STAGING / "facepatch" / "half.py").write_text("half")
    assert uninstall(dest).files == 0
    assert list(dest.iterdir()) == []
    with pytest.raises(ConfigError, match="facepatch is not installed there"):
        uninstall(dest)


def test_progress_counts_the_pythons(checkout: Path, settings: Make) -> None:
    seen: list[Progress] = []
    install(settings(checkout, mayas=("2023", "2025")), on_progress=seen.append)
    assert [(progress.done, progress.total) for progress in seen] == [(0, 2), (1, 2), (2, 2)]
    assert seen[1].message == TAG


@pytest.mark.parametrize("strange", ["facepatch.mod", "facepatch/readme.txt"])
def test_something_else_in_the_place_is_not_touched(strange: str, checkout: Path, settings: Make) -> None:
    dest = dest_of(settings(checkout))
    (dest / strange).parent.mkdir(parents=True)
    (dest / strange).write_text("of somebody else")
    with pytest.raises(ConfigError, match=r"is there, and no installation wrote it\. Move it away"):
        install(settings(checkout))
    assert below(dest) == {strange: b"of somebody else"}


def test_a_folder_without_sources_is_refused(tmp_path: Path, settings: Make) -> None:
    with pytest.raises(ConfigError, match="there is no maya_module and no backend"):
        install(settings(tmp_path))


def test_sources_without_a_version_are_refused(checkout: Path) -> None:
    (checkout / "backend" / "facepatch" / "__init__.py").write_text("")
    with pytest.raises(ConfigError, match="does not say its version"):
        version_of(checkout)


def test_a_folder_that_cannot_be_made_is_a_sentence(checkout: Path, settings: Make, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"cannot be written \(Not a directory\)|cannot find the path"):
        install(settings(checkout, dest=tmp_path / "file" / "modules"))


def test_a_file_that_a_maya_holds_is_a_sentence(checkout: Path, newer: Path, settings: Make) -> None:
    install(settings(checkout))
    replace = Path.replace

    def refuse(self: Path, target: Path) -> Path:
        if Path(target).name == "new.py":
            raise PermissionError(13, "Permission denied", str(target))
        return replace(self, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "replace", refuse)
        with pytest.raises(StorageError, match=r"new\.py: may not be written. Close every Maya"):
            install(settings(newer))
    assert install(settings(newer)).resumed


def test_a_file_that_cannot_be_removed_is_a_sentence_and_goes_the_next_time(
    checkout: Path, settings: Make, tmp_path: Path
) -> None:
    done = install(settings(checkout))
    unlink = Path.unlink

    def refuse(self: Path, missing_ok: bool = False) -> None:
        if self.name == "old.py":
            raise PermissionError(13, "Permission denied", str(self))
        unlink(self, missing_ok=missing_ok)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        with pytest.raises(StorageError, match=r"old\.py: cannot be removed"):
            uninstall(done.mod.parent)
    assert not done.mod.exists()
    uninstall(done.mod.parent)
    assert not (tmp_path / "maya").exists()


@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        ({"record": "other"}, FormatError, "is not the list of an installation"),
        ({"version": 99}, VersionError, "has version 99, this facepatch knows 1"),
        ({"files": {"../evil": ""}}, FormatError, "'../evil' lies outside of the folder"),
        ({"files": {"/evil": ""}}, FormatError, "'/evil' lies outside of the folder"),
    ],
)
def test_a_list_that_is_not_one_is_refused(
    change: dict[str, object], error: type[Exception], sentence: str, checkout: Path, settings: Make
) -> None:
    done = install(settings(checkout))
    path = done.module / "install.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    before = below(done.mod.parent)
    for act in (lambda: install(settings(checkout)), lambda: uninstall(done.mod.parent)):
        with pytest.raises(error, match=sentence):
            act()
    assert below(done.mod.parent) == before


def test_a_damaged_list_is_refused(checkout: Path, settings: Make) -> None:
    done = install(settings(checkout))
    path = done.module / "install.json"
    values = json.loads(path.read_text())
    for text in ("{", json.dumps({name: value for name, value in values.items() if name != "files"})):
        path.write_text(text)
        with pytest.raises(
            FormatError, match=r"(cannot be read|'files' is missing).* by hand, then install again"
        ):
            uninstall(done.mod.parent)


def test_by_default_packages_for_every_maya_that_is_found(
    checkout: Path, settings: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAYA_APP_DIR", str(tmp_path / "home"))
    monkeypatch.setattr(module, "find_mayas", lambda: ("2023",))
    here = install(settings(checkout, dest=None, mayas=()))
    assert here.mod == tmp_path / "home" / "modules" / "facepatch.mod"
    assert [vendor.tag.name for vendor in here.vendors] == ["cp39-manylinux_x86_64"]
    shared = install(settings(checkout, mayas=()))
    assert [vendor.tag.python for vendor in shared.vendors] == [(3, 9), (3, 10), (3, 11), (3, 13)]
    assert uninstall().dest == tmp_path / "home" / "modules"


def test_the_installer_needs_nothing_but_pythons_own_library() -> None:
    import subprocess

    code = (
        "import sys; sys.modules['numpy'] = None; sys.modules['zmq'] = None\n"
        "import facepatch.core.deploy.install\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'tyro', 'rich', 'torch', 'packaging'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
