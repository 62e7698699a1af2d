/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tracer must know of a part of the NFC stack: one table each.
 *
 * Adding a subsystem is adding a table to subsystems[]: which function submits
 * a command and which of its arguments is what, who completes one, who runs
 * callbacks, and through which functions a task enters.  Callbacks are not
 * listed: they are learned from what is submitted.  Work items are not listed
 * either: every work function of a traced module is a frame.
 */
#ifndef NLB_SUBSYSTEM_H
#define NLB_SUBSYSTEM_H

#include <stddef.h>
#include <stdint.h>

enum hook_role {
	HOOK_FRAME,    /* a task enters the stack here: entry and return */
	HOOK_SUBMIT,   /* queues a command: entry and return */
	HOOK_COMPLETE, /* the driver hands a response to the command: entry */
	HOOK_CALLBACK, /* learned: entry */
};

#define NO_ARG (-1)

struct hooked_function {
	const char *name;
	enum hook_role role;
	const char *lost; /* what is not known when it cannot be hooked */
};

struct subsystem {
	const char *name;
	const char *module;
	const struct hooked_function *functions; /* ends with a NULL name */
	const char *device_up; /* the one of them by which every device comes up, or NULL */

	/* Run a command's callback, then free the command. */
	const char *const *dispatchers;
	/* The stack's own allocators: the blame goes to their caller. */
	const char *const *wrappers;
	const char *const *command_types; /* by number */

	/* Places among the arguments, from 0, or NO_ARG. */
	struct {
		int8_t device, type, request, params, timeout, callback, argument;
	} submit;
	struct {
		int8_t device, command, response;
	} complete;
	struct {
		int8_t device, argument, response;
	} callback;
};

/* Ends with NULL. */
extern const struct subsystem *const subsystems[];

extern const struct subsystem subsystem_nfc;
extern const struct subsystem subsystem_digital;

#endif /* NLB_SUBSYSTEM_H */
