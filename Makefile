# Every target works on a fresh machine with Python (>= 3.11), its venv module and make.
# A comment that begins with ## is the target's line in `make help`.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
LOCK   := requirements.lock
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Where this is set, every process of the tests compiles our modules again, a third of their time.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install demo test unit e2e long lint format types docs check test-all test-pythons test-lowest lock audit clean test-3.14

help: ## shows this list
	@sed -n 's/^\([a-z0-9.-]*\):[^#]*## \(.*\)$$/\1@\2/p' $(firstword $(MAKEFILE_LIST)) | sort | \
	  while IFS=@ read -r target text; do printf 'make %-13s %s\n' "$$target" "$$text"; done

$(VENV)/run.stamp: pyproject.toml $(LOCK)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$(PYTHON) is not Python 3.11 or newer: name another, such as PYTHON=python3.13" >&2; exit 1; }
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

install: $(VENV)/run.stamp ## installs the exporter into .venv

demo: $(VENV)/run.stamp ## runs the exporter on the embedded simulator: no account needed
	$(BIN)/zego-upload-exporter --demo

# Both halves run, even if the first one fails.
test: $(VENV)/e2e.stamp ## runs the tests in about 3 minutes: both halves, even if one fails
	@status=0; \
	$(MAKE) --no-print-directory unit || status=1; \
	$(MAKE) --no-print-directory e2e || status=1; \
	echo 'Left out: long property, mutation and kill tests. `make test-all` runs them too.'; \
	exit $$status

test-all: $(VENV)/e2e.stamp ## runs all tests, the long ones too, as CI does
	@status=0; \
	$(MAKE) --no-print-directory test || status=1; \
	$(MAKE) --no-print-directory long || status=1; \
	exit $$status

# Tests wait for threads and servers a part of their time: five at a time suit two cores.
WORKERS ?= 5

unit: $(VENV)/dev.stamp ## the tests without servers, without the long ones
	$(BIN)/python -m pytest -m 'not e2e and not long' -n $(WORKERS) --dist worksteal

e2e: $(VENV)/e2e.stamp ## the tests with real servers, programs and browsers, without the long ones
	$(BIN)/python -m pytest -m 'e2e and not long' -n $(WORKERS) --dist worksteal

long: $(VENV)/e2e.stamp ## the long tests: properties of whole histories, mutations, kills
	$(BIN)/python -m pytest -m long -n $(WORKERS) --dist worksteal

lint: $(VENV)/dev.stamp ## ruff: lint and format, changes nothing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/dev.stamp ## ruff: formats, and fixes what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/dev.stamp ## mypy, strict
	$(BIN)/mypy

docs: $(VENV)/dev.stamp ## writes the generated pages of docs/
	$(BIN)/python -m docs.generator

check: lint types test-all ## lint, types and all tests, as CI does

# One environment for each interpreter that this machine has, under its own name or pyenv's; those
# it lacks are named.
PYTHONS ?= 3.11 3.12 3.13 3.14
test-pythons: ## the unit tests on every supported interpreter of this machine
	@for v in $(PYTHONS); do \
	  for p in python$$v $$HOME/.pyenv/versions/$$v.*/bin/python; do \
	    if $$p -c 'import venv' 2>/dev/null; then \
	      echo "== Python $$v ($$p)"; \
	      $(MAKE) --no-print-directory unit PYTHON=$$p VENV=.venv-$$v || exit 1; \
	      continue 2; \
	    fi; \
	  done; \
	  echo "NOT TESTED: Python $$v is not on this machine"; \
	done

# As root: the interpreter of Debian's unstable, in a root of its own below /var/tmp.
test-3.14: ## the unit tests on Python 3.14 from Debian's unstable (needs root and debootstrap)
	.ci/python-3.14

# The lower bounds of pyproject.toml are promises: the suite runs on exactly those versions.
test-lowest: ## the unit tests on the lowest versions of the dependencies
	$(MAKE) --no-print-directory unit VENV=.venv-lowest LOCK=requirements-lowest.lock

# Needs uv (`pip install uv`).
lock: ## renews the lock files (needs uv)
	uv pip compile pyproject.toml --extra dev --extra e2e --universal --python-version 3.11 --no-header --no-annotate --upgrade -o $(LOCK)
	uv pip compile pyproject.toml --extra dev --extra e2e --universal --python-version 3.11 --no-header --no-annotate --upgrade --resolution lowest-direct -o requirements-lowest.lock

# Asks the registry for known vulnerabilities of the locked versions; needs one that knows them.
audit: ## asks the package index for known vulnerabilities of the locked versions
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/pip install --quiet pip-audit
	.venv-audit/bin/pip-audit --strict --no-deps --disable-pip --requirement $(LOCK)

# What .ci/go-tools has built stays: it takes some fifteen minutes.
clean: ## removes environments, builds, and all caches but .cache/go-tools
	rm -rf .venv* build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
