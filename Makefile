# Gossamer from a checkout. `make demo` and `make test` each do everything on a machine with Python, g++ and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: install demo test check bench model fuzz sanitize torture wheel docs clean
.DELETE_ON_ERROR:

install: $(VENV)/with-dev  # the package (editable) and what development needs

demo: $(VENV)/with-app,eval,plot  # the main job on real input; make demo ARGS=--slow repeats every timing
	$(BIN)/python -m gossamer.app.demo $(ARGS)

test: check  # everything CI checks
	$(BIN)/python -m pytest -m "not slow" $(ARGS)

check: install  # lint, types, layers, documentation
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

bench: $(VENV)/with-bench  # the tables of benchmarks/README.md
	$(BIN)/python -m benchmarks $(ARGS)

model: install  # the encoder that comes with the package, made anew: about an hour, and ../shared is needed
	$(BIN)/python -m tools.model $(ARGS)

torture: install  # full-size fault and fuzz runs
	$(BIN)/python -m pytest -m slow $(ARGS)

fuzz: install  # the reader and the search of BlockIndex, half an hour with clang's libFuzzer
	tools/fuzz -max_total_time=1800 $(ARGS)

sanitize: install  # native tests under ASan and UBSan
	tools/sanitize $(ARGS)

wheel: install  # dist/*.whl for Linux with glibc 2.28 or newer, tried in a clean environment
	tools/build-wheel
	GOSSAMER_WHEEL=$$(ls dist/*.whl) $(BIN)/python -m pytest tests/end_to_end/test_wheel.py

docs: install  # the documentation, shown while you write it
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs serve

clean:
	rm -rf $(VENV) build dist site demo .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

# How an install is made. Empty files in .venv say what is there; a change of the native code or the build makes it anew.

AS_ROOT := $(shell test $$(id -u) = 0 || echo sudo)
PACKAGES := apt-get install -y python3-venv python3-dev
CAN_BUILD := import ensurepip, os, sysconfig; os.stat(sysconfig.get_path("include") + "/Python.h")

$(VENV)/python:
	@$(PYTHON) -c '$(CAN_BUILD)' 2>/dev/null \
	|| $(AS_ROOT) sh -c 'apt-get -qq update && $(PACKAGES)' >/dev/null 2>&1 \
	|| { echo 'Python cannot build packages yet; run: sudo $(PACKAGES)' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --upgrade pip
	@touch $@

$(VENV)/package: $(VENV)/python pyproject.toml constraints.txt CMakeLists.txt $(shell find native -type f)
	$(BIN)/pip install -q --group build
	$(BIN)/pip install -q -c constraints.txt --no-build-isolation -e .
	@touch $@

$(VENV)/with-dev: $(VENV)/old-sentence-transformers
$(VENV)/old-sentence-transformers: $(VENV)/python  # whose layout the tests read, beside the newest
	$(BIN)/pip install -q --no-deps --target $@ sentence-transformers==5.2.3

$(VENV)/with-%: $(VENV)/package
	$(BIN)/pip install -q -c constraints.txt 'gossamer[$*]'
	@touch $@
