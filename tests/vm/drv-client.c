/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * drv-client: every call of the driver's interface as a command, for tests of
 * the module alone (no policy, fingerprints are words given by the test).
 *
 *	format FILE MIB | load FILE | unload | info
 *	enable DEV [SHIFT] [unsaved]        → SLOT ID
 *	begin SLOT DEV | commit SLOT TOKEN UUID WORD [new]
 *	seal SLOT TOKEN-less: seal SLOT UUID WORD | seal-begin SLOT | seal-commit SLOT TOKEN UUID WORD
 *	abort SLOT | stop SLOT | disable SLOT | status SLOT | gens SLOT
 *	switch SLOT[:file=PATH|:dev=DEV]... [freeze=DEV]... [timeout=MS]   → OPENED [N] a line
 *	changes SLOT SINCE [UNTIL]          → chunk numbers, one a line
 *	mark SLOT SECTOR SECTORS
 *	snapshot N | remove N
 *	compare IMAGE-A IMAGE-B SHIFT       changed chunks on stdin; 1: one was missed
 *	stall FILE MS                       4 KiB O_DIRECT writes, one after the other → longest one, µs
 *	freeze FOLDER                       FIFREEZE and FITHAW, nothing between
 *	pages DEV MIB SHIFT                 O_DIRECT writes from so much memory in huge pages, a page to each chunk → how many
 *
 * A refused call prints "errno why TEXT" on stderr and ends with 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "../../dkms/uapi/aipsnap.h"

static int ctl = -1;

static void die(const char *what, unsigned int why)
{
	fprintf(stderr, "%s: errno %d why %u %s\n", what, errno, why, strerror(errno));
	exit(1);
}

/*
 * FAIL_NTH=N in the environment: the Nth thing that can fail in the call does (a kernel with
 * fault injection).  Says "injected" on stderr where the call came that far.
 */
static int call_with_fault(unsigned long cmd, void *arg, const char *nth)
{
	int fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC), ret, err;
	char left[16] = "";

	if (fd < 0 || write(fd, nth, strlen(nth)) < 0)
		die("fail-nth", 0);
	ret = ioctl(ctl, cmd, arg);
	err = errno;
	if (pread(fd, left, sizeof(left) - 1, 0) < 0 || pwrite(fd, "0", 1, 0) < 0)
		die("fail-nth", 0);
	if (atoi(left) == 0)
		fprintf(stderr, "injected\n");
	errno = err;
	return ret;
}

static void call(unsigned long cmd, void *arg, const char *what, const __u32 *why)
{
	const char *nth = getenv("FAIL_NTH");

	if (ctl < 0 && (ctl = open("/dev/" AIPSNAP_CONTROL, O_RDWR | O_CLOEXEC)) < 0)
		die("/dev/" AIPSNAP_CONTROL, 0);
	if (nth ? call_with_fault(cmd, arg, nth) : ioctl(ctl, cmd, arg))
		die(what, why ? *why : 0);
}

static void dev_of(const char *path, __u32 *maj, __u32 *min)
{
	struct stat st;

	if (stat(path, &st))
		die(path, 0);
	*maj = major(st.st_rdev);
	*min = minor(st.st_rdev);
}

static char *id_text(const struct aipsnap_id *id)
{
	static char buf[4][33];
	static int n;
	char *p = buf[n = (n + 1) % 4];

	for (int i = 0; i < 16; i++)
		sprintf(p + 2 * i, "%02x", id->b[i]);
	return p;
}

static struct aipsnap_id id_parse(const char *s)
{
	struct aipsnap_id id = { 0 };
	unsigned int b;

	for (int i = 0; i < 16 && sscanf(s + 2 * i, "%2x", &b) == 1; i++)
		id.b[i] = b;
	return id;
}

static struct aipsnap_identity identity(const char *uuid, const char *name)
{
	struct aipsnap_identity id = { .fs_type = "test" };

