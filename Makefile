# All tasks of a checkout. `make` alone lists them; every target installs its dependencies, and
# reinstalls them only when pyproject.toml or constraints.txt has changed.

VENV := .venv
PY := $(VENV)/bin/python
PROTOS := .tools/protos
UV := .tools/uv
LOAD_TOOLS := .tools/go
GHZ := v0.121.0
GRPCURL := v1.9.4
GO := $(shell command -v go 2>/dev/null)
# Without asking, where the suites run as root on Debian, as in CI; elsewhere `make promtool` does.
TAKE_PROMTOOL := $(if $(filter 0,$(shell id -u)),$(if $(shell command -v apt-get 2>/dev/null),promtool))
TAKE_PGBOUNCER := $(patsubst promtool,pgbouncer,$(TAKE_PROMTOOL))
TAKE_FAKETIME := $(patsubst promtool,faketime,$(TAKE_PROMTOOL))

# The first of these that is new enough; 3.11 is the tested one. `make PYTHON=...` overrides it.
ifndef PYTHON
PYTHON := $(shell for name in python3.11 python3.12 python3.13 python3; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && \
	echo $$name && break; done)
endif

# The install takes about 7 GB; until it is done, its downloads take space too.
FREE_GB = $(if $(wildcard $(VENV)/run.stamp),1,10)
CACHES := .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache

# One target after the other, but for those that `lint` and `check` run side by side.
ifndef SIDE_BY_SIDE
.NOTPARALLEL:
endif
.DELETE_ON_ERROR:

# Containers often set it, and then every process compiles all that it imports: a start of the
# system takes two or three times as long. `make clean` removes what is compiled.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## Lists the targets (this text)
	@echo 'imggen: story illustrations, from a typed call to a stored image.'
	@echo
	@echo 'Start with `make demo` (pictures in a few minutes, without a GPU or an account),'
	@echo 'then `make up` (the same system, for your own calls). Before a commit: `make test`.'
	@echo
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | \
		while IFS="$$(printf '\t')" read -r target text; do printf '  make %-19s %s\n' "$$target" "$$text"; done
	@echo
	@echo 'Everything is installed into $(VENV) and .tools, data is in .imggen; what else is written, README says.'
	@scripts/check-machine "$(PYTHON)" $(FREE_GB) && echo 'This machine meets the requirements.'

# Setup.

.PHONY: machine
machine:
	@scripts/check-machine "$(PYTHON)" $(FREE_GB)

# $(call install,EXTRAS) installs the client and the service's libraries into the venv. Bytecode
# is compiled on first import, which needs a tenth of it. Downloads are unpacked inside the venv,
# since /tmp may be small, and are not cached, since they are 3 GB.
define install
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@mkdir -p $(VENV)/tmp
	@TMPDIR="$(CURDIR)/$(VENV)/tmp" $(PY) -m pip install --quiet --disable-pip-version-check \
		--no-cache-dir --no-compile --prefer-binary --constraint constraints.txt setuptools
	@TMPDIR="$(CURDIR)/$(VENV)/tmp" $(PY) -m pip install --quiet --disable-pip-version-check \
		--no-cache-dir --no-compile --prefer-binary --constraint constraints.txt \
		--no-build-isolation --editable './client[cli]' --editable '.[$(1)]'
	@rm -rf $(VENV)/tmp
endef

$(VENV)/run.stamp: pyproject.toml client/pyproject.toml constraints.txt | machine
	@echo 'Installing into $(VENV) (about 7 GB; minutes the first time) ...'
	$(call install,server$(comma)actors)
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp | machine
	@echo 'Installing the dependencies of the tests ...'
	$(call install,server$(comma)actors$(comma)dev)
	@touch $@

