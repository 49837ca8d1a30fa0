// Takes secrets out of text that leaves the gateway. The known ones always; in free text (a playbook's output) also
// whatever looks like a password. Never lengthens a text without bound, never throws.

const looksSecret = /((?:pass(?:word|wd)?|secret|token|api[_-]?key|authorization)["']?\s*[=:]\s*)("[^"]*"|'[^']*'|\S+)/gi

/** Replaces each of `secrets` (shorter than 6 signs are no secrets) by ***. */
export function masked(text: string, secrets: readonly string[]): string {
  for (const secret of secrets) if (secret.length >= 6 && text.includes(secret)) text = text.replaceAll(secret, '***')
  return text
}

/** The end of a free text, at most `most` signs, without the secrets and without what looks like one. */
export function maskedOutput(text: string, secrets: readonly string[], most: number): string {
  const clean = masked(text, secrets).replace(looksSecret, '$1***')
  return clean.length > most ? `…${clean.slice(-most)}` : clean
}
