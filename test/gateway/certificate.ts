// Certificates made on the spot, for TLS on the loopback: the little of X.509 that it takes, so that no key lies in the project.
import { generateKeyPairSync, sign, X509Certificate } from 'node:crypto'

export interface Certified { key: string; cert: string; fingerprint: string }

const der = (tag: number, ...parts: Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts)
  const { length } = body
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), body])
}
const sequence = (...parts: Uint8Array[]): Buffer => der(0x30, ...parts)
const oid = (...bytes: number[]): Buffer => der(0x06, Buffer.from(bytes))
const name = (text: string): Buffer => sequence(der(0x31, sequence(oid(0x55, 4, 3), der(0x0c, Buffer.from(text)))))
const ecdsaWithSha256 = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2))
const time = (year: number): Buffer => der(0x18, Buffer.from(`${year}0101000000Z`))
const extension = (id: number, value: Buffer): Buffer => sequence(oid(0x55, 0x1d, id), der(0x04, value))
const loopback = Buffer.from([127, 0, 0, 1])
let serial = 1

/** A certificate for 127.0.0.1, or an authority's own; signed by `issuer`, or by itself. `until` is a year. */
export function certificate(subject: string, { issuer, authority = false, until = 2100 }: { issuer?: { name: string } & Certified; authority?: boolean; until?: number } = {}): Certified & { name: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const extensions = authority ? extension(19, sequence(der(0x01, Buffer.from([0xff])))) : extension(17, sequence(der(0x87, loopback)))
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))), der(0x02, Buffer.from([serial++])), ecdsaWithSha256, name(issuer?.name ?? subject),
    sequence(time(2020), time(until)), name(subject), publicKey.export({ type: 'spki', format: 'der' }), der(0xa3, sequence(extensions)),
  )
  const signature = sign('sha256', body, issuer?.key ?? key)
  const whole = new X509Certificate(sequence(body, ecdsaWithSha256, der(0x03, Buffer.from([0]), signature)))
  return { name: subject, key, cert: whole.toString(), fingerprint: whole.fingerprint256 }
}
