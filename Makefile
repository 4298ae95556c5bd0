# make env    .venv with exactly the packages of requirements.txt; done once
# make demo   a generated performer drives a generated character; the result is in demo/
# make test   everything that must hold: style, types, layers, tests
# make lint   the part of it that reads code and runs none
# make bench  the figures of docs/results/main_job.md
# make test-all   the slow tests as well
# make test-maya-twins   the Maya module on the Python and Qt of Maya 2023 to 2027
# make test-blender      the host contract and our files in Blender (bpy), in an environment of its own

SHELL := /bin/sh
ACCEPTED := import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))
PYTHON ?= $(shell for p in python3.11 python3.12 python3; do $$p -c '$(ACCEPTED)' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
# The tests run in two processes of one thread each.
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 NUMBA_NUM_THREADS=1
PYTEST := $(ONE_THREAD) $(BIN)/python -m pytest --numprocesses 2 --quiet

.PHONY: env demo test test-all test-maya-twins test-blender lint bench

env:
	@if [ -z "$(PYTHON)" ]; then \
	  echo "No Python 3.11 or 3.12 here. Install one (apt install python3.11 python3.11-venv, uv python install 3.11," \
	       "or python.org) and run: make env PYTHON=/path/to/python3.11" >&2; exit 1; fi
	@$(PYTHON) tools/make_env.py

demo: env
	@$(BIN)/facepatch demo --out demo

lint: env
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/pyright

test: lint
	@$(PYTEST) -m "not slow"

test-all: lint
	@$(PYTEST)

test-maya-twins:
	@$(PYTHON) tools/maya_twins.py

test-blender: env
	@$(PYTHON) tools/make_blender_env.py
	@PYTHONPATH=backend:tests/blender .venv-blender/bin/python -m pytest -c /dev/null --rootdir . --confcutdir tests/blender \
	  --import-mode=importlib --quiet tests/blender
	@$(BIN)/python -m pytest --quiet tests/export/test_independent_readers.py

bench: env
	@$(BIN)/python benchmarks/main_job.py
