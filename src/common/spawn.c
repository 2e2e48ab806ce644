// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "common/fs.h"
#include "common/spawn.h"

/* The parent's ends of what it shares with the child. */
struct pipes {
	int in, out, err; /* stdin (a socket: writing must not raise SIGPIPE), stdout, stderr */
	int exec;	  /* carries errno when exec failed; closes when it worked */
};

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000L + ts.tv_nsec / 1000000;
}

static void close_from(int first)
{
	int fd;

#ifdef SYS_close_range
	if (syscall(SYS_close_range, first, ~0U, 0) == 0)
		return;
#endif
	for (fd = first; fd < 4096; fd++)
		close(fd);
}

static void default_signals(void)
{
	sigset_t none;
	int sig;

	for (sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void __attribute__((noreturn)) child(const struct aip_spawn *s, const int fds[3], int report)
{
	int high[3], i, code;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	default_signals();
	/* The caller may have had 0, 1 or 2 closed, so that ours stand there: out of the way first */
	report = fcntl(report, F_DUPFD_CLOEXEC, 10);
	for (i = 0; i < 3; i++)
		high[i] = fcntl(fds[i], F_DUPFD, 10);
	for (i = 0; i < 3; i++)
		if (dup2(high[i], i) < 0)
			goto fail;
	if (dup3(report, 3, O_CLOEXEC) < 0)
		goto fail;
	report = 3;
	close_from(4);
	if (s->root && (chroot(s->root) < 0 || chdir("/") < 0))
		goto fail;
	if (s->prepare)
		s->prepare(s->ctx);
	if (s->envp)
		execvpe(s->argv[0], (char *const *)s->argv, (char *const *)s->envp);
	else
		execvp(s->argv[0], (char *const *)s->argv);
fail:
	code = errno;
	if (write(report, &code, sizeof(code)) < 0)
		_exit(126);
	_exit(127);
}

static void close_pipes(struct pipes *p)
{
	aip_closep(&p->in);
	aip_closep(&p->out);
	aip_closep(&p->err);
	aip_closep(&p->exec);
}

/*
 * A file in memory with the input: a reader that can seek in it, as bash does, takes it in
 * blocks and not byte by byte.  Return: it, or -1 where the kernel has none (before 3.17).
 */
static int input_file(const struct aip_spawn *s)
{
#ifdef SYS_memfd_create
	_cleanup_close_ int fd = (int)syscall(SYS_memfd_create, "stdin", 1U /* MFD_CLOEXEC */);

	if (fd >= 0 && aip_write_all(fd, s->input, s->input_len) == 0 &&
	    lseek(fd, 0, SEEK_SET) == 0)
		return TAKE_FD(fd);
#endif
	return -1;
}

/* A root into which rpm installs may have no /dev yet: an empty file in memory does as well. */
static int null_file(int flags)
{
	int fd = open("/dev/null", flags | O_CLOEXEC);

#ifdef SYS_memfd_create
	if (fd < 0 && errno == ENOENT)
		fd = (int)syscall(SYS_memfd_create, "null", 1U /* MFD_CLOEXEC */);
#endif
	return fd;
}

/* Start the child. Return: its pid, or -errno. */
static pid_t start(const struct aip_spawn *s, struct pipes *p)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, err[2] = { -1, -1 }, ex[2] = { -1, -1 };
	pid_t pid = -1;
	int r = 0;

	if (s->input_len)
		in[0] = input_file(s);
	if ((s->input_len && in[0] < 0 &&
	     socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) < 0) ||
	    (!s->input_len && (in[0] = null_file(O_RDONLY)) < 0) ||
	    (!s->quiet_stdout && pipe2(out, O_CLOEXEC) < 0) ||
	    (s->quiet_stdout && (out[1] = null_file(O_WRONLY)) < 0) || pipe2(err, O_CLOEXEC) < 0 ||
	    pipe2(ex, O_CLOEXEC) < 0)
		r = -errno;
	if (r == 0) {
		const int fds[3] = { in[0], out[1], err[1] };

		pid = fork();
		if (pid == 0)
			child(s, fds, ex[1]);
		if (pid < 0)
			r = -errno;
	}
	*p = (struct pipes){ in[1], out[0], err[0], ex[0] };
	aip_closep(&in[0]);
	aip_closep(&out[1]);
	aip_closep(&err[1]);
	aip_closep(&ex[1]);
	if (r < 0)
		close_pipes(p);
	return r < 0 ? r : pid;
}

