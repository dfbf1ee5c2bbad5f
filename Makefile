# Everything that a person or CI runs; each target works on a fresh machine with Python 3.11 to 3.13.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
export PORT
# A market on one's own machine is the demonstration market unless told otherwise.
RUN_ENV := PILOTAGE_DEMO=$${PILOTAGE_DEMO-1}
WORKERS ?= 2

.PHONY: run test tour check bench soak clean prepare lock

$(VENV)/run.stamp: requirements.lock
	test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m compileall -q marketplace risk
	touch $@

$(VENV)/test.stamp: requirements-dev.lock
	test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	touch $@ $(VENV)/run.stamp

# Third-party scripts and catalogues are made from packages and sources, not committed.
prepare:
	$(BIN)/flask assets install
	$(BIN)/flask translations compile

run: $(VENV)/run.stamp prepare
	$(RUN_ENV) $(BIN)/flask db upgrade
	$(RUN_ENV) $(BIN)/flask risk fit
	$(RUN_ENV) $(BIN)/flask demo load --if-empty
	$(RUN_ENV) $(BIN)/flask serve

test: $(VENV)/test.stamp prepare
	$(BIN)/python -m pytest -n $(WORKERS) tests

tour: $(VENV)/run.stamp prepare
	$(BIN)/flask tour

check: $(VENV)/test.stamp prepare
	$(BIN)/ruff check .
	$(BIN)/ruff format --check marketplace risk tests benchmarks wsgi.py
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/flask migrations check
	$(BIN)/flask translations check

bench: $(VENV)/test.stamp prepare
	$(BIN)/python -m benchmarks $(if $(ONLY),--only $(ONLY))

soak: $(VENV)/test.stamp prepare
	SOAK=1 $(BIN)/python -m pytest -n $(WORKERS) tests

lock:
	$(BIN)/uv pip compile --universal --generate-hashes --no-header --no-annotate -q pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --universal --generate-hashes --no-header --no-annotate -q --extra test -c requirements.lock pyproject.toml -o requirements-dev.lock

clean:
	rm -rf $(VENV) instance static/vendor
