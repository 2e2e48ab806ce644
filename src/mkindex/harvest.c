// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "mkindex/harvest.h"
#include "mkindex/pool.h"
#include "rpm/rpmpkg.h"

#define MEMORY	   (1UL << 30)
#define SECONDS	   60
#define RESULT_MAX (AIP_KIND_N * AIP_SCRIPT_MAX + 65536)

/* ---- in the child ------------------------------------------------------------------ */

struct reading {
	struct harvest *h;
	const struct sources *s;
};

static void wanted_paths(const char *want[AIP_KIND_N])
{
	int k;

	for (k = 0; k < AIP_KIND_N; k++)
		want[k] = aip_hook(k)->path;
}

static bool has_file(const struct aip_index_package *p, const char *pre)
{
	size_t i;

	for (i = 0; i < p->n_files; i++)
		if (strcmp(p->files[i], pre) == 0)
			return true;
	return false;
}

/*
 * Whether the previous index has this very build.  Headers with SHA-256 tell; older ones carry
 * MD5, so there the same name, version and architecture with as many files count as the same.
 */
static bool same_build(const struct aip_index_package *old, const struct aip_pkg *pkg)
{
	size_t i, n = 0;

	for (i = 0; i < pkg->n; i++) {
		const struct aip_pkgfile *f = &pkg->files[i];

		if (!f->regular)
			continue;
		n++;
		if (f->algo == AIP_DIGEST_SHA256 && !has_file(old, f->digest))
			return false;
	}
	return n == old->n_files;
}

static bool is_known(const struct harvest *h, const struct aip_pkg *pkg)
{
	const struct aip_index *idx = h->previous;
	size_t lo = 0, hi = idx && !h->reread ? idx->n_packages : 0;

	/* sorted by name and evr: find the first that is not smaller */
	while (lo < hi) {
		const struct aip_index_package *p = &idx->packages[(lo + hi) / 2];
		int c = strcmp(p->name, pkg->name);

		if (c == 0)
			c = strcmp(p->evr, pkg->evr);
		if (c < 0)
			lo = (lo + hi) / 2 + 1;
		else
			hi = (lo + hi) / 2;
	}
	for (; idx && lo < idx->n_packages; lo++) {
		const struct aip_index_package *p = &idx->packages[lo];

		if (strcmp(p->name, pkg->name) != 0 || strcmp(p->evr, pkg->evr) != 0)
			break;
		if (strcmp(p->arch, pkg->arch) == 0 && same_build(p, pkg))
			return true;
	}
	return false;
}

static size_t count_regular(const struct aip_pkg *pkg)
{
	size_t i, n = 0;

	for (i = 0; i < pkg->n; i++)
		n += pkg->files[i].regular;
	return n;
}

static void put_package(const struct aip_pkg *pkg, enum package_state state, struct aip_buf *out)
{
	size_t i;

	put_u64(out, state);
	put_str(out, pkg->name);
	put_str(out, pkg->evr);
	put_str(out, pkg->arch);
	for (i = 0; state == PKG_READ && i < pkg->n; i++) {
		put_u64(out, pkg->files[i].content != NULL);
		if (pkg->files[i].content)
			put_bytes(out, pkg->files[i].content, pkg->files[i].len);
	}
}

static int work(void *ctx, size_t i, struct aip_buf *result, struct aip_err *err)
{
	const struct reading *rd = ctx;
	const char *path = rd->s->paths[i], *want[AIP_KIND_N];
	_cleanup_(aip_pkg_free) struct aip_pkg pkg = { 0 };
	enum package_state state = PKG_READ;
	int r;

	wanted_paths(want);
	r = aip_pkg_read_header(path, want, AIP_KIND_N, &pkg, err);
	if (r < 0)
		return r;
	if (!count_regular(&pkg))
		state = PKG_NONE;
	else if (is_known(rd->h, &pkg))
		state = PKG_KNOWN;
	if (state == PKG_READ) {
		aip_pkg_free(&pkg);
		r = aip_pkg_read(path, want, AIP_KIND_N, AIP_SCRIPT_MAX, &pkg, err);
	}
	if (r == 0)
		put_package(&pkg, state, result);
	return r;
}

/* ---- contents ---------------------------------------------------------------------- */

/*
 * Contents lie in shared memory, whose page tables a fork does not copy: with those of a
 * thousand packages in private memory every one of the many small processes would pay.
 */
struct shared {
	struct shared *next;
	size_t used, size;
	char bytes[];
};

#define SHARED_SIZE (16u << 20)

static char *share(struct harvest *h, const struct aip_buf *b)
{
	size_t size = b->len + 1 > SHARED_SIZE - sizeof(struct shared)
			      ? b->len + 1 + sizeof(struct shared)
			      : SHARED_SIZE;
	struct shared *c = h->contents;
	char *p;

	if (!c || c->size - c->used < b->len + 1) {
		c = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (c == MAP_FAILED)
			return NULL;
		c->size = size - sizeof(*c);
		c->next = h->contents;
		h->contents = c;
	}
	p = c->bytes + c->used;
	if (b->len)
		memcpy(p, b->data, b->len);
	p[b->len] = 0;
	c->used += b->len + 1;
	return p;
}

static void unshare_all(struct harvest *h)
{
	while (h->contents) {
		struct shared *next = h->contents->next;

		munmap(h->contents, h->contents->size + sizeof(*next));
		h->contents = next;
	}
}

