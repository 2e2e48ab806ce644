// SPDX-License-Identifier: GPL-2.0-or-later
/* verify */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "aipbackup/aipbackup.h"
#include "aipbackup/chain.h"
#include "aipbackup/ui.h"
#include "common/jsonw.h"
#include "common/spawn.h"

/* What came of one backup. */
struct result {
	const struct aip_manifest *m;
	uint64_t chunks;
	struct aip_err err; /* first damage */
};

/* The structure of the qcow2 file, by the tool that knows it best. */
static int check_qcow2(const struct aip_set *s, const struct aip_manifest *m, struct aip_err *err)
{
	_cleanup_spawn_ struct aip_spawn_result res = AIP_SPAWN_RESULT_INIT;
	_cleanup_free_ char *path = NULL;
	const char *argv[] = { "qemu-img", "check", "-q", "-f", "qcow2", NULL, NULL };
	const struct aip_spawn sp = { .argv = argv, .output_max = 1 << 20, .timeout_ms = 3600000 };
	int r;

	if (asprintf(&path, "%s/%s", s->path, m->where) < 0)
		return aip_err_errno(err, -ENOMEM, "cannot check %s", m->where);
	argv[5] = path;
	r = aip_spawn(&sp, &res, err);
	if (r < 0)
		return r;
	/* 3: clusters are leaked, which costs space but no data */
	if (res.status == 0 || res.status == 3)
		return 0;
	return aip_err_set(
		err, -EBADMSG, "backup %s is damaged: qemu-img check %s: %s", m->id, path,
		res.err.len ? strtok(res.err.data, "\n") : "errors in the qcow2 structure");
}

/* Read all chunks that this one backup holds, and, of a full one, what it does not. */
static int check_chunks(const struct aip_set *s, struct result *res, struct aip_progress *p,
			struct aip_err *err)
{
	_cleanup_free_ void *buf = malloc(res->m->chunk);
	_cleanup_chain_ struct aip_chain *c = NULL;
	uint64_t next = 0, chunks = (res->m->size - 1) / res->m->chunk + 1;
	struct aip_chunk chunk;
	size_t len;
	int r;

	if (!buf)
		return aip_err_errno(err, -ENOMEM, "cannot verify backup %s", res->m->id);
	r = aip_chain_open(s, res->m, 1, &c, err);
	while (r == 0 && aip_chain_next(c, &chunk)) {
		if (aip_stop)
			return aip_err_set(err, -EINTR, "interrupted");
		if (res->m->kind == AIP_FULL && chunk.no > next)
			r = aip_chain_zeroes(c, next, chunk.no - next, err);
		if (r == 0)
			r = aip_chain_read(c, &chunk, buf, &len, err);
		next = chunk.no + 1;
		res->chunks++;
		aip_progress(p, res->chunks * res->m->chunk, res->m->chunks * res->m->chunk);
	}
	if (r == 0 && res->m->kind == AIP_FULL && next < chunks)
		r = aip_chain_zeroes(c, next, chunks - next, err);
	return r;
}

static int verify_one(const struct aip_set *s, struct result *res)
{
	struct aip_progress p;
	int r = 0;

	aip_progress_start(&p, res->m->id);
	if (res->m->store == AIP_STORE_QCOW2)
		r = check_qcow2(s, res->m, &res->err);
	if (r == 0)
		r = check_chunks(s, res, &p, &res->err);
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

/* Is @m needed for the backup @id (NULL: any)? */
static bool wanted(const struct aip_set *s, const struct aip_manifest *m, const char *id)
{
	const struct aip_manifest *top = id ? aip_set_find(s, id) : NULL;

	if (!id)
		return !m->pruned;
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
	struct aip_jsonw w;
	int worst = 0;
	size_t i;

	if (aip_set_open(args[0], false, &s, &err) < 0)
		return aip_ui_fail(&err);
	if (!s.n || (o->id && !aip_set_find(&s, o->id))) {
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
