/** `npm run bench:pace`: not a part of `npm test`, since a busy machine delays what it measures. */
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: { include: ['test/bench/pace.test.ts'], maxWorkers: 1, testTimeout: 60_000, hookTimeout: 60_000 },
})
