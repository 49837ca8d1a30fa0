// The state folder: the saved world, one lock so that two labs never share it, a place for logs. The world is written whole
// beside the old one and renamed, soon after each change: a kill loses at most the last moment, never the file.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Clock } from './clock.ts'
import { UsageError } from './options.ts'
import { takeLock } from './wordpress/lock.ts'
import { World } from './world.ts'

const saveAfterMs = 50

export interface State {
  /** Absolute. */
  readonly dir: string
  readonly world: World
  /** False when the folder was empty before. */
  readonly old: boolean
  /** Writes the world now, if it has changed. */
  save(): void
  /** Saves for the last time and gives the folder back. */
  close(): void
}

/**
 * Takes the folder and wakes the world in it; simulators register with it before `world.start()`. Throws UsageError when the
 * folder is still in use after `waitMs`: a lab that is just stopping is waited for.
 */
export async function openState(dir: string, clock: Clock, seed: number, waitMs = 3_000): Promise<State> {
  const folder = resolve(dir)
  try {
    mkdirSync(join(folder, 'logs'), { recursive: true })
  } catch (error) {
    throw new UsageError(`--state ${dir} cannot be used: ${error instanceof Error ? error.message : String(error)}`)
  }
  const release = await takeLock(join(folder, 'lab.lock'), waitMs)
  if (!release) throw new UsageError(`another lab is running in ${folder}; stop it, or choose another folder with --state`)
  const file = join(folder, 'world.json')
  const saved = existsSync(file) ? readFileSync(file, 'utf8') : undefined
  let timer: NodeJS.Timeout | undefined
  const onChange = (): void => {
    timer ??= setTimeout(save, saveAfterMs)
  }
  const world = awake()

  function awake(): World {
    try {
      return new World(clock, { seed, saved, onChange })
    } catch {
      release!()
      throw new UsageError(`${file} cannot be read; \`npm run lab:reset\` empties the folder`)
    }
  }

  function save(): void {
    clearTimeout(timer)
    timer = undefined
    writeFileSync(`${file}.part`, world.save())
    renameSync(`${file}.part`, file)
  }

  return {
    dir: folder,
    world,
    old: saved !== undefined,
    save: () => {
      if (timer) save()
    },
    close: () => {
      world.stop()
      save()
      release()
    },
  }
}
