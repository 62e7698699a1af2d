// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one object itself tells.
 */
#include "scan/look.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel/kbtf.h"
#include "scan/slab.h"

#define DEVICE_WORDS  8	 /* of the subsystem's device structure */
#define NFC_DEV_WORDS 24 /* of struct nfc_dev: its struct device comes early */
#define NAME_LEN      16

void layout__read(struct layout *layout, const struct btf *btf)
{
	*layout = (struct layout){ -1, -1, -1, -1, 0, 0, -1 };
	if (!btf)
		return;
	layout->skb_next = kbtf__member_offset(btf, "sk_buff", "next");
	layout->skb_users = kbtf__member_offset(btf, "sk_buff", "users");
	layout->skb_data = kbtf__member_offset(btf, "sk_buff", "data");
	layout->skb_head = kbtf__member_offset(btf, "sk_buff", "head");
	layout->sock_flags = kbtf__member_offset(btf, "sock_common", "skc_flags");
	layout->skb_size = kbtf__struct_size(btf, "sk_buff");
	layout->shared_info_size = kbtf__struct_size(btf, "skb_shared_info");
}

enum verdict look__at(struct query *q, struct slabs *slabs, const struct layout *layout,
		      const struct allocation *a)
{
	uint64_t next = 0;
	uint32_t users = 1;

	if (slabs__state(slabs, a->addr) == SLAB_FREE)
		return VERDICT_FREE;
	if (!a->skb || layout->skb_next < 0 || layout->skb_users < 0)
		return VERDICT_UNREADABLE;
	if (query__read(q, a->addr + (uint64_t)layout->skb_next, &next, sizeof(next)) ||
	    query__read(q, a->addr + (uint64_t)layout->skb_users, &users, sizeof(users)))
		return VERDICT_UNREADABLE;
	return next || users > 1 ? VERDICT_REFERENCED : VERDICT_UNREFERENCED;
}

bool look__orphaned(struct query *q, const struct layout *layout, const struct allocation *sock)
{
	const unsigned sock_dead = 0; /* enum sock_flags, include/net/sock.h */
	unsigned long flags;

	if (layout->sock_flags < 0 ||
	    query__read(q, sock->addr + (uint64_t)layout->sock_flags, &flags, sizeof(flags)))
		return false;
	return flags >> sock_dead & 1;
}

int look__bytes(struct query *q, const struct layout *layout, const struct allocation *a,
		unsigned char *buf, size_t len)
{
	uint64_t addr = a->addr;
	int err;

	if (a->skb) {
		if (layout->skb_data < 0)
			return -ENOENT;
		err = query__read(q, addr + (uint64_t)layout->skb_data, &addr, sizeof(addr));
		if (err)
			return err;
	} else if (a->size < len) {
		len = a->size;
	}
	err = query__read(q, addr, buf, (uint16_t)len);
	return err ? err : (int)len;
}

static bool device_name(const char *s)
{
	if (strncmp(s, "nfc", 3) != 0 || !isdigit((unsigned char)s[3]))
		return false;
	for (s += 3; isdigit((unsigned char)*s); s++)
		;
	return !*s;
}

/* Is one of these words of a struct nfc_dev the name of the device?  -ENOENT if not. */
static int name_among(struct query *q, const uint64_t *words, char *name, size_t size)
{
	char found[NFC_DEV_WORDS][NAME_LEN] = { 0 };
	struct memory_piece pieces[NFC_DEV_WORDS];
	int err;

	for (size_t i = 0; i < NFC_DEV_WORDS; i++)
		pieces[i] = (struct memory_piece){ words[i], found[i], NAME_LEN - 1, 0 };
	err = query__read_all(q, pieces, NFC_DEV_WORDS);
	if (err)
		return err;
	for (size_t i = 0; i < NFC_DEV_WORDS; i++) {
		found[i][NAME_LEN - 1] = '\0';
		if (pieces[i].err || !device_name(found[i]))
			continue;
		snprintf(name, size, "%s", found[i]);
		return 0;
	}
	return -ENOENT;
}

/* Likewise of what one of the first words of this structure points to. */
static int name_below(struct query *q, uint64_t device, char *name, size_t size)
{
	uint64_t words[DEVICE_WORDS], inner[NFC_DEV_WORDS];
	int err = query__read(q, device, words, sizeof(words));

	if (err)
		return err;
	err = -ENOENT;
	for (size_t i = 0; err == -ENOENT && i < DEVICE_WORDS; i++)
		if (!query__read(q, words[i], inner, sizeof(inner)))
			err = name_among(q, inner, name, size);
	return err;
}

int look__device_name(struct query *q, uint64_t device, char *name, size_t size)
{
	uint64_t words[NFC_DEV_WORDS];
	int err;

	err = query__read(q, device, words, sizeof(words));
	if (err)
		return err;
	err = name_among(q, words, name, size);
	if (err == -ENOENT)
		err = name_below(q, device, name, size);
	if (err == -ENOENT)
		err = name_below(q, words[0], name, size);
	return err;
}