	snprintf(id.uuid, sizeof(id.uuid), "%s", uuid);
	snprintf(id.name, sizeof(id.name), "%s", name);
	return id;
}

static struct aipsnap_fingerprint finger(const char *word)
{
	struct aipsnap_fingerprint f = { .method = strcmp(word, "none") ? 1 : 0 };

	snprintf((char *)f.digest, sizeof(f.digest), "%s", word);
	return f;
}

static struct aipsnap_file file_arg(const char *path)
{
	static struct fiemap_extent scratch[16];
	struct aipsnap_file f = {
		.fd = open(path, O_RDONLY | O_CLOEXEC),
		.scratch = (uintptr_t)scratch,
		.nr_scratch = 16,
	};

	if (f.fd < 0)
		die(path, 0);
	return f;
}

static void load(const char *path, const struct aipsnap_id *nonce)
{
	struct aipsnap_table_load a = { .file = file_arg(path) };

	if (nonce) {
		a.flags = AIPSNAP_TABLE_FORMAT;
		a.nonce = *nonce;
	}
	call(AIPSNAP_TABLE_LOAD, &a, path, &a.why);
	printf("table %s blocks %llu copies %u devices %u\n", id_text(&a.table), a.blocks, a.copies,
	       a.devices);
}

static void format(const char *path, unsigned int mib)
{
	struct {
		struct aipsnap_blank b;
		char rest[AIPSNAP_TABLE_BLOCK - sizeof(struct aipsnap_blank)];
	} block = { 0 };
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	if (fd < 0)
		die(path, 0);
	memcpy(block.b.magic, AIPSNAP_BLANK_MAGIC, 8);
	if (getrandom(&block.b.nonce, 16, 0) != 16)
		die("random", 0);
	for (__u64 n = 0; n < mib * 256ULL; n++) {
		block.b.block = n;
		if (write(fd, &block, sizeof(block)) != sizeof(block))
			die(path, 0);
	}
	if (fsync(fd) || close(fd))
		die(path, 0);
	load(path, &block.b.nonce);
}

static void enable(char **a)
{
	struct aipsnap_enable e = { .identity = identity(a[0], a[0]) };

	dev_of(a[0], &e.major, &e.minor);
	for (int i = 1; a[i]; i++) {
		if (!strcmp(a[i], "unsaved"))
			e.flags = AIPSNAP_ENABLE_UNSAVED;
		else
			e.chunk_shift = atoi(a[i]);
	}
	call(AIPSNAP_ENABLE, &e, "enable", &e.why);
	printf("%u %s\n", e.slot, id_text(&e.generation));
}

static __u64 begin(int slot, const char *dev)
{
	struct aipsnap_start_begin b = { .slot = slot };

	dev_of(dev, &b.major, &b.minor);
	call(AIPSNAP_START_BEGIN, &b, "begin", &b.why);
	fprintf(stderr, "found why %u\n", b.why);
	return b.token;
}

static void commit(int slot, __u64 token, const char *uuid, const char *word, int new)
{
	struct aipsnap_start_commit c = {
		.slot = slot,
		.token = token,
		.flags = new ? AIPSNAP_START_NEW : 0,
		.why = new ? AIPSNAP_WHY_FLAG : 0,
		.identity = identity(uuid, uuid),
		.fingerprint = finger(word),
	};

	call(AIPSNAP_START_COMMIT, &c, "commit", &c.why);
	printf("%s why %u lineage %s generation %s\n",
	       c.flags & AIPSNAP_START_RESUMED ? "resumed" : "new", c.why, id_text(&c.lineage),
	       id_text(&c.generation));
}

static __u64 seal_begin(int slot)
{
	struct aipsnap_seal_begin b = { .slot = slot };

	call(AIPSNAP_SEAL_BEGIN, &b, "seal-begin", &b.why);
	fprintf(stderr, "seal wrote %llu bytes\n", b.written);
	return b.token;
}

