# Everything that a person or a machine does with this project. Needs Python >= 3.11 and make; uses uv where it is there.
PYTHON ?= python3
ARGS ?=
FUZZ_SECONDS ?= 600
BIN := .venv/bin

stamp = .venv/.$(1)-$(shell cksum < requirements/$(1).txt | tr ' ' '-')
RUNTIME := $(call stamp,runtime)
DEV := $(call stamp,dev)
DOCS := $(call stamp,docs)
TELEMETRY := $(call stamp,telemetry)
CLIENTS := $(call stamp,clients)
NODE := tools/contract/node_modules/.package-lock.json

# What goes by requests, or by the database that the servers share. Not tokens: no client sends such headers.
CLUSTER := $(foreach name,auth audit sessions users registration credentials codes addresses health health_entries \
  health_household health_revisions health_records idempotency screening screening_batch screening_answers erasure \
  admin,tests/api/test_$(name).py)

.PHONY: help serve demo telemetry test check contract clients fuzz drills cluster bench timing format lint types imports openapi docs pictures lock sbom clean
.DEFAULT_GOAL := help

help: ## List what make can do
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

serve: $(RUNTIME) ## Serve on 127.0.0.1:8000 (ARGS="--port 8123 --data-dir /some/where --workers 2")
	@exec $(BIN)/safeplate serve $(ARGS)

demo: $(RUNTIME) ## Show what it does: a household, labels in many languages, a menu; leaves nothing behind
	@exec $(BIN)/safeplate demo $(ARGS)

telemetry: $(TELEMETRY) ## Add OpenTelemetry to what runs: see docs/operations.md

test: $(DEV) ## Run the whole suite, on SQLite and PostgreSQL (ARGS="-k health")
	$(BIN)/python -m pytest $(ARGS)

check: lint types imports openapi contract clients test ## Everything that CI checks

fuzz: $(DEV) ## Try random orders of changes of a profile, and ask every operation anything, for minutes (FUZZ_SECONDS=600)
	$(BIN)/python -m pytest --hypothesis-profile=fuzz tests/api/test_health_machine.py $(ARGS)
	SAFEPLATE_TEST_FUZZ_SECONDS=$(FUZZ_SECONDS) $(BIN)/python -m pytest -n 0 tests/server/test_contract.py

drills: $(DEV) ## Kill, starve, freeze and cut off real parts, and print what was lost (ARGS="-k power_cut")
	SAFEPLATE_TEST_FULL_DRILLS=1 $(BIN)/python -m pytest -p tests.drills.table -n 0 --show-capture=no \
	  -m "drill or server" tests/drills tests/server/test_*_drills.py tests/server/test_health_races.py \
	  tests/server/test_master_rotation.py $(ARGS)

cluster: $(DEV) ## Run tests of accounts and health against three servers behind a proxy that takes turns
	$(BIN)/python -m pytest -m "drill or server" tests/server/test_nodes.py
	$(BIN)/python -m pytest --nodes 3 -k postgresql $(CLUSTER) $(ARGS)

lint: $(DEV) ## Formatting and lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(DEV) ## Static types
	$(BIN)/mypy

imports: $(DEV) ## Import contracts
	$(BIN)/lint-imports

openapi: $(DEV) ## Compare openapi.json with the code
	$(BIN)/safeplate openapi | diff -u openapi.json - || (echo 'openapi.json differs: run `make format`'; exit 1)

contract: ## Lint and score openapi.json, and compare it with the last release (needs node and npm)
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory $(NODE) && tools/contract/check; \
	  else echo 'SKIPPED: openapi.json is neither linted nor scored, since there is no npm here'; fi

clients: $(CLIENTS) ## Write the clients in clients/ from openapi.json (the one in TypeScript needs node and npm)
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory $(NODE); fi
	@clients/make

bench: $(DEV) ## Measure speed beside a reference and peers (ARGS="--quick"); fails where a bar does not hold
	$(BIN)/python -m benchmarks $(ARGS)

timing: $(DEV) ## Measure whether the time of an answer tells who has an account
	$(BIN)/python benchmarks/enumeration.py

format: $(DEV) ## Format the code, and write openapi.json and the schema of exported profiles anew
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/safeplate openapi > openapi.json
	$(BIN)/python tools/export_schema.py > backend/data/export/profile.schema.json
	$(BIN)/python tools/pages.py

docs: $(DOCS) ## Build the documentation into build/site, and refuse a broken link
	$(BIN)/python -m tools.site

pictures: $(DEV) ## Draw the pictures of the documentation anew, from what the commands print
	$(BIN)/python tools/pictures.py

lock: $(DEV) ## Resolve requirements/*.in anew
	@for set in runtime telemetry dev docs clients; do \
	  $(BIN)/python -m uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	    --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
	    requirements/$$set.in -o requirements/$$set.txt || exit 1; done

sbom: $(DEV) ## Print the bill of materials of what runs (CycloneDX, JSON)
	@$(BIN)/cyclonedx-py requirements --output-reproducible --mc-type application requirements/runtime.txt

clean: ## Remove the environment and caches; never the data
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(RUNTIME): ; @requirements/install $(PYTHON) runtime $@
$(TELEMETRY): ; @requirements/install $(PYTHON) telemetry $@
$(DEV): ; @requirements/install $(PYTHON) dev $@
$(DOCS): $(DEV) ; @requirements/install $(PYTHON) docs $@
$(CLIENTS): $(DEV) ; @requirements/install $(PYTHON) clients $@
$(NODE): tools/contract/package-lock.json ; cd tools/contract && npm ci --silent && touch node_modules/.package-lock.json
