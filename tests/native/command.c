// SPDX-License-Identifier: GPL-2.0-only
/*
 * nfcleakbpf as its users see it on a machine that may have nothing to trace:
 * exit statuses, messages, and a doctor that tells the truth.
 */
#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "native/native.h"
#include "record/recorder.h"

#define ARGS_MAX   8
#define OUTPUT_MAX 65536
#define NOBODY	   65534

struct outcome {
	int status; /* of exit, -1: a signal */
	char out[OUTPUT_MAX], err[OUTPUT_MAX];
};

static const char *program;

static void read_back(FILE *f, char *buf)
{
	size_t n;

	rewind(f);
	n = fread(buf, 1, OUTPUT_MAX - 1, f);
	buf[n] = '\0';
	fclose(f);
}

static void child(const char *const *args, int out, int err, bool root)
{
	const char *argv[ARGS_MAX + 2] = { program };

	for (size_t i = 0; i < ARGS_MAX && args[i]; i++)
		argv[i + 1] = args[i];
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	if (!root && (setgid(NOBODY) || setuid(NOBODY)))
		_exit(126);
	execv(program, (char *const *)argv);
	_exit(127);
}

/* Runs it to its end; out_path, where not NULL, is its standard output. */
static void run(struct outcome *o, const char *const *args, const char *out_path, bool root)
{
	FILE *out = out_path ? fopen(out_path, "we") : tmpfile(), *err = tmpfile();
	int status = 0;
	pid_t pid;

	if (!out || !err)
		abort();
	fflush(stdout);
	pid = fork();
	if (!pid)
		child(args, fileno(out), fileno(err), root);
	waitpid(pid, &status, 0);
	o->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	*o->out = '\0';
	if (out_path)
		fclose(out);
	else
		read_back(out, o->out);
	read_back(err, o->err);
}

#define ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* ---- usage ---- */

static void test_usage(struct outcome *o)
{
	static const char *const wrong[][4] = {
		{ NULL },
		{ "nonsense" },
		{ "--nonsense" },
		{ "run", "--nonsense" },
		{ "run", "more" },
		{ "run", "--duration" },
		{ "run", "--duration", "x" },
		{ "run", "--duration", "0" },
		{ "run", "--duration", "-1" },
		{ "run", "--interval", "1y" },
		{ "run", "--min-age", "" },
		{ "run", "--scan-interval", "often" },
		{ "run", "--error-exitcode", "256" },
		{ "run", "--error-exitcode", "1x" },
		{ "run", "--attach", "glue" },
		{ "run", "--module", "" },
		{ "run", "--module", "/etc/passwd" },
		{ "doctor", "--nonsense" },
		{ "doctor", "more" },
		{ "report" },
		{ "report", "--format", "nonsense", "x" },
		{ "report", "--diff", "x" },
		{ "report", "--error-exitcode=1", "x" },
	};
	static const char *const right[][4] = {
		{ "--help" },		{ "help" },
		{ "run", "--help" },	{ "doctor", "--help" },
		{ "run", "--usage" },	{ "--version" },
		{ "run", "--version" }, { "report", "--help" },
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		run(o, wrong[i], NULL, true);
		result(o->status == 2 && *o->err && !*o->out,
		       "usage error: %s %s %s: exit %d, said why", wrong[i][0] ? wrong[i][0] : "",
		       wrong[i][1] ? wrong[i][1] : "", wrong[i][2] ? wrong[i][2] : "", o->status);
	}
	for (size_t i = 0; i < sizeof(right) / sizeof(*right); i++) {
		run(o, right[i], NULL, true);
		result(!o->status && *o->out && !*o->err, "%s %s: exit %d", right[i][0],
		       right[i][1] ? right[i][1] : "", o->status);
	}
}

/* ---- doctor ---- */

static bool feature(const json_t *doctor, const char *name)
{
	return json_is_true(json_object_get(json_object_get(doctor, "features"), name));
}

static const json_t *hook(const json_t *doctor, const char *mechanism, const char *target)
{
	const json_t *hooks = json_object_get(doctor, "hooks");

	for (size_t i = 0; i < json_array_size(hooks); i++) {
		const json_t *h = json_array_get(hooks, i);

		if (!strcmp(json_string_value(json_object_get(h, "mechanism")), mechanism) &&
		    !strcmp(json_string_value(json_object_get(h, "target")), target))
			return h;
	}
	return NULL;
}

static const char *state(const json_t *h)
{
	const char *s = h ? json_string_value(json_object_get(h, "state")) : NULL;

	return s ? s : "absent";
}

