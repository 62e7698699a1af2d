// SPDX-License-Identifier: GPL-2.0-only
/*
 * The server under all sorts of clients: those that hang, flood, send rubbish,
 * read slowly, come by the hundred, or go in the middle.
 */
#include "unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "serve/server.h"

#define SECOND	1000000000ULL
#define TIMEOUT (10 * SECOND)
#define BIG	(3UL << 20)

struct world {
	char dir[64], path[96];
	struct server *server;
	uint64_t now;
	unsigned handled;
	uint64_t waiting;
};

static void do_echo(void *ctx, struct request *r, const char *argument)
{
	struct world *w = ctx;

	w->handled++;
	request__printf(r, "<%s>\n", argument);
	request__ok(r, NULL);
}

static void do_big(void *ctx, struct request *r, const char *argument)
{
	char block[4096];

	(void)ctx;
	(void)argument;
	for (size_t i = 0; i < BIG / sizeof(block); i++) {
		memset(block, 'a' + (int)(i % 26), sizeof(block));
		assert_true(request__write(r, block, sizeof(block)));
	}
	request__ok(r, NULL);
}

static void do_too_big(void *ctx, struct request *r, const char *argument)
{
	char block[4096] = "";
	unsigned n = 0;

	(void)ctx;
	(void)argument;
	while (request__write(r, block, sizeof(block)))
		n++;
	assert_in_range(n, 1, (16UL << 20) / sizeof(block));
	request__ok(r, "cut");
}

static void do_wait(void *ctx, struct request *r, const char *argument)
{
	struct world *w = ctx;

	(void)argument;
	w->waiting = request__later(r);
}

static void do_nothing(void *ctx, struct request *r, const char *argument)
{
	(void)ctx;
	(void)r;
	(void)argument;
}

static void do_fail(void *ctx, struct request *r, const char *argument)
{
	(void)ctx;
	request__printf(r, "half an answer");
	request__error(r, "no\n%s", argument);
	/* One answer is enough. */
	request__ok(r, NULL);
	request__error(r, "again");
}

static const struct verb verbs[] = {
	{ "echo", do_echo }, { "big", do_big },	  { "toobig", do_too_big },
	{ "wait", do_wait }, { "fail", do_fail }, { "nothing", do_nothing },
	{ NULL, NULL },
};

static int start(void **state)
{
	static struct world w;
	struct server_config config = { .verbs = verbs, .ctx = &w };

	w = (struct world){ .now = 1000 * SECOND };
	strcpy(w.dir, "/tmp/nfcleakbpf-test.XXXXXX");
	assert_non_null(mkdtemp(w.dir));
	snprintf(w.path, sizeof(w.path), "%s/sock", w.dir);
	config.path = w.path;
	assert_int_equal(server__new(&w.server, &config), 0);
	*state = &w;
	return 0;
}

static int stop(void **state)
{
	struct world *w = *state;

	server__free(w->server);
	assert_int_equal(access(w->path, F_OK), -1);
	unlink(w->path);
	return rmdir(w->dir);
}

static int dial(const struct world *w)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	strcpy(addr.sun_path, w->path);
	assert_true(fd >= 0);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		close(fd);
		return -errno;
	}
	return fd;
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void work(struct world *w)
{
	for (int i = 0; i < 20; i++)
		server__work(w->server, w->now);
}

/* What there is to read now.  Returns whether the other side has closed. */
static bool hear(int fd, char *buf, size_t size, size_t *len)
{
	ssize_t n;

	*len = 0;
	do {
		n = recv(fd, buf + *len, size - 1 - *len, MSG_DONTWAIT);
		if (n > 0)
			*len += (size_t)n;
	} while (n > 0 && *len < size - 1);
	buf[*len] = '\0';
	return !n || (n < 0 && errno == ECONNRESET);
}

/* The whole answer to a request that is answered at once. */
static void expect(struct world *w, const char *request, const char *answer)
{
	char buf[4096];
	int fd = dial(w);
	size_t len;

	assert_true(fd >= 0);
	say(fd, request);
	work(w);
	assert_true(hear(fd, buf, sizeof(buf), &len));
	assert_string_equal(buf, answer);
	close(fd);
}

