#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""The agent disc on its way to hosts, as people have them: a user who is in the group of libvirt and no more, on this
computer, and on another one over ssh (a sshd of our own, whose world is a mount namespace). A real guest gets the disc
from there, installs from it and tells its facts."""

import grp
import json
import os
import pathlib
import pwd
import shutil
import subprocess
import sys
import time

import harness
from harness import expect, expect_equal, wait_until

# Who is known to libvirtd too, and owns nothing.
USER = "nobody"
UID = pwd.getpwnam(USER).pw_uid
GID = pwd.getpwnam(USER).pw_gid
GROUP = os.environ.get("KVMM_LIBVIRT_GROUP", "")
# Copies: the build folder may be closed to others.
PROGRAM = harness.PRIVATE / "kvm-manager"
SCHEMAS = harness.PRIVATE / "schemas"
ACCOUNTS = harness.PRIVATE / "passwd"
GROUPS = harness.PRIVATE / "group"
SSHD = shutil.which("sshd", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
POOL = pathlib.Path("/var/lib/libvirt/images")


def skip(reason):
    print(f"1..0 # SKIP {reason}")
    sys.exit(0)


def free_port():
    with harness.socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def write_accounts(home):
    """Those of the other computer, where the user may log in."""
    accounts = [line for line in pathlib.Path("/etc/passwd").read_text(encoding="utf-8").splitlines()
                if not line.startswith(f"{USER}:")] + [f"{USER}:*:{UID}:{GID}::{home}:/bin/sh"]
    if not any(line.startswith("sshd:") for line in accounts):
        accounts.append("sshd:x:64998:65534::/run/sshd:/usr/sbin/nologin")
    ACCOUNTS.write_text("\n".join(accounts) + "\n", encoding="utf-8")
    ACCOUNTS.chmod(0o644)
    groups = []
    for line in pathlib.Path("/etc/group").read_text(encoding="utf-8").splitlines():
        members = [name for name in line.rpartition(":")[2].split(",") if name]
        groups.append(line if not line.startswith(f"{GROUP}:") else
                      line.rpartition(":")[0] + ":" + ",".join([*members, USER]))
    GROUPS.write_text("\n".join(groups) + "\n", encoding="utf-8")
    GROUPS.chmod(0o644)


class Sshd:
    """Another computer: sshd with an own /etc/passwd, and the private libvirt in the usual place."""

    SCRIPT = """
set -e
mount --bind "$4" /etc/passwd
mount --bind "$5" /etc/group
mount -t tmpfs tmpfs /run
mkdir -p /run/sshd /run/libvirt
mount --bind "$2" /run/libvirt
exec "$3" -D -e -f "$1/sshd_config"
"""

    def __init__(self, home):
        self.folder = harness.PRIVATE / "ssh"
        self.folder.mkdir(mode=0o755)
        self.key = home / "key"
        self.port = free_port()
        for key in (self.folder / "host", self.key):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
            os.chown(key, UID if key == self.key else 0, GID if key == self.key else 0)
        shutil.copy(f"{self.key}.pub", self.folder / "authorized")
        (self.folder / "authorized").chmod(0o644)
        (self.folder / "sshd_config").write_text(f"""
