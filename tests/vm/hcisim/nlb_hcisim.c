// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for an HCI controller that is no chip but a process: to hci.ko what
 * virtual_ncidev is to nci.ko, which no kernel has.  Who opens the device file
 * plugs a controller in, and pulls it out by closing it; what the stack sends is
 * read from the file and what it is to receive is written to it, a frame of HCP
 * at a time.  Nothing here knows the protocol.
 *
 * A frame is received in a work item: a driver has an interrupt's thread there,
 * which is nobody's system call either.
 */
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>
#include <net/nfc/hci.h>
#include <net/nfc/llc.h>

#include "nlb_hcisim.h"

struct hcisim {
	struct nfc_hci_dev *hdev;
	struct sk_buff_head sent; /* by the stack, until it is read */
	wait_queue_head_t readable;
	atomic_t refuse;

	struct mutex writing; /* one frame at a time */
	struct work_struct receive;
	size_t len;
	u8 frame[HCISIM_FRAME];
};

static void hcisim_close(struct nfc_hci_dev *hdev)
{
	struct hcisim *sim = nfc_hci_get_clientdata(hdev);

	skb_queue_purge(&sim->sent);
}

static int hcisim_xmit(struct nfc_hci_dev *hdev, struct sk_buff *skb)
{
	struct hcisim *sim = nfc_hci_get_clientdata(hdev);

	if (atomic_add_unless(&sim->refuse, -1, 0))
		return -EIO; /* the skb is still the stack's */
	skb_queue_tail(&sim->sent, skb);
	wake_up_interruptible(&sim->readable);
	return 0;
}

/* Not const: before 5.15 it was not taken so. */
static struct nfc_hci_ops hcisim_ops = {
	.close = hcisim_close,
	.xmit = hcisim_xmit,
};

static void hcisim_receive(struct work_struct *work)
{
	struct hcisim *sim = container_of(work, struct hcisim, receive);
	struct sk_buff *skb = alloc_skb(sim->len, GFP_KERNEL);

	if (!skb)
		return;
	skb_put_data(skb, sim->frame, sim->len);
	nfc_hci_recv_frame(sim->hdev, skb);
}

static ssize_t hcisim_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	struct hcisim *sim = file->private_data;
	ssize_t ret = count;

	if (!count || count > sizeof(sim->frame))
		return -EMSGSIZE;
	mutex_lock(&sim->writing);
	if (copy_from_user(sim->frame, buf, count)) {
		ret = -EFAULT;
	} else {
		sim->len = count;
		schedule_work(&sim->receive);
		flush_work(&sim->receive);
	}
	mutex_unlock(&sim->writing);
	return ret;
}

static ssize_t hcisim_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	struct hcisim *sim = file->private_data;
	struct sk_buff *skb;
	ssize_t ret;

	while (!(skb = skb_dequeue(&sim->sent))) {
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(sim->readable, !skb_queue_empty(&sim->sent)))
			return -ERESTARTSYS;
	}
	ret = min_t(size_t, count, skb->len);
	if (copy_to_user(buf, skb->data, ret))
		ret = -EFAULT;
	consume_skb(skb);
	return ret;
}

static __poll_t hcisim_poll(struct file *file, poll_table *table)
{
	struct hcisim *sim = file->private_data;

	poll_wait(file, &sim->readable, table);
	return EPOLLOUT | (skb_queue_empty(&sim->sent) ? 0 : EPOLLIN);
}

static long hcisim_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct hcisim *sim = file->private_data;

	switch (cmd) {
	case HCISIM_INDEX:
		return put_user(sim->hdev->ndev->idx, (int __user *)arg);
	case HCISIM_REFUSE:
		atomic_set(&sim->refuse, arg);
		return 0;
	default:
		return -ENOTTY;
	}
}

static int hcisim_open(struct inode *inode, struct file *file)
{
	struct nfc_hci_init_data init = {
		.gate_count = 3,
		.gates = {
			{ NFC_HCI_ADMIN_GATE, NFC_HCI_INVALID_PIPE },
			{ NFC_HCI_ID_MGMT_GATE, NFC_HCI_INVALID_PIPE },
			{ NFC_HCI_RF_READER_A_GATE, NFC_HCI_INVALID_PIPE },
		},
		.session_id = "NLBHCI01",
	};
	struct hcisim *sim = kzalloc(sizeof(*sim), GFP_KERNEL);
	int err = -ENOMEM;

	if (!sim)
		return err;
	skb_queue_head_init(&sim->sent);
	init_waitqueue_head(&sim->readable);
	mutex_init(&sim->writing);
	INIT_WORK(&sim->receive, hcisim_receive);
	sim->hdev = nfc_hci_allocate_device(&hcisim_ops, &init, 0,
					    NFC_PROTO_ISO14443_MASK | NFC_PROTO_MIFARE_MASK,
					    LLC_NOP_NAME, 0, 0, HCISIM_FRAME);
	if (!sim->hdev)
		goto out;
	nfc_hci_set_clientdata(sim->hdev, sim);
	file->private_data = sim;
	err = nfc_hci_register_device(sim->hdev);
	if (!err)
		return 0;
	nfc_hci_free_device(sim->hdev);
out:
	kfree(sim);
	return err;
}

static int hcisim_release(struct inode *inode, struct file *file)
{
	struct hcisim *sim = file->private_data;

	nfc_hci_unregister_device(sim->hdev);
	nfc_hci_free_device(sim->hdev);
	skb_queue_purge(&sim->sent);
	kfree(sim);
	return 0;
}

static const struct file_operations hcisim_fops = {
	.owner = THIS_MODULE,
	.open = hcisim_open,
	.release = hcisim_release,
	.read = hcisim_read,
	.write = hcisim_write,
	.poll = hcisim_poll,
	.unlocked_ioctl = hcisim_ioctl,
};

static struct miscdevice hcisim_file = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = HCISIM_NAME,
	.fops = &hcisim_fops,
	.mode = 0600,
};

module_misc_device(hcisim_file);
MODULE_DESCRIPTION("an HCI controller in user space");
MODULE_LICENSE("GPL");
