"""No bfloat16 is computed here: a CPU that only announces AMX would kill the tests. The probe's child is a stand-in."""

import subprocess

import pytest
import torch

from facepatch.training import precision
from facepatch.training.precision import autocast_dtype, cpu_bfloat16_works, device_for

CPU, GPU = torch.device("cpu"), torch.device("cuda")


@pytest.fixture
def probe(monkeypatch):
    """Sets what the CPU announces and what the child does; the answer is not remembered."""
    cpu_bfloat16_works.cache_clear()

    def announce(amx, child):
        monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
        monkeypatch.setattr(precision, "PROBE", child)

    yield announce
    cpu_bfloat16_works.cache_clear()


def test_amx_that_works_is_used(probe):
    probe(True, "raise SystemExit(0)")
    assert cpu_bfloat16_works()
    assert autocast_dtype("auto", CPU) == torch.bfloat16


def test_amx_that_kills_its_process_kills_a_child_and_gives_float32(probe):
    probe(True, "import os, signal; os.kill(os.getpid(), signal.SIGTERM)")
    assert not cpu_bfloat16_works()
    assert autocast_dtype("auto", CPU) == torch.float32


def test_amx_that_computes_nonsense_is_not_used(probe):
    probe(True, "raise SystemExit(1)")
    assert not cpu_bfloat16_works()


def test_a_probe_that_hangs_is_not_waited_for(probe, monkeypatch):
    probe(True, "import threading; threading.Event().wait()")
    monkeypatch.setattr(precision, "PROBE_S", 0.2)
    assert not cpu_bfloat16_works()


def test_a_child_that_cannot_start_gives_float32(probe, monkeypatch):
    probe(True, "raise SystemExit(0)")
    monkeypatch.setattr(precision.sys, "executable", "/no/such/python")
    assert not cpu_bfloat16_works()


def test_a_cpu_without_amx_is_not_probed(probe, monkeypatch):
    probe(False, "raise SystemExit(0)")
    started = []
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: started.append(a))
    assert not cpu_bfloat16_works()
    assert autocast_dtype("auto", CPU) == torch.float32
    assert started == []


def test_the_probe_runs_once(probe, tmp_path):
    log = tmp_path / "runs"
    probe(True, f"open({str(log)!r}, 'a').write('x')")
    assert autocast_dtype("auto", CPU) == autocast_dtype("auto", CPU) == torch.bfloat16
    assert log.read_text() == "x"


def test_a_gpu_takes_bfloat16_without_a_probe(probe):
    probe(False, "raise SystemExit(1)")
    assert autocast_dtype("auto", GPU) == torch.bfloat16


@pytest.mark.parametrize("device", [CPU, GPU], ids=str)
def test_the_user_may_decide(probe, device):
    probe(False, "raise SystemExit(1)")
    assert autocast_dtype("float32", device) == torch.float32
    assert autocast_dtype("bfloat16", device) == torch.bfloat16


@pytest.mark.parametrize("there", [True, False])
def test_the_device_is_a_gpu_where_there_is_one(monkeypatch, there):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    assert device_for().type == ("cuda" if there else "cpu")
    assert device_for("cpu") == CPU