static void answers(void **state)
{
	struct world *w = *state;

	expect(w, "echo\n", "ok 3\n<>\n");
	expect(w, "echo=5\n", "ok 4\n<5>\n");
	expect(w, "echo a b\r\n", "ok 6\n<a b>\n");
	expect(w, "fail x\n", "error no?x\n");
	expect(w, "nothing\n", "error 'nothing' has no answer\n");
	expect(w, "what\n", "error there is no verb 'what'\n");
	expect(w, "\n", "error this is no request\n");
	expect(w, "\x01\x02\xff\n", "error this is no request\n");
	expect(w, "echo 1\necho 2\n", "ok 4\n<1>\n");
	assert_int_equal(w->handled, 4);
	assert_int_equal(server__clients(w->server), 0);
}

static void piecewise(void **state)
{
	struct world *w = *state;
	const char *text = "echo piecewise\n";
	int fd = dial(w);
	char buf[256];
	size_t len;

	for (const char *c = text; *c; c++) {
		char one[2] = { *c, '\0' };

		say(fd, one);
		work(w);
	}
	/* As "nc -N" does: nothing more to say, but all ears. */
	shutdown(fd, SHUT_WR);
	work(w);
	assert_true(hear(fd, buf, sizeof(buf), &len));
	assert_string_equal(buf, "ok 12\n<piecewise>\n");
	close(fd);
}

static void half_closed_before_answer(void **state)
{
	struct world *w = *state;
	int fd = dial(w);
	char buf[256];
	size_t len;

	say(fd, "wait\n");
	shutdown(fd, SHUT_WR);
	work(w);
	assert_false(hear(fd, buf, sizeof(buf), &len));
	assert_string_equal(buf, "later\n");
	w->now += 3600 * SECOND; /* waiting has no end */
	work(w);
	assert_false(hear(fd, buf, sizeof(buf), &len));
	request__printf(server__request(w->server, w->waiting), "done\n");
	request__ok(server__request(w->server, w->waiting), NULL);
	assert_null(server__request(w->server, w->waiting));
	work(w);
	assert_true(hear(fd, buf, sizeof(buf), &len));
	assert_string_equal(buf, "ok 5\ndone\n");
	close(fd);
}

static void hangs_up_while_waiting(void **state)
{
	struct world *w = *state;
	int fd = dial(w);

	say(fd, "wait\n");
	work(w);
	assert_non_null(server__request(w->server, w->waiting));
	close(fd);
	work(w);
	assert_null(server__request(w->server, w->waiting));
	assert_int_equal(server__clients(w->server), 0);
	/* The place is another's now, the number is not. */
	fd = dial(w);
	say(fd, "wait\n");
	uint64_t before = w->waiting;
	work(w);
	assert_null(server__request(w->server, before));
	assert_non_null(server__request(w->server, w->waiting));
	close(fd);
}

static void hanging(void **state)
{
	struct world *w = *state;
	int silent = dial(w), slow = dial(w), gone = dial(w);
	char buf[64];
	size_t len;

	say(slow, "ec");
	say(gone, "ec");
	close(gone);
	work(w);
	assert_int_equal(server__clients(w->server), 2);
	expect(w, "echo\n", "ok 3\n<>\n");
	/* A letter now and then does not count as an effort. */
	w->now += TIMEOUT - 1;
	say(slow, "h");
	work(w);
	assert_int_equal(server__clients(w->server), 2);
	w->now += 1;
	work(w);
	assert_int_equal(server__clients(w->server), 0);
	assert_true(hear(silent, buf, sizeof(buf), &len));
	assert_true(hear(slow, buf, sizeof(buf), &len));
	close(silent);
	close(slow);
}

static void flood(void **state)
{
	struct world *w = *state;
	char rubbish[65536], buf[256];
	int fd = dial(w);
	size_t len;
	bool closed = false;

	memset(rubbish, 'x', sizeof(rubbish));
	for (int i = 0; i < 1000 && !closed; i++) {
		if (send(fd, rubbish, sizeof(rubbish), MSG_NOSIGNAL) < 0)
			closed = errno == EPIPE || errno == ECONNRESET;
		server__work(w->server, w->now);
	}
	assert_true(closed);
	assert_true(hear(fd, buf, sizeof(buf), &len));
	assert_string_equal(buf, "error the request is longer than 255 bytes\n");
	assert_int_equal(server__clients(w->server), 0);
	close(fd);
}

