# `make demo` and `make test` need nothing but Python 3.11 or newer, make and a package index.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed

# What `make package` builds for: Lambda's name of the processor, and the version of Python.
ARCH ?= arm64
PY ?= $(shell $(RUN) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
WHEELS := manylinux2014_$(subst arm64,aarch64,$(ARCH))
SAM := .venv-deploy/bin/sam

.PHONY: demo test test-s3 matrix mutations check check-deploy package format pins clean

$(INSTALLED): requirements/dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.12 …" if sys.version_info < (3, 11) else 0)'
	test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

demo: $(INSTALLED) ## One Cognito token in, one user's credentials out: no AWS account, no network
	$(RUN) -m authorizer invoke events/rest-token-allow.json --explain

test: $(INSTALLED) ## Every test but the long ones, with branch coverage
	$(RUN) -m pytest -n auto --cov --cov-report=term

test-s3: $(INSTALLED) ## Isolation on a real S3 and STS server: apt-get install radosgw ceph-mon ceph-osd ceph-common
	$(RUN) -m pytest -m s3 tests/s3

mutations: $(INSTALLED) ## A hundred thousand spoiled tokens, none of which may be taken
	$(RUN) -m tests.tokens.mutations --count 100000

matrix: $(INSTALLED) ## Every user × operation × place on that server: more than 30,000 checks, four minutes
	$(RUN) -m tests.s3.matrix

check: $(INSTALLED) check-deploy ## Types, style, the configuration itself, and the deployment
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(RUN) -m authorizer check

check-deploy: $(INSTALLED) $(SAM)
	mkdir -p build
	$(VENV)/bin/cfn-lint deploy/*.yaml
	set -e; for file in deploy/*.yaml; do \
		SAM_CLI_TELEMETRY=0 $(SAM) validate --lint --region eu-west-1 --template $$file >build/sam.log 2>&1 \
			|| { cat build/sam.log; exit 1; }; done

$(SAM): requirements/deploy.txt
	mkdir -p build
	test -x .venv-deploy/bin/python || $(PYTHON) -m venv .venv-deploy
	.venv-deploy/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	touch $@

package: $(INSTALLED) ## The functions as Lambda takes them, in build/: make package ARCH=x86_64 PY=3.13
	rm -rf build/authorizer build/backend
	$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --no-compile \
		--only-binary=:all: --implementation cp --python-version $(PY) --platform $(WHEELS) \
		--target build/authorizer -r requirements/lambda.txt
	$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-compile \
		--target build/authorizer .
	cp -r build/authorizer build/backend
	mkdir build/authorizer/policies
	cp -r policies/access.toml policies/templates build/authorizer/policies
	cp deploy/backends/*.py build/backend
	@echo "built for Architecture=$(ARCH) PythonVersion=python$(PY) in build/authorizer and build/backend"

bench: $(INSTALLED) ## Speed, memory, cold start and size against named peers: some minutes
	$(RUN) -m benchmarks --json benchmarks/results.json

format: $(INSTALLED)
	$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format .

clean:
	rm -rf $(VENV) .venv-deploy build dist .mypy_cache .ruff_cache .pytest_cache .coverage
