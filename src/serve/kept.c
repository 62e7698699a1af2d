// SPDX-License-Identifier: GPL-2.0-only
/*
 * A table by the allocation's sequence number, which is never used again, as
 * addresses are.
 */
#include "serve/kept.h"

#include <errno.h>
#include <stdlib.h>

#include "util/table.h"

struct kept {
	struct table findings;
	size_t nr_cleared;
};

struct kept *kept__new(void)
{
	return calloc(1, sizeof(struct kept));
}

void kept__free(struct kept *k)
{
	struct kept_finding *f;
	size_t i = 0;

	if (!k)
		return;
	while ((f = table__next(&k->findings, &i)))
		free(f);
	table__free(&k->findings);
	free(k);
}

int kept__add(struct kept *k, const struct kept_finding *f)
{
	struct kept_finding *mine = malloc(sizeof(*mine));

	if (!mine)
		return -ENOMEM;
	*mine = *f;
	kept__remove(k, f->id);
	if (table__set(&k->findings, f->id, mine)) {
		free(mine);
		return -ENOMEM;
	}
	k->nr_cleared += mine->cleared;
	return 0;
}

const struct kept_finding *kept__get(const struct kept *k, uint64_t id)
{
	return table__get(&k->findings, id);
}

void kept__remove(struct kept *k, uint64_t id)
{
	struct kept_finding *f = table__remove(&k->findings, id);

	if (f)
		k->nr_cleared -= f->cleared;
	free(f);
}

int kept__clear(struct kept *k, uint64_t id)
{
	struct kept_finding *f = table__get(&k->findings, id);

	if (!f)
		return kept__add(k, &(struct kept_finding){ .id = id, .cleared = true });
	k->nr_cleared += !f->cleared;
	f->cleared = true;
	return 0;
}

bool kept__cleared(const struct kept *k, uint64_t id)
{
	const struct kept_finding *f = table__get(&k->findings, id);

	return f && f->cleared;
}

size_t kept__nr_cleared(const struct kept *k)
{
	return k->nr_cleared;
}
