// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A child writes its code, its error and its result into a pipe and exits.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/fs.h"
#include "mkindex/pool.h"

#define JOBS_MAX 64

struct job {
	pid_t pid; /* 0: free */
	int fd;
	size_t i;
	time_t deadline;
	struct aip_buf said;
};

/* What a child sends before its result. */
struct head {
	int32_t code;
	struct aip_err err;
};

static time_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

static void limit(int what, size_t value)
{
	const struct rlimit lim = { value, value };

	setrlimit(what, &lim);
}

static void __attribute__((noreturn)) child(const struct pool *p, size_t i, int fd)
{
	struct aip_buf result = AIP_BUF_INIT;
	struct head h = { 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	limit(RLIMIT_CPU, p->seconds);
	limit(RLIMIT_CORE, 0);
#ifndef __SANITIZE_ADDRESS__ /* which reserves terabytes of addresses */
	limit(RLIMIT_AS, p->memory);
#endif
	h.code = p->work(p->ctx, i, &result, &h.err);
	if (h.code == 0 && aip_buf_status(&result) < 0)
		h.code = aip_err_errno(&h.err, -ENOMEM, "%s", p->name(p->ctx, i));
	if (aip_write_all(fd, &h, sizeof(h)) < 0 || aip_write_all(fd, result.data, result.len) < 0)
		_exit(1);
	_exit(0);
}

static int start(const struct pool *p, struct job *j, size_t i, struct aip_err *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return aip_err_errno(err, -errno, "cannot make a pipe");
	j->pid = fork();
	if (j->pid == 0) {
		close(fds[0]);
		child(p, i, fds[1]);
	}
	close(fds[1]);
	if (j->pid < 0) {
		int r = -errno;

		j->pid = 0;
		close(fds[0]);
		return aip_err_errno(err, r, "cannot start a process");
	}
	j->fd = fds[0];
	j->i = i;
	j->deadline = now() + 4 * p->seconds;
	return 0;
}

/* Wait for a child that has ended or is to end. Return: its status as waitpid has it. */
static int reap(struct job *j)
{
	int status = 0;

	while (waitpid(j->pid, &status, 0) < 0 && errno == EINTR)
		;
	j->pid = 0;
	aip_closep(&j->fd);
	return status;
}

static int how_it_died(const struct pool *p, const struct job *j, int status, struct aip_err *why)
{
	const char *name = p->name(p->ctx, j->i);

	if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL))
		return aip_err_set(why, -ETIMEDOUT, "%s: reading it took more than %d s", name,
				   p->seconds);
	if (WIFSIGNALED(status))
		return aip_err_set(why, -EIO, "%s: reading it crashed with signal %d", name,
				   WTERMSIG(status));
	return aip_err_set(why, -EIO, "%s: reading it ended without a result", name);
}

/* A child is over: hand its result on. */
static int finish(const struct pool *p, struct job *j, int status, struct aip_err *err)
{
	struct aip_err why = AIP_ERR_INIT;
	struct aip_buf result = AIP_BUF_INIT;
	struct head h;
	int code, r;

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && j->said.len >= sizeof(h)) {
		memcpy(&h, j->said.data, sizeof(h));
		h.err.msg[sizeof(h.err.msg) - 1] = h.err.hint[sizeof(h.err.hint) - 1] = 0;
		why = h.err;
		code = h.code;
		result.data = j->said.data + sizeof(h);
		result.len = j->said.len - sizeof(h);
	} else {
		code = how_it_died(p, j, status, &why);
	}
	r = p->done(p->ctx, j->i, code, &result, &why, err);
	aip_buf_free(&j->said);
	return r;
}

/* Take what a child says. Return: 1 when it is over, 0 when not, -EFBIG. */
static int listen_to(const struct pool *p, struct job *j)
{
	ssize_t n;

	if (aip_buf_reserve(&j->said, 65536) < 0)
		return -ENOMEM;
	n = read(j->fd, j->said.data + j->said.len, 65536);
	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -errno;
	if (n == 0)
		return 1;
	j->said.len += n;
	return j->said.len > p->result_max + sizeof(struct head) ? -EFBIG : 0;
}

