# Everything that is done with this repository. `make` alone lists it.

target := $(abspath $(or $(CARGO_TARGET_DIR),target))

# The same as in .cargo/config.toml, with the real target folder.
export PKG_CONFIG_PATH := $(target)/z3/pkgconfig$(if $(PKG_CONFIG_PATH),:$(PKG_CONFIG_PATH))
export Z3_LIBRARY_PATH_OVERRIDE := $(target)/z3/lib
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
