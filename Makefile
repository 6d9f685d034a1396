# `make demo` shows the application on this machine, and `make test` tests it. Both install what they need into .venv/
# and .local/; `make clean` removes it.

VENV := .venv
# The options; see `make help`.
ORDERS ?= 40
SCENARIO ?= calm
AUTH ?= signature
PICTURE ?=
AWS_PORT ?= 0
MARKETPLACE_PORT ?= 0
SEEDS ?= 100
FIRST ?= 0
# Seconds for each target; ONLY these targets; REPLAY the input of a file.
SECONDS ?= 60
ONLY ?=
REPLAY ?=
# All modules when empty.
MODULES ?=
ROUNDS ?= 30

export SAM_CLI_TELEMETRY := 0
# Where uv puts the Python that it downloads.
export UV_PYTHON_INSTALL_DIR ?= $(CURDIR)/$(VENV)/python
# The tools of .venv/dev come before the machine's.
export PATH := $(CURDIR)/$(VENV)/dev/bin:$(PATH)

# With the functions and the client of this directory on the path.
RUN := PYTHONPATH=.:functions:layers/walmart_ca $(VENV)/dev/bin/python -m

.DEFAULT_GOAL := help
.PHONY: help
help:
	@# A line that begins with ##@ is the heading of the targets below it.
	@awk -F ':.*## ' '/^##@ / {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "Options"
	@echo "  demo      ORDERS=$(ORDERS), SCENARIO=calm|storm|outage|rotation|migration|withdrawal, AUTH=signature|token,"
	@echo "            AWS_PORT and MARKETPLACE_PORT (0: any free port)"
	@echo "            PICTURE=file.svg saves the output as a picture; docs/demo.svg is made so, with ORDERS=6"
	@echo "  sandbox   AUTH, AWS_PORT and MARKETPLACE_PORT, as above"
	@echo "  simulate  SEEDS=$(SEEDS), FIRST=$(FIRST)"
	@echo "  bench     ROUNDS=$(ROUNDS)"
	@echo "  fuzz      SECONDS=$(SECONDS) for each target, ONLY=\"targets\" and, with one target, REPLAY=file"
	@echo "  mutate    MODULES=\"policy classification\""

##@ Start here

.PHONY: demo
demo: $(VENV)/dev.done $(VENV)/sam.done $(VENV)/local-aws.done ## Deploy to a local AWS, publish order events, and watch each order being acknowledged
	@$(VENV)/dev/bin/python -m tests.local.demo --orders $(ORDERS) --scenario $(SCENARIO) --auth $(AUTH) --aws-port $(AWS_PORT) --marketplace-port $(MARKETPLACE_PORT) $(if $(PICTURE),--picture $(PICTURE))

.PHONY: sandbox
sandbox: $(VENV)/dev.done $(VENV)/sam.done $(VENV)/local-aws.done ## Keep the stack on a local AWS, to use it from a second terminal
	@$(VENV)/dev/bin/python -m tests.local.sandbox --auth $(AUTH) --aws-port $(AWS_PORT) --marketplace-port $(MARKETPLACE_PORT)

.PHONY: unit
unit: $(VENV)/dev.done ## Run the unit tests, in seconds
	pytest -q -n 2 tests/unit

.PHONY: test
test: lint types pytest ## Lint, check types, and run every test

.PHONY: build
build: $(VENV)/dev.done $(VENV)/sam.done ## Build for AWS; then deploy with `sam deploy --guided`, see README.md
	$(VENV)/sam/bin/sam build

##@ Develop

.PHONY: lint
lint: $(VENV)/dev.done ## Check the style and the format
	ruff check
	ruff format --check

.PHONY: types
types: $(VENV)/dev.done ## Check the types
	mypy

.PHONY: format
format: $(VENV)/dev.done ## Format the code and fix what the linter can fix
	ruff check --fix
	ruff format

.PHONY: integration
integration: $(VENV)/dev.done $(VENV)/local-aws.done ## Run the functions and the client against real servers
	pytest -q -n 4 --dist loadfile --no-loadscope-reorder tests/integration

.PHONY: marketplace
marketplace: $(VENV)/dev.done ## Run the local marketplace alone, to try a client with it
	@$(VENV)/dev/bin/python -m tests.local.marketplace --port $(MARKETPLACE_PORT)

.PHONY: setup
setup: ## Install what the tests need
	@$(MAKE) --silent --no-print-directory --jobs $(foreach tool,dev sam local-aws runtime scan sbom,$(VENV)/$(tool).done)

# The layer's lock comes before dev's and bench's, which have the layer's packages in the same versions.
LOCKS := requirements/uv requirements/sam requirements/local-aws requirements/runtime requirements/scan \
	requirements/sbom requirements/fuzz requirements/audit layers/dependencies/requirements requirements/dev requirements/bench

.PHONY: lock
lock: $(VENV)/uv.done ## Update the lock of every dependency, with hashes
	@for lock in $(LOCKS); do \
		echo "locking $$lock.txt"; \
		$(UV) pip compile --quiet --universal --python-version 3.13 --generate-hashes --upgrade \
			--only-binary :all: --no-emit-index-url --custom-compile-command "make lock" \
			$$lock.in --output-file $$lock.txt || exit 1; \
	done

.PHONY: clean
clean: ## Remove everything that was installed, built or cached
	rm -rf $(VENV) .local .aws-sam .mypy_cache .ruff_cache .pytest_cache .hypothesis $(SBOM)
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: pytest
pytest: setup
	@# More workers than cores, because most tests wait for a queue or a process. By file, to deploy each stack once,
	@# and in the order of the folders, because the longest tests come first then.
	pytest -n 5 --dist loadfile --no-loadscope-reorder

