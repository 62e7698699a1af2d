/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The control socket: clients send one line, get one answer (docs/control.md).
 *
 * What the verbs mean is their handlers' business; the server knows nothing of
 * findings or the kernel.  It never blocks, and whatever a client does or fails to
 * do costs a bounded amount of memory and time, and no other client its answer.
 */
#ifndef NLB_SERVER_H
#define NLB_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct server;
struct request; /* a client whose request line has come */

struct verb {
	const char *name; /* NULL ends the list */
	/*
	 * Must answer with request__ok() or request__error(), or say with
	 * request__later() that the answer comes later.  argument is "" where there
	 * was none.
	 */
	void (*handle)(void *ctx, struct request *r, const char *argument);
};

/* 0 in a limit: the default. */
struct server_config {
	const char *path;
	const struct verb *verbs;
	void *ctx;
	unsigned clients;    /* at once, the others wait to be accepted (32) */
	uint64_t timeout_ns; /* for a line to come, for an answer to be read on (10 s) */
	size_t answer_max;   /* bytes (16 MiB) */
};

/*
 * Listens at path, which only its owner may use; a socket that nobody listens
 * at any more is replaced.  config is copied, path and verbs remain the
 * caller's.  Returns 0, -EADDRINUSE where somebody listens there, -EEXIST where
 * something else is there, or a negative errno.
 */
int server__new(struct server **out, const struct server_config *config);
/* Tries to send what is unsent, once; clients without an answer get none. */
void server__free(struct server *s);

/* Readable when server__work() has something to do. */
int server__fd(const struct server *s);
/* To be called when the fd is readable, and about every second for the timeouts. */
void server__work(struct server *s, uint64_t now);
/* Removes the socket: from now on nobody new is served. */
void server__close(struct server *s);
unsigned server__clients(const struct server *s);

/*
 * The number of the request, by which to find it later.  Its client is told
 * that it has to wait.
 */
uint64_t request__later(struct request *r);
/* NULL: its client is gone. */
struct request *server__request(struct server *s, uint64_t id);

/*
 * Adds to the answer's data.  False: it would be too large, or memory is out;
 * then nothing was added.
 */
bool request__write(struct request *r, const void *data, size_t len);
bool request__printf(struct request *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The answer is complete; remark, about it and not part of it, may be NULL. */
void request__ok(struct request *r, const char *remark);
/* Instead of an answer. */
void request__error(struct request *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif /* NLB_SERVER_H */
