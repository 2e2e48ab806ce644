// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "aipbackup/source.h"
#include "aipbackup/ui.h"
#include "common/fs.h"
#include "common/spawn.h"
#include "json/json.h"

#define PENDING	   ".pending"
#define OUTPUT_MAX (1u << 30) /* of `aipsnap changes`: 64 Mi runs */

/* Exit codes of aipsnap(8) that mean something to us. */
enum { AIPSNAP_NO_DRIVER = 3, AIPSNAP_UNKNOWN_ID = 6 };

/* Run `aipsnap ARGS…`. Return: 0 (see res->status) or -errno; a failure's text is put in @err. */
static int aipsnap(const char *const *args, size_t n, struct aip_spawn_result *res,
		   struct aip_err *err)
{
	const char *argv[16] = { "aipsnap" };
	struct aip_spawn s = { .argv = argv, .output_max = OUTPUT_MAX, .timeout_ms = 600000 };
	char *text, *end;
	int r;

	memcpy(argv + 1, args, n * sizeof(*args));
	r = aip_spawn(&s, res, err);
	if (r == -ENOENT)
		return aip_err_hint(err, "install the package aip-dkms, or back up a device that "
					 "stands still with --as-is");
	if (r < 0 || res->status == 0)
		return r;
	text = res->err.len ? res->err.data : "it gave no reason";
	if (strncmp(text, "aipsnap: ", 9) == 0)
		text += 9;
	end = strchrnul(text, '\n');
	if (end > text && end[-1] == '.')
		end--;
	aip_err_set(err, -EIO, "%.*s", (int)(end - text), text);
	return 0;
}

/* Take one line of blkid's, "NAME=value". A partition table counts more than what it replaced. */
static void probe_line(const char *line, const char *found[2], const char *table[2])
{
	static const char *const names[2] = { "UUID=", "TYPE=" };
	size_t i;

	for (i = 0; i < 2; i++) {
		size_t n = strlen(names[i]);

		if (!found[i] && strncmp(line, names[i], n) == 0)
			found[i] = line + n;
		if (!table[i] && strncmp(line, "PT", 2) == 0 && strncmp(line + 2, names[i], n) == 0)
			table[i] = line + 2 + n;
	}
}

int aip_probe(const char *path, char **uuid, char **type, struct aip_err *err)
{
	_cleanup_spawn_ struct aip_spawn_result res = AIP_SPAWN_RESULT_INIT;
	const char *argv[] = { "blkid", "-p", "-o", "export", path, NULL };
	const struct aip_spawn s = { .argv = argv, .output_max = 65536, .timeout_ms = 60000 };
	const char *found[2] = { NULL, NULL }, *table[2] = { NULL, NULL }, **what;
	char *line, *save = NULL;
	bool answer;
	int r = aip_spawn(&s, &res, err);

	if (r < 0)
		return r;
	/* 2 is "nothing there", and 8 "more than one thing": that is no blank device */
	answer = res.out.len ? res.status == 0 : res.status == 2 && !res.err.len;
	for (line = answer && res.out.len ? strtok_r(res.out.data, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save))
		probe_line(line, found, table);
	what = table[0] || table[1] ? table : found;
	*uuid = strdup(what[0] ? what[0] : "");
	*type = strdup(!answer ? AIP_TYPE_AMBIVALENT : what[1] ? what[1] : "");
	return *uuid && *type ? 0 : aip_err_errno(err, -ENOMEM, "cannot probe %s", path);
}

/* ---- the snapshot -------------------------------------------------------- */

/* What aipsnap says of one snapshot. */
static int parse_snapshot(struct aip_json_val v, struct aip_source *s, struct aip_err *err)
{
	const char *node, *lineage, *generation, *name;
	int64_t number, chunk, size;
	int r;

	if ((r = aip_json_int(v, "snapshot", 0, 65535, &number, err)) < 0 ||
	    (r = aip_json_str(v, "node", &node, err)) < 0 ||
	    (r = aip_json_str(v, "lineage", &lineage, err)) < 0 ||
	    (r = aip_json_str(v, "opened", &generation, err)) < 0 ||
	    (r = aip_json_int(v, "chunk", 4096, 1 << 20, &chunk, err)) < 0 ||
	    (r = aip_json_int(v, "size", 512, AIP_JSON_INT_MAX, &size, err)) < 0)
		return r;
	if (strlen(lineage) != 32 || strlen(generation) != 32)
		return aip_json_err(v, err, -EBADMSG, "an id that is not 32 hex digits");
	s->snapshot = number;
	s->chunk = chunk;
	s->size = size;
	strcpy(s->lineage, lineage);
	strcpy(s->generation, generation);
	if (aip_json_has(v, "name") && aip_json_str(v, "name", &name, err) == 0)
		s->origin = strdup(name);
	s->image = strdup(node);
	return s->image ? 0 : aip_err_errno(err, -ENOMEM, "cannot open %s", node);
}

