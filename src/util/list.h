/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lists that grow by one and never shrink.
 */
#ifndef NLB_LIST_H
#define NLB_LIST_H

#include <stdlib.h>

#define LIST_ROOM 16 /* to begin with; from then on it doubles */

/*
 * Room for one more in a list of count things of this size.  NULL: there is no
 * memory for it, and the list is as it was.
 */
static inline void *list__room(void *list, size_t count, size_t size)
{
	if (count && (count < LIST_ROOM || (count & (count - 1))))
		return list;
	return reallocarray(list, count ? count * 2 : LIST_ROOM, size);
}

#endif /* NLB_LIST_H */
