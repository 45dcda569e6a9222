# make run     install what is missing, build, start a demo server in the foreground
# make test    install what the tests need, build with and without sanitizers, run all tests (under 40 minutes)
# See README.md; everything else is listed by `make help`.
JOBS ?= $(shell nproc)
DATA ?= data
PORT_BASE ?= 10000
ARGS ?=

.PHONY: deb help run build test test-quick test-long bench fuzz format tidy manual deps deps-test

help:
	@sed -n '/^[a-z-]*:.*##/s/:.*##/\t/p' $(MAKEFILE_LIST) | expand -t 14

run: build  ## build and start a demo server (DATA=directory PORT_BASE=10000)
	build/release/postrider demo --data $(DATA) --port-base $(PORT_BASE) $(ARGS)

deps:
	@scripts/install-packages build

deps-test:
	@scripts/install-packages build test
	@scripts/unpack-cyrus build/cyrus || echo "without Cyrus: its tests are left out"

build: deps  ## build/release/postrider
	@cmake --preset release >/dev/null
	@cmake --build build/release --target postrider -j $(JOBS)

test: deps-test  ## all tests: formatting, rooms, units, units under sanitizers, whole server, crashes
	@scripts/test all

test-quick: deps-test  ## without the sanitizer build
	@scripts/test quick

test-long: deps-test  ## and 60 kills and cuts, a million messages, the package in a Debian root, FUZZ_SECONDS (600) for each target
	@scripts/install-packages deb fuzz image
	@scripts/test long

bench:  ## side by side with Postfix and Dovecot
	@scripts/install-packages build bench
	@cmake --preset release >/dev/null
	@cmake --build build/release --target postrider loadgen -j $(JOBS)
	@bench/run $(ARGS)

fuzz:  ## every fuzz target for FUZZ_SECONDS (60)
	@scripts/install-packages build fuzz
	@scripts/fuzz

format:  ## put all sources into the house's shape
	@git ls-files '*.cpp' '*.h' | xargs clang-format-14 -i

tidy:  ## clang-tidy over the sources that differ from main, or all
	@scripts/tidy

manual: build  ## regenerate docs/manual from the settings tables
	@build/release/postrider config manual --markdown > docs/manual/configuration.md
	@build/release/postrider help --markdown > docs/manual/commands.md
	@build/release/postrider help --cli > docs/manual/cli.md

deb: build  ## build/postrider_VERSION_ARCH.deb
	@command -v dpkg-shlibdeps >/dev/null || scripts/install-packages deb
	@packaging/build-deb build/release/postrider build
