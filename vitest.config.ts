/** Three projects, by what their tests need: nothing, a gateway in the test's process, or other processes. */
import { defineConfig } from 'vitest/config'

/**
 * @param timeoutMs of a test and of a poll: only a failure waits for so long, on a busy machine
 * @param globalSetup files that run before the first test of the project
 */
function project(name: string, timeoutMs: number, isIsolated: boolean, globalSetup: string[] = []) {
  return {
    extends: true as const,
    test: {
      name,
      include: [`test/${name}/**/*.test.ts`],
      globalSetup,
      isolate: isIsolated,
      testTimeout: timeoutMs,
      hookTimeout: timeoutMs,
      expect: { poll: { timeout: timeoutMs / 2 } },
    },
  }
}

const startsGateways = ['test/support/build-gateway.ts']

export default defineConfig({
  resolve: {
    // Node gives Yoga and us one graphql-js; Vite would give our sources its ES module twin, whose
    // errors are no instances of Yoga's.
    alias: [{ find: /^graphql$/, replacement: `${import.meta.dirname}/node_modules/graphql/index.js` }],
  },
  test: {
    // Most of these tests wait for servers and clocks: two cores carry four of them.
    maxWorkers: 4,
    projects: [
      project('unit', 60_000, false),
      project('gateway', 120_000, false, startsGateways),
      project('system', 180_000, true, startsGateways),
    ],
  },
})
