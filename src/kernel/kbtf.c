// SPDX-License-Identifier: GPL-2.0-only
/*
 * Questions to BTF.
 */
#include "kernel/kbtf.h"

#include <bpf/btf.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#define MAX_STEPS   32
#define MAX_MEMBERS 10000 /* to look at for one question */

static const struct btf_type *tracepoint_proto(const struct btf *btf, const char *name)
{
	char typedef_name[128];
	const struct btf_type *t;
	int id;

	/* include/trace/bpf_probe.h declares this for every tracepoint. */
	snprintf(typedef_name, sizeof(typedef_name), "btf_trace_%s", name);
	id = btf__find_by_name_kind(btf, typedef_name, BTF_KIND_TYPEDEF);
	if (id < 0)
		return NULL;
	t = btf__type_by_id(btf, btf__type_by_id(btf, (__u32)id)->type);
	if (!t || !btf_is_ptr(t))
		return NULL;
	t = btf__type_by_id(btf, t->type);
	return t && btf_is_func_proto(t) ? t : NULL;
}

bool kbtf__has_tracepoint(const struct btf *btf, const char *name)
{
	return tracepoint_proto(btf, name);
}

bool kbtf__has_function(const struct btf *btf, const char *name)
{
	return btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) > 0;
}

int kbtf__tracepoint_arg_is_pointer(const struct btf *btf, const char *name, unsigned place)
{
	const struct btf_type *proto = tracepoint_proto(btf, name), *t;
	__u32 id;

	/* The first parameter is the tracepoint's own data. */
	if (!proto || btf_vlen(proto) <= place + 1)
		return -ENOENT;
	id = btf_params(proto)[place + 1].type;
	t = btf__type_by_id(btf, id);
	/* Types that go round in a circle are no kernel's. */
	for (int i = 0; i < MAX_STEPS && t && (btf_is_typedef(t) || btf_is_mod(t)); i++)
		t = btf__type_by_id(btf, t->type);
	return t && btf_is_ptr(t);
}

uint32_t kbtf__struct_size(const struct btf *btf, const char *name)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT);

	return id < 0 ? 0 : btf__type_by_id(btf, (__u32)id)->size;
}

static int member_offset(const struct btf *btf, const struct btf_type *t, const char *member,
			 int depth, int *left)
{
	const struct btf_member *m = btf_members(t);

	for (__u32 i = 0; i < btf_vlen(t) && --*left > 0; i++, m++) {
		const char *name = btf__name_by_offset(btf, m->name_off);
		int base = (int)(btf_member_bit_offset(t, i) / 8);
		const struct btf_type *inner;
		int offset;

		if (name && *name) {
			if (!__builtin_strcmp(name, member))
				return base;
			continue;
		}
		inner = btf__type_by_id(btf, m->type);
		if (!inner || !btf_is_composite(inner) || depth > 8)
			continue;
		offset = member_offset(btf, inner, member, depth + 1, left);
		if (offset >= 0)
			return offset <= INT_MAX - base ? base + offset : -ERANGE;
	}
	return -ENOENT;
}

int kbtf__member_offset(const struct btf *btf, const char *type, const char *member)
{
	int id = btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT), left = MAX_MEMBERS;

	return id < 0 ? -ENOENT
		      : member_offset(btf, btf__type_by_id(btf, (__u32)id), member, 0, &left);
}
