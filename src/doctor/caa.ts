// May the platform's certificate authority issue for the names? CAA as the authority reads it (RFC 8659): the nearest record set
// on the way up counts, and in it only issue and issuewild; an unknown critical property forbids everything.
import { led } from '../domain/dns/answer.ts'
import { looks, type Expected, type Facts } from './facts.ts'
import { finding, type Finding } from './finding.ts'

interface Property { at: string; flags: number; tag: string; value: string }

const known = new Set(['issue', 'issuewild', 'iodef', 'issuemail', 'contactemail', 'contactphone', 'issuevmc'])

/** One finding for each record set that forbids us. */
export function caaFindings(facts: Facts, expected: Expected): Finding[] {
  const found = new Map<string, Finding>()
  for (const name of facts.domain.names) {
    const set = nearest(facts, name)
    const at = set[0]?.at
    if (at !== undefined && !found.has(at) && forbids(set, expected.ca))
      found.set(at, finding('caa-forbids', at, `The CAA records of ${at} do not let ${expected.ca} issue a certificate.`, `Add the CAA record ${at} with 0 issue "${expected.ca}".`))
  }
  return [...found.values()]
}

/** The names here are never wildcards, so issuewild says nothing about them. */
function forbids(set: readonly Property[], ca: string): boolean {
  if (set.some((one) => (one.flags & 128) !== 0 && !known.has(one.tag))) return true
  const issue = set.filter((one) => one.tag === 'issue')
  return issue.length > 0 && !issue.some((one) => one.value.split(';')[0]!.trim().toLowerCase() === ca)
}

function nearest(facts: Facts, name: string): Property[] {
  const { apex } = facts.domain
  for (let at = name; at.length >= apex.length; at = at.slice(at.indexOf('.') + 1)) {
    const set = looks(facts.resolved, at, 'CAA').flatMap((answer) => led(answer, at, 'CAA').values).flatMap((data) => property(at, data))
    if (set.length > 0) return set
  }
  return []
}

function property(at: string, data: string): Property[] {
  const [, flags, tag, value] = /^(\d+) (\w+) "(.*)"$/.exec(data) ?? []
  return tag === undefined ? [] : [{ at, flags: Number(flags), tag: tag.toLowerCase(), value: value ?? '' }]
}
