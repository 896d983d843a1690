# The two commands of the README: `make run` and `make test`. Both install missing tools, report what they
# install, and use tools that are already there in the right version: see tools.mk.

TARGET := wasm32-unknown-unknown
PAGE := dist/index.html
PAGE_SOURCES := Cargo.toml Cargo.lock Trunk.toml index.html $(shell find bundle src style wire/src help/src -type f)
SERVER := target/release/sse-scope-server
# Examines the page for accessibility.
AXE := target/axe/node_modules/axe-core/axe.min.js
# Clients of event streams, from npm and PyPI, that the tap is tested with.
CLIENTS := target/clients/node/node_modules target/clients/python/bin/activate

include tools.mk packaging/release.mk

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run build page-code server-code dev env test test-webkit test-differential check test-native test-page test-e2e bench bench-lens bench-wire bench-server screenshots example-hydrate test-hydrate target chromium firefox webkit python suite test-mends

help:
	@echo "make run          build everything, start the server, print its address"
	@echo "make dev          the same for work on the page: rebuilds and reloads at each change"
	@echo "make test         every check, in Chromium and Firefox too"
	@echo "make test-webkit  the tests in a browser once more, in WebKitGTK"
	@echo "make test-mends   the mends of docs/faults.md, in the frameworks and proxies that they are for"
	@echo "make suite        how well the page explains 88 faulty streams, and 28 healthy ones"
	@echo "make test-differential  compare how the browser and sse-wire read STREAMS random streams: 20000"
	@echo "make bench        how the page keeps to its budgets, against bare pages"
	@echo "make bench-lens   how fast the answers of models are read, against the log alone"
	@echo "make bench-wire   how fast the event-stream format is read, against others"
	@echo "make bench-server how the server bears 10,000 streams, against others"
	@echo "make release      the archive to publish, on Debian a package too, with checksums"
	@echo "make test-release     builds it again elsewhere and compares; examines package and container file"
	@echo "make audit        licences, duplicates and sources of the dependencies"
	@echo "make advisories   their known vulnerabilities; needs GitHub"
	@echo "make screenshots  take the pictures in docs/ again"
	@echo "make example-hydrate  the example with a server that renders: build it, start it"
	@echo "make test-hydrate     its test in Chromium"
	@echo "make env          print the PATH with the tools, for: eval \"\$$(make -s env)\""
	@echo "LISTEN=ADDR:PORT  where make run has the server listen"
	@echo "ENGINE=NAME       the browser of make bench and test-differential: chromium, firefox or webkit"
	@echo "BASELINE=PATH     another build of the server, whose page make bench compares"
	@echo "ROUNDS=N          how often make bench measures each figure: 5"

# --- run ---------------------------------------------------------------------------------------

LISTEN ?= 127.0.0.1:8844

run: build
	@$(SERVER) --listen $(LISTEN)

# Where a tool is missing, this is the first build: make then installs the tools while cargo compiles the page
# and the server. Together they run as many compilers as there are cores.
PAGE_TOOLS := $(TRUNK) $(WASM_SPLIT) $(WASM_BINDGEN) $(WASM_OPT) $(ESBUILD)
MISSING := $(filter-out $(wildcard $(PAGE_TOOLS)),$(PAGE_TOOLS))
CORES = $(shell getconf _NPROCESSORS_ONLN)

build: STEPS = $(if $(MISSING),$(words $(MISSING) page-code server-code page server))
build: | target
	@$(if $(MISSING),$(first_build))
	@$(MAKE) --no-print-directory STEPS=$(STEPS) $(PAGE)
	@echo "== Building the server (about a minute after a change)"
	@cargo build --quiet --release -p sse-scope-server
	@$(call step,the server is built)

define first_build
echo "== The first build: about six minutes on two cores, once. It installs $(notdir $(MISSING))"; \
echo "   in $(TOOLS), and compiles the page and the server. $(STEPS) steps:"; \
rm -f target/steps; \
$(MAKE) --no-print-directory --jobs=$(CORES) STEPS=$(STEPS) $(MISSING) page-code server-code
endef

# $(call step,WHAT): reports a step of the first build.
step = $(if $(STEPS),mkdir -p target; echo >> target/steps; echo "== $$(($$(wc -l < target/steps))) of $(STEPS): $(1)",:)

