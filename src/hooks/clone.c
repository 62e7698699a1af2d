// SPDX-License-Identifier: GPL-2.0-only
/*
 * A kprobe as perf has had it since 4.17: an event made for one address, to which a
 * program is given by ioctl.  libbpf does the same, but only for the programs that it
 * has loaded itself.
 */
#include "hooks/clone.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "events.h"

#define KPROBE_PMU "/sys/bus/event_source/devices/kprobe/"

unsigned clone__write_cookie(struct bpf_insn *insns, unsigned count, uint64_t cookie)
{
	const uint8_t load = BPF_LD | BPF_IMM | BPF_DW;
	unsigned places = 0;

	/* A 64-bit constant takes two instructions. */
	for (unsigned i = 0; i + 1 < count; i++) {
		if (insns[i].code != load)
			continue;
		if (!insns[i].src_reg && (uint32_t)insns[i].imm == (uint32_t)NLB_COOKIE_PLACE &&
		    (uint32_t)insns[i + 1].imm == (uint32_t)(NLB_COOKIE_PLACE >> 32)) {
			insns[i].imm = (int32_t)cookie;
			insns[i + 1].imm = (int32_t)(cookie >> 32);
			places++;
		}
		i++;
	}
	return places;
}

static int load_copy(const struct bpf_program *template, uint64_t cookie)
{
	const struct bpf_insn *insns = bpf_program__insns(template);
	size_t count = bpf_program__insn_cnt(template);
	struct bpf_insn *copy = calloc(count + 1, sizeof(*copy));
	int fd;

	if (!copy)
		return -ENOMEM;
	memcpy(copy, insns, count * sizeof(*copy));
	/* A program without its cookie tells nobody what it saw. */
	fd = clone__write_cookie(copy, (unsigned)count, cookie)
		     ? bpf_prog_load(BPF_PROG_TYPE_KPROBE, bpf_program__name(template), "GPL", copy,
				     count, NULL)
		     : -EINVAL;
	free(copy);
	return fd;
}

/* A number in a file, behind this text. */
static int read_number(const char *path, const char *text)
{
	FILE *f = fopen(path, "re");
	char line[64] = "";
	int number = f && fgets(line, sizeof(line), f) && !strncmp(line, text, strlen(text))
			     ? (int)strtol(line + strlen(text), NULL, 10)
			     : -ENOENT;

	if (f)
		fclose(f);
	return number;
}

static int open_event(uint64_t addr, bool at_return)
{
	struct perf_event_attr attr = { .size = sizeof(attr), .config2 = addr };
	int type = read_number(KPROBE_PMU "type", "");
	int bit = read_number(KPROBE_PMU "format/retprobe", "config:");
	long fd;

	if (type < 0 || bit < 0)
		return -ENOENT;
	attr.type = (uint32_t)type;
	attr.config = at_return ? 1ULL << bit : 0;
	fd = syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : (int)fd;
}

int clone__attach_kprobe(const struct bpf_program *template, uint64_t addr, uint64_t cookie,
			 bool at_return, int *prog_fd, int *event_fd)
{
	int prog = load_copy(template, cookie), event = -1, err = prog;

	if (err >= 0)
		err = event = open_event(addr, at_return);
	if (err >= 0 &&
	    (ioctl(event, PERF_EVENT_IOC_SET_BPF, prog) || ioctl(event, PERF_EVENT_IOC_ENABLE, 0)))
		err = -errno;
	if (err < 0) {
		if (event >= 0)
			close(event);
		if (prog >= 0)
			close(prog);
		return err;
	}
	*prog_fd = prog;
	*event_fd = event;
	return 0;
}
