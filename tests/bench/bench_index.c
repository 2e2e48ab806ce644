// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench_index: CPU time of what a client does with an index: read the file, verify, parse, select.
 *
 *	bench-index ENVELOPE KEY PRE [RUNS]	prints the median in milliseconds and the peak of memory
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "common/fs.h"
#include "patch/envelope.h"

static double cpu_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec * 1e3 + ts.tv_nsec / 1e6;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int load(const char *path, const char *key, const char *pre, struct aip_err *err)
{
	_cleanup_(aip_keyring_freep) struct aip_keyring *ring = aip_keyring_new();
	_cleanup_(aip_index_freep) struct aip_index *idx = NULL;
	_cleanup_buf_ struct aip_buf file = AIP_BUF_INIT, keys = AIP_BUF_INIT;
	struct aip_trust trust = { .keyring = ring };
	int r = aip_read_file(AT_FDCWD, key, 1 << 20, &keys, err);

	if (r == 0)
		r = aip_keyring_add(ring, keys.data, keys.len, key, NULL, err);
	if (r >= 0)
		r = aip_read_file(AT_FDCWD, path, AIP_ENVELOPE_MAX, &file, err);
	if (r == 0)
		r = aip_envelope_open(file.data, file.len, path, &trust, &idx, NULL, err);
	if (r == 0 && !aip_index_by_pre(idx, pre))
		r = aip_err_set(err, -1, "%s is not in the index", pre);
	return r;
}

int main(int argc, char **argv)
{
	struct aip_err err = AIP_ERR_INIT;
	double ms[1000];
	struct rusage ru;
	int i, n = argc > 4 ? atoi(argv[4]) : 15;

	if (argc < 4 || n < 1 || n > 1000)
		return 2;
	for (i = 0; i < n; i++) {
		double start = cpu_ms();

		if (load(argv[1], argv[2], argv[3], &err) < 0) {
			fprintf(stderr, "bench-index: %s\n", err.msg);
			return 1;
		}
		ms[i] = cpu_ms() - start;
	}
	qsort(ms, n, sizeof(*ms), by_value);
	getrusage(RUSAGE_SELF, &ru);
	printf("%.1f %.1f\n", ms[n / 2], ru.ru_maxrss / 1024.0);
	return 0;
}