Port {self.port}
ListenAddress 127.0.0.1
HostKey {self.folder}/host
AuthorizedKeysFile {self.folder}/authorized
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
""", encoding="utf-8")
        self.log = open(self.folder / "log", "wb")
        self.process = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", self.SCRIPT, "sh", str(self.folder),
             str(harness.PRIVATE / "s" / "run"), SSHD, str(ACCOUNTS), str(GROUPS)], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        self.uri = f"qemu+ssh://{USER}@127.0.0.1:{self.port}/system?keyfile={self.key}&no_verify=1&no_tty=1"
        wait_until(self.listens, 20, "sshd", 0.1)

    def listens(self):
        expect(self.process.poll() is None, f"sshd ended: {(self.folder / 'log').read_text(errors='replace')}")
        with harness.socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def close(self):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()


class Person:
    """Somebody who uses the program."""

    def __init__(self, home, groups, iso):
        self.groups = groups
        keyfile = home / "config" / "glib-2.0" / "settings" / "keyfile"
        keyfile.parent.mkdir(parents=True, exist_ok=True)
        keyfile.write_text(f"[org/kvmmanager/KvmManager]\nagent-iso-path='{iso}'\n", encoding="utf-8")
        self.environment = {**os.environ, "LC_ALL": "C.UTF-8", "HOME": str(home), "GSETTINGS_BACKEND": "keyfile",
                            "GSETTINGS_SCHEMA_DIR": str(SCHEMAS),
                            "XDG_CONFIG_HOME": str(home / "config"), "XDG_CACHE_HOME": str(home / "cache"),
                            "XDG_RUNTIME_DIR": str(home), "XDG_DATA_HOME": str(home / "data")}

    def run(self, uri, *arguments):
        return subprocess.run(
            ["setpriv", f"--reuid={UID}", f"--regid={GID}", self.groups, "--", str(PROGRAM), "--connect", uri, *arguments],
            env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            timeout=240, check=False, cwd="/")

    def succeed(self, uri, *arguments):
        result = self.run(uri, *arguments)
        expect_equal(result.returncode, 0, f"{arguments}: {result.stdout}{result.stderr}")
        return result.stdout

    def fail(self, code, uri, *arguments):
        result = self.run(uri, *arguments)
        expect_equal(result.returncode, code, f"{arguments}: {result.stdout}{result.stderr}")
        return result.stderr

    def candidates(self, uri):
        result = self.run(uri, "agent-iso", "--json")
        expect(result.returncode in (0, 3), result.stderr)
        return [(c["source"], c["verdict"]) for c in json.loads(result.stdout)[0]["candidates"]]


class HotPlugGuest(harness.Guest):
    """Without a CD drive, and with a virtio-scsi controller that can get one."""

    def xml(self, *arguments):
        return super().xml(*arguments).replace(
            "<disk type='file' device='cdrom'><target dev='hda' bus='ide'/><readonly/></disk>",
            "<controller type='scsi' index='0' model='virtio-scsi'/>")


def make_cases(host):
    shutil.copy(os.environ["KVMM_TEST_PROGRAM"], PROGRAM)
    PROGRAM.chmod(0o755)
    SCHEMAS.mkdir(mode=0o755)
    shutil.copy(pathlib.Path(os.environ["GSETTINGS_SCHEMA_DIR"]) / "gschemas.compiled", SCHEMAS)
    (SCHEMAS / "gschemas.compiled").chmod(0o644)
    home = harness.PRIVATE / "home"
    home.mkdir(mode=0o700)
    # Where QEMU may not go: what is in there has to be uploaded.
    iso = home / "kvmmanager-guest-agent.iso"
    shutil.copy(os.environ["KVMM_TEST_ISO"], iso)
    person = Person(home, f"--groups={grp.getgrnam(GROUP).gr_gid}", iso)
    stranger = Person(home, "--clear-groups", iso)
    write_accounts(home)
    sshd = Sshd(home)
    for path in [home, *home.rglob("*")]:
        os.chown(path, UID, GID)
    far = sshd.uri
    near = harness.URI
    bare = host.guest("bare", agent=False, channel=False)
    plug = host.guest("plug", kind=HotPlugGuest, agent=False)
    for guest in (bare, plug):
        guest.start()
    for guest in (bare, plug):
        guest.log_in()

    def pools():
        return sorted(pool.name() for pool in host.connection.listAllStoragePools())

    def volumes():
        return sorted(volume.name() for volume in host.connection.storagePoolLookupByName("default").listAllVolumes())

    def case_stranger():
        message = stranger.fail(4, near, "list")
        expect("group “libvirt”" in message and "log in again" in message, message)

    def case_question():
        """Nothing is made before somebody agrees, and it is said what would be."""
        expect_equal(person.candidates(far), [("file", "remote"), ("upload", "pool-needed")], "candidates")
        message = person.fail(1, far, "mount-agent-iso", "bare")
        expect(str(POOL) in message and "“default”" in message and "--make-pool" in message, message)
        expect_equal(pools(), [], "pools")
        expect(not bare.has_channel(), "the channel was added all the same")

    def case_far():
        told = json.loads(person.succeed(far, "mount-agent-iso", "bare", "--make-pool", "--json"))
        expect_equal((told["uploaded"], told["target"], told["channel_added"]), (True, "hda", True), f"{told}")
        expect_equal(told["channel_needs_restart"], False, "the channel")
        expect_equal(volumes(), [f"kvmmanager-guest-agent-{told['version']}.iso"], "volumes")
        expect_equal(bare.drive_source(), told["path"], "the drive")
        expect_equal(person.candidates(far)[1:], [("volume", "taken"), ("upload", "skipped")], "candidates")

    def case_far_install():
        bare.run("mkdir -p /mnt/kvmm; until mount -t iso9660 -o ro /dev/sr0 /mnt/kvmm 2>/dev/null; do sleep 1; done", 60)
        bare.run("sh /mnt/kvmm/install.sh", 120)
        facts = json.loads(person.succeed(far, "guest-info", "bare", "--json", "--wait", "90"))
        expect_equal((facts["source"], facts["state"]), ("agent", "ready"), "who is spoken to")
        expect_equal(facts["system"]["hostname"], "bare", "host name")

    def case_locked():
        """The guest has it mounted: after 5 s it says so, and how to go on."""
        started = time.monotonic()
        message = person.fail(1, far, "mount-agent-iso", "bare", "--eject")
        expect("--force" in message and "hda" in message, message)
        print(f"# the tray was given up after {time.monotonic() - started:.1f} s")
        expect(bare.drive_source() is not None, "the disc is gone")
        person.succeed(far, "mount-agent-iso", "bare", "--eject", "--force")
        expect_equal(bare.drive_source(), None, "the drive")
        bare.run("umount /mnt/kvmm")

    def case_near():
        """As the same user on this computer: what is there is used, for several machines at once."""
        expect_equal(person.candidates(near), [("file", "not-for-qemu"), ("volume", "taken"), ("upload", "skipped")],
                     "candidates")
        told = json.loads(person.succeed(near, "mount-agent-iso", "bare", "plug", "--json"))
        expect_equal([machine["name"] for machine in told], ["bare", "plug"], "machines")
        expect_equal([machine["uploaded"] for machine in told], [False, False], "uploads")
        expect(told[1]["drive_added"] and not told[1]["drive_needs_restart"], f"{told[1]}")
        plug.run("until head -c 32774 /dev/sr0 2>/dev/null | tail -c 5 | grep -q CD001; do sleep 1; done", 60)
        person.succeed(near, "mount-agent-iso", "bare", "plug", "--eject")

    def case_deploy():
        told = json.loads(person.succeed(near, "agent-iso", "--deploy", "--json"))[0]
        expect_equal((told["uploaded"], told["pool"]), (False, "default"), f"{told}")
        pool = host.connection.storagePoolLookupByName("default")
        pool.storageVolLookupByName(told["volume"]).delete(0)
        told = json.loads(person.succeed(near, "agent-iso", "--deploy", "--json"))[0]
        expect_equal(told["uploaded"], True, f"{told}")
        path = pool.storageVolLookupByName(told["volume"]).path()
        inside = harness.PRIVATE / "s" / "lib" / "images" / pathlib.Path(path).name
        expect_equal(inside.read_bytes(), iso.read_bytes(), "the bytes there")
        expect_equal(inside.stat().st_mode & 0o777, 0o644, "its mode")

    def case_old():
        """What a machine names stays, whether it runs or not."""
        pool = host.connection.storagePoolLookupByName("default")
        for version in ("0.0.1", "0.0.2"):
            pool.createXML(f"<volume><name>kvmmanager-guest-agent-{version}.iso</name><capacity>1</capacity></volume>")
        host.connection.defineXML(f"""
