/** `/livez` and `/readyz`: what an orchestrator asks. */

/** One thing that must be well for new requests to be welcome. */
export interface Check {
  readonly name: string
  /** @returns what is wrong, or undefined; it does not reject */
  readonly findProblem: () => string | undefined | Promise<string | undefined>
  /** @returns what is no problem yet: it is reported, and does not count; it does not reject */
  readonly findWarning?: () => Promise<string | undefined>
}

export interface Health {
  /** Where contacts go: the real Callbell or the sandbox. */
  readonly upstream: 'callbell' | 'sandbox'
  readonly checks: readonly Check[]
}

/** 200 while the process can answer at all. */
export function answerLiveness(): Response {
  return Response.json({ live: true })
}

/**
 * 200 while new requests are welcome; 503 while they are not. Either way all reasons and warnings are reported.
 *
 * @param excluded names of checks that do not count, as in `/readyz?exclude=store`: what is wrong
 *   with all replicas at once is no reason to take each of them out of service
 */
export async function answerReadiness(
  { upstream, checks }: Health,
  excluded: readonly string[],
): Promise<Response> {
  const unknown = excluded.filter((name) => !checks.some((check) => check.name === name))
  if (unknown.length > 0) {
    const names = checks.map(({ name }) => name).join(', ')
    // Nothing of what was sent is repeated: it may be anything.
    return Response.json({ error: `exclude must name one of ${names}` }, { status: 400 })
  }
  const findings = await Promise.all(
    checks.map(async ({ name, findProblem, findWarning }) => ({
      name,
      problem: await findProblem(),
      warning: await findWarning?.(),
    })),
  )
  const problems = findings.filter(({ problem }) => problem !== undefined)
  const ready = problems.every(({ name }) => excluded.includes(name))
  const reasons = findings.flatMap(({ name, problem, warning }) =>
    [problem, warning].flatMap((reason) => (reason === undefined ? [] : `${name}: ${reason}`)),
  )
  return Response.json({ ready, upstream, reasons }, { status: ready ? 200 : 503 })
}
