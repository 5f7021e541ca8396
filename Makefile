# Everything that is done with this repository. `make` alone lists it.

CASES ?= 20000
target := $(abspath $(or $(CARGO_TARGET_DIR),target))

# The same as in .cargo/config.toml, with the real target folder.
export PKG_CONFIG_PATH := $(target)/z3/pkgconfig$(if $(PKG_CONFIG_PATH),:$(PKG_CONFIG_PATH))
export Z3_LIBRARY_PATH_OVERRIDE := $(target)/z3/link
# Doc tests run from a temporary folder, where the binary's own run path leads nowhere.
export LD_LIBRARY_PATH := $(target)/z3/lib$(if $(LD_LIBRARY_PATH),:$(LD_LIBRARY_PATH))

.PHONY: help
help:
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

.PHONY: setup
setup: ## put in place what building and testing need
	@scripts/setup

.PHONY: demo
demo: setup ## check, compile and run an example, and see it undone
	@scripts/demo

.PHONY: test
test: setup ## pass every check and every test
	@scripts/test

.PHONY: vsix
vsix: setup ## package the VS Code extension as target/gov.vsix
	@scripts/vsix

# How many random cases each property and comparison is put to: proptest reads the one, our own generators the other.
.PHONY: soak
soak: setup ## run the tests again with 20,000 random cases each (`make soak CASES=1000` for fewer)
	PROPTEST_CASES=$(CASES) GOV_CASES=$(CASES) cargo test --locked --profile soak --workspace --lib --bins --tests \
		--no-fail-fast -- --show-output

.PHONY: mutants
mutants: setup ## break the proofs on purpose, and see that the suites notice each break
	@scripts/mutants

# `make bench SUITES=decisions` for one of them, beside what the others had given; `make bench BENCH="--bound 20"` to cut peers off
# sooner, and `BENCH=--without-peers` for Gov alone. Figures go to bench/results.md.
.PHONY: bench
bench: setup ## measure Gov beside its peers, which are built for it
	cargo build --locked --release --package gov --package gov-bench --package gov-tests
	CARGO_TARGET_DIR=$(target) $(target)/release/gov-bench $(SUITES) $(BENCH)

# `make fuzz TARGET=check SECONDS=600`; needs `rustup toolchain install nightly` and `cargo install cargo-fuzz`.
TARGET ?= format
SECONDS ?= 60
.PHONY: fuzz
fuzz: setup ## look for texts that break the laws of reading, formatting and checking
	cargo +nightly fuzz run --fuzz-dir tests/fuzz $(TARGET) -- -max_total_time=$(SECONDS)
