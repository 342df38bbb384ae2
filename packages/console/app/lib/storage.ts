/** Reads from the browser's storage: drafts, the theme. Undefined when it is not available, as in some private windows. */
export function readStored(name: string): string | undefined {
  try {
    return localStorage.getItem(`prosaas.${name}`) ?? undefined;
  } catch {
    return undefined;
  }
}

export function store(name: string, value: string | undefined): void {
  try {
    if (value === undefined || value === '') localStorage.removeItem(`prosaas.${name}`);
    else localStorage.setItem(`prosaas.${name}`, value);
  } catch {
    // Not stored: the value lasts until the page is closed.
  }
}