/* More than there is room for: all are served, in turn. */
static void a_hundred(void **state)
{
	struct world *w = *state;
	char request[32], answer[64], buf[64];
	int fds[100];
	size_t len;

	for (int i = 0; i < 100; i++) {
		fds[i] = dial(w);
		assert_true(fds[i] >= 0);
	}
	/* The first ones have nothing to say: they are in nobody's way for long. */
	for (int i = 32; i < 100; i++) {
		snprintf(request, sizeof(request), "echo %d\n", i);
		say(fds[i], request);
	}
	work(w);
	assert_int_equal(server__clients(w->server), 32);
	assert_int_equal(w->handled, 0);
	w->now += TIMEOUT;
	work(w);
	work(w);
	assert_int_equal(w->handled, 68);
	for (int i = 0; i < 100; i++) {
		assert_true(hear(fds[i], buf, sizeof(buf), &len));
		snprintf(answer, sizeof(answer), "ok 5\n<%d>\n", i);
		assert_string_equal(buf, i < 32 ? "" : answer);
		close(fds[i]);
	}
	assert_int_equal(server__clients(w->server), 0);
}

static void full_does_not_spin(void **state)
{
	struct world *w = *state;
	struct pollfd p = { .fd = server__fd(w->server), .events = POLLIN };
	int fds[40];

	for (int i = 0; i < 40; i++)
		fds[i] = dial(w);
	work(w);
	assert_int_equal(server__clients(w->server), 32);
	assert_int_equal(poll(&p, 1, 0), 0);
	close(fds[0]);
	work(w);
	assert_int_equal(server__clients(w->server), 32);
	for (int i = 1; i < 40; i++)
		close(fds[i]);
	work(w);
	assert_int_equal(server__clients(w->server), 0);
	assert_int_equal(poll(&p, 1, 0), 0);
}

static void slow_reader(void **state)
{
	struct world *w = *state;
	int slow = dial(w), never = dial(w);
	size_t got = 0, len = 1;
	char buf[30001];
	bool closed = false;

	say(slow, "big\n");
	say(never, "big\n");
	while (!closed) {
		work(w);
		closed = hear(slow, buf, sizeof(buf), &len);
		if (!got)
			assert_memory_equal(buf, "ok 3145728\naaaa", 15);
		got += len;
		w->now += SECOND; /* each step is in time, all together are not */
		assert_true(len || closed);
		expect(w, "echo\n", "ok 3\n<>\n");
	}
	assert_int_equal(got, strlen("ok 3145728\n") + BIG);
	assert_true(w->now > 1000 * SECOND + 3 * TIMEOUT);
	/* The other one has not read a byte, and waits no more. */
	assert_int_equal(server__clients(w->server), 0);
	close(slow);
	close(never);
}

static void largest_answer(void **state)
{
	struct world *w = *state;
	static char buf[17 << 20];
	size_t got = 0, len;
	int fds[8];
	bool closed = false;

	/* Together they get four times the largest one, whoever is first. */
	for (int i = 0; i < 8; i++) {
		fds[i] = dial(w);
		say(fds[i], i < 4 ? "toobig\n" : "echo\n");
	}
	while (!closed) {
		work(w);
		closed = hear(fds[0], buf + got, sizeof(buf) - got, &len);
		got += len;
	}
	assert_memory_equal(buf, "ok 16777216 cut\n", 16);
	assert_int_equal(got, 16 + (16 << 20));
	for (int i = 0; i < 8; i++)
		close(fds[i]);
	work(w);
	assert_int_equal(server__clients(w->server), 0);
}

static void goes_in_the_middle(void **state)
{
	struct world *w = *state;
	char buf[100];
	size_t len;

	for (int i = 0; i < 200; i++) {
		int fd = dial(w);

		say(fd, "big\n");
		if (i % 3)
			work(w);
		if (i % 3 == 2)
			hear(fd, buf, sizeof(buf), &len);
		close(fd);
	}
	work(w);
	assert_int_equal(server__clients(w->server), 0);
}

/* The same rubbish in every run. */
static void rubbish(void **state)
{
	static const char words[] = "scan show clear echo dump= \n\n\r\t\0 json 0xffff";
	struct world *w = *state;
	uint64_t seed = 1;

	for (int i = 0; i < 3000; i++) {
		char text[400], buf[1024];
		size_t n = next_random(&seed) % sizeof(text), len;
		int fd = dial(w);

		for (size_t k = 0; k < n; k++)
			text[k] = (char)(i % 2 ? next_random(&seed)
					       : (unsigned char)
							 words[next_random(&seed) % sizeof(words)]);
		assert_int_equal(send(fd, text, n, MSG_NOSIGNAL), n);
		server__work(w->server, w->now);
		hear(fd, buf, sizeof(buf), &len);
		assert_true(!len || !strncmp(buf, "ok ", 3) || !strncmp(buf, "error ", 6));
		close(fd);
	}
	work(w);
	assert_int_equal(server__clients(w->server), 0);
	expect(w, "echo\n", "ok 3\n<>\n");
}

