// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looks for one of NFC's functions outside of all modules.
 */
#include "kernel/builtin.h"

#include <stdint.h>
#include <string.h>

#include "kernel/query.h"

bool builtin__says(const struct symbol *symbol)
{
	return symbol && !symbol->offset && !*symbol->module && !strcmp(symbol->name, NFC_FUNCTION);
}

bool builtin__nfc(struct query *q)
{
	struct symbol symbol;
	uint64_t addr = 0;

	/* The kernel may answer with a module's, too. */
	if (!q || query__find(q, NULL, NFC_FUNCTION, &addr) || !addr ||
	    query__resolve(q, &addr, 1, &symbol))
		return builtin__says(NULL);
	return builtin__says(&symbol);
}
