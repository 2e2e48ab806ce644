/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report.h: what a build of an index found, for people and programs; every form from the
 * same values.
 */
#ifndef MKINDEX_REPORT_H
#define MKINDEX_REPORT_H

#include "common/buf.h"
#include "mkindex/harvest.h"

struct report {
	const struct aip_index *index; /* as it was made */
	const struct harvest *harvest;
	const char *output; /* where it went, NULL: nowhere */
	size_t n_signed;    /* signatures */
};

/** report_table, report_json, report_html - append the report. Return: 0 or -ENOMEM. */
int report_table(const struct report *r, struct aip_buf *out);
int report_json(const struct report *r, struct aip_buf *out);
int report_html(const struct report *r, struct aip_buf *out);

#endif
