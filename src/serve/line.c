// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests and status lines are printable ASCII: anything else is an error at
 * once, so that no byte of a request can do anything to a log or a terminal.
 */
#include "serve/line.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/duration.h"

static bool printable(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	return true;
}

int line__parse(const char *text, size_t len, struct line *out)
{
	size_t verb = 0, start;

	memset(out, 0, sizeof(*out));
	if (len && text[len - 1] == '\r')
		len--;
	if (len > LINE_MAX_BYTES || !printable(text, len))
		return -EINVAL;
	while (len && text[len - 1] == ' ')
		len--;
	while (verb < len && text[verb] >= 'a' && text[verb] <= 'z')
		verb++;
	if (!verb || verb >= sizeof(out->verb))
		return -EINVAL;
	start = verb;
	if (start < len && text[start] == '=') {
		start++;
		if (start == len)
			return -EINVAL;
	} else if (start < len && text[start] != ' ') {
		return -EINVAL;
	}
	while (start < len && text[start] == ' ')
		start++;
	memcpy(out->verb, text, verb);
	memcpy(out->argument, text + start, len - start);
	return 0;
}

int line__scan(const char *argument, struct scan_order *out)
{
	*out = (struct scan_order){ SCAN_NOW, 0 };
	if (!*argument)
		return 0;
	if (!strcmp(argument, "on")) {
		out->what = SCAN_ON;
		return 0;
	}
	if (!strcmp(argument, "off")) {
		out->what = SCAN_OFF;
		return 0;
	}
	if (duration__parse(argument, &out->interval_ns))
		return -EINVAL;
	out->what = out->interval_ns ? SCAN_EVERY : SCAN_OFF;
	return out->interval_ns && out->interval_ns < 1000000000 ? -EINVAL : 0;
}

int line__address(const char *argument, uint64_t *addr)
{
	bool prefix = argument[0] == '0' && (argument[1] == 'x' || argument[1] == 'X');
	const char *digits = prefix ? argument + 2 : argument;
	size_t n = strlen(digits);

	*addr = 0;
	if (!n || n > 16 || (!prefix && n != 16))
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		if (!isxdigit((unsigned char)digits[i]))
			return -EINVAL;
	*addr = strtoull(digits, NULL, 16);
	return 0;
}

int line__json(const char *argument, bool *json)
{
	*json = !strcmp(argument, "json");
	return *json || !*argument ? 0 : -EINVAL;
}

static bool starts_with(const char *text, size_t len, const char *word, const char **rest)
{
	size_t n = strlen(word);

	if (len < n || memcmp(text, word, n) != 0)
		return false;
	*rest = text + n;
	return true;
}

static int copy_text(struct status_line *out, const char *text, size_t len)
{
	if (len >= sizeof(out->text))
		return -EINVAL;
	memcpy(out->text, text, len);
	out->text[len] = '\0';
	return 0;
}

int line__status(const char *text, size_t len, struct status_line *out)
{
	const char *rest, *end = text + len;
	unsigned digits = 0;

	memset(out, 0, sizeof(*out));
	if (!printable(text, len))
		return -EINVAL;
	if (starts_with(text, len, "later", &rest)) {
		out->what = STATUS_LATER;
		return rest == end ? 0 : -EINVAL;
	}
	if (starts_with(text, len, "error ", &rest)) {
		out->what = STATUS_ERROR;
		return copy_text(out, rest, (size_t)(end - rest));
	}
	if (!starts_with(text, len, "ok ", &rest))
		return -EINVAL;
	out->what = STATUS_OK;
	for (; rest < end && isdigit((unsigned char)*rest) && digits < 18; rest++, digits++)
		out->length = out->length * 10 + (uint64_t)(*rest - '0');
	if (!digits || (rest < end && *rest != ' '))
		return -EINVAL;
	if (rest < end)
		rest++;
	return copy_text(out, rest, (size_t)(end - rest));
}
