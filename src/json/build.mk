# SPDX-License-Identifier: GPL-2.0-or-later
$(call aip_lib,json,src/json/json.c src/json/scan.c)
