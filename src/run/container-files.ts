/**
 * What a container finds in its root that its image did not bring: mount points for what every container has, in the
 * init layer, and its own /etc/hostname, /etc/hosts and /etc/resolv.conf, files of its directory that are bound there.
 */
import { closeSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { nameFromText } from '../base/name.ts';
import { fdPath, InRoot } from '../os/in-root.ts';
import type { Container } from './container.ts';
import { containerPath, type Engine } from './engine.ts';
import type { SpecMount } from './runtime-spec.ts';

/** As in Docker's init layer (moby: daemon/initlayer/setup_unix.go). */
const initDirectories = ['/dev/pts', '/dev/shm', '/proc', '/sys', '/etc'];
const initFiles = ['/.dockerenv', '/etc/resolv.conf', '/etc/hosts', '/etc/hostname', '/dev/console'];

/** Fills an init layer whose tree is at `path`: what is there already stays. */
export function fillInitLayer(path: string): void {
  const root = new InRoot(path);
  try {
    for (const directory of initDirectories) closeSync(root.makeDirectory(nameFromText(directory)).directory);
    for (const file of initFiles) root.makeFile(nameFromText(file));
    const { directory } = root.makeDirectory(nameFromText('/etc'));
    try {
      symlinkSync('/proc/mounts', `${fdPath(directory)}/mtab`);
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
    } finally {
      closeSync(directory);
    }
  } finally {
    root.close();
  }
}

const names = ['hostname', 'hosts', 'resolv.conf'] as const;

/**
 * Writes the files that are bound to /etc, anew for each start: the machine's name servers change. Read-only for the container
 * where its root is, as in Docker (moby: NetworkMounts in container/container_unix.go).
 */
export function writeOwnFiles(engine: Engine, container: Container): SpecMount[] {
  const contents: Record<(typeof names)[number], string> = {
    hostname: `${container.hostname}\n`,
    hosts: hostsFile(container),
    'resolv.conf': container.network === 'host' ? textOf('/etc/resolv.conf') : '',
  };
  return names.map((name) => {
    const source = containerPath(engine, container.id, name);
    writeFileSync(source, contents[name], { mode: 0o644 });
    const access = container.readOnlyRoot ? ['ro'] : [];
    return { destination: `/etc/${name}`, type: 'bind', source, options: ['rbind', 'rprivate', ...access] };
  });
}

function hostsFile({ network, hostname }: Container): string {
  if (network === 'host') return textOf('/etc/hosts');
  const lines = [
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    `127.0.0.1\t${hostname}`,
  ];
  return `${lines.join('\n')}\n`;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
