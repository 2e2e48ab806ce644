/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan.h: what a survey leads to: for each script the new bytes, or why it stays.
 *
 * The scripts are one set.  When one of them cannot be patched none is, and
 * those that are patched already are restored: a sealed table that nobody
 * started is worth nothing.  Not restored is what stands beside a script that
 * somebody edited but whose hook is still in it.
 */
#ifndef AIP_PLAN_H
#define AIP_PLAN_H

#include "aipmng/survey.h"

enum step_action {
	STEP_KEEP,    /* right as it is, or nothing that could be done: see why */
	STEP_ADOPT,   /* the script is right, only the record is missing or outdated */
	STEP_PATCH,   /* apply the patch for what is there */
	STEP_MOVE,    /* from one patch to another over the same pristine script */
	STEP_HEAL,    /* put the patched PATH.rpmnew in the place of an outdated script */
	STEP_ADAPT,   /* apply a patch that the anchor engine has proved */
	STEP_RESTORE, /* put the pristine script back */
	STEP_STRIP,   /* take our block out of a script that was edited since */
};

struct step {
	struct target *t; /* belongs to the survey */
	enum step_action action;
	struct blob next; /* new bytes, for all but KEEP and ADOPT */
	struct blob
		pristine;   /* what is kept to restore it; .sha "" when there is nothing to keep */
	struct record *rec; /* the record or intent; NULL for KEEP */
	const struct timespec *mtime; /* what the new file's time is set to, NULL: now */
	struct timespec mtime_buf;
	bool drop_record;   /* the record speaks of content that is gone */
	bool unlink_rpmnew; /* after success */
	bool unlink_rpmsave;
	struct aip_err why; /* .code: why it cannot be what it should be, with exit code */
	char *proof;	    /* adapted, or refused to adapt: the anchor engine's words */
};

struct plan {
	struct step s[AIP_KIND_N];
	bool restoring;		/* then the steps are taken in the other order */
	bool done;		/* change_run() has carried it out */
	bool work;		/* there is something to change on disk */
	struct aip_err verdict; /* .code: what keeps the set from being what is wanted */
};

/**
 * plan_apply - towards patched
 * @s: judged with @idx
 * @out: filled on success; release with plan_free() before the survey
 * Return: 0 or -errno (not for what is in @out->verdict).
 */
int plan_apply(const struct ctx *ctx, struct survey *s, const struct aip_indexes *idx,
	       struct plan *out, struct aip_err *err);

enum restore_why {
	RESTORE_ASKED,	/* somebody wants the pristine scripts: as a set, or up to what cannot be */
	RESTORE_FINISH, /* held: only what an interrupted --revert has left patched */
	RESTORE_LAST,	/* the package is going: whatever can be, each script for itself */
};

/** plan_restore - towards pristine. Return: 0 or -errno. */
int plan_restore(const struct ctx *ctx, struct survey *s, enum restore_why why, struct plan *out,
		 struct aip_err *err);
void plan_free(struct plan *p);

#define _cleanup_plan_ _cleanup_(plan_free)

/** step_name - Return: "patch", "restore", ... for people and JSON. */
const char *step_name(enum step_action a);

/** step_changes - Return: whether the step gives the script new bytes. */
bool step_changes(const struct step *st);

/** step_record - a record for a step: all but the patch itself. Return: NULL when memory is out. */
struct record *step_record(const struct survey *s, const struct target *t,
			   enum record_action action, enum record_how how);

#endif
