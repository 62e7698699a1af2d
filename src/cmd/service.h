/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a run is to the machine that it serves on: metrics for who collects them,
 * and to systemd a service that says when it is ready, how it is doing, and that it
 * is alive.
 */
#ifndef NLB_SERVICE_H
#define NLB_SERVICE_H

#include <stdint.h>

#include "cmd/control.h"
#include "serve/http.h"

struct service;

/*
 * Listens where metrics are wanted (len 0: nowhere), and looks whether systemd
 * started us.  To be called before anything is attached: what is wrong is said here.
 * Returns 0 or a negative errno.
 */
int service__new(struct service **out, const struct http_address *metrics);
void service__free(struct service *s);

/* To be watched for reading; -1: nothing is. */
int service__fd(const struct service *s);
/* When the fd is readable, and several times a second. */
void service__work(struct service *s, uint64_t now);

/* It traces, or waits for a module.  subject remains the caller's. */
void service__ready(struct service *s, struct control_subject *subject);
/* It is about to end. */
void service__ending(struct service *s);

#endif /* NLB_SERVICE_H */
