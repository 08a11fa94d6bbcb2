/**
 * ADD of a URL knew no proxies, refused a URL with a password (and told it), and unpacked what a server calls `x-gzip`, so that
 * the file was another one than that of the published digest.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { download } from '../../src/build/execute/additions.ts';
import { httpGet } from '../../src/build/execute/http-get.ts';

const { signal } = new AbortController();

async function serve(t: Test, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  // A proxy: what it is asked to connect to, wherever that is said to be, is itself.
  server.on('connect', (request, socket) => {
    if (request.headers['proxy-authorization'] === undefined)
      return void socket.end('HTTP/1.1 407 Who are you\r\n\r\n');
    const other = connect((server.address() as { port: number }).port, '127.0.0.1');
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    socket.pipe(other).pipe(socket);
  });
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${String((server.address() as { port: number }).port)}`;
}

async function fetchText(t: Test, url: string, ...proxies: [string, string][]): Promise<string> {
  const options = { checksum: undefined, isDirectory: true, proxies: new Map(proxies), signal };
  const { directory, name } = await download(t.testdir(), url, options);
  return readFileSync(join(directory, name), 'latin1');
}

t.test('a proxy is asked for the whole address', async (t) => {
  const host = await serve(t, ({ url, headers }, response) => {
    response.end(`${String(url)} ${String(headers.host)} ${String(headers['proxy-authorization'])}`);
  });
  const basic = Buffer.from('me:p w').toString('base64');
  t.equal(
    await fetchText(t, 'http://nosuch.invalid/p.txt?q', ['http_proxy', `http://me:p%20w@${host}`]),
    `http://nosuch.invalid/p.txt?q nosuch.invalid Basic ${basic}`,
  );
  await t.rejects(fetchText(t, 'https://nosuch.invalid/p', ['HTTPS_PROXY', `http://${host}`]), {
    code: 'download-failed',
    message: /the proxy 127.* answers 407/,
  });
  const secure = httpGet(new URL('https://nosuch.invalid/p'), {
    proxyOf: () => new URL(`http://a@${host}`),
    signal,
  });
  // What is behind it speaks no TLS.
  await t.rejects(secure, { code: /SSL/ });
});

t.test('passwords go to their host, and are not told', async (t) => {
  const echo: RequestListener = ({ headers }, response) => void response.end(headers.authorization ?? 'none');
  const other = await serve(t, echo);
  const host = await serve(t, (request, response) => {
    const { pathname } = new URL(`http://x${String(request.url)}`);
    if (pathname === '/gone') response.writeHead(404).end();
    else if (pathname === '/here') response.writeHead(302, { location: '/f' }).end();
    else if (pathname === '/there') response.writeHead(307, { location: `http://${other}/f` }).end();
    else if (pathname === '/round') response.writeHead(301, { location: '/round' }).end();
    else echo(request, response);
  });
  const basic = `Basic ${Buffer.from('me:pa').toString('base64')}`;
  for (const [path, expected] of Object.entries({ f: basic, here: basic, there: 'none' }))
    t.equal(await fetchText(t, `http://me:pa@${host}/${path}`), expected, path);
  for (const path of ['gone', 'round'])
    await t.rejects(fetchText(t, `http://me:pa@${host}/${path}`), {
      code: 'download-failed',
      message: /me:xxxxx@/,
    });
  await t.rejects(fetchText(t, 'http://127.0.0.1:1/x'), { message: /ECONNREFUSED/ });
});

t.test('the bytes are those that were published', async (t) => {
  const packed = gzipSync('text');
  const host = await serve(t, ({ url }, response) => {
    response.writeHead(200, { 'content-encoding': String(url).slice(1) }).end(packed);
  });
  t.equal(await fetchText(t, `http://${host}/x-gzip`), packed.toString('latin1'));
  t.equal(await fetchText(t, `http://${host}/gzip`), 'text');
});
