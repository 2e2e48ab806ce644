// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * prune: keep the newest backups, merge the older ones away.
 *
 * The oldest backup P of a chain and its child C become one: C's chunks are written
 * into P's store, which then holds exactly what C shows.  After each of these steps C
 * and everything newer restores as before, wherever the run is killed:
 *
 *   0  both checksum files and all of C's chunks are read: damage is found while
 *      nothing is changed
 *   1  P.json says "pruned"                    P can no longer be restored
 *   2  C's chunks go into P's store, durable   C still reads its own
 *   3  a merged checksum file
 *   4  the qcow2 of C's child names P's file   same content
 *      as its backing file
 *   5  C.json names P's store and the merged checksum file, P's parent and kind
 *   6  P.json goes, then C's old files
 *
 * A later run finds a "pruned" manifest and takes up the work again at step 2, or
 * at 6 when no child needs it any more.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "aipbackup/aipbackup.h"
#include "aipbackup/chain.h"
#include "aipbackup/nbd.h"
#include "aipbackup/ui.h"
#include "common/jsonw.h"
#include "common/spawn.h"

struct merge {
	struct aip_set *set;
	struct aip_manifest *p, *c; /* parent that goes, child that stays */
	char *sums;		    /* name of the merged checksum file */
	char digest[33];
	uint64_t chunks;
};

static int set_copy(char **to, const char *text, struct aip_err *err)
{
	char *copy = strdup(text);

	if (!copy)
		return aip_err_errno(err, -ENOMEM, "cannot prune");
	free(*to);
	*to = copy;
	return 0;
}

static int open_parent_store(const struct merge *m, struct aip_nbd **out, struct aip_err *err)
{
	if (m->p->store == AIP_STORE_NBD)
		return aip_nbd_open_uri(m->p->where, true, out, err);
	return aip_nbd_open_file(m->set->path, m->p->where, AIP_NBD_WRITE, out, err);
}

/* Steps 0 and 2. C is read without its backing file: P may not be open twice while it is written. */
static int copy_down(struct merge *m, bool write, struct aip_err *err)
{
	_cleanup_free_ char *buf = malloc(m->c->chunk);
	_cleanup_chain_ struct aip_chain *chain = NULL;
	_cleanup_nbd_ struct aip_nbd *to = NULL;
	struct aip_progress progress;
	struct aip_chunk c;
	uint64_t done = 0;
	size_t len;
	int r;

	if (!buf)
		return aip_err_errno(err, -ENOMEM, "cannot prune");
	r = aip_chain_open(m->set, m->c, 1, &chain, err);
	if (r == 0 && write)
		r = open_parent_store(m, &to, err);
	aip_progress_start(&progress, m->c->id);
	while (r == 0 && aip_chain_next(chain, &c)) {
		unsigned users = 0;

		if (aip_stop)
			r = aip_err_set(err, -EINTR, "interrupted; the next prune goes on");
		if (r == 0)
			r = aip_chain_read(chain, &c, buf, &len, err);
		if (r == 0 && to && c.zero)
			r = aip_nbd_zero(to, len, c.no * m->c->chunk, err);
		else if (r == 0 && to)
			r = aip_nbd_write(to, buf, len, c.no * m->c->chunk, &users, err);
		while (r == 0 && users)
			r = aip_nbd_wait(to, err);
		aip_progress(&progress, ++done, m->c->chunks);
	}
	aip_progress_end(&progress);
	if (r == 0 && to)
		r = aip_nbd_flush(to, err);
	if (r < 0 && to)
		aip_nbd_abandon(to);
	return r;
}

/* Step 3. A full backup names no zero chunk: what it does not name reads as zeroes. */
static int merge_sums(struct merge *m, struct aip_err *err)
{
	_cleanup_(aip_sums_writer_freep) struct aip_sums_writer *w = NULL;
	_cleanup_chain_ struct aip_chain *chain = NULL;
	struct aip_chunk c;
	int r;

	/* a name of its own for each merge; the file is a leftover until C.json names it */
	if (asprintf(&m->sums, "%s.%s.sums", m->c->id, m->p->id) < 0)
		return aip_err_errno(err, -ENOMEM, "cannot prune");
	r = aip_chain_open(m->set, m->c, 2, &chain, err);
	if (r == 0)
		r = aip_sums_create(m->set->dirfd, m->sums, m->c->chunk, m->c->size, &w, err);
	while (r == 0 && aip_chain_next(chain, &c))
		if (!c.zero || m->p->kind != AIP_FULL)
			r = aip_sums_add(w, c.no, c.zero, c.sum, err);
	return r < 0 ? r : aip_sums_finish(w, m->digest, &m->chunks, err);
}

