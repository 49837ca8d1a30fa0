# shellcheck shell=bash
# What every site of Berth's is made of, written so that a second time changes nothing. `root`, `config`, `mark` and the small
# functions are prelude.sh's.

# write_file <path> <mode>: stdin becomes the file, whole or not at all; `wrote` tells whether anything changed.
wrote=''
write_file() {
  mkdir -p "${1%/*}"
  cat > "$1.new"
  chmod "$2" "$1.new"
  if cmp -s "$1" "$1.new"; then rm "$1.new"; else mv "$1.new" "$1" && wrote=1; fi
}

# url, title and version of the site in the database, one a line; 3 when there is none. Neither plugins nor themes run.
# shellcheck disable=SC2016
site_says() {
  local sign said
  sign=$(random_text 24)
  said=$(as_site php -d display_errors=0 -r 'define("SHORTINIT", true); define("WP_USE_THEMES", false);
    require $argv[1] . "/wp-load.php";
    global $wpdb, $wp_version;
    $wpdb->suppress_errors();
    $ask = fn($name) => $wpdb->get_var("SELECT option_value FROM {$wpdb->options} WHERE option_name = \"$name\"");
    $home = $ask("home");
    $line = fn($text) => strtr(html_entity_decode((string) $text, ENT_QUOTES | ENT_HTML5, "UTF-8"), "\r\n", "  ");
    if ($home === null && $wpdb->last_error !== "" && !preg_match("/doesn.t exist/", $wpdb->last_error)) exit(1);
    echo "\n$argv[2]\n", $home === null ? "none" : implode("\n", array_map($line, array($home, $ask("blogname"), $wp_version))), "\n";' -- "$root" "$sign")
  said=${said##*"$sign"}
  [ -n "$said" ] || return 1
  [ "$said" != $'\nnone' ] || return 3
  printf '%s\n' "${said#?}"
}
# Into url, title and version.
read_site() {
  local said
  said=$(site_says) || return $?
  { IFS= read -r url; IFS= read -r title; IFS= read -r version; } <<< "$said"
}

# The database, reachable over its socket alone, and its one user, whose password stands in the site's configuration only.
database_up() {
  write_file /etc/mysql/mariadb.conf.d/90-berth.cnf 644 <<'END'
[mariadbd]
skip-networking
local-infile = 0
skip-name-resolve
performance_schema = 0
innodb_buffer_pool_size = 64M
max_connections = 40
END
  service_do start mariadb
  until_true 90 sql_up || fail 'the database does not start'
  if [ "$(sql <<< 'SELECT @@skip_networking')" != 1 ]; then
    service_do restart mariadb
    until_true 90 sql_up || fail 'the database does not start again'
    [ "$(sql <<< 'SELECT @@skip_networking')" = 1 ] || fail 'the database listens on the network'
  fi
  sql <<'END' || fail 'the database refuses its first settings'
DELETE FROM mysql.global_priv WHERE User = '' OR (User = 'root' AND Host NOT IN ('localhost'));
DROP DATABASE IF EXISTS test;
FLUSH PRIVILEGES;
ALTER USER 'root'@'localhost' IDENTIFIED VIA unix_socket;
CREATE DATABASE IF NOT EXISTS wordpress CHARACTER SET utf8mb4;
END
}
# shellcheck disable=SC2016
database_user() {
  php -n -r 'preg_match("/define\(\s*.DB_PASSWORD.,\s*\x27([A-Za-z0-9_-]+)\x27/", file_get_contents($argv[1]), $found) || exit(1);
    foreach (array("CREATE USER IF NOT EXISTS", "ALTER USER") as $how) echo "$how wordpress@localhost IDENTIFIED BY \x27$found[1]\x27;\n";
    echo "GRANT ALL ON wordpress.* TO wordpress@localhost;\n";' -- "$config" | sql || fail 'the database refuses the user of the site'
}

# New salts and a new password of the database: as a new configuration, or in place of those in one that is there.
# shellcheck disable=SC2016
configuration() {
  php -n -r '[, $file, $url] = $argv;
    $secret = fn($length) => substr(strtr(base64_encode(random_bytes(96)), "+/", "-_"), 0, $length);
    $secrets = array("DB_PASSWORD" => $secret(40));
    foreach (array("AUTH", "SECURE_AUTH", "LOGGED_IN", "NONCE") as $name) foreach (array("KEY", "SALT") as $kind) $secrets["{$name}_$kind"] = $secret(64);
    $text = is_file($file) ? file_get_contents($file) : stream_get_contents(STDIN);
    foreach ($secrets as $name => $one) {
      $text = preg_replace("/define\(\s*[\x27\"]{$name}[\x27\"]\s*,.*?\);/", "define( \x27{$name}\x27, \x27{$one}\x27 );", $text, 1, $times);
      if ($times !== 1) { fwrite(STDERR, "wp-config.php has no line for $name\n"); exit(1); }
    }
    $text = preg_replace("/^\\\$berth_home = \x27[^\x27]*\x27;/m", "\$berth_home = \x27$url\x27;", $text);
    umask(077);
    if (file_put_contents("$file.new", $text) !== strlen($text)) exit(1);' -- "$config" "${in_url%/}" <<'END' || fail 'the configuration of the site cannot be written'
<?php
// Berth's. The site answers under every name that the reverse proxy sends here, and the proxy sends no others.
$berth_home = '';
if ( 'https' === ( $_SERVER['HTTP_X_FORWARDED_PROTO'] ?? '' ) ) {
	$_SERVER['HTTPS'] = 'on';
}
if ( preg_match( '/^(?:[a-z0-9-]+\.)+[a-z][a-z0-9-]*(?::\d+)?$/i', $_SERVER['HTTP_HOST'] ?? '' ) && 'cli' !== PHP_SAPI ) {
	$berth_home = ( empty( $_SERVER['HTTPS'] ) ? 'http://' : 'https://' ) . strtolower( $_SERVER['HTTP_HOST'] );
}
define( 'WP_HOME', $berth_home );
define( 'WP_SITEURL', $berth_home );
define( 'DB_NAME', 'wordpress' );
define( 'DB_USER', 'wordpress' );
define( 'DB_PASSWORD', '' );
define( 'DB_HOST', 'localhost' );
define( 'DB_CHARSET', 'utf8mb4' );
define( 'DB_COLLATE', '' );
define( 'AUTH_KEY', '' );
define( 'SECURE_AUTH_KEY', '' );
define( 'LOGGED_IN_KEY', '' );
define( 'NONCE_KEY', '' );
define( 'AUTH_SALT', '' );
define( 'SECURE_AUTH_SALT', '' );
define( 'LOGGED_IN_SALT', '' );
define( 'NONCE_SALT', '' );
define( 'DISALLOW_FILE_EDIT', true );
define( 'DISABLE_WP_CRON', true ); // berth-cron.timer does it
define( 'WP_AUTO_UPDATE_CORE', 'minor' );
$table_prefix = 'wp_';
if ( ! defined( 'ABSPATH' ) ) {
	define( 'ABSPATH', __DIR__ . '/' );
}
require_once ABSPATH . 'wp-settings.php';
END
  # The site may read it; neither it nor a plugin may change it, because the folder is sticky.
  if ! one_uid; then chown root:www-data "$config.new"; fi
  chmod 640 "$config.new" && mv "$config.new" "$config"
}

# The site's files belong to it, so that it can update itself; its folder and its configuration are root's.
permissions() {
  own www-data:www-data "$root/wp-content" "$root/wp-admin" "$root/wp-includes"
  find "$root" -maxdepth 1 -type f ! -name wp-config.php -exec chmod 644 {} +
  if ! one_uid; then find "$root" -maxdepth 1 -type f ! -name wp-config.php -exec chown www-data:www-data {} +; fi
  if ! one_uid; then chown root:www-data "$root" "$config"; fi
  chmod 1775 "$root"; chmod 640 "$config"
  chmod -R go-w "$root/wp-admin" "$root/wp-includes"
}
