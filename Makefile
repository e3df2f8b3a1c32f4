# make demo    set everything up and run the whole story in about a minute
# make test    set everything up and run the tests, but for those that take minutes
# make test-long   those that take minutes: demo, tutorial, trainings on a cluster, release, kills at more moments
# make test-all    both
# make test-faults   kill what scores a collection at 20 random moments, and compare
# make check   lint, types and layers
# make docs    make anew what the pages hold of the program, the tutorial's among them (some minutes),
#              and their site (docs-site: the site alone)
# make bench   time it beside the plain ways of doing it (needs the archives in $HARKEN_DATA)
# make bench-accuracy   judge it beside MiniRocket and Hydra on the same people (about an hour)
# make bench-accuracy-full   every network and preset beside more of other people's (several hours)
# make clean   remove what these made
#
# On Linux without a GPU, plain PyTorch brings gigabytes of CUDA. To take the CPU build instead:
#   make demo TORCH_INDEX=https://download.pytorch.org/whl/cpu

PYTHON ?= python3
TORCH_INDEX ?=
# Files of tests at a time; many wait for processes of their own.
JOBS ?= 2
VENV := .venv
BIN := $(VENV)/bin
PEERS := .venv-peers
PEERS_TF := .venv-peers-tf
# Compiled while Harken is installed, where there is a C compiler.
COMPILED := hatch_build.py src/harken/networks/fused_lstm.c

.PHONY: demo docs docs-pages docs-site test test-long test-all test-faults check bench bench-accuracy bench-accuracy-full peers peers-tensorflow format clean setup setup-dev
.DEFAULT_GOAL := demo

demo: setup
	$(BIN)/harken demo

test: setup-dev
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile -m "not long" $(TESTS)

test-long: setup-dev
	$(BIN)/python -m pytest -m long $(TESTS)

test-all: test test-long

test-faults: setup-dev
	HARKEN_KILLS=20 $(BIN)/python -m pytest tests/cluster -k killed

check: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: docs-pages docs-site

docs-pages: setup-dev
	$(BIN)/python docs/cli_reference.py
	$(BIN)/python -m docs.network_drawings
	$(BIN)/python docs/tutorial.py

docs-site: setup-dev
	$(BIN)/mkdocs build --strict

bench: setup-dev
	$(BIN)/python -m benchmarks.performance
	$(BIN)/python -m benchmarks.streaming
	$(BIN)/python -m benchmarks.serving
	$(BIN)/python -m benchmarks.scoring

bench-accuracy: setup-dev peers
	$(BIN)/python -m benchmarks.accuracy

bench-accuracy-full: setup-dev peers peers-tensorflow
	$(BIN)/python -m benchmarks.accuracy_full

peers: $(PEERS)/.installed
peers-tensorflow: $(PEERS_TF)/.installed

$(PEERS)/.installed: benchmarks/peers/requirements.txt
	@echo "Making an environment for other people's systems in $(PEERS) ..."
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/pip install $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) torch==2.13.0
	$(PEERS)/bin/pip install -r $<
	@touch $@

# Apart from the others, for TensorFlow is large and few want it.
$(PEERS_TF)/.installed: benchmarks/peers/requirements-tensorflow.txt
	@echo "Making an environment for systems on TensorFlow in $(PEERS_TF) ..."
	$(PYTHON) -m venv $(PEERS_TF)
	$(PEERS_TF)/bin/pip install -r $<
	@touch $@

format: setup-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

setup: $(VENV)/.installed
setup-dev: $(VENV)/.installed-dev

$(VENV)/.python:
	@echo "Making a virtual environment in $(VENV) ..."
	$(PYTHON) -m venv $(VENV)
	@touch $@

# Torch first, so that the index is asked for nothing else.
$(VENV)/.torch: $(VENV)/.python constraints.txt
	@echo "Installing PyTorch (the largest part; once) ..."
	$(BIN)/pip install -c constraints.txt $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) torch
	@touch $@

$(VENV)/.installed: $(VENV)/.torch pyproject.toml $(COMPILED)
	@echo "Installing Harken ..."
	$(BIN)/pip install -c constraints.txt -e '.[train]'
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.torch pyproject.toml $(COMPILED)
	@echo "Installing Harken and what its tests need ..."
	$(BIN)/pip install -c constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) $(PEERS) $(PEERS_TF) harken-demo site .pytest_cache .mypy_cache .ruff_cache .hypothesis