/* Step 4 */
static int rebase_grandchild(struct merge *m, struct aip_err *err)
{
	_cleanup_spawn_ struct aip_spawn_result res = AIP_SPAWN_RESULT_INIT;
	const struct aip_manifest *g = aip_set_child(m->set, m->c);
	_cleanup_free_ char *path = NULL;
	const char *argv[] = { "qemu-img", "rebase", "-q", "-u",	"-f", "qcow2",
			       "-F",	   "qcow2",  "-b", m->p->where, NULL, NULL };
	const struct aip_spawn s = { .argv = argv, .output_max = 65536, .timeout_ms = 60000 };
	_cleanup_close_ int fd = -1;
	int r;

	if (!g || g->store != AIP_STORE_QCOW2)
		return 0;
	if (asprintf(&path, "%s/%s", m->set->path, g->where) < 0)
		return aip_err_errno(err, -ENOMEM, "cannot prune");
	argv[10] = path;
	r = aip_spawn(&s, &res, err);
	if (r == 0 && res.status)
		r = aip_err_set(err, -EIO, "cannot give %s another backing file: %s", path,
				res.err.len ? strtok(res.err.data, "\n") : "qemu-img failed");
	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 || fsync(fd) < 0 ? aip_err_errno(err, -errno, "cannot make %s durable", path)
				       : 0;
}

/* Step 5 */
static int adopt(struct merge *m, struct aip_err *err)
{
	struct aip_manifest *c = m->c;
	int r;

	r = set_copy(&c->where, m->p->where, err);
	if (r == 0)
		r = set_copy(&c->sums, m->sums, err);
	if (r < 0)
		return r;
	strcpy(c->sums_digest, m->digest);
	c->chunks = m->chunks;
	c->kind = m->p->kind;
	strcpy(c->parent, m->p->parent);
	c->stored += m->p->stored;
	return aip_set_save(m->set, c, err);
}

/* Step 6 for @p, which no child needs. */
static int drop(struct aip_set *s, const struct aip_manifest *p, struct aip_err *err)
{
	char name[16];

	snprintf(name, sizeof(name), "%s.json", p->id);
	if (unlinkat(s->dirfd, name, 0) < 0 && errno != ENOENT)
		return aip_err_errno(err, -errno, "cannot remove %s/%s", s->path, name);
	return fsync(s->dirfd) < 0 ? aip_err_errno(err, -errno, "cannot sync %s", s->path) : 0;
}

/* The files that may lose their manifest. */
static int note_files(const struct aip_set *s, const struct aip_manifest *p,
		      const struct aip_manifest *c, struct aip_err *err)
{
	_cleanup_free_ char *merged = NULL;
	const char *names[6] = { p->sums };
	size_t n = 1;

	if (p->store == AIP_STORE_QCOW2)
		names[n++] = p->where;
	if (c) {
		if (asprintf(&merged, "%s.%s.sums", c->id, p->id) < 0)
			return aip_err_errno(err, -ENOMEM, "cannot prune");
		names[n++] = merged;
		names[n++] = c->sums;
		if (c->store == AIP_STORE_QCOW2)
			names[n++] = c->where;
	}
	return aip_set_unfinished(s, names, err);
}

/* Steps 0 and 1 */
static int begin(struct merge *m, struct aip_err *err)
{
	_cleanup_chain_ struct aip_chain *both = NULL;
	int r = aip_chain_open(m->set, m->c, 2, &both, err);

	if (r == 0)
		r = copy_down(m, false, err);
	if (r < 0)
		return r;
	m->p->pruned = true;
	return aip_set_save(m->set, m->p, err);
}

static int merge_into_child(struct aip_set *s, struct aip_manifest *p, struct aip_manifest *c,
			    struct aip_err *err)
{
	struct merge m = { .set = s, .p = p, .c = c };
	_cleanup_free_ char *freed = NULL;
	int r = 0;

