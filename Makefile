# `make demo` and `make test` need nothing but Python 3.11 or newer, make and a package index.
PYTHON ?= python3
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null)
# `.venv` is the machine's own python3's. One that is named, as in `make test PYTHON=python3.13`, has `.venv-3.13`.
VENV := .venv$(if $(filter-out python3,$(PYTHON)),-$(basename $(VERSION)))
RUN := $(VENV)/bin/python
# Names the version: an environment that another Python has made is never taken for this one's.
INSTALLED := $(VENV)/.installed-$(VERSION)
RUNNING := $(VENV)/.running-$(VERSION)
SERVING := $(VENV)/.serving-$(VERSION)
COVERAGE := --cov --cov-report=term
# A worker that dies ends the run: replaced, the run waits for ever for what the dead one had.
ALL := not s3 and not package and not page and not deploy and not nightly
PARALLEL := -n auto --dist loadfile --max-worker-restart=0

# What `make package` builds for: Lambda's name of the processor, and the version of Python.
ARCH ?= arm64
PY ?= 3.13
BUILD ?= build
WHEELS := manylinux2014_$(subst arm64,aarch64,$(ARCH))
SAM := .venv-deploy/bin/sam

.PHONY: demo serve test-serve test test-all test-pythons test-newest dynalite test-js test-page test-package test-s3 test-s3-long test-aws-local test-deploy mutations guards faults soak prove-differential prove-pairs prove-smt check check-deploy check-docs check-oscal docs sam package package-authorizer package-backend bundle bench format pins clean

# The command and the laptop's AWS: all that `make demo` needs. What tests need comes on top, into the same environment.
$(RUNNING): requirements/local.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo '$(PYTHON) is not Python 3.11 or newer, which is needed: make PYTHON=python3.13 …' >&2; exit 1; }
	$(RUN) -c 'import sys; sys.exit("%d.%d.%d" % sys.version_info[:3] != "$(VERSION)")' 2>/dev/null \
		|| $(PYTHON) -m venv --clear $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/local.txt
	$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

$(SERVING): requirements/serve.txt $(RUNNING)
	$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/serve.txt
	touch $@

$(INSTALLED): requirements/dev.txt $(RUNNING)
	$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	touch $@

MINE := example-data/home/11111111-1111-4111-8111-111111111111/notes.txt
THEIRS := example-data/home/22222222-2222-4222-8222-222222222222/notes.txt

demo: $(RUNNING) ## One Cognito token in, one user's credentials out, and what they open: no AWS account, no network
	$(RUN) -m authorizer invoke events/rest-token-allow.json --explain --get $(MINE) --get $(THEIRS)

serve: $(SERVING) ## API Gateway on this machine, in front of the sample backend: no AWS account, no network
	$(RUN) -m authorizer serve

test-serve: $(INSTALLED) ## 200 clients at the local gateway for a minute: its rate, and no wrong verdict
	$(RUN) -m tests.local_gateway.load

test: $(INSTALLED) ## Every test but those that take seconds
	$(RUN) -m pytest $(PARALLEL)

test-all: $(INSTALLED) ## Those, too, with branch coverage
	$(RUN) -m pytest $(PARALLEL) $(COVERAGE) -m "$(ALL)"

test-pythons: $(INSTALLED) ## Every test on this Python, with coverage; the suite of `make test` on every other from 3.11 to 3.14 that is installed, each in its own environment
	$(RUN) -m tests.pythons

test-newest: $(INSTALLED) ## The same against the newest release of each library, past the pins: what is newer, what breaks
	$(RUN) -m tests.newest

dynalite: ## The second DynamoDB that the tests ask, from npm: without it they skip
	mkdir -p build/dynalite
	cp tests/servers/dynalite/package.json build/dynalite
	npm install --prefix build/dynalite --no-package-lock --no-audit --no-fund --silent

test-js: ## The modules for pages, on Node
	node --test tests/browser

PAGE := build/page/.installed

test-page: $(INSTALLED) $(PAGE) ## The console and the sample page in Chromium, the page against Ceph's S3: apt-get install chromium radosgw ceph-mon ceph-osd ceph-common
	$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/page.txt
	build/page/node_modules/.bin/tsc -p deploy/browser
	node --test tests/browser
	$(RUN) -m pytest -m page tests/browser

$(PAGE): tests/browser/package.json ## Types, the SDK that the provider is handed to, and axe-core, from npm
	mkdir -p build/page
	cp $< build/page
	npm install --prefix build/page --no-package-lock --no-audit --no-fund --silent
	touch $@

test-package: $(INSTALLED) ## What is shipped, the zip and the wheel: built, unpacked and run
	$(RUN) -m pytest $(PARALLEL) -m "package and not nightly"

test-aws-local: $(INSTALLED) ## The local AWS that enforces: isolation, 43,593 checks, and every attack on its door
	$(RUN) -m pytest tests/local_aws
	$(RUN) -m tests.local_aws.matrix
	$(RUN) -m tests.local_aws.matrix --handed-out --every 10
	$(RUN) -m tests.local_aws.services_matrix

test-s3: $(INSTALLED) ## Isolation on a real S3 and STS server: apt-get install radosgw ceph-mon ceph-osd ceph-common
	$(RUN) -m pytest -m "s3 and not nightly" tests/s3

test-s3-long: $(INSTALLED) ## The same on every Python of Lambda's that is installed, and all 32,340 checks
	$(RUN) -m pytest -m s3 tests/s3
	$(RUN) -m tests.s3.matrix

mutations: $(INSTALLED) ## A hundred thousand spoiled tokens, none of which may be taken
	$(RUN) -m tests.tokens.mutations --count 100000

