# Everything happens in .venv, which is made when it is first needed. Needs python3 (3.10 or later) and make. What checks
# the page's JavaScript needs node (18.18 or later) and npm, and stands in node_modules; without them it is skipped.

PYTHON = python3
BIN = .venv/bin
NODE_BIN = node_modules/.bin
NODE := $(shell command -v node 2> /dev/null)
NPM := $(shell command -v npm 2> /dev/null)

.PHONY: help run test quick soak fuzz lint docs bench hostile profile tables clean
# Parts of test and lint.
.PHONY: test-page lint-page

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 8

run: .venv/installed ## serve a room on loopback: lines on 55555, a page on 8080, IRC on 6667; ARGS="--room tea" hands options on
	$(BIN)/twistd --nodaemon --pidfile= chatroom --web 8080 --irc 6667 $(ARGS)

test: test-page .venv/installed-test ## run the tests, some minutes long, and check how much of chatroom/ they cover
	@$(BIN)/coverage erase
	@# What is left after combining is of processes that a test has killed in the middle of writing it.
	@# Several files of tests at once: much of what they do is to wait for processes.
	@status=0; $(BIN)/coverage run -m pytest --numprocesses 4 --dist loadfile $(ARGS) || status=$$?; \
	$(BIN)/coverage combine --quiet; rm -f .coverage.*; $(BIN)/coverage report && exit $$status

ifneq ($(NODE),)
test-page:
	$(NODE) --test --test-reporter=spec tests/page/*.test.js
else
test-page:
	@echo "The page's unit tests are skipped: node is not installed."; [ "$(CHATROOM_TEST_ALL)" != 1 ]
endif

quick: .venv/installed-test ## run the tests that need no process and no browser, in under a minute
	$(BIN)/python -m pytest -m "not process and not browser and not soak" --numprocesses auto --dist worksteal $(ARGS)

soak: .venv/installed-test ## run the tests that take minutes
	$(BIN)/python -m pytest -m soak $(ARGS)

fuzz: .venv/installed-test ## throw random bytes at every door, for minutes
	CHATROOM_FUZZ=100000 $(BIN)/python -m pytest tests/test_fuzz.py $(ARGS)

lint: lint-page .venv/installed-lint ## check the format, the style and the types, of the page's JavaScript too
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy

ifneq ($(and $(NODE),$(NPM)),)
lint-page: node_modules/.installed
	$(NODE_BIN)/eslint
	$(NODE_BIN)/tsc
	$(NODE_BIN)/tsc --project tests/page
else
lint-page:
	@echo "The checks of the page's JavaScript are skipped: node and npm are not installed."; [ "$(CHATROOM_TEST_ALL)" != 1 ]
endif

docs: .venv/installed-docs ## build the documentation; a warning is an error
	$(BIN)/sphinx-build --fail-on-warning --keep-going --fresh-env -q docs docs/_build/html
	@echo 'open docs/_build/html/index.html'

bench: .venv/installed-bench build/chatload build/climit ## measure the server beside its peers: a quarter of an hour
	$(BIN)/python -m benchmarks $(ARGS)

hostile: .venv/installed-bench ## attack the server in every way that is known, and see whether others are harmed: hours
	$(BIN)/python -m benchmarks.hostile $(ARGS)

profile: .venv/installed-bench build/chatload ## draw where the server's time goes, to build/profile.svg
	$(BIN)/python -m benchmarks.flamegraph $(ARGS)

tables: .venv/installed ## make the tables of Unicode anew, from its files in UCD=folder: see tools/unicode_tables.py
	$(BIN)/python -m tools.unicode_tables $(UCD)

build/%: benchmarks/%.c
	@mkdir -p build
	$(CC) -O2 -o $@ $<

clean: ## remove .venv, node_modules and everything that was built
	rm -rf .venv node_modules .tox build dist docs/_build *.egg-info .coverage .coverage.* .hypothesis .*_cache dropin.cache
	rm -f twisted/plugins/dropin.cache
	find benchmarks chatroom twisted tests docs -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	    { echo 'chatroom needs Python 3.10 or later: make PYTHON=python3.13, for one'; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo 'On Debian: apt-get install python3-venv'; exit 1; }

# A stamp for what is installed: installed once, and again when the dependencies have changed.
.venv/installed: setup.cfg setup.py | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[accounts,web,client]'
	@touch $@

.venv/installed-%: setup.cfg setup.py | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[$*]'
	@touch $@ .venv/installed

node_modules/.installed: package.json package-lock.json .npmrc
	$(NPM) ci --loglevel=error --ignore-scripts
	@touch $@
