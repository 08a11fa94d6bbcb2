/**
 * By which proxy a URL is fetched, by the variables that other programs take, too: HTTP_PROXY for http, HTTPS_PROXY for https,
 * and NO_PROXY with the hosts that are asked directly, each also in lower case (Go: golang.org/x/net/http/httpproxy).
 */
import { BlockList, isIP } from 'node:net';
import { findVariable } from '../../base/environment.ts';

/** Those of the build go before those of the environment; undefined where the host is asked directly. */
export function findProxy(url: URL, given: ReadonlyMap<string, string>): URL | undefined {
  const find = (name: string): string => {
    const other = name.toLowerCase();
    return given.get(name) ?? given.get(other) ?? findVariable(name) ?? findVariable(other) ?? '';
  };
  const text = find(url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY');
  if (text === '' || isDirect(url, find('NO_PROXY'))) return undefined;
  const address = text.includes('://') ? text : `http://${text}`;
  return URL.canParse(address) ? new URL(address) : undefined;
}

/** A domain stands for itself and all below, one with a dot in front for those below alone; numbers may be networks. */
function isDirect(url: URL, rules: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  if (host === 'localhost' || /^127\.|^::1$/.test(host)) return true;
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  return rules
    .toLowerCase()
    .split(',')
    .map((rule) => rule.trim())
    .some((rule) => rule === '*' || holdsFor(rule, host, port));
}

function holdsFor(rule: string, host: string, port: string): boolean {
  if (rule.includes('/')) return isInNetwork(rule, host);
  const [, name = '', only] = /^\[?(.+?)\]?(?::(\d+))?$/.exec(isIP(rule) === 6 ? `[${rule}]` : rule) ?? [];
  if (name === '' || (only !== undefined && only !== port)) return false;
  const domain = name.replace(/^\*?\./, '.');
  return domain.startsWith('.') ? host.endsWith(domain) : host === domain || host.endsWith(`.${domain}`);
}

function isInNetwork(rule: string, host: string): boolean {
  const [network = '', bits = ''] = rule.split('/');
  const [kind, own] = [isIP(network), isIP(host)];
  if (kind === 0 || kind !== own || !/^\d+$/.test(bits) || Number(bits) > (kind === 6 ? 128 : 32))
    return false;
  const family = kind === 6 ? 'ipv6' : 'ipv4';
  const list = new BlockList();
  list.addSubnet(network, Number(bits), family);
  return list.check(host, family);
}
