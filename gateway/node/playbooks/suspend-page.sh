# shellcheck shell=bash
# Shows the page of a suspended site instead of the site, or the site again: {suspended}. The web server looks for the file at every request.

perform() {
  local in_url url='' title='' version=''
  exclusively suspend-page
  grep -qs 'if (-f /etc/berth/suspended)' /etc/nginx/sites-available/wordpress || fail 'the web server of this site knows no such page' 69
  mkdir -p "$mark"
  if [ "$in_state" = on ]; then
    : > "$mark/suspended"
    until_true 5 page localhost / 503 || fail 'the page is not shown'
    result suspended:=true
  else
    rm -f "$mark/suspended"
    read_site || fail 'the database holds no site'
    in_url=$url
    until_true 20 served "$title" || fail 'the site does not come back'
    result suspended:=false
  fi
}