##@ Assurance

.PHONY: simulate
simulate: $(VENV)/dev.done ## Run SEEDS random scenarios in virtual time, and print the faults and the violations
	@$(RUN) tests.simulation --seeds $(SEEDS) --first $(FIRST)

# pytest runs the same properties with random input. The fuzzer has its own environment in addition to .venv/dev.
.PHONY: fuzz
fuzz: $(VENV)/dev.done $(VENV)/fuzz.done ## Fuzz every parser of external input (Linux on x86-64)
	@PYTHONPATH=.:functions:layers/walmart_ca:$(VENV)/fuzz/lib/python3.13/site-packages $(VENV)/dev/bin/python -m \
		tests.fuzz --seconds $(SECONDS) $(if $(REPLAY),--replay $(REPLAY)) $(ONLY)

# Not part of `make test`, because it takes minutes.
.PHONY: mutate
mutate: $(VENV)/dev.done ## Run the tests on mutants of the modules that decide about an order
	@$(VENV)/dev/bin/python -m tests.tools.mutation $(MODULES)

.PHONY: bench
bench: $(VENV)/dev.done $(VENV)/sam.done $(VENV)/runtime.done $(VENV)/bench.done ## Measure time, instructions, memory and size next to a baseline
	@$(RUN) tests.tools.bench --rounds $(ROUNDS)

.PHONY: capacity
capacity: $(VENV)/dev.done ## Print the throughput of a stack and its cost a month
	@$(RUN) tests.tools.capacity

.PHONY: stuck
stuck: $(VENV)/dev.done ## Print the latency of orders beside stuck ones and a backlog, in virtual time
	@$(RUN) tests.simulation --stuck

.PHONY: audit
audit: $(VENV)/audit.done ## Check every locked package for known vulnerabilities (needs the internet)
	@# --strict: a package that could not be checked is a failure.
	@# checkov uses ecdsa only to verify downloaded checks, and we download none: the timing leak of ecdsa, which will
	@# not be fixed, does not concern us.
	@for lock in requirements/*.txt layers/dependencies/requirements.txt; do \
		echo "auditing $$lock"; \
		case $$lock in */scan.txt) ignored="--ignore-vuln CVE-2024-23342";; *) ignored=;; esac; \
		$(VENV)/audit/bin/pip-audit --strict --disable-pip --require-hashes $$ignored --requirement $$lock || exit 1; \
	done

# The main component is the functions' code, by its name in pyproject.toml. The client is named by its folder, because no
# package index has it. The ignored warning: a lock does not say which package depends on which.
SBOM ?= sbom.cdx.json

.PHONY: sbom
sbom: $(VENV)/sbom.done ## Write the software bill of materials (CycloneDX) to SBOM=sbom.cdx.json
	@{ cat layers/dependencies/requirements.txt; echo 'walmart-ca @ file:layers/walmart_ca'; } | \
		PYTHONWARNINGS=ignore::UserWarning $(VENV)/sbom/bin/cyclonedx-py requirements --pyproject pyproject.toml \
		--output-reproducible --output-file $(SBOM) -
	@echo "wrote $(SBOM)"

# --- Environments -----------------------------------------------------------------------------------------------------

# One environment for each tool, because their packages conflict: SAM, the scanners and the SBOM tool pin their
# dependencies. The local AWS puts its own packages on the functions' path, where they could hide a dependency that is
# missing in a layer. The runtime has only what Lambda provides. Wheels only: building a package runs its code, with
# build tools that no lock pins. Of pip's settings, only those count that say where packages come from.
$(VENV)/%.done: requirements/%.txt $(VENV)/pip.done
	@echo "installing $*"
	@$(VENV)/pip/bin/python -m venv --clear --without-pip $(VENV)/$*
	@PIP_USER=0 PIP_CONSTRAINT=/dev/null $(VENV)/pip/bin/python -m pip --python $(VENV)/$*/bin/python install --quiet \
		--disable-pip-version-check --no-compile --no-deps --require-hashes --only-binary :all: --requirement $<
	@touch $@

# pip, with the Python of every other environment: the machine's, or else one that uv downloads.
$(VENV)/pip.done:
	@python3.13 -m venv --clear $(VENV)/pip >/dev/null 2>&1 || { \
		echo "downloading Python 3.13, because it is missing, or its venv module"; \
		$(MAKE) --no-print-directory $(VENV)/uv.done && $(UV) python install --quiet --no-bin 3.13 && \
		$$($(UV) python find --managed-python 3.13) -m venv --clear $(VENV)/pip; } || { \
		echo "Python 3.13 could not be downloaded: install it (Debian and Ubuntu: python3.13 and python3.13-venv)," \
			"put it on PATH, and run make again" >&2; exit 1; }
	@touch $@

# uv updates the locks and downloads Python. Unlike pip, it has to be told to trust the machine's certificates.
UV := UV_SYSTEM_CERTS=true $(VENV)/uv/bin/uv

# Any Python can run uv. The last one is for pyenv, whose python3 fails here while it has no Python 3.13.
FIRST_PYTHON = $(shell for each in python3.13 python3 /usr/bin/python3; do $$each -c \
	'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 9))' 2>/dev/null && echo $$each && break; done)

$(VENV)/uv.done: requirements/uv.txt
	@test "$(FIRST_PYTHON)" || { echo "no Python from 3.9 on with its venv module is on PATH" >&2; exit 1; }
	@$(FIRST_PYTHON) -m venv --clear $(VENV)/uv
	@PIP_USER=0 PIP_CONSTRAINT=/dev/null $(VENV)/uv/bin/python -m pip install --quiet --disable-pip-version-check \
		--require-hashes --only-binary :all: --requirement $<
	@touch $@
