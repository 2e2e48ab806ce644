# SPDX-License-Identifier: GPL-2.0-or-later
# what aipmng shares with its helper, and the helper itself
$(call aip_lib,fetchwire,src/fetch/ini.c src/fetch/wire.c)
FETCH_SRC := $(addprefix src/fetch/,main.c http.c gunzip.c)
# WITHOUT_LIBREPO=1: for distributions without it; the index then comes from "index =" URLs only
ifeq ($(WITHOUT_LIBREPO),)
REPO_SRC := $(addprefix src/fetch/,repo.c repo_section.c repo_mirrors.c repo_mirror.c)
CPPFLAGS_src/fetch := $(shell $(PKG_CONFIG) --cflags librepo glib-2.0)
$(call aip_prog,aip-fetch,$(FETCH_SRC) $(REPO_SRC),fetchwire common,librepo glib-2.0 libcurl zlib)
else
$(call aip_prog,aip-fetch,$(FETCH_SRC) src/fetch/norepo.c,fetchwire common,libcurl zlib)
endif
