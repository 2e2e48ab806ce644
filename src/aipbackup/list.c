// SPDX-License-Identifier: GPL-2.0-or-later
/* list */
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "aipbackup/aipbackup.h"
#include "aipbackup/ui.h"
#include "common/jsonw.h"
#include "common/rfc3339.h"

/* Bytes that a backup's files take, 0 when they are elsewhere. */
static uint64_t space_of(const struct aip_set *s, const struct aip_manifest *m)
{
	uint64_t bytes = 0;
	struct stat st;

	if (m->store == AIP_STORE_QCOW2 && fstatat(s->dirfd, m->where, &st, 0) == 0)
		bytes += st.st_blocks * 512ULL;
	if (fstatat(s->dirfd, m->sums, &st, 0) == 0)
		bytes += st.st_blocks * 512ULL;
	return bytes;
}

static void list_json(const struct aip_set *s)
{
	_cleanup_buf_ struct aip_buf b = AIP_BUF_INIT;
	char when[AIP_RFC3339_LEN];
	struct aip_jsonw w;
	size_t i;

	aip_jsonw_init(&w, &b, true);
	aip_jsonw_object(&w, NULL);
	aip_jsonw_str(&w, "set", s->n ? s->list[0].set : NULL);
	aip_jsonw_array(&w, "backups");
	for (i = 0; i < s->n; i++) {
		const struct aip_manifest *m = &s->list[i];

		if (m->pruned)
			continue;
		aip_jsonw_object(&w, NULL);
		aip_jsonw_str(&w, "id", m->id);
		aip_jsonw_str(&w, "kind", m->kind == AIP_FULL ? "full" : "incremental");
		aip_jsonw_str(&w, "parent", m->parent[0] ? m->parent : NULL);
		aip_jsonw_str(&w, "created", aip_rfc3339(m->created, when));
		aip_jsonw_str(&w, "reason", m->reason);
		aip_jsonw_str(&w, "device", m->device);
		aip_jsonw_uint(&w, "size", m->size);
		aip_jsonw_uint(&w, "stored", m->stored);
		aip_jsonw_uint(&w, "space", space_of(s, m));
		aip_jsonw_str(&w, "where", m->where);
		aip_jsonw_str(&w, "generation", m->generation[0] ? m->generation : NULL);
		aip_jsonw_end(&w);
	}
	aip_jsonw_end(&w);
	aip_jsonw_end(&w);
	if (aip_buf_status(&b) == 0)
		fputs(b.data, stdout);
}

int aip_cmd_list(const struct aip_options *o, char **args)
{
	_cleanup_set_ struct aip_set s = AIP_SET_INIT;
	struct aip_err err = AIP_ERR_INIT;
	char when[AIP_RFC3339_LEN], a[16], b[16];
	size_t i;

	if (aip_set_open(args[0], false, &s, &err) < 0)
		return aip_ui_fail(&err);
	if (aip_ui_json) {
		list_json(&s);
		return 0;
	}
	if (!s.n) {
		printf("No backups in %s.\n", args[0]);
		return 0;
	}
	printf("%-4s  %-11s  %-20s  %9s  %9s  %s\n", "ID", "KIND", "CREATED", "STORED", "SPACE",
	       "REASON");
	for (i = 0; i < s.n; i++) {
		const struct aip_manifest *m = &s.list[i];

		if (!m->pruned)
			printf("%-4s  %-11s  %-20s  %9s  %9s  %s\n", m->id,
			       m->kind == AIP_FULL ? "full" : "incremental",
			       aip_rfc3339(m->created, when), aip_ui_bytes(m->stored, a),
			       aip_ui_bytes(space_of(&s, m), b), m->reason);
	}
	return 0;
}
