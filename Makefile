# Needs make, some Python 3 and a package index. Everything else is installed below this
# folder: uv into .tools, the environment into .venv (Python 3.12 or later).
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Where it is set, every one of many processes would compile what it imports.
unexport PYTHONDONTWRITEBYTECODE

UV_VERSION := 0.13.9
UV := .tools/bin/uv
PYTHON := .venv/bin/python
# Many tests of the main environment wait (for Terraform, for executions): more workers than cores.
WORKERS ?= 3
# Material tells of its successor at every build.
MKDOCS := NO_MKDOCS_2_WARNING=1 $(PYTHON) -m mkdocs
CHECKOV_VERSION := 3.3.30
CHECKOV := .venvs/checkov-$(CHECKOV_VERSION)/bin/checkov

.PHONY: release simulate fuzz mutate tables docs help demo test test-0.7 test-0.15 test-1.3 test-2.0 test-none lint format bench lock clean

help: ## Show the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

demo: .venv/.ready ## Run the example on an embedded Cirrus and show who waits for whom
	@.venv/bin/cirrus-callbacks demo $(ARGS)

test: .venv/.ready ## Run every test, with every cirrus (test-0.7, -0.15, -1.3, -2.0: with one)
	@$(PYTHON) tests/whole/run.py $(UV) $(WORKERS) $(ARGS)

test-0.7 test-0.15 test-1.3 test-2.0 test-none: test-%: .venv/.ready # one cirrus, or none
	@$(PYTHON) tests/environments/run.py $(UV) $* $(if $(ARGS),-- $(ARGS))

simulate: .venv/.ready ## Explore schedules of the simulation on all cores until Ctrl-C
	@$(PYTHON) tests/simulation/simulate.py $(ARGS)

fuzz: .venv/.ready ## Fuzz the wrapped process handler on all cores until Ctrl-C
	@$(PYTHON) tests/fuzz/run.py $(ARGS)

mutate: .venv/.ready ## Change the protocol's code in every small way: does a test notice?
	@$(PYTHON) tests/mutation/run.py $(ARGS)

tables: .venv/.ready ## Write again the tables of planted defects and of faults, and the index of what tests share
	@$(PYTHON) tests/simulation/simulate.py --table
	@$(PYTHON) tests/faults/write.py
	@$(PYTHON) tests/support/support_index.py

docs: .venv/.ready ## Build the documentation's site into site/
	@$(MKDOCS) build --strict
	@echo "site/index.html"

lint: .venv/.ready ## Check style, types and documentation
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m mypy
	@$(PYTHON) tests/support/importable.py
	@.venv/bin/lint-imports --cache-dir .import_linter_cache
	@$(MKDOCS) build --strict --site-dir .venvs/site
	@$(PYTHON) tests/support/terraform_lint.py
	@$(MAKE) --no-print-directory $(CHECKOV)
	@LOG_LEVEL=ERROR $(CHECKOV) --directory terraform --config-file terraform/.checkov.yml --skip-download

format: .venv/.ready ## Write the style that lint checks
	@$(PYTHON) -m ruff format .
	@$(PYTHON) -m ruff check --fix .

bench: .venv/.ready ## Measure what is added, soak under faults, many waiters on one payload, joins, peers
	@$(PYTHON) tests/bench/run.py $(ARGS)

release: .venv/.ready ## Check, build, install and try a release; prints what publishes it (ARGS=--tested: without make test)
	@$(PYTHON) tests/release/run.py $(UV) $(ARGS)

lock: $(UV) ## Resolve the locked versions again
	@$(UV) pip compile pyproject.toml --extra local --group dev --group docs --universal \
	  --python-version 3.12 --generate-hashes --no-header --no-annotate -q -o requirements.lock
	@tests/environments/lock.sh $(UV)

clean: ## Remove the environments and what tests left behind
	@rm -rf .tools .venv .venvs .coverage* .pytest_cache .mypy_cache .ruff_cache .hypothesis .mutate dist site

$(UV):
	@command -v python3 >/dev/null || { echo "make: python3 is missing: install any Python 3" >&2; exit 1; }
	@echo "Installing uv $(UV_VERSION) into .tools ..."
	@python3 -m venv .tools >/dev/null || { rm -rf .tools; \
	  echo "make: python3 cannot make a virtual environment: install its venv module (python3-venv on Debian)" >&2; exit 1; }
	@.tools/bin/python -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)" || { rm -rf .tools; \
	  echo "make: uv could not be installed: is a package index reachable?" >&2; exit 1; }

# Its pins are many and its own: an environment apart.
$(CHECKOV): $(UV)
	@echo "Installing checkov $(CHECKOV_VERSION) into .venvs ..."
	@$(UV) venv --quiet --clear --python '>=3.10' .venvs/checkov-$(CHECKOV_VERSION)
	@$(UV) pip install --quiet --python .venvs/checkov-$(CHECKOV_VERSION)/bin/python "checkov==$(CHECKOV_VERSION)"

.venv/.ready: $(UV) requirements.lock pyproject.toml
	@test -x $(PYTHON) || $(UV) venv --quiet --python '>=3.12' .venv || { \
	  echo "make: no Python 3.12 or later was found, and none could be fetched: install one (python.org, your package manager, pyenv)" >&2; exit 1; }
	@echo "Installing the locked packages into .venv ..."
	@$(UV) pip sync --quiet --python $(PYTHON) --require-hashes requirements.lock
	@$(UV) pip install --quiet --python $(PYTHON) --no-deps --no-build-isolation --editable .
	@ln -sf ../../$(UV) .venv/bin/uv  # `cirrus-callbacks package --cirrus-version` installs with it
	@touch $@
