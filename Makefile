# Everything installs into .venv and .cache of this folder; nothing else of the machine is touched.
VENV := .venv
# The distribution's Python is built with profile-guided optimisation; one built at home often is not, and takes half as
# long again for everything. So it comes first if it is new enough. PYTHON=... chooses another.
NEW_ENOUGH := -c 'import sys; sys.exit(sys.version_info < (3, 11))'
PYTHON ?= $(shell /usr/bin/python3 $(NEW_ENOUGH) 2>/dev/null && echo /usr/bin/python3 || echo python3)
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
CLIENTS := .cache/clients
RUN_OPTIONS ?=
SOUNDNESS_OPTIONS ?=
GOOD_DEVICES_OPTIONS ?=
MUTANTS ?=
QUALIFY_OPTIONS ?=
MUTATION_LIMIT ?= 90m

# Installs into the environment in folder $(1) what $(2) says. A bare Debian has python3 and pip, but not always python3-venv:
# then a pip from outside installs into the environment.
INTO = if $(1)/bin/python -m pip --version >/dev/null 2>&1; then $(1)/bin/python -m pip install -q $(2); \
  else $(firstword $(foreach python,$(PYTHON) python3,$(shell $(python) -m pip --version >/dev/null 2>&1 && echo $(python))) python3) \
    -m pip --python $(1)/bin/python install -q $(2); fi
# Installs this project with an extra.
INSTALL = $(call INTO,$(VENV),-e $(1))

# Compiled modules are kept, whatever the caller's shell says: without them each start takes seconds longer.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: acceptance suite ledger abuse link smoke long transitions test lint perf reference fuzz soundness good-devices mutation qualify
.PHONY: spec docs setup clean package clients

# The core of the suite: toast, both payment modes, the boot budget, cheats, two real devices.
acceptance: $(INSTALLED)
	@$(BIN)/hil run features -m core $(RUN_OPTIONS)

# The whole acceptance suite but for hours of charging: about a minute on two processors.
suite: $(INSTALLED)
	@$(BIN)/hil run features -m "not long" $(RUN_OPTIONS)

# What can go wrong with the ledger, and three ways to see it: about 20 s.
ledger: $(INSTALLED)
	@$(BIN)/hil run features/ledger $(RUN_OPTIONS)

# Every way to cheat that the catalogue lists, in both directions: about 15 s.
abuse: $(INSTALLED)
	@$(BIN)/hil run features/abuse $(RUN_OPTIONS)

# A link that fails at each message and as a whole, two real devices: about 15 s.
link: $(INSTALLED)
	@$(BIN)/hil run features/pair.feature features/link.feature features/link-messages.feature $(RUN_OPTIONS)

# Eight hours of charging: a minute or more.
long: $(INSTALLED)
	@$(BIN)/hil run features -m long $(RUN_OPTIONS)

# Which transitions of the state tables the scenarios reach; fails if there is one that none does without a reason. Some are
# a matter of milliseconds, so the seed is fixed.
transitions: $(INSTALLED)
	@$(BIN)/hil run features -p hil.tests.bench_transitions --bench-transitions .cache/transitions.txt --seed 7 \
	  $(RUN_OPTIONS)

# Both devices as programs of their own, in real time: about 75 s.
smoke: $(INSTALLED)
	@$(BIN)/hil run features/smoke.feature --rig rigs/realtime.yaml $(RUN_OPTIONS)

# The unit suite on two processors; then what starts programs (nodes, benches, watchdogs, pytest); then whole runs.
WITH_PROGRAMS := hil/tests/chain hil/tests/docs hil/tests/report/browser hil/tests/conformance hil/tests/perf \
  hil/tests/bdd/pytest_plugin/test_collection.py hil/tests/bdd/pytest_plugin/test_options.py hil/tests/bdd/test_traps.py hil/tests/devices/storage/test_account_store.py \
  hil/tests/devices/host/test_command.py hil/tests/rig/check/test_run.py hil/tests/rig/virtual \
  hil/tests/rig/safety/test_watchdog.py hil/tests/vbench/test_bench.py hil/tests/vbench/devices
test: $(INSTALLED)
	@$(BIN)/python -m pytest -q -n 2 --dist worksteal hil/tests $(WITH_PROGRAMS:%=--ignore %) --ignore hil/tests/acceptance --ignore hil/tests/fleet --ignore hil/tests/package
	@$(BIN)/python -m pytest -q -n 2 --dist worksteal $(WITH_PROGRAMS)
	@$(BIN)/python -m pytest -q hil/tests/acceptance hil/tests/fleet

# Wheel and sdist on a bare Debian, oldest and newest Python, as a plain user: some minutes. Needs Docker and mmdebstrap.
package: $(INSTALLED)
	@$(BIN)/python -m pytest -q hil/tests/package