$(PROTOS)/stamp: protos/requirements.txt | machine
	@echo 'Installing the generator of the stubs into $(PROTOS) ...'
	@test -x $(PROTOS)/bin/python || $(PYTHON) -m venv $(PROTOS)
	@$(PROTOS)/bin/python -m pip install --quiet --disable-pip-version-check --prefer-binary \
		--requirement protos/requirements.txt
	@touch $@

comma := ,

.PHONY: setup
setup: $(VENV)/dev.stamp $(PROTOS)/stamp ## Installs the dependencies of all targets

# Running.

.PHONY: demo
demo: machine $(VENV)/run.stamp ## Draws two portraits and a three-page story, and saves them
	@$(PY) -m cluster.embedded.local demo

.PHONY: up
up: machine $(VENV)/run.stamp ## Runs the whole system on this machine until Ctrl-C
	@$(PY) -m cluster.embedded.local up

.PHONY: bench-up
bench-up: machine $(VENV)/run.stamp ## Runs the system with stored pictures, for load tests by ghz
	@$(PY) -m cluster.load.bench up

.PHONY: bench-jobs
bench-jobs: machine $(VENV)/run.stamp ## Submits 100 jobs to bench-up, for ghz to get and watch
	@$(PY) -m cluster.load.bench jobs

.PHONY: bench-cancel
bench-cancel: machine $(VENV)/run.stamp ## Cancels the jobs that load tests left waiting in bench-up
	@$(PY) -m cluster.load.bench cancel

.PHONY: bench-clean
bench-clean: machine $(VENV)/run.stamp ## Removes the data of bench-up
	@$(PY) -m cluster.load.bench clean

# Checking.

.PHONY: test
test: lint unit recipe integration selection ## Lints, and runs all but the slow tests

# Both of them wait more than they compute.
.PHONY: check
check: COVERED := yes
check: test coverage ## Runs `make test` with coverage, which is enforced, then the slow suites, as CI does
	@echo 'Running `make slow` and `make faults-quick` side by side; each prints when it ends ...'
	@$(MAKE) --no-print-directory SIDE_BY_SIDE=yes --jobs 2 --output-sync=target slow faults-quick

# mypy takes as long as all the others.
.PHONY: lint
lint: machine $(VENV)/dev.stamp $(PROTOS)/stamp ## Checks style, types, imports, the contract and its stubs
	@$(MAKE) --no-print-directory SIDE_BY_SIDE=yes --jobs 2 --output-sync=target lint-types lint-rest

.PHONY: lint-types
lint-types: machine $(VENV)/dev.stamp
	$(PY) -m mypy

.PHONY: lint-rest
lint-rest: machine $(VENV)/dev.stamp $(PROTOS)/stamp
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(VENV)/bin/lint-imports --no-logo
	$(PROTOS)/bin/buf lint
	BUF=$(PROTOS)/bin/buf scripts/check-breaking
	$(PROTOS)/bin/python protos/generate.py --check
	$(PY) scripts/write-schema --check
	$(PY) scripts/write-fake-catalogue --check
	$(PY) scripts/write-unicode --check
	$(PY) -m cluster.observe.dashboard --check

.PHONY: format
format: machine $(VENV)/dev.stamp ## Formats the code, and applies ruff's fixes
	@$(PY) -m ruff check --fix-only .
	@$(PY) -m ruff format .

# $(call suite,SUITE,PERCENT,OPTIONS,RUN) runs a suite. With COVERED it fails if it covers fewer of
# the lines, which takes a third more time.
suite = $(if $(COVERED),$(covered),$(PY) -m pytest tests/$(1) $(4) --ignore tests/recipe/slow --durations 10)

# The data files of child processes, including Ray's actors, are next to the suite's own.
define covered
	@rm -f .coverage.$(1) .coverage.$(1).*
	COVERAGE_FILE="$(CURDIR)/.coverage.$(1)" $(PY) -m coverage run -m pytest tests/$(1) $(4) --ignore tests/recipe/slow --durations 10
	@COVERAGE_FILE="$(CURDIR)/.coverage.$(1)" $(PY) -m coverage combine --quiet
	@echo 'Coverage of the $(1) tests, $(2) % is enforced:'
	@COVERAGE_FILE="$(CURDIR)/.coverage.$(1)" $(PY) -m coverage report --fail-under=$(2) $(3)