static void seal_commit(int slot, __u64 token, const char *uuid, const char *word)
{
	struct aipsnap_seal_commit c = {
		.slot = slot,
		.token = token,
		.identity = identity(uuid, uuid),
		.fingerprint = finger(word),
	};

	call(AIPSNAP_SEAL_COMMIT, &c, "seal-commit", &c.why);
	printf("sealed\n");
}

static void status(int slot)
{
	struct aipsnap_device d = { .slot = slot };

	call(AIPSNAP_DEVICE, &d, "status", NULL);
	printf("state %u dev %u:%u flags %u why %u shift %u generations %u sectors %llu chunks %llu writes %llu in_flight %llu memory %llu lineage %s snapshots %u\n",
	       d.state, d.major, d.minor, d.flags, d.why, d.chunk_shift, d.generations, d.sectors,
	       d.chunks, d.writes, d.in_flight, d.memory, id_text(&d.lineage), d.snapshots);
}

static void gens(int slot)
{
	struct aipsnap_generation g[AIPSNAP_MAX_GENERATIONS];
	struct aipsnap_generations a = { .slot = slot,
					 .nr = AIPSNAP_MAX_GENERATIONS,
					 .list = (uintptr_t)g };

	call(AIPSNAP_GENERATIONS, &a, "gens", NULL);
	for (unsigned int i = 0; i < a.nr; i++)
		printf("%s changed %llu flags %u\n", id_text(&g[i].id), g[i].changed, g[i].flags);
}

static void do_switch(char **a)
{
	struct aipsnap_member m[AIPSNAP_MAX_DEVICES] = { 0 };
	struct aipsnap_freeze f[AIPSNAP_MAX_FREEZE];
	struct aipsnap_switch s = { .members = (uintptr_t)m, .freeze = (uintptr_t)f };
	static struct fiemap_extent scratch[AIPSNAP_MAX_DEVICES][16];

	for (; *a; a++) {
		char *opt = strchr(*a, ':');

		if (!strncmp(*a, "freeze=", 7)) {
			dev_of(*a + 7, &f[s.nr_freeze].major, &f[s.nr_freeze].minor);
			s.nr_freeze++;
			continue;
		}
		if (!strncmp(*a, "timeout=", 8)) {
			s.timeout_ms = atoi(*a + 8);
			continue;
		}
		m[s.nr_members].slot = atoi(*a);
		if (opt && !strncmp(opt, ":file=", 6)) {
			m[s.nr_members].store = AIPSNAP_STORE_FILE;
			m[s.nr_members].file = file_arg(opt + 6);
			m[s.nr_members].file.scratch = (uintptr_t)scratch[s.nr_members];
		} else if (opt && !strncmp(opt, ":dev=", 5)) {
			m[s.nr_members].store = AIPSNAP_STORE_DEVICE;
			dev_of(opt + 5, &m[s.nr_members].major, &m[s.nr_members].minor);
		}
		s.nr_members++;
	}
	call(AIPSNAP_SWITCH, &s, "switch", &s.why);
	for (unsigned int i = 0; i < s.nr_members; i++) {
		printf("%s", id_text(&m[i].opened));
		if (m[i].store)
			printf(" %u", m[i].snapshot);
		printf("\n");
	}
	fprintf(stderr, "frozen %llu us\n", s.frozen_us);
}

static void changes(int slot, const char *since, const char *until)
{
	static unsigned char map[1 << 17];
	struct aipsnap_changes c = { .slot = slot };

	do {
		c.since = id_parse(since);
		if (until)
			c.until = id_parse(until);
		c.nr_chunks = sizeof(map) * 8;
		c.bitmap = (uintptr_t)map;
		call(AIPSNAP_CHANGES, &c, "changes", NULL);
		for (__u64 i = 0; i < c.nr_chunks; i++)
			if (map[i / 8] >> (i % 8) & 1)
				printf("%llu\n", c.first + i);
		c.first += c.nr_chunks;
	} while (c.nr_chunks && c.first < c.chunks);
}

