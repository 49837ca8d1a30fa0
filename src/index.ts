// The Worker: fetch, queue, scheduled, and the Durable Objects. Wiring only.
import { app } from './functions/app.ts'
import { nights } from './functions/cron/nights.ts'
import { keepPool } from './functions/cron/pool.ts'
import { watchdog } from './functions/cron/watchdog.ts'
import { buryDeadLetters, deliverCommands } from './queues/commands.ts'

export { Allocator } from './broker/allocator.ts'
export { ClusterGate } from './broker/gate.ts'
export { SupportDesk } from './broker/support-desk.ts'
export { Customer } from './customer/object.ts'
export { Tenant } from './tenant/object.ts'

const functions = app()

export default {
  fetch: functions.fetch,
  // In an environment the queues are called commands-<environment>.
  queue: (batch, env) => (batch.queue.startsWith('commands-dead') ? buryDeadLetters(batch, env) : deliverCommands(batch, env)),
  scheduled: async (controller, env) => void (await Promise.all([watchdog(env, controller.scheduledTime), nights(env, controller.scheduledTime), keepPool(env, controller.scheduledTime)])),
} satisfies ExportedHandler<Env>
