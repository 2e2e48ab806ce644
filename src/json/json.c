// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The tree is cJSON's.  cJSON itself takes more than JSON (numbers like 01, any
 * control character as white space, what follows the end) and drops what it cannot
 * hold (\u0000 ends a string), so scan.c looks first and names are compared afterwards.
 */
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "json/scan.h"

struct aip_json {
	cJSON *root;
	char *name;
};

static const cJSON *node(struct aip_json_val v)
{
	return v.node;
}

static struct aip_json_val val(const struct aip_json *doc, const cJSON *n)
{
	return (struct aip_json_val){ doc, n };
}

/* ---- where a value is, for errors ------------------------------------------- */

static void add_step(struct aip_buf *path, const cJSON *n, size_t i)
{
	const char *s;

	if (!n->string) {
		aip_buf_fmt(path, "[%zu]", i);
		return;
	}
	if (path->len)
		aip_buf_chr(path, '.');
	for (s = n->string; *s; s++)
		aip_buf_chr(path, (unsigned char)*s < 0x20 || *s == 0x7f ? '?' : *s);
}

/* Find @n below @top by looking at everything: only errors pay for it. */
static bool find_path(const cJSON *top, const cJSON *n, struct aip_buf *path)
{
	const cJSON *c;
	size_t i = 0;

	if (top == n)
		return true;
	for (c = top->child; c; c = c->next, i++) {
		size_t mark = path->len;

		add_step(path, c, i);
		if (find_path(c, n, path))
			return true;
		if (path->len > mark)
			path->data[path->len = mark] = 0;
	}
	return false;
}

static int err_at(struct aip_json_val v, const char *member, struct aip_err *err, int code,
		  const char *what)
{
	_cleanup_buf_ struct aip_buf path = AIP_BUF_INIT;
	const cJSON named = { .string = (char *)member };

	if (!err)
		return code;
	find_path(v.doc->root, node(v), &path);
	if (member)
		add_step(&path, &named, 0);
	if (aip_buf_status(&path) < 0 || !path.len)
		return aip_err_set(err, code, "%s: %s", v.doc->name, what);
	return aip_err_set(err, code, "%s: %s: %s", v.doc->name, path.data, what);
}

int aip_json_err(struct aip_json_val v, struct aip_err *err, int code, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_at(v, NULL, err, code, text);
}

/* ---- reading ------------------------------------------------------------------ */

static int by_name(const void *a, const void *b)
{
	return strcmp((*(const cJSON *const *)a)->string, (*(const cJSON *const *)b)->string);
}

/* Whether the members come in ascending order, as our own writers emit long objects. */
static bool ascending(const cJSON *first)
{
	const cJSON *c;

	for (c = first; c && c->next; c = c->next)
		if (strcmp(c->string, c->next->string) >= 0)
			return false;
	return true;
}

static int unique_members(const struct aip_json *doc, const cJSON *obj, struct aip_err *err)
{
	_cleanup_free_ const cJSON **list = NULL;
	size_t n = 0, i = 0;
	const cJSON *c;

	if (ascending(obj->child))
		return 0;
	for (c = obj->child; c; c = c->next)
		n++;
	list = calloc(n, sizeof(*list));
	if (!list)
		return aip_err_errno(err, -ENOMEM, "cannot read %s", doc->name);
	for (c = obj->child; c; c = c->next)
		list[i++] = c;
	qsort(list, n, sizeof(*list), by_name);
	for (i = 1; i < n; i++)
		if (by_name(&list[i - 1], &list[i]) == 0)
			return err_at(val(doc, list[i]), NULL, err, -EBADMSG,
				      "the same name stands here twice");
	return 0;
}

static int unique_names(const struct aip_json *doc, const cJSON *top, struct aip_err *err)
{
	const cJSON *c;
	int r = 0;

	if (cJSON_IsObject(top))
		r = unique_members(doc, top, err);
	for (c = top->child; c && r == 0; c = c->next)
		if (c->child)
			r = unique_names(doc, c, err);
	return r;
}

int aip_json_parse(const void *data, size_t len, const char *name,
		   const struct aip_json_limits *limits, struct aip_json **out, struct aip_err *err)
{
	struct aip_json_limits lim = limits ? *limits : (struct aip_json_limits){ 0 };
	_cleanup_(aip_json_freep) struct aip_json *doc = NULL;
	int r;

	lim.bytes = lim.bytes ? lim.bytes : 16u << 20;
	lim.values = lim.values ? lim.values : 4000000;
	lim.depth = lim.depth ? lim.depth : 32;
	r = aip_json_scan(data, len, name, &lim, err);
	if (r < 0)
		return r;
	doc = calloc(1, sizeof(*doc));
	if (doc)
		doc->name = strdup(name);
	if (doc && doc->name)
		doc->root = cJSON_ParseWithLength(data, len);
	if (!doc || !doc->root)
		return aip_err_errno(err, -ENOMEM, "cannot read %s", name);
	r = unique_names(doc, doc->root, err);
	if (r < 0)
		return r;
	*out = TAKE_PTR(doc);
	return 0;
}

