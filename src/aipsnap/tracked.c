// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "aipsnap/ctl.h"
#include "aipsnap/tracked.h"
#include "common/buf.h"
#include "common/fs.h"

#define LIST_MAX 65536

static const char *or_dash(const char *s)
{
	return *s ? s : "-";
}

static void undash(char *s)
{
	if (!strcmp(s, "-"))
		*s = 0;
}

int tracked_read(const char *path, struct tracked *t, struct aip_err *err)
{
	_cleanup_buf_ struct aip_buf text = AIP_BUF_INIT;
	char *line, *save;
	int ret;

	memset(t, 0, sizeof(*t));
	if (access(path, F_OK))
		return 0;
	ret = aip_read_file(AT_FDCWD, path, LIST_MAX, &text, err);
	if (ret)
		return ret;
	for (line = strtok_r(text.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct tracked_device *d = &t->list[t->n];

		if (*line == '#')
			continue;
		if (t->n == AIPSNAP_MAX_DEVICES ||
		    sscanf(line, "%47s %15s %u %79s", d->id.uuid, d->id.fs_type, &d->chunk_shift,
			   d->id.name) != 4)
			return aip_err_set(err, -EINVAL, "%s: cannot understand \"%.200s\"", path,
					   line);
		undash(d->id.uuid);
		undash(d->id.fs_type);
		t->n++;
	}
	return 0;
}

int tracked_write(const char *path, const struct tracked *t, struct aip_err *err)
{
	_cleanup_buf_ struct aip_buf text = AIP_BUF_INIT;
	size_t i;

	if (!t->n)
		return unlink(path) && errno != ENOENT ? aip_err_errno(err, -errno, "%s", path) : 0;
	aip_buf_str(&text, "# enabled devices, kept by aipsnap: UUID, type, chunk shift, name\n");
	for (i = 0; i < t->n; i++)
		aip_buf_fmt(&text, "%.48s %.16s %u %.80s\n", or_dash(t->list[i].id.uuid),
			    or_dash(t->list[i].id.fs_type), t->list[i].chunk_shift,
			    or_dash(t->list[i].id.name));
	if (aip_buf_status(&text))
		return aip_err_errno(err, -ENOMEM, "%s", path);
	return aip_write_file(AT_FDCWD, path, text.data, text.len, 0600, err);
}

int tracked_collect(int ctl, struct tracked *t, struct aip_err *err)
{
	struct aipsnap_device dev;
	unsigned int slot;
	int ret;

	memset(t, 0, sizeof(*t));
	for (slot = 0; slot < AIPSNAP_MAX_DEVICES; slot++) {
		ret = ctl_device(ctl, slot, &dev, err);
		if (ret && ret != -ENODEV)
			return ret;
		if (ret || dev.flags & AIPSNAP_DEV_UNSAVED)
			continue;
		t->list[t->n].id = dev.identity;
		t->list[t->n++].chunk_shift = dev.chunk_shift;
	}
	return 0;
}

bool tracked_has(const struct tracked *t, const struct aipsnap_identity *id)
{
	size_t i;

	for (i = 0; i < t->n; i++) {
		const struct aipsnap_identity *one = &t->list[i].id;

		if (!strncmp(one->uuid, id->uuid, sizeof(id->uuid)) &&
		    (id->uuid[0] || !strncmp(one->name, id->name, sizeof(id->name))))
			return true;
	}
	return false;
}

/* One that has got another file system since it was enabled has another UUID. */
static bool has_name(const struct tracked *t, const char *name)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (!strncmp(t->list[i].id.name, name, sizeof(t->list[i].id.name)))
			return true;
	return false;
}

int tracked_merge(struct tracked *t, const struct tracked *from, const struct tracked *gone,
		  struct aip_err *err)
{
	size_t i;

	for (i = 0; i < from->n; i++) {
		if (tracked_has(t, &from->list[i].id) || tracked_has(gone, &from->list[i].id) ||
		    has_name(gone, from->list[i].id.name))
			continue;
		if (t->n == AIPSNAP_MAX_DEVICES)
			return aip_err_set(err, -E2BIG, "more than %d devices",
					   AIPSNAP_MAX_DEVICES);
		t->list[t->n++] = from->list[i];
	}
	return 0;
}
