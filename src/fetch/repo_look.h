/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * repo_look.h: inner interface of one look at a repository: repo_section.c reads the section of
 * yum.repos.d, repo_mirrors.c finds the mirrors, repo_mirror.c asks one of them, repo.c leads.
 * Only these include it, and only here librepo is included.
 */
#ifndef AIP_FETCH_REPO_LOOK_H
#define AIP_FETCH_REPO_LOOK_H

#include <librepo/checksum.h>
#include <librepo/gpg.h>
#include <librepo/metalink.h>
#include <librepo/mirrorlist.h>
#include <librepo/repoconf.h>
#include <librepo/repomd.h>
#include <librepo/url_substitution.h>
#include <librepo/version.h>

#include "fetch/repo.h"

#define REPO_LIST_MAX (1u << 20) /* bytes of a .repo file, a mirror list or a metalink */

struct mirror {
	char *url;
	int preference;
};

/* One look at a repository. */
struct look {
	const struct wire *req;
	const char *id, *root;
	int rootfd;
	struct http_how how;   /* strings are in .own or the caller's */
	GPtrArray *own;	       /* strings that .how points to */
	LrYumRepoConfs *confs; /* of the .repo file that has the section */
	LrYumRepoConfs *mains; /* of dnf.conf */
	LrYumRepoConf *conf, *main;
	struct aip_buf text, main_text; /* of the two files */
	LrUrlVars *vars;
	LrMetalink *metalink;
	struct mirror mirror[REPO_MIRRORS_MAX];
	size_t n_mirrors;
	bool gpgcheck;
	long deadline;
	struct repo_answer *ans;
};

/** look_note - add to what the caller may tell a person. */
void look_note(struct look *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** look_path - Return: @path inside the root as this process sees it, to be freed; NULL when it leads nowhere. */
char *look_path(struct look *l, const char *path);

/**
 * look_get - fetch within what is left of the time
 * @max: bytes at most
 * @more: other mirrors may follow and want some of it
 * Return: as http_get().
 */
int look_get(struct look *l, const char *url, size_t max, bool more, struct aip_buf *out,
	     struct aip_err *err);

/** look_memory_file - Return: a descriptor of an anonymous file with this content, or -errno. */
int look_memory_file(const struct aip_buf *b);

/** look_section - find the section and dnf.conf. Return: 0; -ENOENT when there is none. */
int look_section(struct look *l);
/** look_settings - the variables and the options of the section, into .vars, .how and .gpgcheck. */
void look_settings(struct look *l);
/** look_option - Return: a string option of the section, else of dnf.conf, variables put in; lives as long as @l. */
const char *look_option(struct look *l, LrYumRepoConfOption opt);

/** look_mirrors - fill .mirror from metalink, mirrorlist and baseurl; what goes wrong is noted. */
void look_mirrors(struct look *l);

/**
 * look_mirror - ask one mirror
 * @mirror: its base URL
 * @tags: what is known already
 * Return: an enum http_verdict, or -errno: it has no such file, or one that is not what repomd.xml says.
 */
int look_mirror(struct look *l, const char *mirror, bool more, size_t max,
		const struct http_tags *tags, struct aip_buf *body, struct aip_err *err);

#endif
