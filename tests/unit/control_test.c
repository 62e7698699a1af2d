// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a running `run` tells who asks: the verbs, the metrics, the kernel's log and
 * systemd, over a ledger to which a story happened.  What is suppressed is told by none
 * of them, and where addresses are hidden they are for all.
 */
#include "unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "cmd/control.h"
#include "cmd/service.h"
#include "cmd/standing.h"
#include "replay/script.h"
#include "report/filter.h"
#include "report/suppress.h"
#include "report/tell.h"
#include "unit/image.h"
#include "unit/story.h"
#include "util/runtime.h"

static const char story[] = "# two leaks of one callback, one of another\n" STORY_BEGIN
			    "0.900 leave tid=41 in=digital_wq_poll\n"
			    "1.000 free tid=41 addr=cmd in=digital_flush\n"
			    "tick 12\n"
			    "expect leaks 3\n";

#define BYTES	"secret!"
#define OBJECTS 0x20000 /* bytes of memory, from where a story has its addresses */

struct world {
	char dir[64];
	struct kernel kernel;
	struct layout layout;
	struct player player;
	struct script *script;
	struct suppressions *list;
	struct report *filter;
	struct tell *tell;
	struct control *control;
	struct control_subject subject;
	uint64_t started;
	int scan; /* somebody who waits for one, from before the story */
	FILE *told;
	char *text;
	size_t size;
};

/* ---- what the machine would do ---- */

static uint64_t announced;
static struct investigation_status searches;

void __wrap_notice__write(uint64_t count)
{
	announced += count;
}

int __wrap_look__bytes(struct query *q, const struct layout *layout, const struct allocation *a,
		       unsigned char *buf, size_t len)
{
	(void)q;
	(void)layout;
	(void)a;
	memset(buf, 0, len);
	memcpy(buf, BYTES, sizeof(BYTES));
	return sizeof(BYTES);
}

size_t __wrap_hooks__nr_modules(const struct hooks *h)
{
	(void)h;
	return 1;
}

const char *__wrap_hooks__module(const struct hooks *h, size_t index)
{
	(void)h;
	(void)index;
	return "nfc_digital";
}

const struct nlb_counters *__wrap_hooks__counters(const struct hooks *h)
{
	static const struct nlb_counters none;

	(void)h;
	return &none;
}

enum hooks_level __wrap_hooks__level(const struct hooks *h)
{
	(void)h;
	return HOOKS_AWAKE;
}

int __wrap_hooks__events_fd(const struct hooks *h)
{
	(void)h;
	return -1;
}

size_t __wrap_hooks__book_entries(const struct hooks *h)
{
	(void)h;
	return 16384;
}

bool __wrap_hooks__silent(const struct hooks *h)
{
	(void)h;
	return false;
}

size_t __wrap_hooks__count(const struct hooks *h)
{
	(void)h;
	return 0;
}

const struct hook *__wrap_hooks__at(const struct hooks *h, size_t index)
{
	(void)h;
	(void)index;
	return NULL;
}

int64_t investigation__search(struct investigation *i)
{
	(void)i;
	return searches.ended + 2;
}

void investigation__set_interval(struct investigation *i, uint64_t interval_ns, uint64_t now)
{
	(void)i;
	(void)interval_ns;
	(void)now;
}

void investigation__status(const struct investigation *i, struct investigation_status *out)
{
	(void)i;
	*out = searches;
}

/* ---- as src/cmd/run.c does ---- */

static size_t bytes(void *ctx, const struct allocation *a, unsigned char *buf, size_t size)
{
	(void)ctx;
	return (size_t)__wrap_look__bytes(NULL, NULL, a, buf, size);
}

static void on_said(void *ctx, const char *what, const struct allocation *a, uint64_t now)
{
	struct world *w = ctx;
	struct report_leak l;

	if (!strcmp(what, "leak")) {
		tell__leak(w->tell, a, now, &l);
		control__leak(w->control, &l, now);
	} else if (!strcmp(what, "update")) {
		tell__update(w->tell, a, w->player.was, now, &l);
	} else {
		tell__retracted(w->tell, a, now, &l);
		control__retracted(w->control, a);
	}
}

