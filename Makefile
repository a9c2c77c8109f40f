# Every target prepares .venv by itself from any Python 3.11 or later; nothing is installed outside of it.
# Choose another interpreter with `make PYTHON=/path/to/python3.12 test`.

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
	>/dev/null 2>&1 && { command -v $$p; break; }; done)
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.ready
PEERS := tools/measure/node/node_modules/.ready
ASYNCAPI := tools/asyncapi/node_modules/.ready
DEMO_CLEAN ?= fixtures/vonz/captures/rich-interleaved.jsonl
DEMO_BROKEN ?= fixtures/vonz/captures/tool-call-answered-once.broken-missing.jsonl
COVER ?=
WORKERS ?= 4 # more than the cores of a small machine: many tests wait for others to speak
PYTEST_ARGS ?=
COVER_ARGS := $(if $(COVER),--cov --cov-branch --cov-report=term-missing:skip-covered)

# Tests start hundreds of processes; none of them should have to compile the package anew.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup demo test coverage check static format format-check lint types drift schemas vectors mutants mutants-live steady crowd soak bench bench-live bench-fuzz peers plugin-versions clouds types-check interop asyncapi-check clean

help:  ## show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(STAMP): pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later with venv is needed (on Debian: apt install python3-venv), \
	or name one: make PYTHON=/path/to/python3" >&2; exit 2; }
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

setup: $(STAMP)  ## prepare .venv

demo: $(STAMP)  ## check two captures, test the reference server live, and see what a finding looks like
	@echo '--- a capture in which every promise holds'
	$(VENV)/bin/wirecheck check $(DEMO_CLEAN)
	@echo
	@echo '--- a capture of a server that breaks one (exit code 1 is expected)'
	$(VENV)/bin/wirecheck check $(DEMO_BROKEN); test $$? -eq 1
	@echo
	$(PY) tools/demo.py

test: $(STAMP)  ## run the tests (COVER=1: with branch coverage and its floor)
	$(PY) -m pytest -q -n $(WORKERS) $(COVER_ARGS) $(PYTEST_ARGS)

coverage:
	@$(MAKE) --no-print-directory test COVER=1

check: static coverage  ## everything that continuous integration runs

static: format-check lint types drift  ## the checks that run no tests

format: $(STAMP)  ## format the code
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

format-check: $(STAMP)
	$(PY) -m ruff format --check .

lint: $(STAMP)
	$(PY) -m ruff check .

types: $(STAMP)
	$(PY) -m mypy

drift: $(STAMP)
	$(PY) tools/regenerate.py --check
	$(PY) tools/vectors.py --check

schemas: $(STAMP)  ## write schemas/ anew from the catalogs
	$(PY) tools/regenerate.py

vectors: $(STAMP)  ## write the generated part of fixtures/ anew from the catalogs
	$(PY) tools/vectors.py

mutants: $(STAMP)  ## the mutation matrix, as a table
	$(PY) tools/mutants.py

mutants-live: $(STAMP)  ## the same for live servers: each breaks one promise, and the suite says which
	$(PY) tools/mutants_live.py

steady: $(STAMP)  ## test the reference server 200 times on a busy machine (RUNS=20: fewer)
	$(PY) tools/steady.py --runs $(or $(RUNS),200)

crowd: $(STAMP)  ## lead 1,000 conversations at once with the reference server
	$(PY) tools/crowd.py

plugin-versions: $(STAMP)  ## the plugin's tests with the oldest and the newest pytest that it supports
	$(PY) tools/plugin_versions.py

clouds: $(STAMP)  ## captures in the object storage of Google and Azure, as emulators play them
	$(PY) tools/clouds.py

soak: $(STAMP)  ## the long runs: random traces against the oracle, a million generated frames a dialect
	WIRECHECK_SOAK=1 $(PY) -m pytest -q tests -m soak -n 2 $(PYTEST_ARGS)

bench: $(STAMP) $(PEERS)  ## how quick it is, beside others (BENCH_ARGS=--quick: a look; BENCH_ARGS=--write: into docs/)
	$(PY) tools/bench.py $(BENCH_ARGS)

bench-live: $(STAMP)  ## what we cost beside live traffic, and how long it takes to start
	$(PY) tools/bench.py --only live --only startup $(BENCH_ARGS)

peers: $(PEERS)  ## the validators that we are compared with, and whose correctness the tests look at

$(PEERS): tools/measure/node/package-lock.json
	@if command -v npm >/dev/null 2>&1; then npm ci --prefix tools/measure/node --no-fund --no-audit && touch $@; \
	else echo "no npm: Ajv and sourcemeta's jsonschema are left out (on Debian: apt install nodejs npm)" >&2; fi

types-check: $(STAMP)  ## compile the types of every language, and have them read and write (LANGUAGES="go rust": these)
	$(PY) tools/types_check.py $(LANGUAGES)

# A language that is not there is an error in continuous integration, and named on anybody else's machine.
WITH = command -v $(1) >/dev/null 2>&1 || { \
	if [ -n "$$CI" ]; then echo "interop: no $(1), and CI demands it" >&2; exit 1; fi; \
	echo "interop: a language is skipped, for there is no $(1)" >&2; exit 0; };

interop:  ## the vectors of fixtures/ in the hands of other languages' test suites
	@$(call WITH,go) cd tools/interop/go && go vet ./... && go test -count=1 ./...
	@$(call WITH,cargo) cd tools/interop/rust && CARGO_TARGET_DIR=$(CURDIR)/build/interop cargo test --quiet --locked
	@$(call WITH,npm) cd tools/interop/node && npm ci --no-fund --no-audit && npm test

asyncapi-check:  ## what AsyncAPI's own parser says of schemas/*/asyncapi.yaml, and that it notices faults
	@if command -v npm >/dev/null 2>&1; then \
	$(MAKE) --no-print-directory $(ASYNCAPI) && node tools/asyncapi/check.mjs schemas/*/asyncapi.yaml; \
	elif [ -n "$$CI" ]; then echo "asyncapi-check: no npm, and CI demands it" >&2; exit 1; \
	else echo "asyncapi-check: skipped, for there is no npm (on Debian: apt install nodejs npm)" >&2; fi

$(ASYNCAPI): tools/asyncapi/package-lock.json
	npm ci --prefix tools/asyncapi --ignore-scripts --no-fund --no-audit && touch $@

bench-fuzz: $(STAMP)  ## generated frames a second, against the base that draws one small integer a frame
	$(PY) tools/bench_fuzz.py

clean:  ## remove what was built
	rm -rf $(VENV) tools/measure/node/node_modules tools/asyncapi/node_modules tools/interop/node/node_modules build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage*
