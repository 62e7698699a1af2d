// SPDX-License-Identifier: GPL-2.0-only
/*
 * The metrics' server under clients of all sorts: those that ask for what there
 * is, for what there is not, that send rubbish, dawdle, or never go.
 */
#include "unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "serve/http.h"

#define SECOND 1000000000ULL
#define PAGE   100000 /* bytes */

struct world {
	struct http *http;
	struct http_address address; /* with the port that it has */
	uint64_t now;
	unsigned pages;
	enum metrics_format format;
};

static char *page(void *ctx, enum metrics_format format, size_t *len)
{
	struct world *w = ctx;
	char *text = malloc(PAGE);

	assert_non_null(text);
	memset(text, 'm', PAGE);
	*len = PAGE;
	w->pages++;
	w->format = format;
	return text;
}

static int start(void **state)
{
	static struct world w;
	struct http_config config = { .clients = 8 };

	w = (struct world){ .now = 1000 * SECOND };
	assert_int_equal(http__address("0", &config.address), 0);
	assert_int_equal(http__new(&w.http, &config), 0);
	assert_int_equal(http__address(http__name(w.http), &w.address), 0);
	http__set_page(w.http, page, &w);
	*state = &w;
	return 0;
}

static int stop(void **state)
{
	struct world *w = *state;

	http__free(w->http);
	return 0;
}

static int dial(const struct world *w)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&w->address.addr, w->address.len), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

static void work(struct world *w)
{
	for (int i = 0; i < 20; i++)
		http__work(w->http, w->now);
}

/* What is answered until the connection is closed; the caller frees it. */
static char *answer(struct world *w, int fd)
{
	char *text = calloc(1, 2 * PAGE);
	size_t len = 0;

	assert_non_null(text);
	for (int tries = 0; tries < 10000; tries++) {
		ssize_t n = recv(fd, text + len, 2 * PAGE - 1 - len, 0);

		if (n > 0)
			len += (size_t)n;
		else if (!n || errno != EAGAIN)
			return text;
		http__work(w->http, w->now);
	}
	fail_msg("the connection stays open; it said: %.200s", text);
	return NULL;
}

static char *ask(struct world *w, const char *request)
{
	int fd = dial(w);
	char *text;

	assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
	text = answer(w, fd);
	close(fd);
	return text;
}

static void expect(struct world *w, const char *request, const char *status, const char *part)
{
	char *text = ask(w, request);

	if (strncmp(text, "HTTP/1.", 7) != 0 || strncmp(text + 9, status, strlen(status)) != 0)
		fail_msg("%s is answered %.40s", request, text);
	if (!strcasestr(text, part))
		fail_msg("%s is answered %.400s", request, text);
	free(text);
}