static int too_much(const struct pool *p, struct job *j, struct aip_err *err)
{
	struct aip_err why = AIP_ERR_INIT;
	int code = aip_err_set(&why, -EFBIG, "%s: too large", p->name(p->ctx, j->i));
	struct aip_buf none = AIP_BUF_INIT;

	kill(j->pid, SIGKILL);
	reap(j);
	aip_buf_free(&j->said);
	return p->done(p->ctx, j->i, code, &none, &why, err);
}

static int serve(const struct pool *p, struct job *jobs, int slots, struct aip_err *err)
{
	struct pollfd fds[JOBS_MAX];
	int k, r = 0;

	for (k = 0; k < slots; k++)
		fds[k] = (struct pollfd){ jobs[k].pid ? jobs[k].fd : -1, POLLIN, 0 };
	if (poll(fds, slots, 1000) < 0 && errno != EINTR)
		return aip_err_errno(err, -errno, "cannot wait for processes");
	for (k = 0; k < slots && r == 0; k++) {
		struct job *j = &jobs[k];
		int over = 0;

		if (!j->pid)
			continue;
		if (fds[k].revents)
			over = listen_to(p, j);
		else if (now() > j->deadline)
			kill(j->pid, SIGKILL);
		if (over < 0)
			r = too_much(p, j, err);
		else if (over)
			r = finish(p, j, reap(j), err);
	}
	return r;
}

int pool_run(const struct pool *p, struct aip_err *err)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	int slots = p->jobs > 0 ? p->jobs : cpus > 0 ? (int)cpus : 1, k, busy, r = 0;
	struct job jobs[JOBS_MAX] = { 0 };
	size_t next = 0;

	if (slots > JOBS_MAX)
		slots = JOBS_MAX;
	do {
		for (k = 0; k < slots && r == 0 && next < p->n; k++)
			if (!jobs[k].pid)
				r = start(p, &jobs[k], next++, err);
		for (busy = 0, k = 0; k < slots; k++)
			busy += jobs[k].pid != 0;
		if (r == 0 && busy)
			r = serve(p, jobs, slots, err);
	} while (r == 0 && busy);
	for (k = 0; k < slots; k++) {
		if (jobs[k].pid) {
			kill(jobs[k].pid, SIGKILL);
			reap(&jobs[k]);
		}
		aip_buf_free(&jobs[k].said);
	}
	return r;
}

/* ---- results ---------------------------------------------------------------------- */

void put_u64(struct aip_buf *b, uint64_t v)
{
	aip_buf_add(b, &v, sizeof(v));
}

void put_bytes(struct aip_buf *b, const void *data, size_t len)
{
	put_u64(b, len);
	aip_buf_add(b, data, len);
}

void put_str(struct aip_buf *b, const char *s)
{
	put_bytes(b, s, strlen(s));
}

uint64_t take_u64(struct take *t)
{
	uint64_t v = 0;

	if (t->bad || (size_t)(t->end - t->p) < sizeof(v)) {
		t->bad = true;
		return 0;
	}
	memcpy(&v, t->p, sizeof(v));
	t->p += sizeof(v);
	return v;
}

char *take_bytes(struct take *t, size_t *len)
{
	uint64_t n = take_u64(t);
	char *out;

	if (t->bad || n > (size_t)(t->end - t->p)) {
		t->bad = true;
		return NULL;
	}
	out = malloc(n + 1);
	if (!out) {
		t->bad = true;
		return NULL;
	}
	memcpy(out, t->p, n);
	out[n] = 0;
	t->p += n;
	*len = n;
	return out;
}

char *take_str(struct take *t)
{
	size_t len;
	char *s = take_bytes(t, &len);

	if (s && strlen(s) != len) {
		free(s);
		t->bad = true;
		return NULL;
	}
	return s;
}
