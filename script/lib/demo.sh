#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
#
# usage: private-libvirt.sh -- demo.sh BUILD SCREENSHOT [PROGRAM ARGUMENTS…]
#
# Fills the private libvirt that it is run beside with three machines, and starts the program on it: on the display
# there is, or, when SCREENSHOT is not empty, on one of its own until the guest's facts are to be seen.

set -euo pipefail

# shellcheck source=script/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

readonly BUILD=$1
readonly SCREENSHOT=$2
shift 2

readonly PROGRAM=$BUILD/src/app/kvm-manager
readonly CHANNEL=org.kvmmanager.agent.1
# A guest that KVM really runs is there within two seconds; a host that offers KVM without running it never gets there.
readonly KVM_SECONDS=10
readonly EMULATED_SECONDS=90
readonly SCREEN_SECONDS=60

on_host ()
{
  virsh -q -c "$KVMM_LIBVIRT_URI" "$@"
}

# machine_xml TYPE NAME AGENT: a small machine; AGENT says whether it has the agent and its channel.
machine_xml ()
{
  local type=$1 name=$2 agent=$3 channel='' option='kvmm.agent=no' cpu=''

  if [ "$agent" = yes ]; then
    channel="<channel type='unix'><target type='virtio' name='$CHANNEL'/></channel>"
    option='kvmm.load=yes'
  fi
  [ "$type" != kvm ] || cpu="<cpu mode='host-passthrough'/>"
  cat <<XML
<domain type='$type'>
  <name>$name</name>
  <description>A guest of the demo: busybox on the kernel of the distribution</description>
  <memory unit='MiB'>128</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>$KVMM_PRIVATE_DIR/vmlinuz</kernel>
    <initrd>$KVMM_PRIVATE_DIR/initramfs.img</initrd>
    <cmdline>console=ttyS0 quiet kvmm.root=disk kvmm.hostname=$name $option</cmdline>
  </os>
  <features><acpi/><apic/></features>
  $cpu
  <on_reboot>restart</on_reboot>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw'/>
      <source file='$KVMM_PRIVATE_DIR/$name.img'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw'/>
      <source file='$KVMM_PRIVATE_DIR/$name-data.img'/>
      <target dev='vdb' bus='virtio'/>
    </disk>
    <disk type='file' device='cdrom'>
      <target dev='hda' bus='ide'/>
      <readonly/>
    </disk>
    <controller type='virtio-serial' index='0'/>
    <interface type='user'><model type='virtio'/></interface>
    $channel
    <serial type='pty'/>
    <console type='pty'/>
    <graphics type='vnc'><listen type='socket'/></graphics>
    <memballoon model='virtio'><stats period='2'/></memballoon>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
  </devices>
</domain>
XML
}

# define TYPE NAME AGENT
define ()
{
  local disk

  for disk in "$KVMM_PRIVATE_DIR/$2.img" "$KVMM_PRIVATE_DIR/$2-data.img"; do
    rm -f "$disk"
    truncate -s 96M "$disk"
    chmod 666 "$disk"
  done
  machine_xml "$@" >"$KVMM_PRIVATE_DIR/machine.xml"
  on_host define --file "$KVMM_PRIVATE_DIR/machine.xml"
}

has_agent ()
{
  on_host dumpxml "$1" 2>/dev/null | grep -q "name='$CHANNEL' state='connected'"
}

# wait_for_agent NAME SECONDS: until the agent has opened its end of the channel.
wait_for_agent ()
{
  local deadline=$((SECONDS + $2))

  until has_agent "$1"; do
    [ $SECONDS -lt $deadline ] || return 1
    sleep 0.2
  done
}

# Starts the guest with the agent. KVM has to prove itself: there are hosts where /dev/kvm opens and guests hang. A
# host that failed is remembered until it is started again.
start_guest ()
{
  local name=$1 verdict=$BUILD/guest/no-kvm

  if [ -w /dev/kvm ] && [ "$(cat "$verdict" 2>/dev/null)" != "$(cat /proc/sys/kernel/random/boot_id)" ]; then
    if define kvm "$name" yes 2>/dev/null && on_host start "$name" 2>/dev/null; then
      type=kvm
      if wait_for_agent "$name" "$KVM_SECONDS"; then
        return
      fi
      on_host destroy "$name"
    fi
    say "KVM does not run guests here: they are emulated, which is slower"
    cat /proc/sys/kernel/random/boot_id >"$verdict"
    on_host undefine "$name" 2>/dev/null || true
  fi
  type=qemu
  define qemu "$name" yes
  on_host start "$name"
  wait_for_agent "$name" "$EMULATED_SECONDS" ||
    die "the guest did not start its agent within $EMULATED_SECONDS seconds"
}

