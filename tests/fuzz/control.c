// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arbitrary bytes as requests and as status lines, and as what a client sends
 * to a live server: nothing may come of it but an answer or an error.
 *
 *   make fuzz-run
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "serve/line.h"
#include "serve/server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct server *server;
static struct sockaddr_un addr = { .sun_family = AF_UNIX };

static void check(bool good)
{
	if (!good)
		abort();
}

static void do_echo(void *ctx, struct request *r, const char *argument)
{
	(void)ctx;
	request__printf(r, "%s", argument);
	request__ok(r, *argument == 'r' ? argument : NULL);
}

static void do_later(void *ctx, struct request *r, const char *argument)
{
	(void)ctx;
	check(server__request(server, request__later(r)) == r);
	if (*argument)
		request__error(r, "%s", argument);
}

static const struct verb verbs[] = { { "echo", do_echo }, { "later", do_later }, { NULL, NULL } };

static void remove_socket(void)
{
	server__free(server);
}

static void start(void)
{
	struct server_config config = { .path = addr.sun_path, .verbs = verbs, .clients = 4 };

	snprintf(addr.sun_path, sizeof(addr.sun_path), "/tmp/nfcleakbpf-fuzz.%d", getpid());
	check(!server__new(&server, &config));
	atexit(remove_socket);
}

/* What was taken apart means the same when it is put together again. */
static void fuzz_lines(const char *text, size_t len)
{
	char again[2 * LINE_MAX_BYTES];
	struct status_line status;
	struct scan_order order;
	struct line line, twice;
	uint64_t address;
	bool json;
	int n;

	if (!line__parse(text, len, &line)) {
		check(*line.verb && strlen(line.verb) < sizeof(line.verb));
		check(strlen(line.argument) < len || !*line.argument);
		n = snprintf(again, sizeof(again), "%s %s", line.verb, line.argument);
		if ((size_t)n <= LINE_MAX_BYTES) {
			check(!line__parse(again, (size_t)n, &twice));
			check(!strcmp(line.verb, twice.verb));
			check(!strcmp(line.argument, twice.argument));
		}
		line__address(line.argument, &address);
		line__json(line.argument, &json);
		if (!line__scan(line.argument, &order) && order.what == SCAN_EVERY)
			check(order.interval_ns >= 1000000000);
	}
	if (!line__status(text, len, &status)) {
		for (const char *c = status.text; *c; c++)
			check(*c >= ' ' && *c <= '~');
	}
}

/* In two pieces, so that lines are cut anywhere. */
static void fuzz_server(const uint8_t *data, size_t size)
{
	size_t cut = size ? data[0] % size : 0, got = 0;
	struct status_line status;
	char buf[4096], *newline;
	static uint64_t now;
	ssize_t n;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	check(fd >= 0 && !connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	now += 1000000000;
	send(fd, data, cut, MSG_NOSIGNAL | MSG_DONTWAIT);
	server__work(server, now);
	send(fd, data + cut, size - cut, MSG_NOSIGNAL | MSG_DONTWAIT);
	for (int i = 0; i < 3; i++)
		server__work(server, now);
	while (got < sizeof(buf) && (n = recv(fd, buf + got, sizeof(buf) - got, MSG_DONTWAIT)) > 0)
		got += (size_t)n;
	newline = memchr(buf, '\n', got);
	check(!got || newline);
	if (newline)
		check(!line__status(buf, (size_t)(newline - buf), &status));
	close(fd);
	server__work(server, now);
	check(!server__clients(server));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!server)
		start();
	fuzz_lines((const char *)data, size);
	fuzz_server(data, size);
	return 0;
}
