# SPDX-License-Identifier: GPL-2.0-or-later
#
# aip: one Makefile, no recursion.  Each part brings a fragment build.mk that
# only lists its sources (see doc/hacking.md).

VERSION := $(shell cat VERSION)
B ?= build
PKG_CONFIG ?= pkg-config

# paths compiled in; the spec overrides them with its macros
prefix ?= /usr
sbindir ?= /sbin
libexecdir ?= $(prefix)/libexec
datadir ?= $(prefix)/share
sysconfdir ?= /etc
localstatedir ?= /var

OPTFLAGS ?= -O2 -g
WARN = -Wall -Wextra -Wformat=2 -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
       -Wpointer-arith -Wvla -Wundef -Wno-unused-parameter -Werror=implicit-function-declaration
HARDEN ?= -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
HARDEN_LD ?= -pie -Wl,-z,relro,-z,now
# SAN=address,undefined builds with sanitizers (use another B for it)
ifneq ($(SAN),)
HARDEN =
HARDEN_LD =
OPTFLAGS = -O1 -g -fno-omit-frame-pointer
SANFLAGS = -fsanitize=$(SAN) -fno-sanitize-recover=all
endif
ifneq ($(COVERAGE),)
HARDEN =
HARDEN_LD =
OPTFLAGS = -O0 -g
SANFLAGS += --coverage
endif

ALL_CPPFLAGS = -Isrc -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DAIP_VERSION='"$(VERSION)"' \
	-DAIP_LIBEXECDIR='"$(libexecdir)/aip"' -DAIP_DATADIR='"$(datadir)/aip"' $(CPPFLAGS)
ALL_CFLAGS = -std=gnu11 $(OPTFLAGS) $(WARN) $(HARDEN) $(SANFLAGS) $(CFLAGS)
ALL_LDFLAGS = $(HARDEN_LD) $(SANFLAGS) $(LDFLAGS)

all: programs
.PHONY: all programs

# $(call aip_lib,name,sources): a static archive $(B)/lib<name>.a
define aip_lib_
LIB_$(1)_OBJS := $(patsubst %.c,$(B)/%.o,$(2))
OBJS += $$(LIB_$(1)_OBJS)
$(B)/lib$(1).a: $$(LIB_$(1)_OBJS)
	@rm -f $$@
	$$(AR) rcs $$@ $$^
endef
aip_lib = $(eval $(call aip_lib_,$(1),$(2)))

# $(call aip_prog,name,sources,archives in link order,pkg-config names,extra libs): $(B)/<name>
define aip_prog_
PROG_$(1)_OBJS := $(patsubst %.c,$(B)/%.o,$(2))
OBJS += $$(PROG_$(1)_OBJS)
$(B)/$(1): $$(PROG_$(1)_OBJS) $(patsubst %,$(B)/lib%.a,$(3))
	@mkdir -p $$(@D)
	$$(CC) $$(ALL_LDFLAGS) -o $$@ $$^ $$(if $(strip $(4)),$$(shell $$(PKG_CONFIG) --libs $(4))) $(5)
endef
# a program that is shipped / one that only tests use
aip_prog = $(eval $(call aip_prog_,$(1),$(2),$(3),$(4),$(5)))$(eval PROGRAMS += $(B)/$(1))
aip_test_prog = $(eval $(call aip_prog_,$(1),$(2),$(3),$(4),$(5)))$(eval TEST_PROGRAMS += $(B)/$(1))

# WITHOUT="aipbackup mkindex": parts of src/ that are left out, where what they need is missing
include $(filter-out $(WITHOUT:%=src/%/build.mk),$(sort $(wildcard src/*/build.mk tests/*/build.mk dkms/build.mk doc/build.mk)))

programs: $(PROGRAMS)
test-programs: $(TEST_PROGRAMS)
.PHONY: test-programs

# B is given as build or as /…/build, and for make that is not the same file: what it depends on is said of both
deps = -MMD -MP -MT '$(sort $(abspath $(1)) $(patsubst $(CURDIR)/%,%,$(abspath $(1))))'

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(CPPFLAGS_$(patsubst %/,%,$(dir $<))) $(ALL_CFLAGS) $(call deps,$@) -c -o $@ $<

-include $(OBJS:.o=.d)

# ---- tests -------------------------------------------------------------------
# make check           everything CI runs
# make check-AREA      one area (unit, rpm, fault, vm, ...), T=glob narrows it
.PHONY: check check-style
check:
	tools/install-deps build check demo vm
	tests/run --jobs $${JOBS:-2}

check-%:
	tests/run --area $* $(if $(T),--only '$(T)')

# make check-full      the whole matrix, the long forms of the tests included
# make soak            the driver over many reboots (TRACK_CYCLES, 100), backups under load (BACKUP_ROUNDS, 200)
# make check-kernels   the driver's tests on every kernel that the lab knows, the newest included
check-full:
	tools/install-deps build check demo vm bench
	tests/run --tier full --jobs $${JOBS:-2}
soak:
	TRACK_CYCLES=$${TRACK_CYCLES:-100} BACKUP_ROUNDS=$${BACKUP_ROUNDS:-200} AIP_TEST_TIMEOUT=$${AIP_TEST_TIMEOUT:-36000} \
		tests/run tests/vm/track-reboot.t tests/vm/backup-rounds.t
check-kernels:
	set -e; for k in bullseye bookworm trixie sid; do AIP_KERNEL=$$k tests/run --area vm --only 'drv-*'; done
.PHONY: check-full soak check-kernels

style:
	tools/style
coverage:
	tools/install-deps build check
	tools/coverage
.PHONY: style coverage demo bench

# ---- packages ----------------------------------------------------------------
# make rpm AIP_KEY=pub.asc    pins the publisher's key in the package aip
DIST = aip-$(VERSION)
# Debian's rpm database knows nothing of what is installed there
RPMBUILD_FLAGS += $(if $(wildcard /etc/debian_version),--nodeps)
RPMBUILD = rpmbuild $(RPMBUILD_FLAGS) --define '_topdir $(abspath $(B))/rpmbuild' \
	--define '_sourcedir $(abspath $(B))' \
	$(if $(AIP_KEY),--with key)
.PHONY: srpm rpm dist
dist:
	tools/mkdist $(B)/$(DIST).tar.gz
	$(if $(AIP_KEY),cp $(AIP_KEY) $(B)/RPM-GPG-KEY-aip)
srpm: dist
	$(RPMBUILD) -bs aip.spec
rpm: dist
	$(RPMBUILD) -bb aip.spec
include tools/install.mk

# the main job in throwaway roots, then a machine that boots
demo:
	tools/install-deps build demo vm
	tests/demo
	tests/vm/demo

# make bench: programs; make bench-vm: the driver, in guest instructions
bench:
	tools/install-deps build check bench
	tests/bench/run
bench-vm:
	tools/install-deps build vm
	set -e; for b in tests/bench/vm-*.sh; do $$b; done
.PHONY: bench-vm

clean:
	rm -rf $(B)
.PHONY: clean
