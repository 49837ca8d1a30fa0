// The commands queue: it only delivers. A command is acknowledged after the tenant has it in its inbox; one that cannot be
// read goes to the dead letters at once, one whose tenant cannot be reached comes again with growing pauses.
import { configOf } from '../config.ts'
import { buryLetter } from '../db/reports.ts'
import { Command } from '../domain/order.ts'

/** Sends a command that is already durable in the allocator. A failing send is not an error: the watchdog sends it again. */
export async function sendCommand(env: Env, command: Command): Promise<void> {
  await env.COMMANDS.send(command).catch((error: unknown) => {
    console.error(JSON.stringify({ level: 'error', what: 'command not queued, the watchdog will send it', command: command.id, error: String(error).slice(0, 200) }))
  })
}

/** Takes a batch to the tenants, each message on its own. */
export async function deliverCommands(batch: MessageBatch, env: Env): Promise<void> {
  const confirmed: string[] = []
  await Promise.all(batch.messages.map(async (message) => {
    const parsed = Command.safeParse(message.body)
    if (!parsed.success) {
      await bury(env, message, 'unreadable')
      // It is kept there; sending it again every minute would only bury it again.
      const { id } = (message.body ?? {}) as { id?: unknown }
      if (typeof id === 'string') confirmed.push(id)
      return
    }
    try {
      await env.TENANT.getByName(parsed.data.tenant).accept(parsed.data)
      confirmed.push(parsed.data.id)
      message.ack()
    } catch (error) {
      console.error(JSON.stringify({ level: 'error', what: 'tenant not reached', command: parsed.data.id, error: String(error).slice(0, 200) }))
      message.retry({ delaySeconds: Math.min(300, 2 ** message.attempts) })
    }
  }))
  // Forgetting to confirm costs one more delivery of a command that the inbox knows already.
  if (confirmed.length > 0) await env.ALLOCATOR.getByName(configOf(env).cluster.name).confirm(confirmed).catch(() => undefined)
}

/** Keeps what nobody could deliver; the commands themselves are still in the allocator and are sent again. */
export async function buryDeadLetters(batch: MessageBatch, env: Env): Promise<void> {
  for (const message of batch.messages) await bury(env, message, 'undeliverable')
}

async function bury(env: Env, message: Message, reason: string): Promise<void> {
  try {
    await buryLetter(env.DB, { id: message.id, reason, body: JSON.stringify(message.body) ?? '', at: message.timestamp.getTime() })
    message.ack()
  } catch {
    message.retry({ delaySeconds: 30 })
  }
}
