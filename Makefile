# Two commands for users: `make run` plays the story, `make test` proves the rest. Both build .venv themselves.
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
WORKERS ?= 2

# The first Python of 3.11 or newer that really runs here.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)

.PHONY: run test soak bench check fmt lock clean

run: $(READY)
	@PATH="$$PWD/$(BIN):$$PATH" $(BIN)/architect demo --state "$$PWD/.architect/demo"

test: $(READY)
	@tools=$$(scripts/system_tools.sh) || echo "make test: Prometheus and redis-cli are missing; their tests will say so"; \
	PATH="$$PWD/$(BIN)$${tools:+:$$tools}:$$PATH" $(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal -m "not soak"

soak: $(READY)
	@tools=$$(scripts/system_tools.sh) || true; \
	PATH="$$PWD/$(BIN)$${tools:+:$$tools}:$$PATH" $(BIN)/python -m pytest -q -m soak

bench: $(READY)
	@PATH="$$PWD/$(BIN):$$PATH" $(BIN)/python -m benchmarks

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/basedpyright
	$(BIN)/lint-imports

fmt: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(READY)
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-emit-find-links --no-annotate --custom-compile-command "make lock" \
		--extra sandbox --extra keyring --group dev pyproject.toml --output-file requirements.lock

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Architect needs Python 3.11 or newer with venv (Debian: apt install python3-venv)." >&2; exit 2; }
	@echo "Building $(VENV) with $$($(PYTHON) --version) from requirements.lock (hashes checked) ..."
	@$(PYTHON) -m venv $(VENV)
	@PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	@PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
