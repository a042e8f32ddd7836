/** `/livez` and `/readyz`: what an orchestrator asks. */

/** What the process knows of itself. */
export interface Health {
  /** Where contacts go: the real Callbell or the sandbox. */
  readonly upstream: 'callbell' | 'sandbox'
  /** Set once the process has been told to end. */
  isDraining: boolean
}

/** 200 while the process can answer at all. */
export function answerLiveness(): Response {
  return Response.json({ live: true })
}

/** 200 while new requests are welcome; 503 with the reasons while they are not. */
export function answerReadiness({ upstream, isDraining }: Health): Response {
  const reasons = isDraining ? ['draining: the process is about to end'] : []
  const ready = reasons.length === 0
  return Response.json({ ready, upstream, reasons }, { status: ready ? 200 : 503 })
}
