/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * jsonw.h: writes JSON.  Members come out in the order of the calls, so the same
 * calls give the same bytes.  Needs no library: programs that must run from a
 * read-only root use it too.
 */
#ifndef AIP_JSONW_H
#define AIP_JSONW_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"

#define AIP_JSONW_DEPTH 32

struct aip_jsonw {
	struct aip_buf *out;
	bool pretty; /* one member a line, indented by two spaces */
	int depth;
	bool filled[AIP_JSONW_DEPTH]; /* this level has a member already */
	char closer[AIP_JSONW_DEPTH]; /* '}' or ']' */
};

/** aip_jsonw_init - start writing into @out (not emptied; failures are remembered there). */
void aip_jsonw_init(struct aip_jsonw *w, struct aip_buf *out, bool pretty);

/*
 * A member of the current object (@name) or an element of the current array
 * (@name NULL).  A string that is not UTF-8 has its bad bytes replaced by U+FFFD.
 * A NULL string is written as null.
 */
void aip_jsonw_object(struct aip_jsonw *w, const char *name);
void aip_jsonw_array(struct aip_jsonw *w, const char *name);
void aip_jsonw_end(struct aip_jsonw *w);
void aip_jsonw_str(struct aip_jsonw *w, const char *name, const char *value);
void aip_jsonw_strn(struct aip_jsonw *w, const char *name, const char *value, size_t len);
void aip_jsonw_int(struct aip_jsonw *w, const char *name, int64_t value);
void aip_jsonw_uint(struct aip_jsonw *w, const char *name, uint64_t value);
void aip_jsonw_bool(struct aip_jsonw *w, const char *name, bool value);
void aip_jsonw_null(struct aip_jsonw *w, const char *name);

/** aip_utf8_len - Return: bytes of the UTF-8 sequence that @s (of @len bytes) starts with, 0 if malformed. */
size_t aip_utf8_len(const char *s, size_t len);

#endif
