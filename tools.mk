# The tools: their versions, where they are installed, and how. A tool that is already on PATH in the right
# version is used.

# Where missing tools are installed; shared by all checkouts.
TOOLS ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/sse-scope

# For the page. The command wasm-bindgen must have exactly the version of the library.
TRUNK_VERSION := 0.21.14
WASM_BINDGEN_VERSION := $(shell sed -n '/^name = "wasm-bindgen"$$/{n;s/version = "\(.*\)"/\1/p;}' Cargo.lock)
WASM_SPLIT_VERSION := 0.2.4
BINARYEN_VERSION := 132
ESBUILD_VERSION := 0.28.2
# For tests and measurements.
WASM_PACK_VERSION := 0.15.1
GECKODRIVER_VERSION := 0.37.0
AXE_VERSION := 4.14.1
EVENTSOURCE_PARSER_VERSION := 3.1.0
BETTER_SSE_VERSION := 0.16.1
# For a release.
CARGO_ABOUT_VERSION := 0.9.3
CARGO_AUDIT_VERSION := 0.22.2
CARGO_DEB_VERSION := 3.8.0
CARGO_DENY_VERSION := 0.20.2
HADOLINT_VERSION := 2.15.1

# $(call tool,COMMAND,VERSION): the command on PATH if it has that version, else the one in $(TOOLS).
tool = $(or $(shell $(1) --version 2>/dev/null | grep -qwF -- "$(2)" && command -v $(1)),$(TOOLS)/$(1)-$(2)/bin/$(1))

TRUNK := $(call tool,trunk,$(TRUNK_VERSION))
WASM_BINDGEN := $(call tool,wasm-bindgen,$(WASM_BINDGEN_VERSION))
# It has no option --version.
WASM_SPLIT := $(TOOLS)/wasm-split-cli-$(WASM_SPLIT_VERSION)/bin/wasm-split-cli
WASM_OPT := $(call tool,wasm-opt,$(BINARYEN_VERSION))
ESBUILD := $(call tool,esbuild,$(ESBUILD_VERSION))
WASM_PACK := $(call tool,wasm-pack,$(WASM_PACK_VERSION))
GECKODRIVER := $(call tool,geckodriver,$(GECKODRIVER_VERSION))

# trunk and wasm-pack use the first of each tool on PATH. A folder that does not exist does no harm.
export PATH := $(dir $(WASM_SPLIT)):$(TOOLS)/wasm-bindgen-$(WASM_BINDGEN_VERSION)/bin:$(TOOLS)/wasm-opt-$(BINARYEN_VERSION)/bin:$(TOOLS)/esbuild-$(ESBUILD_VERSION)/bin:$(TOOLS)/trunk-$(TRUNK_VERSION)/bin:$(TOOLS)/wasm-pack-$(WASM_PACK_VERSION)/bin:$(TOOLS)/geckodriver-$(GECKODRIVER_VERSION)/bin:$(PATH)

# Checks for missing programs run before anything that takes long. rust-toolchain.toml names the target;
# a rustup that does not install targets automatically is asked to here.
target:
	@command -v npm >/dev/null || { echo "Please install Node.js with npm: it brings wasm-opt and esbuild." >&2; exit 1; }
	@rustc --print target-libdir --target $(TARGET) | xargs test -d || { \
	  echo "== Installing the Rust target $(TARGET)" && rustup target add $(TARGET); }

# Compiled quickly rather than for speed: these tools run for seconds only. Where that is too slow, the options
# of a tool have another opt-level, which takes precedence.
CARGO_INSTALL = CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_DEBUG=0 \
  CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 cargo install --quiet --root

OPTIMIZED := --config profile.release.opt-level=1

# Downloads only what the tool's own project has built, and neither uses a token of the user's nor counts
# the download.
CARGO_BINSTALL = cargo binstall --quiet --no-confirm --strategies crate-meta-data --disable-telemetry \
  --no-discover-github-token --root

# Before a command that runs cargo: cargo compiles as many crates at a time as make has jobs left. Not with
# make -n, where it would run the command.
share = $(if $(findstring n,$(filter-out -%,$(firstword $(MAKEFLAGS)))),,+)

# $(call cargo-install,PACKAGE,VERSION,OPTIONS): downloads the tool by cargo binstall if that is on PATH and
# succeeds; else compiles it, with the options. The last command of a recipe, in the folder bin of $@.
define cargo-install
	@echo "== Installing $(1) $(2) in $(TOOLS)"
	$(share)@{ command -v cargo-binstall >/dev/null && $(CARGO_BINSTALL) $(@D)/.. $(1)@$(2) 2>/dev/null; } || \
	  $(CARGO_INSTALL) $(@D)/.. $(3) $(1)@$(2)
	@$(call step,$(1) is installed)
endef

# Without TLS and the search for updates: make installs what trunk would download.
$(TOOLS)/trunk-$(TRUNK_VERSION)/bin/trunk:
	$(call cargo-install,trunk,$(TRUNK_VERSION),--locked --no-default-features)

# Without TLS as well, and without the third program, which nothing here uses. The crates that read and write
# WebAssembly are optimised: a debug build of the page takes half the time. Without --locked: its lock file
# names a package that is no longer available.
$(TOOLS)/wasm-bindgen-$(WASM_BINDGEN_VERSION)/bin/wasm-bindgen:
	$(call cargo-install,wasm-bindgen-cli,$(WASM_BINDGEN_VERSION),--no-default-features \
	  --bin wasm-bindgen --bin wasm-bindgen-test-runner $(foreach hot,walrus wasmparser wasm-encoder,--config profile.release.package.$(hot).opt-level=1))

# From the project of wasm_split_helpers, which Leptos splits with.
$(WASM_SPLIT):
	$(call cargo-install,wasm_split_cli_support,$(WASM_SPLIT_VERSION),--locked --features build-binary)

$(TOOLS)/wasm-pack-$(WASM_PACK_VERSION)/bin/wasm-pack:
	$(call cargo-install,wasm-pack,$(WASM_PACK_VERSION),--locked)

$(TOOLS)/geckodriver-$(GECKODRIVER_VERSION)/bin/geckodriver:
	$(call cargo-install,geckodriver,$(GECKODRIVER_VERSION),--locked $(OPTIMIZED))

# From npm, which has a current version for every system; the versions of Debian and crates.io are too old.
$(TOOLS)/wasm-opt-$(BINARYEN_VERSION)/bin/wasm-opt:
	@echo "== Installing wasm-opt $(BINARYEN_VERSION) in $(TOOLS)"
	@npm install --no-audit --no-fund --loglevel=error --prefix $(@D)/.. binaryen@$(BINARYEN_VERSION).0.0 >/dev/null
	@mkdir -p $(@D) && ln -sf ../node_modules/.bin/wasm-opt $@
	@$(call step,wasm-opt is installed)

$(TOOLS)/esbuild-$(ESBUILD_VERSION)/bin/esbuild:
	@echo "== Installing esbuild $(ESBUILD_VERSION) in $(TOOLS)"
	@npm install --no-audit --no-fund --loglevel=error --prefix $(@D)/.. esbuild@$(ESBUILD_VERSION) >/dev/null
	@mkdir -p $(@D) && ln -sf ../node_modules/.bin/esbuild $@
	@$(call step,esbuild is installed)

$(AXE):
	@npm install --no-audit --no-fund --loglevel=error --prefix target/axe axe-core@$(AXE_VERSION) >/dev/null
