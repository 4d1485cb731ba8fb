#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""kvm-manager clone, and delete of what clones stand on, with volumes that qemu-img looks into."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import traceback
import xml.etree.ElementTree as ElementTree

import libvirt

URI = os.environ["KVMM_LIBVIRT_URI"]
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="kvmm-clone-"))
POOL = FOLDER / "pool"
SIZE = 1 << 20
OURS = "https://kvmmanager.org/xmlns/domain/1.0"
MACHINE = """
<domain type='qemu'>
  <name>{name}</name>
  <memory unit='MiB'>64</memory>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    {disks}
    <memballoon model='none'/>
  </devices>
</domain>"""
DISK = """<disk type='file' device='disk'><driver name='qemu' type='{format}' cache='none'/><source file='{path}'/>
  <target dev='{target}' bus='virtio'/></disk>"""
DISC = """<disk type='file' device='cdrom'><source file='{path}'/><target dev='sda' bus='sata'/><readonly/></disk>"""


def expect(condition, text):
    if not condition:
        raise AssertionError(text)


def run(*arguments, code=0):
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "XDG_DATA_HOME": str(FOLDER / "data"),
                   "XDG_CONFIG_HOME": f"{os.environ['KVMM_PRIVATE_DIR']}/c"}
    result = subprocess.run([os.environ["KVMM_PROGRAM"], "--connect", URI, *arguments], env=environment, timeout=120,
                            input="", capture_output=True, text=True, check=False)
    expect(result.returncode == code, f"{arguments} ended with {result.returncode}:\n{result.stdout}{result.stderr}")
    return result


def look_into(path):
    # Without --force-share a machine that runs would keep its disk from being looked into.
    result = subprocess.run(["qemu-img", "info", "--force-share", "--output=json", str(path)], capture_output=True, text=True, check=True)
    return json.loads(result.stdout)


