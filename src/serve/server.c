// SPDX-License-Identifier: GPL-2.0-only
/*
 * One non-blocking state machine per client:
 *
 *   READING   until the line is there, at most the timeout
 *   WAITING   for the handler's answer; only hanging up ends that
 *   WRITING   the answer, at most the timeout between two steps
 *
 * Bounds: a line is short, an answer and all of them together have a largest
 * size, there are so many clients and no more.  Who comes when all places are taken stays in the
 * listening socket's queue, and is accepted as soon as a place is free.  The socket's mode keeps
 * all but its owner out; who it is that connected is looked at as well.
 */
#include "serve/server.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "serve/line.h"

#define CLIENTS	   32
#define TIMEOUT_NS 10000000000ULL
#define ANSWER_MAX (16UL << 20)
#define ANSWERS	   4		 /* so many of the largest there may be at once */
#define RETRY_NS   1000000000ULL /* after accept() failed for want of something */
#define ROUNDS	   8		 /* of events in one call: the caller has other work */
#define STEP	   (256UL << 10) /* most that is written to a client at once */

enum state { FREE, READING, WAITING, WRITING };

struct request {
	struct server *server;
	enum state state;
	int fd;
	uint64_t id;
	uint64_t deadline;
	char line[LINE_MAX_BYTES + 2]; /* with a newline and one too many */
	size_t nr_line;
	char head[sizeof("later\n") + 600]; /* status lines */
	size_t nr_head;
	char *data;
	size_t nr_data, room;
	size_t sent; /* of both */
};

struct server {
	struct server_config config;
	int epoll, listener;
	bool listening; /* in the epoll */
	uint64_t retry_at;
	uint64_t now;
	uint64_t next_id;
	unsigned nr_clients;
	size_t room; /* of all answers together */
	struct sockaddr_un addr;
	struct request *clients;
};

/* ---- answers ---- */

static void watch(struct request *r, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = r };

	epoll_ctl(r->server->epoll, EPOLL_CTL_MOD, r->fd, &e);
}

__attribute__((format(printf, 2, 0))) static void add_head(struct request *r, const char *format,
							   va_list args)
{
	size_t room = sizeof(r->head) - r->nr_head;
	int n = vsnprintf(r->head + r->nr_head, room, format, args);

	if (n < 0)
		return;
	r->nr_head += (size_t)n < room ? (size_t)n : room - 1;
}

__attribute__((format(printf, 2, 3))) static void head(struct request *r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_head(r, format, args);
	va_end(args);
}

static void begin_writing(struct request *r)
{
	r->state = WRITING;
	r->deadline = r->server->now + r->server->config.timeout_ns;
	watch(r, EPOLLOUT);
}

bool request__write(struct request *r, const void *data, size_t len)
{
	size_t max = r->server->config.answer_max, room = r->room ? r->room : 4096;
	char *more;

	if (len > max || r->nr_data > max - len)
		return false;
	while (room < r->nr_data + len)
		room *= 2;
	if (room != r->room) {
		if (r->server->room - r->room + room > ANSWERS * max)
			return false;
		more = realloc(r->data, room);
		if (!more)
			return false;
		r->server->room += room - r->room;
		r->data = more;
		r->room = room;
	}
	memcpy(r->data + r->nr_data, data, len);
	r->nr_data += len;
	return true;
}

bool request__printf(struct request *r, const char *format, ...)
{
	char *text = NULL;
	va_list args;
	bool fits;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0)
		return false;
	fits = request__write(r, text, (size_t)n);
	free(text);
	return fits;
}

void request__ok(struct request *r, const char *remark)
{
	if (r->state != READING && r->state != WAITING)
		return;
	head(r, "ok %zu%s%.400s\n", r->nr_data, remark ? " " : "", remark ? remark : "");
	begin_writing(r);
}

