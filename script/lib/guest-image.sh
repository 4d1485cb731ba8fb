#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
#
# Builds the guest of the demo and of the tests: the distribution's own kernel, fetched as a package and unpacked
# beside the build but never installed, and a small initramfs with busybox and our agent. Nothing is done twice:
# the kernel is kept, and the initramfs is rebuilt only when something that goes into it has changed.

set -euo pipefail

# shellcheck source=script/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=script/lib/deps.sh
. "$(dirname "${BASH_SOURCE[0]}")/deps.sh"

usage ()
{
  cat <<USAGE
usage: guest-image.sh [--agent FILE --policy FILE] [--qga] OUTPUT-FOLDER

Leaves OUTPUT-FOLDER/vmlinuz and OUTPUT-FOLDER/initramfs.img, and prints their paths.
With no agent the guest has none (it can still install one from the ISO). --qga puts the distribution's QEMU guest agent
into it as well, from its package, which is not installed here either.

KVMM_GUEST_KERNEL  folder that keeps the unpacked kernel (default: OUTPUT-FOLDER/kernel)
USAGE
}

# All timestamps in the image; the same inputs give the same bytes.
readonly EPOCH=1704067200
readonly IMAGE_SOURCE=$KVMM_SOURCE/tests/guest/image

# package_field PACKAGE FIELD: one field of the candidate version.
package_field ()
{
  apt-cache show --no-all-versions "$1" 2>/dev/null | sed -n "s/^$2: //p" | head -n 1
}

# kernel_packages_of META: the packages with the kernel and its modules that a metapackage stands for.
kernel_packages_of ()
{
  local image modules

  image=$(package_field "$1" Depends | grep -o 'linux-image-[0-9][^ ,|]*' | head -n 1) || return 1
  echo "$image"
  # Ubuntu has the modules in a package of their own.
  modules=$(package_field "$image" Depends | grep -o 'linux-modules-[0-9][^ ,|]*' | head -n 1) || return 0
  echo "$modules"
}

