import { BlockList, isIP } from 'node:net';

export type PublicUrlProblem = 'public_url_not_https' | 'public_url_not_public';

/** Addresses that are not public: RFC 1122, 1918, 3927, 4193 and 4291. */
const local = new BlockList();
for (const [address, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const)
  local.addSubnet(address, bits, 'ipv4');
local.addSubnet('fc00::', 7, 'ipv6');
local.addSubnet('fe80::', 10, 'ipv6');
local.addAddress('::1', 'ipv6');
local.addAddress('::', 'ipv6');

/**
 * Why a PUBLIC_URL cannot work with Twilio, which connects from the internet and opens media streams only by wss. Not checked if
 * TWILIO_API_URL names another provider, which may run anywhere. https://www.twilio.com/docs/voice/twiml/stream#url
 */
export function publicUrlProblem(config: {
  PUBLIC_URL: string;
  TWILIO_API_URL: string;
}): PublicUrlProblem | undefined {
  if (!/(^|\.)twilio\.com$/.test(new URL(config.TWILIO_API_URL).hostname)) return undefined;
  const { protocol, hostname } = new URL(config.PUBLIC_URL);
  if (isLocal(hostname.replace(/^\[|\]$/g, ''))) return 'public_url_not_public';
  return protocol === 'https:' ? undefined : 'public_url_not_https';
}

function isLocal(host: string): boolean {
  const version = isIP(host);
  if (version === 0) return !host.includes('.') || /\.(localhost|local|internal|test)$/.test(host);
  return local.check(host, version === 4 ? 'ipv4' : 'ipv6');
}
