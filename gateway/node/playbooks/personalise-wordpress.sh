# shellcheck shell=bash
# Makes a site that was built for nobody into somebody's: new keys of every kind, its address and title, its owner. Cut in the middle
# it is `unfinished` and done again from the start; done again it ends the same, with new keys.

# Identities that all copies of an image would share.
machine_identity() {
  rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub
  if command -v ssh-keygen > /dev/null; then ssh-keygen -A > /dev/null || fail 'no SSH host keys can be made'; fi
  php -n -r 'echo bin2hex(random_bytes(16)), "\n";' | write_file /etc/machine-id 444
  if [ -d /var/lib/dbus ]; then ln -sfn /etc/machine-id /var/lib/dbus/machine-id; fi
}

# The first administrator becomes the owner's, with a password that nobody knows: a log-in link or a new password lets them in.
owner() {
  BERTH_MAIL=$in_adminEmail wp_php <<'END' || fail 'WordPress does not take its owner'
<?php
$user = get_users( array( 'role' => 'administrator', 'orderby' => 'ID', 'number' => 1 ) )[0] ?? WP_CLI::error( 'no administrator' );
add_filter( 'send_password_change_email', '__return_false' );
add_filter( 'send_email_change_email', '__return_false' );
$done = wp_update_user( array( 'ID' => $user->ID, 'user_email' => getenv( 'BERTH_MAIL' ), 'user_pass' => wp_generate_password( 40 ) ) );
if ( is_wp_error( $done ) ) {
	WP_CLI::error( $done->get_error_code() );
}
WP_Session_Tokens::get_instance( $user->ID )->destroy_all();
END
}

# Every address in its content as well: what was made for nobody names a place that is nowhere.
address() {
  local url='' title='' version=''
  read_site || fail 'the database holds no site'
  if [ "${url%/}" != "${in_url%/}" ]; then
    wp_do search-replace "${url%/}" "${in_url%/}" --all-tables-with-prefix --skip-columns=guid --quiet --no-report || fail 'the addresses cannot be changed'
  fi
  BERTH_URL=${in_url%/} BERTH_TITLE=$in_title BERTH_MAIL=$in_adminEmail wp_php <<'END' || fail 'WordPress does not take its new address'
<?php
add_filter( 'send_site_admin_email_change_email', '__return_false' );
foreach ( array( 'home' => 'URL', 'siteurl' => 'URL', 'blogname' => 'TITLE', 'admin_email' => 'MAIL' ) as $option => $from ) {
	update_option( $option, getenv( "BERTH_$from" ) );
}
delete_option( 'new_admin_email' );
delete_option( 'adminhash' );
wp_cache_flush();
delete_expired_transients( true );
END
}

perform() {
  exclusively personalise-wordpress
  grep -q -- "|-- ${in_address//./\\.}\$" /proc/net/fib_trie || fail "this container does not have the address $in_address"
  [ -r "$config" ] || fail 'there is no pre-installed site here'
  : > "$mark/unfinished"
  machine_identity
  database_up
  configuration
  database_user
  address
  owner
  harden
  finished
}
