// The doctor's words: every code with its one severity. docs/domains.md shows this list as it stands here.

/** Every code, with the severity that it always has and what it means in one line (docs/domains.md). */
export const codes = {
  'leads-here': ['ok', 'the name leads to the platform and nowhere else'],
  'not-registered': ['error', 'the registry does not know the domain'],
  'no-answer': ['error', 'the domain is delegated, but its name servers do not answer for it'],
  'dnssec-broken': ['error', 'resolvers that check signatures refuse the domain'],
  'no-address': ['error', 'the name has neither an A nor a CNAME record'],
  'points-elsewhere': ['error', 'the A records lead to other servers'],
  'address-leftover': ['error', 'besides ours there are A records of other servers'],
  'ipv6-leftover': ['error', 'AAAA records lead to another server'],
  'cname-elsewhere': ['error', 'a CNAME record leads to another host'],
  'cname-at-apex': ['warning', 'a CNAME record stands at the registered domain itself, where no other record may stand beside it'],
  'front': ['error', 'a CDN or web firewall answers in place of the platform'],
  'www-missing': ['warning', 'the name with www. leads nowhere'],
  'wildcard': ['warning', 'www. is answered by the star record, not by one of its own'],
  'caa-forbids': ['error', 'CAA records forbid the platform\'s certificate authority'],
  'half-delegated': ['error', 'only some of the platform\'s name servers are in the delegation'],
  'mixed-delegation': ['error', 'other name servers stand in the delegation beside the platform\'s'],
  'no-zone-here': ['error', 'delegated to the platform, but it has no zone here, or another customer\'s'],
  'name-servers-disagree': ['warning', 'the domain\'s name servers give different answers'],
  'resolvers-disagree': ['warning', 'resolvers do not all have the newest answer yet'],
  'mail-stays': ['ok', 'mail goes where the MX records lead, and the web site does not change that'],
} as const
export type Code = keyof typeof codes
export type Severity = 'ok' | 'warning' | 'error'

/** `name` is the name that is meant; `cure` is one sentence, "Nothing needs to be done." when all is well. */
export interface Finding { code: Code; severity: Severity; name: string; sentence: string; cure: string }

export const nothingToDo = 'Nothing needs to be done.'

/** One finding in its fixed severity. */
export const finding = (code: Code, name: string, sentence: string, cure: string): Finding => ({ code, severity: codes[code][0], name, sentence, cure })