	if (!p->pruned)
		r = begin(&m, err);
	if (r == 0)
		r = copy_down(&m, true, err);
	if (r == 0)
		r = merge_sums(&m, err);
	if (r == 0)
		r = rebase_grandchild(&m, err);
	if (r == 0 && c->store == AIP_STORE_NBD)
		freed = strdup(c->where);
	if (r == 0)
		r = adopt(&m, err);
	if (r == 0)
		r = drop(s, p, err);
	if (r == 0 && freed)
		aip_ui_note("The export %s is free for another use.", freed);
	free(m.sums);
	return r;
}

/* The oldest backup that is to go: pruned already, or more than @keep restore points. */
static struct aip_manifest *next_to_go(struct aip_set *s, unsigned keep)
{
	struct aip_manifest *oldest = NULL;
	size_t i, points = 0;

	for (i = 0; i < s->n; i++) {
		if (s->list[i].pruned)
			return &s->list[i];
		if (!oldest)
			oldest = &s->list[i];
		points++;
	}
	return points > keep ? oldest : NULL;
}

/* Let one backup go. Return: 1 when one went, 0 when there is none to go, -errno. */
static int prune_one(const char *path, unsigned keep, char id[AIP_ID_LEN + 1], struct aip_err *err)
{
	_cleanup_set_ struct aip_set s =
		AIP_SET_INIT; /* opening it removes the files that became unused */
	struct aip_manifest *p, *c;
	int r = aip_set_open(path, true, &s, err);

	if (r < 0)
		return r;
	p = next_to_go(&s, keep);
	if (!p)
		return 0;
	strcpy(id, p->id);
	c = aip_set_child(&s, p);
	r = note_files(&s, p, c, err);
	if (r < 0)
		return r;
	if (c) {
		aip_ui_note("Merging backup %s into %s.", p->id, c->id);
		r = merge_into_child(&s, p, c, err);
	} else {
		aip_ui_note("Removing backup %s.", p->id);
		r = drop(&s, p, err);
	}
	return r < 0 ? r : 1;
}

static int dry_run(const char *path, unsigned keep)
{
	_cleanup_set_ struct aip_set s = AIP_SET_INIT;
	struct aip_err err = AIP_ERR_INIT;
	size_t i;

	if (aip_set_open(path, false, &s, &err) < 0)
		return aip_ui_fail(&err);
	for (i = 0; i + keep < s.n; i++) {
		const struct aip_manifest *c = aip_set_child(&s, &s.list[i]);

		printf("Would %s backup %s%s%s.\n", c ? "merge" : "remove", s.list[i].id,
		       c ? " into " : "", c ? c->id : "");
	}
	return 0;
}

int aip_cmd_prune(const struct aip_options *o, char **args)
{
	_cleanup_buf_ struct aip_buf b = AIP_BUF_INIT;
	struct aip_err err = AIP_ERR_INIT;
	char id[AIP_ID_LEN + 1];
	struct aip_jsonw w;
	int r;

	if (!o->keep) {
		aip_err_set(&err, -EINVAL, "prune needs --keep N");
		aip_err_exit(&err, AIP_EXIT_USAGE);
		return aip_ui_fail(&err);
	}
	if (o->dry_run)
		return dry_run(args[0], o->keep);
	aip_jsonw_init(&w, &b, true);
	aip_jsonw_object(&w, NULL);
	aip_jsonw_array(&w, "gone");
	while ((r = prune_one(args[0], o->keep, id, &err)) > 0) {
		aip_jsonw_str(&w, NULL, id);
		if (!aip_ui_json)
			printf("Backup %s is gone.\n", id);
	}
	aip_jsonw_end(&w);
	aip_jsonw_end(&w);
	if (aip_ui_json && aip_buf_status(&b) == 0)
		fputs(b.data, stdout);
	if (r == 0) {
		/* once more, for the files that the last merge freed */
		_cleanup_set_ struct aip_set s = AIP_SET_INIT;

		r = aip_set_open(args[0], true, &s, &err);
	}
	return r < 0 ? aip_ui_fail(&err) : 0;
}
