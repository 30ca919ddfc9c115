# Only Python 3 and make are needed: uv comes from PyPI into .uv/, Python's packages into .venv/, Node from PyPI too, the CDK CLI into node_modules/.
# Everything is locked with hashes; a second run of a target does nothing that is done already.

PYTHON ?= python3
STAGE ?= dev
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
export UV_NO_PROGRESS := 1

.DEFAULT_GOAL := ready
.PHONY: help ready demo up down test unit acceptance no-acceptance e2e check prove bench synth deploy lock clean

help: ## What there is
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

ready: .venv/.ready .venv/sdk/segment-analytics-2.3.4/.ready node_modules/.ready ## Make the environment: .uv, .venv, node_modules

demo: ready ## The whole stack on this machine, the demo day through real SDKs, the customer's thread; until Ctrl-C (make demo ARGS=--exit: ends after the thread)
	@$(BIN)/ariane demo $(ARGS)

up: ready ## The whole stack on this machine, in the background
	@$(BIN)/ariane up --detach

down: ready ## End what `make up` started
	@$(BIN)/ariane down

DATA ?= $(wildcard ../shared/data)
test: unit $(if $(DATA),acceptance,no-acceptance) e2e ## All tests: in memory, on real data where it is there (DATA=DIR), against one deployed local stack

unit: ready
	@echo "==> Tests without a stack"
	@$(BIN)/pytest -m "not e2e and not acceptance" -n 2

acceptance: ready ## Real data through the whole import: make acceptance DATA=DIR (online-retail.csv.gz); fails where it is not there
	@echo "==> Acceptance on the data in $(or $(DATA),nothing: say DATA=DIR)"
	@ARIANE_DATA="$(or $(DATA),/nowhere)" $(BIN)/pytest -m acceptance tests/acceptance

no-acceptance:
	@echo "==> No acceptance data (make test DATA=DIR, or a folder ../shared/data): those tests are left out"

e2e: ready
	@echo "==> Tests against the deployed local stack"
	@$(BIN)/pytest -m e2e tests/e2e

check: ready ## Format, lint and types
	@echo "==> ruff format, ruff check, mypy"
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy

SEEDS ?= 200
prove: ready ## Nothing is lost: seeded runs of a whole small Ariane under faults, on all cores (make prove SEEDS=2000)
	@PYTHONPATH=functions:. $(BIN)/python -m tests.reference.prove
	@PYTHONPATH=functions:. $(BIN)/python -m tests.faults.prove --seeds $(SEEDS) $(ARGS)

bench: ready ## What AWS bills for an event, counted; CPU; growth to a million profiles; what linking costs; latency and a minute of load (wrk) on this machine: 20 minutes
	@$(BIN)/ariane bench cost --docs
	@$(BIN)/ariane bench speed
	@$(BIN)/ariane bench growth
	@$(BIN)/ariane bench identity
	@$(BIN)/ariane bench resolver
	@$(BIN)/ariane bench rules
	@$(BIN)/ariane bench latency --start
	@$(BIN)/ariane bench load --start

synth: ready ## CloudFormation templates into cdk.out; needs no credentials
	@$(BIN)/node node_modules/aws-cdk/bin/cdk synth --quiet --no-notices -c stage=$(STAGE)

deploy: ready ## Both stacks into the AWS account of your credentials: make deploy STAGE=prod
	@$(BIN)/node node_modules/aws-cdk/bin/cdk deploy --all --no-notices -c stage=$(STAGE)

# As the header of each .txt says. Collect's versions are those of the other functions; uv's lock serves the Pythons that people start with.
LOCK = .uv/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links $(ARGS)
lock: .uv/.ready ## Lock requirements/*.in into *.txt; keeps the versions that still fit (make lock ARGS=--upgrade: the newest)
	@$(LOCK) --python-version 3.13 requirements/lambda.in -o requirements/lambda.txt
	@$(LOCK) --python-version 3.13 -c requirements/lambda.txt requirements/collect.in -o requirements/collect.txt
	@$(LOCK) --python-version 3.13 requirements/dev.in -o requirements/dev.txt
	@$(LOCK) --python-version 3.13 requirements/segment-analytics-2.3.4.in -o requirements/segment-analytics-2.3.4.txt
	@$(LOCK) --python-version 3.9 requirements/uv.in -o requirements/uv.txt

clean: ## Remove what make made
	rm -rf .uv .venv node_modules cdk.out .ariane

.uv/.ready: requirements/uv.txt
	@echo "==> uv"
	@$(PYTHON) -m venv --clear .uv
	@.uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

.venv/.ready: .uv/.ready requirements/dev.txt .python-version pyproject.toml
	@echo "==> Python packages"
	@.uv/bin/uv venv --quiet --allow-existing --python "$$(cat .python-version)" .venv
	@.uv/bin/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.txt
	@.uv/bin/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

# Beside the current one, which the environment holds: the tests put this folder before it.
.venv/sdk/segment-analytics-2.3.4/.ready: .venv/.ready requirements/segment-analytics-2.3.4.txt
	@echo "==> Segment's Python SDK 2.3.4, for the tests"
	@rm -rf $(@D)
	@.uv/bin/uv pip install --quiet --python $(BIN)/python --target $(@D) --require-hashes -r requirements/segment-analytics-2.3.4.txt
	@touch $@

node_modules/.ready: .venv/.ready package-lock.json
	@echo "==> Node packages"
	@$(BIN)/npm ci --silent --no-audit --no-fund
	@touch $@
