/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A look at a suspect in memory, before anything is said about it.
 */
#ifndef NLB_LOOK_H
#define NLB_LOOK_H

#include "ledger/ledger.h"
#include "kernel/query.h"

struct btf;
struct slabs;

/* Where things are in this kernel's structures; -1: not known. */
struct layout {
	int skb_next;
	int skb_users;
	int skb_data;
	int sock_flags;
	uint32_t skb_size;	   /* struct sk_buff */
	uint32_t shared_info_size; /* struct skb_shared_info */
	int skb_head;
};

/* btf may be NULL. */
void layout__read(struct layout *layout, const struct btf *btf);

/*
 * A glance at the object itself: whether it is free, and of an skb whether it
 * is on a queue or has another user.  q and slabs may be NULL.
 */
enum verdict look__at(struct query *q, struct slabs *slabs, const struct layout *layout,
		      const struct allocation *a);

/* Has its file been closed (sock_orphan(): SOCK_DEAD)?  false where it cannot be read. */
bool look__orphaned(struct query *q, const struct layout *layout, const struct allocation *sock);

/*
 * The first bytes of an allocation, at most len: of an skb those at its data
 * pointer.  Returns how many, or a negative errno.
 */
int look__bytes(struct query *q, const struct layout *layout, const struct allocation *a,
		unsigned char *buf, size_t len);

/*
 * The name of the NFC device that a subsystem's device structure belongs to
 * ("nfc0").  It is found without the modules' types: a word of struct nfc_dev (the
 * kobject of its struct device) points to the name, and one of the first words of
 * struct nfc_digital_dev, struct pn533 and struct nfc_hci_dev to the nfc_dev; the
 * first of struct port100 to the nfc_digital_dev.  Returns 0 or a negative errno.
 */
int look__device_name(struct query *q, uint64_t device, char *name, size_t size);

#endif /* NLB_LOOK_H */
