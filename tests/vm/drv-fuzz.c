/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * drv-fuzz: random calls to the driver's control device.
 *
 *	drv-fuzz [-u] SEED SECONDS [MAJOR:MINOR[:SLOT]]...
 *
 * Numbers of calls are right most of the time.  Half of the arguments make sense: they name
 * the devices and slots given (the first is one of the table), tokens and ids of earlier
 * answers.  The others are a mix of small numbers, bits and noise; pointers are good, bad or
 * NULL; several processes at once.  What a single call says does not matter: the kernel has to
 * live.  Each kind of call has to succeed once at least, or nothing behind its first checks was
 * reached: as long as one has not it goes on, up to six times SECONDS, and then ends with 1.
 *
 * -u: opens the control device, then becomes nobody.  Then each call has to fail with EPERM.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/fiemap.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../dkms/uapi/aipsnap.h"

#define NOBODY	  65534
#define PROCESSES 3
#define ROOM	  (1 << 16)
#define HALF	  (ROOM / 2)
#define IDS	  32

enum {
	INFO,
	TABLE_LOAD,
	TABLE_UNLOAD,
	DEVICE,
	ENABLE,
	DISABLE,
	STOP,
	START_BEGIN,
	START_COMMIT,
	SEAL_BEGIN,
	SEAL_COMMIT,
	SEAL_ABORT,
	NEW_LINEAGE,
	MARK,
	GENERATIONS,
	CHANGES,
	SWITCH,
	SNAPSHOT,
	SNAPSHOT_REMOVE,
	KINDS
};

/* What the processes share. */
struct shared {
	uint64_t token;
	struct aipsnap_id ids[IDS];
	unsigned long calls[KINDS], good[KINDS], unknown, wrong;
};

struct known {
	unsigned int major, minor;
	int slot; /* -1: it is for storage */
};

static struct shared *shared;
static struct aipsnap_id newest; /* of a list of generations */
static unsigned int last_slot;	 /* of the last call that succeeded, and … */
static bool follows;		 /* … this call belongs to it */
static struct known known[8];
static unsigned int nr_known;
static char room[ROOM];
static int fds[4];

static uint64_t value(void)
{
	static const uint64_t some[] = { 0,  1,	 2,   3,    14,		16,	    20,	  63,
					 64, 65, 254, 4096, 0x7fffffff, 0xffffffff, ~0ULL };

	switch (random() % 6) {
	case 0:
		return some[random() % (sizeof(some) / sizeof(some[0]))];
	case 1:
		return (uint64_t)random() << 32 ^ random();
	case 2:
		return (uintptr_t)room + random() % 4096 * 8;
	case 3:
		return fds[random() % 4];
	default:
		return random() % 4;
	}
}

/* ---- arguments that make sense --------------------------------------------- */

static const struct known *any(void)
{
	static const struct known none = { .slot = 0 };

	return nr_known ? &known[random() % nr_known] : &none;
}

static unsigned int slot(void)
{
	const struct known *k = any();

	if (follows)
		return last_slot;
	return k->slot >= 0 && random() % 8 ? (unsigned int)k->slot : random() % 3;
}

static struct aipsnap_id id(void)
{
	return follows ? newest : shared->ids[random() % IDS];
}

static struct aipsnap_fingerprint fingerprint(void)
{
	return (struct aipsnap_fingerprint){ .method = random() % 8 ? 1 : 0,
					     .digest = { random() % 2 } };
}

static struct aipsnap_file file(int fd)
{
	return (struct aipsnap_file){ fd, 16, (uintptr_t)room + HALF };
}

static void fill_device(void *arg)
{
	((struct aipsnap_device *)arg)->slot = slot();
}

static void fill_slot(void *arg)
{
	((struct aipsnap_slot *)arg)->slot = slot();
}

static void fill_load(void *arg)
{
	((struct aipsnap_table_load *)arg)->file = file(fds[1]);
}

