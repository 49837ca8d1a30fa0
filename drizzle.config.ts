// How `npm run db:generate` turns src/db/schema.ts and src/db/views.ts into the next file of migrations/.
import { defineConfig } from 'drizzle-kit'

export default defineConfig({ dialect: 'sqlite', schema: ['./src/db/schema.ts', './src/db/views.ts'], out: './migrations' })
