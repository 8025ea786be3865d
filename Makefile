# make reproduce   the whole method on this machine, ending with what was found
# make reproduce EXACT=1   the same with the versions of every package that the shown numbers were made with
# make test        the tests; make test-all adds the slow ones
# make notebooks   the notebooks, executed in their place on the results of `make reproduce`
# make page       docs/index.html from the results of `make reproduce`
# make demo        a playground in the browser: change what the microphones hear, and see the talker move
# make digits      spoken digits, from clips to what explains the answers: digits/README.md
# make enhancement a speech enhancer, from clips to what explains its masks: enhancement/README.md
# make array SETUP=mine.json   a network for an array of yours, in any room: data and weights in results/array
# make benchmarks  speed and accuracy, as ratios measured in one run
# Each sets up its own virtual environment first and reuses it afterwards.

PYTHON ?= python3
VENV := $(if $(EXACT),.venv-exact,.venv)
RUN := $(VENV)/bin/python
PROFILE ?= quick
MODEL ?= steered_cnn
EPOCHS ?= 40
ARGS ?=

.PHONY: reproduce array digits enhancement notebooks page demo test test-all lint benchmarks clean

reproduce: $(VENV)/installed
	$(RUN) reproduce.py --profile $(PROFILE) $(ARGS)

array: $(VENV)/installed
	$(RUN) generate_data.py --rooms random --setup $(SETUP) --splits train val --data_path results/array/data $(ARGS)
	$(RUN) train.py --rooms random --model_name $(MODEL) --epochs $(EPOCHS) \
		--data_path results/array/data --log_dir results/array/logs

digits enhancement: $(VENV)/installed
	$(RUN) -m $@ --profile $(PROFILE) $(ARGS)

notebooks: $(VENV)/installed-notebook
	$(RUN) -m nbconvert --to notebook --execute --inplace --ExecutePreprocessor.record_timing=False \
		--log-level=WARN $(ARGS) notebooks/*.ipynb

page: $(VENV)/installed
	$(RUN) build_page.py --results results/$(PROFILE) $(ARGS)

demo: $(VENV)/installed-demo
	$(RUN) demo.py $(ARGS)

test: $(VENV)/installed-test lint
	OMP_NUM_THREADS=1 $(RUN) -m pytest -n auto --dist loadfile --no-loadscope-reorder -m "not slow" $(ARGS)

test-all: $(VENV)/installed-test lint
	OMP_NUM_THREADS=1 $(RUN) -m pytest -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(VENV)/installed-test
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy

benchmarks: $(VENV)/installed-benchmark
	$(RUN) -m benchmarks

clean:
	rm -rf $(VENV)

$(VENV)/installed: requirements.txt $(if $(EXACT),requirements-exact.txt) | $(RUN)
$(VENV)/installed-test: requirements-test.txt requirements-demo.txt $(VENV)/installed
$(VENV)/installed-benchmark: requirements-benchmark.txt $(VENV)/installed
$(VENV)/installed-notebook: requirements-notebook.txt $(VENV)/installed
$(VENV)/installed-demo: requirements-demo.txt $(VENV)/installed

$(VENV)/installed $(VENV)/installed-test $(VENV)/installed-benchmark $(VENV)/installed-notebook \
$(VENV)/installed-demo:
	@echo "Installing $< into $(VENV) (once; a few minutes, most of it PyTorch) ..."
	$(RUN) -m pip install --quiet --disable-pip-version-check --no-compile -r $< $(if $(EXACT),-c requirements-exact.txt)
	@$(RUN) -m compileall -qq -j 0 $(VENV)/lib || true  # as pip does, but on all cores; some packages hold files that can't be
	@touch $@

$(RUN):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "Python 3.10 or newer is needed; say which: make PYTHON=python3.12"; exit 2; }
	@echo "Making a virtual environment in $(VENV) ..."
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); $(MAKE) --no-print-directory venv-package && $(PYTHON) -m venv $(VENV); }

.PHONY: venv-package
venv-package:
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing Debian's python3-venv ..."; apt-get -qq update && apt-get -qq install -y python3-venv; \
	else \
		echo "Python's venv module is not complete; install it: sudo apt-get install python3-venv"; exit 2; \
	fi
