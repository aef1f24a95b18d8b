# Everything a person does with this repository. `make` lists it.
PYTHON ?= python3
PORT ?= 8501
MINUTES ?= 60
BIN := .venv/bin
# A file's tests share what they set up; files are taken in the order of tests/conftest.py.
WHOLE_FILES := --dist loadfile --no-loadscope-reorder
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --no-deps
COMPILE := $(BIN)/uv pip compile pyproject.toml --quiet --universal --generate-hashes --no-emit-index-url \
	--python-version 3.11 --custom-compile-command "make lock"

.DEFAULT_GOAL := help
.PHONY: help install run demo test check bench bench-peers bench-first-run bench-million bench-load soak torture stack screenshots audit lock clean

help: ## List these targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

install: .venv/.installed ## Make .venv with bin/citewell from the hash lock

run: install ## Serve the app at http://localhost:8501 (or PORT=…), with the sample company in a new home
	$(BIN)/citewell serve --port $(PORT)

demo: install ## Serve the five-minute demonstration: temporary home, nothing kept
	$(BIN)/citewell serve --port $(PORT) --demo

# The browser's tests are a run of their own, two at a time: beside more they would wait, and fail for that.
test: .venv/.developing ## Run every test; those that need a browser say so where there is none
	$(BIN)/pytest --numprocesses auto --maxprocesses 4 $(WHOLE_FILES) --ignore tests/browser
	$(BIN)/pytest --numprocesses auto --maxprocesses 2 $(WHOLE_FILES) tests/browser

check: .venv/.developing ## Formatting, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: .venv/.developing ## Measure speed and size; prints and stores benchmarks/results
	$(BIN)/python -m benchmarks

bench-peers: .venv/.developing ## Measure beside other projects' default pipelines: SETS=DIR holds spans/ and retrieval/
	$(BIN)/python -m benchmarks.peers $(SETS)

bench-first-run: .venv/.developing ## Measure a first `make run` in a clean clone; downloads everything anew
	$(BIN)/python -m benchmarks.first_run

bench-million: .venv/.developing ## Measure search among a million chunks; most of an hour and 10 GB of disk
	$(BIN)/python -m benchmarks.million

bench-load: .venv/.developing ## Measure a hundred people at once, on one process and on the server mode; three quarters of an hour
	$(BIN)/python -m benchmarks --only crowd --out benchmarks/results --name crowd
	$(BIN)/python -m benchmarks --only load --out benchmarks/results --name load
	$(BIN)/python -m benchmarks.server_mode --out benchmarks/results
	$(BIN)/python -m benchmarks.replicas --out benchmarks/results

soak: .venv/.developing ## Ask for an hour (or MINUTES=…) and see what grows: memory, times, errors, threads, files
	$(BIN)/python -m benchmarks.soak --minutes $(MINUTES)

torture: .venv/.developing ## Kill, damage and fill the disk at full count; stores torture/report
	$(BIN)/python -m torture

stack: .venv/.developing ## Bring up the server mode here, without Docker: PostgreSQL, Chroma, two replicas, two workers, nginx
	$(BIN)/python -m torture.stack

screenshots: .venv/.developing ## Make a picture of every state of the page in build/screenshots, and those of the docs
	$(BIN)/python -m tests.browser.screenshots

audit: .venv/.installed ## Ask for advisories about every locked package; needs their database, on the network
	$(PYTHON) -m venv build/audit
	build/audit/bin/pip install --quiet --disable-pip-version-check pip-audit
	$(BIN)/python docs/audit.py build/audit/bin/pip-audit

lock: .venv/.developing ## Write requirements.lock and requirements-dev.lock anew
	$(INSTALL) uv
	$(COMPILE) --group weights --group build -o requirements.lock
	$(COMPILE) --group weights --group build --extra test --group dev -c requirements.lock -o requirements-dev.lock

clean: ## Remove what can be made again
	rm -rf .venv dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/bin/python:
	$(PYTHON) -m venv .venv

# Bytecode is compiled when it is first needed: half the time and a fifth of the disk.
.venv/.installed: requirements.lock pyproject.toml | .venv/bin/python
	@echo "Installing what Citewell needs (about a minute, once) ..."
	$(INSTALL) --no-compile --require-hashes -r requirements.lock
	$(INSTALL) --no-build-isolation -e .
	@touch $@

.venv/.developing: requirements-dev.lock .venv/.installed
	$(INSTALL) --no-compile --require-hashes -r requirements-dev.lock
	@touch $@
