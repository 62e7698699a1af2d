// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command line of nfctraffic: one table of subcommands, their arguments
 * and their help, so that these cannot disagree.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "traffic.h"

#define DEFAULT_TIMEOUT 30 /* seconds; an emulated guest is slow */

struct args {
	const struct command *cmd;
	const char *dev;
	unsigned int number;
	unsigned int seed;
	unsigned int timeout;
	bool strand;
	bool meet;
	const char *fault;
	struct link_args link;
};

struct command {
	const char *name;
	const char *synopsis;
	const char *help;
	unsigned int min, max; /* arguments */
	int (*parse)(struct args *a, char **argv, int argc);
	int (*run)(struct traffic *t, const struct args *a);
};

static int number(const char *text, unsigned int min, unsigned int *value)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || *end || end == text || *text == '-' || n < min || n > INT_MAX) {
		fprintf(stderr, "nfctraffic: '%s' is not a number of at least %u\n", text, min);
		return -EINVAL;
	}
	*value = (unsigned int)n;

	return 0;
}

static int parse_dev(struct args *a, char **argv, int argc)
{
	if (argc)
		a->dev = argv[0];

	return 0;
}

static int parse_number(struct args *a, char **argv, int argc)
{
	if (argc > 1)
		a->dev = argv[1];

	return number(argv[0], 1, &a->number);
}

static int parse_link(struct args *a, char **argv, int argc)
{
	unsigned int size;
	int err;

	(void)argc;
	err = number(argv[0], 1, &a->link.n);
	if (!err)
		err = number(argv[1], 1, &size);
	if (!err)
		a->link.size = size;

	return err;
}

static int run_devices(struct traffic *t, const struct args *a)
{
	(void)a;
	return cmd_devices(t);
}

static int run_up(struct traffic *t, const struct args *a)
{
	return cmd_up(t, a->dev);
}

static int run_down(struct traffic *t, const struct args *a)
{
	return cmd_down(t, a->dev);
}

static int run_poll_target(struct traffic *t, const struct args *a)
{
	return cmd_poll(t, true, a->number, a->dev);
}

static int run_poll_initiator(struct traffic *t, const struct args *a)
{
	return cmd_poll(t, false, a->number, a->dev);
}

static int run_link(struct traffic *t, const struct args *a)
{
	return cmd_link(t, &a->link);
}

static int run_drops(struct traffic *t, const struct args *a)
{
	return cmd_drops(t, a->number);
}

static int run_linkloss(struct traffic *t, const struct args *a)
{
	return cmd_linkloss(t, a->number, a->strand);
}

static int run_storm(struct traffic *t, const struct args *a)
{
	return cmd_storm(t, a->number, a->meet);
}

/* A fault's name means the command's own. */
static int fault(const struct args *a, int *value)
{
	static const char *const nci[NR_NCI_FAULTS] = {
		[NCI_WELL] = "none",
		[NCI_MUTE] = "mute",
		[NCI_HALF] = "half",
		[NCI_STRAY] = "stray",
		[NCI_NO_CREDITS] = "no-credits",
		[NCI_BUSY] = "busy",
	};
	static const char *const hci[NR_HCI_FAULTS] = {
		[HCI_WELL] = "none", [HCI_MUTE] = "mute",	  [HCI_LATE] = "late",
		[HCI_HALF] = "half", [HCI_RF_ERROR] = "rf-error", [HCI_REFUSED] = "refused",
		[HCI_FAIL] = "fail", [HCI_DOWN] = "down",	  [HCI_UNPLUG] = "unplug",
	};
	static const char *const readers[NR_READER_FAULTS] = {
		[READER_WELL] = "none",
		[READER_MUTE] = "mute",
		[READER_NO_ANSWER] = "no-answer",
		[READER_NO_TAG] = "no-tag",
	};
	const char *const *names = readers;
	int n = NR_READER_FAULTS;

	if (!strcmp(a->cmd->name, "nci")) {
		names = nci;
		n = NR_NCI_FAULTS;
	} else if (!strcmp(a->cmd->name, "hci")) {
		names = hci;
		n = NR_HCI_FAULTS;
	}

	*value = 0;
	if (!a->fault)
		return 0;
	for (int i = 0; i < n; i++) {
		if (strcmp(names[i], a->fault) != 0)
			continue;
		*value = i;
		return 0;
	}
	return complain(-EINVAL, "no fault of %s is called '%s'", a->cmd->name, a->fault);
}

