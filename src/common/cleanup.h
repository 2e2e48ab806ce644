/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cleanup.h: release on leaving a scope (user space only; the driver uses goto).
 */
#ifndef AIP_CLEANUP_H
#define AIP_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))

static inline void aip_freep(void *p)
{
	free(*(void **)p);
}

/* Keeps errno, so that a failure's reason survives the unwinding. */
void aip_closep(int *fd);
void aip_fclosep(FILE **f);
void aip_closedirp(DIR **d);

#define _cleanup_free_	   _cleanup_(aip_freep)
#define _cleanup_close_	   _cleanup_(aip_closep)
#define _cleanup_fclose_   _cleanup_(aip_fclosep)
#define _cleanup_closedir_ _cleanup_(aip_closedirp)

/* Hand an owned pointer or descriptor on: the scope no longer releases it. */
#define TAKE_PTR(p)                                                                                \
	({                                                                                         \
		__typeof__(p) _p = (p);                                                            \
		(p) = NULL;                                                                        \
		_p;                                                                                \
	})
#define TAKE_FD(fd)                                                                                \
	({                                                                                         \
		int _f = fd;                                                                       \
		fd = -1;                                                                           \
		_f;                                                                                \
	})

#endif
