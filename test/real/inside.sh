#!/usr/bin/env bash
# Becomes a container: own mounts, processes, network and host name are there already (pct start). Makes its /proc, /dev and /run, waits
# for eth0, leaves the node's file system behind and becomes its init, which is a script: no systemd, services by /etc/init.d.
set -euo pipefail
root=$1 address=$2 gateway=$3

mount --make-rprivate /
mount --rbind "$root" "$root"
cd "$root"
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t tmpfs -o mode=0755,size=1m dev dev
for name in null zero full random urandom tty; do
  : > "dev/$name"
  mount --bind "/dev/$name" "dev/$name"
done
mkdir dev/shm dev/pts
mount -t tmpfs -o mode=1777 shm dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr
mount -t tmpfs -o mode=0755 run run
mkdir run/lock
chmod 1777 run/lock
hostname -F etc/hostname
ip link set lo up
if [[ $address != - ]]; then
  until ip link show eth0 > /dev/null 2>&1; do sleep 0.02; done
  ip address add "$address" dev eth0
  ip link set eth0 up
  ip route add default via "$gateway"
fi
mkdir -p .node
pivot_root . .node
umount -l /.node
rmdir /.node
# SIGPWR asks for an orderly end, as lxc-stop does.
# shellcheck disable=SC2016
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb container=lxc /bin/bash -c '
  trap "for one in /etc/rc0.d/K*; do [ -x \$one ] && \$one stop; done; exit 0" PWR
  mkdir -p /run/php; systemd-tmpfiles --create > /dev/null 2>&1
  for one in /etc/rc2.d/S*; do [ -x "$one" ] && "$one" start; done
  for one in /run/php/php?.?-fpm.sock; do [ -S "$one" ] && ln -sfn "$one" /run/php/php-fpm.sock; done
  echo started > /run/init-finished
  while :; do sleep infinity & wait $!; done
' init < /dev/null > var/log/init.log 2>&1
