// SPDX-License-Identifier: GPL-2.0-only
/*
 * The terminal by way of ncurses, see screen.h.
 *
 * What ncurses does on its own is kept to what it must: signals that end the
 * process are the caller's and blocked (it then calls screen__close()), the size
 * of the terminal comes as a key.  For crashes the strings that restore the
 * terminal are looked up beforehand.
 */
#define NCURSES_WIDECHAR 1

#include "top/screen.h"

#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

#include "top/messages.h"
#include "top/view.h"

static const int fatal_signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };
#define NR_FATAL (sizeof(fatal_signals) / sizeof(*fatal_signals))

struct screen {
	SCREEN *curses;
	struct messages *messages;
	struct termios before;
	attr_t attributes[NR_STYLES];
	short pairs[NR_STYLES];
	bool utf8, colours;
	char restore[256]; /* what makes the terminal what it was */
	struct sigaction was[NR_FATAL];
};

static struct screen *the_screen; /* for signal handlers */

/* ---- whether and how ---- */

int screen__possible(char *why, size_t size)
{
	const char *term = getenv("TERM");
	const char *address;
	int err = 0, found;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		snprintf(why, size, "standard %s is no terminal",
			 isatty(STDOUT_FILENO) ? "input" : "output");
		return -ENOTTY;
	}
	if (!term || !*term) {
		snprintf(why, size, "TERM is not set");
		return -ENOTTY;
	}
	/* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): sets found */
	if (setupterm(term, STDOUT_FILENO, &found) != OK) {
		snprintf(why, size, "nothing is known about a terminal of type '%s' (TERM)", term);
		return -ENOTTY;
	}
	address = tigetstr("cup");
	if (!address || address == (const char *)-1) {
		snprintf(why, size, "a terminal of type '%s' (TERM) has no screen", term);
		err = -ENOTTY;
	}
	del_curterm(cur_term);
	return err;
}

static void set_style(struct screen *s, enum style style, attr_t attributes, short colour)
{
	s->attributes[style] = attributes;
	if (s->colours && init_pair(colour, colour, -1) == OK)
		s->pairs[style] = colour;
}

/* Without colours attributes have to do. */
static void set_styles(struct screen *s)
{
	const char *no_color = getenv("NO_COLOR");

	s->colours = has_colors() && !(no_color && *no_color) && start_color() == OK &&
		     use_default_colors() == OK && COLORS >= 8;
	s->attributes[STYLE_DIM] = A_DIM;
	s->attributes[STYLE_BOLD] = A_BOLD;
	set_style(s, STYLE_HEADING, A_BOLD | A_UNDERLINE, COLOR_CYAN);
	set_style(s, STYLE_GOOD, A_NORMAL, COLOR_GREEN);
	set_style(s, STYLE_PROBABLE, A_NORMAL, COLOR_YELLOW);
	set_style(s, STYLE_DEFINITE, A_BOLD, COLOR_RED);
	set_style(s, STYLE_GRAPH, A_NORMAL, COLOR_BLUE);
}

/* ---- crashes ---- */

static void on_crash(int signal)
{
	struct screen *s = the_screen;

	the_screen = NULL;
	if (s) {
		/* Only what may be called in a signal handler. */
		if (write(STDOUT_FILENO, s->restore, strlen(s->restore)) > 0)
			tcsetattr(STDIN_FILENO, TCSANOW, &s->before);
		for (size_t i = 0; i < NR_FATAL; i++)
			sigaction(fatal_signals[i], &s->was[i], NULL);
		messages__crash(s->messages);
	}
	/* It comes when this handler has returned, to who had it before. */
	raise(signal);
}

/* Delays, which no terminal of today needs, are left out. */
static void add_string(struct screen *s, const char *name)
{
	const char *string = tigetstr(name);
	size_t n = strlen(s->restore);

	if (!string || string == (const char *)-1)
		return;
	while (*string && n < sizeof(s->restore) - 1) {
		if (string[0] == '$' && string[1] == '<' && strchr(string, '>')) {
			string = strchr(string, '>') + 1;
			continue;
		}
		s->restore[n++] = *string++;
	}
	s->restore[n] = '\0';
}

static void prepare_for_crashes(struct screen *s)
{
	struct sigaction action = { .sa_handler = on_crash, .sa_flags = SA_NODEFER };

	add_string(s, "sgr0");
	add_string(s, "rmkx");
	add_string(s, "cnorm");
	add_string(s, "rmcup");
	the_screen = s;
	for (size_t i = 0; i < NR_FATAL; i++)
		sigaction(fatal_signals[i], &action, &s->was[i]);
}

