// A zone file as entries of words: quotes, escapes, comments, and brackets that go over several lines. Knows nothing of records.
import { unescaped } from './text-strings.ts'

export interface Token { text: string; quoted: boolean }

export interface Entry {
  /** Where it begins, from 1. */
  line: number
  /** It begins with a blank: it belongs to the name of the entry before. */
  indented: boolean
  tokens: Token[]
  problem?: string
}

/** The entries of a file, in order; one that cannot be read says why. */
export function tokens(text: string): Entry[] {
  const entries: Entry[] = []
  let entry: Entry | undefined
  let depth = 0
  for (const [i, line] of text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/).entries()) {
    entry ??= { line: i + 1, indented: /^[ \t]/.test(line), tokens: [] }
    const read = words(line)
    if (read.problem !== undefined) entry.problem ??= read.problem
    for (const word of read.words) {
      if (word === '(') depth++
      else if (word !== ')') entry.tokens.push(word)
      else if (depth > 0) depth--
      else entry.problem ??= 'There is a closing bracket without an opening one.'
    }
    if (depth > 0 && entry.problem === undefined) continue
    depth = 0
    if (entry.tokens.length > 0 || entry.problem !== undefined) entries.push(entry)
    entry = undefined
  }
  if (entry) entries.push({ ...entry, problem: 'The bracket that opens here is never closed.' })
  return entries
}

const pattern = /\s+|;.*$|([()])|"((?:[^"\\]|\\.)*)"|((?:[^\s;()"\\]|\\.)+)|(.)/gsy

function words(line: string): { words: ('(' | ')' | Token)[]; problem?: string } {
  const found: ('(' | ')' | Token)[] = []
  for (const match of line.matchAll(pattern)) {
    const [, bracket, quoted, plain, stray] = match
    if (bracket === '(' || bracket === ')') found.push(bracket)
    else if (quoted !== undefined) found.push({ text: unescaped(quoted), quoted: true })
    else if (plain !== undefined) found.push({ text: plain, quoted: false })
    else if (stray !== undefined) return { words: found, problem: stray === '"' ? 'A quotation mark is never closed.' : 'The line ends with a backslash.' }
  }
  return { words: found }
}