static void fill_enable(void *arg)
{
	struct aipsnap_enable *e = arg;
	const struct known *k = follows ? known : any();

	e->major = k->major;
	e->minor = k->minor;
	e->chunk_shift = random() % 2 ? 0 : 14 + random() % 7;
	e->flags = k == known ? 0 : AIPSNAP_ENABLE_UNSAVED;
	if (random() % 8 == 0)
		e->flags ^= AIPSNAP_ENABLE_UNSAVED;
}

static void fill_start_begin(void *arg)
{
	struct aipsnap_start_begin *b = arg;
	const struct known *k = follows ? known : any();

	b->slot = slot();
	b->major = k->major;
	b->minor = k->minor;
}

static void fill_start_commit(void *arg)
{
	struct aipsnap_start_commit *c = arg;

	c->slot = slot();
	c->token = shared->token;
	c->flags = random() % 4 ? 0 : AIPSNAP_START_NEW;
	c->fingerprint = fingerprint();
}

static void fill_seal_begin(void *arg)
{
	struct aipsnap_seal_begin *b = arg;

	b->slot = slot();
	b->timeout_ms = 1 + random() % 100;
}

static void fill_seal_commit(void *arg)
{
	struct aipsnap_seal_commit *c = arg;

	c->slot = slot();
	c->token = shared->token;
	c->fingerprint = fingerprint();
}

static void fill_mark(void *arg)
{
	struct aipsnap_mark *m = arg;

	m->slot = slot();
	m->token = random() % 4 ? 0 : shared->token;
	m->sector = random() % 30000;
	m->sectors = 1 + random() % 2000;
}

static void fill_generations(void *arg)
{
	struct aipsnap_generations *g = arg;

	g->slot = slot();
	g->nr = IDS;
	g->list = (uintptr_t)room;
}

static void fill_changes(void *arg)
{
	struct aipsnap_changes *c = arg;

	c->slot = slot();
	c->since = id();
	if (!follows && random() % 4 == 0)
		c->until = id();
	c->first = random() % 2 ? 0 : random() % 64 * 8;
	c->nr_chunks = random() % 4096;
	c->bitmap = random() % 4 ? (uintptr_t)room : 0;
}

static void fill_switch(void *arg)
{
	struct aipsnap_switch *s = arg;
	struct aipsnap_member *m = (void *)room;
	struct aipsnap_freeze *f = (void *)(room + HALF + HALF / 2);
	const struct known *k = any();

	s->nr_members = 1 + random() % 2;
	memset(m, 0, s->nr_members * sizeof(*m));
	for (unsigned int i = 0; i < s->nr_members; i++) {
		k = any();
		m[i].slot = slot();
		m[i].store = random() % 3;
		if (m[i].store == AIPSNAP_STORE_FILE)
			m[i].file = file(fds[2]);
		if (m[i].store == AIPSNAP_STORE_DEVICE) {
			m[i].major = k->major;
			m[i].minor = k->minor;
			m[i].store_first = i << 20;
			m[i].store_bytes = 1 << 20;
		}
	}
	s->members = (uintptr_t)m;
	s->nr_freeze = random() % 4 == 0;
	*f = (struct aipsnap_freeze){ k->major, k->minor };
	s->freeze = (uintptr_t)f;
	s->timeout_ms = 100 + random() % 1000;
}

static void fill_number(void *arg)
{
	*(uint32_t *)arg = random() % 3;
}

