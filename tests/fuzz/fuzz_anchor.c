// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_anchor: any bytes get a verdict; where a place is proved, putting our lines there gives
 * a script in which they are found again, at a lawful place.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "patch/anchor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(x)                                                                                   \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

static size_t offset_after(const uint8_t *data, size_t size, unsigned int line)
{
	size_t pos = 0;

	for (; line && pos < size; pos++)
		line -= data[pos] == '\n';
	CHECK(!line);
	return pos;
}

static void explain(const struct aip_anchor_proof *p)
{
	_cleanup_buf_ struct aip_buf text = AIP_BUF_INIT, json = AIP_BUF_INIT;
	struct aip_jsonw w;

	aip_anchor_explain_text(p, NULL, &text);
	aip_jsonw_init(&w, &json, true);
	aip_jsonw_object(&w, NULL);
	aip_anchor_explain_json(p, &w);
	aip_jsonw_end(&w);
	CHECK(!aip_buf_status(&text) && !aip_buf_status(&json));
}

static void one(const uint8_t *data, size_t size, enum aip_kind kind)
{
	const struct aip_hook_text *hook = &aip_hook(kind)->texts[0];
	_cleanup_buf_ struct aip_buf whole = AIP_BUF_INIT;
	struct aip_err err = AIP_ERR_INIT;
	struct aip_anchor_proof p;
	size_t at;
	bool proved;

	CHECK(!aip_anchor_prove(data, size, kind, NULL, NULL, &p, &err));
	explain(&p);
	proved = p.verdict == AIP_ANCHOR_PROVED;
	at = proved ? offset_after(data, size, p.after) : 0;
	CHECK(p.verdict != AIP_ANCHOR_REFUSED || (p.failed && p.reason[0]));
	aip_anchor_proof_free(&p);
	if (!proved)
		return;
	aip_buf_add(&whole, data, at);
	aip_buf_add(&whole, hook->text, hook->len);
	aip_buf_add(&whole, data + at, size - at);
	CHECK(!aip_anchor_prove(whole.data, whole.len, kind, NULL, NULL, &p, &err));
	CHECK(p.verdict == AIP_ANCHOR_PRESENT && p.copies == 1 && p.lawful);
	aip_anchor_proof_free(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	one(data, size, AIP_KIND_RC_SYSINIT);
	one(data, size, AIP_KIND_HALT);
	return 0;
}
