/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Questions to the running kernel's BTF (struct btf is libbpf's).
 */
#ifndef NLB_KBTF_H
#define NLB_KBTF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct btf;

/* Is there a tracepoint of that name that tp_btf and raw_tp can attach to? */
bool kbtf__has_tracepoint(const struct btf *btf, const char *name);
/* Is there a function of that name that fentry can attach to? */
bool kbtf__has_function(const struct btf *btf, const char *name);
/*
 * Is the place-th argument (from 0) of a tracepoint a pointer?  Negative
 * errno where there is no such tracepoint or argument.
 */
int kbtf__tracepoint_arg_is_pointer(const struct btf *btf, const char *name, unsigned place);
/* Bytes of a struct, or 0. */
uint32_t kbtf__struct_size(const struct btf *btf, const char *name);
/*
 * Byte offset of a member, also of one in an anonymous struct or union
 * inside; -ENOENT where there is none.
 */
int kbtf__member_offset(const struct btf *btf, const char *type, const char *member);

#endif /* NLB_KBTF_H */
