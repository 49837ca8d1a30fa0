// What a resource function is given for one call: who it is for, the wish, clients fenced for this attempt, what others know.
import { desire, instanceOf, type Row } from './row.ts'
import type { Context } from './resource.ts'
import type { Surroundings } from './surroundings.ts'

export function contextOf<Up>(all: Pick<Surroundings<Up>, 'identity' | 'book' | 'clients'>, row: Row, now: number, deadline: number): Context<Up, unknown> {
  const { name } = row
  const instance = instanceOf(name)
  return {
    ...all.identity,
    instance,
    attempt: row.attempt,
    want: row.want,
    proved: row.proved === true && row.doubtFor === desire(row),
    stood: row.out !== null,
    unfinished: row.unfinished === true,
    busyForMs: row.busySince === 0 ? 0 : now - row.busySince,
    wish: row.wish,
    up: all.clients({ operation: `${all.identity.tenant}/${name}`, attempt: row.attempt, deadline }),
    output: (resource) => {
      const out = (all.book.row(`${resource.name}:${instance}`) ?? all.book.row(resource.name))?.out
      if (out === null || out === undefined) throw new Error(`${name} read the output of ${resource.name} before there was one`)
      return resource.output.parse(out)
    },
  }
}
