/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One page over HTTP, for what collects metrics (docs/metrics.md).
 *
 * What is on the page is its maker's business.  As the control server, this one
 * never blocks and is an epoll within the caller's: the page is made by the
 * caller's thread, between two events.  Whatever a client does or fails to do,
 * it costs a bounded amount of memory and time.
 */
#ifndef NLB_SERVE_HTTP_H
#define NLB_SERVE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "serve/metrics.h"

/* Where to listen. */
struct http_address {
	struct sockaddr_storage addr;
	socklen_t len;
	bool loopback; /* only this machine can connect */
};

/*
 * "9464", ":9464", "127.0.0.1:9464", "localhost:9464", "[::1]:9464": without an
 * address, and for localhost, it is 127.0.0.1.  Port 0 is whichever is free.
 * Names are not looked up.  Returns 0 or -EINVAL.
 */
int http__address(const char *text, struct http_address *out);
/* "127.0.0.1:9464" or "[::1]:9464".  Returns buf. */
#define HTTP_NAME_MAX 64
const char *http__address_name(const struct http_address *a, char buf[HTTP_NAME_MAX]);

struct http;

/* 0 in a limit: the default. */
struct http_config {
	struct http_address address;
	unsigned clients;    /* at once, the others wait to be accepted (16) */
	uint64_t timeout_ns; /* for a client from first to last (10 s) */
};

/*
 * Makes the page: text of *len bytes from malloc(), which becomes the server's;
 * NULL when out of memory.
 */
typedef char *(*http_page)(void *ctx, enum metrics_format format, size_t *len);

/*
 * Listens; nobody is answered before http__work().  config is copied.  Returns 0
 * or a negative errno: -ENOSYS where there is no libmicrohttpd, which is looked
 * for only here.
 */
int http__new(struct http **out, const struct http_config *config);
void http__free(struct http *h);
/* Before that /metrics is an error 503.  ctx remains the caller's. */
void http__set_page(struct http *h, http_page page, void *ctx);

/* As http__address_name(), as it is bound.  Valid as long as the server. */
const char *http__name(const struct http *h);
/* Readable when http__work() has something to do. */
int http__fd(const struct http *h);
/*
 * To be called when the fd is readable, and about every second for the timeouts;
 * now is CLOCK_MONOTONIC's.  h may be NULL.
 */
void http__work(struct http *h, uint64_t now);
unsigned http__clients(const struct http *h);

#endif /* NLB_SERVE_HTTP_H */
