/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the lock and the control socket of a `run` are, for itself and for who asks.
 */
#ifndef NLB_RUNTIME_H
#define NLB_RUNTIME_H

#define RUNTIME_LOCK   "nfcleakbpf.lock"
#define RUNTIME_SOCKET "nfcleakbpf.sock"

#define RUNTIME_PATH_MAX 108 /* of a socket's address */

/*
 * The path of name in $RUNTIME_DIRECTORY (systemd sets it; the first one of a list),
 * else for root in /run and for others in $XDG_RUNTIME_DIR, else in /run.  One that is
 * too long for a socket, or relative, is not taken.  Returns buf.
 */
const char *runtime__path(const char *name, char buf[RUNTIME_PATH_MAX]);
/* Where root has it, whoever asks.  Returns buf. */
const char *runtime__root_path(const char *name, char buf[RUNTIME_PATH_MAX]);

#endif /* NLB_RUNTIME_H */
