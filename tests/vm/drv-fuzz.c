/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * drv-fuzz: random calls to the driver's control device.
 *
 *	drv-fuzz SEED SECONDS
 *
 * Numbers of calls are right most of the time, sizes and fields are a mix of
 * small numbers, bits and noise, pointers are good, bad or NULL; several
 * processes at once.  What the calls say does not matter: the kernel has to live.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../dkms/uapi/aipsnap.h"

static const unsigned long cmds[] = {
	AIPSNAP_INFO,
	AIPSNAP_TABLE_LOAD,
	AIPSNAP_TABLE_UNLOAD,
	AIPSNAP_DEVICE,
	AIPSNAP_ENABLE,
	AIPSNAP_DISABLE,
	AIPSNAP_STOP,
	AIPSNAP_START_BEGIN,
	AIPSNAP_START_COMMIT,
	AIPSNAP_SEAL_BEGIN,
	AIPSNAP_SEAL_COMMIT,
	AIPSNAP_SEAL_ABORT,
	AIPSNAP_NEW_LINEAGE,
	AIPSNAP_MARK,
	AIPSNAP_GENERATIONS,
	AIPSNAP_CHANGES,
	AIPSNAP_SWITCH,
	AIPSNAP_SNAPSHOT,
	AIPSNAP_SNAPSHOT_REMOVE,
};

static char room[1 << 16];
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

static void one(int fd)
{
	uint64_t arg[64] = { 0 };
	unsigned long cmd = cmds[random() % (sizeof(cmds) / sizeof(cmds[0]))];
	unsigned int i, n = _IOC_SIZE(cmd) / 8;

	/* 32-bit halves mostly: that is what the structures are made of */
	for (i = 0; i < n && i < 64; i++) {
		if (random() % 3 == 0)
			continue;
		arg[i] = random() % 2 ? value() : (value() & 0xffffffff) | value() << 32;
	}
	if (random() % 2) /* reserved fields are at the end */
		memset((char *)arg + (n > 4 ? (n - 3) * 8 : 0), 0, 24);
	for (i = 0; i < sizeof(room) / 8; i += 64)
		((uint64_t *)room)[i] = value();
	if (random() % 50 == 0)
		cmd ^= 1UL << random() % 32;
	ioctl(fd, cmd, random() % 40 ? (void *)arg : (void *)(uintptr_t)value());
}

int main(int argc, char **argv)
{
	unsigned int seed = argc > 1 ? atoi(argv[1]) : 1;
	time_t end = time(NULL) + (argc > 2 ? atoi(argv[2]) : 10);
	int fd = open("/dev/" AIPSNAP_CONTROL, O_RDWR), i;
	unsigned long n = 0;

	if (fd < 0) {
		perror("/dev/" AIPSNAP_CONTROL);
		return 1;
	}
	fds[0] = open("/tmp", O_RDONLY);
	fds[1] = open("/m/table", O_RDONLY);
	fds[2] = open("/m/zero", O_RDONLY);
	fds[3] = open("/dev/null", O_RDONLY);
	for (i = 0; i < 3; i++)
		if (!fork()) {
			srandom(seed * 3 + i);
			while (time(NULL) < end) {
				one(fd);
				n++;
			}
			printf("%lu calls\n", n);
			return 0;
		}
	while (wait(NULL) > 0)
		;
	return 0;
}
