# Everything a user or CI does; each target makes what it needs inside the checkout.
PYTHON ?= python3
BIN := .venv/bin
PYTEST := $(BIN)/pytest
DIST := dist
PIP := $(BIN)/pip install --quiet --no-compile --disable-pip-version-check -c .constraints.txt
NPX := npx --yes --cache .cache/npm
# The tests start Python hundreds of times; what it compiles is worth keeping.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: serve test test-all test-long coverage smoke lint lint-document format clean bench screenshots soak soak-generated

serve: .venv/serve
	$(BIN)/mock-server serve $(ARGS)

test: .venv/test
	$(PYTEST) -n auto --dist worksteal -m "not slow and not long" $(ARGS)

# The quick tests with the share of the code that they run, and then the slow ones.
test-all: coverage
	$(PYTEST) -n auto --dist worksteal -m "slow and not long" $(ARGS)

# What takes minutes by itself: runs of every kind, other people's tools, machines with nothing on them.
test-long: .venv/dev
	$(PYTEST) -n auto --dist worksteal -m long $(ARGS)

coverage: .venv/dev
	$(BIN)/coverage erase
	$(MAKE) test PYTEST="$(BIN)/coverage run -m pytest"
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --skip-covered

# Whether another Python installs it, serves, and judges what it serves: PYTHON=python3.12.
smoke:
	$(PYTHON) -m venv --clear .cache/smoke
	.cache/smoke/bin/pip install --quiet --disable-pip-version-check -c .constraints.txt '.[kit]'
	cd .cache && smoke/bin/contract-tests self-check --only AUTH-01

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Needs Node.js: the two linters of OpenAPI documents are npm packages.
lint-document:
	$(NPX) @redocly/cli@2.77.0 lint --max-problems 0 spec/openapi.yaml spec/control.yaml
	$(NPX) @stoplight/spectral-cli@6.16.3 lint --fail-severity=warn spec/openapi.yaml spec/control.yaml

format: .venv/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Needs wrk and two cores, and takes three minutes; npm brings Prism and Mockoon, for comparison.
bench: .venv/dev
	$(BIN)/python -m tests.benchmark $(ARGS)

# Every view of the console as the tests see it, into .cache/screenshots, and the README's picture.
screenshots: .venv/dev
	$(BIN)/pytest -n auto tests/browser $(ARGS)
	cp .cache/screenshots/console-people-light-1280.png docs/console.png

# 100,000 hostile and 100,000 friendly requests: ten minutes. ARGS="--hostile 2000" for fewer.
soak: .venv/dev
	$(BIN)/python -m tests.soak $(ARGS)

# Schemathesis with every check on both documents, 10,000 cases each.
soak-generated: .venv/dev
	$(BIN)/python -m tests.soak.generated $(ARGS)

# After people or scenarios were changed on purpose; `git diff` shows whose and what.
golden: .venv/dev
	$(BIN)/python -m tests.mock_server.golden

# The wheel, the sdist and the npm package of the JavaScript client.
dist: .venv/dev
	rm -rf $(DIST) && mkdir -p $(DIST)
	$(BIN)/python -m build --outdir $(DIST) .
	$(BIN)/twine check --strict $(DIST)/*.whl $(DIST)/*.tar.gz
	npm pack --silent --cache .cache/npm --pack-destination $(DIST) ./mock_server/client/javascript

# Whether this checkout can be tagged and given away as its version says.
release-check: .venv/dev
	$(BIN)/python -m tests.release

clean:
	rm -rf .venv .cache .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .schemathesis dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Two that are begun at once share .venv: the second waits for the first, where there is flock, and
# has nothing left to do.
ALONE := $(if $(shell command -v flock),flock Makefile) sh -ec
UNLESS_DONE = [ -e $@ ] && [ -z "$$(find $^ -newer $@)" ] && exit

# `serve` is the package alone, `test` and `dev` are extras of it. What is imported is compiled then,
# which is less than all of it now.
EXTRA = $(filter-out serve,$*)
.venv/%: pyproject.toml .constraints.txt
	$(ALONE) '$(UNLESS_DONE); [ -e $(BIN)/pip ] || $(PYTHON) -m venv .venv; \
	  $(PIP) -e ".$(if $(EXTRA),[$(EXTRA)])"; touch .venv/serve $(if $(EXTRA),.venv/test) $@'
