# `make demo` and `make test` do all their set-up themselves: git, python3 (3.11 or later) and make are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := check
.PHONY: check lint types test test-slow test-thorough generate seen docs links demo demo-replay bench bench-judge clean

check: lint types test  ## lint, types and tests

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "llmopt needs Python 3.11 or later; try make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

lint: $(STAMP)
	$(BIN)/ruff check llmopt tests benchmarks docsite
	$(BIN)/ruff format --check llmopt tests benchmarks docsite
	$(BIN)/typos llmopt tests docs prompts benchmarks docsite README.md CHANGELOG.md CONTRIBUTING.md

types: $(STAMP)
	$(BIN)/mypy

# Many tests time real programs. One that a busy machine spoilt is run once more, and is named in the end.
PYTEST := $(BIN)/python -m pytest -n 2 --reruns 1 -rR

test: $(STAMP)  ## the fast suite
	$(PYTEST)

test-slow: $(STAMP)  ## the end-to-end runs
	$(PYTEST) -m "slow and not thorough"

test-thorough: $(STAMP)  ## the longest of them, which CI leaves out
	$(PYTEST) -m thorough

generate: $(STAMP)  ## what the documentation repeats of the code: commands, settings, outputs
	$(BIN)/python docsite/generate.py

seen: $(STAMP)  ## the outputs with measured figures, but for the tutorial's: docsite/seen.py tabulate
	$(BIN)/python docsite/seen.py

$(VENV)/.docs: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	@touch $@

docs: $(VENV)/.docs  ## the site, in build/site; fails on a link that leads nowhere, and on what is loaded from elsewhere
	$(BIN)/python docsite/stage.py
	$(BIN)/zensical build --clean --strict
	$(BIN)/python docsite/closed.py

links: $(STAMP)  ## are the pages on other hosts still there that the documentation links to? Needs the network
	$(BIN)/python docsite/reach.py

demo: $(STAMP)  ## the main job on examples/logstats, without a model, key or network; gains below 2 % are not waited for
	$(BIN)/python examples/demo.py logstats --min-speedup 1.02

demo-replay: $(STAMP)  ## the same on examples/difftext with recorded answers of a model
	$(BIN)/python examples/demo.py difftext --workload benchmarks/diff_changelog.py --no-rules --min-speedup 1.01 --attempts 1 \
		--model replay:$(CURDIR)/examples/transcripts/difftext.jsonl

bench: $(STAMP)  ## the figures of docs/results.md
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/profiling.py
	$(BIN)/python benchmarks/sandbox.py

bench-judge: $(STAMP)  ## the figures of docs/how-we-measure.md, some ten minutes; fails when a promise is not kept
	$(BIN)/python benchmarks/judge/replay.py
	$(BIN)/python benchmarks/judge/simulate.py --jobs 2

clean:
	rm -rf $(VENV) build dist .cache .mypy_cache .ruff_cache .pytest_cache
