# Every target sets itself up: a virtual environment in .venv with the pinned versions of constraints.txt.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: bench torch docs browser report verify prove test lint types thorough pages clean help

help:
	@echo "make verify    derive, confirm Theorem 1 and Theorem 2, print what fails, and a summary by level"
	@echo "make report    the page of all claims in report/, as PDF too where pdflatex is installed"
	@echo "make prove     compile the Coq proofs (installs Coq when missing), check them, keep the record"
	@echo "make test      the test suite"
	@echo "make thorough  the long tests and the long checks"
	@echo "make browser   the pages in headless Chromium (installs it when missing): behaviour, accessibility, no network"
	@echo "make torch     the tests of PyTorch models and of flax and equinox (installs them when missing)"
	@echo "make bench     speed against the machine's limit and against other tools, as ratios; writes bench.json"
	@echo "make docs      the documentation site, into build/docs (open build/docs/index.html)"
	@echo "make pages     architecture, glossary, levels and gallery, from the sources and a run of the checks"
	@echo "make lint      ruff; make types: mypy"

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "edgestab needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $(STAMP)

verify: $(STAMP)
	$(BIN)/edgestab verify

report: $(STAMP)
	$(BIN)/edgestab report -o report --force $(if $(shell command -v pdflatex),--pdf)

prove: $(STAMP)
	$(BIN)/edgestab prove --install

test: $(STAMP)
	$(BIN)/python -m pytest -q -n auto

thorough: $(STAMP)
	$(BIN)/edgestab verify --effort thorough
	$(BIN)/python -m pytest -q -m 'not browser' --mpl

browser: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,browser]'
	$(BIN)/python tests/browser/install_chromium.py
	$(BIN)/python -m pytest -q -m browser tests/browser

torch: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,torch,models]'
	$(BIN)/python -m pytest -q -m 'not browser' tests/numeric/networks tests/test_readme.py -k 'torch or jax_libraries or bring'

# heyoka is only compared with: where it cannot be had its ratio is skipped, with the reason
bench: $(STAMP)
	-$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,bench]'
	$(BIN)/python tests/bench/run_all.py --json bench.json

# from scratch each time: what pages show is computed by the code as it stands
docs: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,docs]'
	rm -rf docs/generated build/docs build/docs-state
	$(BIN)/python -m sphinx -W --keep-going --jobs auto --builder html --doctree-dir build/docs-state docs build/docs
	$(BIN)/python docs/_ext/check_links.py build/docs

pages: $(STAMP)
	$(BIN)/python docs/house.py
	$(BIN)/python docs/levels.py
	$(BIN)/python docs/gallery.py

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

clean:
	rm -rf $(VENV) build docs/generated *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
