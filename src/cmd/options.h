/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The options of `run` and `top`.
 */
#ifndef NLB_OPTIONS_H
#define NLB_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hooks/hooks.h"

#define MAX_MODULE_OPTIONS 16

struct run_options {
	uint64_t duration_ns; /* 0: until a signal */
	uint64_t interval_ns; /* 0: no periodic histograms */
	uint64_t min_age_ns;
	uint64_t scan_interval_ns; /* 0: never */
	uint64_t scan_limit;	   /* bytes, 0: none */
	bool json;
	bool wait;
	bool quiet;
	int error_exitcode;
	enum attach_mode attach;
	const char *modules[MAX_MODULE_OPTIONS];
	size_t nr_modules;
};

/* Exits on --help and on a usage error (2). */
void run_options__parse(struct run_options *o, int argc, char **argv);

/* Likewise for `top`: those of the options that it has. */
void top_options__parse(struct run_options *o, int argc, char **argv);

#endif /* NLB_OPTIONS_H */
