#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
#
# usage: guest-disk.sh OUTPUT ROOT systemd | openrc [FILE…]
#
# Makes the disk of a virtual machine from the folder with a Debian: a file system without a partition table, a root
# shell on the serial line, and the files in /root. Needs root, since the files keep their owners, but no loop device.

set -euo pipefail

readonly OUTPUT=$1 ROOT=$2 INIT=$3
shift 3

# In a mount namespace of its own: the layer over ROOT goes away with it.
if [ -z "${KVMM_IN_NAMESPACE:-}" ]; then
  KVMM_IN_NAMESPACE=1 exec unshare --mount -- "$0" "$OUTPUT" "$ROOT" "$INIT" "$@"
fi

use_systemd ()
{
  ln -sf ../lib/systemd/systemd "$tree/sbin/init"
  mkdir -p "$tree/etc/systemd/system/serial-getty@ttyS0.service.d"
  cat >"$tree/etc/systemd/system/serial-getty@ttyS0.service.d/login.conf" <<'UNIT'
[Service]
ExecStart=
ExecStart=-/sbin/agetty --autologin root --noclear --keep-baud 115200 %I linux
UNIT
  # Nothing that a small emulated machine would do for minutes.
  ln -sf /dev/null "$tree/etc/systemd/system/systemd-timesyncd.service"
  ln -sf /dev/null "$tree/etc/systemd/system/apt-daily.timer"
  ln -sf /dev/null "$tree/etc/systemd/system/apt-daily-upgrade.timer"
}

use_openrc ()
{
  ln -sf openrc-init "$tree/sbin/init"
  cat >"$tree/etc/init.d/serial-shell" <<'SCRIPT'
#!/sbin/openrc-run
supervisor=supervise-daemon
command=/sbin/agetty
command_args="--autologin root --noclear --keep-baud 115200 ttyS0 linux"
respawn_delay=1
respawn_max=0

# What a script of initscripts would do, which comes with another init.
start_pre() {
	hostname -F /etc/hostname
}
SCRIPT
  chmod 755 "$tree/etc/init.d/serial-shell"
  # systemd's, which is beside it, would speak to systemd.
  rm -f "$tree"/sbin/{reboot,poweroff,halt,shutdown}
  printf '#!/bin/sh\nexec /sbin/openrc-shutdown --reboot now\n' >"$tree/sbin/reboot"
  printf '#!/bin/sh\nexec /sbin/openrc-shutdown --poweroff now\n' >"$tree/sbin/poweroff"
  chmod 755 "$tree/sbin/reboot" "$tree/sbin/poweroff"
  mkdir -p "$tree/etc/runlevels/default"
  ln -sf /etc/init.d/serial-shell "$tree/etc/runlevels/default/serial-shell"
}

work=$(mktemp -d "${TMPDIR:-/tmp}/kvmm-disk.XXXXXX")
trap 'umount "$work" 2>/dev/null || true; rmdir "$work"' EXIT
mount -t tmpfs tmpfs "$work"
mkdir "$work/upper" "$work/layer" "$work/tree"
mount -t overlay overlay -o "lowerdir=$ROOT,upperdir=$work/upper,workdir=$work/layer" "$work/tree"
tree=$work/tree

basename "$OUTPUT" .img >"$tree/etc/hostname"
rm -f "$tree/etc/resolv.conf" "$tree/etc/machine-id"
: >"$tree/etc/machine-id"
printf '/dev/vda / ext4 rw 0 1\n' >"$tree/etc/fstab"
"use_$INIT"
[ $# = 0 ] || cp "$@" "$tree/root/"
rm -f "$OUTPUT"
PATH=$PATH:/usr/sbin:/sbin mke2fs -q -t ext4 -O ^has_journal -L root -d "$tree" "$OUTPUT" 640M >/dev/null
umount "$tree"
umount "$work"
chmod 666 "$OUTPUT"
