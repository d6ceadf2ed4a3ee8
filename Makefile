# Every target does what it needs first. `make help` lists them.
PYTHON ?= $(shell for p in python3.11 python3; do $$p -c '' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Tests mostly trace graphs, which takes one core; a file's tests share what they build.
WORKERS ?= 2
MARKS ?= not slow and not newcomer
# These read published data, or install PyTorch; every other benchmark makes its own data.
ON_DATA := $(patsubst %,benchmarks/%.py,real shortcuts digits encoders imbalance ensembles hannover_backbones)
WITH_TORCH := benchmarks/efficientnet_lite0.py
# speed.py runs these.
OF_SPEED := $(patsubst %,benchmarks/%.py,lstm latency frozen side_by_side bfloat16 threads)
BENCHMARKS := $(filter-out benchmarks/_% $(ON_DATA) $(WITH_TORCH) $(OF_SPEED),$(wildcard benchmarks/*.py))

# What wheelhouse/ holds beside the package and what it always needs: EXTRAS=images,pretrained, or none.
EXTRAS ?= images

export TF_CPP_MIN_LOG_LEVEL := 3
export NO_MKDOCS_2_WARNING := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-slow lint tree wheel wheelhouse docs bench bench-real clean

help:             ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 20

setup: $(STAMP)   ## Make .venv with the package and all tools

$(STAMP): pyproject.toml setup.py
	@$(or $(PYTHON),false) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or later is needed; try: make setup PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	@echo "Installing TensorFlow and the rest into $(VENV): a few minutes the first time."
	$(BIN)/python -m pip install --quiet --editable '.[all]'
	touch $@

demo: $(STAMP)    ## Two simulated studies with known answers, five to ten minutes
	$(BIN)/hybrid-zoo demo

test: $(STAMP)    ## The tests, without the slow ones; MARKS="not slow" as in CI
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "$(MARKS)"

test-slow: $(STAMP)  ## The slow tests alone
	$(BIN)/python -m pytest -m "slow or newcomer"

lint: tree        ## Format, style, types, contents of the wheel
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	cd .types && ../$(BIN)/mypy --config-file ../pyproject.toml --cache-dir ../.mypy_cache -p hybrid_zoo
	@$(MAKE) --no-print-directory wheel
	$(BIN)/check-wheel-contents --toplevel hybrid_zoo dist/*.whl

# Static tools do not run the editable install's finder, so they read a built tree.
tree: $(STAMP)
	rm -rf .types build
	$(BIN)/python -m pip install --quiet --no-deps --target .types .
	rm -rf build

wheel: $(STAMP)   ## Build the wheel into dist/
	rm -rf build dist
	$(BIN)/python -m build --wheel --outdir dist > build.log 2>&1 || { cat build.log; exit 1; }
	rm -rf build build.log

# The versions are those of .venv, which `make test` ran with.
wheelhouse: $(STAMP)  ## Wheels and hashes for a machine without network; EXTRAS=images,pretrained
	rm -rf wheelhouse build
	$(BIN)/python -m pip freeze --exclude-editable > $(VENV)/constraints.txt
	$(BIN)/python -m pip wheel --quiet --wheel-dir wheelhouse --constraint $(VENV)/constraints.txt '.[$(EXTRAS)]'
	$(BIN)/python -m pip hash wheelhouse/*.whl \
		| sed -E 's,^wheelhouse/([^-]+)-([^-]+)-.*,\1==\2,' | paste -d ' ' - - > wheelhouse/requirements.txt
	rm -rf build
	@echo "Wrote wheelhouse/: $$(wc -l < wheelhouse/requirements.txt) wheels, $$(du -sh wheelhouse | cut -f1)."

docs: tree        ## The documentation as pages: site/index.html
	$(BIN)/mkdocs build --strict --quiet

bench: $(STAMP)   ## Benchmarks on simulated data; ARGS=--quick for a short look
	set -e; for file in $(BENCHMARKS); do $(BIN)/python $$file $(ARGS); done

bench-real: $(STAMP)  ## Studies of published patients: make bench-real DATA=folder
	@test -n "$(DATA)" || { echo "Say where the published files are: make bench-real DATA=folder"; exit 2; }
	$(BIN)/python benchmarks/real.py "$(DATA)"
	$(BIN)/python benchmarks/shortcuts.py "$(DATA)" runs/hannover
	$(BIN)/python benchmarks/digits.py "$(DATA)"
	$(BIN)/python benchmarks/encoders.py "$(DATA)"
	$(BIN)/python benchmarks/imbalance.py "$(DATA)"
	$(BIN)/python benchmarks/ensembles.py "$(DATA)"
	$(BIN)/python benchmarks/hannover_backbones.py "$(DATA)"
	$(BIN)/python benchmarks/init.py "$(DATA)"

clean:            ## Remove what was built; keep .venv and runs
	rm -rf build dist wheelhouse site .types .mypy_cache .ruff_cache .pytest_cache *.egg-info