static void describe(void *ctx, const struct allocation *a, uint64_t now, struct report_leak *l)
{
	tell__describe(((struct world *)ctx)->tell, a, now, l);
}

static bool hides(void *ctx, const struct allocation *a)
{
	return filter__hides(((struct world *)ctx)->filter, a);
}

static void stop(void *ctx)
{
	(void)ctx;
}

/* ---- asking ---- */

static int ask(const char *line)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	runtime__path(RUNTIME_SOCKET, addr.sun_path);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(send(fd, line, strlen(line), 0), strlen(line));
	return fd;
}

/* The whole answer, status line and all; the caller's to free. */
static char *answer(struct world *w, int fd)
{
	char *text = calloc(1, 1 << 20);
	size_t n = 0;
	ssize_t got;

	do {
		control__work(w->control, SECOND_NS);
		got = recv(fd, text + n, (1 << 20) - 1 - n, MSG_DONTWAIT);
		if (got > 0)
			n += (size_t)got;
	} while (got > 0 || (got < 0 && errno == EAGAIN));
	close(fd);
	return text;
}

static char *asked(struct world *w, const char *line)
{
	return answer(w, ask(line));
}

/* ---- the world ---- */

static void open_control(void *ctx)
{
	struct world *w = ctx;

	w->subject.kernel = &w->kernel;
	w->subject.names = w->player.names;
	w->subject.ledger = w->player.ledger;
	w->subject.layout = &w->layout;
	w->subject.started = &w->started;
	w->subject.hidden = filter__hidden(w->filter);
	w->subject.describe = describe;
	w->subject.hides = hides;
	w->subject.stop = stop;
	w->subject.ctx = w;
	assert_int_equal(control__new(&w->control, &w->subject), 0);
	assert_true(control__fd(w->control) >= 0);
	w->scan = ask("scan\n");
	for (int i = 0; i < 3; i++)
		control__work(w->control, SECOND_NS);
}

static void open_world(struct world *w, const char *suppressions, bool hide_addresses)
{
	char error[SUPPRESSIONS_ERROR];

	memset(w, 0, sizeof(*w));
	announced = 0;
	searches = (struct investigation_status){ .ended = 0 };
	strcpy(w->dir, "/tmp/nfcleakbpf-test.XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	setenv("RUNTIME_DIRECTORY", w->dir, 1);
	strcpy(w->kernel.features.release, "6.12.90-test");
	w->started = 1;
	w->layout.skb_head = -1;
	w->list = suppressions__new();
	assert_int_equal(suppressions__parse(w->list, "known.supp", suppressions,
					     strlen(suppressions), error),
			 0);
	w->script = script__parse("story", story, stdout);
	assert_non_null(w->script);
	w->told = open_memstream(&w->text, &w->size);
	w->filter = filter__open(&report_json,
				 report_json.open(w->told, script__names(w->script), false),
				 w->list, false);
	w->tell = tell__new(&report_filtered, w->filter, script__names(w->script), bytes, w);
	assert_non_null(w->tell);
	/* What the story's objects have in them, which is not what is shown of them. */
	image__map(IMAGE_PAGE_OFFSET, OBJECTS);
	for (uint64_t at = 0; at < OBJECTS; at += 8)
		image__put(IMAGE_PAGE_OFFSET + at, 0x0707070707070707);
	w->subject.hide_addresses = hide_addresses;
	w->player.on_said = on_said;
	w->player.on_start = open_control;
	w->player.ctx = w;
	assert_int_equal(script__run(w->script, &w->player, stdout), 0);
}

static void close_world(struct world *w)
{
	control__free(w->control);
	tell__free(w->tell);
	player__stop(&w->player);
	script__free(w->script);
	suppressions__free(w->list);
	fclose(w->told);
	free(w->text);
	image__stop();
	rmdir(w->dir);
	unsetenv("RUNTIME_DIRECTORY");
}

/* ---- what they say ---- */

static unsigned occurrences(const char *text, const char *part)
{
	unsigned n = 0;

	for (; (text = strstr(text, part)); text++)
		n++;
	return n;
}

static void expect(char *text, const char *part, unsigned times)
{
	if (occurrences(text, part) != times)
		fail_msg("not %u of '%s' in:\n%s", times, part, text);
	free(text);
}

static void *page(struct world *w)
{
	size_t len;
	char *text = standing__page(&w->subject, METRICS_TEXT, &len);

	assert_non_null(text);
	return text;
}

/* What systemd is told. */
static char *status_line(struct world *w)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	struct http_address nowhere = { .len = 0 };
	char *text = calloc(1, 4096);
	struct service *s;

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/notify", w->dir);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	setenv("NOTIFY_SOCKET", addr.sun_path, 1);
	assert_int_equal(service__new(&s, &nowhere), 0);
	service__ready(s, &w->subject);
	assert_true(recv(fd, text, 4095, 0) > 0);
	service__free(s);
	unsetenv("NOTIFY_SOCKET");
	unlink(addr.sun_path);
	close(fd);
	return text;
}

