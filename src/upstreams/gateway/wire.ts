// What we read of our own gateway's answers (docs/gateway.md).

import * as z from 'zod'

export const health = z.object({ status: z.literal('ok'), time: z.number() })

const state = z.enum(['running', 'ended', 'unknown'])

/** `unknown`: nobody can say how it ended, look at the object itself. `ok` and `exit` once ended, `result` and `output` for runs only, `fate` for one that provably came to nothing. */
export const taskEnd = z.object({
  id: z.string(),
  state,
  ok: z.boolean().optional(),
  exit: z.string().optional(),
  result: z.unknown().optional(),
  output: z.string().optional(),
  fate: z.enum(['not-sent', 'refused', 'credentials']).optional().catch(undefined),
})
export type TaskEnd = z.infer<typeof taskEnd>

export const playbookRun = z.object({ run: z.string(), state })
export type PlaybookRun = z.infer<typeof playbookRun>

/** The result of the playbook `wordpress-state`. */
export const wordpressState = z.object({
  installed: z.boolean(),
  busy: z.boolean(),
  url: z.string().optional(),
  title: z.string().optional(),
  version: z.string().optional(),
})
export type WordPressState = z.infer<typeof wordpressState>
