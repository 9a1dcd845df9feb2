# `make run` and `make test` are all a newcomer needs; `make help` lists the rest.

.DEFAULT_GOAL := help
PYTHON ?= python3.11
PORT ?= 8000
VENV := .venv
# torch and torchaudio without CUDA, which on Linux the general package index does not have.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --progress-bar on --disable-pip-version-check
# Fewer threads than cores: the web process and the worker share a laptop.
export OMP_NUM_THREADS ?= 1
export PORT
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help run test lint format requirements messages clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

run: $(VENV)/run.stamp ## Start Inflect on http://127.0.0.1:$(PORT) (first time: installs it)
	@$(BIN)/python manage.py prepare
	@echo "  Inflect: http://127.0.0.1:$(PORT)/   Portal: http://127.0.0.1:$(PORT)/portal/   Stop: Ctrl-C"
	@exec $(BIN)/honcho start

test: $(VENV)/dev.stamp ## Run the whole test suite and show what it covers
	$(BIN)/python -m pytest --cov --cov-report= --cov-fail-under=0
	$(BIN)/python -m tests.coverage_table

lint: $(VENV)/dev.stamp ## Check style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports

format: $(VENV)/dev.stamp ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

requirements: $(VENV)/dev.stamp ## Compile requirements*.in to pinned requirements*.txt
	$(BIN)/pip-compile -q --strip-extras --no-emit-index-url --no-emit-find-links --annotation-style=line -o requirements.txt requirements.in
	$(BIN)/pip-compile -q --strip-extras --no-emit-index-url --no-emit-find-links --annotation-style=line -o requirements-dev.txt requirements-dev.in
	sed -i "s/^\(torch==[0-9.]*\)+cpu/\1/" requirements.txt requirements-dev.txt  # a local label is not on every index

messages: $(VENV)/run.stamp ## Collect and compile the CAPTCHA's texts (needs Debian's gettext)
	$(BIN)/python manage.py makemessages --all --no-obsolete --add-location=file \
		$(foreach folder,.venv var tests benchmarks audio emotion labeling synthesis config,--ignore "$(folder)/*")
	$(BIN)/python manage.py compilemessages --ignore .venv

clean: ## Remove the virtual environment and everything the system wrote
	rm -rf $(VENV) var

$(VENV)/bin/pip:
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed: apt-get install python3.11 python3.11-venv, or make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is needed: apt-get install python3.11-venv"; rm -rf $(VENV); exit 1; }

# The stamps are newer than the requirements once everything is installed, so a second start
# installs nothing.
$(VENV)/run.stamp: requirements.txt requirements-nodeps.txt | $(VENV)/bin/pip
	@echo "Installing Inflect (about 2 GB, once)"
	@for package in $$(grep -oh '^torch\(audio\)\?==[^ ]*' requirements.txt requirements-nodeps.txt); do \
		$(PIP) --no-deps --retries 0 --timeout 15 --index-url $(TORCH_INDEX) $$package \
			|| echo "No $$package from $(TORCH_INDEX): the general build follows, several GB larger for torch"; \
	done
	@$(PIP) -r requirements.txt
	@$(PIP) --no-deps -r requirements-nodeps.txt
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt $(VENV)/run.stamp
	@$(PIP) -r requirements-dev.txt
	@touch $@
