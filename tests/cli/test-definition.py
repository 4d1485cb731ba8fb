#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""kvm-manager xml, define, pending, rename and delete, with a machine that QEMU really runs."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import traceback

import libvirt

URI = os.environ["KVMM_LIBVIRT_URI"]
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="kvmm-definition-"))
MACHINE = f"""
<domain type='qemu'>
  <name>alpha</name>
  <uuid>a0000000-0000-4000-8000-0000000000c1</uuid>
  <metadata><other:thing xmlns:other='urn:other'>kept</other:thing></metadata>
  <memory unit='MiB'>64</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw'/>
      <source file='{FOLDER}/pool/root.img'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <graphics type='vnc' port='-1' passwd='sesame'/>
    <memballoon model='none'/>
  </devices>
</domain>"""


FIRMWARE_MACHINE = """
<domain type='qemu'>
  <name>uefi</name>
  <memory unit='MiB'>128</memory>
  <os firmware='efi'><type arch='x86_64' machine='q35'>hvm</type></os>
  <features><acpi/></features>
  <devices><emulator>/usr/bin/qemu-system-x86_64</emulator></devices>
</domain>"""


def expect(condition, text):
    if not condition:
        raise AssertionError(text)


def run(*arguments, code=0, given=None):
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "XDG_DATA_HOME": str(FOLDER / "data"),
                   "XDG_CONFIG_HOME": f"{os.environ['KVMM_PRIVATE_DIR']}/c"}
    result = subprocess.run([os.environ["KVMM_PROGRAM"], "--connect", URI, *arguments], env=environment, timeout=120,
                            input=given if given is not None else "", capture_output=True, text=True, check=False)
    expect(result.returncode == code, f"{arguments} ended with {result.returncode}:\n{result.stdout}{result.stderr}")
    return result


