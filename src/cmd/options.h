/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The options of `run` and `top`.
 */
#ifndef NLB_OPTIONS_H
#define NLB_OPTIONS_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hooks/hooks.h"
#include "report/suppress.h"
#include "serve/http.h"

#define MAX_MODULE_OPTIONS 16

struct run_options {
	uint64_t duration_ns; /* 0: until a signal */
	uint64_t interval_ns; /* 0: no periodic histograms */
	uint64_t min_age_ns;
	uint64_t scan_interval_ns; /* 0: never */
	uint64_t scan_limit;	   /* bytes, 0: none */
	uint64_t linger_ns;
	bool json;
	bool wait;
	bool quiet;
	bool no_sandbox;
	bool hide_addresses; /* in what is reported, not in the recording */
	int error_exitcode;
	struct suppressions *suppressions; /* NULL: none; whoever parses frees them */
	bool gen_suppressions;
	enum attach_mode attach;
	const char *output; /* recording, NULL: none */
	const char *modules[MAX_MODULE_OPTIONS];
	size_t nr_modules;
	uint32_t book_entries;	     /* 0: as many as by default */
	struct http_address metrics; /* len 0: none wanted */
};

/* Exits on --help and on a usage error (2). */
void run_options__parse(struct run_options *o, int argc, char **argv);

/* Likewise for `top`: those of the options that it has. */
void top_options__parse(struct run_options *o, int argc, char **argv);
/*
 * For any command's --suppressions: adds the file's to *s, which is made if it is
 * NULL and is the caller's to free.  Exits on an error (2).
 */
void options__suppressions(struct argp_state *state, const char *arg, struct suppressions **s);

/* The same for --error-exitcode: returns it, 0 to 255. */
int options__exitcode(struct argp_state *state, const char *arg);

#endif /* NLB_OPTIONS_H */
