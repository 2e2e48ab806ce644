// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * faultrun.c: runs a program and, at one of its system calls, kills it or makes
 * the call fail.  What strace's fault injection does, but counted over all calls
 * together and without strace's time to start: every call of a run can be tried.
 *
 *	faultrun list OUT -- PROGRAM [ARG]...	   one line a call: N NAME-NUMBER r|w
 *	faultrun kill N -- PROGRAM [ARG]...	   SIGKILL as it enters its Nth call
 *	faultrun fail N ERRNO -- PROGRAM [ARG]...  its Nth call is not made and fails (a close is made)
 *	faultrun failfrom N ERRNO -- PROGRAM ...   that one and every later write-side call
 *	faultrun at N COMMAND -- PROGRAM [ARG]...  a shell command is run before its Nth call;
 *						   with FAULTRUN_THEN=ERRNO in the environment
 *						   every write-side call after that one fails
 *
 * N may also be NAME-NUMBER:K, the Kth of these calls, or NAME-NUMBER:K+M, the Mth call after it:
 * that does not depend on how often the program has waited for something before.
 *
 * Calls of the program itself are counted from its execve on, not its children's.
 * "w": the call writes to a file system (a file opened to write, written, renamed,
 * made durable, ...); standard output and standard error do not count.
 *
 * Exit status: the program's; 128 + signal; 125 when there were fewer calls; 126 own trouble.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef __x86_64__
int main(void)
{
	fputs("faultrun: only for x86_64\n", stderr);
	return 77;
}
#else

enum mode { LIST, KILL, FAIL, FAILFROM, AT };

struct run {
	enum mode mode;
	long n; /* which call; with nr >= 0: the nth of those, and @after calls more */
	long nr, after, seen;
	int err; /* errno for it; AT: for those after it, 0: they do not fail */
	const char *command;
	FILE *out;
	pid_t pid;
	long count;  /* calls entered so far */
	bool done;   /* the fault was injected */
	bool inject; /* the call being made is the one */
};

static void die(const char *what)
{
	fprintf(stderr, "faultrun: %s: %s\n", what, strerror(errno));
	exit(126);
}

static bool writes(const struct user_regs_struct *r)
{
	switch (r->orig_rax) {
	case SYS_openat:
		return r->rdx & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC);
	case SYS_open:
		return r->rsi & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC);
	case SYS_write:
	case SYS_pwrite64:
	case SYS_writev:
	case SYS_ftruncate:
		return r->rdi > 2;
	case SYS_rename:
	case SYS_renameat:
	case SYS_renameat2:
	case SYS_unlink:
	case SYS_unlinkat:
	case SYS_mkdir:
	case SYS_mkdirat:
	case SYS_fsync:
	case SYS_fdatasync:
	case SYS_fchmod:
	case SYS_fchown:
	case SYS_fsetxattr:
	case SYS_utimensat:
	case SYS_link:
	case SYS_linkat:
	case SYS_symlink:
	case SYS_symlinkat:
		return true;
	default:
		return false;
	}
}

static void entered(struct run *run)
{
	struct user_regs_struct r;

	run->count++;
	if (ptrace(PTRACE_GETREGS, run->pid, 0, &r) < 0)
		return;
	if (run->nr >= 0 && (long)r.orig_rax == run->nr && ++run->seen == run->n) {
		/* now it is known which one that is */
		run->nr = -1;
		run->n = run->count + run->after;
	} else if (run->nr >= 0) {
		return;
	}
	if (run->mode == LIST) {
		fprintf(run->out, "%ld %lld %c\n", run->count, (long long)r.orig_rax,
			writes(&r) ? 'w' : 'r');
		return;
	}
	if (run->mode == KILL && run->count == run->n) {
		run->done = true;
		kill(run->pid, SIGKILL);
		return;
	}
	if (run->mode == AT && run->count == run->n) {
		run->done = true;
		if (system(run->command) != 0)
			die(run->command);
		return;
	}
	run->inject = (run->mode == FAIL && run->count == run->n) ||
		      (run->mode == AT && run->done && run->err && writes(&r)) ||
		      (run->mode == FAILFROM && run->count >= run->n && writes(&r));
	if (run->inject) {
		run->done = true;
		/* whatever close() says, the descriptor is gone afterwards */
		if (r.orig_rax == SYS_close)
			return;
		r.orig_rax = -1;
		ptrace(PTRACE_SETREGS, run->pid, 0, &r);
	}
}

static void left(struct run *run)
{
	struct user_regs_struct r;

	if (!run->inject)
		return;
	run->inject = false;
	if (ptrace(PTRACE_GETREGS, run->pid, 0, &r) == 0) {
		r.rax = -run->err;
		ptrace(PTRACE_SETREGS, run->pid, 0, &r);
	}
}

static int trace(struct run *run)
{
	bool inside = false;
	int status, sig = 0;

	for (;;) {
		if (ptrace(PTRACE_SYSCALL, run->pid, 0, sig) < 0 && errno != ESRCH)
			die("ptrace");
		if (waitpid(run->pid, &status, 0) < 0)
			die("waitpid");
		if (WIFEXITED(status))
			return WEXITSTATUS(status);
		if (WIFSIGNALED(status))
			return 128 + WTERMSIG(status);
		sig = WSTOPSIG(status);
		if (sig != (SIGTRAP | 0x80)) {
			if (sig == SIGTRAP)
				sig = 0;
			continue;
		}
		sig = 0;
		inside = !inside;
		if (inside)
			entered(run);
		else
			left(run);
	}
}

static void start(struct run *run, char **argv)
{
	int status;

	run->pid = fork();
	if (run->pid < 0)
		die("fork");
	if (run->pid == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		execvp(argv[0], argv);
		perror(argv[0]);
		_exit(126);
	}
	/* stopped at its execve */
	if (waitpid(run->pid, &status, 0) < 0 || !WIFSTOPPED(status))
		die("cannot start the program");
	if (ptrace(PTRACE_SETOPTIONS, run->pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) < 0)
		die("ptrace");
}

static int usage(void)
{
	fputs("usage: faultrun list OUT | kill N | fail N ERRNO | failfrom N ERRNO | at N COMMAND -- PROGRAM...\n",
	      stderr);
	return 126;
}

int main(int argc, char **argv)
{
	static const char *const modes[] = { "list", "kill", "fail", "failfrom", "at" };
	struct run run = { .nr = -1 };
	int i, first, status;

	for (i = 0; argc > 3 && i < 5; i++)
		if (strcmp(argv[1], modes[i]) == 0)
			break;
	first = i == FAIL || i == FAILFROM || i == AT ? 5 : 4;
	if (argc <= first || i == 5 || strcmp(argv[first - 1], "--") != 0)
		return usage();
	run.mode = i;
	if (run.mode == LIST) {
		run.out = fopen(argv[2], "we");
		if (!run.out)
			die(argv[2]);
	} else {
		run.n = atol(argv[2]);
		if (strchr(argv[2], ':'))
			sscanf(argv[2], "%ld:%ld+%ld", &run.nr, &run.n, &run.after);
		run.command = argv[3];
		if (run.mode == AT)
			run.err = getenv("FAULTRUN_THEN") ? atoi(getenv("FAULTRUN_THEN")) : 0;
		else if (first == 5)
			run.err = atoi(argv[3]);
	}
	start(&run, argv + first);
	status = trace(&run);
	if (run.out && fclose(run.out) != 0)
		die(argv[2]);
	return run.mode == LIST || run.done ? status : 125;
}
#endif
