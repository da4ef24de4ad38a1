# What people and CI type. `make test` is everything that has to be green; the rest are parts of it or extras.

CARGO ?= cargo
# How the gateway is built without the other providers: what a user of one financer has.
ALONE = --package lendport --no-default-features --features

.PHONY: help test deps lint fmt check-formatting clippy unit alone demo deny doc bench chaos fuzz-api openapi clean

help:
	@echo "make test      all checks: formatting, lints, tests, one provider alone, the demo, dependencies"
	@echo "make lint      formatting and lints only"
	@echo "make fmt       format the sources"
	@echo "make demo      play one checkout from cart to authorized"
	@echo "make openapi   write the generated documents anew"
	@echo "make doc       build the reference of all crates, broken links are errors"
	@echo "make bench     measure the gateway beside the least correct work; BENCH=--quick for a look"
	@echo "make chaos     kill the gateway hundreds of times and count what is left (KILLS=200, SEED=from the clock)"
	@echo "make fuzz-api  send made-up requests to a running gateway (needs schemathesis)"

# One after the other, cheapest first, so that a slip shows early.
test:
	$(MAKE) --no-print-directory deps
	$(MAKE) --no-print-directory lint
	$(MAKE) --no-print-directory unit
	$(MAKE) --no-print-directory alone
	$(MAKE) --no-print-directory demo
	$(MAKE) --no-print-directory deny

# System packages that are missing, if any, and Python packages in an environment of their own.
deps:
	.ci/install-test-deps.sh
	.ci/install-python-deps.sh

lint: check-formatting clippy

check-formatting:
	$(CARGO) fmt --all --check

clippy:
	$(CARGO) clippy --workspace --all-targets --all-features -- -D warnings

fmt:
	$(CARGO) fmt --all

unit:
	$(CARGO) test --workspace --all-features

# Adapters are optional: with one of them the gateway still builds and its tests pass, with and without simulator.
alone:
	$(CARGO) clippy $(ALONE) wegetfinancing -- -D warnings
	$(CARGO) test $(ALONE) wegetfinancing
	$(CARGO) test $(ALONE) wegetfinancing,simulator

demo:
	$(CARGO) run -- demo

deny:
	.ci/deny.sh

doc:
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --all-features --no-deps

openapi:
	$(CARGO) run -- openapi --write

# BENCH="--quick" or BENCH="--only create --database sqlite" measures less; BENCH="--help" says what there is.
bench:
	$(CARGO) run --release --package lendport-bench -- $(BENCH)
	$(if $(BENCH),,$(CARGO) run --release --package lendport-bench -- routing)

# The shipped program is killed, at first alone on a file, then as two replicas on a PostgreSQL that dies now and then too.
KILLS ?= 200
SEED ?=
CHAOS = $(CARGO) run --release --package lendport-chaos -- --kills $(KILLS) $(if $(SEED),--seed $(SEED)) \
	--gateway $${CARGO_TARGET_DIR:-target}/release/lendport

chaos: deps
	$(CARGO) build --release --package lendport
	$(CHAOS) --database sqlite
	$(CHAOS) --database postgres --replicas 2
	$(CHAOS) --database sqlite --provider wepay
	$(CHAOS) --database postgres --replicas 2 --provider wepay
	$(CHAOS) --database sqlite --provider flexshopper
	$(CHAOS) --database postgres --replicas 2 --provider flexshopper
	$(CHAOS) --database sqlite --provider cascade
	$(CHAOS) --database postgres --replicas 2 --provider cascade

fuzz-api:
	.ci/fuzz-api.sh

clean:
	$(CARGO) clean
