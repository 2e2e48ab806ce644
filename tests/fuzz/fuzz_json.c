// SPDX-License-Identifier: GPL-2.0-or-later
/* What parses is walked whole; every value answers every question without a fault. */
#include <stdint.h>
#include <string.h>

#include "common/jsonw.h"
#include "json/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(struct aip_json_val v, struct aip_json_val parent, int depth)
{
	struct aip_err err = AIP_ERR_INIT;
	struct aip_json_val e, other;
	const char *s, *name = aip_json_name(v);
	size_t n = 0, i, len;
	int64_t num;
	bool b, more;
	int hits = 0;

	if (depth > 32)
		__builtin_trap();
	if (name[0] && !aip_json_has(parent, name)) {
		/* only null counts as absent */
		hits += aip_json_str(v, NULL, &s, NULL) == 0;
		hits += aip_json_int(v, NULL, INT64_MIN, INT64_MAX, &num, NULL) == 0;
		if (hits || aip_json_size(v))
			__builtin_trap();
	}
	hits = 0;
	if (aip_json_str(v, NULL, &s, &err) == 0) {
		hits++;
		for (i = 0, len = strlen(s); i < len; i += n) {
			n = aip_utf8_len(s + i, len - i);
			if (!n)
				__builtin_trap();
		}
	}
	if (aip_json_int(v, NULL, -AIP_JSON_INT_MAX, AIP_JSON_INT_MAX, &num, &err) == 0)
		hits++;
	if (aip_json_bool(v, NULL, &b, &err) == 0)
		hits++;
	if (aip_json_object(v, NULL, &other, &err) == 0)
		hits++;
	if (aip_json_array(v, NULL, &other, &err) == 0)
		hits++;
	if (hits > 1)
		__builtin_trap();
	aip_json_err(v, &err, -1, "%s", "here");
	for (n = 0, more = aip_json_first(v, &e); more; more = aip_json_next(&e), n++)
		walk(e, v, depth + 1);
	if (n != aip_json_size(v))
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct aip_json_limits lim = { .bytes = 4096, .values = 512 };
	struct aip_err err = AIP_ERR_INIT;
	struct aip_json *doc = NULL;
	int r = aip_json_parse(data, size, "fuzz", &lim, &doc, &err);

	if ((r == 0) != (doc != NULL) || (r < 0) != (err.code < 0))
		__builtin_trap();
	if (doc)
		walk(aip_json_root(doc), aip_json_root(doc), 1);
	aip_json_free(doc);
	return 0;
}
