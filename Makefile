# Plain `make` lists what there is. The two that a newcomer needs are `make demo` and `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export CARGO_TARGET_DIR ?= $(HOME)/.cache/spica/target
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup assets core check format test test-rust test-python demo bench bench-check bench-setup bench-data bench-templates screenshots docs conformance torture fuzz kqueue darwin

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: ## .venv with everything, the Rust core built into it
	@PYTHON="$(PYTHON)" sh tools/setup.sh

assets: setup ## fetch the scripts and styles that Spica serves (needs npm)
	python tools/assets.py

core: ## rebuild the Rust core only
	@rm -f $(VENV)/.core && PYTHON="$(PYTHON)" sh tools/setup.sh

demo: setup ## make a blog as a user would and serve it on http://127.0.0.1:3000/posts
	@sh tools/demo.sh

check: setup ## format, lint, types, layers, stubs, generated docs
	ruff format --check --quiet .
	ruff check --quiet .
	mypy
	lint-imports --no-cache
	python tools/stub_test.py
	python tools/error_pages.py --check
	cargo fmt --all --check
	cargo clippy --quiet --workspace --all-targets --profile checked -- -D warnings

format: ## rewrite sources in the house format
	ruff format --quiet .
	ruff check --quiet --fix .
	cargo fmt --all

test: setup test-rust test-python ## every test; installs what the tests need

test-rust: setup ## the sans-IO crates and the reactor
	cargo test --quiet --profile checked --workspace --exclude spica-python
	@sh tools/kqueue.sh short

test-python: setup ## unit, integration, generators, browser
	@sh tools/browser.sh
	pytest -n 2 --dist loadgroup tests

screenshots: setup ## take the pictures of the generated pages anew, docs/images/*.png
	@sh tools/browser.sh
	python tools/screenshots.py

docs: ## rewrite the generated reference pages
	python tools/error_pages.py

bench-setup: setup ## a separate venv with the peers that `make bench` compares with
	@sh tools/wrk.sh
	@sh tools/nghttp2.sh
	@sh tools/nginx.sh
	python -m benchmarks setup

bench: setup ## Spica, the limit and the peers in one interleaved run
	@sh tools/wrk.sh
	@python -m compileall -q src/spica # installed packages, the peers among them, come compiled
	python -m benchmarks run

bench-check: setup ## the short form; fails only on a regression against benchmarks/baseline.json
	@sh tools/wrk.sh
	@python -m compileall -q src/spica
	python -m benchmarks check

bench-data: setup ## models beside the raw drivers and other mappers, then pages with a database beside other stacks
	@sh tools/wrk.sh
	@python -m compileall -q src/spica
	python -m benchmarks.data --databases sqlite,postgresql,mysql
	python -m benchmarks run --only page,db,queries,fortunes,updates,db-sqlite,fortunes-sqlite

bench-templates: setup ## templates beside other engines and a page written by hand
	@python -m compileall -q src/spica
	python -m benchmarks.rendering

conformance: setup ## HTTP/1.1, HTTP/2, WebSocket and TLS suites, all their cases, against a live server
	@sh tools/autobahn.sh
	@sh tools/tls_scanners.sh
	SPICA_CONFORMANCE=long pytest -n 2 --dist loadgroup -rs tests/conformance

torture: setup ## try to break the promises, with their full figures (half an hour); PROMISES="15 17" for some
	@sh tools/wrk.sh
	python -m tests.torture $(PROMISES)

kqueue: setup ## what macOS and FreeBSD run, run on Linux: the core over kqueue, its tests and the suites over sockets
	@sh tools/kqueue.sh

darwin: setup ## compile the core for macOS as far as that goes on Linux, and check Python's types for it
	mypy --platform darwin
	@sh tools/darwin.sh

fuzz: ## run every fuzz target for FUZZ_SECONDS (5) each
	@sh tools/fuzz.sh
