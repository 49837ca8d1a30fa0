#!/usr/bin/env bash
# Makes the base template of the stand-in node, the counterpart of Ubuntu's on a real one: a small Debian of the release and from the mirrors
# that this machine uses, with the packages named after the file on board as a repository of its own, because containers here reach no network.
#   base.sh <file.tar.zst> <package> …
set -euo pipefail
out=$1
shift
wanted="$*"

# shellcheck disable=SC1091
. /etc/os-release
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat > "$work/fetch" <<HOOK
#!/bin/sh
set -e
APT_CONFIG="\$MMDEBSTRAP_APT_CONFIG" apt-get -qq -y --no-install-recommends --download-only install $wanted > /dev/null
shelf="\$1/var/lib/packages"
mkdir -p "\$shelf"
mv "\$1"/var/cache/apt/archives/*.deb "\$shelf"
for deb in "\$shelf"/*.deb; do
  dpkg-deb -f "\$deb"
  printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "\${deb##*/}" "\$(stat -c %s "\$deb")" "\$(sha256sum "\$deb" | cut -c 1-64)"
done > "\$shelf/Packages"
rm -f "\$1"/etc/apt/sources.list.d/* "\$1"/etc/apt/apt.conf.d/99mmdebstrap
echo 'deb [trusted=yes] file:/var/lib/packages ./' > "\$1/etc/apt/sources.list"
HOOK
chmod 755 "$work" "$work/fetch"
mode=unshare
[[ $(id -u) != 0 ]] || mode=root
mmdebstrap --quiet --mode="$mode" --variant=apt --include=systemd-sysv,dbus,iproute2,procps,mount,netbase,ca-certificates \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt=force-unsafe-io \
  --customize-hook="$work/fetch" "$VERSION_CODENAME" - | zstd -q -T0 -3 -o "$out.part"
mv "$out.part" "$out"