static void snapshot(int n)
{
	struct aipsnap_snapshot s = { .snapshot = n };

	call(AIPSNAP_SNAPSHOT, &s, "snapshot", NULL);
	printf("slot %u flags %u why %u sectors %llu room %llu used %llu openers %u set %llu\n",
	       s.slot, s.flags, s.why, s.sectors, s.store_chunks, s.store_used, s.openers, s.set);
}

/* Each chunk that differs has to be in the list. */
static int compare(const char *pa, const char *pb, unsigned int shift)
{
	size_t size = 1UL << shift;
	char *a = malloc(size), *b = malloc(size), line[64];
	FILE *fa = fopen(pa, "r"), *fb = fopen(pb, "r");
	unsigned long long next = ~0ULL, n, missed = 0, extra = 0, differ = 0, reported = 0;
	int more = 1;

	if (!a || !b || !fa || !fb)
		die(pa, 0);
	for (n = 0;; n++) {
		size_t na = fread(a, 1, size, fa), nb = fread(b, 1, size, fb);
		int d, r;

		if (!na && !nb)
			break;
		while (more && (next == ~0ULL || next < n)) {
			more = fgets(line, sizeof(line), stdin) != NULL;
			next = more ? strtoull(line, NULL, 10) : ~0ULL;
			if (!more)
				break;
		}
		d = na != nb || memcmp(a, b, na);
		r = next == n;
		differ += d;
		reported += r;
		extra += r && !d;
		if (d && !r) {
			if (missed++ < 5)
				printf("MISSED chunk %llu\n", n);
		}
	}
	printf("missed %llu differ %llu reported %llu extra %llu of %llu\n", missed, differ,
	       reported, extra, n);
	return missed != 0;
}

static __u64 now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static void stall(const char *path, unsigned int ms)
{
	int fd = open(path, O_WRONLY | O_DIRECT | O_CLOEXEC);
	__u64 end = now_ns() + ms * 1000000ULL, before, took, worst = 0;
	unsigned long n = 0;
	off_t blocks;
	void *buf;

	if (fd < 0 || posix_memalign(&buf, 4096, 4096))
		die(path, 0);
	memset(buf, 0xa5, 4096);
	blocks = lseek(fd, 0, SEEK_END) / 4096;
	for (before = now_ns(); before < end; n++) {
		if (pwrite(fd, buf, 4096, n * 7919 % blocks * 4096) != 4096)
			die(path, 0);
		took = now_ns() - before;
		before += took;
		if (took > worst)
			worst = took;
	}
	printf("%llu us longest of %lu writes\n", worst / 1000, n);
}

static void pages(const char *path, size_t mib, unsigned int shift)
{
	size_t size = mib << 20, huge = 2 << 20, at;
	int fd = open(path, O_WRONLY | O_DIRECT | O_CLOEXEC);
	int how = MAP_PRIVATE | MAP_ANONYMOUS;
	char *buf = mmap(NULL, size, PROT_READ | PROT_WRITE, how | MAP_HUGETLB, -1, 0);

	if (buf == MAP_FAILED) { /* none were set aside */
		buf = mmap(NULL, size + huge, PROT_READ | PROT_WRITE, how, -1, 0);
		if (buf == MAP_FAILED)
			die("mmap", 0);
		buf += huge - (uintptr_t)buf % huge;
		if (madvise(buf, size, MADV_HUGEPAGE))
			die("madvise", 0);
	}
	if (fd < 0)
		die(path, 0);
	for (at = 0; at < size; at += huge)
		buf[at] = 1;
	for (at = 0; at < size; at += 4096)
		if (pwrite(fd, buf + at, 4096, (off_t)(at / 4096) << shift) != 4096)
			die(path, 0);
	printf("%zu\n", size / 4096);
}

static void freeze(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, FIFREEZE, 0) || ioctl(fd, FITHAW, 0))
		die(folder, 0);
}