page-code:
	$(share)@$(PAGE_FLAGS) cargo build --quiet --target $(TARGET) --profile page --features split
	@$(call step,the page is compiled)

# The server without the page, which is not there yet; cargo warns about that. An error is reported by the build
# that follows. Only the library, because linking takes long and is done then.
server-code:
	$(share)@cargo build --quiet --release -p sse-scope-server --lib 2>/dev/null || true
	@$(call step,the libraries of the server are compiled)

# trunk's minifier cannot parse the code that wasm-bindgen writes, and leaves it unchanged. The warning
# about that would be the only output.
TRUNK_LOG := error,trunk=warn,trunk::processing::minify=error

# The names of source files are in the code, for panics: without the folders of this machine.
REMAP = --remap-path-prefix=$(or $(CARGO_HOME),$(HOME)/.cargo)=/cargo --remap-path-prefix=$(CURDIR)=/sse-scope
# The program can be split, because the linker keeps its relocations.
PAGE_FLAGS = CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="$(REMAP) -Clink-arg=--emit-relocs"

$(PAGE): $(PAGE_SOURCES) | target $(PAGE_TOOLS)
	@echo "== Building the page (about two minutes if everything has to be compiled)"
	@$(PAGE_FLAGS) $(TRUNK) --log $(TRUNK_LOG) build --release --cargo-profile page --features split --dist dist
	@$(call step,the page is built)

# trunk serves the page and forwards /stream to the server, which therefore runs at the same time.
dev: | target $(TRUNK) $(WASM_BINDGEN)
	@echo "== Building the server (about a minute the first time)"
	@cargo build --quiet -p sse-scope-server
	@target/debug/sse-scope-server & server=$$!; trap "kill $$server 2>/dev/null" EXIT; \
	sleep 1; kill -0 $$server && $(TRUNK) serve

env:
	@echo 'export PATH="$(PATH)"'

# --- test --------------------------------------------------------------------------------------

# Where bench, test-differential, test-page and test-e2e run: chromium, firefox or webkit.
ENGINE ?= chromium

test: check test-native
	@$(MAKE) --no-print-directory test-page test-e2e
	@$(MAKE) --no-print-directory ENGINE=firefox test-page test-e2e
	@echo "== All is well"

test-webkit:
	@$(MAKE) --no-print-directory ENGINE=webkit test-page test-e2e
	@echo "== All is well in WebKit"

check: | target
	@echo "== Format"
	@cargo fmt --all --check
	@echo "== Lints: native, then $(TARGET)"
	@cargo clippy --quiet --workspace --all-targets --all-features -- -D warnings
	@cargo clippy --quiet --target $(TARGET) -p sse-scope -p sse-wire --features sse-scope/split --lib --bins --tests --examples -- -D warnings
	@cargo clippy --quiet --target $(TARGET) -p sse-scope --lib --no-default-features -- -D warnings
	@echo "== The hydrating example"
	@cd examples/hydrate && cargo fmt --check && \
	  cargo clippy --quiet --all-targets --features ssr -- -D warnings && \
	  cargo clippy --quiet --target $(TARGET) --lib --features hydrate -- -D warnings
	@echo "== Documentation"
	@RUSTDOCFLAGS="-D warnings" cargo doc --quiet --workspace --no-deps --document-private-items

	@echo "== Packages"
	@cargo package --quiet --no-verify --allow-dirty -p sse-wire -p sse-scope-help -p sse-scope 2>target/package.log || { cat target/package.log; exit 1; }

test-native:
	@echo "== Native tests"
	@cargo test --quiet --workspace
	@cargo test --quiet -p sse-scope --no-default-features --features ssr --test server_side

# The fixture is the server with more paths, for responses that the page has to handle. It runs the given
# command with the server's address in the environment. The timeout is for all tests together, in seconds.
test-page: | target $(WASM_BINDGEN) $(WASM_PACK) $(ENGINE)
	@echo "== Tests of the component in $(ENGINE)"
	@$(SCREEN) env $(PAGE_DRIVER) WASM_BINDGEN_TEST_TIMEOUT=300 \
	  cargo run --quiet -p sse-scope-server --example fixture -- $(WASM_PACK) test --headless $(PAGE_BROWSER)