static void test_truth(const json_t *d)
{
	bool kprobes = !access("/sys/bus/event_source/devices/kprobe/type", F_OK);
	bool modules = !access("/proc/modules", F_OK), can;
	struct btf *btf = btf__load_vmlinux_btf();
	const char *text = json_string_value(json_object_get(d, "conclusion"));
	struct utsname uts;

	uname(&uts);
	result(!strcmp(json_string_value(json_object_get(d, "kernel")), uts.release),
	       "doctor knows the kernel: %s", uts.release);
	result(feature(d, "kprobes") == kprobes, "doctor says that there are %s",
	       kprobes ? "kprobes" : "no kprobes");
	result(feature(d, "modules") == modules, "doctor says that there are %s",
	       modules ? "modules" : "no modules");
	result(feature(d, "BTF") == (btf != NULL), "doctor says that there is %s",
	       btf ? "BTF" : "no BTF");
	result(feature(d, "privileges") == !geteuid(), "doctor knows its privileges");
	result(!strcmp(state(hook(d, "raw_tp", "kmalloc")), "planned"), "kmalloc would be hooked");
	result(feature(d, "fentry") == !strcmp(state(hook(d, "fexit", "__alloc_skb")), "planned"),
	       "skbs would be followed by fexit just where there is fentry");
	can = json_is_true(json_object_get(d, "can_trace"));
	result(text && *text && (!can || (modules && (kprobes || feature(d, "fentry")))),
	       "doctor concludes: %s", text ? text : "nothing");
	if (!modules)
		result(!can && strstr(text, "no modules"), "doctor does not promise anything");
	btf__free(btf);
}

static void test_doctor(struct outcome *o)
{
	json_error_t error;
	json_t *d;

	run(o, ARGS("doctor"), NULL, true);
	result(!o->status && strstr(o->out, "hooks") && !*o->err, "doctor: exit %d", o->status);
	if (access("/sys/bus/event_source/devices/kprobe/type", F_OK))
		result(strstr(o->out, "no perf kprobes") != NULL, "doctor's text says so too");
	run(o, ARGS("doctor", "--json"), NULL, true);
	d = json_loads(o->out, JSON_REJECT_DUPLICATES, &error);
	result(!o->status && d && !*o->err, "doctor --json: exit %d, one JSON object", o->status);
	if (d)
		test_truth(d);
	json_decref(d);
	run(o, ARGS("doctor"), "/dev/full", true);
	result(o->status == 1 && strstr(o->err, "written: No space left"),
	       "doctor into a full disk: exit %d, says so", o->status);
	run(o, ARGS("doctor", "--json"), "/dev/full", true);
	result(o->status == 1 && strstr(o->err, "written: No space left"),
	       "doctor --json into a full disk: exit %d, says so", o->status);
	run(o, ARGS("doctor"), NULL, false);
	result(!o->status && strstr(o->out, "root"),
	       "doctor as nobody: exit %d, says what it needs", o->status);
}

static void test_run(struct outcome *o)
{
	run(o, ARGS("run", "--module", "nlb_no_such_module", "--duration", "2"), NULL, true);
	result(o->status == 1 && !strncmp(o->err, "nfcleakbpf: ", 12) && !*o->out,
	       "run without anything to trace: exit %d", o->status);
	result(strstr(o->err, "module") != NULL, "it says: %.*s", (int)strcspn(o->err, "\n"),
	       o->err);
	run(o, ARGS("run", "--json", "--module", "nlb_no_such_module"), NULL, true);
	result(o->status == 1 && !*o->out, "run --json likewise, and writes no line");
	run(o, ARGS("run", "--duration", "2"), NULL, false);
	result(o->status == 1 && strstr(o->err, "root"),
	       "run as nobody: exit %d, says what it needs", o->status);
}

/* ---- report ---- */

/* A recording of a run in which nothing happened: its beginning or end may be missing. */
static void record(char *path, bool begun, bool ended)
{
	struct item items[] = {
		{ .type = ITEM_HEADER, .header = { "1", "6.12.0-test", "x86_64" } },
		{ .type = ITEM_CONFIG, .config = { 1000000000, 5000000000 } },
		{ .type = ITEM_START, .start = { 1000000000, 3 } },
		{ .type = ITEM_END, .end = { .time = 3000000000 } },
	};
	struct recorder *r;
	int fd = mkstemp(path);

	if (fd < 0 || recorder__open(&r, path) || recorder__begin(r))
		abort();
	for (size_t i = 0; i < sizeof(items) / sizeof(*items); i++)
		if ((items[i].type != ITEM_START || begun) && (items[i].type != ITEM_END || ended))
			recorder__write(r, &items[i]);
	if (recorder__close(r) || fchmod(fd, 0644))
		abort();
	close(fd);
}

static off_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? -1 : st.st_size;
}