int main(int argc, char **argv)
{
	const char *cmd = argc > 1 ? argv[1] : "";
	char **a = argv + 2;
	int n = argc - 2, slot = n > 0 ? atoi(a[0]) : 0;
	struct aipsnap_slot s = { .slot = slot };

	if (!strcmp(cmd, "format") && n == 2)
		format(a[0], atoi(a[1]));
	else if (!strcmp(cmd, "load") && n == 1)
		load(a[0], NULL);
	else if (!strcmp(cmd, "unload"))
		call(AIPSNAP_TABLE_UNLOAD, NULL, cmd, NULL);
	else if (!strcmp(cmd, "info")) {
		struct aipsnap_info i;

		call(AIPSNAP_INFO, &i, cmd, NULL);
		printf("abi %u flags %u version %s blocks %llu free %llu written %llu devices %u snapshots %u why %u\n",
		       i.abi, i.flags, i.version, i.table_blocks, i.table_free, i.table_written,
		       i.devices, i.snapshots, i.table_why);
	} else if (!strcmp(cmd, "enable") && n >= 1)
		enable(a);
	else if (!strcmp(cmd, "begin") && n == 2)
		printf("%llu\n", begin(slot, a[1]));
	else if (!strcmp(cmd, "commit") && n >= 4)
		commit(slot, strtoull(a[1], NULL, 10), a[2], a[3], n > 4);
	else if (!strcmp(cmd, "start") && n >= 4) /* SLOT DEV UUID WORD */
		commit(slot, begin(slot, a[1]), a[2], a[3], n > 4);
	else if (!strcmp(cmd, "seal") && n == 3)
		seal_commit(slot, seal_begin(slot), a[1], a[2]);
	else if (!strcmp(cmd, "seal-begin") && n == 1)
		printf("%llu\n", seal_begin(slot));
	else if (!strcmp(cmd, "seal-commit") && n == 4)
		seal_commit(slot, strtoull(a[1], NULL, 10), a[2], a[3]);
	else if (!strcmp(cmd, "abort") && n == 1)
		call(AIPSNAP_SEAL_ABORT, &s, cmd, NULL);
	else if (!strcmp(cmd, "stop") && n == 1)
		call(AIPSNAP_STOP, &s, cmd, NULL);
	else if (!strcmp(cmd, "disable") && n == 1)
		call(AIPSNAP_DISABLE, &s, cmd, NULL);
	else if (!strcmp(cmd, "status") && n == 1)
		status(slot);
	else if (!strcmp(cmd, "gens") && n == 1)
		gens(slot);
	else if (!strcmp(cmd, "switch") && n >= 1)
		do_switch(a);
	else if (!strcmp(cmd, "changes") && n >= 2)
		changes(slot, a[1], a[2]);
	else if (!strcmp(cmd, "mark") && n == 3) {
		struct aipsnap_mark m = { .slot = slot,
					  .sector = atoll(a[1]),
					  .sectors = atoll(a[2]) };

		call(AIPSNAP_MARK, &m, cmd, NULL);
	} else if (!strcmp(cmd, "snapshot") && n == 1)
		snapshot(slot);
	else if (!strcmp(cmd, "remove") && n == 1) {
		struct aipsnap_snapshot_remove r = { .snapshot = slot };

		call(AIPSNAP_SNAPSHOT_REMOVE, &r, cmd, NULL);
	} else if (!strcmp(cmd, "stall") && n == 2)
		stall(a[0], atoi(a[1]));
	else if (!strcmp(cmd, "freeze") && n == 1)
		freeze(a[0]);
	else if (!strcmp(cmd, "pages") && n == 3)
		pages(a[0], atoi(a[1]), atoi(a[2]));
	else if (!strcmp(cmd, "compare") && n == 3)
		return compare(a[0], a[1], atoi(a[2]));
	else {
		fprintf(stderr, "drv-client: what? see the head of its source\n");
		return 2;
	}
	return 0;
}
