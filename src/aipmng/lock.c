// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "aipmng/lock.h"
#include "aipmng/log.h"
#include "common/cleanup.h"

#define LOCK_FILE "lock"
#define STEP_MS	  100

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static int try_own(int fd, struct aip_err *err)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char who[96];

	if (fcntl(fd, F_SETLK, &fl) == 0)
		return 0;
	if (errno != EAGAIN && errno != EACCES)
		return aip_err_errno(err, -errno, "cannot lock " AIP_STATE_DIR "/" LOCK_FILE);
	if (fcntl(fd, F_GETLK, &fl) < 0 || fl.l_type == F_UNLCK || fl.l_pid <= 0)
		return aip_err_set(err, -EAGAIN, "another aipmng is at work");
	return aip_err_set(err, -EAGAIN, "another aipmng is at work: process %s",
			   aip_pid_describe(fl.l_pid, who, sizeof(who)));
}

static int try_both(int fd, struct aip_rpmdb *db, struct aip_err *err)
{
	struct flock fl = { .l_type = F_UNLCK, .l_whence = SEEK_SET };
	int r = try_own(fd, err);

	if (r < 0 || !db)
		return r;
	r = aip_rpmlock_ask(db, err);
	if (r < 0)
		fcntl(fd, F_SETLK, &fl);
	return r;
}

static int open_own(const struct ctx *ctx, struct aip_err *err)
{
	_cleanup_close_ int dir = ctx_dir(ctx, AIP_STATE_DIR, 0755, err);
	int fd;

	if (dir < 0)
		return dir;
	fd = openat(dir, LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd >= 0)
		return fd;
	fd = aip_err_errno(err, -errno, "cannot open " AIP_STATE_DIR "/" LOCK_FILE);
	return aip_err_hint(err, fd == -EACCES ? "only root can change the scripts"
					       : "what is needed to undo a change is kept in "
						 "that folder: make it writable");
}

int lock_brief(const struct ctx *ctx, struct lock *lock, struct aip_err *err)
{
	int r, fd = open_own(ctx, err);

	if (fd < 0)
		return fd;
	r = try_own(fd, err);
	if (r < 0)
		close(fd);
	else
		lock->own = fd;
	return r;
}

int lock_take(const struct ctx *ctx, struct aip_rpmdb *db, int timeout_ms, struct lock *lock,
	      struct aip_err *err)
{
	const struct timespec step = { .tv_nsec = STEP_MS * 1000000L };
	int64_t until = now_ms() + timeout_ms;
	_cleanup_close_ int fd = open_own(ctx, err);
	bool said = false;
	int r;

	if (fd < 0)
		return fd;
	while ((r = try_both(fd, db, err)) == -EAGAIN && now_ms() < until) {
		if (!said)
			aip_log(ctx, LOG_DEBUG, "waiting: %s", err->msg);
		said = true;
		nanosleep(&step, NULL);
	}
	if (r == -EAGAIN)
		return aip_err_hint(err, "waited %d s; try again when it has finished",
				    timeout_ms / 1000);
	if (r < 0)
		return r;
	aip_err_clear(err);
	lock->own = TAKE_FD(fd);
	return 0;
}

void lock_release(struct lock *lock)
{
	if (lock->own >= 0)
		close(lock->own);
	lock->own = -1;
}
