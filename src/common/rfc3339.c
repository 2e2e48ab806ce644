// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "common/rfc3339.h"

int aip_rfc3339_parse(const char *s, time_t *out)
{
	static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
	struct tm tm = { 0 };
	char back[AIP_RFC3339_LEN];
	int field[6] = { 0 }, f = 0;
	size_t i;
	time_t t;

	if (strlen(s) != sizeof(form) - 1)
		return -EINVAL;
	for (i = 0; form[i]; i++) {
		if (form[i] != 'd') {
			if (s[i] != form[i])
				return -EINVAL;
			f++;
			continue;
		}
		if (s[i] < '0' || s[i] > '9')
			return -EINVAL;
		field[f] = field[f] * 10 + s[i] - '0';
	}
	tm.tm_year = field[0] - 1900;
	tm.tm_mon = field[1] - 1;
	tm.tm_mday = field[2];
	tm.tm_hour = field[3];
	tm.tm_min = field[4];
	tm.tm_sec = field[5];
	t = timegm(&tm);
	/* timegm() takes 31 February for 3 March: only what reads back the same exists */
	if (strcmp(aip_rfc3339(t, back), s) != 0)
		return -EINVAL;
	*out = t;
	return 0;
}

char *aip_rfc3339(time_t t, char out[AIP_RFC3339_LEN])
{
	struct tm tm;

	if (!gmtime_r(&t, &tm) || tm.tm_year > 8099 || tm.tm_year < -1900 ||
	    strftime(out, AIP_RFC3339_LEN, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		strcpy(out, "0000-00-00T00:00:00Z");
	return out;
}
