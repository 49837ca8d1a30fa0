// The word that the billing extension shows instead of the reverse proxy's address, and takes from its customers.

const word = 'PROXYSRV'

/** The address behind the word; everything else stays as it is. */
export const fromProxyWord = (text: string, proxyIp: string): string => (text.trim().toUpperCase() === word ? proxyIp : text)
