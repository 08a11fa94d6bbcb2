/**
 * GET of a file: through proxies, with the name and password of the URL, after redirections, with the bytes as they were sent.
 * fetch() knows no proxies, refuses passwords and some ports, and unpacks what it was not asked to.
 */
import { once } from 'node:events';
import { request as requestPlain, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as requestSecure } from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectSecure } from 'node:tls';

/** As many as Go's client follows. */
const mostRedirections = 10;
/** Of a connection on which nothing comes. */
const silenceMs = 300_000;

export interface GetOptions {
  /** undefined to ask the host directly. */
  readonly proxyOf: (url: URL) => URL | undefined;
  readonly signal: AbortSignal;
}

/** The last answer, whatever its status, its body unread. Errors are those of node:http. */
export async function httpGet(url: URL, options: GetOptions): Promise<IncomingMessage> {
  let from = url;
  let authorization = authorizationOf(url);
  for (let count = 0; count <= mostRedirections; count++) {
    const response = await getOnce(from, authorization, options);
    const { location } = response.headers;
    if (![301, 302, 303, 307, 308].includes(response.statusCode ?? 0) || location === undefined)
      return response;
    response.destroy();
    const to = new URL(location, from);
    if (!/^https?:$/.test(to.protocol)) throw new Error(`it leads to ${to.protocol}//`);
    // Who may see the one host's password is not known of another.
    authorization = authorizationOf(to) ?? (to.origin === from.origin ? authorization : undefined);
    from = to;
  }
  throw new Error(`it leads on more than ${String(mostRedirections)} times`);
}

async function getOnce(
  url: URL,
  authorization: string | undefined,
  { proxyOf, signal }: GetOptions,
): Promise<IncomingMessage> {
  const proxy = proxyOf(url);
  const headers = {
    host: url.host,
    'user-agent': 'strata',
    ...(authorization === undefined ? {} : { authorization }),
  };
  const path = `${url.pathname}${url.search}`;
  const own = { ...placeOf(url), path, headers, signal, agent: false } as const;
  if (proxy === undefined)
    return responseOf(url.protocol === 'https:' ? requestSecure(own) : requestPlain(own));
  if (url.protocol === 'https:') {
    const socket = await openTunnel(proxy, url, signal);
    return responseOf(requestPlain({ ...own, agent: undefined, createConnection: () => socket }));
  }
  const whole = `${url.protocol}//${url.host}${path}`;
  return responseOf(
    requestTo(proxy)({
      ...{ ...own, ...placeOf(proxy), ...certifiedName(proxy), path: whole },
      headers: { ...headers, ...proxyHeaders(proxy) },
    }),
  );
}

/** A connection to the host itself, encrypted from here on. */
async function openTunnel(proxy: URL, url: URL, signal: AbortSignal): Promise<Duplex> {
  const { port } = placeOf(url);
  const path = `${url.hostname}:${String(port)}`;
  const asked = requestTo(proxy)({
    ...{ ...placeOf(proxy), ...certifiedName(proxy), method: 'CONNECT', path, signal, agent: false },
    headers: { host: path, ...proxyHeaders(proxy) },
  });
  asked.setTimeout(silenceMs, () => asked.destroy(new Error(`the proxy ${proxy.host} does not answer`)));
  asked.end();
  const [response, socket] = (await once(asked, 'connect')) as [IncomingMessage, Duplex];
  if (response.statusCode !== 200) {
    socket.destroy();
    throw new Error(`the proxy ${proxy.host} answers ${String(response.statusCode)}`);
  }
  const secure = connectSecure({ socket, ...certifiedName(url) });
  await once(secure, 'secureConnect', { signal });
  return secure;
}

async function responseOf(request: ClientRequest): Promise<IncomingMessage> {
  request.setTimeout(silenceMs, () => request.destroy(new Error('nothing comes any more')));
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return response;
}

function requestTo(url: URL): typeof requestPlain {
  return url.protocol === 'https:' ? requestSecure : requestPlain;
}

function placeOf(url: URL): { readonly host: string; readonly port: number } {
  const usual = url.protocol === 'https:' ? 443 : 80;
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? usual : Number(url.port) };
}

/** Whose certificate it has to be: Node would take the host of the headers. */
function certifiedName(url: URL): { readonly host: string; readonly servername?: string } {
  const { host } = placeOf(url);
  return isIP(host) === 0 ? { host, servername: host } : { host };
}

function proxyHeaders(proxy: URL): Record<string, string> {
  const authorization = authorizationOf(proxy);
  return authorization === undefined ? {} : { 'proxy-authorization': authorization };
}

function authorizationOf({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined;
  const text = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(text).toString('base64')}`;
}
