# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""The parts of the Guest page on a real guest: its gate, processes, services, logs and commands.
Run through tests/guest/run.sh, which brings a private libvirt and the guest's image."""

import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "guest")]

os.environ["KVMM_PROGRAM"] = os.environ["KVMM_TEST_PROGRAM"]
# Brings the display, and runs this script again on it.
import kvmm_ui  # noqa: E402  pylint: disable=wrong-import-position
import harness  # noqa: E402  pylint: disable=wrong-import-position,wrong-import-order
from harness import expect  # noqa: E402  pylint: disable=wrong-import-position
from kvmm_ui import text_of, wait  # noqa: E402  pylint: disable=wrong-import-position

# An emulated guest on a busy machine.
SLOW_SECONDS = 90

POLICY = """[policy]
procs=manage
procs-args=yes
logs=allow
exec=any

[exec]
run-as=nobody
users=nobody,root
root=yes
timeout=1200

[command greet]
description=Says hello
argv=/bin/echo hello from
args=any

[command fails]
description=Writes an error and fails
argv=/bin/sh -c "echo out; echo wrong >&2; exit 3"

[audit]
syslog=none
"""

# What a guest with OpenRC has where its agent looks.
SERVICES = """mkdir -p /run/openrc/started /run/openrc/failed /etc/init.d /etc/runlevels/default
for name in crond networking sshd; do
  printf '#!/sbin/openrc-run\\ndescription="The %s of the guest"\\n' $name >/etc/init.d/$name
  chmod 755 /etc/init.d/$name
  ln -sf /etc/init.d/$name /etc/runlevels/default/$name
  ln -sf /etc/init.d/$name /run/openrc/started/$name
done
rm -f /run/openrc/started/sshd
ln -sf /etc/init.d/sshd /run/openrc/failed/sshd
echo default >/run/openrc/softlevel"""