# The small servers of the mends. Not a part of make test: they need Go, PHP, Java, nginx and Apache. Spring and Tomcat
# are installed without what they recommend: a hundred other packages.
test-mends: | target/mends/node/node_modules target/mends/python/bin/activate
	$(call package,go,golang-go,Go)
	$(call package,nginx,nginx-light,nginx)
	$(call package,apache2,apache2,Apache)
	$(call package,php,php-cli php-fpm php-mbstring,PHP with its FPM and mbstring)
	$(call package,javac,default-jdk-headless,a JDK of version 17 or later)
	$(call package,/usr/share/java/spring3-web.servlet.jar,--no-install-recommends libspring-web-servlet-java libspring-context-java,Spring MVC 4.3)
	$(call package,/usr/share/java/tomcat9-catalina.jar,--no-install-recommends libtomcat9-java,Tomcat 9)
	@echo "== The mends of docs/faults.md"
	@cargo test --quiet -p sse-scope-server --features mends --test mends

# Not a part of make test: it takes some minutes. WORDS choose streams, by name, group or way.
suite: $(PAGE) | $(ENGINE)
	@echo "== 88 faulty streams and 28 healthy ones, each in two ways, in $(ENGINE)"
	@$(SCREEN) env SSE_SCOPE_ENGINE=$(ENGINE) cargo test --quiet --release -p sse-scope-server --features suite \
	  --test suite -- $(WORDS)

# One of the tests of test-page, with more streams: their number is read when the test is compiled.
STREAMS ?= 20000
test-differential: | target $(WASM_BINDGEN) $(WASM_PACK) $(ENGINE)
	@echo "== Comparing how $(ENGINE) and sse-wire read $(STREAMS) random streams (two minutes for 20000)"
	@$(SCREEN) env $(PAGE_DRIVER) SSE_SCOPE_STREAMS=$(STREAMS) WASM_BINDGEN_TEST_TIMEOUT=3600 \
	  cargo run --quiet -p sse-scope-server --example fixture -- $(WASM_PACK) test --headless $(PAGE_BROWSER) \
	  -- --test differential -- --nocapture

# The tests of the server's own responses and of the tap need the page in it, but no browser.
test-e2e: $(PAGE) | $(ENGINE) $(AXE) $(if $(filter chromium,$(ENGINE)),$(CLIENTS))
	@echo "== End to end in $(ENGINE) (about two minutes to build the first time)"
	@$(SCREEN) env SSE_SCOPE_ENGINE=$(ENGINE) cargo test --quiet --release -p sse-scope-server --features e2e \
	  --test e2e $(if $(filter chromium,$(ENGINE)),--test http --test command --test relay --test clients --test sdks) -- --test-threads=2

# What differs between the engines. WebKitGTK has no mode without a screen. wasm-pack uses each driver that
# a variable names, and Safari's option stands for any WebKit.
SCREEN = $(if $(filter webkit,$(ENGINE)),xvfb-run --auto-servernum)
PAGE_BROWSER = $(or $(and $(filter chromium,$(ENGINE)),--chrome),$(and $(filter firefox,$(ENGINE)),--firefox),--safari --safaridriver "$$(command -v WebKitWebDriver)")
PAGE_DRIVER = $(if $(filter firefox,$(ENGINE)),GECKODRIVER="$(GECKODRIVER)",--unset=GECKODRIVER)

# Not a test: it does not fail if the page is slow. BASELINE is another build of the server, for example
# one with the page before a change: its page is measured in the same run, and compared.
bench: $(PAGE) | $(ENGINE)
	@echo "== Measuring the page in $(ENGINE) (at most three minutes a round; ROUNDS=1 for one)"
	@$(SCREEN) env SSE_SCOPE_ENGINE=$(ENGINE) $(if $(BASELINE),SSE_SCOPE_BASELINE="$(abspath $(BASELINE))") $(if $(ROUNDS),SSE_SCOPE_ROUNDS=$(ROUNDS)) \
	  cargo bench --quiet -p sse-scope-server --features e2e --bench page

# A test that is left out otherwise, because benchmarks reach only what is public.
bench-lens:
	@cargo test --quiet --release -p sse-scope --lib lens::tests::speed -- --ignored --nocapture