endef

# Two processes share the files of each suite. Torch's threads wait for each other, and would take
# the core of the other process.
.PHONY: unit
unit: export OMP_NUM_THREADS := 1
unit: machine $(VENV)/dev.stamp $(TAKE_PROMTOOL) ## Runs the unit tests: no processes, no database
	$(call suite,unit,70,--omit 'recipe/*$(comma)actors/judging/*',-n 2 --dist loadfile)

.PHONY: recipe
recipe: export OMP_NUM_THREADS := 1
recipe: machine $(VENV)/dev.stamp ## Runs the tests of the checkpoint's recipe
	$(call suite,recipe,80,--include 'recipe/*$(comma)actors/judging/*',-n 2 --dist loadfile)

# These tests wait more than they compute, so two processes share their files, each with a Postgres
# of its own; all tests of Ray are in one file, so there is one Ray.
.PHONY: integration
integration: machine $(VENV)/dev.stamp $(TAKE_PROMTOOL) $(TAKE_PGBOUNCER) $(TAKE_FAKETIME) ## Runs the tests with a real Postgres, S3 server, gRPC and Ray
	$(call suite,integration,80,--omit 'recipe/*$(comma)actors/judging/*',-n 2 --dist loadfile)

.PHONY: coverage
coverage: COVERED := yes
coverage: unit recipe integration ## Runs these suites, and enforces what they cover alone and together
	@$(PY) -m coverage combine --quiet --keep --data-file "$(CURDIR)/.coverage.all" \
		.coverage.unit .coverage.recipe .coverage.integration
	@echo 'Coverage of all three, 92 % is enforced:'
	@$(PY) -m coverage report --data-file "$(CURDIR)/.coverage.all" --fail-under=92 | tail -n 3

.PHONY: selection
selection: machine $(VENV)/dev.stamp ## Runs the short selection of the fault tests: about a minute
	$(PY) -m pytest tests/faults --durations 10

.PHONY: faults
faults: machine $(VENV)/dev.stamp ## Runs the fault tests in full, with broken builds; prints a table
	@$(PY) -m tests.faults

.PHONY: faults-quick
faults-quick: machine $(VENV)/dev.stamp ## Runs shorter fault tests
	@$(PY) -m tests.faults --quick

.PHONY: slow
slow: machine $(VENV)/dev.stamp $(if $(GO),load-tools manifest-tools) ## Runs the slow suites alone
	$(PY) -m pytest tests/slow tests/recipe/slow --timeout 1800

# Nothing else runs it. The stand-in will do: see docs/providers.md.
.PHONY: live
live: machine $(VENV)/dev.stamp ## Draws at OpenAI itself (IMGGEN_OPENAI_API_KEY): 18 pictures, 9 cents
	$(PY) -m pytest tests/live -m live --timeout 1800

.PHONY: bench
bench: machine $(VENV)/dev.stamp $(if $(GO),load-tools) ## Measures the service, and prints medians with their settings
	@$(PY) -m benchmarks

CHECKPOINT := actors/storybook/checkpoint
REFERENCES := 80

# DRAWN pages once, and VARIED pages with four seeds each, at a second or more for a picture.
DRAWN := 12
VARIED := 0

.PHONY: evaluate-reading
evaluate-reading: machine $(VENV)/dev.stamp ## Measures how pages are read, on pages labelled by hand, and draws DRAWN of them
	@$(PY) -m recipe.reading --drawn $(DRAWN) --varied $(VARIED)

