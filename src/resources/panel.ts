// What every row in ISPConfig has in common: one pool (its writes go one at a time, or a zone's serial would stand for two of
// them), looked at before the first call because a person may have made it in the panel, and a call's share of time.
export const inPanel = {
  given: true,
  system: 'ispconfig',
  pools: () => ['ispconfig'],
  callTimeoutMs: 15_000,
  busyMs: 300_000,
  pollMs: 1_000,
} as const

/** A password that nobody knows and that is kept nowhere, with one of each kind of sign that the panel wants. */
export const unknownPassword = (): string => `Aa1-${crypto.randomUUID()}`
