#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The full-screen front on a pseudo-terminal: keys, sizes, colours, messages, and
that the terminal is left as it was found, however it ends.

    screen_test.py DRIVER    (built from tests/top/driver.c)

Prints ok and not ok lines.  Debian's python3-pyte is the terminal.
"""

import os
import re
import signal
import sys
import tempfile
import time
import traceback

from terminal import Gone, Terminal

DRIVER = sys.argv[1] if len(sys.argv) > 1 else "build/tests/screen_driver"
FOOTER = "q quit"
COLOUR = re.compile(rb"\033\[([0-9]*;)*3[0-7]m")


def check(true, what):
    if not true:
        raise Gone(what)


def start(*options, columns=80, lines=24, **environment):
    t = Terminal([DRIVER, *options], columns, lines, environment)
    tests.open.append(t)
    return t


def leave(t, key="q", status=0):
    """Ends it by a key and looks at what is left."""
    t.press(key)
    check(t.wait() == status, "exit status %s after %s" % (t.status, key))
    check(t.restored(), "the terminal is not what it was after %s" % key)


def shows_everything():
    t = start("-a", "60")
    t.see("digital_tg_recv_sensf_req")
    t.see("nfc nfc_digital nfcsim")
    t.see("returned without releasing its user argument")
    t.see("COMMANDS IN FLIGHT")
    t.see("\u2588")
    t.see("(4")  # definite ones
    t.settle()
    check(all(len(line) <= 80 for line in t.text().splitlines()), "too wide")
    leave(t)
    check(b"SUMMARY: nfcleakbpf: " in t.raw, "no summary")
    check(t.raw.rfind(b"SUMMARY") > t.raw.rfind(b"\033[?1049l"), "the summary is on the screen")


def keys():
    t = start("-a", "20")
    t.see("BYTES\u25bc")
    t.press("s")
    t.see("/SEC\u25bc")
    t.press("<", "r")
    t.see("BYTES\u25b2")
    t.press("r", "/", "s", "e", "n", "s", "f")
    t.see("/sensf_")
    t.miss("digital_in_recv_sdd_res")
    t.press("Enter")
    t.see('only "sensf"')
    t.press("Enter")
    t.see("allocated by kworker/0:1 (pid 41) at")
    t.see("digital_tg_listen_nfcf+0x3b/0x90 [nfc_digital]")
    t.see("01 fe d3 80")
    t.press("Esc")
    t.see("COMMANDS IN FLIGHT")
    t.press("Esc")
    t.see("digital_in_recv_sens_res")
    t.press("?")
    t.see("KEYS")
    t.press("q")
    t.miss("KEYS")
    for move in ("Down", "Up", "PgDn", "PgUp", "End", "Home", "Right", "Left", "Tab", "Ctrl-L"):
        t.press(move)
    t.settle()
    t.see("ALERTS")
    leave(t)


def runs_on():
    t = start("-a", "5")
    t.see("up 7", 20)
    t.press("p")
    t.see("PAUSED")
    # What is drawn comes in pieces.
    t.settle()
    before = t.text()
    t.settle(1.5, 1.5)
    check(t.text() == before, "it changes while it is paused")
    t.press("p")
    t.miss("PAUSED")
    t.until(lambda: t.text() != before)
    leave(t)


def resizes():
    t = start("-a", "20")
    t.see(FOOTER)
    for columns, lines in ((200, 60), (20, 5), (1, 1), (80, 24), (40, 10), (300, 100), (2, 40),
                           (132, 43), (80, 24)):
        t.resize(columns, lines)
        t.press("Down")
        t.settle(0.25)
        check(not t.ended(), "it ended at %dx%d" % (columns, lines))
    t.see("COMMANDS IN FLIGHT")
    # Nobody presses a key.
    t.resize(200, 60)
    t.see("lifetimes")  # of the selected one, beside the table
    t.resize(20, 5)
    t.see("leaks ")
    t.settle()
    check(len(t.text().splitlines()) == 5, "not five lines")
    leave(t)


def plain():
    t = start("-a", "20", LC_ALL="C", NO_COLOR="1")
    t.see("BYTESv")
    t.settle()
    check(t.raw.isascii(), "not ASCII without UTF-8")
    check(not COLOUR.search(t.raw), "colours in spite of NO_COLOR")
    leave(t)
    # It has no other screen to come back from, only modes.
    t = start("-a", "20", TERM="vt100")
    t.see("BYTES")
    t.press("Ctrl-C")
    check(t.wait() == 0 and t.modes_restored(), "the terminal of type vt100")
    t = start("-a", "20")
    t.see("BYTES")
    check(COLOUR.search(t.raw), "no colours without NO_COLOR")
    leave(t)


def states():
    t = start("-w")
    t.see("waiting for an NFC module")
    t.see("WAITING")
    leave(t)
    check(b"SUMMARY" not in t.raw, "a summary of nothing")
    t = start("-q")
    t.see("no allocations yet")
    leave(t)
    check(b"SUMMARY: nfcleakbpf: no leaks found" in t.raw, "no summary")
    t = start("-d", "1")
    check(t.wait() == 0 and t.restored(), "the end of its time")


def signals():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        t = start("-a", "3")
        t.see(FOOTER)
        t.kill(number)
        check(t.wait() == 0, "exit status %s after signal %d" % (t.status, number))
        check(t.restored(), "the terminal after signal %d" % number)
    t = start("-a", "3")
    t.see(FOOTER)
    leave(t, "Ctrl-C")


def messages():
    t = start("-a", "20")
    t.see(FOOTER)
    t.kill(signal.SIGUSR1)
    t.see("something was ?[31msaid?[m")
    check(t.text().splitlines()[-1].startswith("something was"), "not in the last line")
    check(b"\033[31msaid" not in t.raw, "it went to the terminal")
    t.press("j")
    t.see(FOOTER)
    t.see("something was")  # among the alerts
    leave(t)
    after = t.raw[t.raw.rfind(b"\033[?1049l"):]
    check(b"nfcleakbpf: something was \033[31msaid\033[m\r\n" in after, "it was not kept")


def crash():
    t = start("-a", "3")
    t.see(FOOTER)
    t.kill(signal.SIGUSR1)
    t.kill(signal.SIGUSR2)
    check(t.wait() == -signal.SIGABRT, "exit status %s" % t.status)
    check(t.restored(), "the terminal after a crash")


def stopped():
    """Ctrl-Z gives the terminal back, and going on takes it again."""
    t = Terminal(["bash", "--norc", "-c",
                  'set -m; "$0" -a 3; echo "stopped $?"; read -r line; fg', DRIVER])
    tests.open.append(t)
    t.see(FOOTER)
    # ncurses ignores it while it draws: somebody would press it again.
    for _ in range(20):
        t.settle(0.1)
        t.press("Ctrl-Z")
        t.settle(0.5, 1)
        if b"stopped" in t.raw:
            break
    t.see("stopped 148")
    check(t.left(), "the screen is still there")
    t.press("Enter")
    t.until(lambda: not t.left())
    t.until(lambda: b"COMMANDS IN FLIGHT" in t.raw[t.raw.rfind(b"\033[?1049h"):])
    t.press("?")
    t.see("KEYS")
    t.press("q")
    t.miss("KEYS")
    leave(t)


def hangup():
    """The terminal goes away: it must end, and not spin."""
    t = start("-a", "3")
    t.see(FOOTER)
    tests.open.remove(t)
    os.close(t.slave)
    os.close(t.master)
    t.read = lambda seconds=0.1: time.sleep(seconds)
    check(t.wait() == 0, "exit status %s" % t.status)


def no_terminal():
    with tempfile.TemporaryFile() as out:
        pid = os.posix_spawn(DRIVER, [DRIVER], dict(os.environ, TERM="xterm"), file_actions=[
            (os.POSIX_SPAWN_DUP2, out.fileno(), 1), (os.POSIX_SPAWN_DUP2, out.fileno(), 2)])
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        out.seek(0)
        said = out.read()
    check(status == 1 and b"standard output is no terminal" in said, "%s %s" % (status, said))
    for term, why in (("dumb", b"no screen"), ("nonsense", b"nothing is known"), ("", b"not set")):
        t = start(TERM=term)
        check(t.wait() == 1 and why in t.raw, "TERM=%s: %s %s" % (term, t.status, t.raw))
        check(b"\033" not in t.raw, "something was sent to a terminal of type '%s'" % term)


def tests():
    tests.open = []
    failed = 0
    list_of_tests = (
        ("shows callbacks, commands, leaks, and a summary at the end", shows_everything),
        ("every key does what the help says", keys),
        ("goes on by itself, and pauses", runs_on),
        ("any size, with and without a key", resizes),
        ("no UTF-8, no colours, other terminals", plain),
        ("waiting, idle, out of time", states),
        ("SIGINT, SIGTERM, SIGHUP, Ctrl-C leave the terminal as it was", signals),
        ("what is written to standard error waits", messages),
        ("a crash leaves the terminal as it was", crash),
        ("Ctrl-Z and going on", stopped),
        ("the terminal goes away", hangup),
        ("no terminal, or none with a screen: says so", no_terminal),
    )
    print("1..%d" % len(list_of_tests))
    for number, (what, test) in enumerate(list_of_tests, 1):
        try:
            test()
            print("ok %d - screen: %s" % (number, what), flush=True)
        except Exception:
            failed = 1
            print("not ok %d - screen: %s" % (number, what))
            print("".join("#   | " + line + "\n" for line in traceback.format_exc().splitlines()),
                  end="", flush=True)
        for terminal in tests.open:
            terminal.close()
        tests.open.clear()
    return failed


if __name__ == "__main__":
    sys.exit(tests())
