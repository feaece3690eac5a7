# Two commands matter: `make run` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
PYTHON := .venv/bin/python
# A lock file that changes changes its stamp's name, and so is installed again.
RUN_STAMP := .venv/installed-run-$(shell cksum < requirements/run.lock | tr ' ' '-')
DEV_STAMP := .venv/installed-dev-$(shell cksum < requirements/dev.lock | tr ' ' '-')
TESTS ?= tests
# Compiled when it is installed, on every processor, and not by the first program that imports it.
COMPILE := $(PYTHON) -m compileall -q -j 0 trialsite participants screening infusion followup

.DEFAULT_GOAL := help
.PHONY: help run test lint types contracts migrations check lock clean-state bench bench-feed real-data browser-at-length screens random-journeys faults bench-sweep bench-pages tamper bench-audit signatures-at-length mutation

help:  ## list these targets
	@awk -F ':.*## *' '/^[a-z-]+:.*##/ { printf "make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(RUN_STAMP)  ## start everything on this machine: database, broker, web, worker, beat, mail
	@exec $(PYTHON) -m trialsite.devservices run

test: $(DEV_STAMP)  ## run every test against a real PostgreSQL, the browser tests included
	@.ci/chromium
	@$(PYTHON) -m pytest -n 2 --dist worksteal --cov --cov-config=tests/coverage.ini --cov-report=term:skip-covered $(TESTS)

lint: $(DEV_STAMP)  ## style and formatting
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .

types: $(DEV_STAMP)  ## static types
	@$(PYTHON) -m mypy .

contracts: $(DEV_STAMP)  ## who may import whom
	@.venv/bin/lint-imports

migrations: $(DEV_STAMP)  ## no model change without its migration
	@$(PYTHON) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run  # no database is asked

check: lint types contracts migrations  ## all checks but the tests

lock: $(DEV_STAMP)  ## renew both lock files from pyproject.toml (needs the network)
	@.ci/lock

clean-state:  ## delete the local database, mail and logs; refuses while the stack runs
	@.ci/clean-state

$(RUN_STAMP): requirements/run.lock
	@.ci/venv requirements/run.lock
	@$(COMPILE)
	@rm -f .venv/installed-run-* && touch $@

$(DEV_STAMP): requirements/dev.lock
	@.ci/venv requirements/dev.lock
	@$(COMPILE)
	@rm -f .venv/installed-dev-* && touch $@

bench: $(DEV_STAMP)  ## print what the journey costs: milliseconds and SQL statements
	@.venv/bin/python -m bench.journey
	@.venv/bin/python -m bench.eligibility --records 20000

real-data: $(DEV_STAMP)  ## check the laboratory feed and the grades on the real data of the CDISC pilot study, where they are
	@$(PYTHON) -m tests.real_data.check

bench-feed: $(DEV_STAMP)  ## print what importing laboratory results costs: rows per second, peak of memory
	@$(PYTHON) -m bench.feed

browser-at-length: $(DEV_STAMP)  ## the browser tests with every page in every role and all evidence by hand (half an hour)
	@.ci/chromium
	@TRIALSITE_AT_LENGTH=1 $(PYTHON) -m pytest -n 2 tests/browser

screens: $(DEV_STAMP)  ## take a picture of every page in three widths, light and dark, into docs/screens (ten minutes)
	@.ci/chromium
	@$(PYTHON) -m pytest -q tests/browser/screens.py

faults: $(DEV_STAMP)  ## kill worker, beat, database and mail server again and again, and count what is lost or doubled (an hour)
	@$(PYTHON) -m tests.faults --times 20

bench-sweep: $(DEV_STAMP)  ## print what sweep, delivery and reconciliation cost at 10 000 and 100 000 participants (a quarter of an hour)
	@$(PYTHON) -m bench.sweep --trail

bench-pages: $(DEV_STAMP)  ## print what the pages of every day cost: milliseconds, SQL statements, kilobytes (two minutes)
	@$(PYTHON) -m bench.pages

random-journeys: $(DEV_STAMP)  ## the plan against the stored obligations over 200 random journeys (a quarter of an hour)
	@TRIALSITE_JOURNEYS=200 $(PYTHON) -m pytest tests/participants/test_reconcile_properties.py

tamper: $(DEV_STAMP)  ## tamper with the sealed audit trail 500 times and check that each is found; 200 clean runs beside (ten minutes)
	@$(PYTHON) -m tests.seal.tampering --trials 500 --clean 200

bench-audit: $(DEV_STAMP)  ## print what the audit trail costs a write, and how fast a million entries are sealed and checked (ten minutes)
	@$(PYTHON) -m bench.audit

signatures-at-length: $(DEV_STAMP)  ## change what was signed at random, a thousand times, and see each time whether the signature says so
	@SIGNING_MUTATIONS=1000 $(PYTHON) -m pytest tests/signing/test_mutations.py

mutation: $(DEV_STAMP)  ## change the rules of eligibility and grading spot by spot and see whether a test notices (half an hour)
	@.venv/bin/mutmut run --max-children 2 && .venv/bin/mutmut results
