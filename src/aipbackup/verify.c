// SPDX-License-Identifier: GPL-2.0-or-later
/* verify */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "aipbackup/nbd.h"
#include "aipbackup/aipbackup.h"
#include "aipbackup/chain.h"
#include "aipbackup/ui.h"
#include "common/jsonw.h"
#include "common/spawn.h"
#include "json/json.h"

#define WINDOW	 65536	    /* chunks that qemu-img is asked about at once */
#define JSON_MAX (16 << 20) /* bytes that it may say of them: a line of some 120 each */

/* What came of one backup. */
struct result {
	const struct aip_manifest *m;
	uint64_t chunks;
	struct aip_err err; /* first damage */
};

/* Run qemu-img. Return: 0 when it ended by itself, see @res, or -errno. */
static int qemu_img(const char *const *argv, struct aip_spawn_result *res, struct aip_err *err)
{
	const struct aip_spawn sp = { .argv = argv, .output_max = JSON_MAX, .timeout_ms = 3600000 };

	return aip_spawn(&sp, res, err);
}

static int refused(const struct aip_manifest *m, const char *what, struct aip_spawn_result *res,
		   struct aip_err *err)
{
	return aip_err_set(
		err, -EBADMSG, "backup %s is damaged: qemu-img %s %s: %s", m->id, what, m->where,
		res->err.len ? strtok(res->err.data, "\n") : "errors in the qcow2 structure");
}

/* The structure of the qcow2 file, by the tool that knows it best. */
static int check_structure(const struct aip_manifest *m, const char *image, struct aip_err *err)
{
	_cleanup_spawn_ struct aip_spawn_result res = AIP_SPAWN_RESULT_INIT;
	const char *argv[] = { "qemu-img", "check", "-q", image, NULL };
	int r = qemu_img(argv, &res, err);

	/* 3: clusters are leaked, which costs space but no data */
	if (r < 0 || res.status == 0 || res.status == 3)
		return r;
	return refused(m, "check", &res, err);
}

/*
 * Is @name the backing file that @m must have?  Between steps 4 and 5 of prune (prune.c)
 * it is the file of the backup that goes, which @m's parent is to take over: @past.
 */
static bool right_backing(const struct aip_set *s, const struct aip_manifest *m, const char *name,
			  bool *past)
{
	const struct aip_manifest *p = aip_set_parent(s, m), *pp = p ? aip_set_parent(s, p) : NULL;

	if (!p || !name)
		return !p && !name;
	*past = pp && pp->pruned && strcmp(name, pp->where) == 0;
	return *past || strcmp(name, p->where) == 0;
}

/* The file names its parent's as its backing file. */
static int check_backing(const struct aip_set *s, const struct aip_manifest *m, const char *path,
			 bool *past, struct aip_err *err)
{
	_cleanup_spawn_ struct aip_spawn_result res = AIP_SPAWN_RESULT_INIT;
	_cleanup_(aip_json_freep) struct aip_json *doc = NULL;
	const char *argv[] = { "qemu-img", "info", "--output=json", "-f", "qcow2", path, NULL };
	const char *name = NULL, *format = "qcow2";
	struct aip_json_val v;
	int r = qemu_img(argv, &res, err);

	if (r < 0)
		return r;
	if (res.status)
		return refused(m, "info", &res, err);
	r = aip_json_parse(res.out.data, res.out.len, "qemu-img info", NULL, &doc, err);
	if (r < 0)
		return r;
	v = aip_json_root(doc);
	if (aip_json_has(v, "backing-filename"))
		r = aip_json_str(v, "backing-filename", &name, err);
	if (r == 0 && aip_json_has(v, "backing-filename-format"))
		r = aip_json_str(v, "backing-filename-format", &format, err);
	if (r < 0 || (right_backing(s, m, name, past) && strcmp(format, "qcow2") == 0))
		return r;
	return aip_err_set(err, -EBADMSG, "backup %s is damaged: the backing file of %s is %s (%s)",
			   m->id, m->where, name ? name : "none",
			   name ? format : "not its parent's");
}

/* One entry of qemu-img's map: mark the chunks that the file itself holds. */
static int mark(struct aip_json_val v, const struct aip_manifest *m, uint64_t first, bool *held,
		struct aip_err *err)
{
	int64_t start, length, no;
	bool present;
	int r;

	if ((r = aip_json_int(v, "start", 0, AIP_JSON_INT_MAX, &start, err)) < 0 ||
	    (r = aip_json_int(v, "length", 1, AIP_JSON_INT_MAX, &length, err)) < 0 ||
	    (r = aip_json_bool(v, "present", &present, err)) < 0)
		return r;
	for (no = start / m->chunk; present && no <= (start + length - 1) / m->chunk; no++)
		if ((uint64_t)no >= first && (uint64_t)no - first < WINDOW)
			held[no - first] = true;
	return 0;
}

