#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""The agent in real Debian guests: from the disc and from its package, under systemd and under OpenRC, over a reboot, and
gone without a trace. The family of RPM is simulated: its package's tree and scripts in a Debian with systemd."""

import json
import os
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "guest"))

# pylint: disable=wrong-import-position
import harness
from harness import expect, expect_equal, wait_until

DISKS = pathlib.Path(os.environ["KVMM_TEST_DISKS"])
VERSIONS = {"bookworm": "12", "trixie": "13"}
# systemd needs about a minute to come up in an emulated processor that nothing else uses.
harness.BOOT_SECONDS = 420
STEP_SECONDS = 120


class Debian(harness.Guest):
    """A machine that starts the Debian on its disk."""

    memory_mib = 384

    def __init__(self, host, name):
        super().__init__(host, name, agent=False)
        host.guests[name] = self
        shutil.copyfile(DISKS / f"{name}.img", self.disks[0])

    def xml(self, *arguments):
        # The serial port may take minutes to become a device of systemd on a busy computer: without one there is no prompt.
        patience = "systemd.default_device_timeout_sec=900 systemd.default_timeout_start_sec=900"
        return super().xml(*arguments).replace("quiet kvmm", f"quiet systemd.show_status=0 {patience} kvmm")

    def left_files(self):
        """What the agent has left anywhere but in the logs of others."""
        return self.run("find / -xdev -name '*kvm-manager*' -not -path '/root/*' -not -path '/var/log/journal/*' "
                        "-not -path '/var/lib/dpkg/*'", STEP_SECONDS)


