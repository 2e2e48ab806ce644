// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What parses holds to the contract entry by entry, and written out and read again
 * it is the same index.
 */
#include <stdint.h>
#include <string.h>

#include "common/hex.h"
#include "patch/index.h"
#include "patch/udiff.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		__builtin_trap();
}

static void check_file(const struct aip_index *idx, const struct aip_index_file *f)
{
	struct aip_buf diff = AIP_BUF_INIT, out = AIP_BUF_INIT;
	const struct aip_insertion *ins;
	struct aip_udiff *d = NULL;
	size_t n;

	require(f->kind >= 0 && f->kind < AIP_KIND_N);
	require(aip_is_hex(f->pre, 64) && aip_is_hex(f->post, 64));
	require(aip_index_by_pre(idx, f->pre) == f && aip_index_by_post(idx, f->post) == f);
	require(!aip_index_by_pre(idx, f->post));
	aip_index_diff(f, &diff);
	require(aip_udiff_parse(diff.data, diff.len, &d, NULL) == 0);
	require(aip_udiff_insertions(d, &ins, &n, NULL) == 0 && n == 1 && ins[0].after == f->after);
	require(aip_hook_match(f->kind, ins[0].text, ins[0].len) == (int)f->text);
	/* nobody knows a file with the digest that a fuzzer made up */
	require(aip_index_apply(f, "x\n", 2, &out, NULL) < 0 && !out.len);
	aip_udiff_free(d);
	aip_buf_free(&diff);
}

static void write_again(const struct aip_index *idx, struct aip_buf *out)
{
	struct aip_err err = AIP_ERR_INIT;

	require(aip_index_write(idx, out, &err) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct aip_buf once = AIP_BUF_INIT, twice = AIP_BUF_INIT;
	struct aip_index *idx = NULL, *again = NULL;
	struct aip_err err = AIP_ERR_INIT;
	size_t i;

	if (aip_index_parse(data, size, "fuzz", &idx, &err) < 0) {
		require(!idx && err.exit == 4 && err.msg[0]);
		return 0;
	}
	for (i = 0; i < idx->n_files; i++)
		check_file(idx, &idx->files[i]);
	write_again(idx, &once);
	require(aip_index_parse(once.data, once.len, "again", &again, &err) == 0);
	write_again(again, &twice);
	require(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
	aip_index_free(idx);
	aip_index_free(again);
	aip_buf_free(&once);
	aip_buf_free(&twice);
	return 0;
}
