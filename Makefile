# Every target does the set-up it needs: nothing to activate, export or start by hand.
#
#   make demo    see the whole of PairLens work on generated datasets, in about a minute
#   make app     open the App on the demo's dataset, or on yours: make app DATASET=name
#   make test    all tests; some of them: make test ARGS="tests/unit -k masks"
#   make test-fast   the quick ones: no database, no browser
#   make check   ruff and pyright
#   make docs    the pages of docs/ as a site in build/site, with every link checked
#   make torture damages inputs and reads them for ten minutes, or TORTURE_SECONDS, kills each step
#                at every one of its writes, the database in the middle of each, and reviewers
#   make bench   the benchmarks, one after the other
#   make bundle  build the panels' script from its TypeScript (needs node and npm)
#   make clean   forget the virtual environment and the caches, never any data
#
# The demo works in your ordinary FiftyOne database, like everything else you do with PairLens,
# so that any FiftyOne finds its datasets; all their names start with "demo-". The tests start
# a database of their own.

# Compiled modules are kept, whatever the environment says: each command that a test runs compiles
# all of PairLens otherwise, half a second of a processor.
unexport PYTHONDONTWRITEBYTECODE

# Advertising of the site's builder for its successor.
export NO_MKDOCS_2_WARNING = 1

PYTHON_BIN := .venv/bin
# Where a test ends its process, xdist would start another and then wait for ever for what the first
# had left: the run ends instead, and names the test.
PYTEST := $(PYTHON_BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --max-worker-restart 0
DATASET ?= demo-gres
ARGS ?=

.PHONY: demo app test test-fast check lint types format docs torture bench bundle \
    check-bundle setup setup-dev clean

demo: setup
	@$(PYTHON_BIN)/pairlens demo $(ARGS)

app: setup
	@$(PYTHON_BIN)/pairlens app $(DATASET) $(ARGS)

test: setup-dev
	@$(PYTEST) $(ARGS)

test-fast: setup-dev
	@$(PYTEST) tests/unit -m "not slow" $(ARGS)

check: lint types

lint: setup-dev
	@$(PYTHON_BIN)/ruff check
	@$(PYTHON_BIN)/ruff format --check

types: setup-dev
	@mkdir -p build/names && ln -sfn ../.. build/names/pairlens
	@$(PYTHON_BIN)/pyright

format: setup-dev
	@$(PYTHON_BIN)/ruff check --fix
	@$(PYTHON_BIN)/ruff format

docs: setup-dev
	@$(PYTHON_BIN)/python -m mkdocs build --quiet

torture: setup-dev
	@$(PYTHON_BIN)/python -m tests.torture.run
	@$(PYTHON_BIN)/python -m tests.kill.run
	@$(PYTHON_BIN)/python -m tests.kill.disturbed
	@$(PYTHON_BIN)/python -m tests.kill.reviewed

bench: setup-dev
	@set -e; for bench in benchmarks/bench_*.py; do \
	    echo "== $$bench"; $(PYTHON_BIN)/python "$$bench"; \
	done

bundle:
	@tools/bundle.sh

check-bundle:
	@tools/bundle.sh --check

setup:
	@tools/setup.sh

setup-dev:
	@tools/setup.sh dev

clean:
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis *.egg-info fiftyone_plugin/panels/js/node_modules
