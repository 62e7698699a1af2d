// SPDX-License-Identifier: GPL-2.0-only
/*
 * A directory that only its owner can write to, whoever that is.
 */
#include "util/runtime.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool in_directory(const char *directory, const char *name, char *buf)
{
	int n;

	if (!directory || *directory != '/')
		return false;
	n = snprintf(buf, RUNTIME_PATH_MAX, "%.*s/%s", (int)strcspn(directory, ":"), directory,
		     name);
	return n > 0 && n < RUNTIME_PATH_MAX;
}

const char *runtime__path(const char *name, char buf[RUNTIME_PATH_MAX])
{
	if (!in_directory(getenv("RUNTIME_DIRECTORY"), name, buf) &&
	    (!geteuid() || !in_directory(getenv("XDG_RUNTIME_DIR"), name, buf)))
		runtime__root_path(name, buf);
	return buf;
}

const char *runtime__root_path(const char *name, char buf[RUNTIME_PATH_MAX])
{
	in_directory("/run", name, buf);
	return buf;
}
