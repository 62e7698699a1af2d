// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading suppressions, and matching them with findings.
 *
 * A list may be long and its author careless or worse: every line is looked at
 * once, a match costs no more than the name's length times the pattern's, and
 * what could never match is refused when it is read, where its line is known.
 */
#include "report/suppress.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct suppressions {
	struct suppression *list;
	size_t count, room;
	char **files;
	size_t nr_files;
};

struct name {
	const char *text;
	size_t len;
};

struct suppressions *suppressions__new(void)
{
	return calloc(1, sizeof(struct suppressions));
}

void suppressions__free(struct suppressions *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->count; i++)
		free(s->list[i].pattern);
	for (size_t i = 0; i < s->nr_files; i++)
		free(s->files[i]);
	free(s->list);
	free(s->files);
	free(s);
}

size_t suppressions__count(const struct suppressions *s)
{
	return s->count;
}

const struct suppression *suppressions__at(const struct suppressions *s, size_t index)
{
	return &s->list[index];
}

/* ---- reading ---- */

static const char *add_file(struct suppressions *s, const char *name)
{
	char **more = reallocarray(s->files, s->nr_files + 1, sizeof(*more));

	if (!more)
		return NULL;
	s->files = more;
	more[s->nr_files] = strdup(name);
	return more[s->nr_files] ? more[s->nr_files++] : NULL;
}