class Cases:
    def __init__(self, host):
        self.failures = 0
        self.guest = host.guest("web1")
        self.guest.start()
        self.guest.log_in()
        self.guest.wait_for_address()
        home = harness.PRIVATE / "home"
        keyfile = home / "config" / "glib-2.0" / "settings" / "keyfile"
        keyfile.parent.mkdir(parents=True)
        keyfile.write_text("[org/kvmmanager/KvmManager]\nstats-interval=uint32 1\nmachine-window-size=(820, 640)\n",
                           encoding="utf-8")
        self.app = kvmm_ui.App("--connect", harness.URI, "--show-domain", "web1", home=str(home))

    def close(self):
        self.app.stop()

    def diagnose(self):
        self.failures += 1
        self.app.shot(f"failed-parts-{self.failures}")
        return f"{self.app.read_log()}\n{self.app.dump()}"

    def window(self):
        window = self.app.wait_window("web1")
        subprocess.run(["xdotool", "search", "--onlyvisible", "--name", "^web1$", "windowraise"], check=False)
        self.app.focus("web1")
        return window

    def open(self, part):
        window = self.window()
        self.app.key("alt+3")
        tab = wait(lambda: next((node for node in self.app.nodes("page tab", f"^{part}$", window)), None),
                   f"the tab {part}", SLOW_SECONDS)
        self.app.press(tab)
        return window

    def labels(self, pattern, window):
        return [text_of(node) for role in ("label", "status bar", "statusbar", "info bar")
                for node in self.app.nodes(role, pattern, window)]

    def cells(self, table, pattern):
        """What is looked for in a window leaves the rows of lists out."""
        for node in self.app.nodes("tree table", f"^{table}$", self.app.window("web1")):
            return self.app.nodes("label", pattern, node)
        return []

    # ---- the gate

    def a_gate_says_what_is_missing(self):
        window = self.open("Commands")
        self.app.wait_for("label", "^The guest's policy does not allow it, and it is switched off", window)
        self.app.wait_for("label", "exec=any", window)
        self.app.shot("guest-gate")

    def the_switch_alone_opens_nothing(self):
        window = self.window()
        self.app.press(self.app.find("check box", "^Allow commands, terminal and files", window))
        self.app.wait_for("label", "^The guest's policy does not allow it.$", window)

    def the_policy_opens_the_gate(self):
        self.guest.run(f"cat >/etc/kvm-manager-agent/agent.conf <<'END'\n{POLICY}END\n{SERVICES}\n"
                       "kill -HUP $(pidof kvm-manager-agent)")
        window = self.window()
        wait(lambda: self.app.has("label", "^Commands of the Guest's Policy$", window), "the commands", SLOW_SECONDS)
        self.app.wait_for("push button", "^Run greet$", window)

    # ---- processes

    def processes_are_the_guests(self):
        window = self.open("Processes")
        wait(lambda: self.cells("Processes", "^kvm-manager-age"), "the agent in the list", SLOW_SECONDS)
        count = wait(lambda: self.labels(r"^\d+ processes$", window), "how many there are")
        total = int(self.guest.run("ls -d /proc/[0-9]* | wc -l"))
        expect(abs(int(count[0].split()[0]) - total) < 15, f"{count}, the guest has {total}")
        wait(lambda: self.cells("Processes", "^/.*kvm-manager-agent"), "a command line")
        self.app.shot("guest-processes")

    def a_filter_finds(self):
        window = self.window()
        self.guest.run("sleep 9753 >/dev/null 2>&1 &")
        self.app.key("ctrl+f")
        self.app.type("9753")
        wait(lambda: self.cells("Processes", "sleep 9753") and self.labels("^1 process$", window), "one process",
             SLOW_SECONDS)

    # ---- services

    def services_are_listed(self):
        window = self.open("Services")
        wait(lambda: self.cells("Services", "^crond"), "a service", SLOW_SECONDS)
        wait(lambda: self.labels("^openrc · ", window), "the manager")
        self.app.shot("guest-services")

    # ---- logs

    def a_log_follows(self):
        self.guest.run("printf 'Nov 24 12:00:00 web1 begin\\033[31m red\\n' >>/var/log/messages")
        window = self.open("Logs")
        view = wait(lambda: next((node for node in self.app.nodes("text", "^Log of the guest$", window)), None), "the log")
        wait(lambda: "web1 begin red\n" in text_of(view), "the line", SLOW_SECONDS)
        self.guest.run("for i in 1 2 3 4 5; do echo \"Nov 24 12:00:0$i web1 sshd[99]: line $i\" >>/var/log/messages; done")
        wait(lambda: "line 5\n" in text_of(view), "the next lines", SLOW_SECONDS)
        self.app.shot("guest-logs")

    def the_kernel_log_by_keyboard(self):
        window = self.open("Logs")
        choice = self.app.find("combo box", "^Log$", window)
        for _ in range(30):
            if any(kvmm_ui.has_state(node, kvmm_ui.Atspi.StateType.FOCUSED) for node in kvmm_ui.walk(choice)):
                break
            self.app.key("Tab")
        self.app.key("space")
        wait(lambda: self.app.nodes("label", "^Kernel$", window), "the two logs to choose from")
        self.app.key("Down")
        self.app.key("Return")
        wait(lambda: self.labels("^From the kernel's ring buffer$", window), "where it is from", SLOW_SECONDS)
        view = next(node for node in self.app.nodes("text", "^Log of the guest$", window))
        wait(lambda: "kernel: Run /init as init process" in text_of(view), "a line of the kernel", SLOW_SECONDS)

    # ---- commands

    def statuses(self, pattern):
        return wait(lambda: self.labels(pattern, self.window()), pattern, SLOW_SECONDS)

    def a_named_command_runs(self):
        window = self.open("Commands")
        self.app.press(wait(lambda: next(iter(self.app.nodes("push button", "^Run fails$", window)), None), "fails"))
        self.statuses(r"^Failed with exit code 3 · ")
        view = next(node for node in self.app.nodes("text", "^fails$", window))
        wait(lambda: "out" in text_of(view) and "wrong" in text_of(view), "both outputs")

    def a_free_command_is_stopped(self):
        window = self.open("Commands")
        row = self.app.find("text", "^Command$", window)
        self.app.set_text(row, "/bin/sleep 1234")
        # What stands in the row beside the text is not in the tree.
        self.app.click(row)
        self.app.key("Return")
        self.statuses(r"^Running · ")
        wait(lambda: "sleep 1234" in self.guest.run("ps -o args"), "the command in the guest", SLOW_SECONDS)
        self.app.press_button("^_?Stop", window)
        self.statuses(r"^Ended by the signal TERM · ")
        wait(lambda: "sleep 1234" not in self.guest.run("ps -o args"), "the command's end in the guest", SLOW_SECONDS)

    # ---- the end

    def the_guest_shuts_down(self):
        window = self.window()
        self.app.press(self.app.find("push button", "^Shut Down$", window))
        wait(lambda: not self.guest.is_active(), "web1 off", SLOW_SECONDS)


def make_cases(host):
    cases = Cases(host)
    host.ui = cases
    methods = (
        cases.a_gate_says_what_is_missing, cases.the_switch_alone_opens_nothing, cases.the_policy_opens_the_gate,
        cases.processes_are_the_guests, cases.a_filter_finds, cases.services_are_listed,
        cases.a_log_follows, cases.the_kernel_log_by_keyboard, cases.a_named_command_runs,
        cases.a_free_command_is_stopped,
        cases.the_guest_shuts_down)
    listed = [(re.sub("_", "-", method.__name__), method) for method in methods]
    listed.append(("ends-without-a-complaint", cases.close))
    return listed, cases.diagnose


if __name__ == "__main__":
    harness.main(make_cases)
