# `make tier1` and `make test` need only Python 3.11 or newer, pip and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# torch is installed first, so that packages that depend on it do not install another build.
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help install tier1 nightly test lint docs clean

help:
	@echo "make tier1   install and run the easy tier on the built-in model"
	@echo "make nightly install and run all tiers against the baseline; ARGS='…' for more options"
	@echo "make test    install the test extras and run the tests of the engine"
	@echo "make lint    ruff, mypy, import-linter; actionlint if it is installed"
	@echo "make docs    build the documentation into site/"
	@echo "make clean   remove the environment and caches"

$(VENV)/.torch: constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) torch
	touch $@

$(VENV)/.run: $(VENV)/.torch pyproject.toml
	$(PIP) --editable '.[reference,photos]'
	touch $@

# timm imports torchvision, of which only 0.15.2 works beside this torch, without its compiled operators. It stands apart from
# the environment, where transformers would prefer it to Pillow. Without a wheel for this Python, tests of timm are skipped.
$(VENV)/.timm: $(VENV)/.run
	-$(PIP) --no-deps --target $(VENV)/timm timm torchvision==0.15.2
	touch $@

$(VENV)/.test: $(VENV)/.run $(VENV)/.timm
	$(PIP) --editable '.[test]'
	touch $@

$(VENV)/.lint: $(VENV)/.test
	$(PIP) --editable '.[test,lint]'
	touch $@

$(VENV)/.docs: $(VENV)/.run
	$(PIP) --editable '.[docs]'
	touch $@

install: $(VENV)/.run

tier1: install
	$(BIN)/pytest -m tier1

# make turns every failure into 2; .ci/nightly by itself ends with pytest's own exit code.
nightly:
	@.ci/nightly $(ARGS)

test: $(VENV)/.test
	$(BIN)/pytest tests --numprocesses=logical --dist=worksteal

lint: $(VENV)/.lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@if command -v node >/dev/null; then node tools/check_workflows.cjs; fi

# Generated pages are written first, so that they match the code. The notice on the successor of mkdocs-material is known
# (see mkdocs.yml) and would hide real warnings.
docs: $(VENV)/.docs
	$(BIN)/python tools/make_reference_pages.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict
	@echo "the documentation is in site/index.html"

clean:
	rm -rf $(VENV) site .pytest_cache .mypy_cache .ruff_cache .hypothesis