/* ---- suppressed ---- */

/* The same with and without a suppression: how many of the three are told. */
static void told_everywhere(const char *suppressions, unsigned shown)
{
	unsigned hidden = 3 - shown;
	char line[100], *text;
	json_t *status;
	struct world w;

	open_world(&w, suppressions, false);
	searches.ended = 2;
	snprintf(line, sizeof(line), "\n%u new suspected memory leaks", shown);
	expect(answer(&w, w.scan), line, 1);
	assert_int_equal(announced, shown);
	expect(asked(&w, "show\n"), "unreferenced object 0x", shown);
	expect(asked(&w, "show json\n"), "\"event\":\"leak\"", shown);
	snprintf(line, sizeof(line), "%u definite, 0 probable, 0 possible; 0 retracted", shown);
	expect(asked(&w, "status\n"), line, 1);
	snprintf(line, sizeof(line), "suppressed   %u more", hidden);
	expect(asked(&w, "status\n"), line, hidden > 0);
	text = asked(&w, "status json\n");
	status = json_loads(strchr(text, '\n') + 1, 0, NULL);
	assert_non_null(status);
	assert_int_equal(json_integer_value(
				 json_object_get(json_object_get(status, "findings"), "definite")),
			 shown);
	assert_int_equal(json_integer_value(json_object_get(status, "suppressed")), hidden);
	json_decref(status);
	free(text);
	snprintf(line, sizeof(line), "\nnfcleakbpf_findings_suppressed %u\n", hidden);
	expect(page(&w), line, 1);
	expect(page(&w),
	       "\nnfcleakbpf_findings{rule=\"callback-kept\",certainty=\"definite\","
	       "callback=\"digital_tg_recv_sensf_req\"} 2\n",
	       !hidden);
	snprintf(line, sizeof(line), "leaks %u definite, 0 probable; 0 retracted", shown);
	expect(status_line(&w), line, 1);
	/* Only what is listed can be cleared. */
	expect(asked(&w, "clear\n"), "ok", 1);
	expect(asked(&w, "show\n"), "unreferenced object", 0);
	snprintf(line, sizeof(line), "; %u cleared", shown);
	expect(asked(&w, "status\n"), line, shown > 0);
	close_world(&w);
	assert_int_equal(announced, shown);
}

static void nothing_suppressed(void **state)
{
	(void)state;
	told_everywhere("", 3);
}

static void suppressed(void **state)
{
	(void)state;
	told_everywhere("leak:^digital_tg_listen_nfcf$\n", 1);
}

static void all_suppressed(void **state)
{
	(void)state;
	told_everywhere("leak:*\n", 0);
}

/* Who asks for one by its address is told of it, and that others are not. */
static void suppressed_dump(void **state)
{
	const struct accusation *said;
	struct world w;
	char line[64];

	(void)state;
	open_world(&w, "leak:*\n", false);
	close(w.scan);
	said = &w.player.said[0];
	snprintf(line, sizeof(line), "dump 0x%llx\n", (unsigned long long)said->addr);
	expect(asked(&w, line), "hidden by --suppressions", 1);
	close_world(&w);
}

