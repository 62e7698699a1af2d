// SPDX-License-Identifier: GPL-2.0-only
/*
 * nfcleakbpf: finds the subcommand and runs it.
 */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "version.h"

static const struct command commands[] = {
	{ "run", "trace live: alerts as leaks happen, then a report", cmd_run },
	{ "report", "render a recording made by run --output, or compare two", cmd_report },
	{ "show", "what has leaked in the `run` there is, as kmemleak lists it", cmd_verb },
	{ "clear", "not to list that again", cmd_verb },
	{ "scan", "search memory now; scan=SECONDS, scan=off: how often", cmd_verb },
	{ "status", "how the `run` is doing", cmd_verb },
	{ "dump", "everything about the allocation that has an address", cmd_verb },
	{ "stop", "end the `run` and wait for its end", cmd_verb },
	{ "doctor", "what this kernel offers and what would be missed", cmd_doctor },
};

static void usage(FILE *out)
{
	fputs("usage: nfcleakbpf COMMAND [OPTION...]\n\n"
	      "Finds memory leaks in the Linux NFC stack while it runs: what leaked, where it\n"
	      "was allocated, which command carried it, which callback had it last.\n\n"
	      "Commands:\n",
	      out);
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].summary);
	fputs("\n'nfcleakbpf COMMAND --help' tells a command's options.\n", out);
}

int main(int argc, char **argv)
{
	static char name[64];

	argp_err_exit_status = EXIT_USAGE;
	argp_program_version = "nfcleakbpf " NFCLEAKBPF_VERSION;
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		usage(stdout);
		return EXIT_DONE;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		puts(argp_program_version);
		return EXIT_DONE;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		/* Also as kmemleak has it: scan=SECONDS. */
		size_t len = strcspn(argv[1], commands[i].main == cmd_verb ? "=" : "");

		if (strlen(commands[i].name) != len || strncmp(argv[1], commands[i].name, len) != 0)
			continue;
		snprintf(name, sizeof(name), "nfcleakbpf %s", argv[1]);
		argv[1] = name;
		return commands[i].main(argc - 1, argv + 1);
	}
	fprintf(stderr, "nfcleakbpf: no command '%s'; 'nfcleakbpf --help' lists them\n", argv[1]);
	return EXIT_USAGE;
}
