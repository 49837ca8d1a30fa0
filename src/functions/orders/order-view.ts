// What a customer may see of an order, as JSON: the shape of the tenant's view.
import * as z from 'zod'

const Step = z.object({
  name: z.string(),
  title: z.string(),
  state: z.string().describe('waiting, working, done, removing, removed, off, stuck, not needed'),
  attempt: z.int().describe('Calls made towards the present wish; 0 when it stands as wished.'),
  why: z.string().nullable().describe('What it waits for, in plain words.'),
  since: z.number().describe('Epoch milliseconds.'),
  startedAt: z.number().describe('Epoch milliseconds; 0 when not yet.'),
  settledAt: z.number().describe('Epoch milliseconds; 0 when not yet.'),
  needs: z.array(z.string()).readonly(),
})

export const OrderView = z.object({
  status: z.string(),
  target: z.string(),
  plan: z.string(),
  hostname: z.string(),
  url: z.string().nullable(),
  orderedAt: z.number(),
  restAt: z.number().describe('When it last came to rest; 0 when it never did.'),
  cause: z.string().nullable().describe('Why it was taken back.'),
  steps: z.array(Step),
}).meta({ id: 'Order' })
