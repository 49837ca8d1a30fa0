// The character strings of a TXT record: quoting, escapes and the 255 octets that one of them may have.
// A record's text is kept plain and whole; strings exist only in zone files.

/** https://www.rfc-editor.org/rfc/rfc1035#section-3.3 */
const stringMaxOctets = 255

const encoder = new TextEncoder()

/** The text as strings of at most 255 octets each, never through the middle of a character. */
export function split(text: string): string[] {
  const parts: string[] = []
  let part = ''
  let octets = 0
  for (const character of text) {
    const size = encoder.encode(character).length
    if (octets + size > stringMaxOctets) {
      parts.push(part)
      part = ''
      octets = 0
    }
    part += character
    octets += size
  }
  return part !== '' || parts.length === 0 ? [...parts, part] : parts
}

/** `"…" "…"` as a zone file wants it; what is not printable ASCII becomes `\DDD`. */
export const quoted = (text: string): string => split(text).map((part) => `"${escaped(part)}"`).join(' ')

/** Quotes and backslashes with a backslash before them, other octets outside of printable ASCII as `\DDD`. */
function escaped(text: string): string {
  let out = ''
  for (const octet of encoder.encode(text)) {
    const character = String.fromCharCode(octet)
    if (character === '"' || character === '\\') out += `\\${character}`
    else if (octet >= 0x20 && octet < 0x7f) out += character
    else out += `\\${String(octet).padStart(3, '0')}`
  }
  return out
}

/** The plain text of what stands between quotes: `\DDD` is an octet, `\x` is x; octets that are no UTF-8 become U+FFFD. */
export function unescaped(text: string): string {
  const octets: number[] = []
  for (let i = 0; i < text.length; i++) {
    const decimal = /^\\(\d{3})/.exec(text.slice(i, i + 4))
    if (decimal) {
      octets.push(Number(decimal[1]) & 0xff)
      i += 3
      continue
    }
    if (text[i] === '\\' && i + 1 < text.length) i++
    const character = String.fromCodePoint(text.codePointAt(i)!)
    octets.push(...encoder.encode(character))
    i += character.length - 1
  }
  return new TextDecoder().decode(new Uint8Array(octets))
}

/** What people paste for a TXT value: plain, or already quoted, perhaps in several strings. */
export function textAsWritten(text: string): string {
  const value = text.trim()
  if (!/^"(?:[^"\\]|\\.)*"(?:\s*"(?:[^"\\]|\\.)*")*$/s.test(value)) return value
  return [...value.matchAll(/"((?:[^"\\]|\\.)*)"/gs)].map((match) => unescaped(match[1]!)).join('')
}
