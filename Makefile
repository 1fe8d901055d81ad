# The two commands: `make demo` and `make test`. Each sets up what it needs, once.
PYTHON ?= $(shell command -v python3.11 || command -v python3 || command -v python)
VENV := .venv
BIN := $(VENV)/bin
DEMO := demo-workspace
# One more than there are cores: a test that waits for a process leaves its core to another.
WORKERS := $(shell $(PYTHON) -c 'import os; print(1 + min(4, os.cpu_count() or 1))')

# Containers often set it, and then every process that a test starts compiles this project anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check format screenshots bench clean

demo: $(VENV)/.ready
	@$(BIN)/pilothouse demo --dir $(DEMO)

test: $(VENV)/.ready-dev
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

check: $(VENV)/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.ready-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

screenshots: $(VENV)/.ready-dev
	$(BIN)/python screenshots/make_screenshots.py

bench: $(VENV)/.ready-dev
	$(BIN)/python -m tests.benchmarks

clean:
	rm -rf $(VENV) $(DEMO) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Pilothouse needs Python 3.11 or newer; $(PYTHON) is older. Set PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: pyproject.toml | $(VENV)/bin/python
	@echo "Setting up in $(VENV) (once)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.'
	@touch $@

$(VENV)/.ready-dev: pyproject.toml | $(VENV)/bin/python
	@echo "Setting up in $(VENV) (once)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@ $(VENV)/.ready