/*
 * Find the snapshot (any, or that with the number @n) in the array @name of aipsnap's JSON.
 * Return: 1, 0 (it is not there), or -errno.  @doc is the caller's to free.
 */
static int find_entry(const struct aip_buf *out, const char *name, int n, struct aip_json **doc,
		      struct aip_json_val *e, struct aip_err *err)
{
	struct aip_json_val list;
	bool more;
	int r;

	r = aip_json_parse(out->data, out->len, "output of aipsnap", NULL, doc, err);
	if (r == 0)
		r = aip_json_array(aip_json_root(*doc), name, &list, err);
	if (r < 0)
		return r;
	for (more = aip_json_first(list, e); more; more = aip_json_next(e)) {
		int64_t number;

		r = aip_json_int(*e, "snapshot", 0, 65535, &number, err);
		if (r < 0 || n < 0 || number == n)
			return r < 0 ? r : 1;
	}
	return 0;
}

static int find_snapshot(const struct aip_buf *out, const char *name, int n, struct aip_source *s,
			 struct aip_err *err)
{
	_cleanup_(aip_json_freep) struct aip_json *doc = NULL;
	struct aip_json_val e;
	int r = find_entry(out, name, n, &doc, &e, err);

	if (r == 0)
		return aip_err_set(err, -ENOENT, "there is no snapshot %d", n);
	return r < 0 ? r : parse_snapshot(e, s, err);
}

static int note_pending(struct aip_set *set, const struct aip_source *s, struct aip_err *err)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "%d %s\n", s->snapshot, s->generation);

	return aip_write_file(set->dirfd, PENDING, text, n, 0600, err);
}

#define DEFAULT_STORE "/var/lib/aip"

/*
 * Where the snapshot keeps old data, unless the user says.  On the source itself it would
 * work, but its blocks count as changed: better in the set's folder, when that is elsewhere.
 */
static const char *default_store(const char *device, const struct aip_set *set)
{
	struct stat src, def, dir;

	if (stat(device, &src) < 0 || !S_ISBLK(src.st_mode) || stat(DEFAULT_STORE, &def) < 0 ||
	    fstat(set->dirfd, &dir) < 0)
		return NULL;
	/* device number 0:n: a file system without a block device of its own (NFS, btrfs) */
	if (def.st_dev != src.st_rdev || dir.st_dev == src.st_rdev || !major(dir.st_dev))
		return NULL;
	return set->path;
}

static int make_snapshot(const char *device, const struct aip_source_options *o,
			 struct aip_set *set, struct aip_source *s, struct aip_err *err)
{
	const char *store = o->store ? o->store : default_store(device, set);
	_cleanup_spawn_ struct aip_spawn_result res = AIP_SPAWN_RESULT_INIT;
	const char *args[8] = { "snapshot", "create", device, "--json" };
	size_t n = 4;
	int r;

	if (store) {
		args[n++] = "--store";
		args[n++] = store;
	}
	if (o->store_size) {
		args[n++] = "--size";
		args[n++] = o->store_size;
	}
	r = aipsnap(args, n, &res, err);
	if (r == 0 && res.status) {
		aip_err_prefix(err, "cannot make a snapshot of %s", device);
		if (res.status == AIPSNAP_NO_DRIVER)
			aip_err_hint(
				err,
				"`aipmng --modupdate` brings the driver, or --as-is backs up what "
				"stands still");
		else
			aip_err_hint(err,
				     "`aipsnap status` says what is tracked, `aipsnap enable %s` "
				     "starts it; --store and --store-size put old data elsewhere",
				     device);
		return err->code;
	}
	if (r == 0)
		r = find_snapshot(&res.out, "devices", -1, s, err);
	s->own_snapshot = r == 0;
	return r;
}

/* A snapshot that was named must be one of the device that was named. */
static int check_origin(const struct aip_source *s, struct aip_err *err)
{
	struct stat device, origin;

	if (s->origin && stat(s->device, &device) == 0 && stat(s->origin, &origin) == 0 &&
	    device.st_rdev == origin.st_rdev)
		return 0;
	aip_err_set(err, -EINVAL, "snapshot %d is of %s, not of %s", s->snapshot,
		    s->origin ? s->origin : "another device", s->device);
	return aip_err_hint(err, "`aipsnap snapshot list` shows what there is");
}

