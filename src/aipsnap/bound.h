/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bound.h: nothing that boot or shutdown waits for may take for ever.
 *
 * A process that waits for a dead disk cannot be killed, so the work is done by a
 * child, and the parent leaves when time is up.
 */
#ifndef AIPSNAP_BOUND_H
#define AIPSNAP_BOUND_H

/**
 * bound_run - run @work in a child for at most @seconds
 * @work: its return (0..255) is the child's exit status
 *
 * A child that is late is killed, and left behind if that does not help.
 * Return: exit status, -ETIMEDOUT, -EIO when a signal ended it, or -errno.
 */
int bound_run(int (*work)(void *), void *arg, int seconds);

/**
 * bound_exec - run a program in the same way, standard input from /dev/null
 * @argv: argv[0] is the path; NULL at the end
 * Return: as bound_run(); 127 when the program cannot be run.
 */
int bound_exec(const char *const argv[], int seconds);

#endif
