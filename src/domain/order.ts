// An order in our words: what the customer bought, and the identities that were chosen for it before anything was called.
import * as z from 'zod'
import { planNames } from './plan.ts'

/** What a billing system may ask for. `create` makes a site, the others change the wish about an existing one; `upgrade` gives it another plan. */
export const verbs = ['create', 'upgrade', 'suspend', 'unsuspend', 'terminate'] as const
export type Verb = (typeof verbs)[number]

export const Spec = z.object({
  /** The billing connection that owns the service; keys are scoped to it. */
  connection: z.string(),
  /** The service's id in that billing system. */
  service: z.string(),
  email: z.string(),
  plan: z.enum(planNames),
  /** IPv4 address that the site's DNS record points to. */
  publicIp: z.string(),
})
export type Spec = z.infer<typeof Spec>

/** Chosen once per epoch by the allocator; never reused for another tenant. */
export const Identity = z.object({
  epoch: z.number().int().min(1),
  vmid: z.number().int(),
  /** Private IPv4 address without prefix length. */
  ip: z.string(),
  /** First label of the public name. */
  label: z.string(),
  hostname: z.string(),
  /** The node on which the container is created; HA may move it later. */
  node: z.string(),
  /** The container was built ahead for nobody: the mark that everything made with it bears for ever. */
  ahead: z.object({ mark: z.string() }).optional(),
})
export type Identity = z.infer<typeof Identity>

/** A row of a site that was built ahead, as it was seen to stand when the site was offered; `wish` and `out` as JSON text. */
export const Built = z.object({ name: z.string(), wish: z.string(), out: z.string(), attempt: z.int() })
export type Built = z.infer<typeof Built>

/** What stands already of a site that somebody else has made, as it was seen. */
export const Adoption = z.object({
  /** Rows of which something stands without our mark. */
  rows: z.array(z.string()),
  container: z.object({ vmid: z.number(), node: z.string(), volume: z.string() }),
  /** Custom domains (`DomainName`). */
  domains: z.array(z.object({ name: z.string(), apex: z.string(), names: z.array(z.string()), shown: z.string() })),
  /** The customer's snapshots; `at` in epoch ms. */
  backups: z.array(z.object({ name: z.string(), at: z.number() })),
  /** Its service is suspended where it is now, and stays so. */
  suspended: z.literal(true).optional(),
})
export type Adoption = z.infer<typeof Adoption>

/** One accepted wish about one tenant. `seq` grows by one per command of that tenant: the newest wins. */
export const Command = z.object({
  id: z.string(),
  tenant: z.string(),
  seq: z.number().int().min(1),
  verb: z.enum(verbs),
  spec: Spec,
  identity: Identity,
  /** Of an `upgrade`: what the service is wanted to be meanwhile, so that nothing is lost that it overtakes on its way. */
  target: z.enum(['live', 'suspended']).optional(),
  /** Of a `create` that was given a site built ahead, and of what may overtake it: what stands already. */
  built: z.array(Built).optional(),
  /** Who asked: the connection, or an operator's name. */
  actor: z.string(),
  /** Epoch milliseconds of the request. */
  at: z.number(),
  /** Everything of it stands already, and becomes this tenant's; said to whatever may overtake that too. */
  adoption: Adoption.optional(),
})
export type Command = z.infer<typeof Command>