static int use_snapshot(const struct aip_source_options *o, struct aip_source *s,
			struct aip_err *err)
{
	_cleanup_spawn_ struct aip_spawn_result res = AIP_SPAWN_RESULT_INIT;
	const char *args[] = { "snapshot", "list", "--json" };
	int r = aipsnap(args, 3, &res, err);

	if (r == 0 && res.status)
		return err->code;
	if (r == 0)
		r = find_snapshot(&res.out, "snapshots", o->snapshot, s, err);
	return r < 0 ? r : check_origin(s, err);
}

static int remove_snapshot(int number, struct aip_err *err)
{
	_cleanup_spawn_ struct aip_spawn_result res = AIP_SPAWN_RESULT_INIT;
	char text[16];
	const char *args[] = { "snapshot", "remove", text };
	int r;

	snprintf(text, sizeof(text), "%d", number);
	r = aipsnap(args, 3, &res, err);
	if (r == 0 && res.status)
		return aip_err_prefix(err, "cannot remove snapshot %d", number);
	return r;
}

/*
 * Is it still the one that was noted?  Numbers are used again.
 * Return: 1, 0 (it is gone; so it is with the driver), or -errno: not known.
 */
static int still_there(int number, const char *generation, struct aip_err *err)
{
	_cleanup_spawn_ struct aip_spawn_result res = AIP_SPAWN_RESULT_INIT;
	_cleanup_(aip_json_freep) struct aip_json *doc = NULL;
	const char *args[] = { "snapshot", "list", "--json" }, *opened;
	struct aip_json_val e = { NULL, NULL };
	int r = aipsnap(args, 3, &res, err);

	if (r == -ENOENT || (r == 0 && res.status == AIPSNAP_NO_DRIVER)) {
		aip_err_clear(err);
		return 0;
	}
	if (r == 0 && res.status)
		r = err->code;
	if (r == 0)
		r = find_entry(&res.out, "snapshots", number, &doc, &e, err);
	if (r > 0)
		r = aip_json_str(e, "opened", &opened, err) < 0 ? err->code
								: strcmp(opened, generation) == 0;
	return r;
}

int aip_source_drop_pending(struct aip_set *set, struct aip_err *err)
{
	_cleanup_buf_ struct aip_buf b = AIP_BUF_INIT;
	char generation[33];
	int number, r;

	r = aip_read_file(set->dirfd, PENDING, 64, &b, err);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	if (sscanf(b.data ? b.data : "", "%d %32s", &number, generation) == 2) {
		r = still_there(number, generation, err);
		if (r < 0) {
			aip_err_prefix(err,
				       "cannot learn whether snapshot %d, left by an "
				       "interrupted run, is still there",
				       number);
			aip_err_hint(err,
				     "`aipsnap snapshot list` shows what there is; once the "
				     "snapshot is gone, %s/" PENDING " may go too",
				     set->path);
			return aip_err_exit(err, AIP_EXIT_ERROR);
		}
		if (r > 0) {
			aip_ui_note("Removing snapshot %d, left by an interrupted run.", number);
			r = remove_snapshot(number, err);
		}
	}
	if (r < 0)
		return r;
	if (unlinkat(set->dirfd, PENDING, 0) < 0)
		return aip_err_errno(err, -errno, "cannot remove %s/" PENDING, set->path);
	return 0;
}

/* ---- opening ------------------------------------------------------------- */

/* A device or image file as it is: nobody else may have it in use. */
static int open_as_is(struct aip_source *s, struct aip_err *err)
{
	struct stat st;

	if (stat(s->device, &st) < 0)
		return aip_err_errno(err, -errno, "cannot open %s", s->device);
	s->image = strdup(s->device);
	s->fd = open(s->device, O_RDONLY | O_CLOEXEC | (S_ISBLK(st.st_mode) ? O_EXCL : 0));
	if (s->fd < 0 && errno == EBUSY) {
		aip_err_set(err, -EBUSY, "%s is in use (mounted, or part of a volume)", s->device);
		aip_err_hint(err, "unmount it, or back it up from a snapshot: without --as-is");
		return aip_err_exit(err, AIP_EXIT_ERROR);
	}
	if (s->fd < 0 || !s->image)
		return aip_err_errno(err, -errno, "cannot open %s", s->device);
	if (S_ISREG(st.st_mode)) {
		s->size = st.st_size;
	} else if (!S_ISBLK(st.st_mode) || ioctl(s->fd, BLKGETSIZE64, &s->size) < 0) {
		return aip_err_set(err, -ENOTBLK, "%s is neither a block device nor an image file",
				   s->device);
	}
	if (!s->size || s->size % 512)
		return aip_err_set(err, -EINVAL, "%s has %" PRIu64 " bytes, no multiple of 512",
				   s->device, s->size);
	return 0;
}