<domain type='qemu'><name>old</name><memory>65536</memory><os><type arch='x86_64'>hvm</type></os><devices>
<disk type='volume' device='cdrom'><source pool='default' volume='kvmmanager-guest-agent-0.0.2.iso'/>
<target dev='hda' bus='ide'/></disk></devices></domain>""")
        told = json.loads(person.succeed(near, "agent-iso", "--remove-old", "--json"))
        expect_equal([(v["volume"][23:-4], v["removed"], v["used_by"]) for v in told][:2],
                     [("0.0.1", True, None), ("0.0.2", False, "old")], "what was removed")
        expect("kvmmanager-guest-agent-0.0.1.iso" not in volumes(), "the volume is there")
        expect_equal(len(volumes()), 2, "volumes left")
        host.connection.lookupByName("old").undefine()

    def case_packaged():
        """A file of root's that all may read is used where it is, and keeps its owner where the host has a say in it."""
        packaged = harness.PRIVATE / "kvmmanager-guest-agent.iso"
        shutil.copy(os.environ["KVMM_TEST_ISO"], packaged)
        packaged.chmod(0o644)
        other_home = harness.PRIVATE / "other-home"
        other_home.mkdir(mode=0o755)
        other = Person(other_home, person.groups, packaged)
        for path in [other_home, *other_home.rglob("*")]:
            os.chown(path, UID, GID)
        expect_equal(other.candidates(near)[0], ("file", "taken"), "the first candidate")
        told = json.loads(other.succeed(near, "mount-agent-iso", "bare", "--json"))
        expect_equal((told["path"], told["uploaded"], told["note"]), (str(packaged), False, None), f"{told}")
        xml = bare.domain.XMLDesc()
        for model in ("dac", "selinux"):
            expect_equal(f"<seclabel model='{model}' relabel='no'/>" in xml,
                         f"<model>{model}</model>" in host.connection.getCapabilities(), f"a label of {model} in {xml}")
        expect_equal((packaged.stat().st_uid, packaged.stat().st_gid), (0, 0), "its owner")
        other.succeed(near, "mount-agent-iso", "bare", "--eject")

    cases = [
        ("who is not in the group is told what to do", case_stranger),
        ("no pool is made before somebody agrees to it", case_question),
        ("the disc is uploaded over ssh, and gets into a machine there", case_far),
        ("its guest installs from it, and tells its facts over ssh", case_far_install),
        ("a locked tray is waited for, and opened by force when asked", case_locked),
        ("a user of the group, on this computer, several machines, a drive plugged in", case_near),
        ("a packaged file is used where it is, with its owner", case_packaged),
        ("uploading ahead, once", case_deploy),
        ("old versions go, unless a machine names them", case_old),
    ]

    def last():
        sshd.close()
    cases.append(("the other computer goes away", last))
    return cases, lambda: (bare.console.log[-1500:].decode(errors="replace") +
                           (sshd.folder / "log").read_text(errors="replace")[-1500:])


if __name__ == "__main__":
    if os.geteuid() != 0:
        skip("a user in the group of libvirt can only be made by root")
    if not SSHD or not shutil.which("ssh-keygen"):
        skip("openssh-server and openssh-client are not installed")
    harness.main(make_cases)
