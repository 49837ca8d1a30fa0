// What the allocator is asked to take, and what it answers: wishes of billing, services that somebody else has made.
import type { Target } from '../domain/lifecycle.ts'
import type { PlanName } from '../domain/plan.ts'
import type { Adoption, Command, Identity, Spec, Verb } from '../domain/order.ts'

export interface Wish {
  verb: Verb
  connection: string
  service: string
  actor: string
  /** What a `create` asks for; other verbs keep what is recorded. */
  order?: Pick<Spec, 'email' | 'plan' | 'publicIp'>
  /** The plan that an `upgrade` asks for. */
  plan?: PlanName
}

/** `taken`: a new command was written; `unchanged`: it is already wanted so. */
export type Intake =
  | { answer: 'taken'; command: Command; record: ServiceRecord }
  | { answer: 'unchanged'; record: ServiceRecord }
  | { answer: 'unknown' }
  | { answer: 'conflict' }
  | { answer: 'exhausted'; what: string }

/** A service that somebody else has made: what it stands on. */
export interface Adopt {
  connection: string
  service: string
  actor: string
  order: Pick<Spec, 'email' | 'plan' | 'publicIp'>
  place: Pick<Identity, 'vmid' | 'ip' | 'label' | 'node'>
  /** It is suspended where it is now, and comes in so. */
  suspended?: boolean
  adoption?: Adoption
}

export interface ServiceRecord { tenant: string; target: Target; seq: number; spec: Spec; identity: Identity }
