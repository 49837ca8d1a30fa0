// One owner at a time for a path, across processes. The owner touches its lock file; an owner that is dead or has been
// silent for a minute has lost it. Must never give one path to two living owners: two corrupt a SQLite file in seconds.
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

/** Where the lock of a folder lies: beside it, so that it outlives the folder. */
export const lockOf = (folder: string): string => `${folder}.lock`

/** Longer than a silent owner keeps a lock. */
export const lockWaitMs = 70_000

const touchEveryMs = 5_000
const silentMs = 60_000

/** Waits up to `waitMs` for the lock at `path`; answers what gives it back, or undefined when another owner kept it. */
export async function takeLock(path: string, waitMs: number): Promise<(() => void) | undefined> {
  mkdirSync(dirname(path), { recursive: true })
  const deadline = Date.now() + waitMs
  while (!claimed(path)) {
    if (Date.now() >= deadline) return undefined
    await pause(100)
  }
  const touch = setInterval(() => {
    const now = new Date()
    try {
      utimesSync(path, now, now)
    } catch {
      clearInterval(touch) // the folder is gone, and the lock with it
    }
  }, touchEveryMs)
  touch.unref()
  return () => {
    clearInterval(touch)
    if (existsSync(path) && readFileSync(path, 'utf8') === String(process.pid)) rmSync(path, { force: true })
  }
}

function claimed(path: string): boolean {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  if (ownerGone(path)) evict(path)
  return false
}

/** Only one process at a time may remove a lock that is not its own, and it looks again first: the path may have been claimed anew. */
function evict(path: string): void {
  const turn = `${path}.evict`
  try {
    writeFileSync(turn, '', { flag: 'wx' })
  } catch {
    if (Date.now() - (statSync(turn, { throwIfNoEntry: false })?.mtimeMs ?? Infinity) > silentMs) rmSync(turn, { force: true })
    return
  }
  try {
    if (ownerGone(path)) rmSync(path, { force: true })
  } finally {
    rmSync(turn, { force: true })
  }
}

function ownerGone(path: string): boolean {
  try {
    if (Date.now() - statSync(path).mtimeMs > silentMs) return true
    const pid = Number(readFileSync(path, 'utf8'))
    if (!pid) return false // being written this very moment, or abandoned: then silence decides
    process.kill(pid, 0)
    return false
  } catch (error) {
    return ['ESRCH', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')
  }
}