static int open_snapshot(const struct aip_source_options *o, struct aip_set *set,
			 struct aip_source *s, struct aip_err *err)
{
	int r = o->snapshot >= 0 ? use_snapshot(o, s, err)
				 : make_snapshot(s->device, o, set, s, err);

	if (r == 0 && s->own_snapshot)
		r = note_pending(set, s, err);
	if (r < 0)
		return r;
	s->fd = open(s->image, O_RDONLY | O_CLOEXEC);
	return s->fd < 0 ? aip_err_errno(err, -errno, "cannot open %s", s->image) : 0;
}

int aip_source_open(const char *device, const struct aip_source_options *o, struct aip_set *set,
		    struct aip_source *s, struct aip_err *err)
{
	int r;

	s->device = strdup(device);
	if (!s->device)
		return aip_err_errno(err, -ENOMEM, "cannot open %s", device);
	r = o->as_is ? open_as_is(s, err) : open_snapshot(o, set, s, err);
	return r < 0 ? r : aip_probe(s->image, &s->uuid, &s->type, err);
}

int aip_source_close(struct aip_source *s, struct aip_set *set, struct aip_err *err)
{
	int r = 0;

	aip_closep(&s->fd);
	if (s->own_snapshot)
		r = remove_snapshot(s->snapshot, err);
	if (r == 0 && s->own_snapshot && unlinkat(set->dirfd, PENDING, 0) < 0 && errno != ENOENT)
		r = aip_err_errno(err, -errno, "cannot remove %s/" PENDING, set->path);
	free(s->device);
	free(s->image);
	free(s->origin);
	free(s->uuid);
	free(s->type);
	*s = (struct aip_source)AIP_SOURCE_INIT;
	return r;
}

/* ---- changes ------------------------------------------------------------- */

/* Head of `aipsnap changes --binary`, little-endian; then a bitmap, bit n of byte n / 8 is chunk n. */
struct changes_head {
	char magic[8]; /* "AIPCHNG1" */
	uint32_t chunk_shift, reserved;
	uint64_t size;	 /* of the device, bytes */
	uint64_t chunks; /* bits */
	uint64_t changed, reserved2;
	unsigned char lineage[16];
} __attribute__((packed));

static int parse_changes(const struct aip_buf *b, const struct aip_source *s,
			 struct aip_extents *out, struct aip_err *err)
{
	const unsigned char *bits = (unsigned char *)b->data + sizeof(struct changes_head);
	uint64_t chunks = (s->size - 1) / s->chunk + 1, no;
	struct changes_head h;

	if (b->len < sizeof(h))
		return aip_err_set(err, -EPROTO, "`aipsnap changes` gave too little");
	memcpy(&h, b->data, sizeof(h));
	if (memcmp(h.magic, "AIPCHNG1", 8) != 0 ||
	    1ULL << (le32toh(h.chunk_shift) & 63) != s->chunk || le64toh(h.size) != s->size ||
	    le64toh(h.chunks) != chunks || b->len - sizeof(h) != (chunks + 7) / 8)
		return aip_err_set(err, -EPROTO, "`aipsnap changes` does not fit the snapshot");
	for (no = 0; no < chunks; no += bits[no / 8] ? 1 : 8)
		if (bits[no / 8] >> no % 8 & 1 && aip_extents_add(out, no, 1) < 0)
			return aip_err_errno(err, -ENOMEM, "cannot list the changes");
	if (aip_extents_chunks(out) != le64toh(h.changed))
		return aip_err_set(err, -EPROTO,
				   "`aipsnap changes` counts %" PRIu64
				   " changed chunks, its bitmap has %" PRIu64,
				   (uint64_t)le64toh(h.changed), aip_extents_chunks(out));
	return 0;
}

int aip_source_changes(const struct aip_source *s, const char *since, struct aip_extents *out,
		       struct aip_err *err)
{
	_cleanup_spawn_ struct aip_spawn_result res = AIP_SPAWN_RESULT_INIT;
	const char *args[] = { "changes", s->device,	 "--since", since,
			       "--until", s->generation, "--binary" };
	int r = aipsnap(args, sizeof(args) / sizeof(*args), &res, err);

	if (r < 0)
		return r;
	if (res.status == AIPSNAP_UNKNOWN_ID)
		return err->code = -ESTALE;
	if (res.status)
		return aip_err_prefix(err, "cannot learn what changed on %s", s->device);
	return parse_changes(&res.out, s, out, err);
}
