// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rpm/rpmio.h>

#include "rpm/quiet.h"
#include "rpm/unpack.h"

struct aip_unpack {
	FD_t fd;
};

static const char *mode_of(const char *path)
{
	static const struct {
		const char *suffix, *mode;
	} known[] = { { ".gz", "r.gzdio" },
		      { ".bz2", "r.bzdio" },
		      { ".xz", "r.xzdio" },
		      { ".lzma", "r.lzdio" },
		      { ".zst", "r.zstdio" } };
	size_t n = strlen(path), i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		size_t k = strlen(known[i].suffix);

		if (n > k && strcmp(path + n - k, known[i].suffix) == 0)
			return known[i].mode;
	}
	return "r.ufdio";
}

int aip_unpack_open(const char *path, struct aip_unpack **out, struct aip_err *err)
{
	FD_t fd;

	aip_rpmlog_quiet();
	fd = Fopen(path, mode_of(path));
	if (!fd || Ferror(fd)) {
		if (fd)
			Fclose(fd);
		return aip_err_set(err, -EIO, "cannot open %s, or librpm cannot unpack it", path);
	}
	*out = calloc(1, sizeof(**out));
	if (!*out) {
		Fclose(fd);
		return aip_err_errno(err, -ENOMEM, "cannot open %s", path);
	}
	(*out)->fd = fd;
	return 0;
}

ssize_t aip_unpack_read(struct aip_unpack *u, void *buf, size_t len)
{
	ssize_t n = Fread(buf, 1, len, u->fd);

	return n < 0 || Ferror(u->fd) ? -EIO : n;
}

void aip_unpack_close(struct aip_unpack *u)
{
	if (!u)
		return;
	Fclose(u->fd);
	free(u);
}