static int run_nci(struct traffic *t, const struct args *a)
{
	int value, err = fault(a, &value);

	return err ? err : cmd_nci(t, a->number, value);
}

static int run_hci(struct traffic *t, const struct args *a)
{
	int value, err = fault(a, &value);

	return err ? err : cmd_hci(t, a->number, value);
}

static int run_reader(struct traffic *t, const struct args *a)
{
	int value, err = fault(a, &value);

	return err ? err : cmd_reader(t, !strcmp(a->cmd->name, "port100"), a->number, value);
}

static int run_churn(struct traffic *t, const struct args *a)
{
	return cmd_churn(t, a->number);
}

static const struct command commands[] = {
	{ "devices", "", "list the NFC devices", 0, 0, parse_dev, run_devices },
	{ "up", "[DEV]", "power devices up (default: all)", 0, 1, parse_dev, run_up },
	{ "down", "[DEV]", "end what devices are doing and power them down", 0, 1, parse_dev,
	  run_down },
	{ "poll-target", "SECONDS [DEV]", "listen as NFC-DEP target (default: on the first device)",
	  1, 2, parse_number, run_poll_target },
	{ "poll-initiator", "SECONDS [DEV]", "poll as NFC-DEP initiator", 1, 2, parse_number,
	  run_poll_initiator },
	{ "link", "N SIZE [--both] [--raw-seq] [--drop EVERY] [--unread] [--window W]",
	  "N checked messages of SIZE bytes from the first device (initiator)\n"
	  "to the second (target), with --both also back",
	  2, 2, parse_link, run_link },
	{ "drops", "ROUNDS", "links on which frames get lost", 1, 1, parse_number, run_drops },
	{ "linkloss", "ROUNDS [--strand]", "links, targets and devices taken away in mid-transfer",
	  1, 1, parse_number, run_linkloss },
	{ "storm", "ROUNDS [--meet]", "start and stop polls as fast as possible", 1, 1,
	  parse_number, run_storm },
	{ "nci", "ROUNDS [--fault NAME]",
	  "exchanges with a tag at a virtual NCI controller (/dev/virtual_nci)", 1, 1, parse_number,
	  run_nci },
	{ "hci", "ROUNDS [--fault NAME]",
	  "exchanges with a tag at a virtual HCI controller (/dev/nlb_hcisim)", 1, 1, parse_number,
	  run_hci },
	{ "pn533", "ROUNDS [--fault NAME]",
	  "plug in a virtual PN533 (vhci-hcd), use it with a tag, pull it out", 1, 1, parse_number,
	  run_reader },
	{ "port100", "ROUNDS", "likewise a Port100, which polls without finding any", 1, 1,
	  parse_number, run_reader },
	{ "churn", "SECONDS", "all of the above in turn", 1, 1, parse_number, run_churn },
};

static void help(FILE *out)
{
	fputs("Usage: nfctraffic [OPTION...] COMMAND [ARGUMENT...]\n"
	      "Real traffic through the kernel's NFC stack, on virtual devices; needs root.\n"
	      "\nCommands:\n",
	      out);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		const char *text = commands[i].help;
		size_t len;

		fprintf(out, "  %s %s\n", commands[i].name, commands[i].synopsis);
		do {
			len = strcspn(text, "\n");
			fprintf(out, "        %.*s\n", (int)len, text);
			text += len + (text[len] == '\n');
		} while (*text);
	}
	fprintf(out,
		"\nOptions:\n"
		"      --both         link: messages both ways\n"
		"      --raw-seq      link: no LLCP connection; a user-space initiator on a raw\n"
		"                     SOCK_SEQPACKET socket, LLCP datagrams on the target\n"
		"      --drop EVERY   link: drop a frame every EVERY messages (each costs the\n"
		"                     link, and a new one is made, unless nfcsim recovers)\n"
		"      --unread       link: leave the messages in the socket's queue\n"
		"      --window W     link: at most W messages under way each way (default 1)\n"
		"      --strand       linkloss: at the end power the target off for good in\n"
		"                     mid-transfer; it works no more until nfcsim is reloaded\n"
		"      --meet         storm: devices in opposite modes, which may find each other;\n"
		"                     stock kernels then leak a target now and then, and may be\n"
		"                     left with a poll that cannot be stopped\n"
		"      --fault NAME   nci: mute (no answers), half (parts of answers), stray (data for\n"
		"                     no connection), no-credits (data is not taken), busy;\n"
		"                     hci: mute, late, half, rf-error, refused (an exchange is answered\n"
		"                     with an error), fail (nothing can be sent), down, unplug (the\n"
		"                     device goes in mid-exchange);\n"
		"                     pn533: mute, no-answer, no-tag\n"
		"      --seed N       of the random choices (default 1)\n"
		"      --timeout S    of every wait (default %d)\n"
		"  -v, --verbose      say on stderr what is being done\n"
		"  -h, --help         this\n"
		"\nThe last line of output is JSON. Exit status: 0 all well, 1 something failed,\n"
		"2 wrong usage, 3 a step hung in the kernel.\n",
		DEFAULT_TIMEOUT);
}

