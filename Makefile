# Everything a fresh machine needs is Python 3.11 (to 3.14) and make.
# `make demo` judges recorded runs without an account or a network service; `make test` runs every test.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help demo test lint types contracts unit bench mutants docs record lock clean

help:  ## show the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/.run: requirements.lock pyproject.toml Makefile
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] <= (3, 14) else "Python 3.11 to 3.14 is needed, this is " + sys.version.split()[0] + "; name another: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes --no-deps -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.lock
	$(PIP) install --require-hashes --no-deps -r requirements-dev.lock
	@touch $@

$(VENV)/.node: $(VENV)/.dev tests/node/package-lock.json
	rm -rf $(VENV)/node && mkdir -p $(VENV)/node && cp tests/node/package.json tests/node/package-lock.json $(VENV)/node
	$(BIN)/python -m tests.node.npm ci --prefix $(VENV)/node --ignore-scripts --no-audit --no-fund --loglevel=error
	find $(VENV)/node/node_modules/@octokit/openapi/generated -name '*.json' ! -name api.github.com.json -delete  # 370 MB
	@touch $@

demo: $(VENV)/.run  ## judge a healthy and a broken run, with no account
	@$(BIN)/python examples/demo.py

test: $(VENV)/.dev lint types contracts unit  ## every check and every test

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.dev
	$(BIN)/mypy

contracts: $(VENV)/.dev
	$(BIN)/lint-imports

unit: $(VENV)/.dev $(VENV)/.node
	$(BIN)/python -m pytest -n 3 --cov --cov-report=
	$(BIN)/coverage report --include='checks/*' --fail-under=100
	$(BIN)/coverage report --omit='checks/*,action/cli/*' --fail-under=95  # commands run in processes of their own

$(VENV)-bench/.peers: requirements-bench.lock
	$(PYTHON) -m venv $(VENV)-bench
	$(VENV)-bench/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --no-deps -r requirements-bench.lock
	@touch $@

bench: $(VENV)/.dev $(VENV)-bench/.peers  ## measure strength anew, beside its peers (an hour; R is used if it is there)
	$(BIN)/python bench/elo_goals.py
	$(BIN)/python bench/elo_alarms.py
	$(BIN)/python bench/elo_recipes.py
	$(BIN)/python bench/series.py
	$(BIN)/python bench/sweep.py
	$(BIN)/python bench/games.py
	$(BIN)/python bench/wandb_online.py
	$(BIN)/python bench/axiom_faults.py
	$(BIN)/python bench/github_faults.py
	$(BIN)/python bench/action_time.py
	$(BIN)/python bench/tracker.py
	$(BIN)/python bench/backtest.py
	$(BIN)/python bench/diagnosis.py
	$(BIN)/python bench/claims.py
	$(BIN)/python bench/walkthrough.py
	PYTHONPATH=. $(VENV)-bench/bin/python bench/elo_exact.py
	PYTHONPATH=. $(VENV)-bench/bin/python bench/elo_speed.py

$(VENV)-mutants/.mutmut: requirements-mutants.lock
	$(PYTHON) -m venv $(VENV)-mutants
	$(VENV)-mutants/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --no-deps -r requirements-mutants.lock
	@touch $@

mutants: $(VENV)-mutants/.mutmut  ## change the tracker, the verdict and promotion two thousand times: which changes does no test notice?
	$(VENV)-mutants/bin/python bench/mutants.py

docs: $(VENV)/.run  ## write docs/reference.md and the patterns of a diagnosis anew
	$(BIN)/python docs/generate.py

record: $(VENV)/.run  ## record the training job again, every recipe
	$(BIN)/python -m examples.league.record

lock:  ## write the lock files anew (needs uv on the PATH)
	uv pip compile pyproject.toml --group build --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-strip-extras --quiet --output-file requirements.lock
	uv pip compile pyproject.toml --group build --group dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-strip-extras --quiet --constraints requirements.lock --output-file requirements-dev.lock
	uv pip compile bench/requirements.in pyproject.toml --python-version 3.11 --generate-hashes --no-emit-index-url --no-strip-extras --quiet --output-file requirements-bench.lock
	uv pip compile bench/mutants.in pyproject.toml --python-version 3.11 --generate-hashes --no-emit-index-url --no-strip-extras --quiet --constraints requirements-dev.lock --output-file requirements-mutants.lock

clean:  ## remove what the targets above made
	rm -rf $(VENV) $(VENV)-bench $(VENV)-mutants build dist out
