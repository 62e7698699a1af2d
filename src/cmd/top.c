// SPDX-License-Identifier: GPL-2.0-only
/*
 * `nfcleakbpf top`: a trace of its own, on a full screen.
 */
#include "cmd/cmd.h"
#include "cmd/run.h"
#include "top/screen.h"
#include "top/top.h"
#include "util/log.h"

int cmd_top(int argc, char **argv)
{
	struct run_options options;
	char why[256];

	top_options__parse(&options, argc, argv);
	if (screen__possible(why, sizeof(why))) {
		log_error("top needs a whole terminal, but %s; 'nfcleakbpf run' writes plain text",
			  why);
		return EXIT_CANNOT;
	}
	return run_trace(&options, &front_top);
}