void request__error(struct request *r, const char *format, ...)
{
	char text[400];
	va_list args;

	if (r->state != READING && r->state != WAITING)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	/* One line, whatever it quotes. */
	for (char *c = text; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	r->nr_data = 0;
	head(r, "error %s\n", text);
	begin_writing(r);
}

uint64_t request__later(struct request *r)
{
	if (r->state == READING) {
		r->state = WAITING;
		head(r, "later\n");
		watch(r, EPOLLOUT);
	}
	return r->id;
}

struct request *server__request(struct server *s, uint64_t id)
{
	for (unsigned i = 0; i < s->config.clients; i++)
		if (s->clients[i].state == WAITING && s->clients[i].id == id)
			return &s->clients[i];
	return NULL;
}

/* ---- clients ---- */

static void listen_if(struct server *s, bool wanted)
{
	struct epoll_event e = { .events = wanted ? EPOLLIN : 0, .data.ptr = NULL };

	if (s->listener < 0 || wanted == s->listening)
		return;
	if (!epoll_ctl(s->epoll, EPOLL_CTL_MOD, s->listener, &e))
		s->listening = wanted;
}

static void drop(struct request *r)
{
	struct server *s = r->server;

	close(r->fd); /* and so out of the epoll */
	free(r->data);
	s->room -= r->room;
	*r = (struct request){ .server = s, .fd = -1 };
	s->nr_clients--;
	listen_if(s, s->now >= s->retry_at);
}

static bool may_ask(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) &&
	       (!peer.uid || peer.uid == geteuid());
}

/* Returns the number of bytes sent, 0 if none can be just now, or -1. */
static ssize_t send_some(struct request *r)
{
	const char *from = r->head + r->sent;
	size_t len = r->nr_head > r->sent ? r->nr_head - r->sent : 0;
	ssize_t n;

	if (!len) {
		from = r->data + (r->sent - r->nr_head);
		len = r->nr_data - (r->sent - r->nr_head);
		if (len > STEP)
			len = STEP;
	}
	if (!len)
		return 0;
	n = send(r->fd, from, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	r->sent += (size_t)n;
	return n;
}

static size_t unsent(const struct request *r)
{
	/* Data belongs to the answer, of which "later" is no part. */
	return r->nr_head + (r->state == WRITING ? r->nr_data : 0) - r->sent;
}

static void write_on(struct request *r)
{
	ssize_t n = send_some(r), more = 0;

	/* The head and what follows are two steps. */
	if (n > 0 && unsent(r))
		more = send_some(r);
	if (n < 0 || more < 0 || (!unsent(r) && r->state == WRITING)) {
		drop(r);
		return;
	}
	if (n > 0)
		r->deadline = r->server->now + r->server->config.timeout_ns;
	if (!unsent(r))
		watch(r, 0); /* waiting: only for its hanging up */
}

static void handle(struct request *r, size_t len)
{
	const struct verb *v = r->server->config.verbs;
	struct line line;

	if (line__parse(r->line, len, &line)) {
		request__error(r, "this is no request");
		return;
	}
	while (v->name && strcmp(v->name, line.verb) != 0)
		v++;
	if (!v->name) {
		request__error(r, "there is no verb '%s'", line.verb);
		return;
	}
	v->handle(r->server->config.ctx, r, line.argument);
	if (r->state == READING)
		request__error(r, "'%s' has no answer", line.verb);
}

static void read_on(struct request *r)
{
	ssize_t n = recv(r->fd, r->line + r->nr_line, sizeof(r->line) - r->nr_line, MSG_DONTWAIT);
	char *end;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop(r);
		return;
	}
	r->nr_line += (size_t)n;
	end = memchr(r->line, '\n', r->nr_line);
	if (end)
		handle(r, (size_t)(end - r->line));
	else if (r->nr_line > LINE_MAX_BYTES)
		request__error(r, "the request is longer than %d bytes", LINE_MAX_BYTES);
	else
		return;
	write_on(r); /* most answers are short: done at once */
}

static void take(struct server *s, int fd)
{
	struct epoll_event e = { .events = EPOLLIN };
	struct request *r = s->clients;

	while (r->state != FREE)
		r++;
	r->fd = fd;
	r->id = ++s->next_id;
	r->state = READING;
	r->deadline = s->now + s->config.timeout_ns;
	s->nr_clients++;
	e.data.ptr = r;
	if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &e)) {
		drop(r);
		return;
	}
	if (!may_ask(fd)) {
		request__error(r, "only root may ask");
		write_on(r);
	}
}

static void accept_clients(struct server *s)
{
	while (s->listener >= 0 && s->nr_clients < s->config.clients) {
		int fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			take(s, fd);
			continue;
		}
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		if (errno != EAGAIN) {
			/* No more files, say: asking at once would only burn time. */
			s->retry_at = s->now + RETRY_NS;
			listen_if(s, false);
		}
		return;
	}
	listen_if(s, false);
}

