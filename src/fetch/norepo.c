// SPDX-License-Identifier: GPL-2.0-or-later
/* Stands in for repo.c where there is no librepo (make WITHOUT_LIBREPO=1). */
#include <errno.h>
#include <stdlib.h>

#include "aipmng/aipmng.h"
#include "fetch/repo.h"

const char *repo_version(void)
{
	return NULL;
}

int repo_get(const struct wire *req, const struct http_how *how, size_t max,
	     const struct http_tags *tags, struct repo_answer *ans, struct aip_buf *body,
	     struct aip_err *err)
{
	const char *id = wire_get(req, "repo");

	aip_err_set(err, -ENOTSUP, "repository %s: this aip was built without librepo",
		    id ? id : "?");
	aip_err_exit(err, AIP_EXIT_NO_INDEX);
	return aip_err_hint(err, "give the index's URL as 'index =' in aip.conf, and set "
				 "'repo = none'");
}

void repo_answer_free(struct repo_answer *ans)
{
	free(ans->mirror);
	ans->mirror = NULL;
	aip_buf_free(&ans->notes);
}