/* Take what is there. Closes *@fd at its end. */
static int drain(int *fd, struct aip_buf *b, size_t max)
{
	ssize_t n;

	if (aip_buf_reserve(b, 65536) < 0)
		return -ENOMEM;
	n = read(*fd, b->data + b->len, 65536);
	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -errno;
	if (n == 0) {
		aip_closep(fd);
		return 0;
	}
	b->len += n;
	b->data[b->len] = 0;
	return b->len > max ? -EFBIG : 0;
}

static int feed(int *fd, const struct aip_spawn *s, size_t *done)
{
	ssize_t n = send(*fd, (const char *)s->input + *done, s->input_len - *done,
			 MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n > 0)
		*done += n;
	/* a child that stops reading is its own affair: its status tells */
	if (n < 0 || *done == s->input_len)
		aip_closep(fd);
	return 0;
}

static int talk(const struct aip_spawn *s, struct pipes *p, long deadline,
		struct aip_spawn_result *res)
{
	size_t fed = 0;
	int r = 0;

	while (r == 0 && (p->out >= 0 || p->err >= 0)) {
		struct pollfd fds[3] = { { p->out, POLLIN, 0 },
					 { p->err, POLLIN, 0 },
					 { p->in, POLLOUT, 0 } };
		long left = deadline - now_ms();

		if (left <= 0 || poll(fds, 3, left) == 0)
			return -ETIMEDOUT;
		if (fds[0].revents && p->out >= 0)
			r = drain(&p->out, &res->out, s->output_max);
		if (r == 0 && fds[1].revents && p->err >= 0)
			r = drain(&p->err, &res->err, s->output_max);
		if (r == 0 && fds[2].revents && p->in >= 0)
			r = feed(&p->in, s, &fed);
	}
	return r;
}

/* Wait for the child until the deadline. Return: 0 and *@status, or -ETIMEDOUT. */
static int reap(pid_t pid, long deadline, int *status)
{
	struct timespec pause = { 0, 1000000 };

	for (;;) {
		pid_t got = waitpid(pid, status, WNOHANG);

		if (got == pid)
			return 0;
		if (got < 0 && errno != EINTR)
			return -errno;
		if (now_ms() >= deadline)
			return -ETIMEDOUT;
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < 20000000)
			pause.tv_nsec *= 2;
	}
}

static void kill_group(pid_t pid)
{
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* Wait until the program runs: one on a dead NFS server never does. Return: 0, -ETIMEDOUT, or -errno and *@failed. */
static int started(const struct pipes *p, long deadline, bool *failed)
{
	struct pollfd fd = { p->exec, POLLIN, 0 };
	int code = 0;

	for (;;) {
		long left = deadline - now_ms();
		int r = left > 0 ? poll(&fd, 1, left) : 0;

		if (r == 0)
			return -ETIMEDOUT;
		if (r > 0)
			break;
		if (errno != EINTR)
			return -errno;
	}
	*failed = read(p->exec, &code, sizeof(code)) == sizeof(code);
	return *failed ? -code : 0;
}

int aip_spawn(const struct aip_spawn *s, struct aip_spawn_result *res, struct aip_err *err)
{
	long deadline = now_ms() + s->timeout_ms;
	bool failed = false;
	int status, r;
	struct pipes p;
	pid_t pid;

	pid = start(s, &p);
	if (pid < 0)
		return aip_err_errno(err, pid, "cannot start %s", s->argv[0]);
	r = started(&p, deadline, &failed);
	if (failed) {
		kill_group(pid);
		close_pipes(&p);
		return aip_err_errno(err, r, "cannot run %s", s->argv[0]);
	}
	if (r == 0)
		r = talk(s, &p, deadline, res);
	close_pipes(&p);
	if (r == 0)
		r = reap(pid, deadline, &status);
	if (r < 0) {
		kill_group(pid);
		if (r == -ETIMEDOUT)
			return aip_err_set(err, r, "%s did not end within %d ms", s->argv[0],
					   s->timeout_ms);
		if (r == -EFBIG)
			return aip_err_set(err, r, "%s printed more than %zu bytes", s->argv[0],
					   s->output_max);
		return aip_err_errno(err, r, "lost track of %s", s->argv[0]);
	}
	res->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return 0;
}

void aip_spawn_result_free(struct aip_spawn_result *res)
{
	aip_buf_free(&res->out);
	aip_buf_free(&res->err);
}
