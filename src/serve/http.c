// SPDX-License-Identifier: GPL-2.0-only
/*
 * HTTP by libmicrohttpd, without a thread of its own.
 *
 * The library is loaded when somebody asks for metrics: it brings a TLS library
 * along, and with it more memory than all the rest of the program.  A client gets
 * one answer and then its connection is closed, all within one time, so that
 * neither one that dawdles nor one that never goes keeps a place for long.
 */
#include "serve/http.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LIBRARY	   "libmicrohttpd.so.12"
#define CLIENTS	   16
#define TIMEOUT_NS 10000000000ULL
#define MEMORY	   16384 /* for a client's request, headers and all */
#define ROUNDS	   8	 /* of work in one call: the caller has other work */

#define POINTER	     "nfcleakbpf: see /metrics\n"
#define POINTER_TYPE "text/plain; charset=utf-8"

/* What is used of the library, by the names that it has there. */
#define FUNCTIONS(f)                                                                             \
	f(MHD_start_daemon) f(MHD_stop_daemon) f(MHD_run) f(MHD_get_timeout)                     \
		f(MHD_get_daemon_info) f(MHD_get_connection_info) f(MHD_lookup_connection_value) \
			f(MHD_create_response_from_buffer) f(MHD_add_response_header)            \
				f(MHD_queue_response) f(MHD_destroy_response)

#define DECLARE(name) __typeof__(name) *name##_;

struct connection {
	int fd; /* -1: free */
	bool asked;
	uint64_t deadline;
};

struct http {
	struct http_config config;
	char name[HTTP_NAME_MAX];
	http_page page;
	void *ctx;
	int listener;
	uint64_t now;
	struct MHD_Daemon *daemon;
	struct connection *connections;
	unsigned nr;
	void *library;
	FUNCTIONS(DECLARE)
};

/* ---- addresses ---- */

static int parse_port(const char *text, in_port_t *port)
{
	unsigned long n = strspn(text, "0123456789");

	if (!n || n > 5 || text[n])
		return -EINVAL;
	n = strtoul(text, NULL, 10);
	*port = htons((uint16_t)n);
	return n > UINT16_MAX ? -EINVAL : 0;
}

static int parse_v6(const char *host, in_port_t port, struct http_address *out)
{
	struct sockaddr_in6 *a = (struct sockaddr_in6 *)&out->addr;

	*a = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = port };
	out->len = sizeof(*a);
	if (inet_pton(AF_INET6, host, &a->sin6_addr) != 1)
		return -EINVAL;
	out->loopback = IN6_IS_ADDR_LOOPBACK(&a->sin6_addr);
	return 0;
}

static int parse_v4(const char *host, in_port_t port, struct http_address *out)
{
	struct sockaddr_in *a = (struct sockaddr_in *)&out->addr;

	*a = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = port };
	out->len = sizeof(*a);
	if (inet_pton(AF_INET, host, &a->sin_addr) != 1)
		return -EINVAL;
	out->loopback = ntohl(a->sin_addr.s_addr) >> 24 == 127;
	return 0;
}

int http__address(const char *text, struct http_address *out)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;
	char host[INET6_ADDRSTRLEN];
	in_port_t port;

	memset(out, 0, sizeof(*out));
	if (len >= sizeof(host) || parse_port(colon ? colon + 1 : text, &port))
		return -EINVAL;
	memcpy(host, text, len);
	host[len] = '\0';
	if (*host == '[' && host[len - 1] == ']') {
		host[len - 1] = '\0';
		return parse_v6(host + 1, port, out);
	}
	return parse_v4(len && strcmp(host, "localhost") != 0 ? host : "127.0.0.1", port, out);
}

const char *http__address_name(const struct http_address *a, char buf[HTTP_NAME_MAX])
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&a->addr;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&a->addr;
	char host[INET6_ADDRSTRLEN] = "?";

	if (a->addr.ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host));
		snprintf(buf, HTTP_NAME_MAX, "[%s]:%u", host, ntohs(v6->sin6_port));
	} else {
		inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host));
		snprintf(buf, HTTP_NAME_MAX, "%s:%u", host, ntohs(v4->sin_port));
	}
	return buf;
}

/* As it is bound: port 0 has become another. */
static int set_name(struct http *h)
{
	struct http_address a = { .len = sizeof(a.addr) };

	if (getsockname(h->listener, (struct sockaddr *)&a.addr, &a.len))
		return -errno;
	http__address_name(&a, h->name);
	return 0;
}

/* ---- requests ---- */

static enum MHD_Result answer(struct http *h, struct MHD_Connection *c, unsigned status,
			      const char *type, char *text, size_t len,
			      enum MHD_ResponseMemoryMode mode)
{
	struct MHD_Response *r = h->MHD_create_response_from_buffer_(len, text, mode);
	enum MHD_Result ret;

