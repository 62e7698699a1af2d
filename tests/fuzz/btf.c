// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arbitrary bytes as the types of a kernel: whatever libbpf takes for types, every
 * question that is put to them has an answer, and soon.
 *
 *   make fuzz-run
 */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/btf.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/kbtf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int silent(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "a", "b", "kfree", "module", "" };
	struct btf_header header;
	struct btf *btf;

	/* libbpf takes types at any address; no kernel has such ("Unaligned type_off"). */
	if (size < sizeof(header))
		return 0;
	memcpy(&header, data, sizeof(header));
	if ((header.hdr_len + header.type_off) % 4)
		return 0;
	libbpf_set_print(silent);
	btf = btf__new(data, (uint32_t)size);
	if (libbpf_get_error(btf))
		return 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		kbtf__has_tracepoint(btf, names[i]);
		kbtf__has_function(btf, names[i]);
		kbtf__struct_size(btf, names[i]);
		for (unsigned place = 0; place < 3; place++)
			kbtf__tracepoint_arg_is_pointer(btf, names[i], place);
		for (size_t k = 0; k < sizeof(names) / sizeof(*names); k++)
			if (kbtf__member_offset(btf, names[i], names[k]) == INT32_MIN)
				abort();
	}
	btf__free(btf);
	return 0;
}