class Cases:
    """Cases that both machines have; the second argument of each is the machine."""

    def __init__(self, host):
        self.host = host
        self.iso = harness.PRIVATE / "kvmmanager-guest-agent.iso"
        shutil.copyfile(os.environ["KVMM_TEST_ISO"], self.iso)
        self.iso.chmod(0o644)
        config = harness.PRIVATE / "config"
        (config / "glib-2.0/settings").mkdir(parents=True)
        (config / "glib-2.0/settings/keyfile").write_text(
            f"[org/kvmmanager/KvmManager]\nagent-iso-path='{self.iso}'\n", encoding="utf-8")
        self.program = harness.Program(os.environ["KVMM_TEST_PROGRAM"], GSETTINGS_BACKEND="keyfile",
                                       XDG_CONFIG_HOME=str(config))
        self.systemd = Debian(host, "systemd")
        self.openrc = Debian(host, "openrc") if (DISKS / "openrc.img").exists() else None
        # Side by side: each of them mostly waits.
        for guest in host.guests.values():
            guest.start()

    def diagnose(self):
        text = ""
        for guest in self.host.guests.values():
            if guest.console:
                text += f"\n{guest.name}:\n{guest.console.log[-3000:].decode(errors='replace')}"
        return text

    def boots(self, guest, init):
        guest.log_in()
        expect(init in guest.run("readlink /proc/1/exe"), f"the first process is {init}")

    def mounts(self, guest):
        self.program.succeed("mount-agent-iso", guest.name)
        guest.run("mkdir -p /mnt/kvmm")
        # By its label where udev runs, as the README says; by the device anywhere.
        wait_until(lambda: guest.run("{ mount -o ro LABEL=KVMMANAGER_AGENT /mnt/kvmm || mount -o ro /dev/sr0 /mnt/kvmm; } "
                                     ">/dev/null 2>&1 && echo yes; true", STEP_SECONDS), STEP_SECONDS, "the disc", 0.5)

    def installs(self, guest, command):
        output = guest.run(f"cd / && {command}", STEP_SECONDS)
        expect("is installed" in output, output)
        self.answers(guest)

    def answers(self, guest):
        """The program on the host hears what is true in the guest."""
        facts = self.program.guest_info(guest.name, wait=STEP_SECONDS)
        system = facts["system"]
        expect_equal(system["os_pretty"], guest.run(". /etc/os-release; echo $PRETTY_NAME"), "system")
        expect_equal(system["boot_id"], guest.boot_id(), "boot")
        expect_equal(system["hostname"], guest.run("hostname"), "name of the machine")

    def is_up(self, guest):
        if guest is self.systemd:
            return guest.run("systemctl is-active kvm-manager-agent.service; true") == "active"
        return "started" in guest.run("rc-service kvm-manager-agent status 2>&1; true")

    def stays(self, guest):
        """A reboot, and the service is up again without anybody's hand."""
        before = guest.boot_id()
        guest.reboot()
        expect(guest.boot_id() != before, "the machine was started anew")
        wait_until(lambda: self.is_up(guest), STEP_SECONDS, "the service", 0.5)
        self.answers(guest)

    def returns(self, guest):
        old = guest.agent_pid()
        guest.run(f"kill -9 {old}")
        wait_until(lambda: guest.agent_pid() not in (None, old), STEP_SECONDS, "the agent after its death", 0.5)
        self.answers(guest)

    def lists_services(self):
        """Of a service manager that is a real one, which the policy allows to begin with."""
        self.program.succeed("guest-allow", "systemd", "yes")
        said = []

        def listing():
            result = self.program.run("guest-services", "systemd", "--json", timeout=STEP_SECONDS)
            said.append(result.stderr)
            return result.stdout

        # An emulated systemd on a busy computer may need longer for its list than the agent waits for.
        try:
            text = wait_until(listing, STEP_SECONDS, "the list of services", 1)
        except TimeoutError as error:
            raise AssertionError(f"{error}: {said[-1]}") from error
        services = {service["name"]: service for service in json.loads(text)["services"]}
        ours = services["kvm-manager-agent.service"]
        expect_equal((ours["state"], ours["sub_state"]), ("active", "running"), "our own service")
        expect_equal(services["systemd-journald.service"]["state"], "active", "the journal's")

    def uninstalls(self, guest, script):
        self.mount_again(guest)
        guest.run("echo '# mine' >>/etc/kvm-manager-agent/agent.conf")
        guest.run(f"sh /mnt/kvmm/{script} --uninstall", STEP_SECONDS)
        expect_equal(guest.agent_pid(), None, "process id of the agent")
        left = guest.left_files().split()
        expect(set(left) <= {"/etc/kvm-manager-agent", "/var/log/kvm-manager-agent"}, f"left: {left}")
        guest.run(f"sh /mnt/kvmm/{script} --uninstall --purge", STEP_SECONDS)
        expect_equal(guest.left_files(), "", "files that are left")
        if guest is self.systemd:
            expect_equal(guest.run("systemctl --failed --no-legend --plain | grep kvm; true"), "", "failed units")

    def mount_again(self, guest):
        guest.run("mountpoint -q /mnt/kvmm || mount -o ro /dev/sr0 /mnt/kvmm", STEP_SECONDS)

    def package_installs(self):
        guest = self.systemd
        guest.run("umount /mnt/kvmm; dpkg -i /root/agent.deb", STEP_SECONDS)
        wait_until(lambda: self.is_up(guest), STEP_SECONDS, "the service of the package", 0.5)
        self.answers(guest)
        expect_equal(guest.run("stat -c '%a %U' /etc/kvm-manager-agent/agent.conf"), "600 root", "the policy")
        expect("/etc/kvm-manager-agent/agent.conf" in guest.run("dpkg-query -W -f '${Conffiles}' kvm-manager-agent"),
               "the policy is a conffile")

    def package_leaves(self):
        guest = self.systemd
        guest.run("dpkg --purge kvm-manager-agent", STEP_SECONDS)
        expect_equal(guest.agent_pid(), None, "process id of the agent")
        expect_equal(guest.left_files(), "", "files that are left")

    def rpm_tree(self):
        """What rpm would do with the package: its files, then its script."""
        guest = self.systemd
        guest.run("tar -C / --keep-directory-symlink -xf /root/agent-rpm.tar && sh /root/rpm-postin 1", STEP_SECONDS)
        wait_until(lambda: self.is_up(guest), STEP_SECONDS, "the service of the tree", 0.5)
        self.answers(guest)
        guest.run("sh /root/rpm-preun 0; tar -tf /root/agent-rpm.tar | grep -v '/$' | (cd / && xargs rm -f); "
                  "sh /root/rpm-postun 0; rmdir /etc/kvm-manager-agent; "
                  "find /usr/share/doc /usr/share/licenses -depth -path '*/kvm-manager-agent*' -type d -empty -delete; "
                  "rm -rf /var/log/kvm-manager-agent", STEP_SECONDS)
        expect_equal(guest.agent_pid(), None, "process id of the agent")
        expect_equal(guest.left_files(), "", "files that are left")

    def rhel_script(self):
        """The installer where the system says that it is of the other family, and has SELinux's program."""
        guest = self.systemd
        guest.run("mount -o ro /dev/sr0 /mnt/kvmm; cp --remove-destination -L /etc/os-release /root/os-release; "
                  "printf 'NAME=\"Rocky Linux\"\\nID=rocky\\nID_LIKE=\"rhel centos fedora\"\\nVERSION_ID=9.4\\n"
                  "PRETTY_NAME=\"Rocky Linux 9.4\"\\n' >/root/rocky; mount --bind /root/rocky /etc/os-release; "
                  "printf '#!/bin/sh\\necho \"$@\" >>/root/labels\\n' >/usr/local/bin/restorecon; "
                  "chmod 755 /usr/local/bin/restorecon", STEP_SECONDS)
        self.installs(guest, "bash /mnt/kvmm/install-rhel.sh")
        expect("/usr/libexec/kvm-manager-agent" in guest.run("cat /root/labels"), "restorecon was called")
        expect(self.is_up(guest), "the service is up")
        guest.run("sh /mnt/kvmm/install-rhel.sh --uninstall --purge; umount /etc/os-release; rm /usr/local/bin/restorecon",
                  STEP_SECONDS)
        expect_equal(guest.left_files(), "", "files that are left")

    def shuts_down(self, guest):
        """With the agent there again: the last thing that is asked of both."""
        self.mount_again(guest)
        self.installs(guest, "sh /mnt/kvmm/install.sh")
        guest.run("umount /mnt/kvmm")
        self.program.succeed("shutdown", guest.name, timeout=harness.BOOT_SECONDS)
        expect(not guest.is_active(), "the machine is off")


