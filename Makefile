# Two commands do all that is needed on a fresh machine with a Swift toolchain: `make demo` and `make test`.

SWIFT ?= swift
PREFIX ?= /usr/local
RELEASE = $(SWIFT) build -c release --static-swift-stdlib --product flashkeep -Xlinker -s
# Optimised, with all packages that it uses: the tests then need a third of the time. In a folder of its own, for the
# program alone is built otherwise.
TESTS = $(SWIFT) build -c release -Xswiftc -enable-testing --scratch-path .build/tests --build-tests \
	--explicit-target-dependency-import-check error

.PHONY: help build demo test ready set-up unit lab campaign check format bench install clean

help:
	@echo "make demo      back up an emulated router and look at the result"
	@echo "make test      install what the tests need and run all of them"
	@echo "make bench     measure speed, memory and line use, as ratios"
	@echo "make install   build and install flashkeep below $(PREFIX) (PREFIX=...)"
	@echo "make unit      the quick tests alone;  make lab: those with emulated boards"
	@echo "make campaign  all tests with all cells of long matrices, then one lab test many times (RUNS=30 AT_ONCE=3 FILTER=...)"
	@echo "make format    put the sources into the project's form;  make check: is it kept"

build:
	@Scripts/setup build
	$(RELEASE)

demo:
	@Scripts/setup demo
	$(RELEASE)
	@Scripts/demo

test: ready
	@Scripts/test

# All cells of the matrices of which `make test` has representatives, then one lab test many times on a busy machine.
campaign: ready
	FLASHKEEP_CAMPAIGN=1 Scripts/test
	@Scripts/campaign-login $(RUNS) $(AT_ONCE) '$(FILTER)'

# What is fetched and what is compiled are waited for together.
ready:
	@Scripts/setup build
	@$(MAKE) --no-print-directory -j2 set-up check

set-up:
	@env -u MAKEFLAGS -u MFLAGS Scripts/setup test

# The sources are in the project's form, every target imports only what it declares, and the rules of the house are kept:
# which target and which folder uses which, and how long files and functions are.
check:
	$(SWIFT) format lint --strict --recursive --parallel Sources Tests Package.swift
	$(TESTS)
	@Scripts/test HouseTests

unit lab: check
	@Scripts/test $@

RUNS ?= 30
AT_ONCE ?= 3
FILTER ?= LabTests.*aLoginOnASerialLineFullOfKernelMessages

format:
	$(SWIFT) format --in-place --recursive --parallel Sources Tests Package.swift

bench:
	@Scripts/setup test
	$(RELEASE)
	@Scripts/bench

install: build
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 .build/release/flashkeep $(DESTDIR)$(PREFIX)/bin/flashkeep

clean:
	rm -rf .build
