// When we try again, when we give up, how long a lost request may still land. All numbers of the engine, nowhere else.

export interface Policy {
  /** Attempts towards presence before a new order is taken back. */
  readonly makeFailsMax: number
  /** Undoing is more stubborn than doing. */
  readonly unmakeFailsMax: number
  readonly backoffFirstMs: number
  readonly backoffMaxMs: number
  /** Longest pause between two looks at a system that does not answer. */
  readonly blindMaxMs: number
  /**
   * The flight bound: after this time a request of unknown fate can no longer land. The gateway refuses what is past its
   * deadline (at most 20 s after the intent) and gives up then; 30 s are left for what an upstream does late, 10 s for clocks.
   */
  readonly flightMs: number
  /** How long work of others that may take hours, such as a backup of the whole container, is waited for, and the longest pause between two looks at it. */
  readonly longBusyMs: number
  readonly longPollMs: number
  /** One long poll for the end of a task. */
  readonly watchMs: number
  /** Crashes or bugs in a row on one step before it is set aside as poison. */
  readonly poisonMax: number
  /** One run of the alarm drives at most this long. The safety alarm may come due meanwhile: it then follows the run, or wakes us after a crash. */
  readonly runMs: number
  readonly safetyAlarmMs: number
}

export const policy: Policy = {
  makeFailsMax: 8,
  unmakeFailsMax: 40,
  backoffFirstMs: 200,
  backoffMaxMs: 10_000,
  blindMaxMs: 30_000,
  flightMs: 60_000,
  longBusyMs: 21_600_000,
  longPollMs: 60_000,
  watchMs: 20_000,
  poisonMax: 5,
  runMs: 60_000,
  safetyAlarmMs: 10_000,
}

/** Pause before the next look at something that has been busy for `waitedMs`. */
export const pollPauseMs = ({ pollMs, pollMaxMs = pollMs }: { pollMs: number; pollMaxMs?: number }, waitedMs: number): number =>
  Math.min(Math.max(pollMs, waitedMs / 10), pollMaxMs)

/** How a busy thing is waited for. */
export const patienceOf = ({ busyMs, pollMs, pollMaxMs = pollMs }: { busyMs: number; pollMs: number; pollMaxMs?: number }, long = false): { busyMs: number; pollMs: number; pollMaxMs: number } =>
  long ? { busyMs: Math.max(busyMs, policy.longBusyMs), pollMs, pollMaxMs: policy.longPollMs } : { busyMs, pollMs, pollMaxMs }

/** Pause before try number `tries` + 1: doubling, capped, with full jitter (never 0, so that nothing becomes a hot loop). */
export function backoffMs(tries: number, maxMs: number, random: () => number): number {
  const ceiling = Math.min(maxMs, policy.backoffFirstMs * 2 ** Math.min(tries, 20))
  return Math.ceil(ceiling * (0.1 + 0.9 * random()))
}

/**
 * What the words of a failed task say of the cluster and not of the step: others held Proxmox's storage lock for too long, which is a
 * queue; or a node is away without which LINSTOR makes no second replica and no snapshot. Neither costs an attempt.
 */
export const clusterSays = (exit: string): 'congested' | 'away' | undefined =>
  /got lock request timeout/.test(exit) ? 'congested' : /No active connection to satellite|Not enough available nodes/.test(exit) ? 'away' : undefined

/** Pause before the next try while a node has been away for `waitedMs`: each leaves a failed task in Proxmox's list. */
export const awayPauseMs = (waitedMs: number): number => Math.min(300_000, Math.max(10_000, waitedMs / 10))