/* What the file itself holds of the WINDOW chunks from @first on. */
static int map_window(const char *image, const struct aip_manifest *m, uint64_t first, bool *held,
		      struct aip_err *err)
{
	_cleanup_spawn_ struct aip_spawn_result res = AIP_SPAWN_RESULT_INIT;
	_cleanup_(aip_json_freep) struct aip_json *doc = NULL;
	char start[48], length[48];
	const char *argv[] = { "qemu-img", "map", "--output=json", start, length, image, NULL };
	struct aip_json_val v;
	bool more;
	int r;

	snprintf(start, sizeof(start), "--start-offset=%" PRIu64, first * m->chunk);
	snprintf(length, sizeof(length), "--max-length=%" PRIu64, (uint64_t)WINDOW * m->chunk);
	r = qemu_img(argv, &res, err);
	if (r < 0)
		return r;
	if (res.status)
		return refused(m, "map", &res, err);
	r = aip_json_parse(res.out.data, res.out.len, "qemu-img map", NULL, &doc, err);
	if (r < 0)
		return r;
	memset(held, 0, WINDOW * sizeof(*held));
	for (more = aip_json_first(aip_json_root(doc), &v); more && r == 0;
	     more = aip_json_next(&v))
		r = mark(v, m, first, held, err);
	return r;
}

/*
 * An increment holds the chunks that it records and no others: one more would hide
 * the parent's, of one less the parent's would be read.
 */
static int check_map(const struct aip_set *s, const struct aip_manifest *m, const char *image,
		     struct aip_err *err)
{
	_cleanup_(aip_sums_close) struct aip_sums sums = { .count = 0 };
	_cleanup_free_ bool *held = malloc(WINDOW * sizeof(*held));
	uint64_t no, at = 0, chunks = (m->size - 1) / m->chunk + 1;
	int r;

	if (!held)
		return aip_err_errno(err, -ENOMEM, "cannot verify backup %s", m->id);
	r = aip_set_sums(s, m, &sums, err);
	for (no = 0; r == 0 && no < chunks; no++) {
		bool recorded = at < sums.count && aip_sums_at(&sums, at, NULL, NULL) == no;

		if (aip_stop)
			return aip_err_set(err, -EINTR, "interrupted");
		if (no % WINDOW == 0)
			r = map_window(image, m, no, held, err);
		if (r == 0 && recorded != held[no % WINDOW])
			r = aip_err_set(err, -EBADMSG, "backup %s is damaged: %s %s byte %" PRIu64,
					m->id, m->where,
					recorded ? "does not hold what was backed up at"
						 : "holds what was not backed up at",
					no * m->chunk);
		at += recorded;
	}
	return r;
}

static int check_qcow2(const struct aip_set *s, const struct aip_manifest *m, bool *past,
		       struct aip_err *err)
{
	_cleanup_free_ char *path = NULL, *image = NULL;
	int r;

	if (asprintf(&path, "%s/%s", s->path, m->where) < 0 ||
	    !(image = aip_nbd_json_name(path, true)))
		return aip_err_errno(err, -ENOMEM, "cannot check %s", m->where);
	r = check_backing(s, m, path, past, err);
	if (r == 0)
		r = check_structure(m, image, err);
	if (r == 0 && m->kind == AIP_INCREMENTAL)
		r = check_map(s, m, image, err);
	return r;
}

/* The backup that @m is being merged into, NULL when it is not. */
static const struct aip_manifest *heir(const struct aip_set *s, const struct aip_manifest *m)
{
	return m->pruned ? aip_set_child(s, m) : NULL;
}

/*
 * Read all chunks that this one backup holds, and, of a full one, what it does not.  A pruned
 * one's store has some of its child's chunks already, and nobody reads those: they are left out.
 */
static int check_chunks(const struct aip_set *s, struct result *res, struct aip_progress *p,
			struct aip_err *err)
{
	const struct aip_manifest *child = heir(s, res->m);
	_cleanup_free_ void *buf = malloc(res->m->chunk);
	_cleanup_chain_ struct aip_chain *own = NULL, *both = NULL;
	uint64_t next = 0, chunks = (res->m->size - 1) / res->m->chunk + 1;
	struct aip_chunk chunk;
	size_t len;
	int r;

