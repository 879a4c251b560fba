# Two commands do all that is needed on a fresh machine with a Swift toolchain: `make demo` and `make test`.

SWIFT ?= swift
PREFIX ?= /usr/local
RELEASE = $(SWIFT) build -c release --static-swift-stdlib --product flashkeep -Xlinker -s

.PHONY: help build demo test unit lab campaign check format bench install clean

help:
	@echo "make demo      back up an emulated router and look at the result"
	@echo "make test      install what the tests need and run all of them"
	@echo "make bench     measure speed, memory and line use, as ratios"
	@echo "make install   build and install flashkeep below $(PREFIX) (PREFIX=...)"
	@echo "make unit      the quick tests alone;  make lab: those with emulated boards"
	@echo "make campaign  one lab test many times on a busy machine (RUNS=30 AT_ONCE=3 FILTER=...)"
	@echo "make format    put the sources into the project's form;  make check: is it kept"

build:
	@Scripts/setup build
	$(RELEASE)

demo:
	@Scripts/setup demo
	$(RELEASE)
	@Scripts/demo

# Optimised, the tests run in a fifth of the time: bytes are what most of them are about.
test: export FLASHKEEP_OPTIMIZE = 1
test:
	@Scripts/setup test
	@$(MAKE) --no-print-directory check
	@Scripts/test

# The sources are in the project's form, every target imports only what it declares, and the rules of the house are kept:
# which target and which folder uses which, and how long files and functions are.
check:
	$(SWIFT) format lint --strict --recursive --parallel Sources Tests Package.swift
	$(SWIFT) build --build-tests --explicit-target-dependency-import-check error
	"$$($(SWIFT) build --show-bin-path)/flashkeepPackageTests.xctest" --testing-library swift-testing --filter HouseTests

unit:
	FLASHKEEP_BAGIT_PYTHON=$(CURDIR)/.lab/venv/bin/python $(SWIFT) test --no-parallel --skip LabTests

lab:
	FLASHKEEP_LAB=1 FLASHKEEP_BAGIT_PYTHON=$(CURDIR)/.lab/venv/bin/python \
		$(SWIFT) test --no-parallel --filter LabTests

RUNS ?= 30
AT_ONCE ?= 3
FILTER ?= LabTests.*aLoginOnASerialLineFullOfKernelMessages

campaign:
	@Scripts/setup test
	$(SWIFT) build --build-tests
	@Scripts/campaign-login $(RUNS) $(AT_ONCE) '$(FILTER)'

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
