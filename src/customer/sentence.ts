// Why something could not be done, as a customer may read it.

/** ISPConfig's validators speak in words that a customer may read; everything else it says is its own. */
export function sentence(reason: string): string {
  const foreign = /^taken by something that is not ours: (.*)$/s.exec(reason)?.[1]
  if (foreign !== undefined) return `It cannot be created: ${foreign}.`
  const refused = [...reason.matchAll(/\b([a-z]+(?: [a-z]+)* (?:is already taken|must not be empty|is out of range|must be a whole number|is not valid)) \(/g)].map((match) => match[1]!)
  return refused.length > 0 ? `The name server’s administration refused it: ${refused.join(', ')}.` : 'The name server’s administration could not do it. Please contact support.'
}
