# SPDX-License-Identifier: BSD-2-Clause
# Set-up and the two main jobs; needs python3 (3.11 to 3.13, with venv), g++, make and perl.
#
#   make demo    classify 100 bundled test digits on the simulated core and compare every spike
#   make quick   check style and types, and run the tests that are marked fast
#   make test    check style and types, and run all tests but the long ones
#   make long    run the tests that take long: bitstreams and their netlists, networks of full size, all tools;
#                with MINUTES=15 those that are due by the record of tests, as many as run in this time
#   make thorough  run the tests that a release needs and .ci/run leaves out: large proofs, other dies, killed verbs
#   make record  add the tests that take long and have passed here to the record, tests/long.csv
#   make left-out  run the tests that the last run left out, once the programs that it named are there
#   make faults  put N=600 faults, drawn with SEED=1, into the Python code of the last commit (or FILES="F F" of it), by
#                JOBS=2 processes, and list those that no test catches; the first run records what each test reaches;
#                JS=60 instead of N puts faults into the scripts of the page
#   make soak    try random networks, images, frames, files, kills and pauses for HOURS=n by JOBS=n, and keep what fails
#   make torch   run the tests of PyTorch's side, with the PyTorch of Debian's python3-torch
#   make docs    build the documentation site in build/docs
#   make bitstreams  build the bitstreams of mnist-4bit for all boards, or for BOARDS="B B", for a release: hours
#   make release build sdist, wheel and checksums of the last commit in dist, twice and to the bit
#   make lock    renew the three requirements.lock from pyproject.toml
#   make clean   remove what the other targets made

PYTHON ?= python3
BIN := .venv/bin
export PATH := $(PATH):$(CURDIR)/$(BIN)
HOURS ?= 1
JOBS ?=
BOARDS ?=
MINUTES ?=
N ?= 600
SEED ?= 1
FILES ?=
DEMO := --images 100 --lanes 64
PYTEST := $(BIN)/python -m pytest -n auto --dist worksteal
# Python compiles a module when it is first imported; to compile all here takes longer.
INSTALL := $(BIN)/python -m pip install --no-compile --require-hashes -r
TEST_EXTRAS := build all test examples flac explore nir cluster

# Python keeps what it has compiled: the tests start hundreds of short processes.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo quick test long thorough record left-out faults soak check torch docs bitstreams release setup setup-tests lock clean prerequisites

demo: setup
	$(BIN)/firstspike info
	$(BIN)/firstspike compare --target rtl $(DEMO)
	$(BIN)/firstspike run $(DEMO)
	$(BIN)/firstspike plot --number 0 --images 100 -o demo.png

quick: check
	$(PYTEST) -m "fast and not long"

test: check
	$(PYTEST) -m "not long and not thorough"

long: setup-tests
	$(PYTEST) -m long $(MINUTES:%=--minutes %)

thorough: setup-tests
	$(PYTEST) -m thorough

record: setup-tests
	$(BIN)/python -m tests.support.record renew

left-out: setup-tests
	$(PYTEST) --left-out

faults: setup-tests
	$(BIN)/python -m tests.faults $(or $(JS),$(N)) $(FILES) $(if $(JS),--javascript) --seed $(SEED) --jobs $(or $(JOBS),2)

soak: setup-tests
	$(BIN)/python -m tests.soak.run --hours $(HOURS) --jobs $(or $(JOBS),1)

check: setup-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy -n auto

torch: .venv-torch/ready
	.venv-torch/bin/python -m pytest -q -n auto tests/torch $(wildcard tests/*/test_judges.py)

.venv-torch/ready: tests/requirements.lock tests/torch/requirements.lock pyproject.toml
	/usr/bin/python3 -c 'import torch' # of Debian's package python3-torch
	/usr/bin/python3 -m venv --clear --system-site-packages .venv-torch
	.venv-torch/bin/python -m pip install -q --require-hashes -r tests/requirements.lock
	.venv-torch/bin/python -m pip install -q --no-deps --require-hashes -r tests/torch/requirements.lock
	.venv-torch/bin/python -m pip install -q --no-deps --no-build-isolation -e .
	touch $@

docs: .venv/docs
	$(BIN)/python -m sphinx -q -W --keep-going docs build/docs
	@echo "build/docs/index.html"

bitstreams: setup
	.ci/bitstreams $(BOARDS)

release: setup-tests
	$(BIN)/python -m tests.support.record check
	.ci/release

setup: prerequisites .venv/ready
setup-tests: prerequisites .venv/tests

# The checkout's own path is the stamp's content: a moved .venv does not work and is made anew.
ifneq ($(shell cat .venv/ready 2>/dev/null),$(CURDIR))
.PHONY: .venv/ready
endif
.venv/ready: requirements.lock pyproject.toml | prerequisites
	@echo "Installing the Python packages into .venv (some 300 MB to download, once)"
	$(PYTHON) -m venv --clear .venv
	$(INSTALL) requirements.lock
	$(BIN)/python -m pip install --no-deps --no-build-isolation -e .
	$(call compiled,yosys)
	@echo "$(CURDIR)" > $@

.venv/tests: .venv/ready tests/requirements.lock
	@echo "Installing what the tests need into .venv (some 180 MB to download, once)"
	$(INSTALL) tests/requirements.lock
	$(call compiled,nextpnr-ice40 nextpnr-ecp5 nextpnr-himbaechel-gowin)
	@touch $@

.venv/docs: .venv/ready docs/requirements.lock
	@echo "Installing what the documentation needs into .venv (some 20 MB to download, once)"
	$(INSTALL) docs/requirements.lock
	@touch $@

# The tools compile themselves when they first run. They do so here: of several at once, as tests have
# them, one may read what another is just writing, and crash.
compiled = @for tool in $(1); do $(BIN)/yowasp-$$tool --version >/dev/null 2>&1; done

prerequisites:
	@missing=; \
	for tool in $(PYTHON) g++ perl; do \
	    command -v "$$tool" >/dev/null 2>&1 || missing="$$missing $$tool"; \
	done; \
	if [ -n "$$missing" ]; then \
	    echo "Missing:$$missing. On Debian: apt-get install python3 python3-venv g++ make perl" >&2; \
	    exit 1; \
	fi; \
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { \
	    echo "$(PYTHON) is not Python 3.11, 3.12 or 3.13: name one by make PYTHON=python3.13" >&2; \
	    exit 1; \
	}; \
	$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	    echo "Missing: Python's venv. On Debian: apt-get install python3-venv" >&2; \
	    exit 1; \
	}

lock: setup
	$(BIN)/python -m pip install uv
	$(call locked,--extra build --extra all,requirements.lock)
	$(call locked,$(TEST_EXTRAS:%=--extra %) -c requirements.lock,tests/requirements.lock)
	$(call locked,--extra build --extra all --extra docs -c tests/requirements.lock,docs/requirements.lock)

locked = $(BIN)/uv pip compile -q pyproject.toml $(1) --universal --python-version 3.11 \
    --fork-strategy fewest --generate-hashes --no-annotate --no-emit-index-url \
    --no-emit-find-links --custom-compile-command "make lock" --upgrade -o $(2)

clean:
	rm -rf .venv .venv-torch build dist *.egg-info demo.png .mypy_cache .pytest_cache .ruff_cache .hypothesis