# eventsource-parser is what the reader is compared with in Node.
bench-wire:
	@npm install --no-audit --no-fund --loglevel=error --prefix target/bench eventsource-parser@$(EVENTSOURCE_PARSER_VERSION) >/dev/null
	@cargo bench --quiet -p sse-wire

# Not a test either: it does not fail if the server is slow. Each of the 10,000 connections needs a file
# descriptor. The server is compared with better-sse and, if the system has it, with nginx and
# nchan.
bench-server:
	@npm install --no-audit --no-fund --loglevel=error --prefix target/bench better-sse@$(BETTER_SSE_VERSION) >/dev/null
	@echo "== Measuring the server under load (about three minutes)"
	@ulimit -n $$(ulimit -Hn); cargo bench --quiet -p sse-scope-server --bench load
	@echo "== Measuring the tap (about two minutes)"
	@cargo bench --quiet -p sse-scope-server --bench tap

screenshots: $(PAGE) | chromium $(CLIENTS)
	@fc-list :lang=zh | grep -q . || { echo "Please install a font with Chinese characters (Debian: fonts-noto-cjk)." >&2; exit 1; }
	@cargo test --quiet --release -p sse-scope-server --features screenshots --test screenshots

# The one command of the example, here with the tools that make installs.
example-hydrate: | target $(WASM_BINDGEN) $(WASM_PACK)
	@cd examples/hydrate && $(WASM_PACK) --quiet build --dev --target web --no-pack --features hydrate && \
	  cargo run --quiet --features ssr

# Needs Chromium. Not part of make test: the example's own build of Leptos takes minutes on a bare machine.
test-hydrate: | target $(WASM_BINDGEN) $(WASM_PACK) chromium
	@echo "== The hydrating example in Chromium"
	@cd examples/hydrate && $(WASM_PACK) --quiet build --dev --target web --no-pack --features hydrate && \
	  cargo test --quiet --features ssr

# --- what they need ----------------------------------------------------------------------------

# $(call package,COMMAND OR FILE,PACKAGES AND OPTIONS,WHAT TO INSTALL WITHOUT apt-get)
define package
@command -v $(1) >/dev/null || test -e $(1) || { \
  echo "== Installing $(filter-out --%,$(2))"; \
  command -v apt-get >/dev/null || { echo "Please install $(3), so that $(1) is found." >&2; exit 1; }; \
  sudo=; test "$$(id -u)" = 0 || sudo=sudo; \
  $$sudo apt-get update -qq && $$sudo apt-get install -y -qq $(2) >/dev/null; }
endef

chromium:
	$(call package,chromedriver,chromium chromium-driver,Chrome or Chromium and the chromedriver of its version)

firefox: | $(GECKODRIVER)
	$(call package,firefox,firefox-esr,Firefox)

# The programs of server/tests/clients and server/tests/mends. Node finds modules beside the program that imports
# them.
target/%/node/node_modules: server/tests/%/package-lock.json
	@echo "== Installing packages from npm for server/tests/$*"
	@mkdir -p $(@D) && cp server/tests/$*/*.mjs server/tests/$*/package*.json $(@D)
	@npm ci --no-audit --no-fund --loglevel=error --prefix $(@D) >/dev/null
	@touch $@

target/%/python/bin/activate: server/tests/%/requirements.txt | python
	@echo "== Installing packages from PyPI for server/tests/$*"
	@python3 -m venv target/$*/python
	@target/$*/python/bin/pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

# The programs are copied again when they change.
target/clients/node/node_modules: $(wildcard server/tests/clients/*)
target/mends/node/node_modules: $(wildcard server/tests/mends/*)

# Debian has venv in a package of its own.
python:
	@python3 -c 'import ensurepip' 2>/dev/null || { \
	  echo "== Installing python3-venv"; \
	  command -v apt-get >/dev/null || { echo "Please put Python 3 with venv on PATH." >&2; exit 1; }; \
	  sudo=; test "$$(id -u)" = 0 || sudo=sudo; \
	  $$sudo apt-get update -qq && $$sudo apt-get install -y -qq python3-venv >/dev/null; }
	$(call package,curl,curl,curl)

webkit:
	$(call package,WebKitWebDriver,webkit2gtk-driver,the WebKitWebDriver of WebKitGTK)
	$(call package,xvfb-run,xvfb xauth,xvfb-run)
