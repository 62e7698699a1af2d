/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mechanisms by which one hook is attached.
 */
#ifndef NLB_ATTACH_H
#define NLB_ATTACH_H

#include <stdbool.h>
#include <stdint.h>

struct bpf_link;
struct bpf_program;

enum attach_mode;

struct attachment {
	struct bpf_link *link;
	int own_prog; /* fd + 1 of a program made for one function, 0: none */
	int own_link; /* fd + 1 */
};

/* Attaches a program to what its section says.  0 or a negative errno. */
int attach__program(struct attachment *a, struct bpf_program *program);
/*
 * Attaches a program to a module's function (module NULL: one of the kernel itself); cookie comes
 * with its records, through a copy of the program where kprobes carry none.  Returns 0 or a
 * negative errno.
 */
int attach__function(struct attachment *a, enum attach_mode mode, struct bpf_program *program,
		     uint64_t addr, const char *module, const char *name, uint64_t cookie,
		     bool at_return, bool copy);
/* May wait for RCU grace periods.  Nothing attached is fine. */
void attach__detach(struct attachment *a);

/* How often a program did not run because it was running already; 0 where none has this number. */
uint64_t attach__program_misses(int fd);

/* What an attach error means to a user. */
const char *attach__error(int err, enum attach_mode mode);

#endif /* NLB_ATTACH_H */