# With REFERENCES=600 its likeness takes hours; a run that was cut goes on where it was.
.PHONY: evaluate-storybook
evaluate-storybook: machine $(VENV)/dev.stamp ## Measures the checkpoint that ships (or CHECKPOINT=...), into build/evaluation
	@$(PY) -m recipe.evaluate --checkpoint $(CHECKPOINT) --references $(REFERENCES) --out build/evaluation


# Builds in .tools/go rather than in Go's own folders, with modules that can be deleted; the
# downloads are not kept. With Go installed, `make check` runs the real ghz.
.PHONY: load-tools
load-tools: $(LOAD_TOOLS)/$(GHZ)-$(GRPCURL).stamp ## Installs ghz and grpcurl into .tools/go (needs Go 1.23)

$(LOAD_TOOLS)/$(GHZ)-$(GRPCURL).stamp:
	@test -n "$(GO)" || { echo 'make: building ghz and grpcurl needs Go 1.23 or newer, which' \
		'is not on PATH; see https://go.dev/dl' >&2; exit 1; }
	@echo 'Building ghz and grpcurl into $(LOAD_TOOLS)/bin (a minute or two) ...'
	@mkdir -p $(LOAD_TOOLS)
	@rm -rf $(LOAD_TOOLS)/build
	@for tool in github.com/bojand/ghz/cmd/ghz@$(GHZ) \
		github.com/fullstorydev/grpcurl/cmd/grpcurl@$(GRPCURL); do \
		GOBIN="$(CURDIR)/$(LOAD_TOOLS)/bin" GOPATH="$(CURDIR)/$(LOAD_TOOLS)/build" \
		GOCACHE="$(CURDIR)/$(LOAD_TOOLS)/build/cache" GOFLAGS="$$GOFLAGS -modcacherw" \
		$(GO) install "$$tool" || exit 1; done
	@rm -rf $(LOAD_TOOLS)/build
	@touch $@

# With Go installed, `make check` reads the manifests of cluster/kubernetes with their own types.
.PHONY: manifest-tools
manifest-tools: $(LOAD_TOOLS)/manifests.stamp ## Builds what reads manifests into .tools/go (needs Go 1.24)

$(LOAD_TOOLS)/manifests.stamp: $(wildcard tests/manifests/*.go tests/manifests/go.*)
	@test -n "$(GO)" || { echo 'make: building manifests needs Go 1.24 or newer, which is not on' \
		'PATH; see https://go.dev/dl' >&2; exit 1; }
	@echo 'Building manifests into $(LOAD_TOOLS)/bin (a minute or two) ...'
	@mkdir -p $(LOAD_TOOLS)/bin
	@GOPATH="$(CURDIR)/$(LOAD_TOOLS)/build-manifests" \
		GOCACHE="$(CURDIR)/$(LOAD_TOOLS)/build-manifests/cache" GOFLAGS="$$GOFLAGS -modcacherw" \
		$(GO) build -C tests/manifests -buildvcs=false -o "$(CURDIR)/$(LOAD_TOOLS)/bin/manifests" .
	@rm -rf $(LOAD_TOOLS)/build-manifests
	@touch $@

# Debian's, unpacked and not installed, so that no Prometheus starts. The tests that need it say so
# where it is not at hand.
PROMTOOL := .tools/prometheus
.PHONY: promtool
promtool: ## Takes Debian's promtool into .tools, which checks metrics and alerts (needs apt-get)
	@test -x $(PROMTOOL)/promtool || { rm -rf $(PROMTOOL) && mkdir -p $(PROMTOOL)/deb && \
		cd $(PROMTOOL)/deb && timeout 120 apt-get download --quiet --quiet prometheus && \
		dpkg-deb --extract prometheus_*.deb . && mv usr/bin/promtool .. && cd .. && rm -rf deb; } || \
		echo 'make: there is no promtool to be had; the tests that need it are skipped'

# The same of PgBouncer, with the one library that it needs beside those of Python.
PGBOUNCER := .tools/pgbouncer
.PHONY: pgbouncer
pgbouncer: ## Takes Debian's PgBouncer into .tools, for the tests behind a pooler (needs apt-get)
	@test -x $(PGBOUNCER)/pgbouncer || { rm -rf $(PGBOUNCER) && mkdir -p $(PGBOUNCER)/deb && \
		cd $(PGBOUNCER)/deb && timeout 120 apt-get download --quiet --quiet pgbouncer libc-ares2 && \
		for package in *.deb; do dpkg-deb --extract "$$package" . || exit 1; done && \
		mv usr/sbin/pgbouncer usr/lib/*/libcares.so.2* .. && cd .. && rm -rf deb; } || \
		echo 'make: there is no pgbouncer to be had; the tests that need it are skipped'

