# From raw codes to figures. `make help` lists the targets.

DATASET = data/review-2024
LANGS = fi sv en
PYTHON = python3

BIN := .venv/bin
READY := .venv/ready

# The folder DATASET stands for: a path from here, or the name of a folder in data/.
ifneq ($(words $(DATASET)),1)
$(error DATASET must name one folder without spaces in its path, not "$(DATASET)". A link will do: ln -s "/path/with spaces/round" data/round)
endif
given := $(patsubst ./%,%,$(patsubst %/,%,$(DATASET)))
FOLDER := $(patsubst %/.,%,$(firstword $(wildcard $(given)/. data/$(given)/.)))
ifeq ($(FOLDER),)
$(error DATASET names no folder: "$(DATASET)")
endif

quoted = '$(subst ','\'',$(1))'
OUT := build/$(notdir $(FOLDER))
STAMP := $(OUT)/dataset
QUEUE := $(OUT)/queue-$(shell echo $$PPID)
# The review's own example for notebook 04; a data set with features of its own shows its rarest.
FEATURE = $(if $(wildcard $(FOLDER)/features.csv),rarest,ecosystem-anchoring)

NOTEBOOKS := $(filter-out 04_feature-by-goal,$(notdir $(basename $(wildcard notebooks/[0-9]*.ipynb))))
CODES := $(wildcard $(FOLDER)/*.csv $(FOLDER)/*.toml)
LIBRARY := $(shell find src/soila_analysis -name '*.py' -o -name '*.csv' -o -name '*.toml' -o -name '*.ttf' \
	-o -path '*/templates/*')

.DELETE_ON_ERROR:
.NOTPARALLEL: # notebooks run side by side within one recipe
.SUFFIXES:

.PHONY: help
help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' Makefile
	@echo
	@echo 'Choose with DATASET=data/review-2024-memberships (any data set folder) and LANGS="fi sv".'

# One rule a run. What is stale puts its name in a queue, which is then executed by one process:
# the imports are paid once, and the notebooks run side by side. A run whose outputs have been
# deleted is stale, and so is every run of a data set of the same name from another place.
# $(1) language, $(2) executed notebook, $(3) notebook, $(4) its own parameters
outputs = $(addprefix $(OUT)/$(1)/,$(shell cat $(OUT)/$(1)/notebooks/$(2).outputs 2>/dev/null))
lost = $(filter-out $(wildcard $(outputs)),$(outputs))
define run
$(OUT)/$(1)/notebooks/$(2).ipynb: notebooks/$(3).ipynb $(CODES) $(LIBRARY) $(READY) $(STAMP) $(if $(lost),FORCE) | forget
	@printf '%s\t' 'notebooks/$(3).ipynb' 'lang=$(1)' $(4) >> $(QUEUE); echo $(call quoted,dataset=$(FOLDER)) >> $(QUEUE)
endef
example := 04_feature-by-goal-$(FEATURE)
$(foreach l,$(LANGS),$(foreach n,$(NOTEBOOKS),$(eval $(call run,$l,$n,$n,))))
$(foreach f,$(sort $(FEATURE) $(FEATURES)),$(foreach l,$(LANGS),$(eval $(call run,$l,04_feature-by-goal-$f,04_feature-by-goal,'feature=$f'))))
FIGURES := $(foreach l,$(LANGS),$(foreach n,$(NOTEBOOKS) $(example),$(OUT)/$l/notebooks/$n.ipynb))
SWEEP := $(foreach l,$(LANGS),$(foreach f,$(FEATURES),$(OUT)/$l/notebooks/04_feature-by-goal-$f.ipynb))
MANIFEST := $(OUT)/manifest.json
describe = $(BIN)/soila manifest $(OUT)
execute = if [ -f $(QUEUE) ]; then rm -f $(MANIFEST) && $(BIN)/soila run --queue $(QUEUE) && $(describe); \
	elif [ -f $(MANIFEST) ]; then echo 'All figures in $(OUT) are up to date.'; else $(describe); fi

.PHONY: figures
figures: $(FIGURES) ## Regenerate every figure, in all languages
	@$(execute)

.PHONY: site
site: figures ## Write pages for readers: build/<data set>/site/index.html
	@$(BIN)/soila site $(DATASET)

.PHONY: report
report: figures ## Write a PDF to send, in each language: build/<data set>/report/
	@$(BIN)/soila report $(call quoted,$(FOLDER))

.PHONY: sweep
sweep: $(READY) ## Draw notebook 04 for every feature of the data set
	@features=$$($(BIN)/soila features $(call quoted,$(FOLDER))) && $(MAKE) --no-print-directory sweep-features FEATURES="$$(echo $$features)"

.PHONY: sweep-features
sweep-features: $(SWEEP)
	@$(execute)

.PHONY: check
check: figures ## Compare what is built with the reference, and show what differs
	@$(BIN)/soila check $(OUT)

.PHONY: reference
reference: figures ## Make what is built the reference, on purpose
	@$(BIN)/soila reference $(OUT)

.PHONY: archive
archive: figures ## Pack data, notebooks and results into one file to deposit
	@$(BIN)/soila archive $(OUT)

# What an interrupted run left in the queue is not this run's.
.PHONY: forget
forget: | $(OUT)
	@rm -f $(QUEUE)

# The stamp changes only when the name stands for another folder, or files have come or gone.
$(STAMP): FORCE | $(OUT)
	@echo $(call quoted,$(sort $(CODES) $(LIBRARY))) | cmp -s - $@ || echo $(call quoted,$(sort $(CODES) $(LIBRARY))) > $@

$(OUT):
	@mkdir -p $@

.PHONY: FORCE
FORCE:

.PHONY: test
test: $(READY) ## Run the tests, with coverage
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -q
	@$(BIN)/coverage combine -q
	@$(BIN)/coverage report

.PHONY: reproduce
reproduce: $(READY) ## Make all figures in perturbed ways, compare every byte
	@$(BIN)/soila reproduce $(addprefix --lang ,$(LANGS))

.PHONY: explore
explore: $(READY) ## Open the notebooks in JupyterLab
	@$(BIN)/jupyter lab notebooks

.PHONY: lint
lint: $(READY) ## Check style, types and that notebooks are stored without outputs
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@if grep -nE '"(execution_count": [0-9]|output_type")' notebooks/*.ipynb; then \
		echo 'Store notebooks without outputs: $(BIN)/jupyter nbconvert --clear-output --inplace notebooks/*.ipynb' >&2; exit 1; fi

.PHONY: clean
clean: ## Remove what was built; the environment stays
	@rm -rf build

.PHONY: lock
lock: $(READY) ## Renew requirements.lock from pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 --generate-hashes --no-strip-extras \
		--all-extras --group dev --custom-compile-command 'make lock' --output-file requirements.lock pyproject.toml

# An environment that works is brought up to date; one that does not is made anew.
recent = -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
$(READY): requirements.lock pyproject.toml
	@$(BIN)/python $(recent) || $(PYTHON) $(recent) || \
		{ echo '$(PYTHON) is missing or older than 3.11. Name a newer one: make figures PYTHON=python3.12' >&2; exit 1; }
	@echo 'Setting up .venv from requirements.lock (about a minute the first time) ...'
	@$(BIN)/python $(recent) || $(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
