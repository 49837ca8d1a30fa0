# shellcheck shell=bash
# From a bare Ubuntu or a golden image to a finished site. Begun twice it goes on where it was; `unfinished` stands until the site was read back.

wp_cli_version=2.12.0
wp_cli_sha512=be928f6b8ca1e8dfb9d2f4b75a13aa4aee0896f8a9a0a1c45cd5d2c98605e6172e6d014dda2e27f88c98befc16c040cbb2bd1bfa121510ea5cdf5f6a30fe8832

software() {
  local one
  for one in nginx mariadb php; do
    if command -v "$one" > /dev/null; then continue; fi
    say 'installing nginx, PHP and MariaDB'
    # Packages must not start what is not configured yet; a cut in the middle of dpkg is mended first.
    dpkg --configure -a
    apt-get -q update || fail 'the lists of packages cannot be fetched'
    apt-get -qy -o DPkg::Lock::Timeout=300 install --no-install-recommends nginx mariadb-server php-fpm php-cli php-mysql php-curl php-gd php-intl \
      php-mbstring php-xml php-zip php-bcmath ca-certificates curl nftables unattended-upgrades < /dev/null || fail 'the packages cannot be installed'
    break
  done
  if ! command -v wp > /dev/null; then
    say "fetching wp-cli $wp_cli_version"
    curl -fsSL --retry 3 --max-time 120 -o "$mark/wp-cli.phar" "https://github.com/wp-cli/wp-cli/releases/download/v$wp_cli_version/wp-cli-$wp_cli_version.phar" || fail 'wp-cli cannot be fetched'
    sha512sum -c --status <<< "$wp_cli_sha512  $mark/wp-cli.phar" || fail 'what was fetched as wp-cli is something else'
    install -m 755 "$mark/wp-cli.phar" /usr/local/bin/wp && rm "$mark/wp-cli.phar"
  fi
}

core() {
  mkdir -p "$root"
  # The last file that an archive brings; without it a download was cut.
  if [ ! -r "$root/wp-includes/version.php" ] || [ ! -r "$root/wp-settings.php" ] || [ -e "$mark/downloading" ]; then
    : > "$mark/downloading"
    own www-data:www-data "$root"
    say 'fetching WordPress'
    wp_do core download --force --skip-content=false || fail 'WordPress cannot be fetched'
    rm "$mark/downloading"
  fi
}

# WordPress writes its tables one after the other: a site that was cut in the middle of that has no end, and is written anew.
made() { [ "$(sql 2> /dev/null <<< "SELECT option_value FROM wordpress.wp_options WHERE option_name = 'berth_made'")" = 1 ]; }

perform() {
  local url='' title='' version=''
  exclusively install-wordpress
  mkdir -p "$mark"
  if [ -r "$config" ] && [ ! -e "$mark/unfinished" ] && read_site; then
    say 'WordPress is already installed.'
    result installed:=true busy:=false url="$url" title="$title" version="$version"
    return
  fi
  : > "$mark/unfinished"
  software
  core
  database_up
  if [ ! -r "$config" ]; then configuration; fi
  permissions
  database_user
  if ! made; then
    sql <<< 'DROP DATABASE wordpress; CREATE DATABASE wordpress CHARACTER SET utf8mb4' || fail 'the database cannot be emptied'
    # While it installs itself WordPress asks its own address whether pretty links work; nobody answers there yet.
    wp_do core install --url="${in_url%/}" --title="$in_title" --admin_user=admin --admin_email="$in_adminEmail" --skip-email \
      --exec='WP_CLI::add_wp_hook( "pre_http_request", fn() => new WP_Error( "berth", "not yet" ) );' > /dev/null || fail 'WordPress does not install itself'
    { wp_do option update permalink_structure '/%postname%/' && wp_do option update berth_made 1; } > /dev/null || fail 'WordPress does not take its settings'
  fi
  harden
  finished
}
