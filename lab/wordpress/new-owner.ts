// What makes a WordPress that was installed for nobody somebody's, as PHP for `wp eval`: title, address, administrator, and the mail
// that a fresh installation would have sent. The password is made in PHP and leaves it by that mail only.
import type { Site } from './site-files.ts'

export function newOwner(from: string, { url, title, adminEmail }: Omit<Site, 'id'>): string {
  const given = Buffer.from(JSON.stringify({ from: bare(from).replace(/^https?:/, ''), url: bare(url), title, email: adminEmail })).toString('base64')
  return `$given = json_decode( base64_decode( '${given}' ) );
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
global $wpdb;
add_filter( 'send_email_change_email', '__return_false' );
foreach ( array( 'http:', 'https:' ) as $scheme ) {
	foreach ( array( 'post_content', 'guid' ) as $column ) {
		$wpdb->query( $wpdb->prepare( "UPDATE $wpdb->posts SET $column = REPLACE( $column, %s, %s )", $scheme . $given->from, $given->url ) );
	}
}
$password = wp_generate_password( 24, false );
wp_update_user( array( 'ID' => 1, 'user_email' => $given->email ) );
wp_set_password( $password, 1 );
WP_Session_Tokens::destroy_all_for_all_users();
update_option( 'blogname', $given->title );
update_option( 'admin_email', $given->email );
update_option( 'home', $given->url );
update_option( 'siteurl', $given->url );
wp_cache_flush();
wp_new_blog_notification( $given->title, $given->url, 1, $password );`
}

const bare = (url: string): string => new URL(url).href.replace(/\/+$/, '')
