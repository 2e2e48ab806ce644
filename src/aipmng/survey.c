// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "aipmng/state.h"
#include "aipmng/survey.h"
#include "common/cleanup.h"

#define PACKAGE "initscripts"

static int find_package(struct aip_rpmdb *db, struct survey *s, struct aip_err *err)
{
	const char *paths[AIP_KIND_N];
	int k, r;

	for (k = 0; k < AIP_KIND_N; k++)
		paths[k] = aip_hook(k)->path;
	r = aip_rpmdb_query(db, PACKAGE, paths, AIP_KIND_N, &s->packages, err);
	if (r < 0)
		return r;
	if (s->packages.n)
		s->package = &s->packages.v[s->packages.n - 1];
	else
		aip_err_set(&s->no_package, -ENOENT, "the package " PACKAGE " is not installed");
	return 0;
}

int survey_make(const struct ctx *ctx, struct aip_rpmdb *db, const struct aip_err *no_db,
		const struct aip_indexes *idx, struct survey *out, struct aip_err *err)
{
	int k, r = 0;

	memset(out, 0, sizeof(*out));
	out->db = db;
	if (db)
		r = find_package(db, out, err);
	else
		out->no_package = *no_db;
	if (r == 0)
		r = records_load(ctx, &out->records, err);
	for (k = 0; r == 0 && k < AIP_KIND_N; k++)
		r = target_load(ctx, k, out->package ? &out->package->files[k] : NULL,
				out->records.applied[k], &out->t[k], err);
	out->hold = state_flag(ctx, AIP_FLAG_HOLD);
	out->removing = state_flag(ctx, AIP_FLAG_REMOVING);
	if (r == 0)
		r = survey_judge(out, idx, err);
	if (r < 0)
		survey_free(out);
	return r;
}

int survey_judge(struct survey *s, const struct aip_indexes *idx, struct aip_err *err)
{
	int k, r = 0;

	for (k = 0; r == 0 && k < AIP_KIND_N; k++)
		r = target_classify(&s->t[k], idx, err);
	return r;
}

bool survey_satisfied(void *arg, const struct aip_indexes *idx)
{
	struct survey *s = arg;
	int k;

	if (survey_judge(s, idx, NULL) < 0)
		return true;
	if (!survey_has_set(s) || s->hold || s->removing)
		return true; /* nothing that a fresher index could change */
	for (k = 0; k < AIP_KIND_N; k++) {
		const struct target *t = &s->t[k];

		if (t->state == TARGET_PRISTINE_UNKNOWN)
			return false;
		/* edited with the hook in it: no index will ever know it */
		if (t->state == TARGET_CUSTOMISED && !t->hooks)
			return false;
		if (t->state == TARGET_STALE && t->rpmnew_is_new &&
		    !aip_indexes_by_pre(idx, t->rpmnew.sha, NULL))
			return false;
		if (t->withdrawn && !aip_indexes_by_pre(idx, t->pristine.sha, NULL))
			return false;
	}
	return true;
}

bool survey_has_set(const struct survey *s)
{
	int k;

	for (k = 0; k < AIP_KIND_N; k++)
		if (s->t[k].state == TARGET_ABSENT)
			return false;
	return true;
}

void survey_free(struct survey *s)
{
	int k;

	for (k = 0; k < AIP_KIND_N; k++)
		target_free(&s->t[k]);
	records_free(&s->records);
	aip_rpmpkgs_free(&s->packages);
	memset(s, 0, sizeof(*s));
}
