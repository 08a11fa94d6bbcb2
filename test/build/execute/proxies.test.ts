import t from 'tap';
import { findProxy } from '../../../src/build/execute/proxies.ts';

/** NO_PROXY, addresses that are asked directly, addresses that are not (Go: httpproxy, "Config.NoProxy"). */
const table: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['', ['localhost', '127.0.0.1', '[::1]'], ['a.org', '10.0.0.1']],
  ['a.org', ['a.org', 'b.a.org', 'A.ORG'], ['ba.org', 'a.org.uk']],
  [' b.org , .a.org', ['b.org', 'b.a.org'], ['a.org']],
  ['*.a.org', ['b.a.org'], ['a.org']],
  ['*', ['a.org', '10.0.0.1'], []],
  ['a.org:81', ['a.org:81'], ['a.org', 'a.org:82']],
  ['a.org:80', ['a.org'], []],
  ['10.0.0.0/8,2001:db8::/32', ['10.1.2.3', '[2001:db8::1]'], ['11.0.0.1', '[2001:db9::1]', 'a.org']],
  ['10.0.0.1,2001:db8::1', ['10.0.0.1', '[2001:db8::1]'], ['10.0.0.2']],
];

t.test('hosts that are asked directly', async (t) => {
  for (const [rules, direct, rest] of table) {
    const given = new Map([
      ['HTTP_PROXY', 'http://p:1'],
      ['NO_PROXY', rules],
    ]);
    const proxyOf = (host: string) => findProxy(new URL(`http://${host}/x`), given)?.host;
    for (const host of direct) t.equal(proxyOf(host), undefined, `${rules}: ${host}`);
    for (const host of rest) t.equal(proxyOf(host), 'p:1', `${rules}: ${host}`);
  }
});

t.test('which variable counts', async (t) => {
  const { env } = process;
  t.teardown(() => {
    process.env = env;
  });
  process.env = { https_proxy: 'http://own:1', HTTP_PROXY: 'plain:2', no_proxy: '' };
  const of = (url: string, ...given: [string, string][]) => findProxy(new URL(url), new Map(given))?.href;
  t.equal(of('https://a.org'), 'http://own:1/');
  t.equal(of('http://a.org'), 'http://plain:2/');
  t.equal(of('https://a.org', ['HTTPS_PROXY', 'http://given:3']), 'http://given:3/');
  t.equal(of('https://a.org', ['https_proxy', '']), undefined);
  t.equal(of('https://a.org', ['no_proxy', 'a.org']), undefined);
});
