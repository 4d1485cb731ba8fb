#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
#
# The part of script/bench that needs real QEMU machines: runs inside a private libvirt (KVMM_LIBVIRT_URI).
# usage: qemu.sh PROGRAM RESULTS IDLE_SECONDS PART...
set -euo pipefail
app=$1 results=$2 idle=$3
shift 3
here=$(dirname "$0")
python=/usr/bin/python3
uri=$KVMM_LIBVIRT_URI

for i in 0 1 2 3 4 5 6 7 8; do
  cat >"$KVMM_PRIVATE_DIR/q.xml" <<XML
<domain type='qemu'><name>tcg-$i</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os><features><acpi/></features>
  <devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
    <graphics type='vnc' port='-1' autoport='yes' listen='127.0.0.1'/><video><model type='vga'/></video>
    <memballoon model='virtio'/></devices></domain>
XML
  virsh -q -c "$uri" define "$KVMM_PRIVATE_DIR/q.xml" >/dev/null
  [ "$i" = 8 ] || virsh -q -c "$uri" start "tcg-$i" >/dev/null
done

for part; do
  case $part in
    latency)
      # tcg-8 is the machine that comes and goes; the others give the host its ordinary load.
      "$python" "$here/latency.py" --label "kvm-manager event to row" --uri "$uri" --machine tcg-8 -- \
        "$app" --connect "$uri" | tee -a "$results"
      virsh -q -c "$uri" destroy tcg-8 >/dev/null 2>&1 || true
      if [ -x /usr/bin/virt-manager ]; then
        "$python" "$here/latency.py" --label "virt-manager event to row" --uri "$uri" --machine tcg-8 --settle 10 -- \
          virt-manager --no-fork --connect "$uri" | tee -a "$results"
      fi
      ;;
    qemu)
      "$python" "$here/startup.py" --label "kvm-manager, 8 TCG machines" --title '^KVM Manager$' --runs 1 --settle 5 --idle "$idle" -- \
        "$app" --connect "$uri" | tee -a "$results"
      if [ -x /usr/bin/virt-manager ]; then
        "$python" "$here/startup.py" --label "virt-manager, 8 TCG machines" --title '^Virtual Machine Manager$' --runs 1 --settle 15 \
          --idle "$idle" -- virt-manager --no-fork --connect "$uri" | tee -a "$results"
      fi
      ;;
  esac
done
for i in 0 1 2 3 4 5 6 7 8; do
  virsh -q -c "$uri" destroy "tcg-$i" >/dev/null 2>&1 || true
done
