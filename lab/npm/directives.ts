// Just enough of nginx's grammar to refuse a bad `advanced_config` in nginx's own words.
// It knows the directives people paste there; it must never accept an unbalanced block.

const KNOWN = new Set(
  ('add_header alias allow auth_basic auth_basic_user_file client_body_buffer_size client_body_timeout client_max_body_size default_type deny ' +
    'error_page expires fastcgi_pass gzip gzip_types if include keepalive_timeout limit_except limit_rate limit_req location more_set_headers ' +
    'proxy_buffer_size proxy_buffering proxy_buffers proxy_cache proxy_connect_timeout proxy_hide_header proxy_http_version proxy_pass ' +
    'proxy_read_timeout proxy_redirect proxy_request_buffering proxy_send_timeout proxy_set_header proxy_ssl_server_name proxy_ssl_verify ' +
    'real_ip_header return rewrite root satisfy send_timeout server_tokens set set_real_ip_from sub_filter sub_filter_once try_files').split(' '),
)

/** nginx's complaint about the text, or '' when it would pass `nginx -t`. */
export function directiveFault(config: string, file: string): string {
  let depth = 0
  let words: string[] = []
  let line = 1
  for (const [token] of config.matchAll(/#[^\n]*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\n|[;{}]|[^\s;{}]+/g)) {
    if (token === '\n') line++
    else if (token.startsWith('#')) continue
    else if (token === ';' || token === '{') {
      const name = words[0]
      if (name === undefined) return `unexpected "${token}" in ${file}:${line}`
      if (!KNOWN.has(name)) return `unknown directive "${name}" in ${file}:${line}`
      if (token === '{') depth++
      words = []
    } else if (token === '}') {
      if (words.length > 0 || depth === 0) return `unexpected "}" in ${file}:${line}`
      depth--
    } else words.push(token)
  }
  if (words.length > 0 || depth > 0) return `unexpected end of file, expecting ";" or "}" in ${file}:${line}`
  return ''
}
