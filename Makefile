# `make demo` and `make test` need nothing but Python 3.11 or newer, make and a package index.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed

.PHONY: demo test test-s3 check format pins clean

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

check: $(INSTALLED) ## Types, style, and the configuration itself
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(RUN) -m authorizer check

format: $(INSTALLED)
	$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format .

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .coverage