class Cases:
    def __init__(self):
        libvirt.registerErrorHandler(lambda *_: None, None)
        self.connection = libvirt.open(URI)
        (FOLDER / "pool").mkdir()
        FOLDER.chmod(0o755)
        with open(FOLDER / "pool/root.img", "wb") as file:
            file.truncate(1 << 20)
        self.file = FOLDER / "alpha.xml"
        self.file.write_text(MACHINE, encoding="utf-8")
        pool = self.connection.storagePoolCreateXML(
            f"<pool type='dir'><name>definition</name><target><path>{FOLDER}/pool</path></target></pool>")
        pool.refresh()

    def defines(self):
        uuid = run("define", str(self.file)).stdout.strip()
        expect(self.connection.lookupByUUIDString(uuid).name() == "alpha", f"the machine {uuid}")
        result = run("define", "-", given="<domain type='qemu'><name>beta</name><nosuch/></domain>", code=1)
        expect("nosuch" in result.stderr or "memory" in result.stderr, result.stderr)
        result = run("define", str(FOLDER / "missing.xml"), code=1)
        expect("missing.xml" in result.stderr, result.stderr)

    def refuses_a_taken_name(self):
        text = MACHINE.replace("00c1</uuid>", "00c2</uuid>")
        result = run("define", "-", given=text, code=1)
        expect("alpha" in result.stderr and "another name" in result.stderr, result.stderr)

    def clones(self):
        (FOLDER / "pool/root.img").write_bytes(b"content" + bytes((1 << 20) - 7))
        uuid = run("clone", "alpha", "gamma").stdout.strip()
        clone = self.connection.lookupByUUIDString(uuid)
        xml = clone.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE)
        expect(clone.name() == "gamma" and uuid != "a0000000-0000-4000-8000-0000000000c1", uuid)
        expect("sesame" in xml and "urn:other" in xml and f"{FOLDER}/pool/gamma-vda.img" in xml, xml)
        expect((FOLDER / "pool/gamma-vda.img").read_bytes() == (FOLDER / "pool/root.img").read_bytes(), "the copy's disk")
        run("delete", "gamma", "--storage", "--yes")
        expect([path.name for path in (FOLDER / "pool").iterdir()] == ["root.img"], "the copy goes with its disk")

    def clones_wholly_or_not_at_all(self):
        """Whatever fails, there is no volume and no machine more than before."""
        def refused(name, new_name, word):
            before = sorted(path.name for path in (FOLDER / "pool").iterdir())
            result = run("clone", name, new_name, code=1)
            expect(word in result.stderr, result.stderr)
            expect(sorted(path.name for path in (FOLDER / "pool").iterdir()) == before, f"{new_name} left a volume")
            expect(sorted(d.name() for d in self.connection.listAllDomains()) == ["alpha", "two"], f"{new_name} left a machine")

        (FOLDER / "outside.img").write_bytes(bytes(4096))
        second = f"<disk type='file'><source file='{FOLDER}/outside.img'/><target dev='vdb' bus='virtio'/></disk>"
        self.connection.defineXML(MACHINE.replace("00c1<", "00c3<").replace("alpha", "two").replace("<graphics", f"{second}<graphics"))
        refused("two", "delta", "pool")
        refused("alpha", "two", "two")
        refused("alpha", "a/b", "/")
        (FOLDER / "pool/delta-vda.img").write_bytes(b"of somebody else")
        refused("alpha", "delta", "delta-vda.img")
        expect((FOLDER / "pool/delta-vda.img").read_bytes() == b"of somebody else", "the volume of somebody else")
        (FOLDER / "pool/delta-vda.img").unlink()
        self.connection.lookupByName("alpha").createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
        refused("alpha", "delta", "Shut it down")
        self.connection.lookupByName("alpha").destroy()
        self.connection.lookupByName("two").undefine()

    def shows_the_difference_and_asks(self):
        text = self.connection.lookupByName("alpha").XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE)
        self.file.write_text(text.replace("<vcpu placement='static'>1<", "<vcpu placement='static'>2<"), encoding="utf-8")
        result = run("define", str(self.file), code=6)
        expect("-  <vcpu placement='static'>1</vcpu>" in result.stderr, result.stderr)
        expect("+  <vcpu placement='static'>2</vcpu>" in result.stderr, result.stderr)
        expect("--yes" in result.stderr and "sesame" not in result.stderr, result.stderr)
        expect("static'>1<" in run("xml", "alpha", "--stored").stdout, "nothing was done")
        run("define", str(self.file), "--yes")
        stored = run("xml", "alpha", "--stored").stdout
        expect("static'>2<" in stored and "urn:other" in stored, stored)
        expect("Nothing" in run("define", str(self.file)).stderr, "the same again")

    def makes_a_disk_larger(self):
        """By its pool while the machine is off, by its emulator while it runs; never smaller."""
        disk = FOLDER / "pool/root.img"
        expect(run("grow", "alpha", "vda").stdout.startswith("1 MiB, of which"), "the size of vda")
        run("grow", "alpha", "vda", "3M")
        expect(disk.stat().st_size == 3 << 20, f"{disk.stat().st_size} bytes")
        run("grow", "alpha", "vda", "+1.5M")
        expect(disk.stat().st_size == 5 << 20, f"{disk.stat().st_size} bytes are no whole MiB more")
        for size, word in (("5M", "never made smaller"), ("1M", "name a larger size"), ("+0", "name a larger size"),
                           ("2E", "at most 1 EiB")):
            result = run("grow", "alpha", "vda", size, code=1)
            expect(word in result.stderr, result.stderr)
        expect("no size" in run("grow", "alpha", "vda", "much", code=2).stderr, "a word is no size")
        expect("vdz" in run("grow", "alpha", "vdz", "9M", code=1).stderr, "a disk that is not there")
        self.connection.lookupByName("alpha").createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
        size = json.loads(run("grow", "alpha", "vda", "7M", "--json").stdout)
        self.connection.lookupByName("alpha").destroy()
        expect(size["capacity_bytes"] == 7 << 20 and disk.stat().st_size == 7 << 20, f"{size}, {disk.stat()}")

        (FOLDER / "outside.img").write_bytes(bytes(1 << 20))
        self.connection.defineXML(MACHINE.replace("00c1<", "00c3<").replace("alpha", "two").replace("pool/root", "outside"))
        result = run("grow", "two", "vda", "2M", code=1)
        expect("storage pool" in result.stderr and (FOLDER / "outside.img").stat().st_size == 1 << 20, result.stderr)
        self.connection.lookupByName("two").undefine()

    def lists_what_waits(self):
        self.connection.lookupByName("alpha").create()
        waits = run("pending", "alpha").stdout
        expect(waits == "", f"after a start waits {waits}")
        self.file.write_text(self.file.read_text(encoding="utf-8").replace("type='raw'/>", "type='raw' cache='none'/>"),
                             encoding="utf-8")
        result = run("define", str(self.file), "--yes")
        expect("next start" in result.stderr, result.stderr)
        expect("Disk vda: Cache mode: – → none" in run("pending", "alpha").stdout, run("pending", "alpha").stdout)
        expect("cache='none'" not in run("xml", "alpha").stdout, "the live document")

    def renames(self):
        result = run("rename", "alpha", "beta", code=1)
        expect("alpha" in result.stderr, result.stderr)
        self.connection.lookupByName("alpha").destroy()
        result = run("rename", "alpha", "a/b", code=1)
        expect("slash" in result.stderr, result.stderr)
        run("rename", "alpha", "beta")
        expect(self.connection.lookupByName("beta").UUIDString().endswith("c1"), "the same machine")

    def keeps_firmware_settings(self):
        """The file is the same after a rename, and gone after the deletion."""
        if not list(pathlib.Path("/usr/share").glob("OVMF/OVMF_CODE*")) and not pathlib.Path("/usr/share/edk2").exists():
            print("# no UEFI firmware is installed: not tried")
            return
        machine = self.connection.defineXML(FIRMWARE_MACHINE)
        machine.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
        settings = pathlib.Path(re.search(r"<nvram[^>]*>([^<]+)<", machine.XMLDesc())[1])
        machine.destroy()
        before = settings.stat().st_ino
        run("rename", "uefi", "other")
        machine = self.connection.lookupByName("other")
        machine.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
        expect(str(settings) in machine.XMLDesc(), machine.XMLDesc())
        machine.destroy()
        expect(settings.stat().st_ino == before, "the file of the settings")
        run("delete", "other", "--yes")
        expect(list(settings.parent.iterdir()) == [], f"{settings.parent} holds {list(settings.parent.iterdir())}")

    def deletes(self):
        result = run("delete", "beta", code=6)
        expect("vda" in result.stderr and "--yes" in result.stderr, result.stderr)
        run("delete", "nobody", "--yes", code=3)
        result = run("delete", "beta", "--yes")
        expect(f"– vda: {FOLDER}/pool/root.img" in result.stderr, result.stderr)
        expect((FOLDER / "pool/root.img").exists(), "storage that nobody asked to delete")
        run("define", str(self.file))
        result = run("delete", "alpha", "--storage", "--yes")
        expect(f"× vda: {FOLDER}/pool/root.img" in result.stderr, result.stderr)
        expect(not (FOLDER / "pool/root.img").exists(), "the storage went too")
        expect(self.connection.listAllDomains() == [], "no machine is left")