# The same of libfaketime, which gives a process a clock that is wrong.
FAKETIME := .tools/faketime
.PHONY: faketime
faketime: ## Takes Debian's libfaketime into .tools, for the tests of wrong clocks (needs apt-get)
	@test -e $(FAKETIME)/libfaketimeMT.so.1 || { rm -rf $(FAKETIME) && mkdir -p $(FAKETIME)/deb && \
		cd $(FAKETIME)/deb && timeout 120 apt-get download --quiet --quiet libfaketime && \
		dpkg-deb --extract libfaketime_*.deb . && mv usr/lib/*/faketime/*.so.1 .. && cd .. && \
		rm -rf deb; } || echo 'make: there is no libfaketime to be had; the tests that need it are skipped'

# Maintaining.

.PHONY: protos
protos: machine $(PROTOS)/stamp ## Writes the stubs and the protosets from protos/
	@$(PROTOS)/bin/python protos/generate.py

# Callers hold stubs of what was released, and `make lint` fails where the contract no longer
# serves those. So the baseline is written for a release, by whoever tags it, and is part of its
# commit; between releases it stays, whatever is added to the contract. A break of something
# that was never released is the one other reason to write it: say so in the commit.
.PHONY: baseline
baseline: machine $(PROTOS)/stamp ## Writes protos/baseline.binpb: the contract that a release promises
	@$(PROTOS)/bin/buf build --exclude-source-info --output protos/baseline.binpb

.PHONY: settings
settings: machine $(VENV)/dev.stamp ## Writes docs/settings.md from the settings classes
	@$(PY) scripts/write-settings

.PHONY: schema
schema: machine $(VENV)/dev.stamp ## Writes server/store/schema.sql from a migrated database
	@$(PY) scripts/write-schema

.PHONY: fake-catalogue
fake-catalogue: machine $(VENV)/dev.stamp ## Writes what imggen.testing offers, from the gateway's own
	@$(PY) scripts/write-fake-catalogue

.PHONY: unicode
unicode: machine $(VENV)/dev.stamp ## Writes the classes of characters that texts are read by
	@$(PY) scripts/write-unicode

.PHONY: dashboard
dashboard: machine $(VENV)/dev.stamp ## Writes the Grafana dashboard of cluster/observe
	@$(PY) -m cluster.observe.dashboard

# Keeps the pins that still fit; `make constraints UPGRADE=--upgrade` takes the newest versions.
# Run `make check` before committing the result.
.PHONY: constraints
constraints: machine ## Compiles constraints.txt (UPGRADE=--upgrade takes newer versions)
	@test -x $(UV)/bin/uv || { $(PYTHON) -m venv $(UV) && $(UV)/bin/python -m pip install --quiet uv; }
	@$(UV)/bin/uv pip compile --quiet --python-version 3.11 --all-extras --no-annotate \
		--custom-compile-command 'make constraints' $(UPGRADE) \
		--output-file constraints.txt pyproject.toml client/pyproject.toml

.PHONY: clean
clean: ## Removes installed and cached files; the data in .imggen stays
	@rm -rf $(VENV) .tools $(CACHES) *.egg-info client/*.egg-info client/build build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
