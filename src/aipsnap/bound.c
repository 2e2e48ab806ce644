// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "aipsnap/bound.h"

#define STEP_MS	 20   /* how often the child is looked at */
#define GRACE_MS 1000 /* for a killed child to go away */

static void nap(int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&t, NULL);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* Return: 1 when the child has ended with *status, 0 when time is up, or -errno. */
static int wait_until(pid_t pid, int *status, int64_t deadline)
{
	int step = 1;

	for (;;) {
		pid_t p = waitpid(pid, status, WNOHANG);

		if (p == pid)
			return 1;
		if (p < 0 && errno != EINTR)
			return -errno;
		if (now_ms() >= deadline)
			return 0;
		nap(step);
		if (step < STEP_MS)
			step *= 2;
	}
}

static int child_status(pid_t pid, int seconds)
{
	int status, ret;

	ret = wait_until(pid, &status, now_ms() + seconds * 1000LL);
	if (ret < 0)
		return ret;
	if (!ret) {
		kill(-pid, SIGKILL);
		kill(pid, SIGKILL);
		wait_until(pid, &status, now_ms() + GRACE_MS);
		return -ETIMEDOUT;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EIO;
}

int bound_run(int (*work)(void *), void *arg, int seconds)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid) {
		sigset_t none;
		int ret;

		/* what the caller put off is not put off here */
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		setpgid(0, 0);
		ret = work(arg);
		fflush(NULL);
		_exit(ret);
	}
	setpgid(pid, pid);
	return child_status(pid, seconds);
}

static int run_program(void *arg)
{
	char *const *argv = arg;
	int fd = open("/dev/null", O_RDONLY);

	if (fd >= 0)
		dup2(fd, 0);
	execv(argv[0], argv);
	return 127;
}

int bound_exec(const char *const argv[], int seconds)
{
	return bound_run(run_program, (void *)argv, seconds);
}