def write_image(path, content, image_format):
    """Content of SIZE bytes, half of it nothing."""
    plain = FOLDER / "plain"
    plain.write_bytes(content * (SIZE // 2 // len(content)) + bytes(SIZE // 2))
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", image_format, str(plain), str(path)], check=True)
    plain.unlink()


def is_same(path, other):
    return subprocess.run(["qemu-img", "compare", "--force-share", str(path), str(other)], capture_output=True, check=False).returncode == 0


class Cases:
    def __init__(self):
        libvirt.registerErrorHandler(lambda *_: None, None)
        self.connection = libvirt.open(URI)
        POOL.mkdir()
        FOLDER.chmod(0o755)
        write_image(POOL / "root.img", b"raw of alpha ", "raw")
        write_image(POOL / "data.qcow2", b"qcow2 of alpha ", "qcow2")
        write_image(POOL / "other.vmdk", b"vmdk", "vmdk")
        (POOL / "tools.iso").write_bytes(bytes(4096))
        self.pool = self.connection.storagePoolCreateXML(
            f"<pool type='dir'><name>clones</name><target><path>{POOL}</path></target></pool>")
        self.pool.refresh()
        disks = (DISK.format(format="raw", path=POOL / "root.img", target="vda")
                 + DISK.format(format="qcow2", path=POOL / "data.qcow2", target="vdb")
                 + DISC.format(path=POOL / "tools.iso"))
        self.connection.defineXML(MACHINE.format(name="alpha", disks=disks))

    def names(self):
        return sorted(machine.name() for machine in self.connection.listAllDomains())

    @staticmethod
    def files():
        return sorted(path.name for path in POOL.iterdir())

    def read_disks(self, name):
        """Returns: by target: the format, the file"""
        root = ElementTree.fromstring(self.connection.lookupByName(name).XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
        return {disk.find("target").get("dev"): (disk.find("driver").get("type"), disk.find("source").get("file"))
                for disk in root.iter("disk")}

    def links(self):
        before = (POOL / "root.img").read_bytes(), (POOL / "data.qcow2").read_bytes()
        uuid = run("clone", "alpha", "linked", "--linked").stdout.strip()
        expect(self.connection.lookupByUUIDString(uuid).name() == "linked", uuid)
        disks = self.read_disks("linked")
        expect(disks == {"vda": ("qcow2", f"{POOL}/linked-vda.qcow2"), "vdb": ("qcow2", f"{POOL}/linked-vdb.qcow2"),
                         "sda": ("raw", f"{POOL}/tools.iso")}, disks)
        for target, source, source_format in (("vda", "root.img", "raw"), ("vdb", "data.qcow2", "qcow2")):
            facts = look_into(disks[target][1])
            expect(facts["format"] == "qcow2" and facts["virtual-size"] == SIZE, facts)
            expect(facts["full-backing-filename"] == str(POOL / source), facts)
            expect(facts["backing-filename-format"] == source_format, facts)
            expect(is_same(disks[target][1], POOL / source), f"what {target} reads")
        # What is written goes into the copy alone.
        subprocess.run(["qemu-io", "-f", "qcow2", "-c", "write -P 0x11 0 64k", disks["vda"][1]], check=True, capture_output=True)
        expect(not is_same(disks["vda"][1], POOL / "root.img"), "what was written is read again")
        expect(((POOL / "root.img").read_bytes(), (POOL / "data.qcow2").read_bytes()) == before, "the disks of the machine")

    def starts_linked(self):
        """QEMU opens the whole chain: a format that is not written down would be refused."""
        machine = self.connection.lookupByName("linked")
        machine.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
        xml = machine.XMLDesc()
        machine.destroy()
        expect(f"<source file='{POOL}/root.img'/>" in xml and "<backingStore type='file'" in xml, xml)

    def links_of_links(self):
        run("clone", "linked", "third", "--linked")
        facts = look_into(self.read_disks("third")["vda"][1])
        expect(facts["full-backing-filename"] == f"{POOL}/linked-vda.qcow2", facts)
        run("delete", "third", "--storage", "--yes")
        # A whole copy of a linked one stands alone.
        run("clone", "linked", "whole")
        path = self.read_disks("whole")["vda"][1]
        expect("backing-filename" not in look_into(path), look_into(path))
        expect(is_same(path, POOL / "linked-vda.qcow2"), "the copy of a linked disk")
        run("delete", "whole", "--storage", "--yes")
        expect(self.names() == ["alpha", "linked"], self.names())

    def keeps_what_is_stood_on(self):
        before = self.files()
        listed = run("delete", "alpha", "--storage", code=6).stderr
        expect(f"– vda: {POOL}/root.img: “linked-vda.qcow2” is a linked copy" in listed, listed)
        expect(f"– vdb: {POOL}/data.qcow2: “linked-vdb.qcow2” is a linked copy" in listed, listed)
        expect(self.files() == before and "alpha" in self.names(), "nothing was agreed to")
        # A file that no machine names, and that the pool has not seen yet, stands on the volume too.
        run("delete", "linked", "--storage", "--yes")
        expect(self.files() == ["data.qcow2", "other.vmdk", "root.img", "tools.iso"], self.files())
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", "root.img", "-F", "raw", str(POOL / "unnamed.qcow2")], check=True)
        listed = run("delete", "alpha", "--storage", code=6).stderr
        expect(f"– vda: {POOL}/root.img: “unnamed.qcow2” is a linked copy" in listed, listed)
        expect(f"× vdb: {POOL}/data.qcow2\n" in listed, listed)
        (POOL / "unnamed.qcow2").unlink()
        listed = run("delete", "alpha", "--storage", code=6).stderr
        expect(f"× vda: {POOL}/root.img\n" in listed, listed)

    def refused(self, name, new_name, word, *options):
        """Whatever fails, there is no volume and no machine more than before."""
        before = self.files(), self.names()
        result = run("clone", name, new_name, *options, code=1)
        expect(word in result.stderr, result.stderr)
        expect((self.files(), self.names()) == before, f"{new_name} left {self.files()}, {self.names()}")

    def templates(self):
        machine = self.connection.lookupByName("alpha")
        machine.setMetadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, "<thing>kept</thing>", "other", "urn:other", 0)
        machine.setMetadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, "<machine><tag>web</tag></machine>", "kvmmanager", OURS, 0)
        expect(run("template", "alpha").stdout == "no\n", "no template yet")
        run("template", "alpha", "perhaps", code=2)
        run("template", "alpha", "yes")
        expect(run("template", "alpha").stdout == "yes\n", "a template")
        listed = {entry["name"]: entry["template"] for entry in json.loads(run("list", "--json").stdout)}
        expect(listed["alpha"] is True, listed)
        xml = machine.XMLDesc()
        expect("urn:other" in xml and "tag>web<" in xml and "template/>" in xml, xml)
        # What is made of a template is none, but has all the rest.
        run("clone", "alpha", "made", "--linked")
        expect(run("template", "made").stdout == "no\n", "what is made of a template")
        xml = self.connection.lookupByName("made").XMLDesc()
        expect("urn:other" in xml and "tag>web<" in xml and "template/>" not in xml, xml)
        run("delete", "made", "--storage", "--yes")
        run("template", "alpha", "no")
        xml = machine.XMLDesc()
        expect("urn:other" in xml and "tag>web<" in xml and "template/>" not in xml, xml)

    def read_settings(self, name):
        root = ElementTree.fromstring(self.connection.lookupByName(name).XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
        return root.find("os/nvram")

    def firmware_settings(self):
        """In the pool, in a folder that is none, and where nobody can look."""
        nvram = FOLDER / "nvram"
        nvram.mkdir()
        code = FOLDER / "code.fd"
        code.write_bytes(bytes(4096))
        for folder in (POOL, nvram):
            (folder / "uefi_VARS.fd").write_bytes(b"boots from here" * 100)
            self.pool.refresh()
            machine = MACHINE.format(name="uefi", disks=DISK.format(format="qcow2", path=POOL / "data.qcow2", target="vda")).replace(
                "</os>", f"<loader readonly='yes' type='pflash'>{code}</loader><nvram template='{code}'>{folder}/uefi_VARS.fd</nvram></os><features><acpi/></features>")
            self.connection.defineXML(machine)
            for name, options in (("uefi2", ()), ("uefi3", ("--linked",))):
                run("clone", "uefi", name, *options)
                settings = self.read_settings(name)
                expect(settings.text == f"{folder}/{name}_VARS.fd" and settings.get("template") == str(code), settings.text)
                expect((folder / f"{name}_VARS.fd").read_bytes() == (folder / "uefi_VARS.fd").read_bytes(), f"the settings of {name}")
            # A clone that fails takes back what it copied.
            (folder / "uefi4_VARS.fd").write_bytes(b"of somebody else")
            self.pool.refresh()
            before = sorted(folder.iterdir())
            self.refused("uefi", "uefi4", "uefi4_VARS.fd")
            expect(sorted(folder.iterdir()) == before, sorted(folder.iterdir()))
            expect((folder / "uefi4_VARS.fd").read_bytes() == b"of somebody else", "the file of somebody else")
            for name in ("uefi2", "uefi3", "uefi"):
                self.connection.lookupByName(name).undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_KEEP_NVRAM)
            for path in {*folder.glob("uefi*"), *POOL.glob("uefi*")}:
                path.unlink()
            self.pool.refresh()
        expect([pool.name() for pool in self.connection.listAllStoragePools()] == ["clones"], "a pool was left behind")
        self.connection.defineXML(machine)
        told = run("clone", "uefi", "uefi2").stderr
        expect("fresh firmware settings: " in told and "uefi_VARS.fd" in told, told)
        expect(str(FOLDER) not in (self.read_settings("uefi2").text or ""), "libvirt itself chooses where fresh ones lie")
        for name in ("uefi2", "uefi"):
            self.connection.lookupByName(name).undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_KEEP_NVRAM)
        for path in POOL.glob("uefi*"):
            path.unlink()
        self.pool.refresh()
        expect([pool.name() for pool in self.connection.listAllStoragePools()] == ["clones"], "a pool was left behind")

    def links_wholly_or_not_at_all(self):
        (POOL / "delta-vdb.qcow2").write_bytes(b"of somebody else")
        self.refused("alpha", "delta", "delta-vdb.qcow2", "--linked")
        expect((POOL / "delta-vdb.qcow2").read_bytes() == b"of somebody else", "the volume of somebody else")
        (POOL / "delta-vdb.qcow2").unlink()
        self.pool.refresh()
        self.refused("alpha", "alpha", "alpha", "--linked")
        self.connection.defineXML(MACHINE.format(name="vmware", disks=DISK.format(format="vmdk", path=POOL / "other.vmdk", target="vda")))
        self.refused("vmware", "delta", "raw or qcow2", "--linked")
        self.connection.lookupByName("vmware").undefine()
        # A guest wrote the first bytes of another format into its disk: that is never a backing file.
        self.connection.defineXML(MACHINE.format(name="liar", disks=DISK.format(format="raw", path=POOL / "data.qcow2", target="vda")))
        self.refused("liar", "delta", "qcow2", "--linked")
        self.connection.lookupByName("liar").undefine()
        (FOLDER / "outside.img").write_bytes(bytes(4096))
        self.connection.defineXML(MACHINE.format(name="outside", disks=DISK.format(format="raw", path=FOLDER / "outside.img", target="vda")))
        self.refused("outside", "delta", "storage pool", "--linked")
        self.connection.lookupByName("outside").undefine()
        self.connection.lookupByName("alpha").createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
        self.refused("alpha", "delta", "Shut it down", "--linked")
        self.connection.lookupByName("alpha").destroy()


def main():
    cases = Cases()
    all_cases = [
        ("a linked copy holds only what differs", cases.links),
        ("a machine on linked copies starts", cases.starts_linked),
        ("a linked copy is linked again, and copied whole", cases.links_of_links),
        ("what linked copies stand on is not deleted", cases.keeps_what_is_stood_on),
        ("a template is marked, and what is made of it is none", cases.templates),
        ("firmware settings are copied where libvirt can", cases.firmware_settings),
        ("a linked clone that fails leaves nothing", cases.links_wholly_or_not_at_all),
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