/* ---- hidden ---- */

static char *first_address(struct world *w, char *buf)
{
	char *text = asked(w, "show json\n"), *addr = strstr(text, "\"addr\":\"0x");

	assert_non_null(addr);
	snprintf(buf, 19, "%.*s", (int)strcspn(addr + 8, "\""), addr + 8);
	free(text);
	return buf;
}

static void addresses_shown(void **state)
{
	char addr[19], line[64];
	struct world w;

	(void)state;
	open_world(&w, "leak:^digital_in_recv", false);
	close(w.scan);
	first_address(&w, addr);
	assert_int_equal(strlen(addr), 18);
	snprintf(line, sizeof(line), "unreferenced object %s ", addr);
	expect(asked(&w, "show\n"), line, 1);
	expect(asked(&w, "show\n"), "73 65 63 72 65 74 21 00", 2);
	expect(asked(&w, "show\n"), "(crc 0)", 0);
	expect(asked(&w, "show json\n"), "\"hexdump\":\"7365637265742100\"", 2);
	snprintf(line, sizeof(line), "dump %s\n", addr);
	expect(asked(&w, line), "certainty definite after", 1);
	expect(asked(&w, line), "hidden by --suppressions", 0);
	close_world(&w);
}

static void addresses_hidden(void **state)
{
	static const char *const secrets[] = { "0xffff", "ffff8", "73 65", "7365" };
	struct world w;

	(void)state;
	open_world(&w, "", true);
	close(w.scan);
	for (size_t i = 0; i < ARRAY_SIZE(secrets); i++) {
		expect(asked(&w, "show\n"), secrets[i], 0);
		expect(asked(&w, "show json\n"), secrets[i], 0);
	}
	expect(asked(&w, "show\n"), "unreferenced object 0x", 3);
	expect(asked(&w, "show\n"), "hex dump (first 0 bytes):", 3);
	expect(asked(&w, "show\n"), "(crc 0)", 3);
	expect(asked(&w, "show json\n"), "\"event\":\"leak\"", 3);
	/* Neither what is there nor whether something is. */
	expect(asked(&w, "dump 0xffff888000000000\n"), "--hide-addresses", 1);
	expect(asked(&w, "dump 0x1\n"), "--hide-addresses", 1);
	expect(asked(&w, "status\n"), "3 definite", 1);
	close_world(&w);
}

/* ---- where metrics cannot be served ---- */

/* What service__new() says of an address that it cannot have. */
static char *complaint(const char *text)
{
	int said = memfd_create("said", MFD_CLOEXEC), stderr_fd = dup(STDERR_FILENO);
	struct http_address address;
	struct service *s;
	char *got = calloc(1, 4096);

	assert_int_equal(http__address(text, &address), 0);
	fflush(stderr);
	dup2(said, STDERR_FILENO);
	assert_true(service__new(&s, &address) < 0);
	fflush(stderr);
	dup2(stderr_fd, STDERR_FILENO);
	close(stderr_fd);
	assert_true(pread(said, got, 4095, 0) > 0);
	close(said);
	return got;
}

static void no_place_for_metrics(void **state)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char text[32];

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, len), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
	snprintf(text, sizeof(text), "127.0.0.1:%u", ntohs(addr.sin_port));
	expect(complaint(text), text, 1);
	expect(complaint(text), "choose another port", 1);
	close(fd);
	expect(complaint("192.0.2.1:9464"), "192.0.2.1:9464: Cannot assign", 1);
	expect(complaint("192.0.2.1:9464"), "0.0.0.0 for all", 1);
}

static const struct CMUnitTest tests[] = {
	TEST("control: what leaks is told everywhere", nothing_suppressed),
	TEST("control: what is suppressed is told nowhere", suppressed),
	TEST("control: nor where all is", all_suppressed),
	TEST("control: dump says that one is suppressed", suppressed_dump),
	TEST("control: show has addresses and bytes", addresses_shown),
	TEST("control: --hide-addresses: none in show, and no dump", addresses_hidden),
	TEST("service: where metrics cannot be served, and what to do", no_place_for_metrics),
};

UNIT_MAIN(tests)
