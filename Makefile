# tinyml-pipeline. `make train convert` does the main work; `make help` lists the rest.
# MODEL=name takes one model, else all. FLAGS=... goes to the command as it is.

.DEFAULT_GOAL := help
GOALS := help train convert generate parity flash verify test check lint wheel docs bench fuzz matrix mutants doctor clean
.PHONY: $(GOALS)

ifneq ($(filter-out $(GOALS) .venv/installed,$(MAKECMDGOALS)),)
$(error There is no goal '$(firstword $(filter-out $(GOALS) .venv/installed,$(MAKECMDGOALS)))'. \
A model is named by MODEL=, as in: make train MODEL=linear. 'make help' lists the goals)
endif

# The first Python that runs, is 3.10 to 3.13 and has venv; 3.11 first, the last one with tflite-runtime.
PYTHON := $(shell for p in python3.11 python3.12 python3.13 python3.10 python3; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& echo $$p && break; done)
TINYML := .venv/bin/tinyml

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

train: .venv/installed  ## train (MODEL=name for one) -> artifacts/MODEL/model.keras
	@$(TINYML) train $(MODEL) $(FLAGS)

convert: .venv/installed  ## to int8, C array and sketches, with proof -> artifacts/MODEL/
	@$(TINYML) convert $(MODEL) $(FLAGS)

# `make train convert` is a sequence, also under -j.
ifneq ($(filter train,$(MAKECMDGOALS)),)
convert generate parity: | train
endif
ifneq ($(filter convert,$(MAKECMDGOALS)),)
generate parity: | convert
endif

generate: .venv/installed  ## write the C array and the sketches again
	@$(TINYML) generate $(MODEL) $(FLAGS)

parity: .venv/installed  ## Keras = int8 = C array = TFLM? prints and draws the answer
	@$(TINYML) parity $(MODEL) $(FLAGS)

ifneq ($(filter flash verify,$(MAKECMDGOALS)),)
ifeq ($(and $(MODEL),$(BOARD)),)
$(error Say which model and board, as in: make flash MODEL=linear BOARD=uno. $(TINYML) models and $(TINYML) boards list them)
endif
endif

flash: .venv/installed  ## build and write one model to a board: MODEL= BOARD= (PORT=)
	@$(TINYML) flash $(MODEL) --board "$(BOARD)" $(if $(PORT),--port $(PORT)) $(FLAGS)

verify: .venv/installed  ## prove that the board computes what TFLM computes: MODEL= BOARD= (PORT=)
	@$(TINYML) verify $(MODEL) --board "$(BOARD)" $(if $(PORT),--port $(PORT)) $(FLAGS)

test: lint  ## lint, then every test; installs compilers and emulators with apt if allowed
	@$(TINYML) doctor --install
	@.venv/bin/python -m pytest -n auto

check: lint  ## lint and the fast tests: under a minute, needs no compiler; before each commit
	@.venv/bin/python -m pytest -n auto -m "not slow"

wheel: .venv/installed  ## the package as a wheel and an sdist -> dist/
	@.venv/bin/python -m hatchling build --directory dist

docs: .venv/installed  ## the documentation as a web site -> build/site/
	@.venv/bin/python docs/reference.py
	@NO_MKDOCS_2_WARNING=true .venv/bin/mkdocs build --strict
	@echo "written: build/site/index.html; with search: python3 -m http.server --directory build/site"

lint: .venv/installed  ## ruff and mypy
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy

bench: .venv/installed  ## times of every step, and each model's C on every processor beside others
	@$(TINYML) train $(or $(MODEL),linear adder)
	@$(TINYML) bench $(or $(MODEL),linear adder) $(FLAGS)

fuzz: .venv/installed  ## a million broken .tflite files for the reader, 10,000 contradictory ones and 13,000 random networks for the compiler
	@.venv/bin/python -m tests.fuzz_reader --count 1000000 --jobs 2
	@.venv/bin/python -m tests.fuzz_shapes --count 10000
	@.venv/bin/python -m tests.fuzz_networks --count 10000 --seed 500 --jobs 2
	@.venv/bin/python -m tests.fuzz_chips --board sim-cortex-m4 --count 500 --jobs 2
	@.venv/bin/python -m tests.fuzz_chips --board sim-uno --count 200 --jobs 2
	@.venv/bin/python -m tests.fuzz_convolutions --count 2000 --seed 4000 --jobs 2
	@.venv/bin/python -m tests.fuzz_convolutions --board sim-cortex-m4 --count 300 --jobs 2

matrix: .venv/installed  ## every kernel with every combination of compiler, core and flags (FLAGS=--pairwise: a sample)
	@.venv/bin/python -m tests.matrix $(FLAGS)

mutants: .venv/installed  ## one change at a time to the code: do the tests notice? PART=read_tflite takes one part
	@.venv/bin/python -c "import mutmut, universalmutator" 2>/dev/null || .venv/bin/pip install --quiet \
		--disable-pip-version-check --constraint constraints.txt --editable '.[mutants]'
	@.venv/bin/python -u -m tests.mutants $(PART) $(FLAGS)

doctor: .venv/installed  ## what is installed, what is missing, how to get it
	@$(TINYML) doctor

clean:  ## remove .venv and everything generated but artifacts/MODEL/firmware/, where your own sketches are
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find artifacts -mindepth 2 -maxdepth 2 ! -name firmware -exec rm -rf {} +
	find artifacts -mindepth 1 -maxdepth 1 ! -name README.md ! -exec test -d {}/firmware ';' -exec rm -rf {} +

# Made new whenever pyproject.toml or constraints.txt changes, so that nothing of an older set stays behind.
.venv/installed: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "No Python 3.10 to 3.13 with venv found: install it (Debian, Ubuntu:" \
		"apt install python3-venv; else python.org or pyenv), then run make again." >&2; exit 1; }
	@echo "Setting up .venv with $$($(PYTHON) --version): about a minute and 2.4 GB."
	@$(PYTHON) -m venv --clear .venv
	@.venv/bin/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test]'
	@touch $@
