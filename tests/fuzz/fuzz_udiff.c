// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The first byte is the length of the old text in lines' worth of 4 bytes, then comes the text,
 * then the diff.  An insertion-only diff must do what its list of insertions says.
 */
#include <stdint.h>
#include <string.h>

#include "patch/udiff.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Insert all of them by hand, the last one first so that line numbers stay. */
static void by_hand(const struct aip_insertion *ins, size_t n, const void *old, size_t len,
		    const struct aip_buf *want)
{
	struct aip_buf a = AIP_BUF_INIT, b = AIP_BUF_INIT, t;

	aip_buf_add(&a, old, len);
	while (n--) {
		aip_buf_reset(&b);
		if (aip_udiff_insert(a.data, a.len, ins[n].after, ins[n].text, ins[n].len, &b,
				     NULL) < 0)
			__builtin_trap();
		t = a;
		a = b;
		b = t;
	}
	if (a.len != want->len || (a.len && memcmp(a.data, want->data, a.len)))
		__builtin_trap();
	aip_buf_free(&a);
	aip_buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct aip_buf out = AIP_BUF_INIT;
	const struct aip_insertion *ins;
	struct aip_udiff *d = NULL;
	struct aip_err err = AIP_ERR_INIT;
	size_t old, n;
	bool pure;

	if (!size)
		return 0;
	old = (size_t)data[0] * 4;
	data++;
	size--;
	if (old > size)
		old = size;
	if (aip_udiff_parse(data + old, size - old, &d, &err) < 0) {
		if (d || !err.msg[0])
			__builtin_trap();
		return 0;
	}
	pure = aip_udiff_insertions(d, &ins, &n, &err) == 0;
	if (aip_udiff_apply(d, data, old, &out, &err) == 0) {
		if (pure)
			by_hand(ins, n, data, old, &out);
	} else if (out.len) {
		__builtin_trap();
	}
	aip_udiff_free(d);
	aip_buf_free(&out);
	return 0;
}
