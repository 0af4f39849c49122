# Annolake. `make help` lists the targets; none needs anything installed but Python 3.11-3.13, git and make.

PYTHON ?= $(shell for p in python3.12 python3.13 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(not (3,11) <= sys.version_info[:2] <= (3,13))' >/dev/null 2>&1 && echo $$p && break; done)
BIN := .venv/bin
EXTRAS := airflow,dashboards,postgres
GROUPS := --group demo --group portal --group test --group lint
PORTAL := src/annolake/service/static/portal/index.html
SEED ?= 1
WORKERS ?= 2
export UV_PYTHON_DOWNLOADS := never
export AIRFLOW__USAGE_DATA_COLLECTION__ENABLED := False
export GX_ANALYTICS_ENABLED := False
export DO_NOT_TRACK := 1

.PHONY: help demo up test lint bench soak docs constraints portal clean
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: .venv/.ready $(PORTAL) ## media to agreement figures, through every real part; SEED=2, MEDIA=/path/to/your/media
	@$(BIN)/annolake demo --seed $(SEED) $(if $(MEDIA),--media "$(MEDIA)")

up: .venv/.ready $(PORTAL) ## start the labeling service, Airflow and the dashboards; Ctrl-C stops all
	@$(BIN)/annolake up

test: .venv/.ready $(PORTAL) ## run every test; PYTEST="-k lake" narrows, WORKERS=0 runs one at a time
	@$(BIN)/python -m annolake.tools.browser --install
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST)

lint: .venv/.ready $(PORTAL) ## ruff, mypy strict, tsc, as CI runs them
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy
	@cd portal && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent check

bench: .venv/.ready ## run the benchmarks; figures go to benchmarks/results.md
	@$(BIN)/python -m benchmarks

soak: .venv/.ready $(PORTAL) ## the long fault tests, by hand
	@$(BIN)/python -m pytest -m "soak and not aws" --timeout=900 $(PYTEST)

docs: .venv/.ready ## write the generated pages under docs/ anew
	@$(BIN)/python -m annolake.tools.docs

portal: $(PORTAL) ## build the annotators' web application

constraints: .venv/.ready ## resolve every dependency anew into constraints.txt
	@{ echo '# Every version that is installed, for Python 3.11 to 3.13. Made by `make constraints`.'; \
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --all-extras $(GROUPS) pyproject.toml \
		--no-header --no-annotate --no-emit-index-url; } > constraints.txt.new && mv constraints.txt.new constraints.txt

clean: ## remove the environment, the built portal and all local state
	rm -rf .venv .annolake portal/node_modules src/annolake/service/static

.venv/.ready: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Annolake needs Python 3.11, 3.12 or 3.13 on PATH; found none."; exit 1; }
	@test -x $(BIN)/uv || { echo "Making .venv with $(PYTHON) ..."; \
		$(PYTHON) -m venv .venv && $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt uv; }
	@echo "Installing the pinned packages ..."
	@VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install --quiet --compile-bytecode -c constraints.txt -e '.[$(EXTRAS)]' $(GROUPS)
	@touch $@

$(PORTAL): .venv/.ready $(shell find portal -type f -not -path '*/node_modules/*' 2>/dev/null)
	@echo "Building the portal ..."
	@cd portal && PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --silent --no-audit --no-fund && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent build
	@touch $@
