// `npm run test:real`: apart from `npm test`, because it needs Debian's packages, and minutes when nothing is in the cache yet.
import { defineConfig } from 'vitest/config'

export default defineConfig({ test: { include: ['test/real/*.test.ts'], testTimeout: 600_000, hookTimeout: 900_000, fileParallelism: false, bail: 1 } })