static int usage(const char *why)
{
	fprintf(stderr, "nfctraffic: %s; see nfctraffic --help\n", why);

	return 2;
}

enum {
	OPT_BOTH = 256,
	OPT_RAW,
	OPT_DROP,
	OPT_UNREAD,
	OPT_WINDOW,
	OPT_STRAND,
	OPT_MEET,
	OPT_FAULT,
	OPT_SEED,
	OPT_TIMEOUT,
};

static const struct option options[] = {
	{ "both", no_argument, NULL, OPT_BOTH },
	{ "raw-seq", no_argument, NULL, OPT_RAW },
	{ "drop", required_argument, NULL, OPT_DROP },
	{ "unread", no_argument, NULL, OPT_UNREAD },
	{ "window", required_argument, NULL, OPT_WINDOW },
	{ "strand", no_argument, NULL, OPT_STRAND },
	{ "meet", no_argument, NULL, OPT_MEET },
	{ "fault", required_argument, NULL, OPT_FAULT },
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static int parse_option(struct args *a, int opt)
{
	switch (opt) {
	case OPT_BOTH:
		a->link.both = true;
		return 0;
	case OPT_RAW:
		a->link.raw = true;
		return 0;
	case OPT_DROP:
		return number(optarg, 1, &a->link.drop);
	case OPT_UNREAD:
		a->link.unread = true;
		return 0;
	case OPT_WINDOW:
		return number(optarg, 1, &a->link.window);
	case OPT_STRAND:
		a->strand = true;
		return 0;
	case OPT_MEET:
		a->meet = true;
		return 0;
	case OPT_FAULT:
		a->fault = optarg;
		return 0;
	case OPT_SEED:
		return number(optarg, 1, &a->seed);
	case OPT_TIMEOUT:
		return number(optarg, 1, &a->timeout);
	case 'v':
		verbose = true;
		return 0;
	default:
		return -EINVAL;
	}
}

static int run(void *arg)
{
	const struct args *a = arg;
	struct traffic t = {
		.timeout = a->timeout * 1000,
		.rnd = a->seed * 2654435761u | 1,
	};
	int err;

	step(60, "opening netlink");
	err = nfc_open(&t);
	if (err)
		return err;
	err = a->cmd->run(&t, a);
	nfc_close(&t);

	return err;
}

int main(int argc, char **argv)
{
	struct args a = {
		.seed = 1,
		.timeout = DEFAULT_TIMEOUT,
		.link.window = 1,
	};
	unsigned int n;
	int opt;

	while ((opt = getopt_long(argc, argv, "vh", options, NULL)) != -1) {
		if (opt == 'h') {
			help(stdout);
			return 0;
		}
		if (parse_option(&a, opt))
			return usage("wrong option");
	}
	argc -= optind;
	argv += optind;
	if (argc < 1)
		return usage("no command");

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, argv[0]))
			a.cmd = &commands[i];
	if (!a.cmd)
		return usage("unknown command");
	n = (unsigned int)argc - 1;
	if (n < a.cmd->min || n > a.cmd->max)
		return usage("wrong number of arguments");
	if (a.cmd->parse(&a, argv + 1, argc - 1))
		return usage("wrong argument");

	return supervise(run, &a);
}
