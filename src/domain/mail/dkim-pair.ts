// A DKIM key pair for ISPConfig. The private key is made here, given to ISPConfig in the same call, and kept nowhere else: it is
// in no row, journal or log, and when an answer is lost the pair that ISPConfig has kept is the pair.
import { generateKeyPairSync } from 'node:crypto'

/** Both keys as PEM. 2048 bits: what every receiver takes, and what one record can hold. */
export function dkimPair(): { dkim_private: string; dkim_public: string } {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2_048, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  return { dkim_private: privateKey, dkim_public: publicKey }
}
