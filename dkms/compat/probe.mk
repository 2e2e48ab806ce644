# SPDX-License-Identifier: GPL-2.0-only
#
# Asks the kernel's headers by compiling.  compat/probe/NAME.c that compiles
# defines AIP_HAVE_NAME.  Two canaries prove that the asking works: must_pass
# has to compile, must_fail must not; else nothing is built.  The answers are
# kept in compat/probed-<release>.mk.

AIP_PROBED := $(AIP_SRC)/compat/probed-$(KERNELRELEASE).mk
aip_names := $(sort $(basename $(notdir $(wildcard $(AIP_SRC)/compat/probe/*.c))))
aip_cc = $(CC) $(NOSTDINC_FLAGS) $(LINUXINCLUDE) $(KBUILD_CPPFLAGS) $(KBUILD_CFLAGS) $(KBUILD_CFLAGS_MODULE) \
	-DMODULE -DKBUILD_MODNAME='"probe"' -DKBUILD_BASENAME='"probe"' -DKBUILD_MODFILE='"probe"' \
	-Werror -Wno-unused -Wno-missing-prototypes -I$(AIP_SRC) -c $(AIP_SRC)/compat/probe/$(1).c -o $(2)

ifneq ($(aip_names),)
ifeq ($(wildcard $(AIP_PROBED)),)
aip_tmp := $(shell mktemp -d)
aip_yes := $(foreach n,$(aip_names),$(shell $(call aip_cc,$(n),$(aip_tmp)/$(n).o) >$(aip_tmp)/$(n).log 2>&1 && echo $(n)))
ifeq ($(filter must_pass,$(aip_yes)),)
$(error aipsnap: the compiler cannot build against these kernel headers, see $(aip_tmp)/must_pass.log)
endif
ifneq ($(filter must_fail,$(aip_yes)),)
$(error aipsnap: the compiler accepts what it must refuse; the kernel cannot be probed)
endif
$(shell echo 'AIP_YES := $(aip_yes)' >$(AIP_PROBED); rm -rf $(aip_tmp))
endif
-include $(AIP_PROBED)
endif
AIP_HAVE := $(addprefix -DAIP_HAVE_,$(filter-out must_pass,$(AIP_YES)))