/* ---- open and close ---- */

struct screen *screen__open(void)
{
	struct screen *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	setlocale(LC_CTYPE, "");
	s->utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	if (tcgetattr(STDIN_FILENO, &s->before))
		goto fail;
	s->messages = messages__take();
	if (!s->messages)
		goto fail;
	errno = ENOMEM;
	s->curses = newterm(NULL, stdout, stdin);
	if (!s->curses)
		goto fail;
	prepare_for_crashes(s);
	set_escdelay(25);
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	leaveok(stdscr, TRUE);
	curs_set(0);
	set_styles(s);
	return s;
fail:
	messages__release(s->messages);
	free(s);
	return NULL;
}

void screen__close(struct screen *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < NR_FATAL; i++)
		sigaction(fatal_signals[i], &s->was[i], NULL);
	the_screen = NULL;
	endwin();
	delscreen(s->curses);
	/* Not what somebody typed ahead meanwhile. */
	tcsetattr(STDIN_FILENO, TCSADRAIN, &s->before);
	messages__release(s->messages);
	free(s);
}

/* ---- drawing ---- */

int screen__fit(struct screen *s, struct canvas *c)
{
	int width, height;

	getmaxyx(stdscr, height, width);
	c->utf8 = s->utf8;
	if (c->width == width && c->height == height)
		return 0;
	return canvas__resize(c, width, height);
}

static void set_cell_style(const struct screen *s, uint8_t style)
{
	unsigned base = style & (STYLE_SELECTED - 1U);
	attr_t attributes = base < NR_STYLES ? s->attributes[base] : A_NORMAL;

	if (style & STYLE_SELECTED)
		attributes = (attributes & ~(attr_t)A_DIM) | A_REVERSE;
	attr_set(attributes, base < NR_STYLES ? s->pairs[base] : 0, NULL);
}

void screen__draw(struct screen *s, const struct canvas *c)
{
	wchar_t run[CANVAS_MAX + 1];

	erase();
	for (int y = 0; y < c->height; y++) {
		const struct cell *row = &c->cells[(size_t)y * (size_t)c->width];

		for (int x = 0; x < c->width;) {
			uint8_t style = row[x].style;
			int start = x, n = 0;

			for (; x < c->width && row[x].style == style; x++)
				if (row[x].ch)
					run[n++] = row[x].ch;
			set_cell_style(s, style);
			mvaddnwstr(y, start, run, n);
		}
	}
	attr_set(A_NORMAL, 0, NULL);
	refresh();
}

/* ---- keys ---- */

static uint32_t function_key(wint_t key)
{
	switch (key) {
	case KEY_UP:
		return VIEW_KEY_UP;
	case KEY_DOWN:
		return VIEW_KEY_DOWN;
	case KEY_LEFT:
		return VIEW_KEY_LEFT;
	case KEY_RIGHT:
		return VIEW_KEY_RIGHT;
	case KEY_PPAGE:
		return VIEW_KEY_PAGE_UP;
	case KEY_NPAGE:
		return VIEW_KEY_PAGE_DOWN;
	case KEY_HOME:
		return VIEW_KEY_HOME;
	case KEY_END:
		return VIEW_KEY_END;
	case KEY_ENTER:
		return VIEW_KEY_ENTER;
	case KEY_BACKSPACE:
		return VIEW_KEY_BACKSPACE;
	case KEY_BTAB:
		return VIEW_KEY_BACKTAB;
	case KEY_F(1):
		return VIEW_KEY_HELP;
	default:
		return VIEW_KEY_OTHER;
	}
}

uint32_t screen__key(struct screen *s)
{
	wint_t key;

	(void)s;
	switch (get_wch(&key)) {
	case KEY_CODE_YES:
		if (key == KEY_RESIZE)
			clearok(curscr, TRUE);
		return function_key(key);
	case OK:
		if (key == 'L' - '@')
			clearok(curscr, TRUE);
		/* What was typed is no code of a key beyond characters. */
		return key && key < VIEW_KEY_UP ? key : VIEW_KEY_OTHER;
	default:
		return 0;
	}
}

bool screen__gone(const struct screen *s)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	int ready = 0;

	(void)s;
	if (poll(&input, 1, 0) <= 0)
		return false;
	if (input.revents & (POLLHUP | POLLERR | POLLNVAL))
		return true;
	return input.revents & POLLIN && !ioctl(STDIN_FILENO, FIONREAD, &ready) && !ready;
}

void screen__messages(struct screen *s, void (*each)(void *ctx, const char *line), void *ctx)
{
	messages__read(s->messages, each, ctx);
}
