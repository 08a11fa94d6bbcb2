/**
 * What `strata inspect` says of the network of a container, in the form of `docker inspect`: it is the host's or none, so there is
 * neither an address nor a port to tell, but templates that ask for them find the fields.
 */
import type { Container } from './container.ts';

const addresses = {
  EndpointID: '',
  Gateway: '',
  GlobalIPv6Address: '',
  GlobalIPv6PrefixLen: 0,
  IPAddress: '',
  IPPrefixLen: 0,
  IPv6Gateway: '',
  MacAddress: '',
};

/** `NetworkSettings`. */
export function describeNetwork({ network }: Pick<Container, 'network'>): object {
  return {
    Bridge: '',
    SandboxID: '',
    SandboxKey: '',
    Ports: {},
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    ...addresses,
    Networks: {
      [network]: {
        IPAMConfig: null,
        Links: null,
        Aliases: null,
        DriverOpts: null,
        NetworkID: '',
        ...addresses,
        DNSNames: null,
      },
    },
  };
}
