# Everything installs into .venv and .cache of this folder; nothing else of the machine is touched.
VENV := .venv
PYTHON ?= python3
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
RUN_OPTIONS ?=

.PHONY: acceptance test lint perf setup clean

acceptance: $(INSTALLED)
	@$(BIN)/hil run features $(RUN_OPTIONS)

test: $(INSTALLED)
	@$(BIN)/python -m pytest -q hil/tests

lint: $(INSTALLED)
	@$(BIN)/ruff check . && $(BIN)/ruff format --check -q . && $(BIN)/mypy && $(BIN)/lint-imports --no-logo

perf: $(INSTALLED)
	@$(BIN)/python -m hil.perf

setup: $(INSTALLED)

# A bare Debian has python3 and pip, but not always python3-venv: then pip installs into the environment from outside.
$(INSTALLED): pyproject.toml
	@echo "setting up $(VENV) (once, about a minute)"
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || $(PYTHON) -m venv --without-pip $(VENV)
	@$(PYTHON) -m pip --python $(BIN)/python install -q --no-warn-script-location -e '.[test]'
	@touch $@

clean:
	rm -rf $(VENV) .cache build dist *.egg-info .mypy_cache .ruff_cache .hypothesis .import_linter_cache
