/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conf.h: /etc/aip/aip.conf and /etc/aip/aip.conf.d, see doc/aip.conf.5.
 *
 * Lines "key = value".  A later file replaces what an earlier one said; "index"
 * adds, and an empty "index =" starts the list anew.  A value that cannot be
 * understood is an error with file and line: to go on with a guess could mean
 * to believe fewer signatures than demanded.  An unknown key is only warned of,
 * so that a newer file serves an older aip.
 */
#ifndef AIP_CONF_H
#define AIP_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "aipmng/aipmng.h"
#include "common/err.h"

#define AIP_CONF_MAX_BYTES (256u << 10) /* one file */
#define AIP_CONF_MAX_FILES 100		/* of the folder */
#define AIP_CONF_MAX_INDEX 32		/* "index" lines in force */

struct conf {
	char **index; /* URLs of indexes in the order given */
	size_t n_index;
	char *repo;  /* section of yum.repos.d that carries an index; NULL: none is looked for */
	char *proxy; /* URL, "none" (no proxy at all), NULL: what the environment says */
	char *proxy_username, *proxy_password;
	char *sslcacert; /* PEM files, as seen inside the root; NULL: not set */
	char *sslclientcert;
	char *sslclientkey;
	unsigned int connect_timeout; /* s, one connection */
	unsigned int timeout;	      /* s, one source in all */
	unsigned int
		trigger_timeout; /* s, all sources together where somebody waits (AIP_CACHE_FIRST) */
	unsigned int signatures; /* of so many distinct primary keys an index must have */
	bool adapt;

	char **warnings; /* for people: unknown keys, files that anybody can write */
	size_t n_warnings;
};

/** conf_is_url - Return: whether @s begins as the address of an index has to. */
bool conf_is_url(const char *s);

/** conf_new - Return: the defaults, or NULL when memory is out. */
struct conf *conf_new(void);

/** conf_free - release a configuration; NULL is fine. */
void conf_free(struct conf *conf);
void conf_freep(struct conf **conf);

/**
 * conf_parse - read one file's text into @conf
 * @text: @len bytes
 * @name: what to call the file in messages
 * Return: 0; -EINVAL with "NAME:LINE: what is wrong" in @err; -ENOMEM.
 */
int conf_parse(struct conf *conf, const char *text, size_t len, const char *name,
	       struct aip_err *err);

/**
 * conf_load - read aip.conf, then every *.conf of aip.conf.d in the order of their names
 * @ctx: its root is read; ctx->conf is set on success, release with conf_free()
 *
 * A missing file or folder means the defaults.
 * Return: 0; -EINVAL (see conf_parse), -EFBIG, or -errno of a file that is there but cannot be read.
 */
int conf_load(struct ctx *ctx, struct aip_err *err);

/** conf_adapt - Return: whether the configuration wants adapting (adapt = yes). */
bool conf_adapt(const struct conf *conf);

#endif
