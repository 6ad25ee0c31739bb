# Everything happens in .venv, which is made when it is first needed. Needs python3 (3.10 or later) and make.

PYTHON = python3
BIN = .venv/bin

.PHONY: help run test soak fuzz lint docs bench profile clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 8

run: .venv/installed ## serve a room on loopback: lines on 55555, a page on 8080, IRC on 6667; ARGS="--room tea" hands options on
	$(BIN)/twistd --nodaemon --pidfile= chatroom --web 8080 --irc 6667 $(ARGS)

test: .venv/installed-test ## run the tests, some minutes long, and check how much of chatroom/ they cover
	@$(BIN)/coverage erase
	@# What is left after combining is of processes that a test has killed in the middle of writing it.
	@# Several files of tests at once: much of what they do is to wait for processes.
	@status=0; $(BIN)/coverage run -m pytest --numprocesses 4 --dist loadfile $(ARGS) || status=$$?; \
	$(BIN)/coverage combine --quiet; rm -f .coverage.*; $(BIN)/coverage report && exit $$status

soak: .venv/installed-test ## run the tests that take minutes
	$(BIN)/python -m pytest -m soak $(ARGS)

fuzz: .venv/installed-test ## throw random bytes at every door, for minutes
	CHATROOM_FUZZ=100000 $(BIN)/python -m pytest tests/test_fuzz.py $(ARGS)

lint: .venv/installed-lint ## check the format, the style and the types
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy

docs: .venv/installed-docs ## build the documentation; a warning is an error
	$(BIN)/sphinx-build --fail-on-warning --keep-going --fresh-env -q docs docs/_build/html
	@echo 'open docs/_build/html/index.html'

bench: .venv/installed-bench build/chatload build/climit ## measure the server beside its peers: a quarter of an hour
	$(BIN)/python -m benchmarks $(ARGS)

profile: .venv/installed-bench build/chatload ## draw where the server's time goes, to build/profile.svg
	$(BIN)/python -m benchmarks.flamegraph $(ARGS)

build/%: benchmarks/%.c
	@mkdir -p build
	$(CC) -O2 -o $@ $<

clean: ## remove .venv and everything that was built
	rm -rf .venv .tox build dist docs/_build *.egg-info .coverage .coverage.* .hypothesis .*_cache dropin.cache
	rm -f twisted/plugins/dropin.cache
	find benchmarks chatroom twisted tests docs -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	    { echo 'chatroom needs Python 3.10 or later: make PYTHON=python3.13, for one'; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo 'On Debian: apt-get install python3-venv'; exit 1; }

# A stamp for what is installed: installed once, and again when the dependencies have changed.
.venv/installed: setup.cfg setup.py | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[web,client]'
	@touch $@

.venv/installed-%: setup.cfg setup.py | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[$*]'
	@touch $@ .venv/installed