static const struct {
	unsigned long cmd;
	const char *name;
	void (*fill)(void *arg);
} kinds[KINDS] = {
	[INFO] = { AIPSNAP_INFO, "INFO", NULL },
	[TABLE_LOAD] = { AIPSNAP_TABLE_LOAD, "TABLE_LOAD", fill_load },
	[TABLE_UNLOAD] = { AIPSNAP_TABLE_UNLOAD, "TABLE_UNLOAD", NULL },
	[DEVICE] = { AIPSNAP_DEVICE, "DEVICE", fill_device },
	[ENABLE] = { AIPSNAP_ENABLE, "ENABLE", fill_enable },
	[DISABLE] = { AIPSNAP_DISABLE, "DISABLE", fill_slot },
	[STOP] = { AIPSNAP_STOP, "STOP", fill_slot },
	[START_BEGIN] = { AIPSNAP_START_BEGIN, "START_BEGIN", fill_start_begin },
	[START_COMMIT] = { AIPSNAP_START_COMMIT, "START_COMMIT", fill_start_commit },
	[SEAL_BEGIN] = { AIPSNAP_SEAL_BEGIN, "SEAL_BEGIN", fill_seal_begin },
	[SEAL_COMMIT] = { AIPSNAP_SEAL_COMMIT, "SEAL_COMMIT", fill_seal_commit },
	[SEAL_ABORT] = { AIPSNAP_SEAL_ABORT, "SEAL_ABORT", fill_slot },
	[NEW_LINEAGE] = { AIPSNAP_NEW_LINEAGE, "NEW_LINEAGE", fill_number },
	[MARK] = { AIPSNAP_MARK, "MARK", fill_mark },
	[GENERATIONS] = { AIPSNAP_GENERATIONS, "GENERATIONS", fill_generations },
	[CHANGES] = { AIPSNAP_CHANGES, "CHANGES", fill_changes },
	[SWITCH] = { AIPSNAP_SWITCH, "SWITCH", fill_switch },
	[SNAPSHOT] = { AIPSNAP_SNAPSHOT, "SNAPSHOT", fill_number },
	[SNAPSHOT_REMOVE] = { AIPSNAP_SNAPSHOT_REMOVE, "SNAPSHOT_REMOVE", fill_number },
};

/* ---- calls ------------------------------------------------------------------ */

/* What ends much comes less often; what belongs together comes one after the other, mostly. */
static int pick(int last_good)
{
	static const int next[KINDS] = {
		[START_BEGIN] = START_COMMIT, [SEAL_BEGIN] = SEAL_COMMIT,
		[STOP] = START_BEGIN,	      [DISABLE] = ENABLE,
		[TABLE_UNLOAD] = TABLE_LOAD,  [TABLE_LOAD] = START_BEGIN,
		[GENERATIONS] = CHANGES,
	};
	int kind;

	follows = last_good >= 0 && next[last_good] && random() % 4;
	if (follows)
		return last_good == STOP && random() % 3 == 0 ? TABLE_UNLOAD : next[last_good];
	kind = random() % KINDS;
	if ((kind == DISABLE || kind == STOP) && random() % 6)
		kind = random() % KINDS;
	return kind;
}

static void noise(uint64_t *arg, unsigned int n)
{
	unsigned int i;

	/* 32-bit halves mostly: that is what the structures are made of */
	for (i = 0; i < n && i < 64; i++) {
		if (random() % 3 == 0)
			continue;
		arg[i] = random() % 2 ? value() : (value() & 0xffffffff) | value() << 32;
	}
	if (random() % 2) /* reserved fields are at the end */
		memset((char *)arg + (n > 4 ? (n - 3) * 8 : 0), 0, 24);
}

static void remember(int kind, const void *arg)
{
	const struct aipsnap_generations *list = arg;
	const struct aipsnap_generation *g = (const void *)room;

	if (kind == STOP || kind == START_BEGIN || kind == SEAL_BEGIN || kind == GENERATIONS)
		last_slot = *(const uint32_t *)arg;
	if (kind == TABLE_LOAD)
		last_slot = nr_known ? known[0].slot : 0;
	if (kind == START_BEGIN)
		shared->token = ((const struct aipsnap_start_begin *)arg)->token;
	if (kind == SEAL_BEGIN)
		shared->token = ((const struct aipsnap_seal_begin *)arg)->token;
	if (kind == GENERATIONS && list->list == (uintptr_t)room)
		for (unsigned int i = 0; i < IDS && i < list->nr; i++)
			shared->ids[random() % IDS] = newest = g[i].id;
}

static void count(unsigned long *n)
{
	__atomic_fetch_add(n, 1, __ATOMIC_RELAXED);
}

