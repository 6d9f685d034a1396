# Everything a newcomer needs: `make demo` shows the whole job on this machine, `make test` checks it.
# Both do their own set-up, into .venv/ and .local/; `make clean` takes it away again.

PYTHON ?= $(shell command -v python3.13 || command -v python3)
VENV := .venv
# The demo's settings; see `make help`.
ORDERS ?= 40
WEATHER ?= calm
DOOR ?= signature
AWS_PORT ?= 0
MARKETPLACE_PORT ?= 0
# How many random scenarios `make simulate` runs.
SEEDS ?= 100
# What `make fuzz` does: so many seconds for each target, or for those named; or one target with the input of a file.
SECONDS ?= 60
ONLY ?=
REPLAY ?=
# Modules that `make mutate` keeps to; all when empty.
MODULES ?=
# How often `make bench` measures each contender.
ROUNDS ?= 30

# The tools' own telemetry and version checks stay at home.
export SAM_CLI_TELEMETRY := 0
# One set of tools for everything that is started below, ahead of what else the machine has.
export PATH := $(CURDIR)/$(VENV)/dev/bin:$(PATH)

# With the functions and the client as they lie here. Only where it is said: nothing else may find them by it.
RUN := PYTHONPATH=.:functions:layers/walmart_ca $(VENV)/dev/bin/python -m

.DEFAULT_GOAL := help
.PHONY: help
help: ## Show this
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'
	@echo "  The demo takes ORDERS=$(ORDERS), WEATHER=calm, storm, outage, rotation, migration or withdrawal,"
	@echo "  DOOR=signature or token, AWS_PORT and MARKETPLACE_PORT (0: any free port)."
	@echo "  make simulate takes SEEDS=$(SEEDS), make bench ROUNDS=$(ROUNDS)."
	@echo "  Fuzzing takes SECONDS=$(SECONDS), ONLY=\"targets\" and, with one target, REPLAY=file."
	@echo "  make mutate takes MODULES=\"policy classification\"."

.PHONY: demo
demo: $(VENV)/dev.done $(VENV)/sam.done $(VENV)/local-aws.done ## Deploy to a local AWS, publish order events, watch each order become acknowledged
	@$(VENV)/dev/bin/python -m tests.local.demo --orders $(ORDERS) --weather $(WEATHER) --door $(DOOR) --aws-port $(AWS_PORT) --marketplace-port $(MARKETPLACE_PORT)

.PHONY: unit
unit: $(VENV)/dev.done ## Run the unit tests: an answer within seconds
	pytest -q tests/unit

.PHONY: integration
integration: $(VENV)/dev.done $(VENV)/local-aws.done ## Run the functions and the client against real servers
	pytest -q -n 4 --dist loadfile tests/integration

.PHONY: test
test: lint types pytest ## Lint, types, and every test

.PHONY: lint
lint: $(VENV)/dev.done
	ruff check
	ruff format --check

.PHONY: types
types: $(VENV)/dev.done
	mypy

.PHONY: pytest
pytest: setup
	@# More workers than cores: most tests wait, for a queue or a process. By file, so that a stack is deployed once.
	pytest -n 4 --dist loadfile

# pytest runs the same properties with random input. The fuzzer is in addition to the packages of .venv/dev.
.PHONY: fuzz
fuzz: $(VENV)/dev.done $(VENV)/fuzz.done ## Fuzz every parser of external input (Linux on x86-64)
	@PYTHONPATH=.:functions:layers/walmart_ca:$(VENV)/fuzz/lib/python3.13/site-packages $(VENV)/dev/bin/python -m \
		tests.fuzz --seconds $(SECONDS) $(if $(REPLAY),--replay $(REPLAY)) $(ONLY)

# Not part of `make test`: it takes minutes, and changes its answer only with what decides about an order.
.PHONY: mutate
mutate: $(VENV)/dev.done ## Run the tests on mutants of the modules that decide about an order
	@$(VENV)/dev/bin/python -m tests.tools.mutation $(MODULES)

.PHONY: format
format: $(VENV)/dev.done ## Format the code and mend what the linter can
	ruff check --fix
	ruff format

.PHONY: marketplace
marketplace: $(VENV)/dev.done ## Run the local marketplace by itself, to try a client on
	@$(VENV)/dev/bin/python -m tests.local.marketplace --port $(MARKETPLACE_PORT)

.PHONY: simulate
simulate: $(VENV)/dev.done ## Run SEEDS random scenarios in virtual time, and print the faults and the violations
	@$(RUN) tests.simulation --seeds $(SEEDS)

