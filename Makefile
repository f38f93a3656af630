# Each target does all its own set-up in .venv; a second call finds it done.
PYTHON ?= python3
BIN := .venv/bin

# Where this is set, as in many containers, every process that a test starts compiles torch anew: ten seconds each.
unexport PYTHONDONTWRITEBYTECODE

# The linters read while the browser is fetched.
MAKEFLAGS += --jobs=2

.PHONY: app test fast more fuzz lint browser picture notebooks bench

## Start the desk: make app, make app TASK=vgg, make app TASK=path/to/prunekit.toml
app: .venv/.app
	$(if $(TASK),PRUNEKIT_TASK="$(TASK)" )$(BIN)/streamlit run app.py

## Everything a change must pass. Three tests at a time keep two cores busy: one of them mostly waits for a browser.
test: lint browser
	$(BIN)/pytest --numprocesses 3 --dist loadscope --no-loadscope-reorder -m "not more"

FAST := criteria cut figures graph look measure objectives quantize search store tasks cli/test_options.py \
	$(notdir $(wildcard tests/test_*.py))
## Under a minute: single functions on tiny networks and records, without a browser, an export or a training
fast: .venv/.dev
	$(BIN)/pytest --numprocesses 2 --dist loadscope -m "not browser and not slow and not more" $(addprefix tests/,$(FAST))

# Every file of tests that are marked as more is a part: tests/packaging/test_wheel.py is the part wheel.
MORE = $(sort $(shell grep --recursive --files-with-matches --include='test_*.py' 'pytest\.mark\.more' tests))
PARTS = $(patsubst test_%.py,%,$(notdir $(MORE)))
TAKEN = $(filter-out $(foreach part,$(SKIP),%/test_$(part).py),$(MORE))
## What needs an environment of its own or takes long: make more SKIP="wheel notebooks" leaves parts out, and says so
more: browser
	$(if $(filter-out $(PARTS),$(SKIP)),$(error make more has no part $(filter-out $(PARTS),$(SKIP)); its parts are: $(PARTS)))
	@$(if $(TAKEN),$(BIN)/pytest -m more --durations 10 $(TAKEN),true); ended=$$?; \
	echo "make more took: $(filter-out $(SKIP),$(PARTS))"; echo "make more skipped: $(or $(SKIP),nothing)"; exit $$ended

## Thousands of almost good files for everything that opens one; the quick part is in make test
fuzz: .venv/.dev
	$(BIN)/python -m tests.fuzz.report

lint: .venv/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

## The Chromium the browser tests drive
browser: .venv/.dev
	$(BIN)/python -m tools.browser

## The README's moving picture, from a real browser
picture: browser
	$(BIN)/python -m tools.moving_picture

## The example notebooks, executed anew with their outputs and pictures
notebooks: browser
	$(BIN)/python -m tools.notebooks

## Every claim's benchmark, one after the other
bench: browser
	set -e; for script in benchmarks/*.py; do $(BIN)/python $$script; done

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "PruneKit needs Python 3.11 or newer: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv .venv

.venv/.app: requirements.txt pyproject.toml | .venv/bin/python
	$(BIN)/pip install -r requirements.txt -e .
	@touch $@

# Most of the packages' files are never imported; what is gets compiled when it is.
.venv/.dev: requirements-dev.txt requirements.txt pyproject.toml | .venv/bin/python
	$(BIN)/pip install --no-compile -r requirements-dev.txt -e .
	@touch $@ .venv/.app