static int add(struct suppressions *s, const char *file, unsigned line, const char *text,
	       size_t len, size_t least)
{
	size_t room = s->room ? s->room * 2 : 16;
	struct suppression *more;
	char *pattern;

	if (s->count == s->room) {
		more = reallocarray(s->list, room, sizeof(*more));
		if (!more)
			return -ENOMEM;
		s->list = more;
		s->room = room;
	}
	pattern = strndup(text, len);
	if (!pattern)
		return -ENOMEM;
	s->list[s->count++] = (struct suppression){
		.pattern = pattern, .file = file, .line = line, .least = least
	};
	return 0;
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static size_t control_character(const char *text, size_t len)
{
	size_t i = 0;

	while (i < len && ((unsigned char)text[i] >= ' ' || text[i] == '\t') && text[i] != 0x7f)
		i++;
	return i;
}

/* Characters of a pattern that stand for themselves. */
static size_t literals(const char *text, size_t len)
{
	size_t n = 0, first = len && *text == '^', last = len - (len && text[len - 1] == '$');

	for (size_t i = first; i < last; i++)
		n += text[i] != '*';
	return n;
}

/* One line without its end.  Returns 0, -ENOMEM, or -EINVAL with *why. */
static int parse_line(struct suppressions *s, const char *file, unsigned number, const char *line,
		      size_t len, const char **why)
{
	static const char type[] = "leak:";
	const size_t type_len = sizeof(type) - 1;

	while (len && blank(line[len - 1]))
		len--;
	while (len && blank(*line)) {
		line++;
		len--;
	}
	if (!len || *line == '#')
		return 0;
	if (control_character(line, len) < len) {
		*why = "there is a control character in it: is this a text file?";
		return -EINVAL;
	}
	if (len < type_len || memcmp(line, type, type_len) != 0) {
		*why = "no suppression: those are leak:PATTERN, comments begin with #";
		return -EINVAL;
	}
	line += type_len;
	len -= type_len;
	while (len && blank(*line)) {
		line++;
		len--;
	}
	if (len > SUPPRESSION_MAX) {
		*why = "the pattern is longer than any name in the kernel";
		return -EINVAL;
	}
	/* Nothing but anchors is a slip of the pen that would hide every leak. */
	if (!literals(line, len) && !memchr(line, '*', len)) {
		*why = "the pattern is empty; leak:* is what hides every leak";
		return -EINVAL;
	}
	return add(s, file, number, line, len, literals(line, len));
}

int suppressions__parse(struct suppressions *s, const char *file, const char *text, size_t size,
			char *error)
{
	static const char byte_order_mark[] = { '\xef', '\xbb', '\xbf' };
	const char *name = add_file(s, file), *why = NULL, *end = text + size;
	unsigned number = 0;
	int err = name ? 0 : -ENOMEM;

	if (size >= sizeof(byte_order_mark) &&
	    !memcmp(text, byte_order_mark, sizeof(byte_order_mark)))
		text += sizeof(byte_order_mark);
	while (!err && text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t len = (size_t)((newline ? newline : end) - text);

		err = parse_line(s, name, ++number, text, len, &why);
		text += len + (newline != NULL);
	}
	if (err == -EINVAL)
		snprintf(error, SUPPRESSIONS_ERROR, "%s:%u: %s", file, number, why);
	else if (err)
		snprintf(error, SUPPRESSIONS_ERROR, "%s: %s", file, strerror(-err));
	return err;
}

/* All that there is, as far as it is no more than the limit. */
static int read_all(int fd, char **out, size_t *size)
{
	size_t room = 65536, n = 0;
	char *text = malloc(room), *more;
	ssize_t got;

	for (;;) {
		if (text && n == room) {
			room *= 2;
			more = realloc(text, room);
			if (!more)
				free(text);
			text = more;
		}
		if (!text)
			return -ENOMEM;
		got = read(fd, text + n, room - n);
		if (got < 0 && errno == EINTR)
			continue;
		n += got > 0 ? (size_t)got : 0;
		if (got <= 0 || n > SUPPRESSIONS_FILE_MAX)
			break;
	}
	if (got < 0 || n > SUPPRESSIONS_FILE_MAX) {
		free(text);
		return got < 0 ? -errno : -EFBIG;
	}
	*out = text;
	*size = n;
	return 0;
}

int suppressions__read(struct suppressions *s, const char *path, char *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = NULL;
	size_t size = 0;
	int err;

	err = fd < 0 ? -errno : read_all(fd, &text, &size);
	if (err)
		snprintf(error, SUPPRESSIONS_ERROR, "cannot read %s: %s", path, strerror(-err));
	else
		err = suppressions__parse(s, path, text, size, error);
	free(text);
	if (fd >= 0)
		close(fd);
	return err;
}

/* ---- matching ---- */

bool suppression__matches(const char *pattern, const char *name, size_t len)
{
	size_t rest = strlen(pattern);
	bool start = *pattern == '^', end;

	pattern += start;
	rest -= start;
	end = rest && pattern[rest - 1] == '$';
	rest -= end;
	if (!len)
		return false;
	/* Piece by piece between the asterisks, each as early as can be. */
	for (;;) {
		const char *star = memchr(pattern, '*', rest), *at = name;
		size_t n = star ? (size_t)(star - pattern) : rest;

		if (n > len || (!star && end && start && n != len))
			return false;
		if (!star && end)
			return !memcmp(name + len - n, pattern, n);
		if (!start)
			at = memmem(name, len, pattern, n);
		else if (memcmp(name, pattern, n) != 0)
			at = NULL;
		if (!at || !star)
			return at;
		len -= (size_t)(at - name) + n;
		name = at + n;
		pattern += n + 1;
		rest -= n + 1;
		start = false;
	}
}

static void add_name(struct name *names, size_t *count, const char *text, size_t len)
{
	for (size_t i = 0; i < *count; i++)
		if (names[i].len == len && !memcmp(names[i].text, text, len))
			return;
	if (len)
		names[(*count)++] = (struct name){ text, len };
}

static void add_string(struct name *names, size_t *count, const char *text)
{
	if (text)
		add_name(names, count, text, strlen(text));
}

/*
 * From "name.isra.0+0x3b/0x90 [module]": the name as it is, the name as the
 * source has it, the module.
 */
static void add_frame(struct name *names, size_t *count, const char *text)
{
	const char *module = strchr(text, '[');
	size_t len = strcspn(text, "+ "), dot = strcspn(text, ".");

	/* What has no name is printed as a number. */
	if (strncmp(text, "0x", 2) != 0) {
		add_name(names, count, text, len);
		if (dot < len)
			add_name(names, count, text, dot);
	}
	if (module)
		add_name(names, count, module + 1, strcspn(module + 1, " ]"));
}

struct suppression *suppressions__match(struct suppressions *s, const struct report_leak *l)
{
	size_t depth = l->stack ? l->stack->depth : 0, count = 0, longest = 0;
	struct suppression *match = NULL;
	struct name *names;

	if (!s->count)
		return NULL;
	/* Three of a frame, and three of the finding. */
	names = calloc(depth + 1, 3 * sizeof(*names));
	if (!names)
		return NULL;
	add_string(names, &count, l->function);
	add_string(names, &count, l->callback);
	add_string(names, &count, l->module);
	for (size_t i = 0; i < depth; i++)
		add_frame(names, &count, l->stack->frames[i].text);
	for (size_t i = 0; i < count; i++)
		longest = names[i].len > longest ? names[i].len : longest;
	for (size_t i = 0; i < s->count && !match; i++) {
		struct suppression *one = &s->list[i];

		for (size_t n = 0; one->least <= longest && n < count && !match; n++)
			if (suppression__matches(one->pattern, names[n].text, names[n].len))
				match = one;
	}
	free(names);
	return match;
}

bool suppression__propose(const struct report_leak *l, char *buf, size_t size)
{
	const char *name = l->a->kind == KIND_RESPONSE ? l->callback : NULL;
	int n;

	name = name ? name : l->function;
	name = name ? name : l->callback;
	name = name ? name : l->module;
	if (!name || !*name)
		return false;
	n = snprintf(buf, size, "^%s$", name);
	if (n < 0 || (size_t)n >= size || n > SUPPRESSION_MAX)
		return false;
	/* What cannot stand in a file, or means something there, is left open. */
	for (char *c = buf + 1; c[1]; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f)
			*c = '*';
	return true;
}
