# Every word here works on a fresh machine with Python (>= 3.11), its venv module and make.
#   make demo    runs the exporter on the embedded simulator    make test   runs all tests
#   make lint | format | types                                  make check  all three and the tests
#   make docs    writes the generated pages of docs/ anew
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
LOCK   := requirements.lock
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: audit help demo test unit e2e lint format types docs check test-all test-lowest lock clean

help:
	@sed -n '2,4p' Makefile

$(VENV)/run.stamp: pyproject.toml $(LOCK)
	@echo "installing into $(VENV), which takes about a minute"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint $(LOCK) --editable .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp
	$(BIN)/pip install --quiet --constraint $(LOCK) --editable '.[dev]'
	@touch $@

$(VENV)/e2e.stamp: $(VENV)/dev.stamp
	$(BIN)/pip install --quiet --constraint $(LOCK) --editable '.[dev,e2e]'
	@touch $@

demo: $(VENV)/run.stamp
	$(BIN)/zego-upload-exporter --demo

# Both halves run, even if the first one fails.
test: $(VENV)/e2e.stamp
	@status=0; \
	$(MAKE) --no-print-directory unit || status=1; \
	$(MAKE) --no-print-directory e2e || status=1; \
	exit $$status

unit: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -m 'not e2e' -n auto

# They wait for servers most of the time, so three at a time suit two cores.
e2e: $(VENV)/e2e.stamp
	$(BIN)/python -m pytest -m e2e -n 3 --dist worksteal

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/dev.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/dev.stamp
	$(BIN)/mypy

docs: $(VENV)/dev.stamp
	$(BIN)/python -m docs.generator

check: lint types test

# One environment for each interpreter that this machine has, under its own name or pyenv's; those
# it lacks are named.
test-all:
	@for v in 3.11 3.12 3.13; do \
	  for p in python$$v $$HOME/.pyenv/versions/$$v.*/bin/python; do \
	    if $$p -c 'import venv' 2>/dev/null; then \
	      echo "== Python $$v ($$p)"; \
	      $(MAKE) --no-print-directory unit PYTHON=$$p VENV=.venv-$$v || exit 1; \
	      continue 2; \
	    fi; \
	  done; \
	  echo "== Python $$v: not on this machine, not tested"; \
	done

# The lower bounds of pyproject.toml are promises: the suite runs on exactly those versions.
test-lowest:
	$(MAKE) --no-print-directory unit VENV=.venv-lowest LOCK=requirements-lowest.lock

# Needs uv (`pip install uv`).
lock:
	uv pip compile pyproject.toml --extra dev --extra e2e --universal --python-version 3.11 --no-header --no-annotate --upgrade -o $(LOCK)
	uv pip compile pyproject.toml --extra dev --extra e2e --universal --python-version 3.11 --no-header --no-annotate --upgrade --resolution lowest-direct -o requirements-lowest.lock

# Asks the registry for known vulnerabilities of the locked versions; needs one that knows them.
audit:
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/pip install --quiet pip-audit
	.venv-audit/bin/pip-audit --strict --no-deps --disable-pip --requirement $(LOCK)

clean:
	rm -rf .venv* build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