guards: $(INSTALLED) ## Break each check of every room in turn, and say which tests turn red: an hour. RECORD=1: write it down
	$(RUN) -m tests.guards $(if $(RECORD),--record)

faults: $(INSTALLED) ## Fail, delay, cancel and lie at every place where a request waits, in every state: some minutes
	$(RUN) -m tests.faults

soak: $(INSTALLED) ## A million decisions of one handler, each judged by a model of its own: half an hour. HOURS=6: so many hours' worth
	$(RUN) -m tests.soak $(if $(HOURS),--hours $(HOURS))

prove-differential: $(INSTALLED) ## The prover and diff against independent judges: some minutes
	$(RUN) -m tests.engine.prove.differential
	SPLIT_REQUESTS=100000 $(RUN) -m pytest -q -s tests/gate/test_split.py

prove-pairs: $(INSTALLED) ## Pairs of policies that others wrote, compared: make prove-pairs CORPUS=a checkout of Quacky's
	$(RUN) -m tests.engine.prove.pairs $(CORPUS)

prove-smt: $(INSTALLED) ## Every question of every proof, bundled, library and planted mistakes, answered by cvc5: some minutes
	$(RUN) -m tests.engine.smt

check: $(INSTALLED) check-deploy check-docs check-oscal ## Types, style, the configuration itself, and the deployment
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(RUN) -m authorizer check
	$(RUN) -m authorizer policy check
	$(RUN) -m authorizer policy test
	$(RUN) -m authorizer policy prove

CDK := .venv-cdk/.installed

test-deploy: $(INSTALLED) $(SAM) $(CDK) ## What is generated, deployed: SAM and Terraform to an emulator, CDK synthesised: some minutes
	$(RUN) -m pytest -m deploy tests/deploying

$(CDK): requirements/cdk.txt tests/deploying/cdk/package.json
	test -x .venv-cdk/bin/python || $(PYTHON) -m venv .venv-cdk
	.venv-cdk/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	mkdir -p build/cdk
	if command -v npm >/dev/null; then cp tests/deploying/cdk/package.json build/cdk \
		&& npm install --prefix build/cdk --no-package-lock --no-audit --no-fund --silent; fi
	touch $@

sam: $(SAM) ## AWS SAM, in an environment of its own
	@echo $(SAM)

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

docs: check-docs ## The guide as a site, in build/site: searched in the browser, also without a server
	@echo build/site/index.html

check-docs: .venv-docs/.installed
	.venv-docs/bin/sphinx-build --quiet --fresh-env --fail-on-warning --keep-going --nitpicky -b html docs build/site

.venv-docs/.installed: requirements/docs.txt
	test -x .venv-docs/bin/python || $(PYTHON) -m venv .venv-docs
	.venv-docs/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	touch $@

check-oscal: $(INSTALLED) .venv-oscal/.installed ## The report's OSCAL file by NIST's models, as compliance-trestle has them
	$(RUN) -m pytest -q tests/assurance/test_trestle.py

.venv-oscal/.installed: requirements/oscal.txt
	test -x .venv-oscal/bin/python || $(PYTHON) -m venv .venv-oscal
	.venv-oscal/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	touch $@

package: package-authorizer package-backend ## The functions as Lambda takes them: make package ARCH=x86_64 PY=3.13
	@echo "built for Architecture=$(ARCH) PythonVersion=python$(PY): $(BUILD)/authorizer.zip and $(BUILD)/backend"

package-authorizer: $(INSTALLED)
	$(RUN) -m authorizer bundle --sample --arch $(ARCH) --python $(PY) --output $(BUILD)/authorizer.zip

package-backend: $(INSTALLED)
	rm -rf $(BUILD)/backend
	$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --no-compile \
		--only-binary=:all: --implementation cp --python-version $(PY) --platform $(WHEELS) \
		--target $(BUILD)/backend -r requirements/lambda.txt
	$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-compile \
		--target $(BUILD)/backend .
	cp deploy/backends/python/files.py $(BUILD)/backend

bundle: $(INSTALLED) ## The Lambda zip, small and quick to start, in dist/: make bundle ARCH=arm64 PY=3.13
	$(RUN) -m authorizer bundle --sample --arch $(ARCH) --python $(PY)

bench: $(INSTALLED) ## Speed, memory, cold start and size against named peers: some minutes. RECORD=1: for docs/speed.md; STRICT=1: fails on a miss
	$(RUN) -m benchmarks $(if $(RECORD),--record) $(if $(STRICT),--strict)

format: $(INSTALLED)
	$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format .

PIN := uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q

pins: ## Pin anew what pyproject.toml asks for; needs uv
	$(PIN) pyproject.toml --extra sealed -o requirements/lambda.txt
	$(PIN) pyproject.toml --extra sealed --extra cli --extra login --extra local --extra serve --group dev -c requirements/lambda.txt -o requirements/dev.txt
	$(PIN) pyproject.toml --extra sealed --extra cli --extra local --group build -c requirements/dev.txt -o requirements/local.txt
	$(PIN) pyproject.toml --extra sealed --extra cli --extra serve --group build -c requirements/dev.txt -o requirements/serve.txt
	$(PIN) --group pyproject.toml:deploy -o requirements/deploy.txt
	$(PIN) --group pyproject.toml:cdk -o requirements/cdk.txt
	$(PIN) --group pyproject.toml:docs -o requirements/docs.txt
	$(PIN) --group pyproject.toml:oscal -o requirements/oscal.txt
	$(PIN) --group pyproject.toml:page -c requirements/dev.txt -o requirements/page.txt
	$(PIN) --group pyproject.toml:bench -c requirements/dev.txt -o requirements/bench.txt

clean:
	rm -rf .venv .venv-* build dist .mypy_cache .ruff_cache .pytest_cache .coverage
