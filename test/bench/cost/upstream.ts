/**
 * A Callbell that does nothing but answer: nginx, which takes next to nothing of the machine, or Node
 * where there is no nginx.
 */
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { listen } from '../../../src/listen.ts'
import type { Child } from './child.ts'
import { startChild } from './child.ts'
import { ask } from './load.ts'
import { isOnPath, pinned } from './machine.ts'
import { wireAnswer, wireRequest } from './operations.ts'
import { requestFor } from './servers.ts'

export interface Upstream {
  /** What it is, for the report. */
  readonly name: string
  /** Below which `/contacts` is. */
  readonly url: string
  end(): Promise<void>
}

const startMs = 10_000

export async function freePort(): Promise<number> {
  const server = createServer()
  const { port } = await listen(server, 0, '127.0.0.1')
  server.close()
  await once(server, 'close')
  return port
}

/** Nginx reads `\\`, `'` and `$` in a string as its own syntax; the last two the contact's JSON lacks. */
const quoted = `'${wireAnswer.replaceAll('\\', String.raw`\\`)}'`

const nginxConfiguration = (folder: string, port: number): string => `
daemon off;
worker_processes 1;
pid ${folder}/pid;
error_log stderr error;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  default_type application/json;
  server {
    listen 127.0.0.1:${port} backlog=1024;
    location / { return 201 ${quoted}; }
  }
}
`

async function startNginx(folder: string, port: number): Promise<Child | undefined> {
  if (!isOnPath('nginx')) return undefined
  const file = join(folder, 'nginx.conf')
  writeFileSync(file, nginxConfiguration(folder, port))
  const options = ['-e', 'stderr', '-c', file]
  // One that was built in another way may not understand it.
  if (spawnSync('nginx', ['-t', ...options]).status !== 0) return undefined
  return startChild(pinned('others', ['nginx', ...options]))
}

function startNode(port: number): Promise<Child> {
  const script = join(import.meta.dirname, 'node-upstream.ts')
  return startChild(pinned('others', [process.execPath, script, String(port)]))
}

/** @throws unless it answers as it should */
async function waitForAnswer(url: URL, child: Child): Promise<void> {
  const request = requestFor(url, wireRequest)
  for (const start = performance.now(); performance.now() - start < startMs; await delay(20)) {
    const answer = await ask({ host: url.hostname, port: Number(url.port) }, request).catch(() => undefined)
    if (answer?.status === 201 && answer.body.toString() === wireAnswer) return
    if (child.process.exitCode !== null) break
  }
  throw new Error('the upstream did not start')
}

export async function startUpstream(): Promise<Upstream> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const port = await freePort()
  const nginx = await startNginx(folder, port)
  const child = nginx ?? (await startNode(port))
  const url = `http://127.0.0.1:${port}/v1`
  async function end(): Promise<void> {
    await child.end('SIGTERM')
  }
  try {
    await waitForAnswer(new URL(`${url}/contacts`), child)
  } catch (error) {
    await end()
    throw error
  }
  return { name: nginx ? 'nginx' : 'Node (there is no nginx)', url, end }
}
