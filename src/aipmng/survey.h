/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * survey.h: everything that decides what is to be done, read at one moment.
 */
#ifndef AIP_SURVEY_H
#define AIP_SURVEY_H

#include "aipmng/record.h"
#include "aipmng/target.h"

struct survey {
	struct aip_rpmdb *db; /* what it was made from, not owned; NULL: there is none */
	const struct aip_rpmpkg *package; /* newest instance of initscripts, NULL: not installed */
	struct aip_rpmpkgs packages;
	struct aip_err no_package; /* .code: why there is no package (no rpm database, ...) */
	struct records records;
	struct target t[AIP_KIND_N]; /* in the order of application */
	bool hold, removing;
};

/**
 * survey_make - read the rpm database, the records and the scripts
 * @db: NULL: there is none, as @no_db says
 * @idx: indexes to judge the scripts by; may be empty, survey_judge() can come later
 * @out: filled on success; release with survey_free()
 * Return: 0 or -errno.
 */
int survey_make(const struct ctx *ctx, struct aip_rpmdb *db, const struct aip_err *no_db,
		const struct aip_indexes *idx, struct survey *out, struct aip_err *err);

/** survey_judge - decide the states of the scripts (again) with these indexes. Return: 0 or -ENOMEM. */
int survey_judge(struct survey *s, const struct aip_indexes *idx, struct aip_err *err);

/** survey_satisfied - aip_enough_fn: whether @idx has what each script of the survey @arg needs. */
bool survey_satisfied(void *arg, const struct aip_indexes *idx);

/** survey_has_set - Return: whether the installed package has all files that are patched together. */
bool survey_has_set(const struct survey *s);
void survey_free(struct survey *s);

#define _cleanup_survey_ _cleanup_(survey_free)

#endif
