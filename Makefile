# Everything that a person or a machine does with this project. Needs Python >= 3.11 and make; uses uv where it is there.
PYTHON ?= python3
ARGS ?=
BIN := .venv/bin

stamp = .venv/.$(1)-$(shell cksum < requirements/$(1).txt | tr ' ' '-')
RUNTIME := $(call stamp,runtime)
DEV := $(call stamp,dev)

# What goes by requests alone, or by the database that the servers share.
CLUSTER := $(foreach name,auth audit sessions tokens users registration credentials codes addresses factors_sign_in \
  health health_entries health_household health_revisions health_records idempotency screening screening_batch \
  screening_answers erasure admin,tests/api/test_$(name).py)

.PHONY: help serve test check fuzz drills cluster bench timing format lint types imports openapi lock sbom clean
.DEFAULT_GOAL := help

help: ## List what make can do
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

serve: $(RUNTIME) ## Serve on 127.0.0.1:8000 (ARGS="--port 8123 --data-dir /some/where --workers 2")
	@exec $(BIN)/safeplate serve $(ARGS)

test: $(DEV) ## Run the whole suite, on SQLite and PostgreSQL (ARGS="-k health")
	$(BIN)/python -m pytest $(ARGS)

check: lint types imports openapi test ## Everything that CI checks

fuzz: $(DEV) ## Try random orders of changes of a profile for minutes, not seconds
	$(BIN)/python -m pytest --hypothesis-profile=fuzz tests/api/test_health_machine.py $(ARGS)

drills: $(DEV) ## Kill, starve, freeze and cut off real parts, and print what was lost (ARGS="-k power_cut")
	SAFEPLATE_TEST_FULL_DRILLS=1 $(BIN)/python -m pytest -p tests.drills.table -n 0 --show-capture=no \
	  -m "drill or server" tests/drills tests/server/test_*_drills.py tests/server/test_health_races.py \
	  tests/server/test_master_rotation.py $(ARGS)

cluster: $(DEV) ## Run the tests of accounts and health against three servers behind a proxy that takes turns
	$(BIN)/python -m pytest tests/server/test_nodes.py tests/core/test_pooler.py
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

bench: $(DEV) ## Measure speed, beside baselines of the same run
	$(BIN)/python benchmarks/serving.py
	$(BIN)/python benchmarks/screening.py
	$(BIN)/python benchmarks/profiles.py
	$(BIN)/python benchmarks/batches.py

timing: $(DEV) ## Measure whether the time of an answer tells who has an account
	$(BIN)/python benchmarks/enumeration.py

format: $(DEV) ## Format the code, and write openapi.json and the schema of exported profiles anew
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/safeplate openapi > openapi.json
	$(BIN)/python tools/export_schema.py > backend/data/export/profile.schema.json

lock: $(DEV) ## Resolve requirements/*.in anew
	@for set in runtime dev; do \
	  $(BIN)/python -m uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	    --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
	    requirements/$$set.in -o requirements/$$set.txt || exit 1; done

sbom: $(DEV) ## Print the bill of materials of what runs (CycloneDX, JSON)
	@$(BIN)/cyclonedx-py requirements --output-reproducible --mc-type application requirements/runtime.txt

clean: ## Remove the environment and caches; never the data
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(RUNTIME): ; @requirements/install $(PYTHON) runtime $@
$(DEV): ; @requirements/install $(PYTHON) dev $@
