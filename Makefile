# Two commands set everything up on a machine with Python 3.11+ and make:
#   make demo    the main job on SQLite, seeded, in a browser
#   make test    every check and test

PYTHON ?= python3
PORT ?= 8000
HOME_DIR ?= .onloan
BIN := .venv/bin

.PHONY: help demo test check format snap bench translations clean
.DEFAULT_GOAL := help

help:  ## Say what each command does
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## (.*)/  make \1\t\2/' | expand -t 22

.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/tested: .venv/installed
	$(BIN)/pip install --quiet --disable-pip-version-check --editable ".[test]"
	@touch $@

demo: .venv/installed  ## Run a seeded campaign on http://127.0.0.1:8000
	$(BIN)/onloan demo --home $(HOME_DIR) --port $(PORT)

test: check  ## Run every check and test (PostgreSQL and Chromium included)
	$(BIN)/pytest -n 2

check: .venv/tested  ## Types, style, import rules, house rules, translations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m dev.check_house
	$(BIN)/python -m dev.check_translations

format: .venv/tested  ## Bring the code into the house's form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

snap: .venv/tested  ## A picture of each page, language and width, under snap/
	$(BIN)/python -m dev.snap

bench: .venv/tested  ## Measure joins, events and clicks on both databases
	$(BIN)/python -m bench

translations: .venv/tested  ## Say which sentences of code and templates lack a translation
	$(BIN)/python -m dev.check_translations

clean:  ## Remove the environment and what was built
	rm -rf .venv .mypy_cache .ruff_cache .import_linter_cache build snap