/* What a report of yesterday has to fear. */
static void test_report_output(struct outcome *o, const char *whole, const char *waited)
{
	static const char *const one[] = { "html", "pprof", "perfetto" };
	char dir[] = "/tmp/nlb-out-XXXXXX", old[64], none[64];
	off_t size;

	if (!mkdtemp(dir))
		abort();
	snprintf(old, sizeof(old), "%s/old", dir);
	snprintf(none, sizeof(none), "%s/none", dir);
	run(o, ARGS("report", "--output", old, whole), NULL, true);
	size = size_of(old);
	result(!o->status && size > 0, "report --output: exit %d, %d bytes", o->status, (int)size);
	run(o, ARGS("report", "--output", old, "/nonexistent"), NULL, true);
	result(o->status == 1 && size_of(old) == size,
	       "report --output of no recording: exit %d, the old report is still there",
	       o->status);
	run(o, ARGS("report", "--output", old, "/etc/passwd"), NULL, true);
	result(o->status == 1 && size_of(old) == size, "likewise of something else");
	run(o, ARGS("report", "--output", old, "--diff", whole, "/etc/passwd"), NULL, true);
	result(o->status == 1 && size_of(old) == size, "likewise of a comparison");
	run(o, ARGS("report", "--output", none, "/etc/passwd"), NULL, true);
	result(o->status == 1 && size_of(none) < 0, "nor is an empty one left");
	for (size_t i = 0; i < sizeof(one) / sizeof(*one); i++) {
		run(o, ARGS("report", "--format", one[i], "--output", old, waited), NULL, true);
		result(o->status == 1 && strstr(o->err, "nothing was traced") &&
			       size_of(old) == size,
		       "report --format %s of a run that waited in vain: exit %d, says so", one[i],
		       o->status);
	}
	run(o, ARGS("report", "--format", "folded", "--output", old, whole), NULL, true);
	result(!o->status && !size_of(old),
	       "report --format folded without leaks: exit %d, an empty file", o->status);
	unlink(old);
	rmdir(dir);
}

static void test_report(struct outcome *o)
{
	char whole[] = "/tmp/nlb-whole-XXXXXX", half[] = "/tmp/nlb-half-XXXXXX";
	char waited[] = "/tmp/nlb-waited-XXXXXX";

	record(whole, true, true);
	record(half, true, false);
	record(waited, false, true);
	test_report_output(o, whole, waited);
	run(o, ARGS("report", waited), NULL, true);
	result(!o->status && strstr(o->err, "no NFC module was loaded"),
	       "report of a run that waited in vain: exit %d, says so", o->status);
	run(o, ARGS("report", whole), NULL, false);
	result(!o->status && strstr(o->out, "6.12.0-test") && strstr(o->out, "no leaks") &&
		       !*o->err,
	       "report as nobody: exit %d", o->status);
	run(o, ARGS("report", "--json", whole, whole), NULL, true);
	result(!o->status && !strncmp(o->out, "{\"event\":\"start\"", 16) &&
		       strstr(o->out, "\"seconds\":2.0") && !*o->err,
	       "report --json of two: exit %d", o->status);
	run(o, ARGS("report", half), NULL, true);
	result(!o->status && strstr(o->out, "incomplete") && strstr(o->err, "incomplete"),
	       "report of an incomplete one: exit %d, says so", o->status);
	run(o, ARGS("report", "/etc/passwd"), NULL, true);
	result(o->status == 1 && strstr(o->err, "is no recording") && !*o->out,
	       "report of something else: exit %d", o->status);
	run(o, ARGS("report", "/nonexistent"), NULL, true);
	result(o->status == 1 && strstr(o->err, "No such file"), "report of nothing: exit %d",
	       o->status);
	run(o, ARGS("report", whole), "/dev/full", true);
	result(o->status == 1 && strstr(o->err, "written: No space left"),
	       "report into a full disk: exit %d, says so", o->status);
	run(o, ARGS("report", "--output", "/dev/full", whole), NULL, true);
	result(o->status == 1 && strstr(o->err, "written: No space left"),
	       "report --output likewise: exit %d, says so", o->status);
	run(o, ARGS("report", "--output", whole, whole), NULL, true);
	result(o->status == 1 && strstr(o->err, "is the recording itself"),
	       "report into the recording: exit %d", o->status);
	run(o, ARGS("report", "--diff", "--error-exitcode", "7", whole, half), NULL, true);
	result(!o->status && strstr(o->out, "no leaks before or after"),
	       "report --diff: nothing new: exit %d", o->status);
	run(o, ARGS("report", "--diff", whole, "/etc/passwd"), NULL, true);
	result(o->status == 1 && *o->err && !*o->out, "report --diff with something else: exit %d",
	       o->status);
	unlink(whole);
	unlink(half);
	unlink(waited);
}

void test_command(const char *path)
{
	struct outcome *o = calloc(1, sizeof(*o));

	if (!o)
		abort();
	program = path;
	test_usage(o);
	test_doctor(o);
	test_run(o);
	test_report(o);
	free(o);
}
