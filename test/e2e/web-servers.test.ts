/**
 * A web server on Node that writes logs, and an nginx that only reads: two containers of one image. The layers of the image
 * stay as they are, byte for byte; the logs are in the layer of the one that wrote them.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { needs } from '../fixtures/needs.ts';
import { readTrees } from '../store/fixtures/trees.ts';
import { debianNeeds, fetchText, freePort, makeDebian, within } from './fixtures/debian.ts';

t.setTimeout(1200_000);

const server = `
import { createWriteStream, mkdirSync } from 'node:fs';
import express from 'express';
import morgan from 'morgan';
mkdirSync('/var/log/app', { recursive: true });
const app = express();
app.use(morgan('tiny', { stream: createWriteStream('/var/log/app/access.log', { flags: 'a' }) }));
app.use(express.static('/srv/site'));
app.listen(Number(process.argv[2]), '127.0.0.1');
`;

const nginxConfig = (port: number): string => `
events {}
pid /run/nginx.pid;
error_log stderr;
http { access_log off; server { listen 127.0.0.1:${String(port)}; root /srv/site; } }
`;

const dockerfile = [
  'FROM debian:12',
  'RUN apt-get update && apt-get -y install nodejs nginx-light',
  'COPY app /srv/app',
  'COPY site /srv/site',
].join('\n');

t.test('two servers on one image', needs(...debianNeeds), async (t) => {
  const debian = makeDebian(t);
  const [nodePort, nginxPort] = [await freePort(), await freePort()];
  const context = debian.context('web', {
    Dockerfile: dockerfile,
    'app/server.js': server,
    'app/package.json': JSON.stringify({
      type: 'module',
      dependencies: { express: '4.21.2', morgan: '1.10.0' },
    }),
    'site/index.html': '<h1>shared</h1>\n',
  });
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: join(context, 'app'),
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  debian.build('web');
  const before = readTrees(debian.root).images;
  const config = join(debian.scratch.path, 'nginx.conf');
  writeFileSync(config, nginxConfig(nginxPort));

  debian.get('run', '-d', '--name', 'writer', 'web', 'node', '/srv/app/server.js', String(nodePort));
  debian.get(
    ...['run', '-d', '--name', 'reader', '--read-only', '--tmpfs', '/run', '--tmpfs', '/var/lib/nginx'],
    ...['-v', `${config}:/etc/nginx/nginx.conf:ro`, 'web', 'nginx', '-g', 'daemon off;'],
  );
  for (let index = 0; index < 20; index++) {
    t.equal(await fetchText(nodePort, `/?${String(index)}`), '<h1>shared</h1>\n');
    t.equal(await fetchText(nginxPort), '<h1>shared</h1>\n');
  }

  await within(30_000, () => {
    const log = debian.get('exec', 'writer', 'cat', '/var/log/app/access.log');
    if (log.split('\n').length !== 20) throw new Error(log);
  });
  t.match(debian.get('diff', 'writer').split('\n'), [
    'C /var',
    'C /var/log',
    'A /var/log/app',
    'A /var/log/app/access.log',
  ]);
  t.equal(debian.get('diff', 'reader'), '');
  debian.get('stop', 'writer', 'reader');
  t.match(debian.get('diff', 'writer').split('\n'), [
    'C /var',
    'C /var/log',
    'A /var/log/app',
    'A /var/log/app/access.log',
  ]);
  t.equal(debian.get('diff', 'reader'), '');
  const after = readTrees(debian.root);
  t.strictSame(after.images, before, 'not a byte, mode, owner, time or attribute of the image');
  t.strictSame(after.faults, []);
  debian.get('start', 'writer');
  await fetchText(nodePort);
  const check = debian.run('system', 'check');
  t.equal(check.status, 0, check.stdout);
});