	if (!r) {
		if (mode == MHD_RESPMEM_MUST_FREE)
			free(text);
		return MHD_NO;
	}
	h->MHD_add_response_header_(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	h->MHD_add_response_header_(r, MHD_HTTP_HEADER_CONNECTION, "close");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		h->MHD_add_response_header_(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	ret = h->MHD_queue_response_(c, status, r);
	h->MHD_destroy_response_(r);
	return ret;
}

static enum MHD_Result say(struct http *h, struct MHD_Connection *c, unsigned status,
			   const char *text)
{
	return answer(h, c, status, POINTER_TYPE, (char *)text, strlen(text),
		      MHD_RESPMEM_PERSISTENT);
}

static enum MHD_Result give_page(struct http *h, struct MHD_Connection *c)
{
	enum metrics_format format = metrics__negotiate(
		h->MHD_lookup_connection_value_(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT));
	size_t len = 0;
	char *text = h->page ? h->page(h->ctx, format, &len) : NULL;

	if (!text)
		return say(h, c, MHD_HTTP_SERVICE_UNAVAILABLE, "not yet\n");
	return answer(h, c, MHD_HTTP_OK, metrics__content_type(format), text, len,
		      MHD_RESPMEM_MUST_FREE);
}

/* Called first when the headers are there; whatever else is sent is not waited for. */
static enum MHD_Result on_request(void *ctx, struct MHD_Connection *c, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *size, void **state)
{
	struct http *h = ctx;
	const union MHD_ConnectionInfo *info =
		h->MHD_get_connection_info_(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct connection *place = info ? info->socket_context : NULL;

	(void)version;
	(void)data;
	(void)size;
	(void)state;
	if (place)
		place->asked = true;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return say(h, c, MHD_HTTP_METHOD_NOT_ALLOWED, "only to be read\n");
	if (!strcmp(url, "/metrics"))
		return give_page(h, c);
	if (!strcmp(url, "/"))
		return say(h, c, MHD_HTTP_OK, POINTER);
	return say(h, c, MHD_HTTP_NOT_FOUND, "not here: see /metrics\n");
}

/* ---- clients ---- */

static void on_connection(void *ctx, struct MHD_Connection *c, void **state,
			  enum MHD_ConnectionNotificationCode code)
{
	const union MHD_ConnectionInfo *info;
	struct connection *place = *state;
	struct http *h = ctx;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (place) {
			place->fd = -1;
			h->nr--;
		}
		return;
	}
	info = h->MHD_get_connection_info_(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	for (unsigned i = 0; info && i < h->config.clients; i++) {
		place = &h->connections[i];
		if (place->fd >= 0)
			continue;
		*place = (struct connection){
			.fd = info->connect_fd,
			.deadline = h->now + h->config.timeout_ns,
		};
		*state = place;
		h->nr++;
		return;
	}
}

/*
 * Has the client hung up with half a request?  The library does not see that when
 * it comes together with the last data.
 */
static bool hung_up(const struct connection *c)
{
	char byte;

	return !c->asked && recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* The library then finds its client gone. */
static void drop_clients(struct http *h)
{
	for (unsigned i = 0; i < h->config.clients; i++) {
		struct connection *c = &h->connections[i];

		if (c->fd < 0 || (h->now < c->deadline && !hung_up(c)))
			continue;
		shutdown(c->fd, SHUT_RDWR);
		c->deadline = UINT64_MAX;
		c->asked = true;
	}
}

void http__work(struct http *h, uint64_t now)
{
	MHD_UNSIGNED_LONG_LONG wait = 0;

	if (!h)
		return;
	h->now = now;
	drop_clients(h);
	/* What it has taken out of its epoll and not worked off would wake nobody. */
	for (int round = 0; round < ROUNDS; round++) {
		h->MHD_run_(h->daemon);
		if (h->MHD_get_timeout_(h->daemon, &wait) != MHD_YES || wait)
			return;
	}
}

/* ---- beginning and end ---- */

static int load(struct http *h)
{
	h->library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!h->library)
		return -ENOSYS;
#define FIND(name)                                                     \
	h->name##_ = (__typeof__(h->name##_))dlsym(h->library, #name); \
	if (!h->name##_)                                               \
		return -ENOSYS;
	FUNCTIONS(FIND)
	return 0;
}

static int open_listener(struct http *h)
{
	const struct http_address *a = &h->config.address;
	int on = 1;

	h->listener = socket(a->addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (h->listener < 0 || setsockopt(h->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(h->listener, (const struct sockaddr *)&a->addr, a->len) || listen(h->listener, 64))
		return -errno;
	return set_name(h);
}

int http__new(struct http **out, const struct http_config *config)
{
	struct http *h = calloc(1, sizeof(*h));
	int err = -ENOMEM;

	*out = NULL;
	if (!h)
		return -ENOMEM;
	h->listener = -1;
	h->config = *config;
	if (!h->config.clients)
		h->config.clients = CLIENTS;
	if (!h->config.timeout_ns)
		h->config.timeout_ns = TIMEOUT_NS;
	h->connections = calloc(h->config.clients, sizeof(*h->connections));
	for (unsigned i = 0; h->connections && i < h->config.clients; i++)
		h->connections[i].fd = -1;
	if (h->connections)
		err = load(h);
	if (!err)
		err = open_listener(h);
	if (err)
		goto out;
	h->daemon = h->MHD_start_daemon_(
		MHD_USE_EPOLL, 0, NULL, NULL, on_request, h, MHD_OPTION_LISTEN_SOCKET, h->listener,
		MHD_OPTION_CONNECTION_LIMIT, h->config.clients, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)MEMORY, MHD_OPTION_NOTIFY_CONNECTION, on_connection, h, MHD_OPTION_END);
	err = h->daemon ? 0 : -ENOMEM;
	if (h->daemon)
		*out = h;
out:
	if (err)
		http__free(h);
	return err;
}

void http__free(struct http *h)
{
	if (!h)
		return;
	if (h->daemon)
		h->MHD_stop_daemon_(h->daemon); /* which closes the socket, too */
	else if (h->listener >= 0)
		close(h->listener);
	if (h->library)
		dlclose(h->library);
	free(h->connections);
	free(h);
}

void http__set_page(struct http *h, http_page page, void *ctx)
{
	h->page = page;
	h->ctx = ctx;
}

const char *http__name(const struct http *h)
{
	return h->name;
}

int http__fd(const struct http *h)
{
	const union MHD_DaemonInfo *info =
		h->MHD_get_daemon_info_(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);

	return info ? info->epoll_fd : -1;
}

unsigned http__clients(const struct http *h)
{
	return h->nr;
}