lint: $(INSTALLED)
	@$(BIN)/ruff check . && $(BIN)/ruff format --check -q . && $(BIN)/mypy && $(BIN)/lint-imports --no-logo
	@$(BIN)/hil check --coverage
	@$(BIN)/python -m hil.tests.acceptance.violations

# What `make perf` measures our nodes against, in an environment of its own: it brings another build of coincurve.
reference: $(INSTALLED)
	@$(PYTHON) -m venv .cache/pyln && .cache/pyln/bin/python -m pip install -q 'pyln-testing == 26.6.9'

# Other people's programs that drive the virtual instruments, for the tests, in an environment of their own: some of them
# bring a pyserial, which labgrid's replaces. Three minutes and a gigabyte, once.
clients: $(CLIENTS)/.installed

$(CLIENTS)/.installed: fixtures/clients/requirements.txt fixtures/clients/requirements-without-theirs.txt
	@echo "setting up $(CLIENTS) (once, about three minutes)"
	@rm -rf $(CLIENTS)
	@$(PYTHON) -m venv $(CLIENTS) >/dev/null 2>&1 || $(PYTHON) -m venv --clear --without-pip $(CLIENTS)
	@$(call INTO,$(CLIENTS),-r fixtures/clients/requirements.txt)
	@$(call INTO,$(CLIENTS),--no-deps -r fixtures/clients/requirements-without-theirs.txt)
	@touch $@

perf: $(INSTALLED)
	@$(BIN)/python -m hil.perf.main

# A million inputs through the decoders and both machines, on two processors: about two minutes. Then evidence is cut off
# at every byte and changed at a thousand: some minutes.
fuzz: $(INSTALLED)
	@$(BIN)/python -m hil.fuzz.main
	@$(BIN)/python -m hil.tests.report.campaign

# The judge on trial: 100 000 truths are drawn, seen as a meter and a line would, and no verdict may contradict one. Some
# minutes on two processors, by how busy they are.
soundness: $(INSTALLED)
	@$(BIN)/python -m hil.tests.soundness $(SOUNDNESS_OPTIONS)

# A good device a thousand times, each with other errors of the instruments: no failure, and nothing inconclusive that
# was not announced at the desk. Part of the nightly run.
good-devices: $(INSTALLED)
	@$(BIN)/python -m hil.tests.acceptance.good_devices $(GOOD_DEVICES_OPTIONS)

# Mistakes put into the modules that decide, one at a time: does a test notice (docs/mutation.md)? Most of an hour on two
# processors, and never longer than MUTATION_LIMIT; what was measured by then is kept, and the next call goes on from there.
# MUTANTS='hil.evidence.limits*' measures one module anew. Then tells which mutants no test killed.
mutation: $(INSTALLED)
	@env -u PYTHONPATH nice timeout $(MUTATION_LIMIT) $(BIN)/mutmut run --max-children 2 $(if $(MUTANTS),'$(MUTANTS)'); \
	 status=$$?; $(BIN)/mutmut results; exit $$status

# Known defects put into devices, one at a time: does a scenario find it, and does its message name party and cause
# (docs/how-to/qualify-the-suite.md)? Less than a quarter of an hour on two idle processors.
qualify: $(INSTALLED)
	@$(BIN)/hil qualify $(QUALIFY_OPTIONS)

# Renews the test vectors and what of the protocol's specification comes from the code; then shows, and demands, that a
# test fires each transition of the state tables.
spec: $(INSTALLED)
	@$(BIN)/python -m hil.tests.protocol.make_vectors
	@$(BIN)/python -m hil.protocol.spec.tables
	@$(BIN)/python -m pytest -q -p hil.tests.transition_matrix --transition-matrix \
	  hil/tests/protocol hil/tests/links hil/tests/devices

# The pages of docs/ and the API as HTML in docs/_build/html; a warning is an error. What comes from the code is renewed first.
docs: $(INSTALLED)
	@$(BIN)/python -c 'import furo, myst_parser, sphinx' 2>/dev/null || { $(call INSTALL,'.[docs]'); }
	@$(BIN)/python -m hil.tests.docs.generate
	@rm -rf docs/reference/api
	@$(BIN)/python -m sphinx -W --keep-going -q docs docs/_build/html && echo docs/_build/html/index.html

setup: $(INSTALLED)

$(INSTALLED): pyproject.toml
	@echo "setting up $(VENV) (once, about a minute)"
	@$(PYTHON) $(NEW_ENOUGH) || { echo "Python 3.11 or newer is needed; this is: $$($(PYTHON) --version)" >&2; exit 1; }
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || $(PYTHON) -m venv --clear --without-pip $(VENV)
	@$(call INSTALL,'.[test]')
	@touch $@

clean:
	rm -rf $(VENV) .cache build dist docs/_build docs/reference/api *.egg-info .mypy_cache .ruff_cache .hypothesis .import_linter_cache mutants
