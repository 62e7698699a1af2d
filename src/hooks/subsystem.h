/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tracer must know of a part of the NFC stack: one table each.
 *
 * Adding a subsystem is adding a table to subsystems[]: which function submits
 * a command and which of its arguments is what, who completes one, who runs
 * callbacks, and through which functions a task enters.  Callbacks need not be
 * listed: they are learned from what is submitted, too late for their first
 * response.  Work items are not listed either: every work function of a traced
 * module is a frame.
 *
 * A command is known by its object, which the submitting function allocates and
 * a dispatcher frees; or, where there is none, by its handle: something that has
 * one command at a time (an NCI device), named by HOOK_HANDLE.
 */
#ifndef NLB_SUBSYSTEM_H
#define NLB_SUBSYSTEM_H

#include <stddef.h>
#include <stdint.h>

enum hook_role {
	HOOK_FRAME,    /* a task enters the stack here: entry and return */
	HOOK_SUBMIT,   /* queues a command: entry and return */
	HOOK_COMPLETE, /* the driver hands a response to the command: entry */
	HOOK_CALLBACK, /* learned, or listed so that its first run is seen: entry */
	HOOK_HANDLE,   /* called by the submitting function: gives the command its handle */
	HOOK_DISPATCH, /* runs the callback of a handle's command: entry and return */
	HOOK_ABORT,    /* after it a handle has no command any more: entry and return */
	NR_HOOK_ROLES,
};

struct builtin_part;

#define NO_ARG 0

/* Places among a function's arguments, from 1, or NO_ARG. */
struct arguments {
	int8_t device;
	int8_t type, request, params, timeout, callback, argument; /* of what submits */
	int8_t command;						   /* its object or its handle */
	int8_t response;					   /* also a callback's */
};

struct hooked_function {
	const char *name;
	enum hook_role role;
	const char *lost; /* what is not known when it cannot be hooked */
	/* Where they differ from those of the table's other functions of this role. */
	const struct arguments *arguments;
};

struct subsystem {
	const char *name;
	const char *module;
	const char *needs; /* the module of another table that this one stands on, or NULL */
	/* How the names of its functions and variables begin, leading underscores aside: by
	 * them it is found where it is built into the kernel.
	 */
	const char *const *prefixes;
	const struct hooked_function *functions; /* ends with a NULL name */
	const char *device_up; /* the one of them by which every device comes up, or NULL */

	/* Run a command's callback, then free the command; NULL: there is no object. */
	const char *const *dispatchers;
	/* The stack's own allocators: the blame goes to their caller; or NULL. */
	const char *const *wrappers;
	const char *const *command_types; /* by number, NULL for those that are none */
	size_t nr_command_types;
	/* Of commands that do not bring their own; 0: not known, never overdue. */
	uint32_t timeout_ms;

	/* By role.  A callback without a device is told by its argument alone. */
	struct arguments arguments[NR_HOOK_ROLES];
};

/* Ends with NULL. */
extern const struct subsystem *const subsystems[];

extern const struct subsystem subsystem_nfc;
extern const struct subsystem subsystem_digital;
extern const struct subsystem subsystem_nci;
extern const struct subsystem subsystem_hci;
extern const struct subsystem subsystem_pn533;
extern const struct subsystem subsystem_pn533_usb;
extern const struct subsystem subsystem_port100;
extern const struct subsystem subsystem_virtual_nci;
extern const struct subsystem subsystem_nfcsim;

/* What to look for in a kernel that NFC is built into (kernel/builtin.h). */
const struct builtin_part *subsystem__parts(void);

#endif /* NLB_SUBSYSTEM_H */