def make_cases(host):
    """The cases of this program."""
    cases = Cases(host)
    version = VERSIONS[os.environ["KVMM_TEST_SUITE"]]
    both = []
    for guest, init, scripts in ((cases.systemd, "systemd", ("bash /mnt/kvmm/install-debian.sh", "install-debian.sh")),
                                 (cases.openrc, "openrc", ("sh /mnt/kvmm/install-alpine.sh", "install-alpine.sh"))):
        if guest is None:
            continue
        both += [
            (f"{init}: Debian {version} boots", lambda g=guest, i=init: cases.boots(g, i)),
            (f"{init}: the disc is mounted", lambda g=guest: cases.mounts(g)),
            (f"{init}: {scripts[1]} installs, the program has the facts",
             lambda g=guest, s=scripts: cases.installs(g, s[0])),
            (f"{init}: the service is up after a reboot", lambda g=guest: cases.stays(g)),
            (f"{init}: the agent comes back after its death", lambda g=guest: cases.returns(g)),
        ] + ([("systemd: guest-services lists what runs", cases.lists_services)] if init == "systemd" else []) + [
            (f"{init}: --uninstall leaves nothing", lambda g=guest, s=scripts: cases.uninstalls(g, s[1])),
        ]
    packages = [
        ("the agent's .deb installs, the service is up", cases.package_installs),
        ("the agent's .deb is purged without a trace", cases.package_leaves),
    ]
    # Once is enough for what is simulated.
    if cases.openrc:
        packages += [
            ("the agent's .rpm (simulated): its tree and scripts", cases.rpm_tree),
            ("install-rhel.sh (simulated): another os-release, restorecon", cases.rhel_script),
        ]
    last = [(f"{guest.name}: shut down through the agent", lambda g=guest: cases.shuts_down(g))
            for guest in host.guests.values()]
    return both + packages + last, cases.diagnose


if __name__ == "__main__":
    harness.main(make_cases)