# fetch_kernel_packages FOLDER: downloads them and unpacks them into FOLDER/root.
fetch_kernel_packages ()
{
  local folder=$1 meta package
  local -a packages

  if [ -z "$(package_field linux-image-amd64 Package)$(package_field linux-image-generic Package)" ]; then
    deps_as_root apt-get -q update >&2
  fi
  # The small flavours for virtual machines first.
  for meta in linux-image-cloud-amd64 linux-image-virtual linux-image-amd64 linux-image-generic; do
    mapfile -t packages < <(kernel_packages_of "$meta")
    [ ${#packages[@]} -gt 0 ] || continue
    say "fetching the guest's kernel: ${packages[*]}"
    rm -rf "$folder/deb" "$folder/root"
    mkdir -p "$folder/deb" "$folder/root"
    if (cd "$folder/deb" && apt-get -q -o APT::Sandbox::User=root download "${packages[@]}" >&2); then
      for package in "$folder"/deb/*.deb; do
        dpkg-deb -x "$package" "$folder/root"
      done
      rm -rf "$folder/deb"
      return 0
    fi
    warn "could not fetch ${packages[*]}"
  done
  return 1
}

# keep_kernel FOLDER IMAGE MODULES: keeps the kernel and those of its modules that the guest loads, decompressed, with
# the order to load them in.
keep_kernel ()
{
  local folder=$1 image=$2 modules=$3 name optional
  local -A seen=()

  rm -rf "$folder/kept"
  mkdir -p "$folder/kept/modules"
  cp "$image" "$folder/kept/vmlinuz"
  chmod 644 "$folder/kept/vmlinuz"
  find "$modules" -name '*.ko*' >"$folder/files"
  : >"$folder/kept/modules/order"
  while read -r name optional; do
    case $name in '' | '#'*) continue ;; esac
    add_module "$folder" "$modules" "$name" "$optional"
  done <"$IMAGE_SOURCE/modules"
  basename "$modules" >"$folder/kept/version"
}

# add_module FOLDER MODULES NAME [?]: depth first, so that what a module needs is loaded before it.
add_module ()
{
  local folder=$1 modules=$2 name=$3 optional=${4:-} pattern file kept needed

  [ -z "${seen[${name//-/_}]:-}" ] || return 0
  seen[${name//-/_}]=1
  pattern="/${name//[-_]/[-_]}\\.ko"

  file=$(grep -E -m 1 "$pattern(\\.[a-z]+)?\$" "$folder/files" || true)
  if [ -z "$file" ]; then
    if ! grep -q "$pattern\$" "$modules/modules.builtin" 2>/dev/null && [ "$optional" != '?' ]; then
      die "the kernel $(basename "$modules") has no driver called $name"
    fi
    return 0
  fi

  kept=$folder/kept/modules/$name.ko
  case $file in
    *.ko) cp "$file" "$kept" ;;
    *.ko.xz) xz -dc "$file" >"$kept" ;;
    *.ko.zst) zstd -dcq "$file" >"$kept" ;;
    *.ko.gz) gzip -dc "$file" >"$kept" ;;
    *) die "do not know how to unpack $file" ;;
  esac
  for needed in $(tr '\0' '\n' <"$kept" | sed -n 's/^depends=//p' | tr ',' ' '); do
    add_module "$folder" "$modules" "$needed"
  done
  echo "$name.ko" >>"$folder/kept/modules/order"
}

# find_kernel FOLDER: fills FOLDER/kept, from the distribution's packages or else from this machine's own kernel.
find_kernel ()
{
  local folder=$1 modules image

  if have apt-get && fetch_kernel_packages "$folder"; then
    modules=$(find "$folder/root" -type d -path '*/lib/modules/*' -prune | head -n 1)
    image=$(find "$folder/root/boot" -name 'vmlinuz-*' | head -n 1)
    keep_kernel "$folder" "$image" "$modules"
    rm -rf "$folder/root" "$folder/files"
    return
  fi
  for modules in "/lib/modules/$(uname -r)" /lib/modules/*; do
    for image in "$modules/vmlinuz" "/boot/vmlinuz-$(basename "$modules")"; do
      if [ ! -r "$image" ] || [ ! -d "$modules/kernel" ]; then
        continue
      fi
      say "the guest's kernel is this machine's: $image"
      keep_kernel "$folder" "$image" "$modules"
      rm -f "$folder/files"
      return
    done
  done
  die "no kernel for the guest: its package could not be fetched, and no readable kernel with modules is in /boot"
}

# input_hash FILE…: one hash over everything that goes into the initramfs.
input_hash ()
{
  { sha256sum "$@"; find "$IMAGE_SOURCE" -type f -print0 | sort -z | xargs -0 sha256sum; } | sha256sum | cut -d' ' -f1
}

write_os_release ()
{
  local busybox=$1 folder=$2 version distribution

  version=$("$busybox" | sed -n '1s/^BusyBox v\([0-9.]*\).*/\1/p')
  distribution=$(. /etc/os-release && echo "$NAME")
  cat >"$folder/etc/os-release" <<RELEASE
NAME="KVM Manager demo guest"
ID=kvmm-demo
VERSION_ID=$version
PRETTY_NAME="KVM Manager demo guest (BusyBox $version, kernel of $distribution)"
HOME_URL="https://busybox.net/"
RELEASE
}

# The agent is static, but not in a build with sanitizers: then its libraries come along.
copy_libraries ()
{
  local library

  for library in $(ldd "$1" 2>/dev/null | grep -o '/[^ ]*'); do
    mkdir -p "$2$(dirname "$library")"
    cp -L "$library" "$2$library"
  done
}

# find_qga FOLDER: leaves FOLDER/qga/qemu-ga, of the package or else this machine's own.
find_qga ()
{
  local folder=$1/qga own

  [ ! -x "$folder/qemu-ga" ] || return 0
  rm -rf "$folder"
  mkdir -p "$folder/root"
  own=$(PATH=$PATH:/usr/sbin type -P qemu-ga || true)
  if [ -z "$own" ] && have apt-get; then
    (cd "$folder" && apt-get -q -o APT::Sandbox::User=root download qemu-guest-agent >&2) || true
    for package in "$folder"/*.deb; do
      [ ! -e "$package" ] || dpkg-deb -x "$package" "$folder/root"
    done
    own=$(find "$folder/root" -type f -name qemu-ga | head -n 1)
  fi
  [ -n "$own" ] || die "the package qemu-guest-agent could not be fetched"
  ! ldd "$own" | grep -q 'not found' || die "this machine lacks libraries of qemu-ga: $(ldd "$own" | grep 'not found')"
  cp "$own" "$folder/qemu-ga"
  rm -rf "$folder/root"
}

# build_initramfs BUSYBOX AGENT POLICY KEPT QGA OUTPUT
build_initramfs ()
{
  local busybox=$1 agent=$2 policy=$3 kept=$4 qga=$5 output=$6 tree chpasswd program

  tree=$(mktemp -d "$output.XXXXXX")
  mkdir -p "$tree"/{bin,sbin,usr/bin,usr/sbin,usr/libexec,dev,proc,sys,mnt,run,tmp,root,srv,var/log,lib/modules}
  cp -R "$IMAGE_SOURCE/root/." "$tree/"
  cp "$IMAGE_SOURCE/init" "$tree/init"
  cp "$busybox" "$tree/bin/busybox"
  ln -s ../bin/busybox "$tree/sbin/init"
  ln -s ../run "$tree/var/run"
  cp "$kept"/modules/* "$tree/lib/modules/"
  write_os_release "$busybox" "$tree"
  if [ -n "$agent" ]; then
    cp "$agent" "$tree/usr/libexec/kvm-manager-agent"
    mkdir -p "$tree/etc/kvm-manager-agent"
    cp "$policy" "$tree/etc/kvm-manager-agent/agent.conf"
    copy_libraries "$agent" "$tree"
  fi
  if [ -n "$qga" ]; then
    # By it qemu-ga sets passwords; not every busybox has it.
    chpasswd=$(PATH=$PATH:/usr/sbin type -P chpasswd) || die "chpasswd is missing (package passwd or shadow-utils)"
    for program in "$qga" "$chpasswd"; do
      cp "$program" "$tree/usr/sbin/"
      copy_libraries "$program" "$tree"
    done
  fi
  chmod -R u=rwX,go=rX "$tree"
  chmod 600 "$tree/etc/shadow"
  chmod 1777 "$tree/tmp"
  find "$tree" -exec touch -h -d "@$EPOCH" {} +
  # Not compressed: an emulated processor unpacks more slowly than QEMU loads.
  (cd "$tree" && find . -mindepth 1 -print0 | LC_ALL=C sort -z |
    cpio --quiet --null -o -H newc --reproducible --owner=+0:+0) >"$output.new"
  rm -rf "$tree"
  mv "$output.new" "$output"
}

main ()
{
  local agent='' policy='' qga='' output='' busybox hash kernel

  while [ $# -gt 0 ]; do
    case $1 in
      --agent) agent=$2; shift ;;
      --policy) policy=$2; shift ;;
      --qga) qga=wanted ;;
      --help) usage; exit 0 ;;
      -*) usage >&2; exit 2 ;;
      *) output=$1 ;;
    esac
    shift
  done
  if [ -z "$output" ] || { [ -n "$agent" ] && [ -z "$policy" ]; }; then
    usage >&2
    exit 2
  fi
  [ "$(uname -m)" = x86_64 ] || die "the guest image can be built on x86_64 only, this is $(uname -m)"

  mkdir -p "$output"
  output=$(cd "$output" && pwd)
  kernel=${KVMM_GUEST_KERNEL:-$output/kernel}
  mkdir -p "$kernel"
  exec {lock}>"$kernel/.lock"
  flock "$lock"

  # Another list of drivers asks for the package again.
  if ! cmp -s "$IMAGE_SOURCE/modules" "$kernel/kept/made-from"; then
    find_kernel "$kernel"
    cp "$IMAGE_SOURCE/modules" "$kernel/kept/made-from"
  fi

  if [ -n "$qga" ]; then
    find_qga "$kernel"
    qga=$kernel/qga/qemu-ga
  fi

  busybox=$(type -P busybox) || die "busybox is missing (package busybox-static)"
  hash=$(input_hash "$busybox" "$kernel/kept/vmlinuz" "${BASH_SOURCE[0]}" ${agent:+"$agent" "$policy"} ${qga:+"$qga"})
  if [ "$(cat "$output/made-from" 2>/dev/null)" != "$hash" ]; then
    rm -f "$output/made-from"
    cp "$kernel/kept/vmlinuz" "$output/vmlinuz"
    build_initramfs "$busybox" "$agent" "$policy" "$kernel/kept" "$qga" "$output/initramfs.img"
    echo "$hash" >"$output/made-from"
  fi
  printf '%s\n' "$output/vmlinuz" "$output/initramfs.img"
}

main "$@"
