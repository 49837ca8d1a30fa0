// What people may type after `npm start --`.
import { expect, test } from 'vitest'
import { startOptions, UsageError } from '../../lab/options.ts'

const wrong = (...argv: string[]): string => {
  try {
    startOptions(argv)
  } catch (error) {
    if (error instanceof UsageError) return error.message
    throw error
  }
  return 'accepted'
}

test('needs no flag at all', () => {
  expect(startOptions([])).toEqual({
    port: 8787, speed: 8, pool: 0, chaos: false, seed: undefined, record: undefined, pve: undefined, stateDir: '.berth', wordpress: true, open: false,
  })
})

test('takes every flag', () => {
  const argv = ['--port', '9000', '--speed', '2.5', '--chaos', '--seed', '7', '--record', 'a.jsonl', '--pve', '8', '--pool', '3', '--state', 'x', '--no-wordpress', '--open']
  expect(startOptions(argv)).toEqual({
    port: 9000, speed: 2.5, chaos: true, seed: 7, record: 'a.jsonl', pve: 8, pool: 3, stateDir: 'x', wordpress: false, open: true,
  })
})

test('asks for help before anything else', () => {
  expect(startOptions(['--port', 'nonsense', '--help'])).toBe('help')
})

test('refuses what it does not know, by name', () => {
  expect(wrong('--prot', '9000')).toBe("Unknown option '--prot'. See npm start -- --help")
  expect(wrong('9000')).toContain("Unexpected argument '9000'")
  expect(wrong('--port')).toContain('--port')
})

test.each([
  ['--port', '0'], ['--port', '65536'], ['--port', '80.5'], ['--port', 'http'], ['--speed', '0'], ['--speed', '-1'], ['--speed', 'fast'],
  ['--seed', '1.5'], ['--pve', '7'], ['--state', ''], ['--record', ''],
])('refuses %s %s with a sentence that names the flag', (flag, value) => {
  expect(wrong(`${flag}=${value}`)).toContain(flag)
})
