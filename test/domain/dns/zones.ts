// Zones and records for the tests of DNS.
import { readRecord, type DnsRecord } from '../../../src/domain/dns/record.ts'

export const origin = 'example.com.'

/** `www A 203.0.113.10`, `@ MX 10 mail`, `_sip._tcp SRV 0 5 5060 sip`, read as people write them; TTL 3600 unless told. */
export function record(line: string, ttl = 3_600): DnsRecord {
  const read = reading(line, ttl)
  if (!read.ok) throw new Error(read.problem)
  return read.record
}

export function reading(line: string, ttl = 3_600) {
  const [name = '', type = '', ...rest] = line.split(' ')
  const prior = type === 'MX' || type === 'SRV'
  return readRecord({ name, type, ttl, priority: prior ? Number(rest[0]) : null, data: (prior ? rest.slice(1) : rest).join(' ') }, origin)
}

export const zone = (...lines: string[]): DnsRecord[] => lines.map((line) => record(line))