	if (!buf)
		return aip_err_errno(err, -ENOMEM, "cannot verify backup %s", res->m->id);
	r = aip_chain_open(s, res->m, 1, &own, err);
	if (r == 0 && child)
		r = aip_chain_open(s, child, 2, &both, err);
	while (r == 0 && aip_chain_next(both ? both : own, &chunk)) {
		if (aip_stop)
			return aip_err_set(err, -EINTR, "interrupted");
		if (res->m->kind == AIP_FULL && chunk.no > next)
			r = aip_chain_zeroes(own, next, chunk.no - next, err);
		next = chunk.no + 1;
		if (both && chunk.layer == 0)
			continue;
		chunk.layer = 0;
		if (r == 0)
			r = aip_chain_read(own, &chunk, buf, &len, err);
		res->chunks++;
		aip_progress(p, res->chunks * res->m->chunk, res->m->chunks * res->m->chunk);
	}
	if (r == 0 && res->m->kind == AIP_FULL && next < chunks)
		r = aip_chain_zeroes(own, next, chunks - next, err);
	return r;
}

/*
 * Between steps 4 and 5 of prune the backing file leads past the parent, to a store
 * that has the parent's chunks already: is all there that this backup reads?
 */
static int check_past(const struct aip_set *s, const struct aip_manifest *m, struct aip_err *err)
{
	_cleanup_free_ void *buf = malloc(m->chunk);
	_cleanup_chain_ struct aip_chain *c = NULL;
	struct aip_chunk chunk;
	size_t len;
	int r;

	if (!buf)
		return aip_err_errno(err, -ENOMEM, "cannot verify backup %s", m->id);
	r = aip_chain_open(s, m, 0, &c, err);
	while (r == 0 && aip_chain_next(c, &chunk)) {
		if (aip_stop)
			return aip_err_set(err, -EINTR, "interrupted");
		r = aip_chain_read(c, &chunk, buf, &len, err);
	}
	return r;
}

static int verify_one(const struct aip_set *s, struct result *res)
{
	struct aip_progress p;
	bool past = false;
	int r = 0;

	aip_progress_start(&p, res->m->id);
	if (res->m->store == AIP_STORE_QCOW2)
		r = check_qcow2(s, res->m, &past, &res->err);
	if (r == 0)
		r = check_chunks(s, res, &p, &res->err);
	if (r == 0 && past)
		r = check_past(s, res->m, &res->err);
	aip_progress_end(&p);
	return r;
}

/* Print one result. Return: the exit code it stands for. */
static int tell(struct aip_jsonw *w, const struct result *res, int r)
{
	if (aip_ui_json) {
		aip_jsonw_object(w, NULL);
		aip_jsonw_str(w, "id", res->m->id);
		aip_jsonw_bool(w, "good", r == 0);
		aip_jsonw_uint(w, "chunks", res->chunks);
		aip_jsonw_str(w, "damage", r < 0 ? res->err.msg : NULL);
		aip_jsonw_end(w);
	} else if (r == 0) {
		printf("Backup %s: good (%" PRIu64 " chunks).\n", res->m->id, res->chunks);
	}
	if (r == 0)
		return 0;
	aip_ui_fail(&res->err);
	/* whatever keeps a backup from being read makes it no backup */
	return r == -EINTR ? AIP_EXIT_INTERRUPTED : AIP_EXIT_DAMAGED;
}

/* Is @m needed for the backup @id (NULL: any)?  A pruned one is as long as it has a child. */
static bool wanted(const struct aip_set *s, const struct aip_manifest *m, const char *id)
{
	const struct aip_manifest *top = id ? aip_set_find(s, id) : NULL;

	if (!id)
		return !m->pruned || heir(s, m);
	for (; top; top = aip_set_parent(s, top))
		if (top == m)
			return true;
	return false;
}

int aip_cmd_verify(const struct aip_options *o, char **args)
{
	_cleanup_set_ struct aip_set s = AIP_SET_INIT;
	_cleanup_buf_ struct aip_buf b = AIP_BUF_INIT;
	struct aip_err err = AIP_ERR_INIT;
	const struct aip_manifest *m;
	struct aip_jsonw w;
	int worst = 0;
	size_t i;

	if (aip_set_open(args[0], false, &s, &err) < 0)
		return aip_ui_fail(&err);
	m = s.n ? aip_set_find(&s, o->id ? o->id : "latest") : NULL;
	if (!m || (o->id && m->pruned)) {
		aip_err_set(&err, -ENOENT, "%s has no backup %s", args[0],
			    o->id ? o->id : "at all");
		return aip_ui_fail(&err);
	}
	aip_jsonw_init(&w, &b, true);
	aip_jsonw_array(&w, NULL);
	for (i = 0; i < s.n && worst != AIP_EXIT_INTERRUPTED; i++) {
		struct result res = { .m = &s.list[i] };
		int code;

		if (!wanted(&s, res.m, o->id))
			continue;
		code = tell(&w, &res, verify_one(&s, &res));
		if (code)
			worst = code;
	}
	aip_jsonw_end(&w);
	if (aip_ui_json && aip_buf_status(&b) == 0)
		fputs(b.data, stdout);
	return worst;
}