.PHONY: stuck
stuck: $(VENV)/dev.done ## Print the latency of orders while others are stuck, in virtual time
	@$(RUN) tests.simulation --stuck

.PHONY: capacity
capacity: $(VENV)/dev.done ## Print the throughput of a stack and its cost a month
	@$(RUN) tests.tools.capacity

.PHONY: bench
bench: $(VENV)/dev.done $(VENV)/sam.done $(VENV)/runtime.done $(VENV)/bench.done ## Measure time, instructions, memory and size next to a baseline
	@$(RUN) tests.tools.bench --rounds $(ROUNDS)

.PHONY: setup
setup: $(VENV)/dev.done $(VENV)/sam.done $(VENV)/local-aws.done $(VENV)/runtime.done $(VENV)/scan.done $(VENV)/sbom.done ## Install what the tests need

# Six environments for the tests, because their packages must not meet: SAM, the scanners and the writer of the bill of
# materials pin what they need, the local AWS puts its own packages on the functions' path, where they could hide a
# dependency that a layer forgot, and the runtime has what Lambda brings and nothing else. Wheels only: building a
# package runs its code, with build tools that no lock names.
$(VENV)/%.done: requirements/%.txt $(VENV)/uv.done
	@echo "installing $*"
	@$(VENV)/uv/bin/uv venv --quiet --clear --no-project --python $(PYTHON) $(VENV)/$*
	@$(VENV)/uv/bin/uv pip sync --quiet --require-hashes --only-binary :all: --python $(VENV)/$*/bin/python $<
	@touch $@

$(VENV)/uv.done: requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13) and "Python 3.13 is needed: make PYTHON=/path/to/python3.13")'
	@$(PYTHON) -m venv --clear $(VENV)/uv
	@$(VENV)/uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r $<
	@touch $@

.PHONY: build
build: $(VENV)/dev.done $(VENV)/sam.done ## Build layers and function for AWS, as `sam build` does
	$(VENV)/sam/bin/sam build

.PHONY: audit
audit: $(VENV)/audit.done ## Look every locked package up among the known vulnerabilities (needs the internet)
	@# --strict: a package that could not be looked up is a failure, not a pass.
	@# checkov has ecdsa to check the signatures of checks that it is sent, and nobody sends it any: what is known of
	@# ecdsa, a leak by timing that will not be mended, is none of ours.
	@for lock in requirements/*.txt layers/dependencies/requirements.txt; do \
		echo "auditing $$lock"; \
		case $$lock in */scan.txt) ignored="--ignore-vuln CVE-2024-23342";; *) ignored=;; esac; \
		$(VENV)/audit/bin/pip-audit --strict --disable-pip --require-hashes $$ignored --requirement $$lock || exit 1; \
	done

# The functions' own code is the main component, as pyproject.toml names it. The client is named by its folder, because no
# package index has it. The warning that is silenced: a lock says which packages there are, not which needs which.
SBOM ?= sbom.cdx.json

.PHONY: sbom
sbom: $(VENV)/sbom.done ## Write the bill of materials of what is shipped (CycloneDX) to SBOM=sbom.cdx.json
	@{ cat layers/dependencies/requirements.txt; echo 'walmart-ca @ file:layers/walmart_ca'; } | \
		PYTHONWARNINGS=ignore::UserWarning $(VENV)/sbom/bin/cyclonedx-py requirements --pyproject pyproject.toml \
		--output-reproducible --output-file $(SBOM) -
	@echo "wrote $(SBOM)"

# The layer's lock comes before dev's and bench's, which have the functions' packages at the layer's versions.
LOCKS := requirements/uv requirements/sam requirements/local-aws requirements/runtime requirements/scan \
	requirements/sbom requirements/fuzz requirements/audit layers/dependencies/requirements requirements/dev requirements/bench

.PHONY: lock
lock: $(VENV)/uv.done ## Lock every dependency anew, with hashes
	@for lock in $(LOCKS); do \
		echo "locking $$lock.txt"; \
		$(VENV)/uv/bin/uv pip compile --quiet --universal --python-version 3.13 --generate-hashes --upgrade \
			--only-binary :all: --no-emit-index-url --custom-compile-command "make lock" \
			$$lock.in --output-file $$lock.txt || exit 1; \
	done
	@cp requirements/uv.txt layers/dependencies/uv.txt

.PHONY: clean
clean: ## Take away everything that was installed, built or cached
	rm -rf $(VENV) .local .aws-sam .mypy_cache .ruff_cache .pytest_cache .hypothesis $(SBOM)
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