/* ---- in the parent ------------------------------------------------------------------- */

/* Keep a script if no other package had the same. */
static int keep_script(struct harvest *h, enum aip_kind kind, const char *pre,
		       const struct aip_buf *script)
{
	struct script *s;
	size_t i;

	for (i = 0; i < h->n_scripts; i++)
		if (strcmp(h->scripts[i].pre, pre) == 0 && h->scripts[i].kind == kind)
			return 0;
	if ((h->n_scripts & (h->n_scripts - 1)) == 0) {
		s = realloc(h->scripts, (h->n_scripts ? h->n_scripts * 2 : 1) * sizeof(*s));
		if (!s)
			return -ENOMEM;
		h->scripts = s;
	}
	s = &h->scripts[h->n_scripts++];
	memset(s, 0, sizeof(*s));
	s->name = aip_hook(kind)->name;
	s->kind = kind;
	s->len = script->len;
	s->content = share(h, script);
	memcpy(s->pre, pre, sizeof(s->pre));
	return s->content ? 0 : -ENOMEM;
}

int harvest_keep(struct harvest *h, struct package *p, enum aip_kind kind,
		 const struct aip_buf *script, struct aip_err *err)
{
	int r;

	if (p->n_files == AIP_KIND_N)
		return aip_err_set(err, -EINVAL, "%s: more scripts than there are kinds", p->path);
	p->files[p->n_files].kind = kind;
	r = aip_sha256_hex(script->data, script->len, p->files[p->n_files].pre);
	if (r == 0)
		r = keep_script(h, kind, p->files[p->n_files].pre, script);
	if (r < 0)
		return aip_err_errno(err, r, "%s", p->path);
	p->n_files++;
	return 0;
}

static int take_files(struct harvest *h, struct package *p, struct take *t, struct aip_err *err)
{
	int k, r;

	for (k = 0; k < AIP_KIND_N; k++) {
		_cleanup_buf_ struct aip_buf script = AIP_BUF_INIT;

		if (!take_u64(t))
			continue;
		script.data = take_bytes(t, &script.len);
		script.cap = script.data ? script.len + 1 : 0;
		if (t->bad)
			break;
		r = harvest_keep(h, p, k, &script, err);
		if (r < 0)
			return r;
	}
	return t->bad ? aip_err_set(err, -EBADMSG, "what was read from %s got lost", p->path) : 0;
}

static int done(void *ctx, size_t i, int code, const struct aip_buf *result,
		const struct aip_err *why, struct aip_err *err)
{
	struct reading *rd = ctx;
	struct package *p = &rd->h->packages[i];
	struct take t = { result->data, result->data + result->len, false };

	if (code < 0) {
		p->state = PKG_FAILED;
		p->why = *why;
		rd->h->failed++;
		return 0;
	}
	p->state = take_u64(&t);
	p->name = take_str(&t);
	p->evr = take_str(&t);
	p->arch = take_str(&t);
	if (!t.bad && p->state == PKG_READ)
		return take_files(rd->h, p, &t, err);
	return t.bad ? aip_err_set(err, -EBADMSG, "what was read from %s got lost", p->path) : 0;
}

static const char *name(void *ctx, size_t i)
{
	return ((struct reading *)ctx)->s->paths[i];
}

int harvest_read(struct harvest *h, const struct sources *s, struct aip_err *err)
{
	struct reading rd = { h, s };
	const struct pool p = { .jobs = h->jobs,
				.n = s->n,
				.memory = MEMORY,
				.seconds = SECONDS,
				.result_max = RESULT_MAX,
				.ctx = &rd,
				.work = work,
				.done = done,
				.name = name };
	size_t i;
	int r = aip_pkg_init(err);

	if (r < 0)
		return r;
	h->packages = calloc(s->n + 1, sizeof(*h->packages));
	if (!h->packages)
		return aip_err_errno(err, -ENOMEM, "cannot hold the packages");
	h->n = s->n;
	for (i = 0; i < s->n; i++)
		h->packages[i].path = s->paths[i];
	return pool_run(&p, err);
}

static int by_pre(const void *a, const void *b)
{
	return strcmp(((const struct script *)a)->pre, ((const struct script *)b)->pre);
}

int harvest_prove(struct harvest *h, struct aip_err *err)
{
	if (h->n_scripts)
		qsort(h->scripts, h->n_scripts, sizeof(*h->scripts), by_pre);
	return proof_make_all(h->scripts, h->n_scripts, h->jobs, h->explain, err);
}

const struct script *harvest_script(const struct harvest *h, const char *pre)
{
	struct script key = { .name = NULL };

	if (!h->n_scripts || strlen(pre) >= sizeof(key.pre))
		return NULL;
	memcpy(key.pre, pre, strlen(pre) + 1);
	return bsearch(&key, h->scripts, h->n_scripts, sizeof(key), by_pre);
}

void harvest_free(struct harvest *h)
{
	size_t i;

	for (i = 0; i < h->n_scripts; i++)
		proof_free(&h->scripts[i].proof);
	free(h->scripts);
	unshare_all(h);
	for (i = 0; i < h->n; i++) {
		free(h->packages[i].name);
		free(h->packages[i].evr);
		free(h->packages[i].arch);
	}
	free(h->packages);
	memset(h, 0, sizeof(*h));
}
