# From raw codes to figures. `make help` lists the targets.

DATASET = data/review-2024
LANGS = fi sv en
PYTHON = python3
OPTIONS =

# What a folder is called is text, to make and to the shell: it goes by the environment.
override DATASET := $(value DATASET)
export DATASET
# Nothing of the caller's Python, Jupyter, git or earlier runs reaches the commands.
unexport PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONINSPECT PIP_USER PIP_TARGET PIP_PREFIX JUPYTER_PATH \
	JUPYTER_CONFIG_DIR IPYTHONDIR MPLBACKEND MATPLOTLIBRC GIT_DIR GIT_WORK_TREE SOILA_OUTPUT SOILA_PROVENANCE

python := .venv/bin/python
soila := $(python) -m soila_analysis
langs = $(addprefix --lang ,$(LANGS))
compile := $(python) -m uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 --group setup \
	--custom-compile-command 'make lock'

.NOTPARALLEL: # notebooks run side by side within one command
.PHONY: help environment everything figures site report sweep check reference archive test coverage reproduce explore lint clean lock

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' Makefile
	@echo
	@echo 'Choose with DATASET=data/review-2024-memberships (any data set folder) and LANGS="fi sv".'

figures: environment ## Regenerate every figure, in all languages
	@$(soila) build "$$DATASET" $(langs)

site: everything figures ## Write pages for readers: build/<data set>/site/index.html
	@$(soila) site "$$DATASET"

report: everything figures ## Write a PDF to send, in each language: build/<data set>/report/
	@$(soila) report "$$DATASET"

sweep: environment ## Draw notebook 04 for every feature of the data set
	@$(soila) build --sweep "$$DATASET" $(langs)

check: figures ## Compare what is built with the reference, and show what differs
	@$(soila) check "$$DATASET"

reference: figures ## Make what is built the reference, on purpose
	@$(soila) reference "$$DATASET"

archive: everything figures ## Pack data, notebooks and results into one file to deposit
	@$(soila) archive "$$DATASET"

test: everything ## Run the tests
	@$(python) -m pytest -q -n 2 --dist worksteal

coverage: everything ## Run the tests with coverage, which takes them twice as long
	@$(python) -m coverage erase && $(python) -m coverage run -m pytest -q -n 2 --dist worksteal
	@$(python) -m coverage combine -q && $(python) -m coverage report

reproduce: environment ## Make all figures in perturbed ways, compare every byte
	@$(soila) reproduce $(langs)

explore: everything ## Open the notebooks in JupyterLab
	@$(soila) explore $(OPTIONS)

lint: everything ## Check style, types and that notebooks are stored without outputs
	@$(python) -m ruff check . && $(python) -m ruff format --check .
	@$(python) -m mypy
	@if grep -nE '"(execution_count": [0-9]|output_type")' notebooks/*.ipynb; then \
		echo 'Store notebooks without outputs: .venv/bin/jupyter nbconvert --clear-output --inplace notebooks/*.ipynb' >&2; exit 1; fi

clean: ## Remove what was built; the environment stays
	@rm -rf build

lock: everything ## Renew requirements.lock, its part figures.lock and its sbom.cdx.json, from pyproject.toml
	@$(compile) --generate-hashes --no-strip-extras $(addprefix --extra ,archive coders explore reconstruction report) --group dev --output-file requirements.lock pyproject.toml
	@$(compile) --constraint requirements.lock --no-annotate --output-file figures.lock pyproject.toml
	@$(python) -m soila_analysis.build.bom

everything: holds = all
environment everything:
	@for python in '$(PYTHON)' $(python); do command -v "$$python" >/dev/null && exec "$$python" -I src/soila_analysis/build/environment.py $(holds); \
		done; echo '$(PYTHON) is missing. Name one of version 3.11 or newer: make figures PYTHON=python3.12' >&2; exit 1