void aip_json_free(struct aip_json *doc)
{
	if (!doc)
		return;
	cJSON_Delete(doc->root);
	free(doc->name);
	free(doc);
}

void aip_json_freep(struct aip_json **doc)
{
	aip_json_free(*doc);
}

/* ---- access --------------------------------------------------------------------- */

struct aip_json_val aip_json_root(const struct aip_json *doc)
{
	return val(doc, doc->root);
}

static const cJSON *member(const cJSON *obj, const char *name)
{
	const cJSON *c;

	if (!cJSON_IsObject(obj))
		return NULL;
	for (c = obj->child; c; c = c->next)
		if (strcmp(c->string, name) == 0)
			return c;
	return NULL;
}

/* The value that @name means. */
static int pick(struct aip_json_val v, const char *name, struct aip_json_val *out,
		struct aip_err *err)
{
	const cJSON *n;

	if (!name) {
		*out = v;
		return 0;
	}
	if (!cJSON_IsObject(node(v)))
		return err_at(v, NULL, err, -EBADMSG, "not an object");
	n = member(node(v), name);
	if (!n)
		return err_at(v, name, err, -ENOENT, "missing");
	*out = val(v.doc, n);
	return 0;
}

static int typed(struct aip_json_val v, const char *name, cJSON_bool (*is)(const cJSON *),
		 const char *complaint, struct aip_json_val *out, struct aip_err *err)
{
	int r = pick(v, name, out, err);

	if (r < 0)
		return r;
	return is(node(*out)) ? 0 : err_at(*out, NULL, err, -EBADMSG, complaint);
}

int aip_json_object(struct aip_json_val v, const char *name, struct aip_json_val *out,
		    struct aip_err *err)
{
	return typed(v, name, cJSON_IsObject, "not an object", out, err);
}

int aip_json_array(struct aip_json_val v, const char *name, struct aip_json_val *out,
		   struct aip_err *err)
{
	return typed(v, name, cJSON_IsArray, "not an array", out, err);
}

int aip_json_str(struct aip_json_val v, const char *name, const char **out, struct aip_err *err)
{
	struct aip_json_val m;
	int r = typed(v, name, cJSON_IsString, "not a string", &m, err);

	if (r == 0)
		*out = node(m)->valuestring;
	return r;
}

int aip_json_int(struct aip_json_val v, const char *name, int64_t min, int64_t max, int64_t *out,
		 struct aip_err *err)
{
	struct aip_json_val m;
	int r = typed(v, name, cJSON_IsNumber, "not a number", &m, err);
	int64_t n;

	if (r < 0)
		return r;
	n = (int64_t)node(m)->valuedouble; /* exact: scan.c keeps it below 2^53 */
	if (n < min || n > max)
		return aip_json_err(m, err, -ERANGE, "%lld is not between %lld and %lld",
				    (long long)n, (long long)min, (long long)max);
	*out = n;
	return 0;
}

int aip_json_bool(struct aip_json_val v, const char *name, bool *out, struct aip_err *err)
{
	struct aip_json_val m;
	int r = typed(v, name, cJSON_IsBool, "not true or false", &m, err);

	if (r == 0)
		*out = cJSON_IsTrue(node(m));
	return r;
}

bool aip_json_has(struct aip_json_val v, const char *name)
{
	const cJSON *n = member(node(v), name);

	return n && !cJSON_IsNull(n);
}

static bool is_container(const cJSON *n)
{
	return cJSON_IsObject(n) || cJSON_IsArray(n);
}

size_t aip_json_size(struct aip_json_val v)
{
	const cJSON *c;
	size_t n = 0;

	if (is_container(node(v)))
		for (c = node(v)->child; c; c = c->next)
			n++;
	return n;
}

bool aip_json_first(struct aip_json_val container, struct aip_json_val *out)
{
	const cJSON *n = node(container);

	if (!is_container(n) || !n->child)
		return false;
	*out = val(container.doc, n->child);
	return true;
}

bool aip_json_next(struct aip_json_val *v)
{
	if (!node(*v)->next)
		return false;
	v->node = node(*v)->next;
	return true;
}

const char *aip_json_name(struct aip_json_val v)
{
	return node(v)->string ? node(v)->string : "";
}
