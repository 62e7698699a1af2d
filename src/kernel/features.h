/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the running kernel offers.  Facts only: what to do with them is the
 * business of src/hooks.
 */
#ifndef NLB_FEATURES_H
#define NLB_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/settings.h"

struct btf;
struct query;

struct features {
	char release[128];     /* uname -r */
	unsigned major, minor; /* its series, to print what its kmemleak would */
	bool privileged;       /* CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN */
	bool lockdown;	       /* "confidentiality": no reading of kernel memory */
	bool btf;	       /* /sys/kernel/btf/vmlinux can be read */
	bool modules;	       /* /proc/modules exists */
	bool kprobe;	       /* perf kprobes, which vanish with their process */
	bool kprobe_multi;     /* needs FPROBE */
	bool cookie;	       /* bpf_get_attach_cookie() in kprobes (5.15) */
	int fentry;	       /* 0, or the negative errno of loading one */
	int function_fentry;   /* likewise of one that serves many functions, by cookie (5.19) */
	bool module_btf;       /* modules describe their types, too (5.11) */
	bool reattach;	       /* a trampoline takes a program that left one (5.13) */
	bool counted_misses;   /* the kernel counts programs that did not run (5.12) */
	bool whole_stacks;     /* also above a function whose return is hooked (5.16) */
	bool memory;	       /* questions can be asked, see query.h */
	bool syscall_program;  /* and are answered by programs of type syscall (5.14) */
	bool preempted;	       /* tasks, wherever they are in the kernel (full, lazy, RT) */
	bool symbols;	       /* addresses of symbols are not hidden */
	char hidden[256];      /* if they are: why, see kallsyms__why_hidden() */
	bool bpf;	       /* there is a bpf() (CONFIG_BPF_SYSCALL) */
	struct settings settings;
	struct privilege privileges[NR_PRIVILEGES]; /* this process's */
};

/* btf and q may be NULL.  Never fails: what cannot be found out is not there. */
void features__probe(struct features *f, const struct btf *btf, struct query *q);

#endif /* NLB_FEATURES_H */
