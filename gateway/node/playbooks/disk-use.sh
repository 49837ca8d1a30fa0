# shellcheck shell=bash
# What is used of the container's disk, in bytes: {totalBytes, usedBytes, freeBytes, filesBytes, uploadsBytes, databaseBytes}.

of() { local size; size=$(du -sb "$1" 2> /dev/null | cut -f 1); echo "${size:-0}"; }

perform() {
  local total used free
  read -r total used free <<< "$(df -P -B1 / | awk 'NR == 2 { print $2, $3, $4 }')"
  [ -n "$free" ] || fail 'the file system does not tell'
  printf '{"totalBytes":%s,"usedBytes":%s,"freeBytes":%s,"filesBytes":%s,"uploadsBytes":%s,"databaseBytes":%s}\n' \
    "$total" "$used" "$free" "$(of "$root")" "$(of "$root/wp-content/uploads")" "$(of /var/lib/mysql/wordpress)" >&3
}
