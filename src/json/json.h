/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json.h: reads JSON strictly, into a read-only tree.
 *
 * Stricter than RFC 8259 wherever two readers could disagree: UTF-8 without
 * BOM, no \u0000, no lone surrogate, no two members of one name (names are
 * compared byte for byte), nothing after the value, numbers are integers of
 * at most 2^53 - 1 either side of zero without fraction or exponent, depth and size
 * bounded.  What is read twice by two programs is the same thing twice.
 */
#ifndef AIP_JSON_H
#define AIP_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

#define AIP_JSON_INT_MAX 9007199254740991LL /* 2^53 - 1 */

/* Zero in a member means the default that stands behind it. */
struct aip_json_limits {
	size_t bytes;  /* 16 MiB */
	size_t values; /* 4,000,000 values of any type */
	int depth;     /* 32 objects and arrays inside each other */
};

struct aip_json; /* a document; owns every string that the accessors hand out */

/* A place in a document; copied freely, valid as long as the document is. */
struct aip_json_val {
	const struct aip_json *doc;
	const void *node;
};

/**
 * aip_json_parse - read a document
 * @data: @len bytes; need not be NUL-terminated, not kept
 * @name: what to call the document in errors ("index.json"); copied
 * @limits: or NULL for the defaults
 * @out: set on success; release with aip_json_free()
 *
 * Return: 0; -EBADMSG (not strict JSON; the message has line and column), -EFBIG (over a
 * limit), -ENOMEM.
 */
int aip_json_parse(const void *data, size_t len, const char *name,
		   const struct aip_json_limits *limits, struct aip_json **out,
		   struct aip_err *err);

/** aip_json_free - release a document and everything read from it; NULL is fine. */
void aip_json_free(struct aip_json *doc);

/** aip_json_freep - for _cleanup_(aip_json_freep). */
void aip_json_freep(struct aip_json **doc);

/** aip_json_root - Return: the outermost value. */
struct aip_json_val aip_json_root(const struct aip_json *doc);

/*
 * Typed access.  @name is a member of the object @v; NULL means the value @v
 * itself (an element of an array).  Errors say document and path:
 * "index.json: files.3b5d….post: not a string".
 *
 * Return: 0; -ENOENT when there is no such member; -EBADMSG when @v is not an object or the
 * member is of another type; -ERANGE for a number outside @min..@max.
 */
int aip_json_object(struct aip_json_val v, const char *name, struct aip_json_val *out,
		    struct aip_err *err);
int aip_json_array(struct aip_json_val v, const char *name, struct aip_json_val *out,
		   struct aip_err *err);
/* The string is UTF-8, NUL-terminated, has no other NUL in it, and belongs to the document. */
int aip_json_str(struct aip_json_val v, const char *name, const char **out, struct aip_err *err);
int aip_json_int(struct aip_json_val v, const char *name, int64_t min, int64_t max, int64_t *out,
		 struct aip_err *err);
int aip_json_bool(struct aip_json_val v, const char *name, bool *out, struct aip_err *err);

/** aip_json_has - Return: whether the object @v has a member @name that is not null. */
bool aip_json_has(struct aip_json_val v, const char *name);

/** aip_json_size - Return: members of an object, elements of an array, 0 for anything else. */
size_t aip_json_size(struct aip_json_val v);

/**
 * aip_json_first, aip_json_next - walk an object or an array in its order
 *
 *	for (ok = aip_json_first(list, &e); ok; ok = aip_json_next(&e))
 *
 * Return: whether there is one (for aip_json_next: one more; @v is then the next).
 */
bool aip_json_first(struct aip_json_val container, struct aip_json_val *out);
bool aip_json_next(struct aip_json_val *v);

/** aip_json_name - Return: the name of this member of an object, "" for anything else. */
const char *aip_json_name(struct aip_json_val v);

/**
 * aip_json_err - an error about this value: "DOCUMENT: PATH: text"
 * For what only the caller can judge ("not a SHA-256").  Return: @code.
 */
int aip_json_err(struct aip_json_val v, struct aip_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
