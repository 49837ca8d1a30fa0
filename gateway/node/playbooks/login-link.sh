# shellcheck shell=bash
# A link that lets its first user into wp-admin, within two minutes, once: {url, expiresAt}. It exists in the answer alone; what
# stays here is its digest.

perform() {
  local said
  exclusively login-link
  login_plugin
  own www-data:www-data "$root/wp-content/mu-plugins"
  said=$(BERTH_LOGIN=$in_login wp_php <<'END'
<?php
$name = getenv( 'BERTH_LOGIN' );
$user = $name ? get_user_by( 'login', $name ) : ( get_users( array( 'role' => 'administrator', 'orderby' => 'ID', 'number' => 1 ) )[0] ?? false );
if ( ! $user ) {
	WP_CLI::error( 'there is no such user' );
}
global $wpdb;
foreach ( $wpdb->get_results( "SELECT option_name, option_value FROM {$wpdb->options} WHERE option_name LIKE 'berth\\_login\\_%'" ) as $old ) {
	if ( (int) ( explode( ' ', $old->option_value )[1] ?? 0 ) < time() ) {
		$wpdb->delete( $wpdb->options, array( 'option_name' => $old->option_name ) );
	}
}
$token = rtrim( strtr( base64_encode( random_bytes( 32 ) ), '+/', '-_' ), '=' );
$until = time() + 120;
$row   = array( 'option_name' => 'berth_login_' . hash( 'sha256', $token ), 'option_value' => "$user->ID $until", 'autoload' => 'off' );
if ( 1 !== $wpdb->insert( $wpdb->options, $row ) ) {
	WP_CLI::error( 'the link cannot be written down' );
}
echo "\n", get_option( 'siteurl' ), "/wp-login.php?berth-login=$token\n", gmdate( 'Y-m-d\TH:i:s\Z', $until ), "\n";
END
) || fail 'WordPress makes no link'
  result url="$(tail -n 2 <<< "$said" | head -n 1)" expiresAt="$(tail -n 1 <<< "$said")"
}
