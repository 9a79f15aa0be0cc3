# Every target does the set-up it needs: nothing to activate, export or start by hand.
#
#   make demo    see the whole of PairLens work on generated datasets, in about a minute
#   make app     open the App on the demo's dataset, or on yours: make app DATASET=name
#   make test    all tests; some of them: make test ARGS="tests/unit -k masks"
#   make test-fast   the quick ones: no database, no browser
#   make check   ruff and pyright
#   make torture damages inputs and reads them for ten minutes, or TORTURE_SECONDS
#   make bench   the benchmarks, one after the other
#   make bundle  build the panels' script from its TypeScript (needs node and npm)
#   make clean   forget the virtual environment and the caches, never any data
#
# The demo works in your ordinary FiftyOne database, like everything else you do with PairLens,
# so that any FiftyOne finds its datasets; all their names start with "demo-". The tests start
# a database of their own.

PYTHON_BIN := .venv/bin
PYTEST := $(PYTHON_BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile
DATASET ?= demo-gres
ARGS ?=

.PHONY: demo app test test-fast check format torture bench bundle check-bundle setup clean

demo: setup
	@$(PYTHON_BIN)/pairlens demo $(ARGS)

app: setup
	@$(PYTHON_BIN)/pairlens app $(DATASET) $(ARGS)

test: setup
	@$(PYTEST) $(ARGS)

test-fast: setup
	@$(PYTEST) tests/unit -m "not slow" $(ARGS)

check: setup
	@$(PYTHON_BIN)/ruff check
	@$(PYTHON_BIN)/ruff format --check
	@mkdir -p build/names && ln -sfn ../.. build/names/pairlens
	@$(PYTHON_BIN)/pyright

format: setup
	@$(PYTHON_BIN)/ruff check --fix
	@$(PYTHON_BIN)/ruff format

torture: setup
	@$(PYTHON_BIN)/python -m tests.torture.run

bench: setup
	@set -e; for bench in benchmarks/bench_*.py; do \
	    echo "== $$bench"; $(PYTHON_BIN)/python "$$bench"; \
	done

bundle:
	@tools/bundle.sh

check-bundle:
	@tools/bundle.sh --check

setup:
	@tools/setup.sh

clean:
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis *.egg-info fiftyone_plugin/panels/js/node_modules
