#!/usr/bin/env bash
# PID 1 of the stand-in for a Proxmox node: a bridge in a network of its own, with the node's leg on it. Root of a user namespace, or the
# machine's own when containers are LXC's. Lives as long as its standard input is open, and everything that it started ends with it.
set -euo pipefail
dir=$1 way=$2

# What it is called outside, as long as /proc is still the machine's.
read -r pid _ < /proc/self/stat
echo "$pid" > "$dir/node.pid"
mount --make-rprivate /
mount -t proc proc /proc
hostname node1
ip link set lo up
ip link add name vmbr1 type bridge
ip address add 192.168.1.1/24 dev vmbr1
ip link set vmbr1 up
mkdir -p "$dir"/{lxc,rootfs,run,snapshots,templates}
# Disks are gone with the node, and need nothing of the file system below.
mount -t tmpfs -o mode=0755,size=75% disks "$dir/rootfs"
mount -t tmpfs -o mode=0755,size=75% snapshots "$dir/snapshots"
rm -rf "$dir"/lxc/* "$dir"/run/*

if [[ $way == lxc ]]; then
  # The container's root goes through here.
  chmod 0711 "$dir"
  # LXC asks these whether root may lend its ids, /sys for the bridge, and keeps its locks in /run/lxc: the machine's own stay as they are.
  printf 'root:100000:65536\n' > "$dir/run/subid"
  for file in /etc/subuid /etc/subgid; do mount --bind "$dir/run/subid" "$file"; done
  mkdir -p "$dir/run/cgroup" /run/lxc
  mount --rbind /sys/fs/cgroup "$dir/run/cgroup"
  umount -l /sys
  mount -t sysfs sysfs /sys
  mount --rbind "$dir/run/cgroup" /sys/fs/cgroup
  umount -l "$dir/run/cgroup"
  mount -t tmpfs lxc /run/lxc
fi

echo ready
# Bash reaps what is left to it while it waits here.
while read -r _; do :; done