static void pages(void **state)
{
	struct world *w = *state;
	char *text;

	expect(w, "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", "200",
	       "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n");
	assert_int_equal(w->format, METRICS_TEXT);
	expect(w,
	       "GET /metrics HTTP/1.1\r\nHost: a\r\nAccept: application/openmetrics-text\r\n\r\n",
	       "200",
	       "\r\nContent-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n");
	assert_int_equal(w->format, METRICS_OPENMETRICS);
	text = ask(w, "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_int_equal(strlen(strstr(text, "\r\n\r\n") + 4), PAGE);
	free(text);
	text = ask(w, "HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_non_null(strcasestr(text, "Content-Length: 100000\r\n"));
	assert_string_equal(strstr(text, "\r\n\r\n") + 4, "");
	free(text);
	expect(w, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "200", "\r\n\r\nnfcleakbpf: see /metrics\n");
	expect(w, "GET /metrics HTTP/1.0\r\n\r\n", "200", "mmmm");
	assert_int_equal(w->pages, 5);
	expect(w, "GET /metrics/ HTTP/1.1\r\nHost: a\r\n\r\n", "404", "");
	expect(w, "GET /../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", "404", "");
	expect(w, "POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n", "405",
	       "\r\nAllow: GET, HEAD\r\n");
	expect(w, "DELETE / HTTP/1.1\r\nHost: a\r\n\r\n", "405", "");
	assert_int_equal(w->pages, 5);
	assert_int_equal(http__clients(w->http), 0);
}

static void not_yet(void **state)
{
	struct world *w = *state;

	http__set_page(w->http, NULL, NULL);
	expect(w, "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", "503", "");
}

/* One that says nothing, one that says a byte a second, one that does not read. */
static void dawdlers(void **state)
{
	struct world *w = *state;
	int silent = dial(w), slow = dial(w), deaf = dial(w), size = 1024;
	char buf[10];

	assert_int_equal(setsockopt(deaf, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
	send(deaf, "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", 34, MSG_NOSIGNAL);
	work(w);
	for (int i = 0; i < 9; i++) {
		send(slow, "G", 1, MSG_NOSIGNAL);
		w->now += SECOND;
		work(w);
	}
	assert_in_range(http__clients(w->http), 2, 3);
	w->now += SECOND;
	work(w);
	assert_int_equal(http__clients(w->http), 0);
	assert_int_equal(recv(silent, buf, sizeof(buf), 0), 0);
	close(silent);
	close(slow);
	close(deaf);
	expect(w, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "200", "");
}

/* Would it wake its caller now? */
static bool wants_work(const struct world *w)
{
	struct timeval none = { 0, 0 };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(http__fd(w->http), &set);
	return select(http__fd(w->http) + 1, &set, NULL, NULL, &none) != 0;
}

/* More than there are places for: they wait, and all are served in the end. */
static void crowd(void **state)
{
	struct world *w = *state;
	int fds[40];

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = dial(w);
		if (i % 2)
			send(fds[i], "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27, MSG_NOSIGNAL);
		work(w);
		assert_in_range(http__clients(w->http), 0, 8);
	}
	assert_int_equal(http__clients(w->http), 8);
	assert_false(wants_work(w));
	for (int i = 0; i < 100; i++) {
		w->now += SECOND;
		work(w);
	}
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		char *text = answer(w, fds[i]);

		assert_true(!(i % 2) || strstr(text, "see /metrics"));
		free(text);
		close(fds[i]);
	}
	work(w);
	assert_int_equal(http__clients(w->http), 0);
}

/* The same in every run. */
static void rubbish(void **state)
{
	static const char *const words[] = { "GET ",
					     "HEAD ",
					     "/metrics",
					     "/",
					     " HTTP/1.1",
					     "\r\n",
					     "\n",
					     "Host: a",
					     "Accept: ",
					     "Content-Length: 9",
					     "Transfer-Encoding: chunked",
					     "%00%ff%",
					     "?a=b&",
					     ":",
					     "Expect: 100-continue",
					     "Connection: keep-alive" };
	struct world *w = *state;
	uint64_t seed = 11;

	for (int i = 0; i < 2000; i++) {
		char text[4096] = "";
		size_t n = 0;
		int fd = dial(w);

		if (i % 2) {
			n = next_random(&seed) % sizeof(text);
			for (size_t k = 0; k < n; k++)
				text[k] = (char)next_random(&seed);
		} else {
			for (uint32_t k = next_random(&seed) % 30; k; k--)
				strcat(text, words[next_random(&seed) % ARRAY_SIZE(words)]);
			n = strlen(text);
		}
		send(fd, text, n, MSG_NOSIGNAL);
		http__work(w->http, w->now);
		if (i % 3)
			shutdown(fd, SHUT_WR);
		http__work(w->http, w->now);
		close(fd);
		w->now += SECOND / 1000;
		work(w);
		/* Dead ones do not take the places of others until their time is over. */
		assert_int_equal(http__clients(w->http), 0);
	}
	for (int i = 0; i < 30; i++) {
		w->now += SECOND;
		work(w);
	}
	assert_int_equal(http__clients(w->http), 0);
	expect(w, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "200", "");
}

static void endless_headers(void **state)
{
	struct world *w = *state;
	int fd = dial(w);
	char line[256], *text;

	send(fd, "GET / HTTP/1.1\r\n", 16, MSG_NOSIGNAL);
	for (int i = 0; i < 1000; i++) {
		int n = snprintf(line, sizeof(line), "X-%d: %0200d\r\n", i, i);

		send(fd, line, (size_t)n, MSG_NOSIGNAL);
		http__work(w->http, w->now);
	}
	text = answer(w, fd);
	assert_null(strstr(text, " 200 "));
	free(text);
	close(fd);
	work(w);
	assert_int_equal(http__clients(w->http), 0);
}

/* With nobody there it has nothing to do: its fd does not keep the caller awake. */
static void quiet(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 3; i++) {
		expect(w, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "200", "");
		work(w);
		assert_false(wants_work(w));
	}
}

static void taken(void **state)
{
	struct world *w = *state;
	struct http_config config = { .address = w->address };
	struct http *second;

	assert_int_equal(http__new(&second, &config), -EADDRINUSE);
	assert_null(second);
	assert_int_equal(http__address("192.0.2.1:0", &config.address), 0);
	assert_int_equal(http__new(&second, &config), -EADDRNOTAVAIL);
}

static void addresses(void **state)
{
	static const struct {
		const char *text, *host;
		uint16_t port;
		bool loopback;
	} good[] = {
		{ "9464", "127.0.0.1", 9464, true },
		{ ":9464", "127.0.0.1", 9464, true },
		{ "localhost:1", "127.0.0.1", 1, true },
		{ "127.1.2.3:65535", "127.1.2.3", 65535, true },
		{ "0.0.0.0:9464", "0.0.0.0", 9464, false },
		{ "192.0.2.7:80", "192.0.2.7", 80, false },
		{ "[::1]:9464", "::1", 9464, true },
		{ "[::]:9464", "::", 9464, false },
		{ "[fe80::1]:9464", "fe80::1", 9464, false },
	};
	static const char *const bad[] = { "",	     ":",	    "a",      "127.0.0.1",
					   "1:2:3",  "::1:9464",    "[::1]",  "[::1:9464",
					   "::1]:1", "127.0.0:1",   ":65536", ":-1",
					   ": 1",    ":1 ",	    "host:1", ":99999999999999",
					   "[]:1",   "[1.2.3.4]:1", "0x10",   "*:9464",
					   "[:1",    "1.2.3.4.5:1" };
	struct http_address a;
	char host[INET6_ADDRSTRLEN];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&a.addr;
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)&a.addr;
		bool six = *good[i].text == '[';

		if (http__address(good[i].text, &a) || a.loopback != good[i].loopback)
			fail_msg("'%s'", good[i].text);
		assert_int_equal(a.addr.ss_family, six ? AF_INET6 : AF_INET);
		inet_ntop(a.addr.ss_family,
			  six ? (const void *)&v6->sin6_addr : (const void *)&v4->sin_addr, host,
			  sizeof(host));
		assert_string_equal(host, good[i].host);
		assert_int_equal(ntohs(six ? v6->sin6_port : v4->sin_port), good[i].port);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (http__address(bad[i], &a) != -EINVAL)
			fail_msg("'%s' is no address and port", bad[i]);
}

#define SERVED(description, function) TEST_IN(description, function, start, stop)

static const struct CMUnitTest http[] = {
	TEST("http: addresses and ports", addresses),
	SERVED("http: /metrics and / are there, to be read, and nothing else", pages),
	SERVED("http: before there is a page", not_yet),
	SERVED("http: who dawdles is dropped in time", dawdlers),
	SERVED("http: who finds no place waits", crowd),
	SERVED("http: rubbish", rubbish),
	SERVED("http: headers without end", endless_headers),
	SERVED("http: without clients it keeps nobody awake", quiet),
	SERVED("http: a port that is taken, an address of others", taken),
};

UNIT_MAIN(http)
