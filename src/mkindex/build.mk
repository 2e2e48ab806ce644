# SPDX-License-Identifier: GPL-2.0-or-later
CPPFLAGS_src/mkindex := $(shell $(PKG_CONFIG) --cflags libxml-2.0)
# everything but main.c is an archive too, so that tests and fuzz targets link parts of it
MKINDEX_SRC := $(addprefix src/mkindex/,cmd_build.c cmd_merge.c cmd_prove.c cmd_publish.c cmd_verify.c \
	gpg.c gz.c harvest.c heading.c input.c manifest.c pool.c proof.c repodata.c report.c report_html.c sources.c) \
	src/fetch/gunzip.c
$(call aip_lib,mkindex,$(MKINDEX_SRC))
$(call aip_prog,aip-mkindex,src/mkindex/main.c,mkindex anchor patch json rpm common,rpm libcjson libxml-2.0 zlib)

# make index INITSCRIPTS=<clone of its public history>: the index that the package ships
.PHONY: index
index: $(B)/aip-mkindex
	@test -n "$(INITSCRIPTS)" || { echo "say where a clone of the initscripts history is: make index INITSCRIPTS=..."; exit 2; }
	patches/make-index $< "$(INITSCRIPTS)" patches/index.json