/* Return: the kind of call that succeeded, or -1. */
static int one(int fd, int last_good, bool nobody)
{
	uint64_t arg[64] = { 0 };
	int kind = pick(last_good), ret;
	unsigned long cmd = kinds[kind].cmd;
	unsigned int i, n = _IOC_SIZE(cmd) / 8;
	bool sense = follows || random() % 2;

	for (i = 0; i < sizeof(room) / 8; i += 64)
		((uint64_t *)room)[i] = value();
	if (!sense)
		noise(arg, n);
	else if (kinds[kind].fill)
		kinds[kind].fill(arg);
	if (sense && n && !follows && random() % 8 == 0)
		((uint32_t *)arg)[random() % (2 * n)] = value();
	if (random() % 50 == 0)
		cmd ^= 1UL << random() % 32;
	ret = ioctl(fd, cmd, random() % 40 ? (void *)arg : (void *)(uintptr_t)value());
	if (nobody && !(ret == -1 && errno == EPERM))
		count(&shared->wrong);
	if (cmd != kinds[kind].cmd) {
		count(&shared->unknown);
		return -1;
	}
	count(&shared->calls[kind]);
	if (ret)
		return -1;
	count(&shared->good[kind]);
	remember(kind, arg);
	return kind;
}

/* Has a kind of call never succeeded so far? */
static bool missing(void)
{
	int kind;

	for (kind = 0; kind < KINDS; kind++)
		if (!shared->good[kind])
			return true;
	return false;
}

static int verdict(bool nobody)
{
	unsigned long all = shared->unknown;
	int kind, ret = 0;

	for (kind = 0; kind < KINDS; kind++) {
		printf("%-16s %6lu calls %6lu good\n", kinds[kind].name, shared->calls[kind],
		       shared->good[kind]);
		all += shared->calls[kind];
		if (!shared->calls[kind] || (!nobody && !shared->good[kind])) {
			printf("%s: %s\n", kinds[kind].name,
			       shared->calls[kind] ? "NEVER GOOD" : "NEVER CALLED");
			ret = 1;
		}
	}
	printf("%lu calls, %lu of them unknown", all, shared->unknown);
	if (nobody)
		printf(", %lu that did not end with EPERM", shared->wrong);
	printf("\n");
	return shared->wrong ? 1 : ret;
}

static int run(int fd, unsigned int seed, unsigned int seconds, bool nobody)
{
	time_t end = time(NULL) + seconds, latest = end + (nobody ? 0 : 5 * seconds);
	int i, status, last = -1, ret = 0;

	for (i = 0; i < PROCESSES; i++)
		if (!fork()) {
			srandom(seed * PROCESSES + i);
			while (time(NULL) < end || (time(NULL) < latest && missing()))
				last = one(fd, last, nobody);
			_exit(0);
		}
	while (wait(&status) > 0)
		if (status) {
			printf("a process ended with %#x\n", status);
			ret = 1;
		}
	return verdict(nobody) ? 1 : ret;
}

int main(int argc, char **argv)
{
	bool nobody = argc > 1 && !strcmp(argv[1], "-u");
	char **a = argv + 1 + nobody;
	unsigned int seed = *a ? atoi(*a++) : 1;
	unsigned int seconds = *a ? atoi(*a++) : 10;
	int fd = open("/dev/" AIPSNAP_CONTROL, O_RDWR);

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (fd < 0 || shared == MAP_FAILED) {
		perror("/dev/" AIPSNAP_CONTROL);
		return 1;
	}
	for (; *a && nr_known < sizeof(known) / sizeof(known[0]); a++) {
		struct known *k = &known[nr_known++];

		k->slot = -1;
		if (sscanf(*a, "%u:%u:%d", &k->major, &k->minor, &k->slot) < 2) {
			fprintf(stderr, "%s: not MAJOR:MINOR[:SLOT]\n", *a);
			return 2;
		}
	}
	fds[0] = open("/tmp", O_RDONLY);
	fds[1] = open("/m/table", O_RDONLY);
	fds[2] = open("/m/zero", O_RDONLY);
	fds[3] = open("/dev/null", O_RDONLY);
	if (nobody && (setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY))) {
		perror("to become nobody");
		return 1;
	}
	return run(fd, seed, seconds, nobody);
}
