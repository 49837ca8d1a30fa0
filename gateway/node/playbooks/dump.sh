# shellcheck shell=bash
# The database, the files or both, as archives inside the container, the newest only: {files: [{path, bytes, sha256}]}.

folder=/var/backups/berth

# shellcheck disable=SC2016
describe() {
  php -n -r 'echo json_encode(array_map(fn($file) => array("path" => $file, "bytes" => filesize($file), "sha256" => hash_file("sha256", $file)), array_slice($argv, 1)), JSON_UNESCAPED_SLASHES);' -- "$@"
}

perform() {
  local need free made=()
  exclusively dump
  mkdir -p -m 700 "$folder"
  rm -f "$folder"/*.new
  need=$(du -sk "$root" /var/lib/mysql 2> /dev/null | awk '{ n += $1 } END { print n }')
  free=$(df -Pk "$folder" | awk 'NR == 2 { print $4 }')
  (( free > need )) || fail "there is no room: $free KiB are free, up to $need are needed"
  if [ "$in_what" != files ]; then
    mariadb-dump --single-transaction --quick --routines --triggers wordpress 3>&- 9>&- | gzip -1 > "$folder/database.sql.gz.new"
    gzip -t "$folder/database.sql.gz.new" && zcat "$folder/database.sql.gz.new" | tail -n 1 | grep -q 'Dump completed' || fail 'the database was not written out to its end'
    made+=("$folder/database.sql.gz")
  fi
  if [ "$in_what" != database ]; then
    # A file that changes while it is read (1) is in the archive all the same.
    tar -C "${root%/*}" -czf "$folder/files.tar.gz.new" "${root##*/}"
    (( $? <= 1 )) && gzip -t "$folder/files.tar.gz.new" || fail 'the files were not written out to their end'
    made+=("$folder/files.tar.gz")
  fi
  local one
  for one in "${made[@]}"; do mv "$one.new" "$one" || fail 'the archive cannot be put in its place'; done
  result files:="$(describe "${made[@]}")"
}
