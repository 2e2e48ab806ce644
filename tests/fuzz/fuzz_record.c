// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A record that is read can be written, and what was written reads as the same.
 * What is not read is refused with words, and never with a crash.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "aipmng/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct aip_buf once = AIP_BUF_INIT, twice = AIP_BUF_INIT;
	struct record *rec = NULL, *again = NULL;
	struct aip_err err = AIP_ERR_INIT;

	if (record_parse(data, size, "fuzz", &rec, &err) < 0) {
		require(!rec && err.msg[0]);
		return 0;
	}
	require(rec->kind < AIP_KIND_N && (size_t)rec->text < aip_hook(rec->kind)->n_texts);
	require(strlen(rec->pre) == 64 && strlen(rec->post) == 64 && strlen(rec->result) == 64);
	require(record_write(rec, &once) == 0);
	require(record_parse(once.data, once.len, "written", &again, &err) == 0);
	require(record_write(again, &twice) == 0);
	require(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
	record_free(rec);
	record_free(again);
	aip_buf_free(&once);
	aip_buf_free(&twice);
	return 0;
}