static void who_may(void **state)
{
	struct world *w = *state;
	struct stat st;
	int status;
	pid_t pid;

	assert_int_equal(stat(w->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	if (geteuid()) {
		print_message("# not root: nobody else to be\n");
		return;
	}
	/* The second lock, with the first one open. */
	assert_int_equal(chmod(w->path, 0666) || chmod(w->dir, 0755), 0);
	pid = fork();
	if (!pid) {
		char buf[64] = "";
		int fd;

		if (setgid(65534) || setuid(65534))
			_exit(2);
		fd = dial(w);
		fcntl(fd, F_SETFL, 0);
		send(fd, "echo\n", 5, MSG_NOSIGNAL);
		_exit(recv(fd, buf, sizeof(buf) - 1, MSG_WAITALL) <= 0 ||
		      strcmp(buf, "error only root may ask\n") != 0);
	}
	while (!waitpid(pid, &status, WNOHANG)) {
		work(w);
		usleep(1000);
	}
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(w->handled, 0);
}

static void sockets_of_others(void **state)
{
	struct world *w = *state;
	struct server_config config = { .path = w->path, .verbs = verbs, .ctx = w };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char path[128], long_path[200];
	struct server *other;
	FILE *f;
	int fd;

	/* Somebody listens: not ours to take. */
	assert_int_equal(server__new(&other, &config), -EADDRINUSE);
	assert_null(other);
	expect(w, "echo\n", "ok 3\n<>\n");
	/* A dead one is replaced. */
	snprintf(path, sizeof(path), "%s/dead", w->dir);
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd);
	config.path = path;
	assert_int_equal(server__new(&other, &config), 0);
	server__free(other);
	assert_int_equal(access(path, F_OK), -1);
	/* A file is nobody's socket. */
	f = fopen(path, "w");
	fclose(f);
	assert_int_equal(server__new(&other, &config), -EEXIST);
	assert_int_equal(unlink(path), 0);
	memset(long_path, 'x', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = '\0';
	config.path = long_path;
	assert_int_equal(server__new(&other, &config), -ENAMETOOLONG);
	config.path = "/nowhere/at/all";
	assert_int_equal(server__new(&other, &config), -ENOENT);
	server__free(NULL);
}

static void ending(void **state)
{
	struct world *w = *state;
	int fd = dial(w), other = dial(w);
	char buf[64];
	size_t len;

	say(fd, "wait\n");
	say(other, "wait\n");
	work(w);
	server__close(w->server);
	assert_int_equal(dial(w), -ENOENT);
	work(w);
	assert_int_equal(server__clients(w->server), 2);
	/* The last word is said even if there is no more work. */
	request__ok(server__request(w->server, w->waiting), NULL);
	server__free(w->server);
	w->server = NULL;
	assert_true(hear(fd, buf, sizeof(buf), &len));
	assert_string_equal(buf, "later\n");
	assert_true(hear(other, buf, sizeof(buf), &len));
	assert_string_equal(buf, "later\nok 0\n");
	close(fd);
	close(other);
}

#define SERVED(description, function) TEST_IN(description, function, start, stop)

static const struct CMUnitTest server[] = {
	SERVED("server: each request gets its answer", answers),
	SERVED("server: a request may come in pieces", piecewise),
	SERVED("server: who has closed its half still hears the answer", half_closed_before_answer),
	SERVED("server: who hangs up while waiting is forgotten", hangs_up_while_waiting),
	SERVED("server: who says nothing is sent away, and harms nobody", hanging),
	SERVED("server: a flood is cut off", flood),
	SERVED("server: a hundred at once are all served", a_hundred),
	SERVED("server: no work when all places are taken", full_does_not_spin),
	SERVED("server: a slow reader gets all of a big answer, who does not read does not",
	       slow_reader),
	SERVED("server: an answer has a largest size", largest_answer),
	SERVED("server: clients go in the middle", goes_in_the_middle),
	SERVED("server: rubbish", rubbish),
	SERVED("server: only root, or who runs it", who_may),
	SERVED("server: a dead one's socket is replaced, no other", sockets_of_others),
	SERVED("server: the end", ending),
};

UNIT_MAIN(server)
