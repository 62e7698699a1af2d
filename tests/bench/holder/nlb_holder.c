// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module that holds as many allocations as it is told to, so that the cost of live allocations
 * can be measured up to numbers that no NFC device reaches, and come and go at moments that no
 * traffic chooses.  It counts as one of the NFC stack's modules, since it needs a symbol of it.
 *
 *   echo 1000 >/sys/module/nlb_holder/parameters/live
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <net/nfc/nfc.h>

static void (*const of_the_stack)(struct nfc_dev *dev) __used = nfc_unregister_device;
static void **held;
static unsigned long live;

static int set_live(const char *text, const struct kernel_param *kp)
{
	unsigned long wanted, i;
	void **list;
	int err = kstrtoul(text, 0, &wanted);

	if (err)
		return err;
	while (live > wanted) {
		kfree(held[--live]);
		if (!(live % 1024))
			cond_resched();
	}
	list = kvmalloc_array(wanted ?: 1, sizeof(*list), GFP_KERNEL);
	if (!list)
		return -ENOMEM;
	for (i = 0; i < live; i++)
		list[i] = held[i];
	kvfree(held);
	held = list;
	while (live < wanted) {
		held[live] = kmalloc(32, GFP_KERNEL);
		if (!held[live])
			return -ENOMEM;
		if (!(++live % 1024))
			cond_resched();
	}
	return 0;
}

static const struct kernel_param_ops live_ops = {
	.set = set_live,
	.get = param_get_ulong,
};
module_param_cb(live, &live_ops, &live, 0600);

static int __init holder_init(void)
{
	return 0;
}

static void __exit holder_exit(void)
{
	while (live)
		kfree(held[--live]);
	kvfree(held);
}

module_init(holder_init);
module_exit(holder_exit);
MODULE_DESCRIPTION("holds allocations");
MODULE_LICENSE("GPL");
