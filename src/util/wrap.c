// SPDX-License-Identifier: GPL-2.0-only
/*
 * Words are never cut: names are to be found again by who copies them.
 */
#include "util/wrap.h"

#include <string.h>

void wrap__begin(struct wrap *w, FILE *out, int indent, const char *lead)
{
	*w = (struct wrap){ .out = out, .indent = indent, .column = (int)strlen(lead) };
	fputs(lead, out);
}

static void word(struct wrap *w, const char *text, int len)
{
	int space = w->column < w->indent ? w->indent - w->column : w->column > w->indent;

	if (w->column > w->indent && w->column + space + len > WRAP_COLUMNS) {
		fputc('\n', w->out);
		w->column = 0;
		space = w->indent;
	}
	w->column += fprintf(w->out, "%*s%.*s", space, "", len, text);
}

void wrap__words(struct wrap *w, const char *text)
{
	while (*(text += strspn(text, " "))) {
		size_t len = strcspn(text, " ");

		word(w, text, (int)len);
		text += len;
	}
}

void wrap__end(struct wrap *w)
{
	fputc('\n', w->out);
}

void wrap__text(FILE *out, int indent, const char *lead, const char *text)
{
	struct wrap w;

	wrap__begin(&w, out, indent, lead);
	wrap__words(&w, text);
	wrap__end(&w);
}

void wrap__rest(FILE *out, int column, const char *text)
{
	struct wrap w = { .out = out, .indent = column, .column = column };

	wrap__words(&w, text);
	wrap__end(&w);
}
