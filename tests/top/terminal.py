# SPDX-License-Identifier: GPL-2.0-only
"""A program on a pseudo-terminal, with an emulated terminal (pyte) at the other
end: what somebody in front of it would see and type.

Nothing waits for a fixed time: it waits until something is so, and gives up
much later.
"""

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time

import pyte

KEYS = {
    "Enter": "\r", "Esc": "\033", "Tab": "\t", "Backspace": "\177", "Ctrl-C": "\003",
    "Ctrl-L": "\014", "Ctrl-Z": "\032", "Ctrl-D": "\004", "Space": " ",
    "Up": "\033OA", "Down": "\033OB", "Right": "\033OC", "Left": "\033OD",
    "Home": "\033OH", "End": "\033OF", "PgUp": "\033[5~", "PgDn": "\033[6~",
}


class Gone(Exception):
    """What was waited for did not come."""


class Screen(pyte.Screen):
    """pyte's, and what ncurses scrolls with."""

    def scroll(self, step, edge, count):
        margins = self.margins or pyte.screens.Margins(0, self.lines - 1)
        line = self.cursor.y
        self.cursor.y = getattr(margins, edge)
        for _ in range(count or 1):
            step()
        self.cursor.y = line

    def scroll_up(self, count=None):
        self.scroll(self.index, "bottom", count)

    def scroll_down(self, count=None):
        self.scroll(self.reverse_index, "top", count)


class Stream(pyte.ByteStream):
    csi = dict(pyte.ByteStream.csi, S="scroll_up", T="scroll_down")
    events = pyte.ByteStream.events | {"scroll_up", "scroll_down"}


class Terminal:
    """program on a terminal of this size; environment is added to this one's."""

    def __init__(self, program, columns=80, lines=24, environment=None):
        self.raw = b""
        self.status = None
        self.screen = Screen(columns, lines)
        self.stream = Stream(self.screen)
        self.master, self.slave = pty.openpty()
        self.resize(columns, lines, tell=False)
        self.before = termios.tcgetattr(self.slave)
        env = dict(os.environ, TERM="screen-256color", LC_ALL="C.UTF-8")
        env.pop("NO_COLOR", None)
        env.update(environment or {})
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
            for fd in (0, 1, 2):
                os.dup2(self.slave, fd)
            os.closerange(3, 256)
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            for s in (signal.SIGINT, signal.SIGPIPE):
                signal.signal(s, signal.SIG_DFL)
            try:
                os.execvpe(program[0], program, env)
            finally:
                os._exit(127)

    def resize(self, columns, lines, tell=True):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        if tell:
            self.screen.resize(lines, columns)

    def read(self, seconds=0.05):
        """Takes what has come, waiting at most so long for it."""
        ready, _, _ = select.select([self.master], [], [], seconds)
        if not ready:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        self.raw += data
        self.stream.feed(data)
        return True

    def text(self):
        """What is on the screen, a line each, without the spaces at the end."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    def until(self, what, seconds=20):
        """Reads until what() is true; Gone if it does not become so."""
        end = time.monotonic() + seconds
        while not what():
            if time.monotonic() > end:
                raise Gone
            self.read()

    def see(self, text, seconds=20):
        try:
            self.until(lambda: text in self.text(), seconds)
        except Gone:
            raise Gone("never saw %r; there was:\n%s" % (text, self.text())) from None

    def miss(self, text, seconds=20):
        try:
            self.until(lambda: text not in self.text(), seconds)
        except Gone:
            raise Gone("%r never went; there was:\n%s" % (text, self.text())) from None

    def settle(self, quiet=0.3, seconds=5):
        """Reads until nothing comes any more."""
        end = time.monotonic() + seconds
        while self.read(quiet) and time.monotonic() < end:
            pass

    def press(self, *keys):
        for key in keys:
            os.write(self.master, KEYS.get(key, key).encode())

    def kill(self, number):
        os.kill(self.pid, number)

    def ended(self):
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status is not None

    def wait(self, seconds=20):
        """Until the program has ended; its exit status, negative for a signal's."""
        self.until(self.ended, seconds)
        while self.read(0.1):
            pass
        return self.status

    def close(self):
        if not self.ended():
            self.kill(signal.SIGKILL)
            self.until(self.ended)
        os.close(self.slave)
        os.close(self.master)

    def restored(self):
        """Is the terminal what it was: its modes, and the screen of before?"""
        return self.modes_restored() and self.left()

    def modes_restored(self):
        return termios.tcgetattr(self.slave) == self.before

    def left(self):
        """Was the alternate screen left after it was entered, and the cursor shown?"""
        entered, gone = self.raw.rfind(b"\033[?1049h"), self.raw.rfind(b"\033[?1049l")
        hidden, shown = self.raw.rfind(b"\033[?25l"), self.raw.rfind(b"\033[?25h")
        return 0 <= entered < gone and hidden < shown
