# shellcheck shell=bash
# What stands here, read and never guessed: {installed, busy, url?, title?, version?}. A half-made site is not installed.

perform() {
  local busy=false url='' title='' version=''
  case $(under_way) in install-wordpress|personalise-wordpress) busy=true ;; esac
  if ! command -v php > /dev/null; then printf '{"installed":false,"busy":%s}\n' "$busy" >&3; return; fi
  if [ -e "$mark/unfinished" ] || [ ! -r "$config" ]; then result installed:=false busy:="$busy"; return; fi
  read_site
  case $? in
    0) result installed:=true busy:="$busy" url="$url" title="$title" version="$version" ;;
    3) result installed:=false busy:="$busy" ;;
    *) fail 'the database does not say whether a site is installed' ;;
  esac
}
