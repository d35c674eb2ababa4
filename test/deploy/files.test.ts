// The files under deploy/ that bring the server up, as far as a machine without Docker or Kubernetes can tell.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { parse, parseAllDocuments } from 'yaml'

const root = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const settings = read('docs/settings.md')

/** A setting that the documentation does not know has no effect. */
function assertKnown(names: readonly string[]): void {
  assert.ok(names.length > 0)
  for (const name of names) assert.ok(settings.includes(`\`${name.replace(/_FILE$/, '')}\``), name)
}

interface Service {
  readonly environment?: Record<string, string>
  readonly command?: readonly string[]
  readonly read_only?: boolean
  readonly secrets?: readonly string[]
  readonly depends_on?: Record<string, { readonly condition: string }>
}

describe('the compose file', () => {
  const { services, secrets } = parse(read('deploy/docker/compose.yaml'), { merge: true }) as {
    readonly services: Record<string, Service>
    readonly secrets: Record<string, { readonly file: string }>
  }

  test('migrates before it starts, and starts on a read-only file system', () => {
    const { migrate, server } = services
    assert.deepEqual(migrate?.command, ['migrate'])
    assert.equal(server?.depends_on?.migrate?.condition, 'service_completed_successfully')
    for (const service of [migrate, server]) assert.equal(service?.read_only, true)
  })

  test('sets only what the server knows, and no secret in the open', () => {
    const { environment = {} } = services.server ?? {}
    assertKnown(Object.keys(environment))
    for (const secret of services.server?.secrets ?? []) assert.ok(secrets[secret] !== undefined, secret)
    for (const name of ['COUNTERSIGN_MASTER_KEY', 'COUNTERSIGN_DATABASE_URL'])
      assert.equal(environment[name], undefined, `${name} is a secret: use ${name}_FILE`)
  })

  test('says how the files of the secrets become readable for the user that the server runs as, and for no other', () => {
    const [, ...commands] =
      /^# .*Make the secrets first.*\n((?:# {3}.*\n)+)/m.exec(read('deploy/docker/compose.yaml')) ?? []
    const lines = commands.join().split('\n')
    assert.ok(lines[0]?.includes('umask 077'))
    const [, given = ''] = /chown 1000 (.+)$/m.exec(lines.join('\n')) ?? []
    assert.deepEqual(given.split(' ').sort(), [...(services.server?.secrets ?? [])].sort())
  })

  test('has a Redis that does not evict', () => {
    const { command = [] } = services.redis ?? {}
    assert.equal(command[command.indexOf('--maxmemory-policy') + 1], 'noeviction')
  })
})

interface Resource {
  readonly kind: string
  readonly data?: Record<string, string>
  readonly spec?: {
    readonly replicas?: number
    readonly template?: Pod
    readonly ports?: readonly { readonly name: string }[]
  }
}

interface Pod {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> }
  readonly spec: PodSpec
}

interface PodSpec {
  readonly terminationGracePeriodSeconds?: number
  readonly securityContext: { readonly runAsNonRoot: boolean; readonly runAsUser: number; readonly fsGroup?: number }
  /** @default true: each pod then has variables of every service of its namespace, COUNTERSIGN_PORT among them. */
  readonly enableServiceLinks?: boolean
  readonly volumes: readonly { readonly secret?: { readonly defaultMode: number } }[]
  readonly containers: readonly Container[]
}

interface Container {
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[]
  readonly lifecycle?: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } }
  readonly args: readonly string[]
  readonly securityContext: { readonly readOnlyRootFilesystem: boolean; readonly allowPrivilegeEscalation: boolean }
  readonly readinessProbe?: { readonly httpGet: { readonly path: string } }
  readonly livenessProbe?: { readonly httpGet: { readonly path: string } }
}

