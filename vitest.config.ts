import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: {
    // Node gives Yoga and us one graphql-js; Vite would give our sources its ES module twin, whose
    // errors are no instances of Yoga's.
    alias: [{ find: /^graphql$/, replacement: `${import.meta.dirname}/node_modules/graphql/index.js` }],
  },
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // Most of these tests wait for servers and clocks: two cores carry four of them.
    maxWorkers: 4,
    // On a busy machine things take their time; what is waited for ends the wait.
    expect: { poll: { timeout: 15_000 } },
  },
})
