// SPDX-License-Identifier: GPL-2.0-only
/*
 * The clients of a running `run`, where there is none, or one that is another user's.
 * What they say of answers tests/vm/suite/verbs goes through.
 */
#include "unit/unit.h"

#include <argp.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "cmd/cmd.h"
#include "util/lock.h"
#include "util/runtime.h"

/* A user's directory and root's. */
static char own[64], roots[64];
static uid_t who;

uid_t __wrap_geteuid(void)
{
	return who;
}

const char *__wrap_runtime__root_path(const char *name, char buf[RUNTIME_PATH_MAX])
{
	snprintf(buf, RUNTIME_PATH_MAX, "%s/%s", roots, name);
	return buf;
}

static int make_dirs(void **state)
{
	(void)state;
	strcpy(own, "/tmp/nfcleakbpf-own.XXXXXX");
	strcpy(roots, "/tmp/nfcleakbpf-root.XXXXXX");
	assert_non_null(mkdtemp(own));
	assert_non_null(mkdtemp(roots));
	unsetenv("RUNTIME_DIRECTORY");
	setenv("XDG_RUNTIME_DIR", own, 1);
	argp_err_exit_status = EXIT_USAGE;
	who = 1000;
	return 0;
}

static int remove_dirs(void **state)
{
	static const char *const names[] = { RUNTIME_LOCK, RUNTIME_SOCKET };
	char path[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", own, names[i]);
		unlink(path);
		snprintf(path, sizeof(path), "%s/%s", roots, names[i]);
		unlink(path);
	}
	rmdir(own);
	rmdir(roots);
	return 0;
}

/* Its exit status; what it complained of goes to said. */
static int verb(const char *name, const char *argument, char *said, size_t size)
{
	int fd = memfd_create("said", MFD_CLOEXEC), status;
	char first[400];
	ssize_t n;
	pid_t pid;

	snprintf(first, sizeof(first), "nfcleakbpf %s", name);
	fflush(NULL);
	pid = fork();
	if (!pid) {
		char *argv[] = { first, (char *)argument, NULL };

		dup2(fd, STDERR_FILENO);
		exit(cmd_verb(argument ? 2 : 1, argv));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	n = pread(fd, said, size - 1, 0);
	said[n > 0 ? n : 0] = '\0';
	close(fd);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int take(const char *directory)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, RUNTIME_LOCK);
	fd = lock__take(path);
	assert_true(fd >= 0);
	return fd;
}

static void says(const char *said, const char *part)
{
	if (!strstr(said, part))
		fail_msg("there is no '%s' in: %s", part, said);
}

static void nobody(void **state)
{
	char said[2000], path[160];

	(void)state;
	/* What a run leaves behind is no run. */
	close(take(own));
	close(take(roots));
	assert_int_equal(verb("show", NULL, said, sizeof(said)), EXIT_CANNOT);
	says(said, "no nfcleakbpf run is running");
	says(said, "start one with 'nfcleakbpf run'");
	snprintf(path, sizeof(path), "%s/%s", own, RUNTIME_SOCKET);
	says(said, path);
}

static void roots_run(void **state)
{
	char said[2000], process[32];
	int fd = take(roots);

	(void)state;
	snprintf(process, sizeof(process), "(process %d)", getpid());
	assert_int_equal(verb("show", NULL, said, sizeof(said)), EXIT_CANNOT);
	says(said, "root's");
	says(said, process);
	says(said, "sudo");
	/* Root itself is not sent to root. */
	who = 0;
	setenv("RUNTIME_DIRECTORY", roots, 1);
	assert_int_equal(verb("show", NULL, said, sizeof(said)), EXIT_CANNOT);
	says(said, "just starting or ending");
	close(fd);
}

static void starting(void **state)
{
	char said[2000], process[32];
	int fd = take(own), root = take(roots);

	(void)state;
	snprintf(process, sizeof(process), "process %d is just", getpid());
	assert_int_equal(verb("status", NULL, said, sizeof(said)), EXIT_CANNOT);
	says(said, process);
	close(fd);
	close(root);
}

/* A request has 255 bytes. */
static void long_arguments(void **state)
{
	char text[400], said[2000];

	(void)state;
	memset(text, '0', sizeof(text));
	memcpy(text, "1.", 2);
	text[300] = '\0';
	assert_int_equal(verb("scan", text, said, sizeof(said)), EXIT_USAGE);
	says(said, "too long");
	text[251] = '\0';
	assert_int_equal(verb("scan", text, said, sizeof(said)), EXIT_USAGE);
	text[250] = '\0';
	assert_int_equal(verb("scan", text, said, sizeof(said)), EXIT_CANNOT);
	says(said, "no nfcleakbpf run is running");
}

static const struct CMUnitTest tests[] = {
	TEST_IN("verbs: nobody is there, and where was looked", nobody, make_dirs, remove_dirs),
	TEST_IN("verbs: root's run is named to others", roots_run, make_dirs, remove_dirs),
	TEST_IN("verbs: a run that starts or ends", starting, make_dirs, remove_dirs),
	TEST_IN("verbs: an argument that no request has room for is a usage error", long_arguments,
		make_dirs, remove_dirs),
};

UNIT_MAIN(tests)
