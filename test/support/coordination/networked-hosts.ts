/**
 * Hosts with networks of their own: namespaces of this machine, each with its name, its start of the machine (boot id),
 * its processes and a cable to the server, which is a host too and runs git's own daemon.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { until } from '../clock.ts'
import { finished, start } from '../processes.ts'
import { cleanEnv, FIRST, PROGRAM } from '../program.ts'
import type { Result } from '../result.ts'
import { words } from '../run.ts'
import type { Clone } from './clones.ts'

const OWN = ['--net', '--uts', '--mount', '--pid', '--fork', '--mount-proc', '--kill-child']
const PORT = 9418

/** Whether this machine lets us make namespaces, and cables between them. */
export function haveNetworks(): boolean {
  const cable =
    'ip link add va type veth peer name vb && nsenter --version && test -x "$(git --exec-path)/git-daemon"'
  return spawnSync('unshare', [...OWN, 'sh', '-c', cable]).status === 0 && existsSync('/proc/self/ns/net')
}

interface Host {
  /** Runs the built command there, as the clone's session. */
  wrk(clone: Clone, words: string): Promise<Result>
  /** Pulls the cable to the server, and puts it back. */
  cut(): void
  restore(): void
}

interface Network {
  /** Where a bare repository is found from every host. */
  url(bare: string): string
  host(name: string): Promise<Host>
}

/** @param root the folder with the bare repositories @param folder for files of the hosts */
export async function network(root: string, folder: string): Promise<Network> {
  const server = await begin('server', '0', folder)
  inside(server, 'ip link set lo up')
  const daemon = [
    'git',
    'daemon',
    '--reuseaddr',
    '--export-all',
    '--enable=receive-pack',
    `--base-path=${root}`,
  ]
  const env = { ...cleanEnv(folder), GIT_CONFIG_NOSYSTEM: '1' }
  start('nsenter', ['--target', `${server}`, '--net', '--', ...daemon, `--port=${PORT}`], { cwd: root, env })
  await until('git daemon answers', () => inside(server, 'ss -ltn').includes(`:${PORT}`))
  let hosts = 0
  return {
    // Each host knows the server by this address.
    url: bare => `git://10.77.0.1/${basename(bare)}`,
    async host(name) {
      const number = ++hosts
      const pid = await begin(name, `${number}`, folder)
      inside(server, `ip link add to${number} type veth peer name eth0 netns ${pid}`)
      inside(server, `ip addr add 10.77.0.1 peer 10.77.0.${number + 1} dev to${number}`)
      inside(server, `ip link set to${number} up`)
      const up = `ip link set eth0 up && ip route replace 10.77.0.1 dev eth0 src 10.77.0.${number + 1}`
      inside(pid, 'ip link set lo up')
      inside(pid, `ip addr add 10.77.0.${number + 1} peer 10.77.0.1 dev eth0`)
      inside(pid, up)
      return {
        wrk: (clone, line) => {
          const all = ['--target', `${pid}`, '--net', '--uts', '--mount', '--pid', '--']
          const there = ['sh', '-c', 'cd "$1" && shift && exec "$@"', 'sh', clone.top]
          const args = [...all, ...there, PROGRAM, ...FIRST, ...words(line)]
          const own = cleanEnv(clone.home, { WRK_SESSION_ID: clone.name, GIT_CONFIG_NOSYSTEM: '1' })
          return finished(start('nsenter', args, { cwd: clone.top, env: own }))
        },
        cut: () => void inside(pid, 'ip link set eth0 down'),
        restore: () => void inside(pid, up),
      }
    },
  }
}

/** A process that keeps the namespaces of a host. @returns its id */
async function begin(name: string, digit: string, folder: string): Promise<number> {
  const boot = join(folder, `boot-${name}`)
  const ready = join(folder, `ready-${name}`)
  writeFileSync(boot, `${digit.repeat(8)}-0000-4000-8000-000000000000\n`)
  const script =
    'hostname "$1" && mount --bind "$2" /proc/sys/kernel/random/boot_id && touch "$3" && exec sleep 100000'
  const keeper = start('unshare', [...OWN, 'sh', '-c', script, 'sh', name, boot, ready], {
    cwd: folder,
    env: cleanEnv(folder),
  })
  await until(`${name} is there`, () => existsSync(ready))
  const children = readFileSync(`/proc/${keeper.pid}/task/${keeper.pid}/children`, 'utf8')
  return Number(children.trim().split(' ')[0])
}

/** Runs a line in the network of a host. */
function inside(pid: number, line: string): string {
  const ended = spawnSync('nsenter', ['--target', `${pid}`, '--net', '--', 'sh', '-c', line], {
    encoding: 'utf8',
  })
  if (ended.status !== 0) throw new Error(`${line}: ${ended.stderr}`)
  return ended.stdout
}
