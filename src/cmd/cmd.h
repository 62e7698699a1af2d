/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The subcommands: one file each.
 */
#ifndef NLB_CMD_H
#define NLB_CMD_H

enum exit_status {
	EXIT_DONE = 0,
	EXIT_CANNOT = 1, /* could not run */
	EXIT_USAGE = 2,
};

struct command {
	const char *name;
	const char *summary;
	int (*main)(int argc, char **argv); /* argv[0] is "nfcleakbpf NAME" */
};

int cmd_run(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
/* scan, clear, show, status, dump, stop; also as "nfcleakbpf scan=SECONDS" */
int cmd_verb(int argc, char **argv);

#endif /* NLB_CMD_H */
