# make demo    set everything up and run the whole story in about a minute
# make test    set everything up and run the tests
# make check   lint and types
# make bench   time it beside the plain ways of doing it (needs the archives in $HARKEN_DATA)
# make bench-accuracy   judge it beside MiniRocket and Hydra on the same people (about an hour)
# make clean   remove what these made
#
# On Linux without a GPU, plain PyTorch brings gigabytes of CUDA. To take the CPU build instead:
#   make demo TORCH_INDEX=https://download.pytorch.org/whl/cpu

PYTHON ?= python3
TORCH_INDEX ?=
VENV := .venv
BIN := $(VENV)/bin
PEERS := .venv-peers

.PHONY: demo test check bench bench-accuracy peers format clean setup setup-dev
.DEFAULT_GOAL := demo

demo: setup
	$(BIN)/harken demo

test: setup-dev
	$(BIN)/python -m pytest $(TESTS)

check: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: setup-dev
	$(BIN)/python -m benchmarks.basics
	$(BIN)/python -m benchmarks.streaming

bench-accuracy: setup-dev peers
	$(BIN)/python -m benchmarks.accuracy

peers: $(PEERS)/.installed

$(PEERS)/.installed: benchmarks/peers/requirements.txt
	@echo "Making an environment for other people's systems in $(PEERS) ..."
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/pip install $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) torch==2.13.0
	$(PEERS)/bin/pip install -r $<
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

$(VENV)/.installed: $(VENV)/.torch pyproject.toml
	@echo "Installing Harken ..."
	$(BIN)/pip install -c constraints.txt -e '.[train]'
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.torch pyproject.toml
	@echo "Installing Harken and what its tests need ..."
	$(BIN)/pip install -c constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) $(PEERS) harken-demo .pytest_cache .mypy_cache .ruff_cache .hypothesis