static void check_deadlines(struct server *s)
{
	for (unsigned i = 0; i < s->config.clients; i++) {
		struct request *r = &s->clients[i];

		if ((r->state == READING || r->state == WRITING) && s->now >= r->deadline)
			drop(r);
	}
	if (s->nr_clients < s->config.clients)
		listen_if(s, s->now >= s->retry_at);
}

void server__work(struct server *s, uint64_t now)
{
	struct epoll_event events[16];
	int n = 1;

	s->now = now;
	for (int round = 0; n > 0 && round < ROUNDS; round++) {
		n = epoll_wait(s->epoll, events, 16, 0);
		for (int i = 0; i < n; i++) {
			struct request *r = events[i].data.ptr;

			if (!r)
				accept_clients(s);
			else if (r->state == FREE)
				continue;
			else if (r->state == READING && (events[i].events & EPOLLIN))
				read_on(r);
			else if (events[i].events & (EPOLLHUP | EPOLLERR))
				drop(r);
			else if (events[i].events & EPOLLOUT)
				write_on(r);
		}
	}
	check_deadlines(s);
}

/* ---- beginning and end ---- */

/* A socket at our path that nobody listens at was left behind by a dead run. */
static int remove_stale(const struct sockaddr_un *addr)
{
	struct stat st;
	int fd, err;

	if (lstat(addr->sun_path, &st))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	err = connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) ? -errno : -EADDRINUSE;
	close(fd);
	/* With a full queue somebody is listening as well. */
	if (err != -ECONNREFUSED)
		return err == -EAGAIN ? -EADDRINUSE : err;
	return unlink(addr->sun_path) && errno != ENOENT ? -errno : 0;
}

static int open_listener(struct server *s)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = NULL };
	int err = remove_stale(&s->addr);

	if (err)
		return err;
	s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	/* bind() gives the file the socket's mode: it is never open to others. */
	if (s->listener < 0 || fchmod(s->listener, 0600) ||
	    bind(s->listener, (const struct sockaddr *)&s->addr, sizeof(s->addr)))
		goto fail;
	if (chmod(s->addr.sun_path, 0600) || listen(s->listener, 128) ||
	    epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->listener, &e)) {
		err = -errno;
		server__close(s);
		return err;
	}
	s->listening = true;
	return 0;
fail:
	err = -errno;
	if (s->listener >= 0)
		close(s->listener);
	s->listener = -1;
	return err;
}

int server__new(struct server **out, const struct server_config *config)
{
	struct server *s = calloc(1, sizeof(*s));
	size_t len = strlen(config->path);
	int err = -ENOMEM;

	*out = NULL;
	if (!s)
		return -ENOMEM;
	s->epoll = s->listener = -1;
	s->config = *config;
	if (!s->config.clients)
		s->config.clients = CLIENTS;
	if (!s->config.timeout_ns)
		s->config.timeout_ns = TIMEOUT_NS;
	if (!s->config.answer_max)
		s->config.answer_max = ANSWER_MAX;
	s->clients = calloc(s->config.clients, sizeof(*s->clients));
	if (!s->clients)
		goto fail;
	for (unsigned i = 0; i < s->config.clients; i++)
		s->clients[i] = (struct request){ .server = s, .fd = -1 };
	err = -ENAMETOOLONG;
	if (!len || len >= sizeof(s->addr.sun_path))
		goto fail;
	s->addr.sun_family = AF_UNIX;
	memcpy(s->addr.sun_path, config->path, len + 1);
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	err = s->epoll < 0 ? -errno : open_listener(s);
	if (err)
		goto fail;
	*out = s;
	return 0;
fail:
	server__free(s);
	return err;
}

void server__close(struct server *s)
{
	if (s->listener < 0)
		return;
	unlink(s->addr.sun_path);
	close(s->listener);
	s->listener = -1;
	s->listening = false;
}

void server__free(struct server *s)
{
	if (!s)
		return;
	server__close(s);
	for (unsigned i = 0; s->clients && i < s->config.clients; i++) {
		struct request *r = &s->clients[i];

		while (r->state == WRITING && unsent(r) && send_some(r) > 0)
			;
		if (r->state != FREE)
			drop(r);
	}
	if (s->epoll >= 0)
		close(s->epoll);
	free(s->clients);
	free(s);
}

int server__fd(const struct server *s)
{
	return s->epoll;
}

unsigned server__clients(const struct server *s)
{
	return s->nr_clients;
}
