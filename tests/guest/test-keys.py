#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""What a Linux guest makes of its screen's keyboard, by VNC and by SPICE through libvirt: the codes of its kernel, each
press with its release, in their order."""

import os
import re
import select
import shutil
import subprocess

import harness
from harness import expect_equal, wait_until

# linux/input-event-codes.h
A, B, S, ENTER, TAB, SPACE = 30, 48, 31, 28, 15, 57
CTRL, SHIFT, ALT, ALTGR, RIGHT_CTRL, SUPER = 29, 42, 56, 100, 97, 125
UP, LEFT, RIGHT, DOWN = 103, 105, 106, 108
KP_7, KP_1, KP_DOT, KP_ENTER, KP_SLASH, KP_PLUS = 71, 79, 83, 96, 98, 78
F1, F2, F11, F12, CAPS, DELETE, PRINT, PAUSE, HOME, ISO_102ND = 59, 60, 87, 88, 58, 111, 99, 119, 102, 86
SCROLL = 70
LOCKED_CAPS = 4

# A keyboard of the US: what a character's key is called by its place.
ROWS = ((41, "`1234567890-=", "~!@#$%^&*()_+"), (16, "qwertyuiop[]", "QWERTYUIOP{}"),
        (30, "asdfghjkl;'", 'ASDFGHJKL:"'), (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"))
# struct input_event: two words of 8 bytes for the time, then type, code and value.
EV_KEY = 1
ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\t": "\\t", '"': '\\"'})
TEXT = "Hello, World! ~`|\\ {x} [y] <z> #1 $2 %3 ^4 &5 *6 (7) _8 +9 'q' \"Q\"; a=b?/:@.-0\tend\n"


def pair(*codes):
    """Each is pressed and released before the next."""
    return [(code, value) for code in codes for value in (1, 0)]


def chord(*codes):
    """All are pressed in this order, and released in reverse."""
    return [(code, 1) for code in codes] + [(code, 0) for code in reversed(codes)]


def find_key(character):
    """The code, and whether Shift is held."""
    others = {"\n": ENTER, "\t": TAB, " ": SPACE}
    if character in others:
        return others[character], False
    for first, plain, shifted in ROWS:
        for level, keys in enumerate((plain, shifted)):
            place = keys.find(character)
            if place >= 0:
                # The key before 1 has the number after that of the apostrophe.
                return (first if first != 41 or place == 0 else 1) + place, bool(level)
    raise KeyError(character)


def typed(text):
    """The events of a text."""
    events = []
    for character in text:
        code, is_shifted = find_key(character)
        events += chord(SHIFT, code) if is_shifted else pair(code)
    return events


class ScreenGuest(harness.Guest):
    """With both kinds of screens."""

    def xml(self, *arguments):
        screens = "".join(f"<graphics type='{kind}'><listen type='none'/></graphics>" for kind in ("vnc", "spice"))
        return super().xml(*arguments).replace("<rng ", f"{screens}<video><model type='vga'/></video><rng ")


class Screen:
    """guest-screen: the program's widget with the machine's screen."""

    def __init__(self, kind, name):
        self.lines = []
        self.process = subprocess.Popen(
            [shutil.which("xvfb-run"), "-a", "-s", "-screen 0 1024x768x24", os.environ["KVMM_TEST_WATCH"], harness.URI,
             name, kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        self.wait_for("connected")

    def read(self):
        ready, _, _ = select.select([self.process.stdout], [], [], harness.PATIENCE * 30)
        line = self.process.stdout.readline().rstrip(b"\n").decode() if ready else ""
        if not line:
            raise EOFError(f"guest-screen says nothing; it has said {self.lines}")
        if line.startswith("failed"):
            raise AssertionError(f"guest-screen {line}")
        self.lines.append(line)

    def wait_for(self, line):
        while line not in self.lines:
            self.read()
        self.lines.remove(line)

    def say(self, line):
        self.process.stdin.write(f"{line}\n".encode())
        self.wait_for("done")

    def press(self, code, symbol):
        self.say(f"press {code + 8} {symbol}")

    def release(self, code, symbol):
        self.say(f"release {code + 8} {symbol}")

    def close(self):
        self.process.stdin.close()
        expect_equal(self.process.wait(60), 0, "exit status of guest-screen")


class Cases:
    """The cases, in their order, for one kind of screen; the guest is that of both. A keyboard of PS/2 holds 16 bytes
    that its guest has not fetched, and loses what comes then: the next key waits until the last one is there."""

    def __init__(self, guest, kind):
        self.guest = guest
        self.kind = kind
        self.screen = None
        self.wanted = []

    def read(self):
        """All that came since the file was emptied. What a held key repeats is not counted, nor Scroll Lock, which nobody
        presses here: the guest's text console lights it when it stops, and the next key puts it out again."""
        text = self.guest.run(f"od -An -v -tu2 -w24 /tmp/keys | awk '$9 == {EV_KEY} && $11 != 2 "
                              "{ printf \"%s:%s \", $10, $11 }'")
        events = [tuple(int(number) for number in event.split(":")) for event in text.split()]
        return [event for event in events if event[0] != SCROLL]

    def wants(self, events):
        """These come next: waits for as many."""
        self.wanted += events
        wait_until(lambda: len(self.read()) >= len(self.wanted), 10, f"{events} in the guest")

    def ends(self):
        """Forgets all that came, and returns it. F12 is the end."""
        try:
            self.strike(F12, "F12")
            return self.read()
        finally:
            self.guest.run(": >/tmp/keys")
            self.wanted.clear()

    def expects_no_more(self):
        """The guest got what was wanted, in this order, and nothing else."""
        wanted = self.wanted + pair(F12)
        expect_equal(self.ends(), wanted, "keys in the guest")

    def strike(self, code, symbol):
        self.screen.press(code, symbol)
        self.screen.release(code, symbol)
        self.wants(pair(code))

    def strike_with(self, modifier, code, symbol):
        """A key while a modifier, code and symbol, is held."""
        self.screen.press(*modifier)
        self.screen.press(code, symbol)
        self.screen.release(code, symbol)
        self.screen.release(*modifier)
        self.wants(chord(modifier[0], code))

    def connects(self):
        if self.guest.console is None:
            self.guest.start()
            self.guest.log_in()
            devices = self.guest.run("cat /proc/bus/input/devices")
            keyboard = re.search(r"AT Translated Set 2 keyboard.*?(event\d+)", devices, re.DOTALL)[1]
            # Appended, so that the file may be emptied.
            self.guest.run(f": >/tmp/keys; cat /dev/input/{keyboard} >>/tmp/keys & true")
        self.screen = Screen(self.kind, self.guest.name)
        wait_until(self.is_heard, 30, "a key in the guest", 0.5)
        self.ends()
        self.expects_no_more()

    def is_heard(self):
        """A key that comes in the same moment as its connection may be lost in the server (SPICE)."""
        self.screen.press(CTRL, "Control_L")
        self.screen.release(CTRL, "Control_L")
        return (CTRL, 0) in self.read()

    def letters(self):
        for key in ((A, "a"), (ISO_102ND, "less"), (ENTER, "Return")):
            self.strike(*key)
        self.expects_no_more()

    def modifiers(self):
        for modifier in ((ALTGR, "ISO_Level3_Shift"), (CTRL, "Control_L"), (ALT, "Alt_L"), (RIGHT_CTRL, "Control_R"),
                         (SUPER, "Super_L")):
            self.strike_with(modifier, B, "b")
        self.strike_with((SHIFT, "Shift_L"), B, "B")
        self.strike_with((SHIFT, "Shift_L"), TAB, "ISO_Left_Tab")
        self.expects_no_more()

    def arrows_and_functions(self):
        for key in ((UP, "Up"), (DOWN, "Down"), (LEFT, "Left"), (RIGHT, "Right"), (HOME, "Home"), (DELETE, "Delete"),
                    (F1, "F1"), (F11, "F11")):
            self.strike(*key)
        self.expects_no_more()

    def keypad(self):
        # As without Num Lock; with it the servers switch the guest's on first.
        for key in ((KP_7, "KP_Home"), (KP_1, "KP_End"), (KP_DOT, "KP_Delete"), (KP_ENTER, "KP_Enter"),
                    (KP_SLASH, "KP_Divide"), (KP_PLUS, "KP_Add")):
            self.strike(*key)
        self.expects_no_more()

    def send_key(self):
        for keys, events in (("Control_L+Alt_L+F2", chord(CTRL, ALT, F2)), ("Control_L+Alt_L+F1", chord(CTRL, ALT, F1)),
                             ("Super_L", pair(SUPER)), ("Print", pair(PRINT)), ("Pause", pair(PAUSE))):
            self.screen.say(f"send {keys}")
            self.wants(events)
        self.expects_no_more()

    def lost_focus(self):
        self.screen.say("focus")
        self.screen.press(SHIFT, "Shift_L")
        self.screen.press(A, "A")
        self.wants([(SHIFT, 1), (A, 1)])
        self.screen.say("leave")
        self.wants([(SHIFT, 0), (A, 0)])
        # What goes up later is nothing to the guest.
        self.screen.release(A, "a")
        self.screen.release(SHIFT, "Shift_L")
        # Which of the held keys is let go first does not matter.
        events = self.ends()
        expect_equal(events[:2] + sorted(events[2:4]) + events[4:],
                     [(SHIFT, 1), (A, 1)] + sorted([(SHIFT, 0), (A, 0)]) + pair(F12), "keys in the guest")

    def types_text(self):
        self.screen.say("type " + TEXT.translate(ESCAPES))
        self.wants(typed(TEXT))
        self.expects_no_more()

    def types_with_caps_lock(self):
        """The typer leaves the lock as it was; the next key of the host, whose lock is off, switches it off."""
        self.screen.lines.clear()
        self.screen.say("send Caps_Lock")
        self.wants(pair(CAPS))
        self.screen.wait_for(f"locks {LOCKED_CAPS}")
        self.screen.say("type aB")
        self.wants(pair(CAPS, A) + chord(SHIFT, B) + pair(CAPS))
        self.screen.wait_for("locks 0")
        self.screen.wait_for(f"locks {LOCKED_CAPS}")
        self.screen.press(S, "s")
        self.screen.release(S, "s")
        self.wants(pair(CAPS, S))
        self.screen.wait_for("locks 0")
        self.expects_no_more()

    def closes(self):
        self.screen.press(CTRL, "Control_L")
        self.wants([(CTRL, 1)])
        self.screen.close()
        self.wants([(CTRL, 0)])
        self.guest.run(": >/tmp/keys")


def make_cases(host):
    """The cases of both kinds: SPICE shows the machine that VNC has shown."""
    guest = host.guest("theta", ScreenGuest, agent=False, channel=False)
    cases = []
    for kind in ("vnc", "spice"):
        own = Cases(guest, kind)
        cases += [(f"{kind}: {name}", case) for name, case in (
            ("the guest gets a key", own.connects),
            ("letters and Return", own.letters),
            ("Shift, AltGr, Control, Alt and Super with a letter", own.modifiers),
            ("arrows and function keys", own.arrows_and_functions),
            ("the keypad", own.keypad),
            ("Send Key", own.send_key),
            ("held keys are released when the screen loses the focus", own.lost_focus),
            ("text is typed as keys, none lost", own.types_text),
            ("Caps Lock is off while text is typed, then as it is at the host", own.types_with_caps_lock),
            ("a held key is released when the screen is closed", own.closes),
        )]
    return cases, lambda: ""


if __name__ == "__main__":
    harness.main(make_cases)
