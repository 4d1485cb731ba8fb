#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""Write a file for libvirt's test driver with N machines, every other one running.

usage: machines.py N FILE [DISKS]        open it with test:///ABSOLUTE/PATH/OF/FILE; each has so many disks more
"""
import sys
import uuid

NAMESPACE = "http://libvirt.org/schemas/domain/test/1.0"
DEVICES = """<devices>
      <emulator>/usr/bin/qemu-system-x86_64</emulator>
      <disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/var/lib/libvirt/images/{name}.qcow2'/>
        <target dev='vda' bus='virtio'/></disk>
      <disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>
      <interface type='network'><mac address='{mac}'/><source network='default'/><model type='virtio'/></interface>
      <console type='pty'/>
      <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
      <graphics type='vnc' port='-1' autoport='yes'/>
      <video><model type='virtio'/></video>
      <memballoon model='virtio'/>
      <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
    </devices>"""


def more_disks(count):
    return "".join(
        f"<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/srv/{n}.qcow2'/>"
        f"<target dev='vd{chr(97 + n // 26)}{chr(97 + n % 26)}' bus='virtio'/></disk>"
        for n in range(count)
    )


def domain(index, disks):
    name = f"bench-{index:05d}"
    mac = "52:54:00:%02x:%02x:%02x" % (index >> 16 & 255, index >> 8 & 255, index & 255)
    stopped = "" if index % 2 else "<test:runstate>5</test:runstate>"
    identity = uuid.UUID(int=0xB0000000000000000000000000000000 + index)
    return f"""  <domain type='test' xmlns:test='{NAMESPACE}'><name>{name}</name><uuid>{identity}</uuid>
    <memory unit='MiB'>1024</memory><vcpu>2</vcpu><os><type arch='x86_64'>hvm</type></os>
    {DEVICES.format(name=name, mac=mac).replace('</devices>', more_disks(disks) + '</devices>')}{stopped}
  </domain>
"""


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    with open(sys.argv[2], "w", encoding="utf-8") as out:
        out.write("<?xml version='1.0'?>\n<node>\n  <cpu><mhz>3000</mhz><model>i986</model><active>16</active>"
                  "<nodes>1</nodes><sockets>1</sockets><cores>8</cores><threads>2</threads></cpu>\n"
                  "  <memory>67108864</memory>\n")
        for index in range(int(sys.argv[1])):
            out.write(domain(index, int(sys.argv[3]) if len(sys.argv) == 4 else 0))
        out.write("</node>\n")


if __name__ == "__main__":
    main()