describe('the Kubernetes manifests', () => {
  const resources = parseAllDocuments(read('deploy/kubernetes/countersign.yaml'), { version: '1.1' }).map(
    (one) => one.toJS() as Resource,
  )
  const find = (kind: string) => resources.find((one) => one.kind === kind)

  test('run several servers and a migration, none of them as root or with a file system to write to', () => {
    assert.ok((find('Deployment')?.spec?.replicas ?? 0) > 1)
    for (const kind of ['Deployment', 'Job']) {
      const { securityContext, containers = [] } = find(kind)?.spec?.template?.spec ?? {}
      assert.equal(securityContext?.runAsNonRoot, true)
      for (const { securityContext: own } of containers)
        assert.deepEqual([own.readOnlyRootFilesystem, own.allowPrivilegeEscalation], [true, false])
    }
    assert.deepEqual(find('Job')?.spec?.template?.spec.containers[0]?.args, ['migrate'])
  })

  test('let every pod read its secrets, which are of root, and nobody else', () => {
    const pods = resources.flatMap(({ spec }) => spec?.template?.spec ?? [])
    const reading = pods.filter(({ volumes }) => volumes.some(({ secret }) => secret !== undefined))
    assert.equal(reading.length, 2)
    for (const { securityContext, volumes } of reading) {
      assert.ok((securityContext.fsGroup ?? 0) > 0, 'the group to which the files are given')
      for (const { secret } of volumes) assert.equal(secret?.defaultMode, 0o440)
    }
  })

  test('ask the process whether it lives, and whether it may be sent requests', () => {
    const [server] = find('Deployment')?.spec?.template?.spec.containers ?? []
    assert.equal(server?.livenessProbe?.httpGet.path, '/healthz', 'a database that is away is no reason to restart')
    assert.equal(server?.readinessProbe?.httpGet.path, '/readyz')
  })

  test('let Prometheus ask each pod, and nobody ask for metrics through the service', () => {
    const port = find('ConfigMap')?.data?.COUNTERSIGN_METRICS_PORT
    const { metadata, spec } = find('Deployment')?.spec?.template ?? {}
    assert.equal(metadata?.annotations?.['prometheus.io/port'], port)
    const named = spec?.containers[0]?.ports?.find(({ name }) => name === 'metrics')
    assert.equal(String(named?.containerPort), port)
    assert.deepEqual(
      find('Service')?.spec?.ports?.map(({ name }) => name),
      ['http'],
    )
  })

  test('give a pod the time that it needs to stop: the wait before SIGTERM, 5 s for requests in flight, and a second', () => {
    const { terminationGracePeriodSeconds = 0, containers = [] } = find('Deployment')?.spec?.template?.spec ?? {}
    const [, seconds] = containers[0]?.lifecycle?.preStop.exec.command ?? []
    assert.ok(Number(seconds) >= 5 && terminationGracePeriodSeconds > Number(seconds) + 6)
  })

  test('set only what the server knows, and let Kubernetes add nothing of that name', () => {
    assertKnown(Object.keys(find('ConfigMap')?.data ?? {}))
    for (const kind of ['Deployment', 'Job'])
      assert.equal(find(kind)?.spec?.template?.spec.enableServiceLinks, false, kind)
  })
})

describe('the Dockerfile', () => {
  const lines = read('deploy/docker/Dockerfile').split('\n')

  test('ends as a user that is not root, with a health check', () => {
    const stage = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')))
    assert.ok(stage.includes('USER node'))
    assert.ok(stage.some((line) => line.startsWith('HEALTHCHECK ') && line.includes('"countersign", "healthcheck"')))
  })

  test('runs the Node that the packages ask for, and the command where the build puts it', () => {
    const { engines, bin } = JSON.parse(read('packages/cli/package.json'))
    assert.equal(engines.node, '>=24')
    for (const line of lines.filter((one) => one.startsWith('FROM '))) assert.match(line, /^FROM node:24-/)
    assert.ok(lines.join('\n').includes(join('/countersign/packages/cli', bin.countersign)))
    assert.ok(existsSync(join(root, '.dockerignore')))
  })
})
