/** Whether an Accept-Encoding header accepts gzip, by name or as `*` (RFC 9110, section 12.5.3). */
export function acceptsGzip(header = ''): boolean {
  const codings = new Map(
    header.split(',').map((part) => {
      const [name = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
      const quality = parameters.find((text) => text.startsWith('q='))?.slice(2) ?? '1';
      return [name, Number(quality) > 0];
    }),
  );
  return codings.get('gzip') ?? codings.get('x-gzip') ?? codings.get('*') ?? false;
}
