// SPDX-License-Identifier: GPL-2.0-or-later
#include <rpm/rpmlog.h>
#include <stdio.h>
#include <string.h>

#include "rpm/quiet.h"

static char last[512];

static int keep(rpmlogRec rec, rpmlogCallbackData data)
{
	const char *text = rpmlogRecMessage(rec);
	char *nl;

	if (rpmlogRecPriority(rec) <= RPMLOG_WARNING && text) {
		snprintf(last, sizeof(last), "%s", text);
		nl = strchr(last, '\n');
		if (nl)
			*nl = 0;
	}
	return 0;
}

void aip_rpmlog_quiet(void)
{
	rpmlogSetCallback(keep, NULL);
}

const char *aip_rpmlog_last(void)
{
	return last;
}

void aip_rpmlog_forget(void)
{
	last[0] = 0;
}