def main():
    cases = Cases()
    all_cases = [
        ("a machine is defined from a file, a faulty one refused", cases.defines),
        ("a name that is taken is refused", cases.refuses_a_taken_name),
        ("a machine is cloned with its disk", cases.clones),
        ("a clone that fails leaves nothing", cases.clones_wholly_or_not_at_all),
        ("a changed definition is shown before it is applied", cases.shows_the_difference_and_asks),
        ("a disk is made larger, never smaller", cases.makes_a_disk_larger),
        ("what waits for the next start is listed", cases.lists_what_waits),
        ("a stopped machine is renamed", cases.renames),
        ("a machine keeps its firmware settings under another name", cases.keeps_firmware_settings),
        ("a machine is deleted, with its storage when asked", cases.deletes),
    ]
    passed = True
    print(f"1..{len(all_cases)}")
    for number, (name, case) in enumerate(all_cases, 1):
        try:
            case()
            print(f"ok {number} {name}", flush=True)
        except Exception:  # pylint: disable=broad-except
            passed = False
            print(f"not ok {number} {name}", flush=True)
            # Of a case that fails Meson shows the error stream only.
            print(f"{name}: {traceback.format_exc()}", file=sys.stderr, flush=True)
    subprocess.run(["rm", "-rf", str(FOLDER)], check=True)
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
