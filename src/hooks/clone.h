/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kprobes on kernels whose kprobes carry no cookie (before 5.15): each hook gets a
 * copy of the program that has its cookie written into it.
 */
#ifndef NLB_CLONE_H
#define NLB_CLONE_H

#include <stdbool.h>
#include <stdint.h>

struct bpf_program;

/*
 * Loads a copy of template (a loaded kprobe program) for one hook and attaches it at
 * addr.  What is attached goes with the two descriptors, also on SIGKILL.  Returns 0 or a
 * negative errno.
 */
int clone__attach_kprobe(const struct bpf_program *template, uint64_t addr, uint64_t cookie,
			 bool at_return, int *prog_fd, int *event_fd);

struct bpf_insn;

/*
 * Writes the cookie into a copy of a program's instructions.  Returns the places
 * where it went, which are none in a program that asks the kernel for its cookie.
 */
unsigned clone__write_cookie(struct bpf_insn *insns, unsigned count, uint64_t cookie);

#endif /* NLB_CLONE_H */