make_machines ()
{
  local type=qemu

  mapfile -t image < <("$KVMM_SOURCE/script/lib/guest-image.sh" \
    --agent "$BUILD/guest-agent/daemon/kvm-manager-agent" --policy "$KVMM_SOURCE/script/lib/demo-agent.conf" \
    "$BUILD/guest")
  [ ${#image[@]} = 2 ] || die "the guest image could not be made"
  cp --reflink=auto "${image[@]}" "$BUILD/guest-agent/iso/kvmmanager-guest-agent.iso" "$KVMM_PRIVATE_DIR/"
  chmod 755 "$KVMM_PRIVATE_DIR"
  chmod 644 "$KVMM_PRIVATE_DIR"/{vmlinuz,initramfs.img,kvmmanager-guest-agent.iso}

  say "starting the demo's guests"
  start_guest demo-guest
  define $type no-agent-yet no
  on_host start no-agent-yet
  define $type stopped no
  say "$(on_host list --all --name | grep -c .) machines at $KVMM_LIBVIRT_URI (type $type)"
}

# The demo has settings of its own: yours stay as they are.
use_private_settings ()
{
  export GSETTINGS_BACKEND=keyfile
  export XDG_CONFIG_HOME=$KVMM_PRIVATE_DIR/app/config XDG_CACHE_HOME=$KVMM_PRIVATE_DIR/app/cache \
    XDG_DATA_HOME=$KVMM_PRIVATE_DIR/app/data
  mkdir -p "$XDG_CONFIG_HOME/glib-2.0/settings" "$XDG_CACHE_HOME" "$XDG_DATA_HOME"
  cat >"$XDG_CONFIG_HOME/glib-2.0/settings/keyfile" <<SETTINGS
[org/kvmmanager/KvmManager]
agent-iso-path='$KVMM_PRIVATE_DIR/kvmmanager-guest-agent.iso'
${SCREENSHOT:+machine-window-size=(900, 1540)}
connections=['$KVMM_LIBVIRT_URI']
autoconnect=['$KVMM_LIBVIRT_URI']
SETTINGS
}

# with_bus COMMAND…: on a bus of its own, for the program is single instance, and yours may be running. What the bus
# and its services say goes into a log, what the command says to where it would have gone.
with_bus ()
{
  # shellcheck disable=SC2016
  dbus-run-session -- sh -c 'exec "$@" >&3 2>&4 3>&- 4>&-' sh "$@" 3>&1 4>&2 >"$KVMM_PRIVATE_DIR/bus.log" 2>&1
}

# Runs the program on a display of its own until the facts are on screen.
run_headless ()
{
  local display

  export XDG_RUNTIME_DIR=$KVMM_PRIVATE_DIR/app/run
  mkdir -p "$XDG_RUNTIME_DIR"
  chmod 700 "$XDG_RUNTIME_DIR"
  Xvfb -displayfd 3 -screen 0 2400x1600x24 -nolisten tcp -noreset 3>"$KVMM_PRIVATE_DIR/display" \
    2>"$KVMM_PRIVATE_DIR/xvfb.log" &
  until [ -s "$KVMM_PRIVATE_DIR/display" ]; do
    kill -0 $! 2>/dev/null || { cat "$KVMM_PRIVATE_DIR/xvfb.log" >&2; die "Xvfb did not start"; }
    sleep 0.05
  done
  display=$(cat "$KVMM_PRIVATE_DIR/display")
  mkdir -p "$(dirname "$SCREENSHOT")"
  export DISPLAY=:$display GDK_BACKEND=x11 GSK_RENDERER=cairo GTK_A11Y=atspi LC_ALL=C.UTF-8
  unset WAYLAND_DISPLAY
  with_bus /usr/bin/python3 "$KVMM_SOURCE/script/lib/show-facts.py" \
    --timeout "$SCREEN_SECONDS" --screenshot "$SCREENSHOT" "$PROGRAM" demo-guest
}

main ()
{
  make_machines
  use_private_settings
  if [ -n "$SCREENSHOT" ]; then
    run_headless
  elif [ -n "${1:-}" ] && [ "${1#-}" = "$1" ]; then
    "$PROGRAM" "$@"
  else
    with_bus "$PROGRAM" "$@"
  fi
}

main "$@"
