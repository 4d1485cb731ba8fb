# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
# shellcheck shell=bash
#
# Installs what building, the demo and the tests need, and nothing else. deps_ensure GROUP… asks the package
# database first (some 10 ms), so that a second run costs nothing and asks for no password.
#
# Groups: build, demo (a private libvirt with a guest, and a display of its own), test, package (the packages and their
# tests), bench.

deps_debian ()
{
  case $1 in
    build)
      echo meson ninja-build gcc libc6-dev libcrypt-dev pkg-config gettext git \
        libgtk-4-dev libgtk-4-bin libadwaita-1-dev libgtksourceview-5-dev libvte-2.91-gtk4-dev \
        libgvnc-1.0-dev libspice-client-glib-2.0-dev libwayland-dev wayland-protocols libcairo2-dev libx11-dev libxi-dev libsecret-1-dev \
        libvirt-dev libosinfo-1.0-dev libsoup-3.0-dev osinfo-db libjson-glib-dev libxml2-dev libxml2-utils libjansson-dev \
        libglib2.0-dev libglib2.0-dev-bin libglib2.0-bin \
        desktop-file-utils xorriso \
        adwaita-icon-theme hicolor-icon-theme librsvg2-common fonts-cantarell fonts-dejavu-core \
        dconf-gsettings-backend
      ;;
    demo)
      echo libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients qemu-system-x86 qemu-utils \
        busybox-static cpio xz-utils zstd \
        xvfb xauth dbus at-spi2-core xdotool imagemagick procps \
        python3 python3-gi python3-libvirt gir1.2-atspi-2.0
      ;;
    test)
      echo libvirt-daemon-system libvirt-daemon-config-network \
        openssh-client openssh-server polkitd \
        python3-xlib x11-utils openbox appstream clang clang-format libclang-rt-dev llvm \
        dash shellcheck glib-networking openssl sasl2-bin libsasl2-modules ovmf isolinux syslinux-common
      ;;
    package)
      echo build-essential debhelper dpkg-dev rpm cpio rpmlint lintian appstream mmdebstrap e2fsprogs \
        debian-archive-keyring ccache fakeroot
      ;;
    bench)
      echo virt-manager gvncviewer
      ;;
  esac
}

# Names as of Fedora 40 and later.
deps_fedora ()
{
  case $1 in
    build)
      echo meson ninja-build gcc glibc-static libxcrypt-devel pkgconf-pkg-config gettext git-core \
        gtk4-devel libadwaita-devel gtksourceview5-devel vte291-gtk4-devel \
        gvnc-devel spice-glib-devel wayland-devel wayland-protocols-devel cairo-devel libX11-devel libXi-devel libsecret-devel \
        libvirt-devel libosinfo-devel libsoup3-devel osinfo-db json-glib-devel libxml2-devel libxml2 jansson-devel jansson-static \
        glib2-devel desktop-file-utils xorriso \
        adwaita-icon-theme hicolor-icon-theme librsvg2 dejavu-sans-fonts dconf
      ;;
    demo)
      echo libvirt-daemon libvirt-daemon-driver-qemu libvirt-client qemu-system-x86-core qemu-img \
        busybox cpio xz zstd \
        xorg-x11-server-Xvfb xorg-x11-xauth dbus-daemon at-spi2-core xdotool ImageMagick procps-ng \
        python3 python3-gobject python3-libvirt
      ;;
    test)
      echo libvirt-daemon-kvm openssh-clients openssh-server polkit python3-xlib xwininfo openbox appstream clang clang-tools-extra \
        compiler-rt llvm dash ShellCheck glib-networking openssl cyrus-sasl cyrus-sasl-scram \
        qemu-ui-spice-core qemu-char-spice qemu-audio-spice qemu-device-usb-redirect edk2-ovmf syslinux
      ;;
    package)
      echo rpm-build rpmlint appstream dpkg debhelper cpio e2fsprogs
      ;;
    bench)
      echo virt-manager
      ;;
  esac
}

# deps_family: debian, fedora or nothing, by the os-release of this system.
deps_family ()
{
  local id='' like=''

  if [ -r /etc/os-release ]; then
    id=$(. /etc/os-release && echo "${ID:-}")
    like=$(. /etc/os-release && echo "${ID_LIKE:-}")
  fi
  case " $id $like " in
    *' debian '* | *' ubuntu '*) echo debian ;;
    *' fedora '* | *' rhel '*) echo fedora ;;
  esac
}

# deps_missing FAMILY PACKAGE…: prints the packages that are not installed.
deps_missing ()
{
  local family=$1
  shift

  case $family in
    debian)
      # The same package of another architecture, as for building the agent of aarch64, is not the one that is meant.
      local -A installed=()
      local status name architecture native
      native=$(dpkg --print-architecture)
      while read -r status name architecture; do
        [ "$status" != ii ] || { [ "$architecture" != "$native" ] && [ "$architecture" != all ]; } || installed[$name]=1
      done < <(dpkg-query -W -f '${db:Status-Abbrev} ${Package} ${Architecture}\n' "$@" 2>/dev/null)
      for name; do
        [ -n "${installed[$name]:-}" ] || echo "$name"
      done
      ;;
    fedora)
      local package
      for package; do
        rpm -q --quiet --whatprovides "$package" 2>/dev/null || echo "$package"
      done
      ;;
  esac
}

# deps_as_root COMMAND…: runs it as root, by sudo if there is need of it.
deps_as_root ()
{
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif have sudo; then
    say "sudo is needed for: $*"
    sudo "$@"
  else
    die "this has to be run as root (there is no sudo here): $*"
  fi
}

deps_install_debian ()
{
  # env, because sudo drops variables: a debconf question would wait for ever in a script.
  local -a apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120)

  # A fresh image has no package lists; stale ones name versions that the mirror has dropped.
  if ! compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null; then
    deps_as_root "${apt[@]}" update >&2
    deps_as_root "${apt[@]}" install --no-install-recommends "$@" >&2
    return
  fi
  if ! deps_as_root "${apt[@]}" install --no-install-recommends "$@" >&2; then
    deps_as_root "${apt[@]}" update >&2
    deps_as_root "${apt[@]}" install --no-install-recommends "$@" >&2
  fi
}

# deps_ensure GROUP…: returns once all packages of the groups are installed, or ends the script with a message.
deps_ensure ()
{
  local family group
  local -a wanted=() missing=()

  family=$(deps_family)
  for group; do
    case $family in
      debian) read -r -a packages <<<"$(deps_debian "$group" | tr '\n' ' ')" ;;
      fedora) read -r -a packages <<<"$(deps_fedora "$group" | tr '\n' ' ')" ;;
      *) packages=() ;;
    esac
    wanted+=("${packages[@]}")
  done

  if [ -z "$family" ]; then
    local tool
    for tool in meson ninja cc pkg-config; do
      have "$tool" && continue
      warn "this script can install packages on Debian, Ubuntu and Fedora only."
      warn "On this system please install what these are called here, then run it again:"
      warn "  $(for group; do deps_debian "$group"; done | tr '\n' ' ')"
      exit 1
    done
    return 0
  fi

  mapfile -t missing < <(deps_missing "$family" "${wanted[@]}")
  [ ${#missing[@]} -gt 0 ] || return 0

  say "installing: ${missing[*]}"
  case $family in
    debian) deps_install_debian "${missing[@]}" ;;
    fedora) deps_as_root dnf -y --setopt=install_weak_deps=False install "${missing[@]}" >&2 ;;
  esac || die "could not install ${missing[*]}; see the messages above"
}
