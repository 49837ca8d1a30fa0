// The secrets of the Worker under test: its own, worthless, in the shapes that config.ts wants.
import { createHash } from 'node:crypto'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

export const keys = { billing: 'test-billing-key', other: 'test-other-billing-key', operator: 'test-operator-key', desk: 'test-help-desk-key', otherDesk: 'test-other-help-desk-key' }

export const secrets = {
  API_KEYS: JSON.stringify([{ connection: 'test', sha256: sha256(keys.billing) }, { connection: 'other', sha256: sha256(keys.other) }]),
  GATEWAY_KEY: 'test:test-gateway-signing-secret',
  CLOUDFLARE_TOKEN: 'test-cloudflare-token',
  ORDER_LINK_SECRET: 'test-order-link-secret-0123456789',
  OPERATOR_KEY_SHA256: sha256(keys.operator),
  HELP_DESK_KEYS: JSON.stringify([{ connection: 'test', sha256: sha256(keys.desk) }, { connection: 'other', sha256: sha256(keys.otherDesk) }]),
  SUPPORT_KEY_SECRET: 'test-support-key-secret-0123456789',
}
