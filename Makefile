# Two commands matter: `make demo` shows the product at work, `make test` checks it.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
# Most tests wait for processes: one worker more than there are cores keeps both busy.
WORKERS ?= $(shell expr 1 + $$(nproc 2>/dev/null || echo 2))
LOCK := requirements/dev.txt
STAMP := .venv/.installed

.PHONY: help setup engine browser demo lint test bench lock clean

help:
	@echo "make demo    three tenants of one template, each its own stack, on a real Kubernetes API server"
	@echo "make test    lint, types, import contracts and every test"
	@echo "make bench   figures and their ratios, also in .tenantry/bench.json"
	@echo "make lint    lint, types and import contracts alone"
	@echo "make lock    renew the locked requirements"
	@echo "make clean   stop the sandbox and drop the virtual environment"

$(STAMP): $(LOCK) pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Tenantry needs Python 3.11 or newer: set PYTHON=/path/to/python3.11" >&2; exit 1; }
	@test -x $(BIN)/python || { echo "• creating .venv"; $(PYTHON) -m venv .venv; }
	@echo "• installing locked requirements"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

setup: $(STAMP)

engine: setup
	@$(BIN)/tenantry engine install --control-plane

browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "• installing chromium for the browser tests"; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk >/dev/null; \
	  else \
	    echo "The browser tests need Chromium: install the package 'chromium' and run this again." >&2; exit 1; \
	  fi; }

demo: engine
	@$(BIN)/tenantry demo

# Side by side, and beside the tests: none of them keeps both cores busy by itself.
CHECKS := check-style check-format check-imports check-mypy check-pyright check-catalogue
.PHONY: $(CHECKS) pytest

check-style: setup
	$(BIN)/ruff check .
check-format: setup
	$(BIN)/ruff format --check .
check-imports: setup
	$(BIN)/lint-imports
check-mypy: setup
	$(BIN)/mypy
check-pyright: setup
	$(BIN)/pyright
check-catalogue: setup
	$(BIN)/tenantry catalogue check
pytest: setup
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile --no-loadscope-reorder

lint: setup
	@$(MAKE) --no-print-directory -j $(CHECKS)

test: engine browser
	@$(MAKE) --no-print-directory -j $(CHECKS) pytest

bench: engine
	@$(BIN)/python -m bench

lock: setup
	$(BIN)/uv pip compile --quiet pyproject.toml --extra kubernetes --extra acme --generate-hashes --python-version 3.11 --universal --no-header -o requirements/run.txt
	$(BIN)/uv pip compile --quiet pyproject.toml --extra kubernetes --extra acme --group dev --generate-hashes --python-version 3.11 --universal --no-header -o requirements/dev.txt

clean:
	@test ! -x $(BIN)/tenantry || $(BIN)/tenantry sandbox down || true
	rm -rf .venv
