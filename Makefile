# One command per purpose; `make` alone lists them. Each sets up what it needs, once: the stamp
# .venv/.ready is written last, so a set-up that was interrupted is simply done again.

PYTHON ?= python3
SOURCE ?= data/demo
ARGS ?=
SAMPLE ?=

READY := .venv/.ready
MARKED := browser or server or slow or real or soak

# A file's tests stay with one worker, so that what they share is made once.
WHOLE_FILES := --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help report test lab app bench lint soak audit lock

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

report: $(READY)  ## the quarterly report of the demo organisation (OPEN=1 shows it, SOURCE=… takes other data)
	@.venv/bin/pmo report $(SOURCE) $(if $(OPEN),--open) $(ARGS)

test: $(READY)  ## all tests that need no browser, server or real data (ARGS="-k segments")
	@.venv/bin/python -m pytest -n auto $(WHOLE_FILES) -m "not ($(MARKED))" $(ARGS)

lab: $(READY)  ## JupyterLab with the notebooks
	@.venv/bin/pmo lab $(ARGS)

app: $(READY)  ## the sliders: size the offer in a browser
	@.venv/bin/pmo app $(ARGS)

bench: $(READY)  ## how long things take on this machine
	@.venv/bin/python -m benchmarks.bench $(ARGS)

lint: $(READY)  ## style, format and types
	@status=0; \
	.venv/bin/ruff check --output-format concise . || status=1; \
	.venv/bin/ruff format --check --output-format concise . || status=1; \
	.venv/bin/mypy || status=1; \
	exit $$status

soak: $(READY)  ## what takes hours, part by part, into benchmarks/SOAK.md; can be resumed (SAMPLE=1: minutes; ARGS="fuzz mutation")
	@.venv/bin/python -m benchmarks.soak $(if $(SAMPLE),--sample) $(ARGS)

audit: $(READY)  ## licences of the locked packages, and their known vulnerabilities where an advisory service answers
	@.venv/bin/python .ci/licences.py
	@.venv/bin/python .ci/vulnerabilities.py

lock: $(READY)  ## requirements.lock and environment.yml anew from pyproject.toml (ARGS=--upgrade takes newer versions)
	@.uv/bin/uv pip compile pyproject.toml --extra postgres --extra test --extra dev --universal \
		--generate-hashes --no-annotate --no-header --quiet -o requirements.lock $(ARGS)
	@.venv/bin/python .ci/environment.py

$(READY): requirements.lock pyproject.toml .ci/uv.txt .ci/bootstrap.py
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON) on this machine. Install Python 3.11 or newer."; exit 1; }
	@$(PYTHON) .ci/bootstrap.py
