// A lab that was killed outright (kill -9) leaves its workerd behind, still holding the databases. The next start ends it:
// only a process named workerd that has files of exactly this folder open. Linux only; elsewhere it finds none.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

/** Ends such processes and waits until they are gone; answers how many there were. To be called with the folder's lock held. */
export async function endOrphans(folder: string): Promise<number> {
  const pids = holders(folder)
  for (const pid of pids) process.kill(pid, 'SIGKILL')
  for (let i = 0; i < 50 && holders(folder).length > 0; i++) await pause(100)
  return pids.length
}

function holders(folder: string): number[] {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    try {
      if (readFileSync(`/proc/${pid}/comm`, 'utf8').trim() !== 'workerd') return false
      return readdirSync(`/proc/${pid}/fd`).some((fd) => readlink(`/proc/${pid}/fd/${fd}`).startsWith(`${folder}/`))
    } catch {
      return false // gone, or not ours to look at
    }
  })
}

function readlink(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
