#!/usr/bin/env bash
# Fetches the PHP of another release of Debian for containers of this machine's own, and everything that it needs there: a folder of packages with
# two indexes. In `Packages.debian` php-common is Debian's, which lets no older PHP stand beside it; in `Packages.beside` that line is taken out of
# it, as in the archives that people add to have several versions of PHP.
#   other-php.sh <file.tar> <suite> <image.tar.zst> <package> …
set -euo pipefail
out=$1 suite=$2 image=$3
shift 3

# shellcheck disable=SC1091
. /etc/os-release
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{lists,archives}/partial "$work"/{root,shelf,common}

# What is installed in the image, and the mirror that this machine uses for its own release.
zstd -dcq < "$image" | tar -C "$work/root" -xf - ./var/lib/dpkg/status
mirror=$(apt-get update --print-uris | sed -n "s|^'\([^']*\)/dists/$VERSION_CODENAME/.*|\1|p" | head -n 1)
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" > "$work/sources.list"
apt() {
  apt-get -qq -y -o APT::Sandbox::User=root -o Dir::State::status="$work/root/var/lib/dpkg/status" -o Dir::State::extended_states=/dev/null -o Dir::State::lists="$work/lists" \
    -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::Cache="$work/cache" -o Dir::Cache::archives="$work/archives" "$@" > /dev/null
}
mkdir "$work/cache"
apt update
apt --no-install-recommends --download-only install "$@"

mv "$work"/archives/*.deb "$work/shelf"
cd "$work/shelf"
dpkg-deb -R php-common_*.deb "$work/common"
sed -i '/^Breaks:/d; s/^Version: .*/&+beside/' "$work/common/DEBIAN/control"
dpkg-deb --root-owner-group -b "$work/common" php-common-beside.deb > /dev/null
for deb in *.deb; do
  { dpkg-deb -f "$deb"; printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "$deb" "$(stat -c %s "$deb")" "$(sha256sum "$deb" | cut -c 1-64)"; } > "$deb.entry"
done
mkdir own && mv php-common-beside.deb.entry own
cat ./*.entry > Packages.debian
rm php-common_*.entry
cat ./*.entry own/*.entry > Packages.beside
rm -r own ./*.entry
tar -cf "$out.part" -C "$work/shelf" .
mv "$out.part" "$out"
