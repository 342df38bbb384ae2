/** Whether an Accept header asks for `application/health+json` by its name; wildcards get the probe's own form. */
export function wantsHealthJson(accept: string | undefined): boolean {
  if (!accept?.includes('application/health+json')) return false;
  return accept.split(',').some((range) => {
    const [type, ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    return (
      type === 'application/health+json' && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))
    );
  });
}
