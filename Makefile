# `make` lists the targets. Everything that runs lives in .socialrec/ (SOCIALREC_HOME), everything installed in .venv/.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
BIN := .venv/bin
INSTALLED := .venv/installed
INSTALLED_CLUSTER := .venv/installed-cluster
SUPPLY := .venv/supply
LOCKS := requirements.lock requirements-cluster.lock
SOURCE ?=
DATA ?=
DAY ?=
MODEL ?=
YES ?=
# Only as an argument of make: systems set a variable of this name for their menus.
ifneq ($(origin LANGUAGE),command line)
override LANGUAGE :=
endif
unexport LANGUAGE
SMALL ?=

.DEFAULT_GOAL := help
.PHONY: help setup run up down cluster test test-slow test-e2e pictures chaos lint format docs messages lock audit sbom bench gpu first-nights clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(INSTALLED) ## make .venv with the locked dependencies

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: install it, or name it with make PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Installing the locked dependencies into .venv (about 3 GB, some minutes)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install -qq --disable-pip-version-check -r requirements.lock
	@$(BIN)/pip install -qq --disable-pip-version-check --no-deps --editable .
	@$(BIN)/python -m socialrec.etl.class_archive
	@touch $@

$(INSTALLED_CLUSTER): $(INSTALLED) requirements-cluster.lock
	@$(BIN)/pip install -qq --disable-pip-version-check -r requirements-cluster.lock
	@touch $@

run: $(INSTALLED) ## run a night on the landed data, else the demo world; or LANGUAGE=zh, SOURCE=lastfm DATA=folder, DAY=2026-01-31, MODEL=version
	@$(BIN)/socialrec run $(if $(SOURCE),--source $(SOURCE)) $(if $(DATA),--data $(DATA)) $(if $(LANGUAGE),--language $(LANGUAGE)) $(if $(DAY),--ds $(DAY)) $(if $(MODEL),--model-version $(MODEL))

up: $(INSTALLED) ## start Airflow and MLflow on this machine
	@$(BIN)/socialrec up

down: ## stop them
	@test ! -x $(BIN)/socialrec || $(BIN)/socialrec down

cluster: $(INSTALLED_CLUSTER) run ## repeat the night on PostgreSQL, Redis, Celery, Spark and an S3 store here, and compare
	@$(BIN)/socialrec cluster

# One thread a worker: more would wait for each other.
test: $(INSTALLED) ## run the tests (real data too, where SOCIALREC_DATA_DIR names it)
	@OMP_NUM_THREADS=1 $(BIN)/pytest -m "not slow" -n 2 --dist loadfile --no-loadscope-reorder

test-slow: $(INSTALLED) ## run the slow tests too
	@$(BIN)/pytest

test-e2e: $(INSTALLED) ## test the pages of a real night in Chromium (CHROMIUM names it)
	@$(BIN)/pytest -m browser tests/e2e

pictures: $(INSTALLED) ## take the pictures of docs/images again from the running servers (SOCIALREC_HOME)
	@$(BIN)/pytest tests/e2e/test_e2e_pictures.py --home $${SOCIALREC_HOME:-.socialrec}

chaos: $(INSTALLED) ## do damage to real processes and files; one line per test, and a JSON object of the whole table
	@OMP_NUM_THREADS=1 $(BIN)/pytest tests/chaos -v -n 2 --dist loadfile

lint: $(INSTALLED) ## check style, types and import rules
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(INSTALLED) ## format the code
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

docs: $(INSTALLED) ## write docs/contracts.md from the contracts
	@$(BIN)/python -m socialrec.contracts.page > docs/contracts.md

messages: $(INSTALLED) ## bring the catalogues of messages up to date with the code
	@$(BIN)/python -m socialrec.display.messages.updating

COMPILE := $(BIN)/pip-compile --quiet --upgrade --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host

lock: $(INSTALLED) ## solve the dependencies again into requirements.lock and requirements-cluster.lock
	@$(COMPILE) --extra pipeline --extra dev --output-file requirements.lock pyproject.toml
	@sed -i -E 's/^(torch==[0-9.]+)\+.*/\1/' requirements.lock
	@$(COMPILE) --extra pipeline --extra cluster --constraint requirements.lock --output-file requirements-cluster.lock pyproject.toml
	@sed -i -E 's/^(torch==[0-9.]+)\+.*/\1/' requirements-cluster.lock

# These tools look at the dependencies and are none of them, so they have an environment and a lock (with hashes) of their own.
$(SUPPLY)/installed: socialrec/supply/requirements.lock
	@$(PYTHON) -m venv $(SUPPLY)
	@$(SUPPLY)/bin/pip install -qq --disable-pip-version-check --require-hashes -r socialrec/supply/requirements.lock 2> $(SUPPLY)/pip.log \
	  || { echo "could not look: the audit's tools cannot be installed (see $(SUPPLY)/pip.log); run this where the package index answers" >&2; exit 75; }
	@touch $@

audit: $(SUPPLY)/installed ## look up known vulnerabilities of the locked dependencies; waivers are in socialrec/supply/waivers.toml
	@$(SUPPLY)/bin/python socialrec/supply/audit.py $(LOCKS) socialrec/supply/requirements.lock

sbom: $(SUPPLY)/installed ## write a software bill of materials per lock file, CycloneDX JSON: sbom.json, sbom-cluster.json
	@for lock in $(LOCKS); do $(SUPPLY)/bin/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible \
	  --of JSON -o $$(echo $$lock | sed 's/requirements/sbom/; s/lock$$/json/') $$lock || exit 1; done

bench: $(INSTALLED) ## run the benchmarks; each prints one JSON object
	@$(BIN)/socialrec bench etl --json

# Needs no .venv: a GPU machine has its own Python with torch, and nothing is installed there. PYTHON names another.
gpu: ## prove what runs on a GPU in 8 minutes, beside peers; one JSON object and gpu.html; SMALL=1 on a processor
	@$(if $(filter file undefined,$(origin PYTHON)),python3,$(PYTHON)) -m socialrec.bench.gpu $(if $(SMALL),--small)

first-nights: $(INSTALLED) ## run the first night of many shops; a line each, and one JSON object
	@$(BIN)/socialrec bench first-nights --json

# .venv comes last: the program that removes it lies in it.
CLEANED := $(wildcard .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis *.egg-info) .venv

clean: ## stop the servers; remove all state (SOCIALREC_HOME, else .socialrec), caches and .venv; asks first, or YES=1
	@test -x $(BIN)/socialrec || { echo "nothing was removed: .venv holds no socialrec to do it with; run make setup first"; exit 2; }
	@$(BIN)/socialrec clean $(if $(YES),--yes) $(foreach path,$(CLEANED),--also $(path))
