# make demo: the main job in the sandbox. make test: every test. Each does its own set-up.

PREFIX ?= /usr/local
DESTDIR ?=
SWIFT ?= swift
# Neither the tests of whole sandboxes and labs, nor what they stand on, nor the program behind `make crash-test`.
TESTS = $(filter-out EndToEndTests FieldTests CrashTests,$(notdir $(wildcard Tests/*/*Tests)))
SCRIPTS = scripts/setup scripts/demo scripts/fuzz scripts/mutants scripts/mesos-for-tests scripts/haproxy-for-tests scripts/upgrade-test .ci/run
# The installed programs carry Swift's libraries along, so that they run where there is no toolchain.
RELEASE = -c release --static-swift-stdlib
PROGRAMS = rz rz-sandbox

export PATH := $(CURDIR)/.venv/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup build test test-rights field crash-test upgrade-test simulate mutants mutation asan tsan fuzz bench demo lint sbom format install clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

setup: ## install what is missing (scripts/setup)
	@scripts/setup

build: setup ## build rz and its sandbox
	$(SWIFT) build --product rz
	$(SWIFT) build --product rz-sandbox

# One target after the other: tests of several at once would starve each other on a small machine. Tests of whole
# sandboxes mostly wait.
test: setup ## run every test
	$(SWIFT) build --build-tests
	@set -e; RZ_TEST_MESOS=$$(scripts/mesos-for-tests); export RZ_TEST_MESOS; for target in $(TESTS); do \
	    echo "== $$target"; $(SWIFT) test --skip-build --filter "^$$target\."; done
	@echo "== FieldTests"; $(SWIFT) test --skip-build --filter "^FieldTests\."
	@echo "== EndToEndTests"; scripts/test-sandboxes

# What holds for root with the usual umask only shows here. `make test` builds the tests first.
test-rights: ## run suites under umask 000, 077 and as an ordinary user: make test-rights SUITES='JournalTests'
	$(SWIFT) build --build-tests
	@scripts/test-rights $(or $(SUITES),$(TESTS) EndToEndTests)

# Each scenario with at least REQUESTS requests of users; `make test` has the short ones.
field: setup ## test what people met on real load balancers, at length: make field REQUESTS=20000 SEED=7
	$(SWIFT) build --build-tests
	RZ_FIELD_REQUESTS=$(or $(REQUESTS),20000) RZ_FIELD_RATE=400 $(if $(SEED),RZ_FIELD_SEED=$(SEED)) \
	    $(SWIFT) test --skip-build --filter "^FieldTests\."

simulate: build ## simulate whole runs with whatever may go wrong: make simulate RUNS=100000
	"$$($(SWIFT) build --show-bin-path)/rz" simulate --runs $(or $(RUNS),20000)

mutants: setup ## break rz on purpose and demand that the simulation notices: make mutants NAME='fence-ignored'
	scripts/mutants $(NAME)

mutation: setup ## change rz in small wrong ways and demand that its tests notice: make mutation N=200 SEED=7
	scripts/mutation $(or $(N),200) $(SEED)

# Tests of whole sandboxes and labs run rz as another program, which has no part in this. Each sanitizer has a build of its own, and
# is so slow that a part of the simulation has to do.
asan: setup ## run the tests under AddressSanitizer
	@$(call sanitized,address)

tsan: setup ## run the tests under ThreadSanitizer
	@$(call sanitized,thread)

# What it calls leaks are Foundation's (reading an empty file) and XCTest's own.
GENTLY = RZ_SIMULATE_RUNS=100 RZ_EXPLORE_RUNS=300 ASAN_OPTIONS=detect_leaks=0 \
    TSAN_OPTIONS=suppressions=$(CURDIR)/Tests/thread.suppressions

sanitized = set -e; $(SWIFT) build --build-tests --sanitize=$(1) --scratch-path .build/$(1); for target in $(TESTS); do \
	    echo "== $$target"; $(GENTLY) $(SWIFT) test --skip-build --sanitize=$(1) --scratch-path .build/$(1) \
	    --filter "^$$target\."; done

upgrade-test: setup ## resume moves that an older rz halted, in each phase: make upgrade-test FROM=b870475
	scripts/upgrade-test $(FROM)

fuzz: ## look for input that breaks a decoder: make fuzz TARGET=json TIME=60
	scripts/fuzz $(or $(TARGET),--list) $(or $(TIME),60)

# Without POINTS=50 SEED=7 (a sample), SIGNAL=KILL THEN=resume (one way) or POINT='…' it takes hours.
crash-test: setup ## end rz at every kill point of a move, go on, and compare (docs/verification-crash.md)
	$(SWIFT) build --product rz-killpoints
	$(SWIFT) build --product rz-sandbox
	$(SWIFT) build --product CrashTests
	@"$$($(SWIFT) build --show-bin-path)/CrashTests"

released = set -e; for program in $(PROGRAMS); do $(SWIFT) build $(RELEASE) --product $$program; done

bench: setup ## measure against plain clients (Benchmarks): make bench APPS=2000
	@$(released)
	python3 Benchmarks/replication.py --rz "$$($(SWIFT) build $(RELEASE) --show-bin-path)/rz" --apps $(or $(APPS),2000)

demo: build ## move the sandbox from blue to green and back, under load
	RZ="$$($(SWIFT) build --show-bin-path)/rz" scripts/demo

lint: ## check format, scripts, modules and their arrows, mutants, dependencies, and words
	$(SWIFT) format lint --strict --recursive Package.swift Sources Tests
	@if command -v shellcheck >/dev/null; then echo shellcheck $(SCRIPTS); shellcheck $(SCRIPTS); \
	    else echo "shellcheck is not installed: scripts not checked"; fi
	@if command -v terraform >/dev/null; then echo terraform fmt -check -recursive environments; \
	    terraform fmt -check -recursive environments; else echo "terraform is not installed: modules not checked"; fi
	@for patch in Tests/Proof/Mutants/*.patch; do git apply --check "$$patch" || exit 1; done
	scripts/sbom --check
	scripts/module-graph
	scripts/glossary

sbom: ## list what rz is made of, with versions (CycloneDX)
	@scripts/sbom

format: ## format the Swift sources
	$(SWIFT) format --in-place --recursive Package.swift Sources Tests

install: setup ## install rz, its sandbox and its completions below PREFIX (/usr/local)
	@$(released)
	install -d "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(PREFIX)/share/bash-completion/completions" \
	    "$(DESTDIR)$(PREFIX)/share/zsh/site-functions" "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d"
	@set -e; built=$$($(SWIFT) build $(RELEASE) --show-bin-path); for program in $(PROGRAMS); do \
	    install -s -m 755 "$$built/$$program" "$(DESTDIR)$(PREFIX)/bin/$$program"; done
	"$(DESTDIR)$(PREFIX)/bin/rz" --generate-completion-script bash \
	    > "$(DESTDIR)$(PREFIX)/share/bash-completion/completions/rz"
	"$(DESTDIR)$(PREFIX)/bin/rz" --generate-completion-script zsh \
	    > "$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_rz"
	"$(DESTDIR)$(PREFIX)/bin/rz" --generate-completion-script fish \
	    > "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/rz.fish"
	@cd "$(DESTDIR)$(PREFIX)/bin"; for program in $(PROGRAMS); do \
	    printf '%s: %s, %s MB\n' "installed" "$$PWD/$$program" "$$(($$(stat -c %s "$$program") / 1000000))"; done

clean: ## remove what was built; the set-up stays
	rm -rf .build
