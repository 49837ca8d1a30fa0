// What the world's resolvers see of the zone: each change reaches the edge 1–2 s after the API has answered for it.
// Not simulated: caching by TTL, CNAME chasing, proxying (a proxied record resolves to its own content).
import { between } from '../random.ts'
import type { World } from '../world.ts'

export interface Answer { type: string; content: string; ttl: number; proxied: boolean }
interface Published { change: number; answers: Answer[] }
interface EdgeState { change: number; names: Record<string, Published> }

const PUBLISHED = 'cloudflare.published'
const edgeState = (world: World): EdgeState => world.slice('cloudflare-edge', () => ({ change: 0, names: {} }))

/** Registers what happens when a change arrives; an older change never overtakes a newer one. */
export function edge(world: World): void {
  world.on<{ name: string } & Published>(PUBLISHED, ({ name, change, answers }) => {
    const { names } = edgeState(world)
    if ((names[name]?.change ?? 0) > change) return
    names[name] = { change, answers }
  })
}

/** Sends the present answers of one name on their way. */
export function publish(world: World, name: string, answers: Answer[]): void {
  const change = ++edgeState(world).change
  world.later(between(world.random, 1000, 2000), PUBLISHED, { name, change, answers })
}

/** What the edge has under exactly this name. */
export const published = (world: World, name: string): Answer[] => edgeState(world).names[name]?.answers ?? []

/** The records that a resolver gets for a name now: its own, or else those of the nearest wildcard; [] when there are none. */
export function resolve(world: World, name: string): Answer[] {
  const { names } = edgeState(world)
  const labels = name.toLowerCase().replace(/\.$/, '').split('.')
  const own = names[labels.join('.')]?.answers
  if (own && own.length > 0) return own
  for (let i = 1; i < labels.length; i++) {
    const wildcard = names[['*', ...labels.slice(i)].join('.')]?.answers
    if (wildcard && wildcard.length > 0) return wildcard
  }
  return []
}
