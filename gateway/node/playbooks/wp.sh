# shellcheck shell=bash
# What of WP-CLI may be asked for: {list}, {version}, {changed} or {done}. Updates are read back; what an update says is in the output.

listed() {
  local said
  said=$(wp_do "$@" --format=json) || fail 'WordPress does not tell'
  # Whatever a site prints besides, the list is the last line.
  said=${said##*$'\n'}
  [[ $said == '['* ]] || fail 'what WordPress tells is not understood'
  result list:="$said"
}
updated() {
  local what=$1 which=--all
  if [ -n "$in_name" ]; then which=$in_name; wp_do "$what" is-installed "$in_name" || fail "there is no $what $in_name" 69; fi
  wp_do "$what" update "$which" || fail "not every $what could be updated"
  cache_emptied
  listed "$what" list --fields=name,status,update,version
}

perform() {
  local before after
  exclusively "wp $in_action"
  case $in_action in
    core-version) result version="$(wp_do core version)" ;;
    core-update)
      wp_do core update && wp_do core update-db || fail 'WordPress does not update itself'
      wp_do core verify-checksums || say 'the files of WordPress are not all as they were published'
      permissions
      result version="$(wp_do core version)" ;;
    plugin-list) listed plugin list --fields=name,status,update,version ;;
    theme-list) listed theme list --fields=name,status,update,version ;;
    plugin-update) updated plugin ;;
    theme-update) updated theme ;;
    cache-flush) wp_with cache flush && cache_emptied && result done:=true || fail 'the cache is not flushed' ;;
    search-replace)
      local how=(--all-tables-with-prefix --skip-columns=guid --format=count)
      if [ "$in_dryRun" = true ]; then how+=(--dry-run); fi
      after=$(wp_do search-replace "$in_from" "$in_to" "${how[@]}") || fail 'nothing was replaced'
      after=${after##*$'\n'}
      [[ $after =~ ^[0-9]+$ ]] || fail 'what WordPress tells is not understood'
      cache_emptied
      result changed:="$after" ;;
    maintenance)
      before=$([ "$in_state" = on ] && echo activate || echo deactivate)
      wp_do maintenance-mode is-active
      if [ $? -eq "$([ "$in_state" = on ] && echo 1 || echo 0)" ]; then wp_do maintenance-mode "$before" || fail 'the mode does not change'; fi
      cache_emptied
      result done:=true ;;
    cron-list) listed cron event list --fields=hook,next_run_gmt,recurrence ;;
    cron-run) wp_with cron event run --due-now || fail 'not every event ran'; result done:=true ;;
  esac
}
