// Two projects: `pure` runs in plain Node (simulation, clients, gateway, lab), `workers` in workerd with the real objects, queue and D1.
import path from 'node:path'
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'

export default defineConfig(async () => ({
  test: {
    // An alarm that comes due while its file ends may be loading a module: the tool's own race, nobody's failure.
    onUnhandledError: (error: { name?: string }) => error.name !== 'EnvironmentTeardownError',
    // Left to itself vitest leaves one of two cores idle; a third takes over while another waits in real time.
    maxWorkers: 3,
    projects: [
      // What a file changes for its laws it puts back: modules are loaded once.
      { test: { name: 'pure', isolate: false, include: ['test/*.test.ts', 'test/{domain,functions,doctor,engine,broker,tenant,customer,simulation,upstreams,gateway,lab,journeys,operator}/**/*.test.ts'], testTimeout: 300_000 } },
      {
        plugins: [
          cloudflareTest({
            main: './src/index.ts',
            wrangler: { configPath: './wrangler.toml' },
            miniflare: {
              bindings: (await import('./test/workers/secrets.ts')).secrets,
              outboundService: (await import('./test/workers/data-centre.ts')).outbound,
            },
          }),
        ],
        test: {
          name: 'workers',
          // The Worker is loaded once, not for each file; what a file finds is made anew all the same (test/workers/afresh.ts).
          isolate: false,
          // Modules are loaded one by one, with a question for each: packages come in one piece.
          deps: { optimizer: { ssr: { enabled: true, include: ['zod', 'hono', 'tldts', 'drizzle-orm', 'drizzle-orm/d1', 'drizzle-orm/sqlite-core'] } } },
          // A busy machine is nobody's failure.
          testTimeout: 60_000,
          expect: { poll: { timeout: 20_000 } },
          provide: { d1Migrations: await readD1Migrations(path.join(import.meta.dirname, 'migrations')) },
          include: ['test/workers/**/*.test.ts'],
          setupFiles: ['./test/workers/afresh.ts'],
        },
      },
    ],
  },
}))
