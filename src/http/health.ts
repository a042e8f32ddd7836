/** `/livez` and `/readyz`, for orchestrators and load balancers. */

/** One condition for accepting new requests. */
export interface HealthCheck {
  readonly name: string
  /** @returns the problem, or undefined. It does not reject */
  readonly findProblem: () => string | undefined | Promise<string | undefined>
  /** @returns a risk that is reported but does not change the status. It does not reject */
  readonly findWarning?: () => Promise<string | undefined>
}

export interface Health {
  /** Where requests go: to Callbell or to the sandbox. */
  readonly upstream: 'callbell' | 'sandbox'
  readonly checks: readonly HealthCheck[]
}

/** @returns 200: the process answers */
export function answerLiveness(): Response {
  return Response.json({ live: true })
}

/**
 * Runs all checks.
 *
 * @param excluded names of checks that do not change the status, as in `/readyz?exclude=store`. A problem of
 *   all replicas at once is no reason to take them all out of service
 * @returns 200 if new requests can be served, else 503, with all problems and warnings; 400 for an unknown
 *   name
 */
export async function answerReadiness(
  { upstream, checks }: Health,
  excluded: readonly string[],
): Promise<Response> {
  const unknown = excluded.filter((name) => !checks.some((check) => check.name === name))
  if (unknown.length > 0) {
    const names = checks.map(({ name }) => name).join(', ')
    // The unknown name is not quoted: it may contain anything.
    return Response.json({ error: `\`exclude\` must be one of ${names}.` }, { status: 400 })
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
