/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Texts in JSON, wherever a report has them.
 */
#ifndef NLB_JSON_TEXT_H
#define NLB_JSON_TEXT_H

#include <jansson.h>

/*
 * Null for NULL.  A text that is no UTF-8 is made printable: neither a line nor a place
 * in a list is lost by it.
 */
json_t *json_text(const char *text);

#endif /* NLB_JSON_TEXT_H */
