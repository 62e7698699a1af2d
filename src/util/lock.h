/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Only one at a time.
 */
#ifndef NLB_LOCK_H
#define NLB_LOCK_H

/*
 * Takes the lock and writes our process id into its file, which stays there.  Says
 * what is wrong.  Returns the file descriptor that holds it, or a negative errno:
 * -EBUSY where another process has it.
 */
int lock__take(const char *path);
/*
 * The process that holds it, also for who may not read the file; 0: nobody, or nobody
 * that can be seen from here.
 */
int lock__holder(const char *path);

#endif /* NLB_LOCK_H */
